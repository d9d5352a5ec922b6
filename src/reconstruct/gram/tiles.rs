//! Gram matrices and gradients of an image window by window, for images that do not fit into memory as a whole.
//!
//! A Gram matrix is a sum over positions, so it can be summed window by window. Each position is owned by one window,
//! which sums it. Windows overlap: each reaches further than what it owns. Near the edges of a window that the whole
//! image does not have, activations are wrong; they are cut off layer by layer. The remaining activations are computed
//! as in the whole image (see `windows::Reach`), so that none changes its sign at a ReLU.
//!
//! The first pass over all windows sums the Gram matrices. The second pass computes each window again and propagates
//! the gradient back to its pixels, where the gradients of overlapping windows add up.
//!
//! The layers after the second pooling would need large windows, because their receptive fields are large; but their
//! maps are small. They form a second stage with windows of its own, which starts from the whole map of the second
//! pooling. If memory allows, the first pass keeps what the second needs of these layers (the signs of the activations,
//! as bits, and the tapped maps), so that they are not computed again.

#[cfg(test)]
mod tests;
mod windows;

use self::windows::{Frame, Section, Tiling, Window};
use super::layers::{Grams, LossSettings};
use crate::compute::graph::{Graph, Op, Shape, TensorId};
use crate::compute::{ComputeError, Device, DeviceKind, Program, planned_memory};
use crate::net::{Layer, Weights, layer, preprocess};

/// The layer from whose whole map the second stage starts.
const SPLIT: Layer = Layer::POOL2;

/// How an image is divided into windows.
#[derive(Clone, Debug, PartialEq)]
pub struct Tilings {
    /// The stages in order: the first starts from the image, the second from the last map of the first.
    stages: Vec<Tiling>,
    /// Whether the first pass keeps what the second pass needs of the last stage.
    keeps: bool,
    /// Bytes of the largest program and of everything that is held beside it.
    pub bytes: u64,
    /// Multiplications and additions of all passes.
    pub operations: u64,
}

impl Tilings {
    /// Windows of the stage with the most.
    pub fn windows(&self) -> usize {
        self.stages.iter().map(Tiling::len).max().unwrap_or(0)
    }

    /// Whether the first pass keeps what the second pass needs of this stage.
    fn keeps_stage(&self, stage: usize) -> bool {
        self.keeps && stage + 1 == self.stages.len()
    }
}

/// The feature network and the settings of the loss.
#[derive(Clone, Copy)]
struct Network<'a> {
    weights: &'a Weights,
    settings: &'a LossSettings,
}

/// What is computed in the windows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The Gram matrices alone.
    Measure,
    /// The gradient as well.
    Gradient,
}

/// The division that takes the fewest operations within `limit` bytes; if none fits, the one that takes the fewest
/// bytes; `None` if the image cannot be divided. A single stage is only considered if two stages do not fit: its
/// windows overlap more, so that more is computed twice.
///
/// # Errors
/// The image is too small for the depth.
pub fn tilings(
    kind: DeviceKind,
    weights: &Weights,
    size: (usize, usize),
    settings: &LossSettings,
    limit: u64,
    purpose: Purpose,
) -> Result<Option<Tilings>, ComputeError> {
    let (network, deepest) = (Network { weights, settings }, settings.deepest());
    let one_stage = [Section { from: None, to: deepest }];
    let two_stages = [Section { from: None, to: SPLIT }, Section { from: Some(SPLIT), to: deepest }];
    let mut found = vec![];
    if deepest > SPLIT {
        for keeps in [true, false] {
            if !keeps || purpose == Purpose::Gradient {
                found.extend(arrange(kind, network, size, &two_stages, keeps, limit, purpose)?);
            }
        }
    }
    if found.iter().all(|found| found.bytes > limit) {
        found.extend(arrange(kind, network, size, &one_stage, false, limit, purpose)?);
    }
    let cost = |found: &Tilings| if found.bytes <= limit { (0, found.operations) } else { (1, found.bytes) };
    Ok(found.into_iter().min_by_key(cost))
}

