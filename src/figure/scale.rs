//! The colours of numbers.

/// The colour of a value's share of its range, 0 … 1: from dark blue to yellow, in even steps of lightness, so that it can
/// be read by everybody and in print (viridis; Smith & Van der Walt, SciPy 2015).
pub fn scale_color(share: f64) -> [u8; 3] {
    const STOPS: [[u8; 3]; 6] =
        [[68, 1, 84], [65, 68, 135], [42, 120, 142], [34, 168, 132], [122, 209, 81], [253, 231, 37]];
    let at = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let low = (at as usize).min(STOPS.len() - 2);
    std::array::from_fn(|k| {
        let [a, b] = [STOPS[low][k], STOPS[low + 1][k]].map(f64::from);
        (a + (b - a) * (at - low as f64)).round() as u8
    })
}
