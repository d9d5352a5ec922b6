//! What says whether a reconstruction is another picture of the material: copies of the original, and its own variation.

use microwright::micrograph::PhaseMap;
use microwright::stats::{MapStatistics, Quarters, copied};
use microwright::synth;
use ndarray::s;

#[test]
fn a_copied_part_is_found_and_another_layout_is_none() {
    let (a, b) = (synth::bicontinuous(128, 0.4, 12.0, 1), synth::bicontinuous(128, 0.4, 12.0, 2));
    let other = copied(&a, &b).expect("large enough");
    assert_eq!((other.share, other.block_edge), (0.0, 32));
    assert!(other.largest_agreement < 0.7, "{other:?}");
    // The left half of the original, shifted, in another layout.
    let mut half = b.clone();
    let part = a.labels.slice(s![16..128, 5..69]).to_owned();
    half.labels.slice_mut(s![0..112, 64..128]).assign(&part);
    let found = copied(&a, &half).expect("large enough");
    assert!((found.share - 6.0 / 16.0).abs() < 1e-9, "{found:?}");
    assert!(copied(&a, &a).expect("large enough").share == 1.0);
    assert!(copied(&synth::bicontinuous(40, 0.4, 12.0, 1), &b).is_none());
}

#[test]
fn another_picture_of_the_material_is_within_its_variation_and_noise_is_not() {
    let (mut within, mut all) = (0, 0);
    for seed in 1..=4 {
        let original = synth::bicontinuous(160, 0.4, 12.0, seed);
        let other = synth::bicontinuous(160, 0.4, 12.0, seed + 100);
        let noise: Vec<u8> = (0..160u64 * 160)
            .map(|n| u8::from((n + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32 & 1023 < 410))
            .collect();
        let whole = MapStatistics::of(&original);
        let quarters = Quarters::of(&original).expect("large enough");
        let judged = |map: &PhaseMap| whole.judge(&MapStatistics::of(map), Some(&quarters)).remove(1).judged();
        let found = judged(&other);
        within += found.iter().filter(|n| n.is_within()).count();
        all += found.len();
        let noise = judged(&PhaseMap::new((160, 160), noise, 2));
        assert!(noise.iter().filter(|n| n.is_within()).count() <= 1, "{noise:?}");
    }
    // Nine of ten by the rule; four quarters estimate the variation roughly.
    assert!((0.7..=1.0).contains(&(f64::from(within as u32) / f64::from(all as u32))), "{within} of {all}");
    assert!(Quarters::of(&synth::bicontinuous(24, 0.4, 8.0, 1)).is_none());
}

/// A smaller picture is compared over fewer distances, and so is the variation: another material is beyond it.
#[test]
fn a_smaller_picture_of_another_material_is_beyond() {
    let original = synth::bicontinuous(256, 0.4, 12.0, 1);
    let (whole, quarters) = (MapStatistics::of(&original), Quarters::of(&original));
    let judged = |wavelength: f64| {
        let map = synth::bicontinuous(128, 0.4, wavelength, 9);
        whole.judge(&MapStatistics::of(&map), quarters.as_ref()).remove(1)
    };
    let of = |wavelength: f64| {
        let numbers = judged(wavelength).judged();
        numbers.into_iter().find(|n| n.name == "covariance").expect("a covariance")
    };
    assert!(of(12.0).is_within() && !of(20.0).is_within(), "{:?} {:?}", of(12.0), of(20.0));
    let full = quarters.as_ref().expect("quarters").variation(&whole, usize::MAX)[1];
    let near = quarters.as_ref().expect("quarters").variation(&whole, 64)[1];
    assert!(near.errors.s2_covariance_error_percent < full.errors.s2_covariance_error_percent);
}
