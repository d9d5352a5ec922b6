//! A loss taken window by window is that of the whole image.

mod common;

use common::{devices, distance};
use microwright::compute::Device;
use microwright::compute::graph::{Padding, Pooling, Precision};
use microwright::compute::selftest::picture;
use microwright::net::{Layer, Weights};
use microwright::reconstruct::loss::{Loss, LossSettings, grams};

/// How far the loss in windows is from that of the whole image.
#[derive(Debug)]
struct Off {
    windows: usize,
    loss: f64,
    /// The largest difference of the gradients.
    gradient: f64,
}

fn off(device: &Device, settings: LossSettings, size: (usize, usize), limit: u64, most: f64) -> Off {
    let weights = Weights::built_in(settings.deepest());
    let (target, image) = (picture(1, size), picture(2, size));
    let whole_grams = grams(device, &weights, &target, size, &settings, None).expect("Gram matrices");
    let window_grams = grams(device, &weights, &target, size, &settings, Some(limit)).expect("Gram matrices");
    for (whole, windows) in whole_grams.iter().zip(&window_grams) {
        let whole: Vec<f64> = whole.iter().map(|v| f64::from(*v)).collect();
        let off = distance(windows, &whole);
        assert!(off < most, "Gram matrices off by {off:.1e}");
    }
    let evaluate = |limit| {
        let mut loss = Loss::new(device, &weights, size, &whole_grams, &settings, limit).expect("a loss");
        let (value, gradient) = loss.evaluate(&image).expect("runs");
        (loss.windows(), value, gradient)
    };
    let (one, whole, gradient) = evaluate(None);
    let (windows, value, in_windows) = evaluate(Some(limit));
    assert_eq!(one, 1);
    let gradient: Vec<f64> = gradient.into_iter().map(f64::from).collect();
    let loss = (value.total - whole.total).abs() / whole.total;
    Off { windows, loss, gradient: distance(&in_windows, &gradient) }
}

#[test]
fn windows_give_the_loss_and_gradient_of_the_whole() {
    for device in devices() {
        for (name, size, padding, pooling) in [
            ("conv1_1", (65, 200), Padding::Zero, Pooling::Mean),
            ("pool1", (150, 167), Padding::Zero, Pooling::Max),
            ("pool2", (240, 208), Padding::Periodic, Pooling::Mean),
            ("pool2", (333, 97), Padding::Reflect, Pooling::Mean),
            ("conv3_1", (161, 190), Padding::Zero, Pooling::Max),
            ("pool3", (203, 264), Padding::Zero, Pooling::Mean),
            ("pool3", (272, 240), Padding::Periodic, Pooling::Mean),
        ] {
            let depth: Layer = name.parse().expect("a depth");
            // A software GPU is slow, and the depth changes nothing in the shaders.
            if !matches!(device, Device::Cpu) && depth >= Layer::POOL2 {
                continue;
            }
            let settings = LossSettings { padding, pooling, ..LossSettings::new(depth) };
            let found = off(&device, settings, size, 1 << 20, 1e-5);
            let what = format!("{name}, {size:?}, {padding:?} on {}: {found:?}", device.info().name);
            eprintln!("{what}");
            assert!(found.windows > 1 && found.loss < 1e-5, "{what}");
            assert!(found.gradient < 1e-5, "{what}");
        }
    }
}

/// What lies between the two stages of windows keeps 32 bits, so that they differ as much as half precision from single.
#[test]
fn windows_in_half_precision_are_as_near_as_that_is() {
    let Some(device) = common::half_gpu() else { return };
    for (depth, bound) in [("pool1", 1e-3), ("conv3_1", 5e-2)] {
        let depth = depth.parse().expect("a depth");
        let settings = LossSettings { precision: Precision::Half, ..LossSettings::new(depth) };
        let found = off(&device, settings, (150, 167), 1 << 20, 1e-3);
        eprintln!("{depth}: {found:?}");
        assert!(found.windows > 1 && found.loss < 2e-3 && found.gradient < bound, "{depth}: {found:?}");
    }
}

#[test]
fn a_periodic_image_whose_poolings_do_not_meet_is_taken_whole() {
    let settings = LossSettings { padding: Padding::Periodic, ..LossSettings::new(Layer::POOL2) };
    let found = off(&Device::Cpu, settings, (201, 301), 1 << 20, 1e-5);
    assert!(found.windows == 1 && found.loss < 1e-5 && found.gradient < 1e-5, "{found:?}");
}
