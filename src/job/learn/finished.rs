//! What a learning has done already, so that one that was ended goes on where it was.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest, Sha256};

use crate::folders::hex;
use crate::learn::{Method, Prediction, Samples};

/// The predictions of parts that are done, by what they depend on, in a file with a line for each part.
pub struct Finished {
    path: Option<PathBuf>,
    known: Mutex<HashMap<String, Vec<Prediction>>>,
    used: AtomicUsize,
}

/// A line of the file.
#[derive(serde::Serialize, serde::Deserialize)]
struct Line {
    key: String,
    predictions: Vec<Prediction>,
}

/// The most bytes of a file that is read: what is larger is another file.
const MOST: u64 = 1 << 28;

impl Finished {
    /// What a file holds; nothing if there is none. Lines that are damaged, such as one that was being written, are left out.
    pub fn open(path: Option<PathBuf>) -> Self {
        let fits = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() < MOST);
        let text = path.as_ref().filter(|path| fits(path)).and_then(|path| std::fs::read_to_string(path).ok());
        let lines = text.iter().flat_map(|text| text.lines()).filter_map(|line| serde_json::from_str(line).ok());
        let known = lines.map(|Line { key, predictions }| (key, predictions)).collect();
        Self { path, known: Mutex::new(known), used: AtomicUsize::new(0) }
    }

    /// How many parts were asked for and known.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// The predictions of a part, if they are known.
    pub fn of(&self, key: &str) -> Option<Vec<Prediction>> {
        let found = self.known.lock().ok()?.get(key).cloned();
        self.used.fetch_add(usize::from(found.is_some()), Ordering::Relaxed);
        found
    }

    /// Adds the predictions of a part. An error is ignored: it only costs the time to predict it again.
    pub fn add(&self, key: String, predictions: &[Prediction]) {
        let Ok(mut known) = self.known.lock() else { return };
        let line = Line { key, predictions: predictions.to_vec() };
        if let (Some(path), Ok(text)) = (&self.path, serde_json::to_string(&line)) {
            if let Some(folder) = path.parent() {
                let _ = std::fs::create_dir_all(folder);
            }
            let file = OpenOptions::new().create(true).append(true).open(path);
            // The line before may have been cut off.
            let _ = file.and_then(|mut file| file.write_all(format!("\n{text}\n").as_bytes()));
        }
        known.insert(line.key, line.predictions);
    }

    /// Removes the file: everything is done.
    pub fn remove(&self) {
        if let Some(path) = &self.path {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A hash of all that predictions depend on but the part: samples and method.
pub fn hash_of(samples: &Samples, method: &Method) -> String {
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    samples.rows.iter().chain(&samples.values).for_each(|v| hash.update(v.to_le_bytes()));
    samples.groups.iter().for_each(|n| hash.update(n.to_le_bytes()));
    hash.update(format!("{:?} {:?}", method.regressor, method.reduction));
    if let Some(plan) = &method.pictures {
        hash.update(format!("{:?} {:?}", plan.architecture, plan.schedule));
        plan.transferred.iter().flat_map(|layer| layer.iter()).for_each(|v| hash.update(v.to_le_bytes()));
    }
    hex(&hash.finalize()[..12])
}

/// What the predictions of a part depend on; `whole` is that of [`hash_of`].
pub fn key_of(whole: &str, part: &[usize]) -> String {
    let mut hash = Sha256::new();
    hash.update(whole);
    part.iter().for_each(|n| hash.update(n.to_le_bytes()));
    hex(&hash.finalize()[..12])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::{ReductionKind, Regressor};

    #[test]
    fn what_is_done_comes_back_and_damage_is_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("parts");
        let some =
            [Prediction { value: 0.1 + 0.2, deviation: Some(1e-17) }, Prediction { value: -3.0, deviation: None }];
        let finished = Finished::open(Some(path.clone()));
        finished.add("a".into(), &some);
        finished.add("b".into(), &some[..1]);
        let text = std::fs::read_to_string(&path).expect("text");
        std::fs::write(&path, &text[..text.len() - 9]).expect("written");
        let read = Finished::open(Some(path.clone()));
        assert_eq!((read.of("a"), read.of("b"), read.used()), (Some(some.to_vec()), None, 1));
        // What is added after a line that was cut off counts.
        read.add("c".into(), &some);
        assert_eq!(Finished::open(Some(path.clone())).of("c"), Some(some.to_vec()));
        read.remove();
        assert!(!path.exists() && Finished::open(None).of("a").is_none());
    }

    #[test]
    fn another_method_or_part_or_value_has_another_key() {
        let rows = ndarray::Array2::from_shape_fn((9, 2), |(n, k)| (n * k) as f64);
        let values = (0..9).map(f64::from).collect();
        let samples = Samples { names: vec![], groups: (0..9).collect(), rows, values, fractions: None };
        let mut other = samples.clone();
        other.values[3] = 7.0;
        let methods = [Regressor::Ridge, Regressor::Svr].map(|r| Method::new(r, ReductionKind::Standard));
        let key = |samples: &Samples, method: &Method, part: &[usize]| key_of(&hash_of(samples, method), part);
        let keys = [
            key(&samples, &methods[0], &[1, 2]),
            key(&samples, &methods[1], &[1, 2]),
            key(&samples, &methods[0], &[1, 3]),
            key(&other, &methods[0], &[1, 2]),
        ];
        let unlike: std::collections::HashSet<&String> = keys.iter().collect();
        assert_eq!((unlike.len(), &keys[0]), (4, &key(&samples, &methods[0], &[1, 2])));
    }
}
