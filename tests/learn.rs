//! Learning a property from files and a table, and predicting it of others.

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use microwright::embed::TextureSettings;
use microwright::job::{
    About, DistanceKind, Ending, Event, Job, Learn, Learned, MapSource, NetworkPreset, PredictProperty, Request, Task,
    columns_to_learn, write_learned,
};
use microwright::learn::{Architecture, NetworkInput, NetworkPlan, Regressor, Schedule, Split, read_predictor};
use microwright::micrograph::{write_image_png, write_labels_png};
use microwright::net::{Preprocessing, WeightsKind};
use microwright::synth::{self, Marble};
use ndarray::Array2;

/// Everything that a task gives, and how it ended.
fn finished<T: Task>(task: T) -> (Vec<T::Output>, Ending) {
    let job = Job::start(task, Arc::new(|| {}));
    let mut outputs = vec![];
    loop {
        match job.wait(Duration::from_secs(120)).expect("an event") {
            Event::Output(output) => outputs.push(output),
            Event::Ended(ending) => return (outputs, ending),
            _ => {}
        }
    }
}

/// A folder of structures, and a table with their fraction, their interface and a word.
fn folder(count: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut table = String::from("file,wavelength,fraction,always,word\n");
    for n in 0..count {
        let (wavelength, fraction) =
            (6.0 + (n * 7 % count) as f64 / count as f64 * 14.0, 0.3 + 0.4 * (n * 5 % count) as f64 / count as f64);
        let map = synth::bicontinuous(48, fraction, wavelength, n as u64 + 1);
        write_labels_png(&folder.path().join(format!("{n:03}.png")), &map, None).expect("a file");
        table += &format!("{n:03}.png,{wavelength},{fraction},7,soft\n");
    }
    std::fs::write(folder.path().join("values.csv"), table).expect("a table");
    folder
}

fn request(folder: &Path, column: &str) -> Learn {
    Learn {
        source: MapSource::Files(vec![folder.to_path_buf()]),
        table: Some(folder.join("values.csv")),
        column: column.into(),
        inputs: vec![DistanceKind::Statistics],
        regressors: vec![Regressor::Ridge, Regressor::GaussianProcess],
        split: Split::ByMicrograph(4),
        device: "cpu".into(),
        ..Learn::default()
    }
}

fn learned(request: Learn) -> Result<Arc<Learned>, String> {
    let (mut outputs, ending) = finished(request);
    match ending {
        Ending::Failed(reason) => Err(reason),
        _ => Ok(outputs.pop().expect("a result")),
    }
}

