//! Gram matrices and gradients of an image window by window, where the whole does not fit the memory.
//!
//! A Gram matrix is a sum over positions, so it can be taken in pieces. Each position is summed in the one window that
//! owns it; a window reaches further than what it owns, so that its own artificial edges touch no position that counts,
//! and what they have touched is cut off layer by layer. What is left is that of the whole image to the last bit, and no
//! activation falls on the other side of ReLU. A first pass over all windows sums the Gram matrices; a second one recomputes each
//! window and carries the gradient back to its pixels, where those of neighbouring windows add up. What the second pass
//! needs of the layers behind the last pooling that has layers behind it (the signs of their activations in bits, and the
//! maps at the end) the first one keeps where the memory allows, so that these layers need not be recomputed.

mod windows;

use self::windows::{Frame, Places, Reach, pixels};
use super::loss::{Grams, LossSettings};
use crate::compute::graph::{Graph, Op, Shape, TensorId};
use crate::compute::{ComputeError, Device, DeviceKind, Program, planned_memory};
use crate::net::{Depth, Weights, features};

pub use self::windows::Tiling;

/// The tilings of both passes.
#[derive(Clone, Debug, PartialEq)]
pub struct Tilings {
    /// Of the pass that sums the Gram matrices.
    pub measure: Tiling,
    /// Of the pass that carries the gradient back: the same where the first one keeps something for it.
    pub carry: Tiling,
    /// Whether the first pass keeps what the second needs of the last layers.
    pub keeps: bool,
    /// Bytes of the larger of the two programs, of image and gradient, and of what is kept.
    pub bytes: u64,
    /// Multiplications and additions of both passes.
    pub operations: u64,
}

/// What the windows of a tiling are run for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// The Gram matrices.
    Measure,
    /// The gradient.
    Carry,
    /// One after the other, something being kept in between.
    Both,
}

/// The tiling for one pass or both, with its bytes and operations: the largest windows that stay within `limit` bytes, or
/// the smallest there are.
///
/// # Errors
/// The image is too small for the depth.
fn tiling(
    kind: DeviceKind,
    weights: &Weights,
    size: (usize, usize),
    settings: &LossSettings,
    limit: u64,
    pass: Pass,
) -> Result<Option<(Tiling, u64, u64)>, ComputeError> {
    let held = 2 * Shape::new(size.0, size.1, 3).bytes();
    let (mut parts, mut best) = ((1, 1), None);
    while let Some(tiling) = Tiling::new(size, parts, settings.deepest(), settings.padding) {
        let largest = tiling.largest();
        let (height, width) = largest.size;
        let graph = WindowGraph::new(weights, (&tiling.reach, largest), settings, pass != Pass::Measure)?;
        let kept = if pass == Pass::Both { graph.kept_bytes() } else { 0 };
        let runs = match pass {
            Pass::Measure => vec![graph.measure(false)],
            Pass::Carry => vec![graph.carry(false)],
            Pass::Both => vec![graph.clone().measure(true), graph.carry(true)],
        };
        let bytes = runs.iter().map(|run| planned_memory(kind, &run.graph, &run.outputs).bytes).max().unwrap_or(0);
        let bytes = bytes + held + tiling.len() as u64 * kept;
        let operations: u64 = runs.iter().map(|run| run.graph.operations(&run.outputs)).sum();
        let operations = (operations as f64 * tiling.largests()) as u64;
        best = Some((tiling, bytes, operations));
        if bytes <= limit {
            break;
        }
        // The longer edge is cut again.
        if height >= width { parts.0 += 1 } else { parts.1 += 1 }
    }
    Ok(best)
}

/// The windows in which Gram matrices alone are measured within `limit` bytes, and their bytes.
///
/// # Errors
/// The image is too small for the depth.
pub fn measuring(
    kind: DeviceKind,
    weights: &Weights,
    size: (usize, usize),
    settings: &LossSettings,
    limit: u64,
) -> Result<Option<(Tiling, u64)>, ComputeError> {
    Ok(tiling(kind, weights, size, settings, limit, Pass::Measure)?.map(|(tiling, bytes, _)| (tiling, bytes)))
}

/// The windows of both passes within `limit` bytes: those with the fewest operations, or else the smallest.
///
/// # Errors
/// The image is too small for the depth.
pub fn tilings(
    kind: DeviceKind,
    weights: &Weights,
    size: (usize, usize),
    settings: &LossSettings,
    limit: u64,
) -> Result<Option<Tilings>, ComputeError> {
    let pass = |pass| tiling(kind, weights, size, settings, limit, pass);
    let (Some((measure, a, first)), Some((carry, b, second))) = (pass(Pass::Measure)?, pass(Pass::Carry)?) else {
        return Ok(None);
    };
    let apart = Tilings { measure, carry, keeps: false, bytes: a.max(b), operations: first + second };
    let both = pass(Pass::Both)?.map(|(both, bytes, operations)| Tilings {
        measure: both.clone(),
        carry: both,
        keeps: true,
        bytes,
        operations,
    });
    Ok(both.filter(|both| both.bytes <= limit && both.operations < apart.operations).or(Some(apart)))
}

