//! Gram matrices and gradients of an image window by window, where the whole does not fit the memory.
//!
//! A Gram matrix is a sum over positions, so it can be taken in pieces. Each position is summed in the one window that
//! owns it; a window reaches further than what it owns, so that its own artificial edges touch no position that counts,
//! and what they have touched is cut off layer by layer. What is left is that of the whole image to the last bit, and no
//! activation falls on the other side of ReLU.
//!
//! A first pass over all windows sums the Gram matrices; a second one recomputes each window and carries the gradient back
//! to its pixels, where those of neighbouring windows add up. The layers behind the second pooling see far, so that their
//! windows would have to be large, but their map is small: they are gone over in windows of their own, which begin from the
//! whole map of the second pooling. What the second pass needs of them (the signs of their activations in bits, and the maps
//! that are tapped) the first one keeps where the memory allows, so that they need not be recomputed.

#[cfg(test)]
mod tests;
mod windows;

use self::windows::{Frame, Section, Tiling, Window};
use super::layers::{Grams, LossSettings};
use crate::compute::graph::{Graph, Op, Shape, TensorId};
use crate::compute::{ComputeError, Device, DeviceKind, Program, planned_memory};
use crate::net::{Layer, Weights, layer, preprocess};

/// The layer whose whole map the deeper ones begin from.
const BETWEEN: Layer = Layer::POOL2;

/// How an image is gone over.
#[derive(Clone, Debug, PartialEq)]
pub struct Tilings {
    /// One behind the other: the first begins from the image, the next from the last map of that before it.
    stages: Vec<Tiling>,
    /// Whether the first pass keeps what the second needs of the last stage.
    keeps: bool,
    /// Bytes of the largest program, and of everything that is held beside it.
    pub bytes: u64,
    /// Multiplications and additions of all passes.
    pub operations: u64,
}

impl Tilings {
    /// Windows of the stage that has the most.
    pub fn windows(&self) -> usize {
        self.stages.iter().map(Tiling::len).max().unwrap_or(0)
    }

    /// Whether the first pass keeps what the second needs of this stage.
    fn keeps_of(&self, stage: usize) -> bool {
        self.keeps && stage + 1 == self.stages.len()
    }
}

/// What is to be computed.
#[derive(Clone, Copy)]
struct Network<'a> {
    weights: &'a Weights,
    settings: &'a LossSettings,
}

/// What an image is gone over for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The Gram matrices alone.
    Measure,
    /// The gradient as well.
    Gradient,
}

/// How an image is gone over within `limit` bytes, with the fewest operations; or else with the fewest bytes. All at once is
/// only considered where two stages do not fit: it sees further and recomputes more.
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
    let once = [Section { from: None, to: deepest }];
    let twice = [Section { from: None, to: BETWEEN }, Section { from: Some(BETWEEN), to: deepest }];
    let mut found = vec![];
    if deepest > BETWEEN {
        for keeps in [true, false] {
            if !keeps || purpose == Purpose::Gradient {
                found.extend(arranged(kind, network, size, &twice, keeps, limit, purpose)?);
            }
        }
    }
    if found.iter().all(|found| found.bytes > limit) {
        found.extend(arranged(kind, network, size, &once, false, limit, purpose)?);
    }
    let cost = |found: &Tilings| if found.bytes <= limit { (0, found.operations) } else { (1, found.bytes) };
    Ok(found.into_iter().min_by_key(cost))
}

