//! How networks are trained.

/// Adam on the squared error (Kingma & Ba 2015), and when it ends. The weights that predict a held-out sixth of the
/// micrographs best are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// The share of hidden units that are left out in each step (Srivastava et al., J. Mach. Learn. Res. 15:1929, 2014).
    pub dropout: f32,
    /// Adam's rate.
    pub rate: f64,
    /// The decay rates of Adam's moments.
    pub decays: (f64, f64),
    /// The most samples of a step.
    pub batch: usize,
    /// The most steps.
    pub most_steps: usize,
    /// After how many steps the held-out part is looked at.
    pub look: usize,
    /// How many looks without a gain end the training.
    pub patience: usize,
    /// Whether transferred convolutions stay as they are.
    pub frozen: bool,
}

impl Schedule {
    /// For full layers on few numbers: some seconds.
    pub const NUMBERS: Self = Self {
        dropout: 0.2,
        rate: 1e-3,
        decays: crate::compute::graph::ADAM_DECAYS,
        batch: 32,
        most_steps: 2000,
        look: 10,
        patience: 40,
        frozen: true,
    };
}
