//! Latent models: they learn, they are the same from the same seed, and what is kept goes on as if nothing had happened.

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use microwright::compute::{Device, DeviceKind};
use microwright::job::{Ending, Event, Job, PatchSource, Request, Train};
use microwright::latent::{
    Cell, Check, Dataset, Head, LatentSettings, Model, ModelKind, Needs, Networks, Patch, Source, Trainer, correlation,
    judge, layout_correlation, normals, paint, phases, pictures_of_files, place_preference, read_tensors, synthetic,
    tensor_bytes, traversal,
};
use microwright::micrograph::PhaseMap;
use microwright::net::{Layer, Weights, WeightsKind};
use microwright::stats::{Boundary, Components};
use rand::SeedableRng;
use rand_pcg::Pcg64;

/// A model that trains in a second.
fn small(model: ModelKind) -> LatentSettings {
    LatentSettings {
        model,
        dimensions: 4,
        edge: 32,
        width: 8,
        depth: Layer::CONV1_1,
        batch: 4,
        steps: 40,
        check_every: 10,
        device: "cpu".into(),
        ..LatentSettings::of(model)
    }
}

fn graphite(count: usize, edge: usize) -> Arc<Dataset> {
    Arc::new(Dataset::new(&synthetic(count, edge, 7), edge, edge, 1000, 1).expect("patches"))
}

fn trainer(settings: &LatentSettings, data: &Arc<Dataset>, device: &Device) -> Trainer {
    let networks = Networks::load(settings).expect("weights");
    Trainer::new(settings, data.clone(), &networks, device, &mut |_| true).expect("a trainer").expect("not stopped")
}

/// Runs to the end, looking when it is time.
fn finish(trainer: &mut Trainer) {
    loop {
        if trainer.is_check_due() {
            trainer.check(0).expect("a check");
        }
        if trainer.is_done() {
            return;
        }
        trainer.step().expect("a step");
    }
}

