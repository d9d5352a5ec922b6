//! An exchange of two pixels.

/// Two pixels that change places.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// One pixel.
    pub a: usize,
    /// The other one.
    pub b: usize,
    /// The phase at `a` before, and at `b` after.
    pub from: u8,
    /// The phase at `b` before, and at `a` after.
    pub to: u8,
}

impl Exchange {
    /// The exchange that undoes it.
    pub fn reversed(self) -> Self {
        Self { from: self.to, to: self.from, ..self }
    }
}
