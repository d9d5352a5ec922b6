//! Every reader against a hundred thousand damaged files: none may panic, and none may take memory without end.
//!
//! The damage is the same every time; with `MICROWRIGHT_FUZZ_SECONDS=3600` another one follows for so long, and with
//! `MICROWRIGHT_FUZZ_KINDS=png,npy` it is only done to files that end so.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use image::ImageEncoder;
use microwright::compute::Device;
use microwright::job::read_quickest_kernels;
use microwright::latent::{Dataset, LatentSettings, Model, Networks, Trainer, read_tensors, synthetic, tensor_bytes};
use microwright::learn::{
    Method, Predictor, ReductionKind, Regressor, Samples, Scores, predictor_bytes, read_predictor,
};
use microwright::micrograph::{
    self, Correction, Lesson, PixelSize, Prepare, Recipe, Segmentation, Stroke, array_bytes,
};
use microwright::net::{Layer, Weights, WeightsKind};
use microwright::project::{Compared, Part, Project};
use microwright::property::light::IndexTable;
use microwright::property::{Accuracy, Property, PropertySet, Wanted, evaluate, material};
use microwright::reconstruct::gram::{Gram, Saved};
use microwright::reconstruct::{Checkpoint, Report, SavedRun, Settings, Target, prepare};
use microwright::synth;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// Counts the bytes that are in use, and the most that were.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(used, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Damaged inputs in all, and the memory that reading small files may take: the largest picture that is read at all
/// (8,192 × 8,192) as its decoder holds it and as f32.
const INPUTS: usize = 100_000;
const MEMORY: usize = 2 << 30;

/// Changes, cuts, repeats or puts in some bytes.
fn damaged(bytes: &[u8], random: &mut Pcg64) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..random.random_range(1..6) {
        if out.is_empty() {
            break;
        }
        let at = random.random_range(0..out.len());
        match random.random_range(0..6) {
            0 => out[at] = random.random(),
            1 => out[at] ^= 1 << random.random_range(0..8),
            2 => out.truncate(at),
            3 => {
                let value = [0u8, 0xFF, 0x7F, 0x80][random.random_range(0..4)];
                let end = (at + random.random_range(1..5)).min(out.len());
                out[at..end].fill(value);
            }
            4 => {
                let end = (at + random.random_range(1..20)).min(out.len());
                let piece = out[at..end].to_vec();
                out.splice(at..at, piece);
            }
            _ => {
                let end = (at + random.random_range(1..20)).min(out.len());
                out.drain(at..end);
            }
        }
    }
    out
}

fn picture(format: image::ImageFormat) -> Vec<u8> {
    let pixels: Vec<u8> = (0..12 * 9 * 3).map(|n| (n * 37 % 251) as u8).collect();
    let mut out = std::io::Cursor::new(vec![]);
    image::write_buffer_with_format(&mut out, &pixels, 12, 9, image::ExtendedColorType::Rgb8, format)
        .expect("a picture");
    out.into_inner()
}

/// A small TIFF with the tags of a maker, which the writer of this program does not write.
fn sem_tiff() -> Vec<u8> {
    let text = b"[Scan]\r\nPixelWidth=2.5e-009\r\n[Image]\r\nResolutionX=8\r\nResolutionY=5\r\n[PrivateFei]\r\nDatabarHeight=1\r\n\0";
    let (width, height) = (8u32, 6u32);
    let entries: [(u16, u16, u32, u32); 10] = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 134 + text.len() as u32),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, width * height),
        (34682, 2, text.len() as u32, 134),
    ];
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    out.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend(0u32.to_le_bytes());
    out.extend(text);
    out.extend((0..width * height).map(|n| (n * 5) as u8));
    out
}