fn bytes(trainer: &Trainer) -> Vec<u8> {
    trainer.model(false).expect("a model").to_bytes(false).expect("bytes")
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("microwright-latent-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// What matters of a look: the pixels, or the style.
fn fit(check: &Check, model: ModelKind) -> f64 {
    // The Minkowski functionals of a first pattern are so far off that they would hide the others.
    let left_out = ["divergence", "Minkowski functionals"];
    let counts = |name: &str| if model.matches_pixels() { name == "pixels" } else { !left_out.contains(&name) };
    check.terms.iter().filter(|(name, _)| counts(name)).map(|(_, v)| v).sum()
}

#[test]
fn every_model_can_learn_two_patches_by_heart() {
    let two = graphite(20, 32);
    let patches: Vec<Patch> = two.train[..2].to_vec();
    let source = |name: &str| Source { name: name.into(), label: String::new(), factors: None };
    let data = Arc::new(Dataset {
        sources: vec![source("one"), source("two")],
        train: patches.iter().enumerate().map(|(n, p)| Patch { source: n, ..p.clone() }).collect(),
        held_out: patches,
        ..(*two).clone()
    });
    for model in ModelKind::ALL {
        let settings = LatentSettings {
            // Without noise of its own a TextureVAE can paint a patch exactly.
            free_layout: false,
            beta: 0.0,
            collapse_weight: 0.0,
            style_weight: 1.0,
            correlation_weight: 1.0,
            // As the patches are, which do not continue at their opposite edges.
            periodic: false,
            rate: if model.matches_pixels() { 1e-3 } else { 5e-3 },
            batch: 2,
            width: 16,
            steps: if model.matches_pixels() { 600 } else { 1500 },
            check_every: 1500,
            ..small(model)
        };
        let mut trainer = trainer(&settings, &data, &Device::Cpu);
        finish(&mut trainer);
        let (first, last) = (fit(&trainer.checks()[0], model), fit(trainer.checks().last().expect("a check"), model));
        assert!(last < 0.03 * first, "{model:?}: {first} → {last}");
    }
}

#[test]
fn the_same_seed_gives_the_same_weights_and_another_seed_others() {
    let data = graphite(30, 32);
    for model in [ModelKind::Texture, ModelKind::Morphology] {
        let run = |seed| {
            let settings = LatentSettings { seed, steps: 6, ..small(model) };
            let mut trainer = trainer(&settings, &data, &Device::Cpu);
            finish(&mut trainer);
            bytes(&trainer)
        };
        let first = run(3);
        assert!(first == run(3), "{model:?}: the same seed");
        assert!(first != run(4), "{model:?}: another seed");
    }
}

#[test]
fn both_backends_train_alike() {
    let Some(gpu) = common::gpu() else { return };
    let data = graphite(20, 32);
    for model in [ModelKind::Texture, ModelKind::Morphology] {
        let settings =
            LatentSettings { steps: 2, check_every: 2, correlation_weight: 1.0, minkowski_weight: 1.0, ..small(model) };
        let looks = [Device::Cpu, gpu.clone()].map(|device| {
            let mut trainer = trainer(&settings, &data, &device);
            finish(&mut trainer);
            trainer.checks().last().expect("a check").clone()
        });
        for ((name, cpu), (_, gpu)) in looks[0].terms.iter().zip(&looks[1].terms) {
            assert!((cpu - gpu).abs() <= 1e-3 * cpu.abs().max(1e-3), "{model:?} {name}: {cpu} and {gpu}");
        }
    }
}

#[test]
fn a_split_batch_learns_what_the_whole_one_does() {
    let data = graphite(20, 32);
    let settings = LatentSettings { steps: 4, check_every: 4, beta: 0.0, ..small(ModelKind::Vae) };
    let whole = Needs::of(&settings, 0, DeviceKind::Cpu, None).expect("needs");
    let split = Needs::of(&settings, 0, DeviceKind::Cpu, Some(whole.bytes - 1)).expect("needs");
    assert_eq!(whole.part, 4);
    assert!(split.part < 4 && split.bytes < whole.bytes, "{split:?} {whole:?}");
    let run = |part: usize| {
        let networks = Networks::load(&settings).expect("weights");
        let trainer = Trainer::in_parts(&settings, data.clone(), &networks, &Device::Cpu, part, &mut |_| true);
        let mut trainer = trainer.expect("a trainer").expect("not stopped");
        finish(&mut trainer);
        trainer.checks().last().expect("a check").total
    };
    // The parts sum up in another order, and Adam magnifies what differs at gradients near zero.
    let (whole, parts) = (run(4), run(2));
    assert!((whole - parts).abs() < 0.02 * whole, "{whole} {parts}");
}

#[test]
fn a_split_batch_of_textures_learns_as_well() {
    let data = graphite(20, 32);
    // Stationarity is seen in pairs, so no run has a single patch.
    let settings = LatentSettings { batch: 8, steps: 200, ..small(ModelKind::Texture) };
    assert_eq!(Needs::of(&settings, 0, DeviceKind::Cpu, Some(1)).expect("needs").part, 2);
    let alone = LatentSettings { batch: 1, ..settings.clone() };
    assert!(alone.problem().is_some_and(|p| p.contains("stationarity")));
    assert_eq!(LatentSettings { stationarity_weight: 0.0, ..alone }.problem(), None);
    let run = |part: usize| {
        let networks = Networks::load(&settings).expect("weights");
        let trainer = Trainer::in_parts(&settings, data.clone(), &networks, &Device::Cpu, part, &mut |_| true);
        let mut trainer = trainer.expect("a trainer").expect("not stopped");
        finish(&mut trainer);
        let checks = trainer.checks();
        (fit(&checks[0], ModelKind::Texture), fit(checks.last().expect("a check"), ModelKind::Texture))
    };
    // Each run draws noise of its own, so the results differ a little.
    let ((first, whole), (_, parts)) = (run(8), run(2));
    assert!(whole < 0.7 * first && (whole - parts).abs() < 0.2 * whole, "{first} {whole} {parts}");
}

/// The grey values 0 … 255 of random samples.
fn samples_of(trainer: &Trainer, count: u64) -> Vec<Vec<f32>> {
    let model = trainer.model(false).expect("a model");
    let edge = model.settings.edge;
    let mut painter = model.painter(&Device::Cpu, (edge, edge)).expect("a painter");
    let one = |seed: u64| {
        let z = model.sample(&mut Pcg64::seed_from_u64(seed));
        let picture = paint(&mut painter, &Cell { z, layout: seed }).expect("a picture");
        picture.iter().map(|v| 255.0 * v).collect()
    };
    (0..count).map(one).collect()
}

#[test]
fn a_texture_soon_has_the_contrast_of_its_patches() {
    let data = graphite(60, 32);
    let settings = LatentSettings { steps: 60, width: 32, depth: Layer::POOL3, batch: 8, ..small(ModelKind::Texture) };
    let deviation = |values: &[f32]| {
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32).sqrt()
    };
    let patches: Vec<f32> = data.train.iter().flat_map(|p| p.values.iter().map(|v| f32::from(*v))).collect();
    for seed in 1..3 {
        let mut trainer = trainer(&LatentSettings { seed, ..settings.clone() }, &data, &Device::Cpu);
        finish(&mut trainer);
        let samples = samples_of(&trainer, 8).concat();
        assert!(deviation(&samples) > 0.6 * deviation(&patches), "{} {}", deviation(&samples), deviation(&patches));
    }
}

#[test]
fn the_loss_of_stationarity_frees_particles_from_the_lattice() {
    let data = graphite(80, 32);
    let preference = |stationarity_weight: f64| {
        let settings = LatentSettings {
            stationarity_weight,
            steps: 150,
            width: 16,
            depth: Layer::POOL2,
            batch: 8,
            ..small(ModelKind::Texture)
        };
        let mut trainer = trainer(&settings, &data, &Device::Cpu);
        finish(&mut trainer);
        let maps = samples_of(&trainer, 100).into_iter().map(|s| phases(&s, (32, 32), data.threshold, data.dark));
        let maps: Vec<PhaseMap> = maps.collect();
        place_preference(&maps).expect("several samples")
    };
    let (without, with) = (preference(0.0), preference(20.0));
    assert!(without > 0.15 && with < 0.6 * without, "{without} {with}");
}

#[test]
fn only_a_free_layout_is_sampled_from_the_data() {
    let data = graphite(30, 32);
    let free = LatentSettings { steps: 1, ..small(ModelKind::Texture) };
    let fixed = LatentSettings { free_layout: false, ..free.clone() };
    let pixels = LatentSettings { steps: 1, ..small(ModelKind::Vae) };
    for (settings, wanted) in [(free, true), (fixed, false), (pixels, false)] {
        let mut trainer = trainer(&settings, &data, &Device::Cpu);
        finish(&mut trainer);
        let model = trainer.model(false).expect("a model");
        let bytes = model.to_bytes(false).expect("bytes");
        let opened = Model::from_bytes(&bytes, Path::new("kept")).expect("a model");
        assert_eq!((model.samples_data(), opened.samples_data()), (wanted, wanted), "{:?}", settings.model);
        let point = |model: &Model| model.sample(&mut Pcg64::seed_from_u64(5));
        assert_eq!(point(&model), point(&opened));
        let standard = normals(&mut Pcg64::seed_from_u64(5), settings.dimensions);
        assert_eq!(point(&model) == standard, !wanted);
    }
}

/// Of phase maps: the mean number of particles, and the mean area fraction.
fn particles(maps: &[PhaseMap]) -> (f64, f64) {
    let count = |map: &PhaseMap| Components::of(&map.indicator(1).view(), false, Boundary::Periodic).sizes.len();
    let n = maps.len() as f64;
    (
        maps.iter().map(|map| count(map) as f64).sum::<f64>() / n,
        maps.iter().map(|map| map.volume_fractions()[1]).sum::<f64>() / n,
    )
}

#[test]
fn the_loss_of_minkowski_functionals_clears_specks_and_smears() {
    let data = graphite(80, 32);
    let of = |values: &[f32]| phases(values, (32, 32), data.threshold, data.dark);
    let patches = data.train.iter().map(|p| of(&p.values.iter().map(|v| f32::from(*v)).collect::<Vec<f32>>()));
    let (wanted, _) = particles(&patches.collect::<Vec<PhaseMap>>());
    let samples = |minkowski_weight: f64| {
        let settings = LatentSettings {
            minkowski_weight,
            steps: 300,
            width: 32,
            depth: Layer::POOL2,
            batch: 8,
            ..small(ModelKind::Texture)
        };
        let mut trainer = trainer(&settings, &data, &Device::Cpu);
        finish(&mut trainer);
        let samples = samples_of(&trainer, 80);
        let grey = samples.iter().flatten().filter(|v| (40.0..215.0).contains(*v)).count() as f64;
        (grey, particles(&samples.iter().map(|s| of(s)).collect::<Vec<PhaseMap>>()))
    };
    let ((grey_without, (many, _)), (grey, (count, fraction))) = (samples(0.0), samples(50.0));
    assert!(grey < 0.6 * grey_without, "{grey_without} {grey}");
    assert!((count - wanted).abs() < 0.6 * (many - wanted), "{many} {count}, wanted {wanted}");
    assert!(fraction > 0.06, "the pictures are empty: {fraction}");
}

#[test]
fn first_patterns_do_not_become_empty_for_the_sake_of_their_particles() {
    let data = graphite(80, 32);
    for seed in 1..3 {
        let minkowski_weight = 3.0;
        let settings =
            LatentSettings { seed, minkowski_weight, width: 16, batch: 8, steps: 200, ..small(ModelKind::Texture) };
        let mut trainer = trainer(&settings, &data, &Device::Cpu);
        finish(&mut trainer);
        let maps = samples_of(&trainer, 40).into_iter().map(|s| phases(&s, (32, 32), data.threshold, data.dark));
        let (_, fraction) = particles(&maps.collect::<Vec<PhaseMap>>());
        assert!((0.08..0.3).contains(&fraction), "{seed}: {fraction}");
    }
}

#[test]
fn a_training_that_was_killed_goes_on_to_the_same_end() {
    let data = graphite(30, 32);
    let settings = LatentSettings {
        steps: 9,
        check_every: 3,
        patience: 5,
        correlation_weight: 1.0,
        lineal_weight: 1.0,
        minkowski_weight: 1.0,
        ..small(ModelKind::Texture)
    };
    let mut whole = trainer(&settings, &data, &Device::Cpu);
    finish(&mut whole);
    let mut killed = trainer(&settings, &data, &Device::Cpu);
    for _ in 0..5 {
        if killed.is_check_due() {
            killed.check(0).expect("a check");
        }
        killed.step().expect("a step");
    }
    let (tensors, text) = killed.checkpoint().expect("a checkpoint");
    drop(killed);
    let kept = tensor_bytes(&tensors, &text, false).expect("bytes");
    let (tensors, text) = read_tensors(&kept, Path::new("checkpoint")).expect("a checkpoint");
    let mut resumed = trainer(&settings, &data, &Device::Cpu);
    resumed.resume(&tensors, &text).expect("goes on");
    assert_eq!(resumed.steps(), 5);
    finish(&mut resumed);
    assert!(bytes(&whole) == bytes(&resumed));
    let resumed_settings = settings.clone();
    let mut other = trainer(&LatentSettings { beta: 0.5, ..settings }, &data, &Device::Cpu);
    let refused = other.resume(&tensors, &text).expect_err("another training");
    assert!(refused.to_string().contains("other settings"), "{refused}");
    let network = |text: &str| text.replace(Weights::built_in(Layer::CONV1_1).hash(), "another network");
    let refused = resumed.resume(&tensors, &network(&text)).expect_err("another network");
    assert!(refused.to_string().contains("feature networks have changed"), "{refused}");
    let networks = Networks::same(Weights::built_in(Layer::CONV1_1));
    for part in [0, 3] {
        let made = Trainer::in_parts(&resumed_settings, data.clone(), &networks, &Device::Cpu, part, &mut |_| true);
        assert!(made.is_err(), "a checkpoint that says parts of {part}");
    }
}

#[test]
fn a_model_of_another_style_network_needs_only_that_of_its_encoder() {
    let data = graphite(20, 32);
    let folder = folder("style");
    // A style network from a file: other numbers than the built-in ones.
    let file = folder.join("style.safetensors");
    std::fs::write(&file, first_layer()).expect("a file");
    let style = WeightsKind::File(file.clone());
    let settings = LatentSettings { steps: 4, check_every: 4, style: Some(style), ..small(ModelKind::Texture) };
    let mut of_style = trainer(&settings, &data, &Device::Cpu);
    finish(&mut of_style);
    let mut plain = trainer(&LatentSettings { style: None, ..settings.clone() }, &data, &Device::Cpu);
    finish(&mut plain);
    assert!(bytes(&of_style) != bytes(&plain), "the style network makes no difference");
    let model = of_style.model(false).expect("a model");
    assert!(model.summary.style_network != model.summary.network);
    std::fs::remove_file(&file).expect("a file");
    let opened = Model::from_bytes(&model.to_bytes(false).expect("bytes"), Path::new("x")).expect("a model");
    let weights = opened.weights().expect("built in");
    let mut reader = opened.reader(&Device::Cpu, &weights, (32, 32)).expect("a reader");
    let patch: Vec<f32> = data.train[0].values.iter().map(|v| f32::from(*v)).collect();
    assert_eq!(reader.encode(&patch).expect("a point").mean.len(), settings.dimensions);
    assert!(Networks::load(&settings).is_err(), "the training needs it");
    let _ = std::fs::remove_dir_all(folder);
}

/// The first convolution alone as a safetensors file.
fn first_layer() -> Vec<u8> {
    let header = concat!(
        r#"{"conv1_1.weight":{"dtype":"F32","shape":[64,3,3,3],"data_offsets":[0,6912]},"#,
        r#""conv1_1.bias":{"dtype":"F32","shape":[64],"data_offsets":[6912,7168]}}"#
    );
    let weights: Vec<u8> = (0..1792).flat_map(|n| ((n % 7) as f32 - 3.0).to_le_bytes()).collect();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &weights].concat()
}

