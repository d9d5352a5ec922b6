//! The range of values.

/// The least and the largest value, as black and white of data without a scale of its own.
pub fn extremes<'a>(values: impl IntoIterator<Item = &'a f32>) -> (f32, f32) {
    values.into_iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)))
}