fn seeds(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    use image::ImageFormat::{Bmp, Jpeg, Png, Tiff, WebP};
    let mut sixteen = vec![];
    let pixels: Vec<u8> = (0..10 * 7 * 2).map(|n| (n * 91 % 253) as u8).collect();
    image::codecs::png::PngEncoder::new(&mut sixteen)
        .write_image(&pixels, 10, 7, image::ExtendedColorType::L16)
        .expect("a picture");
    let stroke = Stroke { phase: 1, radius: 2.0, points: Arc::new(vec![[1.0, 1.0], [4.0, 6.0]]) };
    let recipe = Recipe {
        pixel_size: PixelSize::new(1e-8, "typed"),
        prepare: vec![Prepare::CutBottom { rows: 1 }, Prepare::Median { radius: 1 }],
        segmentation: Segmentation::Strokes(Lesson { strokes: vec![stroke.clone()], ..Lesson::default() }),
        corrections: vec![Correction::Despeckle { pixels: 3 }, Correction::Brush(stroke), Correction::Invert],
        ..Recipe::default()
    };
    let map = synth::bicontinuous(12, 0.4, 6.0, 1);
    let mut part = Part::default();
    part.put(&vec![1, 2, 3]);
    part.put_map("pool1", &map);
    let project = Project {
        micrograph: Some(Arc::new(synth::from_labels("seed", &map))),
        settings: Settings { recipe: recipe.clone(), ..Settings::default() },
        realisations: vec![],
        compared: vec![Compared { name: "other".into(), map: Arc::new(map.clone()), pixel_size: None }],
        parts: BTreeMap::from([("study".into(), part)]),
    };
    let path = folder.join("seed.microwright");
    project.save(&path).expect("a file");
    let project = std::fs::read(&path).expect("bytes");
    let tiff = folder.join("seed.tiff");
    micrograph::write_labels_tiff(&tiff, &map, PixelSize::new(2e-7, "typed").as_ref()).expect("a file");
    let floats: Vec<f32> = (0..40).map(|n| n as f32 / 7.0).collect();
    vec![
        ("a.png", picture(Png)),
        ("b.png", sixteen),
        ("c.jpg", picture(Jpeg)),
        ("d.bmp", picture(Bmp)),
        ("e.webp", picture(WebP)),
        ("f.tiff", picture(Tiff)),
        ("g.tiff", std::fs::read(&tiff).expect("bytes")),
        ("h.tiff", sem_tiff()),
        ("i.npy", array_bytes(&floats, (5, 8), 1)),
        ("j.npy", array_bytes(&[1.0, 2.0, 3.0], (1, 1), 3)),
        ("k.json", recipe.text().into_bytes()),
        ("l.microwright", project),
        ("v.predictor", predictor()),
        ("t.set.json", material_set().to_json().into_bytes()),
        ("u.nk", b"wl,n\n0.4,1.5\n0.6,1.4\n\nwl,k\n0.4,0.2\n0.8,0.4\n".to_vec()),
        ("m.txt", b"$CM_FULL_SIZE 1280 960\r\n$$SM_MICRON_BAR 91\r\n$$SM_MICRON_MARKER 10um\r\n".to_vec()),
        ("n.safetensors", first_layer()),
        ("o.model", trainer().model(false).expect("a model").to_bytes(false).expect("bytes")),
        ("p.training", {
            let (tensors, text) = trainer().checkpoint().expect("a checkpoint");
            tensor_bytes(&tensors, &text, false).expect("bytes")
        }),
        ("q.checkpoint", checkpoint(&folder.join("seed.checkpoint"))),
        (
            "r.kernels",
            br#"{"card / vulkan / 1.2 / ab12": {"64 to 64 channels": "winograd", "3 to 64": "few"}}"#.to_vec(),
        ),
        // As long as the published shard of the first layer, whose content is not at hand: all of it is to be refused.
        ("s.tfjs", 1f32.to_le_bytes().repeat(1792)),
    ]
}

/// The first convolution alone as a safetensors file, every weight 1.
fn first_layer() -> Vec<u8> {
    let header = concat!(
        r#"{"conv1_1.weight":{"dtype":"F32","shape":[64,3,3,3],"data_offsets":[0,6912]},"#,
        r#""conv1_1.bias":{"dtype":"F32","shape":[64],"data_offsets":[6912,7168]}}"#
    );
    let weights = 1f32.to_le_bytes().repeat(1792);
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &weights].concat()
}

/// A small predictor on three inputs.
fn predictor() -> Vec<u8> {
    let rows = ndarray::Array2::from_shape_fn((12, 3), |(n, k)| ((n * (2 * k + 3) * 7) % 11) as f64);
    let values = (0..12).map(|n| n as f64).collect();
    let names = (0..12).map(|n| n.to_string()).collect();
    let samples = Samples { names, groups: (0..12).collect(), rows, values, fractions: None };
    let kind = ReductionKind::Components(2);
    let made = Predictor::learn(samples, None, &Method::new(Regressor::Ridge, kind), Scores::default(), 1.0, &|_| true);
    let made = made.expect("a fit");
    predictor_bytes(&made, serde_json::json!({ "column": "E" })).expect("bytes")
}

