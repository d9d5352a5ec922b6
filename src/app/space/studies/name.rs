//! The name of the workspace.

pub const NAME: &str = "Studies";
