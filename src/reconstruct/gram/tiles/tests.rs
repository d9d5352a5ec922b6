use super::*;
use crate::compute::graph::{Padding, Pooling};
use crate::compute::selftest::{picture, relative_error};

/// For any taps, stages and windows, the numbers are those of the whole image.
#[test]
fn every_division_gives_the_gram_matrices_and_the_gradient_of_the_whole() {
    let layer = |name: &str| name.parse::<Layer>().expect("a layer");
    for (taps, size, padding, pooling) in [
        (vec![layer("conv1_2")], (150, 170), Padding::Zero, Pooling::Mean),
        (vec![layer("conv3_4")], (400, 148), Padding::Zero, Pooling::Max),
        (vec![layer("pool2"), layer("conv3_2")], (352, 256), Padding::Periodic, Pooling::Mean),
        (vec![layer("pool1"), layer("pool4")], (210, 330), Padding::Reflect, Pooling::Mean),
    ] {
        let taps: Vec<(Layer, f32)> = taps.into_iter().map(|layer| (layer, 1.0)).collect();
        let deepest = taps.iter().map(|(layer, _)| *layer).max().expect("a layer");
        let settings = LossSettings { taps, padding, pooling, ..LossSettings::new(deepest) };
        let (weights, image) = (Weights::built_in(deepest), picture(1, size));
        let network = Network { weights: &weights, settings: &settings };
        // Some symmetric matrices.
        let seeds = settings.layers().into_iter().map(|layer| {
            let n = layer.channels();
            let values = picture(2, (n, n));
            (0..n * n).map(|i| values[i] + values[i % n * n + i / n]).collect()
        });
        let seeds: Vec<Vec<f32>> = seeds.collect();
        let run = |sections: &[Section], keeps, limit| {
            let found = arrange(DeviceKind::Cpu, network, size, sections, keeps, limit, Purpose::Gradient);
            let tilings = found.expect("a shape").expect("windows");
            let device = Device::Cpu;
            let (grams, held) = grams(&device, &weights, &image, &settings, &tilings).expect("runs");
            let gradient = gradient(&device, &weights, &image, &settings, &tilings, &seeds, held).expect("runs");
            (tilings.windows(), grams, gradient)
        };
        let one_stage = [Section { from: None, to: deepest }];
        let two_stages = [Section { from: None, to: SPLIT }, Section { from: Some(SPLIT), to: deepest }];
        let (one, whole, expected) = run(&one_stage, false, u64::MAX);
        assert_eq!(one, 1);
        for (sections, keeps) in
            [(&one_stage[..], true), (&one_stage, false), (&two_stages, true), (&two_stages, false)]
        {
            if sections.len() == 2 && deepest <= SPLIT {
                continue;
            }
            let what = format!("{:?}, {size:?}, {} sections, kept: {keeps}", settings.layers(), sections.len());
            let (windows, found, gradient) = run(sections, keeps, 0);
            // This image is too small for windows with the reach of the fourth block of layers.
            assert!(windows > 1 || (sections.len() == 1 && deepest > Layer::POOL3), "{what}: no windows");
            for (gram, whole) in found.iter().zip(&whole) {
                let off = relative_error(gram, whole);
                assert!(off < 2e-6, "{what}: Gram matrices off by {off:.1e}");
            }
            let off = relative_error(&gradient, &expected);
            eprintln!("{what}: {windows} windows, gradient off by {off:.1e}");
            assert!(off < 1e-5, "{what}: gradient off by {off:.1e}");
        }
    }
}