/// A property set with a table of n and k.
fn material_set() -> PropertySet {
    let mut set = PropertySet::of(["Air", "Amorphous silicon"].map(|n| material(n).cloned().expect("known")).to_vec());
    set.light.upper_layers.push([50.0, 1.5, 0.0]);
    set
}

/// Computes what a set says of a small map; what comes out does not matter.
fn use_set(set: &PropertySet) {
    let map = synth::bicontinuous(6, 0.4, 3.0, 1);
    let mut set = set.clone();
    set.light.orders = set.light.orders.min(3);
    set.light.wavelengths.truncate(1);
    set.light.upper_layers.truncate(2);
    set.light.lower_layers.truncate(2);
    let wanted = Wanted {
        properties: Property::ALL.to_vec(),
        accuracy: Accuracy { iterations: 50, ..Accuracy::default() },
        ..Wanted::default()
    };
    evaluate(&map, Some(1e-8), &set, &wanted, &|_, _| true).expect("not cancelled");
}

/// The checkpoint of a small reconstruction.
fn checkpoint(path: &Path) -> Vec<u8> {
    let micrograph = synth::from_labels("seed", &synth::bicontinuous(12, 0.4, 6.0, 1));
    let settings = Settings::of(Gram { depth: Layer::CONV1_1, levels: 1, ..Gram::default() });
    let target = Arc::new(Target::new(micrograph, &settings.recipe).expect("an original"));
    let mut reconstruction = prepare(&target, &settings, Device::Cpu).expect("a reconstruction");
    reconstruction.begin(1).expect("a realisation");
    reconstruction.step(&|| false).expect("an iteration");
    let fingerprint = target.fingerprint().to_string();
    let run = SavedRun { settings, fingerprint, weights: None, realisation: 0, seed: 1, seconds: 1.0 };
    Checkpoint { run, state: reconstruction.state() }.save(path).expect("a file");
    std::fs::read(path).expect("bytes")
}

/// A small latent model at its start.
fn trainer() -> Trainer {
    let settings = LatentSettings {
        dimensions: 2,
        edge: 32,
        width: 4,
        depth: Layer::CONV1_1,
        batch: 2,
        ..LatentSettings::default()
    };
    let data = Arc::new(Dataset::new(&synthetic(16, 32, 1), 32, 32, 1000, 1).expect("patches"));
    let networks = Networks::same(Weights::built_in(Layer::CONV1_1));
    let trainer = Trainer::new(&settings, data, &networks, &Device::Cpu, &mut |_| true).expect("a trainer");
    trainer.expect("not stopped")
}

/// Reads a file with the reader that its name asks for; what it says does not matter.
fn read(path: &Path, name: &str) {
    match name.rsplit('.').next() {
        Some("json") if name.ends_with(".set.json") => {
            if let Ok(set) = PropertySet::read(path) {
                use_set(&set);
            }
        }
        Some("predictor") => {
            if let Ok((read, _)) = read_predictor(&std::fs::read(path).expect("bytes"), path) {
                let _ = read.forecast(&[1.0, 2.0, 3.0]);
            }
        }
        Some("nk") => {
            let text = String::from_utf8_lossy(&std::fs::read(path).expect("bytes")).into_owned();
            if let Ok(table) = IndexTable::from_text(&text) {
                let _ = table.at(500.0);
            }
        }
        Some("json") => {
            if let Ok(recipe) = Recipe::read(path) {
                // What was read is also done.
                let picture = synth::from_labels("picture", &synth::bicontinuous(12, 0.4, 6.0, 1));
                let _ = recipe.apply(&picture);
            }
            let _ = Report::read(path);
        }
        Some("microwright") => {
            let _ = Project::read(path);
        }
        Some("safetensors") => {
            let _ = Weights::load(&WeightsKind::File(path.into()), Layer::CONV1_1);
        }
        Some("tfjs") => {
            let folder = path.with_extension("shards");
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::copy(path, folder.join("group1-shard1of1")).expect("a file");
            assert!(Weights::load(&WeightsKind::File(folder), Layer::CONV1_1).is_err(), "not what was published");
        }
        Some("model") => {
            if let Ok(model) = Model::open(path) {
                // What was opened can be used.
                let size = (model.settings.edge, model.settings.edge);
                let z = model.sample(&mut Pcg64::seed_from_u64(1));
                assert_eq!(z.len(), model.settings.dimensions);
                assert!(model.settings.edge > 64 || model.painter(&Device::Cpu, size).is_ok());
            }
        }
        Some("training") => {
            let bytes = std::fs::read(path).expect("bytes");
            if let Ok((tensors, text)) = read_tensors(&bytes, path) {
                let _ = Trainer::part_of(&text);
                // Made once for each worker: it is the same training whatever is resumed.
                thread_local!(static TRAINER: RefCell<Trainer> = RefCell::new(trainer()));
                let _ = TRAINER.with_borrow_mut(|trainer| trainer.resume(&tensors, &text));
            }
        }
        Some("checkpoint") => {
            let _ = SavedRun::read(path);
            let _ = Checkpoint::read(path).map(|saved| Saved::read(&saved.state));
        }
        Some("kernels") => {
            let _ = read_quickest_kernels(path);
        }
        Some("txt") => {
            let picture = path.with_extension("png");
            let _ = micrograph::read(&picture);
        }
        _ => {
            let _ = micrograph::read(path);
            let _ = micrograph::read_part(path, &micrograph::Part { page: 1, crop: None });
            let _ = micrograph::pages(path);
        }
    }
}

