//! The networks of a learning: their layers, how long they are trained, and how long that takes.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

use ndarray::Array2;

use super::preset::NetworkPreset;
use super::request::Learn;
use crate::compute::Device;
use crate::job::Failure;
use crate::job::map::{DistanceKind, MapSource, SMALLEST_READ};
use crate::learn::{Architecture, NetworkInput, NetworkPlan, Regressor, Schedule, Split};
use crate::net::{Layer, LayerKind, Weights};

/// Four 3 × 3 convolutions with pooling and full layers, after Cang et al. (Comput. Mater. Sci. 150:212, 2018).
fn on_pixels(preset: NetworkPreset, size: (usize, usize), device: Device) -> NetworkPlan {
    let longest = size.0.max(size.1);
    let most = size.0.min(size.1) / SMALLEST_READ;
    let squares = |edge: usize| longest.div_ceil(edge).clamp(1, most.max(1));
    let wide = ([32, 64, 64, 128], vec![128]);
    let long = Schedule { dropout: 0.2, most_steps: 3000, look: 20, patience: 25, ..Schedule::NUMBERS };
    let ((channels, units), squares, schedule) = match preset {
        NetworkPreset::Quick => {
            (([16, 32, 32, 64], vec![64]), squares(64), Schedule { most_steps: 400, patience: 12, ..Schedule::NUMBERS })
        }
        NetworkPreset::Thorough => (wide, squares(128), long),
        NetworkPreset::AsPublished => (wide, 1, Schedule { dropout: 0.0, ..long }),
    };
    let input = NetworkInput::Picture { size, squares, preprocessing: None };
    let averaged = preset != NetworkPreset::AsPublished;
    let architecture = Architecture { input, convolutions: channels.map(|n| (n, true)).to_vec(), averaged, units };
    NetworkPlan { architecture, transferred: vec![], schedule, device }
}

/// Layers of a network that was trained on photographs, with two new full layers on their flattened map, after Li et al.
/// (Sci. Rep. 8:13461, 2018).
fn transferred(
    (weights, layer): (&Weights, Layer),
    preset: NetworkPreset,
    frozen: bool,
    size: (usize, usize),
    device: Device,
) -> NetworkPlan {
    let (mut convolutions, mut kernels) = (vec![], vec![]);
    for layer in layer.kept() {
        match layer.kind() {
            LayerKind::Pool => convolutions.iter_mut().last().into_iter().for_each(|(_, pooled)| *pooled = true),
            LayerKind::Conv { outputs, .. } => {
                convolutions.push((outputs, false));
                let own = weights.layer(layer.name()).map(|(kernels, bias)| [kernels.clone(), bias.clone()]);
                kernels.extend(own.into_iter().flatten());
            }
        }
    }
    let input = NetworkInput::Picture { size, squares: 1, preprocessing: Some(weights.preprocessing()) };
    let published = Schedule {
        dropout: 0.5,
        rate: 5e-4,
        decays: (0.5, 0.99),
        batch: 50,
        most_steps: 400,
        look: 4,
        patience: 50,
        frozen,
    };
    let (units, schedule) = match preset {
        NetworkPreset::AsPublished => (vec![2048, 1024], published),
        _ => (vec![512, 256], Schedule { patience: 25, frozen: true, ..published }),
    };
    let architecture = Architecture { input, convolutions, averaged: false, units };
    NetworkPlan { architecture, transferred: kernels, schedule, device }
}

/// Whether a network on these inputs reads the pictures themselves.
pub fn reads_pictures(kind: &DistanceKind, preset: NetworkPreset) -> bool {
    match kind {
        DistanceKind::Pixels => true,
        DistanceKind::Maps(..) => preset != NetworkPreset::Quick,
        _ => false,
    }
}

/// The plan of a network that reads pictures of a size.
///
/// # Errors
/// The weights cannot be read, or the pictures are too small or too large for it.
pub fn plan_of(
    kind: &DistanceKind,
    request: &Learn,
    size: (usize, usize),
    device: &Device,
) -> Result<NetworkPlan, Failure> {
    let weights = match kind {
        DistanceKind::Maps(own, layer) => Some(Weights::load(own, *layer)?),
        _ => None,
    };
    let plan = plan_with(weights.as_ref(), kind, request, size, device);
    match plan.architecture.is_sound() {
        true => Ok(plan),
        false => Err(Failure(format!(
            "A network cannot read {} × {} pixels in this preset: they are too few or too many. Cut patches, or choose another preset.",
            size.0, size.1
        ))),
    }
}