#[test]
fn the_best_model_is_kept_when_training_stops_early() {
    let data = graphite(20, 32);
    // A rate at which it soon gets worse again.
    let settings =
        LatentSettings { rate: 0.05, steps: 400, check_every: 5, patience: 3, ..small(ModelKind::Autoencoder) };
    let mut trainer = trainer(&settings, &data, &Device::Cpu);
    finish(&mut trainer);
    let best = trainer.checks().iter().min_by(|a, b| a.total.total_cmp(&b.total)).expect("looks");
    assert_eq!(trainer.model(true).expect("a model").summary.steps, best.step);
}

#[test]
fn a_model_comes_back_from_its_file_and_other_files_are_refused() {
    let data = graphite(20, 32);
    let weights = Weights::built_in(Layer::CONV1_1);
    for (model, head) in
        [(ModelKind::Texture, Head::Pooled), (ModelKind::Texture, Head::Flattened), (ModelKind::Vae, Head::Pooled)]
    {
        let settings = LatentSettings { steps: 2, head, ..small(model) };
        let mut trainer = trainer(&settings, &data, &Device::Cpu);
        finish(&mut trainer);
        let mut made = trainer.model(false).expect("a model");
        assert!(made.summarise(&data, &weights, &Device::Cpu, &mut |_| true).expect("a summary"));
        assert_eq!(made.summary.divergence.len(), 4);
        let path = Path::new("model.safetensors");
        let back = Model::from_bytes(&made.to_bytes(false).expect("bytes"), path).expect("a model");
        // Not `assert_eq`: it would print every weight.
        assert!(back == made, "{model:?}");
        let half = Model::from_bytes(&made.to_bytes(true).expect("bytes"), path).expect("a model");
        let z = [0.5, -1.0, 0.0, 2.0];
        let pictures = [&made, &half].map(|m| {
            let mut painter = m.painter(&Device::Cpu, (32, 32)).expect("a painter");
            paint(&mut painter, &Cell { z: z.to_vec(), layout: 3 }).expect("a picture")
        });
        let off = pictures[0].iter().zip(&pictures[1]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 0.02, "f16 changes the picture by {off}");
    }
    let (weights, _) = (tensor_bytes(&Default::default(), "{}", false).expect("bytes"), ());
    let error = Model::from_bytes(&weights, Path::new("x.safetensors")).expect_err("no tensors");
    assert!(error.to_string().contains("x.safetensors cannot be opened as a latent model"), "{error}");
    let built_in = Model::built_in().expect("the built-in model");
    let mut other = built_in.clone();
    other.summary.network = "0123456789abcdef".into();
    let error = other.weights().expect_err("another network");
    assert!(built_in.weights().is_ok() && error.to_string().contains("are not those"), "{error}");
    other.settings.weights = WeightsKind::File(r"\\elsewhere\share\net.safetensors".into());
    let error = other.weights().expect_err("another machine");
    assert!(error.to_string().contains("not on this machine"), "{error}");
    assert!(Model::from_bytes(b"nothing", Path::new("x")).is_err());
}

