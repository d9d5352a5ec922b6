//! What a workspace or a task stores in a project.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::micrograph::{PhaseMap, label_bytes, read_array};

/// A text (JSON) and files, whose form only their workspace or task knows. Cloning shares the files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    text: serde_json::Value,
    files: BTreeMap<String, Arc<Vec<u8>>>,
}

impl Part {
    /// Whether a part or a file of it can have this name: lower-case letters, digits, `-`, `_` and `.`.
    pub(super) fn is_name(name: &str) -> bool {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.chars().all(fine)
    }

    /// Stores a value as the part's text.
    pub fn put<T: Serialize>(&mut self, value: &T) {
        // Infinity and NaN, which JSON cannot hold, become null.
        self.text = serde_json::to_value(value).unwrap_or_default();
    }

    /// The value of the part's text.
    ///
    /// # Errors
    /// The text is not of this type.
    pub fn get<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_value(self.text.clone()).map_err(|e| format!("its text is damaged ({e})"))
    }

    /// Stores a file.
    pub fn put_file(&mut self, name: &str, bytes: impl Into<Arc<Vec<u8>>>) {
        self.files.insert(name.into(), bytes.into());
    }

    /// A file.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn file(&self, name: &str) -> Result<&Arc<Vec<u8>>, String> {
        self.files.get(name).ok_or_else(|| format!("its file {name} is missing"))
    }

    /// Stores a phase map as `NAME.npy`.
    pub fn put_map(&mut self, name: &str, map: &PhaseMap) {
        self.put_file(&format!("{name}.npy"), label_bytes(map));
    }

    /// A phase map that was stored.
    ///
    /// # Errors
    /// It is missing, or its labels are no phases below `phases`.
    pub fn map(&self, name: &str, phases: usize) -> Result<PhaseMap, String> {
        let bytes = self.file(&format!("{name}.npy"))?;
        let array = read_array(&mut Cursor::new(&***bytes), Path::new(name)).map_err(|e| e.to_string())?;
        PhaseMap::from_values(&array, phases).ok_or_else(|| format!("the labels of {name} are no phases"))
    }

    /// The text, as it is written to the file.
    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(&self.text).unwrap_or_default()
    }

    /// Sets the text from the bytes of the file.
    pub(super) fn set_text(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.text = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        Ok(())
    }

    /// All files by name.
    pub(super) fn files(&self) -> impl Iterator<Item = (&String, &Arc<Vec<u8>>)> {
        self.files.iter()
    }
}