/// Divides the maps of `sections`, one stage for each, until every stage fits into `limit` bytes or cannot be divided
/// further; then the windows that take the fewest bytes are used.
fn arrange(
    kind: DeviceKind,
    network: Network,
    size: (usize, usize),
    sections: &[Section],
    keeps: bool,
    limit: u64,
    purpose: Purpose,
) -> Result<Option<Tilings>, ComputeError> {
    let map = |section: &Section| Shape::new(size.0 / section.step(), size.1 / section.step(), section.channels());
    let between: u64 = sections[1..].iter().map(|section| map(section).bytes()).sum();
    let mut found = Tilings { stages: vec![], keeps, bytes: 0, operations: 0 };
    for (at, section) in sections.iter().enumerate() {
        let keeps = keeps && at + 1 == sections.len();
        // Held beside the programs: the image and its gradient, and the map between the stages or its gradient; both if
        // the second pass reads the map again.
        let both = at > 0 && !keeps && purpose == Purpose::Gradient;
        let held = 2 * Shape::new(size.0, size.1, 3).bytes() + between * if both { 2 } else { 1 };
        let Shape { height, width, .. } = map(section);
        let cut = |parts| Tiling::new((height, width), parts, *section, network.settings.padding);
        let (mut parts, mut next) = ((1, 1), cut((1, 1)));
        let mut stage: Option<(Tiling, u64, u64)> = None;
        while let Some(tiling) = next {
            let (bytes, operations) = demand(kind, network, &tiling, keeps, purpose)?;
            let (rows, columns) = tiling.largest().size;
            if stage.as_ref().is_none_or(|(_, least, _)| held + bytes < *least) {
                stage = Some((tiling, held + bytes, operations));
            }
            if held + bytes <= limit {
                break;
            }
            // Divides the longer edge of the windows further or, if that is not possible, the other edge.
            let mut candidates = [(parts.0 + 1, parts.1), (parts.0, parts.1 + 1)];
            if rows < columns {
                candidates.reverse();
            }
            next = candidates.into_iter().find_map(|candidate| {
                let tiling = cut(candidate)?;
                parts = candidate;
                Some(tiling)
            });
        }
        let Some((tiling, bytes, operations)) = stage else { return Ok(None) };
        found.stages.push(tiling);
        found.bytes = found.bytes.max(bytes);
        found.operations += operations;
    }
    Ok(Some(found))
}

/// The memory and the operations of a tiling: bytes of the larger of its programs with inputs and outputs, and of what
/// is kept; and operations of all windows.
fn demand(
    kind: DeviceKind,
    network: Network,
    tiling: &Tiling,
    keeps: bool,
    purpose: Purpose,
) -> Result<(u64, u64), ComputeError> {
    let graph = WindowGraph::new(network, tiling, tiling.largest(), purpose)?;
    let kept = if keeps { tiling.len() as u64 * graph.bytes(&graph.kept) } else { 0 };
    let (input, mut runs) = (graph.bytes(&[graph.input]), vec![graph.clone().first_pass(keeps)]);
    if purpose == Purpose::Gradient {
        runs.push(graph.second_pass(keeps));
    }
    let bytes =
        |run: &WindowGraph| planned_memory(kind, &run.graph, &run.outputs).bytes + input + run.bytes(&run.outputs);
    let operations: u64 = runs.iter().map(|run| run.graph.operations(&run.outputs)).sum();
    let operations = (operations as f64 * tiling.equivalent_windows()) as u64;
    Ok((runs.iter().map(bytes).max().unwrap_or(0) + kept, operations))
}

/// A section of the network over one window.
#[derive(Clone)]
struct WindowGraph {
    graph: Graph,
    input: TensorId,
    taps: Vec<Tap>,
    /// The last map, if another section starts from it, and the input for its gradient.
    last: Option<(TensorId, Option<TensorId>)>,
    gradient: Option<TensorId>,
    /// The tensors of the layers that the gradient reads.
    kept: Vec<TensorId>,
    /// What the pass computes.
    outputs: Vec<TensorId>,
}

