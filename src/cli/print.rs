//! Printing to a pipe that may be closed.

/// `println!` that does not panic when the pipe is closed, as by `| head`.
macro_rules! say {
    ($($text:tt)*) => {
        // Other errors of the standard output cannot be reported there.
        $crate::cli::print::print(&format!("{}\n", format_args!($($text)*))).unwrap_or_default()
    };
}
pub(super) use say;

/// Prints a text. A closed pipe, as by `| head`, is no error.
pub fn print(text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
