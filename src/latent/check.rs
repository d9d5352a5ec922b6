//! What a check of the held-out patches finds.

/// The result of a check of the held-out patches.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Check {
    /// Steps taken before it.
    pub step: usize,
    /// Name and value of every term, the divergence in nats and without its weight.
    pub terms: Vec<(String, f64)>,
    /// The weighted sum, with the divergence's final weight.
    pub total: f64,
    /// The mean of the training losses since the check before, in the same terms.
    pub training: Vec<(String, f64)>,
}