/// The windows of some sections one behind the other.
fn arranged(
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
        // The image and its gradient, and the map in between or its gradient; both where the map is read twice.
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
            // The longer edge is cut again; or else the other one.
            let mut ways = [(parts.0 + 1, parts.1), (parts.0, parts.1 + 1)];
            if rows < columns {
                ways.reverse();
            }
            next = ways.into_iter().find_map(|way| {
                let tiling = cut(way)?;
                parts = way;
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

/// Bytes of the larger of the programs of a tiling with what goes in and comes out, and of what is kept; and the operations
/// of all windows.
fn demand(
    kind: DeviceKind,
    network: Network,
    tiling: &Tiling,
    keeps: bool,
    purpose: Purpose,
) -> Result<(u64, u64), ComputeError> {
    let graph = WindowGraph::new(network, tiling, tiling.largest(), purpose)?;
    let kept = if keeps { tiling.len() as u64 * graph.bytes(&graph.kept) } else { 0 };
    let (input, mut runs) = (graph.bytes(&[graph.input]), vec![graph.clone().measure(keeps)]);
    if purpose == Purpose::Gradient {
        runs.push(graph.carry(keeps));
    }
    let bytes =
        |run: &WindowGraph| planned_memory(kind, &run.graph, &run.outputs).bytes + input + run.bytes(&run.outputs);
    let operations: u64 = runs.iter().map(|run| run.graph.operations(&run.outputs)).sum();
    let operations = (operations as f64 * tiling.largests()) as u64;
    Ok((runs.iter().map(bytes).max().unwrap_or(0) + kept, operations))
}

/// A section of the network over one window.
#[derive(Clone)]
struct WindowGraph {
    graph: Graph,
    input: TensorId,
    taps: Vec<Tap>,
    /// The last map, where another section begins from it, and the input for its gradient.
    last: Option<(TensorId, Option<TensorId>)>,
    gradient: Option<TensorId>,
    /// What the gradient needs of the layers.
    kept: Vec<TensorId>,
    /// What the pass computes that it was made for.
    outputs: Vec<TensorId>,
}

/// A tapped layer.
#[derive(Clone)]
struct Tap {
    layer: Layer,
    /// Of its map.
    shape: Shape,
    /// The input for the region that counts.
    region: TensorId,
    gram: TensorId,
    /// The input for the gradient of its Gram matrix.
    seed: Option<TensorId>,
}

impl Tap {
    /// The window's positions by those of the whole map, which they are divided by in the end.
    fn share(&self, tiling: &Tiling) -> f64 {
        let stride = self.layer.stride() / tiling.section.step();
        self.shape.positions() as f64 / ((tiling.size.0 / stride) * (tiling.size.1 / stride)) as f64
    }
}

/// What the first pass keeps of a window.
type Kept = Vec<Vec<f32>>;

impl WindowGraph {
    /// Gram matrices of what a window owns, and perhaps the gradient of what it begins from.
    fn new(network: Network, tiling: &Tiling, frame: Frame, purpose: Purpose) -> Result<Self, ComputeError> {
        let Network { weights, settings } = network;
        let (section, backward) = (tiling.section, purpose == Purpose::Gradient);
        let mut graph = Graph::with(settings.precision);
        let input = graph.input(Shape::new(frame.size.0, frame.size.1, section.channels()));
        let mut x = if section.from.is_none() { preprocess(&mut graph, input, weights)? } else { input };
        let (mut taps, mut seeded) = (vec![], vec![]);
        let (tapped, manner) = (settings.layers(), (frame.padding(settings.padding), settings.pooling));
        for (tap, cut) in section.layers().zip(tiling.reach.cuts(frame)) {
            x = layer(&mut graph, x, weights, tap, manner, cut)?;
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
        let kept = gradient.map_or(vec![], |gradient| needed_of_layers(&graph, forward, gradient));
        Ok(Self { graph, input, taps, last, gradient, kept, outputs: vec![] })
    }

    /// Bytes of some tensors.
    fn bytes(&self, tensors: &[TensorId]) -> u64 {
        tensors.iter().map(|id| self.graph.shape(*id).bytes()).sum()
    }

    /// The first pass, which computes the Gram matrices, the last map, and perhaps what is to be kept.
    fn measure(self, keep: bool) -> Self {
        let kept = if keep { self.kept.as_slice() } else { &[] };
        let outputs = self.taps.iter().map(|tap| tap.gram).chain(self.last.map(|(map, _)| map));
        Self { outputs: outputs.chain(kept.iter().copied()).collect(), ..self }
    }

    /// The second pass, which computes the gradient, perhaps from what has been kept.
    fn carry(mut self, is_kept: bool) -> Self {
        if is_kept {
            self.kept.iter().for_each(|id| self.graph.supply(*id));
        }
        Self { outputs: self.gradient.into_iter().collect(), ..self }
    }
}

/// What the gradient needs of the layers, which are the first so many nodes: signs and maps.
fn needed_of_layers(graph: &Graph, forward: usize, gradient: TensorId) -> Vec<TensorId> {
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
    /// What the section begins from, where that is needed.
    input: Option<&'a [f32]>,
}

impl Run<'_> {
    /// Runs over all windows the graph that `of` makes for their frame. `write` fills the inputs of the window with this
    /// number beside that of the section, `take` gets its outputs.
    fn over(
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
                    let (graph, served) = (of(frame)?, other.map(|(.., program)| program));
                    let program = self.device.compile_after(served, graph.graph.clone(), &graph.outputs)?;
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
    for (at, tiling) in tilings.stages.iter().enumerate() {
        let keeps = tilings.keeps_of(at);
        let network = Network { weights, settings };
        let graph = WindowGraph::new(network, tiling, tiling.largest(), Purpose::Gradient)?;
        for graph in [graph.clone().measure(keeps), graph.carry(keeps)] {
            device.compile(graph.graph, &graph.outputs)?;
        }
    }
    Ok(())
}

/// What the first pass leaves for the second one.
#[derive(Default)]
pub struct Held {
    /// Of each window of the last stage.
    kept: Vec<Kept>,
    /// The map that the last stage begins from.
    map: Option<Vec<f32>>,
}

/// Gram matrices of an image, divided by the positions of their layer, and what [`gradient`] needs besides.
///
/// # Errors
/// The device lacks memory or is lost.
pub fn grams(
    device: &Device,
    weights: &Weights,
    image: &[f32],
    settings: &LossSettings,
    tilings: &Tilings,
) -> Result<(Grams, Held), ComputeError> {
    let network = Network { weights, settings };
    let (mut grams, mut held) = (vec![], Held::default());
    for (at, tiling) in tilings.stages.iter().enumerate() {
        let keep = tilings.keeps_of(at);
        let mut sums: Vec<Vec<f64>> = vec![];
        let mut last: Option<Vec<f32>> = None;
        let run = Run { device, tiling, input: Some(held.map.as_deref().unwrap_or(image)) };
        let graph = |frame| {
            let purpose = if keep { Purpose::Gradient } else { Purpose::Measure };
            Ok(WindowGraph::new(network, tiling, frame, purpose)?.measure(keep))
        };
        run.over(
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

/// The gradient of a loss with respect to every pixel, from `seeds`, those with respect to the Gram matrices, and what
/// [`grams`] has left.
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
    mut held: Held,
) -> Result<Vec<f32>, ComputeError> {
    let network = Network { weights, settings };
    // The gradient of the last map of the stage that is next, from those behind it.
    let (mut seeds, mut last): (_, Option<Vec<f32>>) = (seeds, None);
    for (at, tiling) in tilings.stages.iter().enumerate().rev() {
        let is_kept = tilings.keeps_of(at);
        let input = if at == 0 { image } else { held.map.as_deref().unwrap_or_default() };
        let run = Run { device, tiling, input: (!is_kept).then_some(input) };
        let mut whole = vec![0.0f32; tiling.size.0 * tiling.size.1 * tiling.section.channels()];
        let graph = |frame| Ok(WindowGraph::new(network, tiling, frame, Purpose::Gradient)?.carry(is_kept));
        let layers = settings.layers();
        let (before, mine) = seeds.split_at(layers.iter().filter(|layer| Some(**layer) <= tiling.section.from).count());
        let write = |program: &mut Program, graph: &WindowGraph, window: &Window, n: usize| {
            for (tap, values) in graph.taps.iter().zip(mine) {
                if let Some(seed) = tap.seed {
                    // A window's matrices are divided by its own positions.
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
        run.over(graph, write, |outputs, _, window| {
            for (from, to) in window.numbers(tiling) {
                whole[to].iter_mut().zip(&outputs[0][from]).for_each(|(sum, value)| *sum += value);
            }
        })?;
        (last, seeds, held) = (Some(whole), before, Held::default());
    }
    Ok(last.unwrap_or_default())
}