#[test]
fn no_reader_panics_or_takes_memory_without_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let seeds = seeds(folder.path());
    for (name, bytes) in &seeds {
        // The seeds themselves are what their names say, or the damage would test nothing.
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        match name.rsplit('.').next() {
            Some("json") if name.ends_with(".set.json") => use_set(&PropertySet::read(&path).expect(name)),
            Some("predictor") => drop(read_predictor(bytes, &path).expect(name)),
            Some("nk") => drop(IndexTable::from_text(std::str::from_utf8(bytes).expect("text")).expect(name)),
            Some("json") => drop(Recipe::read(&path).expect(name)),
            Some("microwright") => drop(Project::read(&path).expect(name)),
            Some("model") => drop(Model::open(&path).expect(name)),
            Some("checkpoint") => drop(Saved::read(&Checkpoint::read(&path).expect(name).state).expect(name)),
            Some("training") => drop(read_tensors(bytes, &path).expect(name)),
            Some("kernels") => assert!(!read_quickest_kernels(&path).is_empty(), "{name}"),
            Some("safetensors") => drop(Weights::load(&WeightsKind::File(path), Layer::CONV1_1).expect(name)),
            Some("txt" | "tfjs") => {}
            _ => drop(micrograph::read(&path).expect(name)),
        }
    }
    assert_eq!(micrograph::read(&folder.path().join("h.tiff")).expect("a picture").bar_rows, Some(1));
    let picture = seeds[0].1.clone();
    let kinds = std::env::var("MICROWRIGHT_FUZZ_KINDS").ok();
    let is_asked = |name: &str| kinds.as_ref().is_none_or(|kinds| kinds.split(',').any(|kind| name.ends_with(kind)));
    let seeds: Vec<_> = seeds.into_iter().filter(|(name, _)| is_asked(name)).collect();
    assert!(!seeds.is_empty(), "no kind of file is called {kinds:?}");
    let seconds = std::env::var("MICROWRIGHT_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (start, first_seed) = (std::time::Instant::now(), if seconds > 0 { now } else { 0 });
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let (seeds, picture, folder) = (&seeds, &picture, folder.path().join(format!("worker-{worker}")));
            scope.spawn(move || {
                std::fs::create_dir(&folder).expect("a folder");
                std::fs::write(folder.join("m.png"), picture).expect("a file");
                let mut random = Pcg64::seed_from_u64(first_seed + worker as u64);
                for n in 0.. {
                    if n >= INPUTS / workers && start.elapsed().as_secs() >= seconds {
                        eprintln!("{n} damaged files");
                        break;
                    }
                    let (name, bytes) = &seeds[n % seeds.len()];
                    let path = folder.join(name);
                    let bytes = damaged(bytes, &mut random);
                    std::fs::write(&path, &bytes).expect("a file");
                    let read = std::panic::catch_unwind(|| read(&path, name));
                    assert!(read.is_ok(), "{name} with {bytes:?} made the reader panic");
                }
            });
        }
    });
    let most = MOST.load(Ordering::Relaxed);
    assert!(most < workers * MEMORY, "{} MiB were taken", most >> 20);
}