#[test]
fn a_folder_of_odd_files_is_read_as_far_as_it_can_be() {
    use microwright::micrograph::{PhaseMap, PixelSize, write_labels_tiff};
    let folder = folder("odd");
    let inner = folder.join("ferrite");
    let write = |name: &str, (h, w): (usize, usize), metres: f64| {
        let labels = (0..h * w).map(|i| u8::from(i * 37 % 251 > 180)).collect();
        let map = PhaseMap::new((h, w), labels, 2);
        write_labels_tiff(&inner.join(name), &map, PixelSize::new(metres, "a test").as_ref()).expect("written");
    };
    write("a.tif", (70, 200), 1e-6);
    write("b.tif", (201, 333), 1e-6);
    write("c.tif", (128, 128), 5e-7);
    write("tiny.tif", (9, 11), 1e-6);
    std::fs::write(folder.join("broken.png"), b"\x89PNG\r\n\x1a\nnothing").expect("written");
    std::fs::write(folder.join("notes.txt"), b"not a picture").expect("written");
    let (pictures, left_out) = pictures_of_files(std::slice::from_ref(&folder), None, &|| false);
    let names: Vec<&str> = pictures.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["a.tif", "b.tif", "tiny.tif"]);
    assert!(pictures.iter().all(|p| p.label == "ferrite"));
    let said = |name: &str| left_out.iter().any(|text| text.contains(name));
    assert!(said("broken.png") && said("c.tif"), "{left_out:?}");
    assert!(
        !said("notes.txt"),
        "what has no picture's name is none, such as a text that a microscope writes: {left_out:?}"
    );
    let request = Train {
        source: PatchSource::Files(vec![folder.clone()], None),
        stride: 16,
        most_patches: 100,
        settings: LatentSettings { steps: 2, check_every: 1, ..small(ModelKind::Texture) },
        output: folder.join("model.safetensors"),
        as_f16: false,
        resume: false,
    };
    let job = Job::start(request, Arc::new(|| {}));
    let (mut warnings, mut model) = (vec![], None);
    let ending = loop {
        match job.wait(Duration::from_secs(60)).expect("an event") {
            Event::Warning(text) => warnings.push(text),
            Event::Output(made) => model = Some(made),
            Event::Ended(ending) => break ending,
            Event::Saved(_) => {}
        }
    };
    assert_eq!(ending, Ending::Finished, "{warnings:?}");
    assert!(warnings.iter().any(|w| w.contains("tiny.tif")), "{warnings:?}");
    assert!(model.is_some() && folder.join("model.safetensors").exists());
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn a_stopped_training_keeps_its_model_and_a_cancelled_one_its_checkpoint() {
    let folder = folder("stop");
    for (request, wanted) in [(Request::StopAndKeep, Ending::Kept), (Request::Cancel, Ending::Cancelled)] {
        let output = folder.join("model.safetensors");
        let training = Train {
            source: PatchSource::Graphite(30, 1),
            stride: 32,
            most_patches: 100,
            settings: LatentSettings { steps: 1_000_000, ..small(ModelKind::Texture) },
            output: output.clone(),
            as_f16: false,
            resume: false,
        };
        let job = Job::start(training, Arc::new(|| {}));
        while job.progress().is_none_or(|p| p.step < 3) {
            std::thread::sleep(Duration::from_millis(5));
        }
        job.request(request);
        let mut model = None;
        let ending = loop {
            match job.wait(Duration::from_secs(60)).expect("an event") {
                Event::Output(made) => model = Some(made),
                Event::Ended(ending) => break ending,
                _ => {}
            }
        };
        assert_eq!(ending, wanted);
        let checkpoint = Train::checkpoint(&output);
        if wanted == Ending::Kept {
            assert!(Model::open(&output).is_ok() && !checkpoint.exists());
        } else {
            assert!(checkpoint.exists() && model.is_none());
        }
    }
    std::fs::remove_dir_all(folder).expect("removed");
}