#[test]
fn a_wavelength_is_learned_kept_and_predicted() {
    let folder = folder(48);
    let found =
        columns_to_learn(&MapSource::Files(vec![folder.path().into()]), Some(&folder.path().join("values.csv")), None);
    assert_eq!(found.expect("columns"), ["wavelength", "fraction", "always"]);
    let textures = DistanceKind::Textures(
        WeightsKind::BuiltIn,
        TextureSettings {
            layers: vec![(microwright::net::Layer::named("conv1_1").expect("a layer"), 1.0)],
            ..TextureSettings::default()
        },
    );
    let inputs = vec![DistanceKind::Statistics, DistanceKind::Spectra, textures];
    let learned =
        learned(Learn { inputs, regressors: Regressor::ALL.to_vec(), ..request(folder.path(), "wavelength") });
    let learned = learned.expect("learned");
    assert_eq!(learned.attempts.len(), 15);
    let best = learned.best().validation.scores;
    assert!(best.r2 > 0.9, "{best:?}");
    assert!(learned.attempts.windows(2).all(|w| w[0].validation.scores.rmse <= w[1].validation.scores.rmse));
    // The volume fraction has nothing to do with the wavelength.
    let fractions = learned.fractions.as_ref().expect("phases").scores;
    assert!(fractions.r2 < 0.3 && learned.mean.scores.r2 < 0.05, "{fractions:?}");
    assert!(learned.verdict().contains("volume fractions alone reach"), "{}", learned.verdict());
    assert!(learned.curve.last().expect("points").scores.r2 > learned.curve[0].scores.r2);
    assert!(learned.notes.iter().any(|n| n.contains("best of 15 attempts")), "{:?}", learned.notes);
    let written = write_learned(&folder.path().join("out"), &learned).expect("files");
    assert!(written.iter().any(|p| p.ends_with("predicted-against-true.svg")), "{written:?}");
    let predictions = std::fs::read_to_string(folder.path().join("out/predictions.csv")).expect("a file");
    assert_eq!(predictions.lines().count(), 49);
    // What is unlike in its statistics is told by them.
    let of_statistics = self::learned(request(folder.path(), "wavelength")).expect("learned");
    let written = write_learned(&folder.path().join("statistics"), &of_statistics).expect("files");
    let file: &PathBuf = written.iter().find(|p| p.ends_with("learned.predictor")).expect("a predictor");
    let (predictor, about) = read_predictor(&std::fs::read(file).expect("bytes"), file).expect("a predictor");
    let about: About = serde_json::from_value(about).expect("how it reads");
    let other = tempfile::tempdir().expect("a folder");
    write_labels_png(&other.path().join("like.png"), &synth::bicontinuous(48, 0.5, 12.0, 99), None).expect("a file");
    write_labels_png(&other.path().join("unlike.png"), &synth::bicontinuous(48, 0.5, 2.5, 98), None).expect("a file");
    let source = MapSource::Files(vec![other.path().into()]);
    let predictor = Arc::new(predictor);
    let (outputs, ending) = finished(PredictProperty { predictor, about, source, device: "cpu".into() });
    assert_eq!(ending, Ending::Finished);
    let (found, left_out) = &outputs[0];
    assert!(left_out.is_empty(), "{left_out:?}");
    let [like, unlike] = found.as_slice() else { panic!("{found:?}") };
    assert!((like.forecast.value - 12.0).abs() < 2.0 + like.forecast.half_width, "{like:?}");
    assert!(like.forecast.novelty < 1.5 && unlike.forecast.novelty > 1.5, "{like:?} {unlike:?}");
}

#[test]
fn what_cannot_be_learned_is_said() {
    let folder = folder(12);
    for (column, part) in
        [("height", "There is no column height"), ("word", "words such as “soft”"), ("always", "the same value 7")]
    {
        let reason = learned(request(folder.path(), column)).expect_err(column);
        assert!(reason.contains(part), "{column}: {reason}");
    }
    let few = self::folder(5);
    let reason = learned(request(few.path(), "fraction")).expect_err("too few");
    assert!(reason.contains("5 micrographs with a value are too few"), "{reason}");
    let none = Learn { regressors: vec![], ..request(folder.path(), "fraction") };
    assert!(learned(none).expect_err("nothing").contains("Choose at least one"));
}

#[test]
fn grey_pictures_are_learned_from_without_statistics_of_phases() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut table = String::from("file,scale\n");
    for n in 0..12u64 {
        let mut marble = Marble::random(n);
        marble.scale = 3.0 + n as f64;
        let grey: Vec<f32> = marble.picture(48, n).into_iter().flat_map(|v| [f32::from(v); 3]).collect();
        write_image_png(&folder.path().join(format!("{n}.png")), &grey, (48, 48), None).expect("a file");
        table += &format!("{n}.png,{}\n", marble.scale);
    }
    std::fs::write(folder.path().join("values.csv"), table).expect("a table");
    let inputs = vec![DistanceKind::Statistics, DistanceKind::Spectra];
    let found = learned(Learn { inputs, ..request(folder.path(), "scale") }).expect("learned");
    assert_eq!(found.request.inputs, [DistanceKind::Spectra]);
    assert!(found.notes.iter().any(|n| n.contains("no micrograph has phases")), "{:?}", found.notes);
    let reason = learned(request(folder.path(), "scale")).expect_err("nothing to read");
    assert!(reason.contains("it has no phases"), "{reason}");
}

