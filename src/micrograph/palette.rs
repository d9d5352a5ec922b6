//! Phase colours in files and views.

/// The colours of Okabe & Ito (2008), which colour-blind readers can tell apart, black first.
pub const PHASE_COLORS: [[u8; 3]; 8] = [
    [0, 0, 0],
    [230, 159, 0],
    [86, 180, 233],
    [0, 158, 115],
    [240, 228, 66],
    [0, 114, 178],
    [213, 94, 0],
    [204, 121, 167],
];

/// The colour of a phase: black and white for two phases, else from [`PHASE_COLORS`].
pub fn phase_color(phase: usize, phases: usize) -> [u8; 3] {
    match (phase, phases) {
        (1, 2) => [255; 3],
        (phase, _) => PHASE_COLORS[phase % PHASE_COLORS.len()],
    }
}