/// The model in the box on patches that it has never seen.
#[test]
fn the_boxed_model_knows_what_graphite_is_made_of() {
    let model = Model::built_in().expect("the built-in model");
    let weights = Weights::load(&model.settings.weights, model.settings.depth).expect("weights");
    let pictures = synthetic(300, 128, 4242);
    let patches = |n: std::ops::Range<usize>| -> Vec<Patch> {
        n.map(|n| Patch { values: pictures[n].values.clone(), source: n, place: (0, 0) }).collect()
    };
    let sources =
        pictures.iter().map(|p| Source { name: p.name.clone(), label: String::new(), factors: p.factors }).collect();
    let data = Dataset {
        edge: 128,
        sources,
        train: patches(0..2),
        held_out: patches(0..300),
        pixel_size: None,
        threshold: 127.5,
        dark: false,
        left_out: vec![],
    };
    let found =
        judge(&model, &data, &weights, &Device::Cpu, 1, &mut |_| true).expect("a judgement").expect("all of it");
    for (factor, (least, painted)) in found.factors.iter().zip(BOXED) {
        assert!(factor.r_squared >= least, "{}: R² {:.3}, wanted {least}", factor.name, factor.r_squared);
        let shown = factor.painted_r_squared;
        assert!(shown >= painted, "{}: R² of what is painted {shown:.3}, wanted {painted}", factor.name);
    }
    // One latent point gives layouts that have no more to do with each other than patches of the data.
    let (layouts, unrelated) = found.layout_correlation.expect("a free layout");
    assert!((layouts - unrelated).abs() < 0.05, "{layouts} {unrelated}");
    // Samples have the area fractions and the particle sizes of the data.
    for compared in [&found.volume_fractions, &found.component_sizes] {
        let (distance, _) = compared.kolmogorov_smirnov;
        assert!(distance < 0.2, "{distance}");
    }
    // Particles lie anywhere.
    let (samples, patches) = found.place_preference.expect("a texture");
    assert!(samples < 0.15 && patches < 0.15, "{samples} {patches}");
}

