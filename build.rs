//! Tells the program from which commit it is built, where that is known, and whether its sources were changed since.

use std::path::Path;
use std::process::Command;

/// What a command of git prints, if it succeeds.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|o| o.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_string())
}

/// The commit; none where the sources lie in no repository of their own, such as in an unpacked archive.
fn commit() -> Option<String> {
    let top = git(&["rev-parse", "--show-toplevel"])?;
    let own = std::env::var("CARGO_MANIFEST_DIR").ok()?;
    if Path::new(&top).canonicalize().ok()? != Path::new(&own).canonicalize().ok()? {
        return None;
    }
    let commit = git(&["rev-parse", "HEAD"])?;
    let is_changed = !git(&["status", "--porcelain", "--", "src", "shaders", "Cargo.toml", "Cargo.lock"])?.is_empty();
    Some(if is_changed { format!("{commit}-modified") } else { commit })
}

fn main() {
    // Sources that change show in the commit too.
    for path in [".git/HEAD", ".git/logs/HEAD", "src", "shaders", "Cargo.toml", "Cargo.lock"] {
        println!("cargo:rerun-if-changed={path}");
    }
    println!("cargo:rustc-env=MICROWRIGHT_COMMIT={}", commit().unwrap_or_default());
}