/// A tapped layer.
#[derive(Clone)]
struct Tap {
    layer: Layer,
    /// The shape of its map.
    shape: Shape,
    /// The input for the region that the window owns.
    region: TensorId,
    gram: TensorId,
    /// The input for the gradient of its Gram matrix.
    seed: Option<TensorId>,
}

impl Tap {
    /// Positions of the window's map over those of the whole map: turns a matrix that is divided by the former into one
    /// that is divided by the latter.
    fn share(&self, tiling: &Tiling) -> f64 {
        let stride = self.layer.stride() / tiling.section.step();
        self.shape.positions() as f64 / ((tiling.size.0 / stride) * (tiling.size.1 / stride)) as f64
    }
}

/// What the first pass keeps of a window.
type Kept = Vec<Vec<f32>>;

impl WindowGraph {
    /// The Gram matrices of what a window owns and, if wanted, the gradient with respect to the window's input.
    fn new(network: Network, tiling: &Tiling, frame: Frame, purpose: Purpose) -> Result<Self, ComputeError> {
        let Network { weights, settings } = network;
        let (section, backward) = (tiling.section, purpose == Purpose::Gradient);
        let mut graph = Graph::with(settings.precision);
        let input = graph.input(Shape::new(frame.size.0, frame.size.1, section.channels()));
        let mut x = if section.from.is_none() { preprocess(&mut graph, input, weights)? } else { input };
        let (mut taps, mut seeded) = (vec![], vec![]);
        let (tapped, options) = (settings.layers(), (frame.padding(settings.padding), settings.pooling));
        for (tap, cut) in section.layers().zip(tiling.reach.cuts(frame)) {
            x = layer(&mut graph, x, weights, tap, options, cut)?;
            if tapped.contains(&tap) {
                let region = graph.input(Shape::new(1, 1, 4));
                let gram = graph.gram_within(x, region)?;
                let seed = backward.then(|| graph.input(graph.shape(gram)));
                seeded.extend(seed.map(|seed| (gram, seed)));
                taps.push(Tap { layer: tap, shape: graph.shape(x), region, gram, seed });
            }
        }
        let mut last = None;
        if section.to != settings.deepest() {
            let seed = backward.then(|| graph.input(graph.shape(x)));
            seeded.extend(seed.map(|seed| (x, seed)));
            last = Some((x, seed));
        }
        let forward = graph.nodes().len();
        let gradient = if backward { Some(graph.pull_back(&seeded, input)?) } else { None };
        let kept = gradient.map_or(vec![], |gradient| read_by_gradient(&graph, forward, gradient));
        Ok(Self { graph, input, taps, last, gradient, kept, outputs: vec![] })
    }

    /// Bytes of some tensors.
    fn bytes(&self, tensors: &[TensorId]) -> u64 {
        tensors.iter().map(|id| self.graph.shape(*id).bytes()).sum()
    }

    /// The first pass: computes the Gram matrices, the last map and, with `keep`, what is kept for the second pass.
    fn first_pass(self, keep: bool) -> Self {
        let kept = if keep { self.kept.as_slice() } else { &[] };
        let outputs = self.taps.iter().map(|tap| tap.gram).chain(self.last.map(|(map, _)| map));
        Self { outputs: outputs.chain(kept.iter().copied()).collect(), ..self }
    }

    /// The second pass: computes the gradient, with `is_kept` from what the first pass has kept.
    fn second_pass(mut self, is_kept: bool) -> Self {
        if is_kept {
            self.kept.iter().for_each(|id| self.graph.supply(*id));
        }
        Self { outputs: self.gradient.into_iter().collect(), ..self }
    }
}

