//! Tests of the two spatial terms of the loss.

use super::encode::{Encoding, phase_vectors};
use super::paths::{PathTargets, PathTerm};
use super::settings::CorrelationTarget;
use super::spatial::{SoftPhases, SpatialTargets, SpatialTerm};

fn noise(pixels: usize, factor: usize) -> Vec<f32> {
    (0..3 * pixels).map(|n| (n * factor % 251) as f32).collect()
}

#[test]
fn soft_phases_are_one_at_their_own_vector_and_zero_at_the_others() {
    for phases in 2..=4 {
        let vectors = phase_vectors(phases, Encoding::Corners, 1);
        let soft = SoftPhases::of(&vectors);
        let image: Vec<f32> = vectors.iter().flatten().copied().collect();
        for k in 0..soft.len() {
            for at in 0..phases {
                let wanted = f64::from(u8::from(at == k + phases - soft.len()));
                assert!((soft.field(k, &image, at) - wanted).abs() < 1e-3, "{phases} {k} {at}");
            }
        }
    }
}

/// The gradients of both terms against central differences.
#[test]
fn gradients_are_those_of_finite_differences() {
    for (phases, size, original) in [(2, (12, 15), (14, 12)), (3, (9, 8), (9, 8)), (0, (8, 8), (8, 8))] {
        let vectors = phase_vectors(phases, Encoding::Corners, 1);
        let soft = SoftPhases::of(&vectors[..phases]);
        let there = noise(original.0 * original.1, 77);
        let targets = |follows| SpatialTargets::of(&soft, &there, original, size, follows);
        let correlation = SpatialTerm::new(soft.clone(), targets(CorrelationTarget::Sample), size, 3.0);
        let radial = SpatialTerm::new(soft.clone(), targets(CorrelationTarget::Material), size, 3.0);
        let path = PathTerm::new(soft.clone(), PathTargets::of(&soft, &there, original, size), size, 3.0);
        let image = noise(size.0 * size.1, 91);
        type Term<'a> = &'a dyn Fn(&[f32], &mut [f64]) -> f64;
        let terms: [Term; 3] = [&|i, g| correlation.add(i, g), &|i, g| path.add(i, g), &|i, g| radial.add(i, g)];
        for (n, term) in terms.into_iter().enumerate() {
            let mut gradient = vec![0.0; image.len()];
            term(&image, &mut gradient);
            let largest = gradient.iter().fold(0.0f64, |m, g| m.max(g.abs()));
            assert!(largest > 0.0);
            for at in (0..image.len()).step_by(7) {
                const STEP: f32 = 0.25;
                let value = |by: f32| {
                    let mut moved = image.clone();
                    moved[at] += by;
                    term(&moved, &mut vec![0.0; image.len()])
                };
                let slope = (value(STEP) - value(-STEP)) / f64::from(2.0 * STEP);
                assert!((slope - gradient[at]).abs() < 2e-3 * largest, "term {n} at {at}: {slope} {}", gradient[at]);
            }
        }
    }
}

#[test]
fn an_image_that_is_the_original_costs_nothing() {
    let soft = SoftPhases::of(&phase_vectors(2, Encoding::Corners, 1));
    let image = noise(16 * 16, 91);
    let targets = SpatialTargets::of(&soft, &image, (16, 16), (16, 16), CorrelationTarget::Sample);
    let term = SpatialTerm::new(soft.clone(), targets, (16, 16), 1.0);
    assert!(term.add(&image, &mut vec![0.0; image.len()]) < 1e-20);
    let path = PathTerm::new(soft.clone(), PathTargets::of(&soft, &image, (16, 16), (16, 16)), (16, 16), 1.0);
    assert!(path.add(&image, &mut vec![0.0; image.len()]) < 1e-20);
}