/// The network over one window.
#[derive(Clone)]
struct WindowGraph {
    graph: Graph,
    image: TensorId,
    taps: Vec<Tap>,
    grams: Vec<TensorId>,
    gradient: Option<TensorId>,
    /// What the gradient needs of the layers behind the last pooling that has layers behind it.
    kept: Vec<TensorId>,
    /// What the pass computes that it was made for.
    outputs: Vec<TensorId>,
}

/// A tapped layer.
#[derive(Clone)]
struct Tap {
    depth: Depth,
    /// Of its map.
    shape: Shape,
    /// The input for the region that counts.
    region: TensorId,
    /// The input for the gradient of its Gram matrix.
    seed: Option<TensorId>,
}

impl Tap {
    /// The window's positions by those of an image of this size, which they are divided by in the end.
    fn share(&self, (height, width): (usize, usize)) -> f64 {
        let stride = self.depth.stride();
        self.shape.positions() as f64 / ((height / stride) * (width / stride)) as f64
    }
}

/// What the first pass keeps of each window.
pub type Kept = Vec<Vec<f32>>;

impl WindowGraph {
    /// Gram matrices of what a window owns, and with `backward` the gradient of its pixels from those of the matrices.
    fn new(
        weights: &Weights,
        (reach, frame): (&Reach, Frame),
        settings: &LossSettings,
        backward: bool,
    ) -> Result<Self, ComputeError> {
        let mut graph = Graph::new();
        let image = graph.input(Shape::new(frame.size.0, frame.size.1, 3));
        let (layers, padding, cuts) = (settings.layers(), frame.padding(settings.padding), reach.cuts(frame));
        let found = features(&mut graph, image, weights, &layers, padding, settings.pooling, &cuts)?;
        let (mut taps, mut grams, mut seeded, mut last) = (vec![], vec![], vec![], image);
        for (depth, map) in found.taps {
            let region = graph.input(Shape::new(1, 1, 4));
            let gram = graph.gram_within(map, region)?;
            let seed = backward.then(|| graph.input(graph.shape(gram)));
            seeded.extend(seed.map(|seed| (gram, seed)));
            taps.push(Tap { depth, shape: graph.shape(map), region, seed });
            grams.push(gram);
            last = last.max(map);
        }
        let gradient = if backward { Some(graph.pull_back(&seeded, image)?) } else { None };
        let kept = gradient.map_or(vec![], |gradient| needed_behind_pooling(&graph, last, gradient));
        Ok(Self { graph, image, taps, grams, gradient, kept, outputs: vec![] })
    }

    /// Bytes that are kept of a window.
    fn kept_bytes(&self) -> u64 {
        self.kept.iter().map(|id| self.graph.shape(*id).bytes()).sum()
    }

    /// The first pass, which computes the Gram matrices and perhaps what is to be kept.
    fn measure(self, keep: bool) -> Self {
        let kept: &[TensorId] = if keep { &self.kept } else { &[] };
        Self { outputs: [self.grams.as_slice(), kept].concat(), ..self }
    }

    /// The second pass, which computes the gradient, perhaps from what has been kept.
    fn carry(mut self, is_kept: bool) -> Self {
        if is_kept {
            self.kept.iter().for_each(|id| self.graph.supply(*id));
        }
        Self { outputs: self.gradient.into_iter().collect(), ..self }
    }
}

/// A pass over the windows of an image.
struct Run<'a> {
    device: &'a Device,
    weights: &'a Weights,
    settings: &'a LossSettings,
    tiling: &'a Tiling,
    image: &'a [f32],
}

impl Run<'_> {
    /// Runs over all windows the graph that `of` makes for their frame. `write` fills the inputs of the window with this
    /// number beside its pixels, `take` gets its outputs.
    fn over(
        &self,
        of: impl Fn(Frame) -> Result<WindowGraph, ComputeError>,
        write: impl Fn(&mut Program, &WindowGraph, usize),
        mut take: impl FnMut(Vec<Vec<f32>>, &WindowGraph, &Places),
    ) -> Result<(), ComputeError> {
        let mut made: Option<(Frame, WindowGraph, Program)> = None;
        for (n, window) in self.tiling.windows().iter().enumerate() {
            let frame = window.frame();
            let kept = made.take().filter(|(of, ..)| *of == frame);
            let (_, graph, program) = match kept {
                Some(kept) => made.insert(kept),
                None => {
                    let graph = of(frame)?;
                    let program = self.device.compile(graph.graph.clone(), &graph.outputs)?;
                    made.insert((frame, graph, program))
                }
            };
            let places = window.places(self.tiling.size);
            program.write(graph.image, &pixels(self.image, &places));
            for tap in &graph.taps {
                program.write(tap.region, &window.region(&self.tiling.reach, tap.depth));
            }
            write(program, graph, n);
            take(program.run()?, graph, &places);
        }
        Ok(())
    }

    fn graph(&self, frame: Frame, backward: bool) -> Result<WindowGraph, ComputeError> {
        WindowGraph::new(self.weights, (&self.tiling.reach, frame), self.settings, backward)
    }
}