/// The signs and maps of the layers that the gradient reads; the layers are the first `forward` nodes.
fn read_by_gradient(graph: &Graph, forward: usize, gradient: TensorId) -> Vec<TensorId> {
    let nodes = graph.nodes();
    let is_layer = |id: TensorId| {
        id.0 < forward && !matches!(nodes[id.0].op, Op::Constant(_) | Op::Input)
            || matches!(nodes[id.0].op, Op::Signs { .. })
    };
    let readers = graph.needed(&[gradient]).into_iter().map(TensorId).filter(|id| !is_layer(*id));
    let mut kept: Vec<TensorId> =
        readers.flat_map(|id| nodes[id.0].op.inputs()).filter(|input| is_layer(*input)).collect();
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// A pass over the windows of a section.
struct Run<'a> {
    device: &'a Device,
    tiling: &'a Tiling,
    /// The map that the section starts from, if the pass reads it.
    input: Option<&'a [f32]>,
}

impl Run<'_> {
    /// Runs all windows. `of` makes the graph for a frame. `write` writes the other inputs of a window, whose number it
    /// receives; `take` receives its outputs.
    fn each_window(
        &self,
        of: impl Fn(Frame) -> Result<WindowGraph, ComputeError>,
        mut write: impl FnMut(&mut Program, &WindowGraph, &Window, usize),
        mut take: impl FnMut(Vec<Vec<f32>>, &WindowGraph, &Window),
    ) -> Result<(), ComputeError> {
        let mut made: Option<(Frame, WindowGraph, Program)> = None;
        for (n, window) in self.tiling.windows().iter().enumerate() {
            let frame = window.frame();
            let (_, graph, program) = match made.take() {
                Some(same) if same.0 == frame => made.insert(same),
                other => {
                    let (graph, earlier) = (of(frame)?, other.map(|(.., program)| program));
                    let program = self.device.compile_after(earlier, graph.graph.clone(), &graph.outputs)?;
                    made.insert((frame, graph, program))
                }
            };
            if let Some(input) = self.input {
                let mut values = vec![0.0; graph.graph.shape(graph.input).len()];
                window.numbers(self.tiling).for_each(|(to, from)| values[to].copy_from_slice(&input[from]));
                program.write(graph.input, &values);
            }
            for tap in &graph.taps {
                program.write(tap.region, &window.region(self.tiling, tap.layer).map(|at| at as f32));
            }
            write(program, graph, window, n);
            take(program.run()?, graph, window);
        }
        Ok(())
    }
}

/// Checks that the device has enough memory for the windows of both passes.
///
/// # Errors
/// It has not, or is lost.
pub fn check_memory(
    device: &Device,
    weights: &Weights,
    settings: &LossSettings,
    tilings: &Tilings,
) -> Result<(), ComputeError> {
    for (at, tiling) in tilings.stages.iter().enumerate() {
        let keeps = tilings.keeps_stage(at);
        let network = Network { weights, settings };
        let graph = WindowGraph::new(network, tiling, tiling.largest(), Purpose::Gradient)?;
        for graph in [graph.clone().first_pass(keeps), graph.second_pass(keeps)] {
            device.compile(graph.graph, &graph.outputs)?;
        }
    }
    Ok(())
}

/// What the first pass keeps for the second one.
#[derive(Default)]
pub struct FirstPass {
    /// The tensors that were kept of each window of the last stage.
    kept: Vec<Kept>,
    /// The map that the last stage starts from.
    map: Option<Vec<f32>>,
}

