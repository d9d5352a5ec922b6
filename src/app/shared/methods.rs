//! The methods of reconstruction, of which each keeps its settings while another is chosen.

use super::state::Shared;
use crate::reconstruct::Method;
use crate::reconstruct::gram::Gram;

/// Chooses another method, with the settings that it had when it was chosen last.
pub fn choose_method(shared: &mut Shared, method: Method) {
    let name = |method: &Method| method.settings().name();
    let kept = shared.other_methods.iter().position(|other| name(other) == name(&method));
    let chosen = kept.map_or(method, |n| shared.other_methods.remove(n));
    shared.other_methods.push(std::mem::replace(&mut shared.settings.method, chosen));
}

/// The settings of the Gram matrices, also while another method is chosen: other workspaces use their network.
pub fn gram_settings(shared: &Shared) -> Gram {
    let mut all = [&shared.settings.method].into_iter().chain(&shared.other_methods);
    all.find_map(|method| method.gram()).cloned().unwrap_or_default()
}

/// A method with the settings that it has in the Reconstruct workspace.
pub fn settings_of(shared: &Shared, method: Method) -> Method {
    let name = |method: &Method| method.settings().name();
    let mut all = [&shared.settings.method].into_iter().chain(&shared.other_methods);
    all.find(|other| name(other) == name(&method)).cloned().unwrap_or(method)
}