#[test]
fn copies_and_patches_of_a_micrograph_stay_together() {
    let folder = folder(12);
    std::fs::copy(folder.path().join("003.png"), folder.path().join("copy.png")).expect("a copy");
    let table = std::fs::read_to_string(folder.path().join("values.csv")).expect("a table");
    std::fs::write(folder.path().join("values.csv"), table + "copy.png,9,0.5,7,soft\n").expect("a table");
    let plain = learned(request(folder.path(), "fraction")).expect("learned");
    assert!(plain.notes.iter().any(|n| n.contains("the same picture twice")), "{:?}", plain.notes);
    assert_eq!((plain.samples().count(), plain.samples().micrographs()), (13, 12));
    let patches = Learn { patches: Some((24, 24)), ..request(folder.path(), "fraction") };
    let patches = learned(patches).expect("learned");
    assert_eq!((patches.samples().count(), patches.samples().micrographs()), (52, 12));
    let part = |n: usize| patches.best().validation.parts[n];
    for n in 0..52 {
        let same = (0..52).filter(|k| patches.samples().groups[*k] == patches.samples().groups[n]);
        assert!(same.into_iter().all(|k| part(k) == part(n)), "patch {n}");
    }
    let random = Learn { split: Split::Random(4), patches: Some((24, 24)), ..request(folder.path(), "fraction") };
    let random = learned(random).expect("learned");
    assert!(random.notes.iter().any(|n| n.contains("drawn at random")), "{:?}", random.notes);
}

/// Networks on pixels and on whole feature maps learn, are kept in a file and predict; what they cost is said before.
#[test]
fn networks_read_pictures() {
    let folder = folder(40);
    let pool2 = DistanceKind::Maps(WeightsKind::BuiltIn, microwright::net::Layer::named("pool2").expect("a layer"));
    let wanted = Learn {
        inputs: vec![DistanceKind::Pixels, pool2.clone()],
        regressors: vec![Regressor::Ridge, Regressor::Network],
        split: Split::ByMicrograph(2),
        repeats: 2,
        preset: NetworkPreset::Thorough,
        ..request(folder.path(), "fraction")
    };
    let (trainings, seconds) = wanted.network_cost().expect("a cost");
    assert_eq!(trainings, 9);
    assert!(seconds > 1.0 && seconds < 1e5, "{seconds}");
    let quick = Learn { preset: NetworkPreset::Quick, ..wanted.clone() };
    assert!(quick.network_cost().expect("a cost").1 < seconds);
    assert!(request(folder.path(), "fraction").network_cost().is_none());
    // Layers that stay as they are, on patches, beside a regression on pooled maps.
    let on_patches = Learn { inputs: vec![pool2], patches: Some((32, 32)), repeats: 1, ..wanted };
    let several = learned(on_patches).expect("learned");
    assert_eq!(several.attempts.len(), 2);
    let network = several.attempts.iter().find(|a| a.regressor == Regressor::Network).expect("a network");
    assert!(network.validation.scores.r2 > 0.3, "{:?}", network.validation.scores);
    assert_eq!(network.validation.each.len(), 2);
    let pixels = Learn {
        inputs: vec![DistanceKind::Pixels, DistanceKind::Statistics],
        regressors: vec![Regressor::Ridge, Regressor::Network],
        split: Split::ByMicrograph(2),
        ..request(folder.path(), "fraction")
    };
    // Pixels are read by the network alone, so that three attempts are left of four.
    let beside = learned(pixels.clone()).expect("learned");
    assert_eq!(beside.attempts.len(), 3);
    let pixels = Learn { inputs: vec![DistanceKind::Pixels], regressors: vec![Regressor::Network], ..pixels };
    let of_pixels = learned(pixels.clone()).expect("learned");
    assert!(of_pixels.best().validation.scores.r2 > 0.6, "{:?}", of_pixels.best().validation.scores);
    let written = write_learned(&folder.path().join("out"), &of_pixels).expect("files");
    for name in ["mean-squared-error-part-by-part.svg", "parts.csv"] {
        assert!(written.iter().any(|p| p.ends_with(name)), "{name}: {written:?}");
    }
    let file: &PathBuf = written.iter().find(|p| p.ends_with("learned.predictor")).expect("a predictor");
    let (predictor, about) = read_predictor(&std::fs::read(file).expect("bytes"), file).expect("a predictor");
    let about: About = serde_json::from_value(about).expect("how it reads");
    let source = MapSource::Files(vec![folder.path().join("000.png"), folder.path().join("001.png")]);
    let predictor = Arc::new(predictor);
    let task = PredictProperty { predictor, about, source, device: "cpu".into() };
    let (outputs, ending) = finished(task);
    assert_eq!(ending, Ending::Finished);
    for (found, value) in outputs[0].0.iter().zip(&of_pixels.samples().values) {
        assert!((found.forecast.value - value).abs() < 0.15 && found.forecast.novelty <= 1.5, "{found:?} {value}");
    }
    let alone = Learn { regressors: vec![Regressor::Ridge], ..pixels };
    assert!(learned(alone).expect_err("no network").contains("by a neural network alone"));
}