/// What the gradient needs of the layers from the last pooling but the one at `last` on, up to `last`: signs and maps.
fn needed_behind_pooling(graph: &Graph, last: TensorId, gradient: TensorId) -> Vec<TensorId> {
    let nodes = graph.nodes();
    let pools = graph.ids().zip(nodes).filter(|(id, node)| *id < last && matches!(node.op, Op::Pool { .. }));
    let Some((boundary, _)) = pools.last() else { return vec![] };
    let is_behind = |id: TensorId| boundary < id && id <= last && !matches!(nodes[id.0].op, Op::Constant(_));
    let is_kept = |id: TensorId| match nodes[id.0].op {
        Op::Signs { x } => is_behind(x),
        _ => is_behind(id),
    };
    let readers = graph.needed(&[gradient]).into_iter().map(TensorId).filter(|id| *id > last && !is_kept(*id));
    let mut kept: Vec<TensorId> =
        readers.flat_map(|id| nodes[id.0].op.inputs()).filter(|input| is_kept(*input)).collect();
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// Whether the device has room for the windows of both passes.
///
/// # Errors
/// It has not, or is lost.
pub fn try_out(
    device: &Device,
    weights: &Weights,
    settings: &LossSettings,
    tilings: &Tilings,
) -> Result<(), ComputeError> {
    for (tiling, backward) in [(&tilings.measure, false), (&tilings.carry, true)] {
        let frame = (&tiling.reach, tiling.largest());
        let graph = WindowGraph::new(weights, frame, settings, backward || tilings.keeps)?;
        let graph = if backward { graph.carry(tilings.keeps) } else { graph.measure(tilings.keeps) };
        device.compile(graph.graph, &graph.outputs)?;
    }
    Ok(())
}

/// Gram matrices of an image, divided by the positions of their layer; with `keep` also what [`gradient`] needs of each
/// window of the same tiling.
///
/// # Errors
/// The device lacks memory or is lost.
pub fn grams(
    device: &Device,
    weights: &Weights,
    image: &[f32],
    settings: &LossSettings,
    tiling: &Tiling,
    keep: bool,
) -> Result<(Grams, Vec<Kept>), ComputeError> {
    let (mut sums, mut kept): (Vec<Vec<f64>>, Vec<Kept>) = (vec![], vec![]);
    let run = Run { device, weights, settings, tiling, image };
    let graph = |frame| Ok(run.graph(frame, keep)?.measure(keep));
    run.over(
        graph,
        |_, _, _| {},
        |mut outputs, graph, _| {
            kept.push(outputs.split_off(graph.grams.len()));
            sums.resize(outputs.len(), vec![]);
            for ((sum, gram), tap) in sums.iter_mut().zip(outputs).zip(&graph.taps) {
                sum.resize(gram.len(), 0.0);
                let share = tap.share(tiling.size);
                sum.iter_mut().zip(gram).for_each(|(s, g)| *s += f64::from(g) * share);
            }
        },
    )?;
    let grams = sums.into_iter().map(|sum| sum.into_iter().map(|v| v as f32).collect()).collect();
    Ok((grams, if keep { kept } else { vec![] }))
}

/// The gradient of a loss with respect to every pixel, from `seeds`, those with respect to the Gram matrices, and from what
/// [`grams`] has kept, if anything.
///
/// # Errors
/// The device lacks memory or is lost.
pub fn gradient(
    device: &Device,
    weights: &Weights,
    image: &[f32],
    settings: &LossSettings,
    tiling: &Tiling,
    seeds: &[Vec<f32>],
    kept: &[Kept],
) -> Result<Vec<f32>, ComputeError> {
    let mut whole = vec![0.0f32; image.len()];
    let run = Run { device, weights, settings, tiling, image };
    let graph = |frame| Ok(run.graph(frame, true)?.carry(!kept.is_empty()));
    let write = |program: &mut Program, graph: &WindowGraph, n: usize| {
        for (tap, values) in graph.taps.iter().zip(seeds) {
            if let Some(seed) = tap.seed {
                // A window's matrices are divided by its own positions.
                let share = tap.share(tiling.size) as f32;
                program.write(seed, &values.iter().map(|v| v * share).collect::<Vec<f32>>());
            }
        }
        for (id, values) in graph.kept.iter().zip(kept.get(n).into_iter().flatten()) {
            program.write(*id, values);
        }
    };
    run.over(graph, write, |outputs, _, (rows, columns)| {
        let pixels = outputs[0].chunks_exact(3);
        let places = rows.iter().flat_map(|row| columns.iter().map(move |column| 3 * (row + column)));
        for (at, pixel) in places.zip(pixels) {
            (0..3).for_each(|c| whole[at + c] += pixel[c]);
        }
    })?;
    Ok(whole)
}
