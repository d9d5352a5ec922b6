//! Where the program keeps its own files, and how it writes any file.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The user's data directory for this program; the environment variable `MICROWRIGHT_DATA` names another.
pub fn data() -> PathBuf {
    if let Some(folder) = std::env::var_os("MICROWRIGHT_DATA").filter(|f| !f.is_empty()) {
        return folder.into();
    }
    match directories::ProjectDirs::from("", "", "microwright") {
        Some(dirs) => dirs.data_dir().to_path_buf(),
        None => std::env::temp_dir().join("microwright"),
    }
}

/// Writes a file completely or not at all: first a temporary file beside it, which is then renamed.
///
/// # Errors
/// The folder cannot be made or written, or the disk is full; an older file of that name stays unchanged.
pub fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    // Temporary files are private; the result gets the rights that any new file has.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// The same, with a sentence for the user where it fails.
///
/// # Errors
/// As [`write_atomically`]; the sentence names the file.
pub fn write_named(path: &Path, content: &[u8]) -> Result<(), String> {
    write_atomically(path, content).map_err(|e| {
        format!("{} could not be written: {e}. Choose another folder, or make room there.", path.display())
    })
}

/// Files that are written into a folder, one after the other.
pub struct Written<'a> {
    folder: &'a Path,
    /// Their paths.
    pub paths: Vec<PathBuf>,
}

impl<'a> Written<'a> {
    /// Nothing yet.
    pub fn into(folder: &'a Path) -> Self {
        Self { folder, paths: vec![] }
    }

    /// Writes one, by its path within the folder.
    ///
    /// # Errors
    /// As [`write_named`].
    pub fn put(&mut self, name: &str, content: &[u8]) -> Result<(), String> {
        let path = self.folder.join(name);
        write_named(&path, content)?;
        self.paths.push(path);
        Ok(())
    }
}

/// Whether a file's name ends like one of some kinds, in any case; endings without the dot.
pub fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|own| endings.iter().any(|ending| own.eq_ignore_ascii_case(ending)))
}

/// The time now as ISO 8601 text, in UTC.
pub fn now() -> String {
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    utc(seconds)
}

/// Seconds since 1970 as ISO 8601 text.
fn utc(seconds: u64) -> String {
    let (mut days, rest) = (seconds / 86_400, seconds % 86_400);
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hours, minutes) = (rest / 3600, rest / 60 % 60);
    format!("{year:04}-{month:02}-{:02}T{hours:02}:{minutes:02}:{:02}Z", days + 1, rest % 60)
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(utc(1_798_761_599), "2026-12-31T23:59:59Z");
    }
}