/// A GPU trains the network that the CPU does: from random weights, and with transferred layers kept and trained on.
#[test]
fn both_backends_train_the_same_networks() {
    let count = 24;
    let maps: Vec<_> = (0..count).map(|n| synth::bicontinuous(32, 0.25 + 0.02 * n as f64, 8.0, n as u64)).collect();
    let grey = |n: usize, at: usize| 255.0 * f64::from(maps[n].labels[[at / 32, at % 32]]);
    let rows = Array2::from_shape_fn((count, 32 * 32), |(n, at)| grey(n, at));
    let values: Vec<f64> = maps.iter().map(|map| map.volume_fractions()[1]).collect();
    let groups: Vec<usize> = (0..count).collect();
    let transferred: Vec<Arc<Vec<f32>>> = [27 * 8, 8, 9 * 64, 8]
        .map(|length| Arc::new((0..length).map(|n| ((n * 7919) % 101) as f32 / 300.0 - 0.17).collect()))
        .to_vec();
    for (start, frozen) in [(vec![], false), (transferred.clone(), true), (transferred, false)] {
        let preprocessing = (!start.is_empty()).then_some(Preprocessing::VGG_BGR);
        let input = NetworkInput::Picture { size: (32, 32), squares: 1, preprocessing };
        let architecture =
            Architecture { input, convolutions: vec![(8, true), (8, true)], averaged: true, units: vec![16] };
        // Few steps, since Adam magnifies what differs at gradients near zero.
        let schedule = Schedule { most_steps: 10, look: 5, batch: 10, frozen, ..Schedule::NUMBERS };
        let found: Vec<Vec<f64>> = common::devices()
            .into_iter()
            .map(|device| {
                let plan =
                    NetworkPlan { architecture: architecture.clone(), transferred: start.clone(), schedule, device };
                let network = plan.train(&rows, &values, &groups, &|_| true).expect("a network");
                network.run(&rows).expect("values").0
            })
            .collect();
        for other in &found[1..] {
            let largest = found[0].iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(largest < 0.01, "{largest}, frozen {frozen}");
        }
    }
}

/// A learning whose parts are too small for an R² is written without one.
#[test]
fn leaving_one_out_has_errors_of_single_samples() {
    let folder = folder(12);
    let one = Learn { split: Split::LeaveOneOut, ..request(folder.path(), "fraction") };
    let found = learned(one).expect("learned");
    let each = &found.best().validation.each;
    assert!(each.len() == 12 && each.iter().all(|e| e.mae.is_finite() && e.rmse.is_finite()), "{each:?}");
    let text = serde_json::to_string(&found.best().validation).expect("text");
    let read: microwright::learn::Validation = serde_json::from_str(&text).expect("a validation");
    assert_eq!(read, found.best().validation);
}

/// A learning that was ended goes on where it was, and finds what one without a break finds.
#[test]
fn a_learning_goes_on_where_it_was() {
    let folder = folder(24);
    let parts = folder.path().join("learning.parts");
    let wanted = Learn {
        regressors: vec![Regressor::Ridge, Regressor::Network],
        finished: Some(parts.clone()),
        ..request(folder.path(), "wavelength")
    };
    let job = Job::start(wanted.clone(), Arc::new(|| {}));
    let start = std::time::Instant::now();
    while !parts.exists() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    job.request(Request::Cancel);
    while !matches!(job.wait(Duration::from_secs(60)).expect("an event"), Event::Ended(_)) {}
    let text = std::fs::read_to_string(&parts).expect("what is done");
    assert!((1..8).contains(&text.lines().filter(|line| !line.is_empty()).count()), "{text}");
    let gone_on = learned(wanted.clone()).expect("learned");
    assert!(gone_on.notes.iter().any(|n| n.contains("were known from a learning")), "{:?}", gone_on.notes);
    assert!(!parts.exists());
    let without = learned(Learn { finished: None, ..wanted }).expect("learned");
    let scores = |l: &Learned| l.attempts.iter().map(|a| a.validation.clone()).collect::<Vec<_>>();
    assert_eq!(scores(&gone_on), scores(&without));
}