/// Gram matrices of an image, divided by the positions of their layer, and what [`gradient`] needs of this pass.
///
/// # Errors
/// The device lacks memory or is lost.
pub fn grams(
    device: &Device,
    weights: &Weights,
    image: &[f32],
    settings: &LossSettings,
    tilings: &Tilings,
) -> Result<(Grams, FirstPass), ComputeError> {
    let network = Network { weights, settings };
    let (mut grams, mut held) = (vec![], FirstPass::default());
    for (at, tiling) in tilings.stages.iter().enumerate() {
        let keep = tilings.keeps_stage(at);
        let mut sums: Vec<Vec<f64>> = vec![];
        let mut last: Option<Vec<f32>> = None;
        let run = Run { device, tiling, input: Some(held.map.as_deref().unwrap_or(image)) };
        let graph = |frame| {
            let purpose = if keep { Purpose::Gradient } else { Purpose::Measure };
            Ok(WindowGraph::new(network, tiling, frame, purpose)?.first_pass(keep))
        };
        run.each_window(
            graph,
            |_, _, _, _| {},
            |outputs, graph, window| {
                let mut outputs = outputs.into_iter();
                sums.resize(graph.taps.len(), vec![]);
                for ((sum, gram), tap) in sums.iter_mut().zip(outputs.by_ref()).zip(&graph.taps) {
                    sum.resize(gram.len(), 0.0);
                    let share = tap.share(tiling);
                    sum.iter_mut().zip(gram).for_each(|(s, g)| *s += f64::from(g) * share);
                }
                if let Some((map, _)) = graph.last {
                    let values = outputs.next().unwrap_or_default();
                    let (shape, whole) = (graph.graph.shape(map), tiling.last_positions());
                    let last = last.get_or_insert_with(|| vec![0.0; whole * shape.channels]);
                    for (from, to) in window.last_numbers(tiling, shape) {
                        last[to].copy_from_slice(&values[from]);
                    }
                }
                held.kept.extend(keep.then(|| outputs.collect()));
            },
        )?;
        grams.extend(sums.into_iter().map(|sum| sum.into_iter().map(|v| v as f32).collect()));
        held.map = last.or(held.map.take());
    }
    if tilings.keeps {
        held.map = None;
    }
    Ok((grams, held))
}

/// The gradient of a loss with respect to every pixel. `seeds` are its gradients with respect to the Gram matrices;
/// `held` comes from [`grams`].
///
/// # Errors
/// The device lacks memory or is lost.
pub fn gradient(
    device: &Device,
    weights: &Weights,
    image: &[f32],
    settings: &LossSettings,
    tilings: &Tilings,
    seeds: &[Vec<f32>],
    mut held: FirstPass,
) -> Result<Vec<f32>, ComputeError> {
    let network = Network { weights, settings };
    // `last` is the gradient with respect to the last map of a stage, computed by the stage after it.
    let (mut seeds, mut last): (_, Option<Vec<f32>>) = (seeds, None);
    for (at, tiling) in tilings.stages.iter().enumerate().rev() {
        let is_kept = tilings.keeps_stage(at);
        let input = if at == 0 { image } else { held.map.as_deref().unwrap_or_default() };
        let run = Run { device, tiling, input: (!is_kept).then_some(input) };
        let mut whole = vec![0.0f32; tiling.size.0 * tiling.size.1 * tiling.section.channels()];
        let graph = |frame| Ok(WindowGraph::new(network, tiling, frame, Purpose::Gradient)?.second_pass(is_kept));
        let layers = settings.layers();
        let (before, mine) = seeds.split_at(layers.iter().filter(|layer| Some(**layer) <= tiling.section.from).count());
        let write = |program: &mut Program, graph: &WindowGraph, window: &Window, n: usize| {
            for (tap, values) in graph.taps.iter().zip(mine) {
                if let Some(seed) = tap.seed {
                    // The window's matrices are divided by its own positions.
                    let share = tap.share(tiling) as f32;
                    program.write(seed, &values.iter().map(|v| v * share).collect::<Vec<f32>>());
                }
            }
            if let (Some((map, Some(seed))), Some(last)) = (graph.last, last.as_ref()) {
                let shape = graph.graph.shape(map);
                let mut values = vec![0.0; shape.len()];
                window.last_numbers(tiling, shape).for_each(|(to, from)| values[to].copy_from_slice(&last[from]));
                program.write(seed, &values);
            }
            if is_kept {
                graph.kept.iter().zip(&held.kept[n]).for_each(|(id, values)| program.write(*id, values));
            }
        };
        run.each_window(graph, write, |outputs, _, window| {
            for (from, to) in window.numbers(tiling) {
                whole[to].iter_mut().zip(&outputs[0][from]).for_each(|(sum, value)| *sum += value);
            }
        })?;
        (last, seeds, held) = (Some(whole), before, FirstPass::default());
    }
    Ok(last.unwrap_or_default())
}