/// The plan with these weights of its transferred layers; without them these are zeros, which is enough to know what it costs.
fn plan_with(
    weights: Option<&Weights>,
    kind: &DistanceKind,
    request: &Learn,
    size: (usize, usize),
    device: &Device,
) -> NetworkPlan {
    let DistanceKind::Maps(_, layer) = kind else { return on_pixels(request.preset, size, device.clone()) };
    let weights = weights.cloned().unwrap_or_else(|| Weights::blank(*layer));
    transferred((&weights, *layer), request.preset, request.frozen, size, device.clone())
}

impl Learn {
    /// How many trainings of networks on pictures it asks for, and the seconds that all their steps take, about: measured with a
    /// small network on this machine's cores. None without such networks, or where no picture can be read.
    pub fn network_cost(&self) -> Option<(usize, f64)> {
        let kinds: Vec<&DistanceKind> = match self.regressors.contains(&Regressor::Network) {
            true => self.inputs.iter().filter(|kind| reads_pictures(kind, self.preset)).collect(),
            false => vec![],
        };
        if kinds.is_empty() {
            return None;
        }
        let members = self.source.named_members().members;
        let whole = size_of(&self.source, members.iter().find_map(|member| member.path.as_deref()))?;
        let (size, patches) = match self.patches {
            Some((edge, stride)) => {
                let along = |length: usize| length.saturating_sub(edge) / stride.max(1) + 1;
                ((edge.min(whole.0), edge.min(whole.1)), along(whole.0) * along(whole.1))
            }
            None => (whole, 1),
        };
        let count = members.len() * patches;
        let parts = match self.split {
            Split::LeaveOneOut => members.len(),
            Split::ByMicrograph(parts) | Split::Random(parts) => parts * self.repeats.max(1),
        };
        let of = |kind: &&DistanceKind| plan_with(None, kind, self, size, &Device::Cpu).operations(count).ok();
        let operations: f64 = kinds.iter().map(of).sum::<Option<f64>>()?;
        // One more training makes the predictor.
        let trainings = kinds.len() * parts + 1;
        Some((trainings, operations * (parts as f64 + 1.0 / kinds.len() as f64) / operations_per_second()?))
    }
}

/// Height and width of the first picture of a source.
fn size_of(source: &MapSource, first: Option<&Path>) -> Option<(usize, usize)> {
    match source {
        MapSource::Files(_) => crate::micrograph::read(first?).ok().map(|m| (m.values.dim().0, m.values.dim().1)),
        MapSource::Pictures(pictures) => pictures.first().map(|picture| (picture.height, picture.width)),
        MapSource::Marble(_, edge, _) | MapSource::Graphite(_, edge, _) => Some((*edge, *edge)),
    }
}

/// Multiplications and additions per second of a training on the cores, measured once.
fn operations_per_second() -> Option<f64> {
    static MEASURED: OnceLock<Option<f64>> = OnceLock::new();
    *MEASURED.get_or_init(|| {
        const STEPS: usize = 12;
        let mut plan = on_pixels(NetworkPreset::Thorough, (64, 64), Device::Cpu);
        plan.schedule.most_steps = STEPS;
        let count = 48;
        let rows = Array2::from_shape_fn((count, 64 * 64), |(n, at)| ((n * 31 + at * 7) % 256) as f64);
        let values: Vec<f64> = (0..count).map(|n| (n % 7) as f64).collect();
        let groups: Vec<usize> = (0..count).collect();
        let start = Instant::now();
        // Its looks at the held-out part never come, so it says that it diverged; its steps count.
        let _ = plan.train(&rows, &values, &groups, &|_| true);
        let seconds = start.elapsed().as_secs_f64();
        plan.operations(count).ok().map(|operations| operations / seconds)
    })
}

/// A time in words, rounded to what can be known of it.
pub fn about_seconds(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{:.0} s", (s / 10.0).ceil() * 10.0),
        s if s < 90.0 * 60.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
