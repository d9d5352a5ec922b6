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

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
