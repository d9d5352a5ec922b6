//! Printing to a reader who may have had enough.

/// `println!` that a reader who has had enough does not turn into a panic.
macro_rules! say {
    ($($text:tt)*) => {
        // Nothing is left to say to somebody who does not listen.
        $crate::cli::print::print(&format!("{}\n", format_args!($($text)*))).unwrap_or_default()
    };
}
pub(super) use say;

/// Prints a text; a reader that has had enough (`| head`) is no error.
pub fn print(text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
