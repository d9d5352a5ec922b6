//! Power spectra of grey pictures.

use crate::stats::Fourier;

/// The power spectrum of a picture of grey values row by row: `|F(φ − ⟨φ⟩)|² / pixels` at every wave vector (Lubbers et
/// al., Eq. 6). It is the Fourier transform of the two-point correlation, so the distance between two of them compares
/// two-point correlations. `fourier` is that of the picture's size.
pub fn power_spectrum(picture: &[f32], fourier: &Fourier) -> Vec<f32> {
    let pixels = picture.len() as f64;
    let mean = picture.iter().map(|v| f64::from(*v)).sum::<f64>() / pixels;
    let spectrum = fourier.transform(|at| f64::from(picture[at]) - mean);
    spectrum.iter().map(|v| (v.norm_sqr() / pixels) as f32).collect()
}