/// R² of nodularity, radius and area fraction that the model in the box reaches at least, of the latent means and of what is
/// painted of them, by a regression on 150 patches.
const BOXED: [(f64, f64); 3] = [(0.9, 0.8), (0.9, 0.85), (0.95, 0.95)];

#[test]
fn a_traversal_at_one_layout_is_smooth() {
    let model = Model::built_in().expect("the built-in model");
    let mut painter = model.painter(&Device::Cpu, (128, 128)).expect("a painter");
    let start = Cell { z: vec![0.0; model.settings.dimensions], layout: 5 };
    for row in traversal(&start, &[0, 1, 2], 10) {
        let strip: Vec<Vec<f32>> = row.iter().map(|cell| paint(&mut painter, cell).expect("a picture")).collect();
        let apart = |steps: usize| {
            let pairs = (0..10 - steps).map(|n| {
                let squares = strip[n].iter().zip(&strip[n + steps]).map(|(a, b)| f64::from(a - b).powi(2));
                squares.sum::<f64>()
            });
            pairs.clone().sum::<f64>() / pairs.count() as f64
        };
        assert!(apart(1) < apart(3) && apart(3) < apart(8), "{} {} {}", apart(1), apart(3), apart(8));
        // The middle of the strip: the same places, which another layout has not.
        let same = |a: &[f32], b: &[f32]| {
            let map = |v: &[f32]| phases(&v.iter().map(|x| 255.0 * x).collect::<Vec<f32>>(), (128, 128), 127.5, false);
            layout_correlation(&map(a), &map(b))
        };
        let other = paint(&mut painter, &Cell { layout: 6, ..row[4].clone() }).expect("a picture");
        assert!(same(&strip[4], &strip[5]) > same(&strip[4], &other) + 0.2);
    }
    assert!((correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]) - 1.0).abs() < 1e-12);
}
