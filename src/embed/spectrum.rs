//! Power spectra of grey pictures.

use ndarray::Array2;
use rayon::prelude::*;

use crate::stats::Fourier;

/// The power spectrum of each picture of a size: `|F(φ − ⟨φ⟩)|² / pixels` at every wave vector, a row each (Lubbers et
/// al., Eq. 6). It is the Fourier transform of the two-point correlation, so the distance between two of them compares
/// two-point correlations. `pictures` are grey values row by row.
pub fn power_spectra(pictures: &[Vec<f32>], (height, width): (usize, usize)) -> Array2<f32> {
    let pixels = height * width;
    let fourier = Fourier::new(height, width);
    let of = |picture: &Vec<f32>| -> Vec<f32> {
        let mean = picture.iter().map(|v| f64::from(*v)).sum::<f64>() / pixels as f64;
        let spectrum = fourier.transform(|at| f64::from(picture[at]) - mean);
        spectrum.iter().map(|v| (v.norm_sqr() / pixels as f64) as f32).collect()
    };
    let rows: Vec<Vec<f32>> = pictures.par_iter().map(of).collect();
    let length = rows.first().map_or(0, Vec::len);
    Array2::from_shape_vec((pictures.len(), length), rows.concat()).expect("rows of the same length")
}
