//! Loss and gradient against golden values (float64 PyTorch) of the trained network.

mod common;

use common::{distance, reference};
use microwright::compute::Device;
use microwright::compute::graph::{Padding, Pooling};
use microwright::net::{Layer, Weights, WeightsKind};
use microwright::reconstruct::loss::{Loss, LossSettings, Normalisation, grams};
use safetensors::SafeTensors;

/// From planes B, G, R to pixels R, G, B.
fn rgb_pixels(tensors: &SafeTensors, name: &str) -> (Vec<f32>, (usize, usize)) {
    let view = tensors.tensor(name).expect(name);
    let values: Vec<f32> = bytemuck::pod_collect_to_vec(view.data());
    let (h, w) = (view.shape()[1], view.shape()[2]);
    let pixel = |p: usize| [2, 1, 0].map(|c: usize| values[c * h * w + p]);
    ((0..h * w).flat_map(pixel).collect(), (h, w))
}

fn check(device: &Device, paddings: &[Padding], depths: &[&str]) {
    let Some(folder) = reference() else { return };
    let weights_file = folder.join("weights/vgg19-pool3.safetensors");
    let weights = Weights::load(&WeightsKind::File(weights_file), Layer::POOL3).expect("weights");
    let bytes = std::fs::read(folder.join("reference/gram_golden.safetensors")).expect("golden tensors");
    let tensors = SafeTensors::deserialize(&bytes).expect("golden tensors");
    let text = std::fs::read_to_string(folder.join("reference/gram_golden.json")).expect("golden scalars");
    let scalars: serde_json::Value = serde_json::from_str(&text).expect("golden scalars");
    let (target, size) = rgb_pixels(&tensors, "target");
    let (x, _) = rgb_pixels(&tensors, "x");
    for padding in paddings {
        for (pooling, pooling_name) in [(Pooling::Mean, "avg"), (Pooling::Max, "max")] {
            for (normalisation, norm_name) in [(Normalisation::Paper, "paper"), (Normalisation::Relative, "relative")] {
                for depth in depths {
                    let depth: Layer = depth.parse().expect("a depth");
                    let settings =
                        LossSettings { normalisation, padding: *padding, pooling, ..LossSettings::new(depth) };
                    let targets = grams(device, &weights, &target, size, &settings, None).expect("Gram matrices");
                    let mut loss = Loss::new(device, &weights, size, &targets, &settings, None).expect("a program");
                    loss.program().expect("the whole image").poison();
                    let (value, gradient) = loss.evaluate(&x).expect("a loss");
                    let key = format!("{pooling_name}.{}.{norm_name}", padding.name());
                    let golden = scalars[format!("{key}.loss.{depth}")].as_f64().expect("a golden loss");
                    let off = ((value.total - golden) / golden).abs();
                    assert!(off < 1e-4, "loss of {key} at {depth}: {} instead of {golden}", value.total);
                    let (expected, _) = rgb_pixels(&tensors, &format!("{key}.grad.{depth}"));
                    let expected: Vec<f64> = expected.into_iter().map(f64::from).collect();
                    let off = distance(&gradient, &expected);
                    eprintln!("{} {key} {depth}: gradient {off:.1e}", device.info().name);
                    assert!(off < 1e-4, "gradient of {key} at {depth} is off by {off:.1e}");
                }
            }
        }
    }
}

const DEPTHS: [&str; 4] = ["conv1_1", "pool1", "pool2", "pool3"];

#[test]
fn the_native_code_agrees_with_the_golden_values() {
    check(&Device::Cpu, &[Padding::Zero, Padding::Periodic], &DEPTHS);
}

#[test]
fn the_shaders_agree_with_the_golden_values() {
    if let Some(device) = common::gpu() {
        check(&device, &[Padding::Zero, Padding::Periodic], &DEPTHS);
    }
}
