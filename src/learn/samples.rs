//! What is learned from.

use ndarray::{Array2, Axis};

use super::LearnError;

/// The fewest samples that anything is learned from.
pub const LEAST_SAMPLES: usize = 8;

/// A row of inputs and a value for each sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Their names.
    pub names: Vec<String>,
    /// The micrograph that each was cut from, by number. Samples of one micrograph are never learned from and predicted at
    /// once, unless splits are random.
    pub groups: Vec<usize>,
    /// Inputs: a row for each sample.
    pub rows: Array2<f64>,
    /// The values to learn.
    pub values: Vec<f64>,
    /// Volume fractions of the phases but the first, for the baseline; a row for each sample, or none at all.
    pub fractions: Option<Array2<f64>>,
}

impl Samples {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// How many micrographs they come from.
    pub fn micrographs(&self) -> usize {
        let mut all = self.groups.clone();
        all.sort_unstable();
        all.dedup();
        all.len()
    }

    /// Whether something can be learned from them.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    pub fn check(&self) -> Result<(), LearnError> {
        self.check_values()?;
        if self.rows.axis_iter(Axis(1)).all(|column| column.iter().all(|v| *v == column[0])) {
            return Err(LearnError::Samples(
                "The inputs of all samples are the same, so nothing can be learned from them.".into(),
            ));
        }
        Ok(())
    }

    /// As [`Samples::check`], but the inputs of all may be the same: so are those of a network whose last hidden layer says
    /// nothing.
    pub(super) fn check_values(&self) -> Result<(), LearnError> {
        let count = self.count();
        let fail = |text: String| Err(LearnError::Samples(text));
        if count < LEAST_SAMPLES {
            return fail(format!(
                "{count} micrographs with a value are too few to learn from; {LEAST_SAMPLES} are needed at least."
            ));
        }
        if self.micrographs() < 2 {
            return fail("All samples come from one micrograph, so nothing can be said about another one.".into());
        }
        if self.values.iter().any(|v| !v.is_finite()) || self.rows.iter().any(|v| !v.is_finite()) {
            return fail("A value or an input is not a finite number.".into());
        }
        let first = self.values[0];
        if self.values.iter().all(|v| *v == first) {
            return fail(format!("All samples have the same value {first}, so there is nothing to learn."));
        }
        Ok(())
    }

    /// Some of them, in this order.
    pub fn take(&self, which: &[usize]) -> Self {
        Self {
            names: which.iter().map(|n| self.names[*n].clone()).collect(),
            groups: which.iter().map(|n| self.groups[*n]).collect(),
            rows: self.rows.select(Axis(0), which),
            values: which.iter().map(|n| self.values[*n]).collect(),
            fractions: self.fractions.as_ref().map(|f| f.select(Axis(0), which)),
        }
    }
}
