//! Why no study can start.

use crate::app::shared::Shared;

/// Why no study of the open micrograph can start now; `is_running` says whether one is under way.
pub fn blocked(is_running: bool, shared: &Shared) -> Option<&'static str> {
    match &shared.document {
        _ if is_running => Some("The study is under way."),
        None => Some("Open a micrograph first."),
        Some(d) if d.phases().is_none() => Some("The study compares phases: choose a segmentation first."),
        Some(_) if !shared.is_document_wanted() => Some("The phases are still being worked out."),
        Some(_) if shared.keeps_micrograph => Some("A reconstruction is under way; wait for it, or stop it."),
        Some(_) => None,
    }
}
