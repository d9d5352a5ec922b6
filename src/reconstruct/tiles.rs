//! Gram matrices and gradients of an image window by window, where the whole does not fit the memory.
//!
//! A Gram matrix is a sum over positions, so it can be taken in pieces. Each position is summed in the one window that
//! owns it; a window reaches further than what it owns by what the network sees there, so that its own artificial edges
//! touch no position that counts. A first pass over all windows sums the Gram matrices; a second one recomputes each
//! window and carries the gradient back to its pixels, where those of neighbouring windows add up. What the second pass
//! needs of the layers behind the last pooling that has layers behind it (the signs of their activations in bits, and the
//! maps at the end) the first one keeps where the memory allows, so that these layers need not be recomputed.

use std::ops::Range;

use super::loss::{Grams, LossSettings};
use crate::compute::graph::{Graph, Op, Padding, Shape, TensorId};
use crate::compute::{ComputeError, Device, DeviceKind, planned_memory};
use crate::net::{Depth, LayerKind, Weights, features};

/// The least that a window owns along an axis.
const LEAST: usize = 64;
/// Windows begin at multiples of so many positions of every convolution, so that the tiles of Winograd's algorithm are
/// those of the whole image: activations then are equal to the last bit, and none falls on the other side of ReLU.
const STEP: usize = 4;
/// Stands for the end of a map, which a region is cut to.
const END: f32 = 1e9;

/// One window along one axis.
#[derive(Clone, Debug, PartialEq)]
struct Span {
    /// Its first pixel; before the image where that continues at its opposite edge.
    start: isize,
    /// The pixels that it owns; behind the image's end where that continues at its opposite edge.
    owned: Range<usize>,
    /// Whether what it owns goes on to the end of the window.
    is_last: bool,
}

/// Windows of one size that together own every pixel once.
#[derive(Clone, Debug, PartialEq)]
pub struct Tiling {
    size: (usize, usize),
    window: (usize, usize),
    rows: Vec<Span>,
    columns: Vec<Span>,
}

/// What decides the windows of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Reach {
    /// Pixels of the image from one output of the last layer to the next.
    stride: usize,
    /// Pixels from the edge of a window, a multiple of the stride, from where on no output of a tap sees the edge.
    halo: usize,
    /// Windows begin at multiples of it.
    align: usize,
}

impl Reach {
    fn of(depth: Depth) -> Self {
        let (mut touched, mut stride, mut halo, mut align) = (0usize, 1, 0, 1);
        for layer in depth.layers() {
            match layer.kind {
                LayerKind::Conv { .. } => {
                    touched += 1;
                    align = STEP * stride;
                }
                LayerKind::Pool => {
                    touched = touched.div_ceil(2);
                    stride *= 2;
                }
            }
            halo = halo.max(touched * stride);
        }
        Self { stride, halo: halo.next_multiple_of(stride), align }
    }
}

/// Windows along an axis of `n` pixels in about `parts` parts; `None` where they would be no smaller than the whole, or
/// where poolings of the wrapped image do not meet at its edge.
fn spans(n: usize, parts: usize, reach: Reach, periodic: bool) -> Option<(usize, Vec<Span>)> {
    let Reach { stride, halo, align } = reach;
    if parts == 1 {
        return Some((n, vec![Span { start: 0, owned: 0..n, is_last: true }]));
    }
    let own = n.div_ceil(parts).next_multiple_of(align);
    // Besides the halos what poolings leave out of an odd rest, and as much as lets the last window begin aligned too.
    let least = own + 2 * halo + n % stride;
    let window = least + (n % align + align - least % align) % align;
    if own < LEAST || window >= n || (periodic && !n.is_multiple_of(stride)) {
        return None;
    }
    // What is owned begins a halo behind an aligned place.
    let first = halo % align;
    let (begin, end) = if periodic { (first, n + first) } else { (0, n) };
    let span = |at: usize| {
        let owned = if at == first { begin } else { at }..end.min(at + own);
        let start = at as isize - halo as isize;
        let start = if periodic { start } else { start.clamp(0, (n - window) as isize) };
        Span { start, is_last: !periodic && owned.end == n, owned }
    };
    Some((window, (first..end).step_by(own).map(span).collect()))
}

impl Span {
    /// The positions that it owns on a map of the window with this stride: the first, and the one behind the last.
    fn region(&self, stride: usize) -> [f32; 2] {
        let at = |pixel: usize| ((pixel as isize - self.start) / stride as isize) as f32;
        [at(self.owned.start), if self.is_last { END } else { at(self.owned.end) }]
    }
}

impl Tiling {
    /// About so many windows down and across; `None` where that is not possible, or no gain.
    fn new(size: (usize, usize), (down, across): (usize, usize), depth: Depth, padding: Padding) -> Option<Self> {
        let (reach, periodic) = (Reach::of(depth), padding == Padding::Periodic);
        let (height, rows) = spans(size.0, down, reach, periodic)?;
        let (width, columns) = spans(size.1, across, reach, periodic)?;
        Some(Self { size, window: (height, width), rows, columns })
    }

    /// How many windows there are.
    pub fn len(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    fn windows(&self) -> impl Iterator<Item = (&Span, &Span)> {
        self.rows.iter().flat_map(|row| self.columns.iter().map(move |column| (row, column)))
    }

    /// The offset in the image of each row of a window, and of each pixel of a row.
    fn places(&self, row: &Span, column: &Span) -> (Vec<usize>, Vec<usize>) {
        let along = |start: isize, window: usize, n: usize| -> Vec<usize> {
            (0..window as isize).map(|k| (start + k).rem_euclid(n as isize) as usize).collect()
        };
        let rows = along(row.start, self.window.0, self.size.0).into_iter().map(|y| y * self.size.1).collect();
        (rows, along(column.start, self.window.1, self.size.1))
    }

    /// The pixels of a window.
    fn cut(&self, image: &[f32], (rows, columns): &(Vec<usize>, Vec<usize>)) -> Vec<f32> {
        let pixel = |row: usize, column: &usize| 3 * (row + column)..3 * (row + column) + 3;
        rows.iter().flat_map(|row| columns.iter().flat_map(|column| &image[pixel(*row, column)])).copied().collect()
    }
}

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
        let (height, width) = tiling.window;
        let graph = WindowGraph::new(weights, tiling.window, settings, pass != Pass::Measure)?;
        let kept = if pass == Pass::Both { graph.kept_bytes() } else { 0 };
        let runs = match pass {
            Pass::Measure => vec![graph.measure(false)],
            Pass::Carry => vec![graph.carry(false)],
            Pass::Both => vec![graph.clone().measure(true), graph.carry(true)],
        };
        let bytes = runs.iter().map(|run| planned_memory(kind, &run.graph, &run.outputs).bytes).max().unwrap_or(0);
        let bytes = bytes + held + tiling.len() as u64 * kept;
        let operations: u64 = runs.iter().map(|run| run.graph.operations(&run.outputs)).sum();
        best = Some((tiling.clone(), bytes, tiling.len() as u64 * operations));
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
    /// Of each tap: the map's shape, its stride, the region that counts, and the gradient of its Gram matrix.
    taps: Vec<(Shape, usize, TensorId, Option<TensorId>)>,
    grams: Vec<TensorId>,
    gradient: Option<TensorId>,
    /// What the gradient needs of the layers behind the last pooling that has layers behind it.
    kept: Vec<TensorId>,
    /// What the pass computes that it was made for.
    outputs: Vec<TensorId>,
}

/// What the first pass keeps of each window.
pub type Kept = Vec<Vec<f32>>;

impl WindowGraph {
    /// Gram matrices of what a window owns, and with `backward` the gradient of its pixels from those of the matrices.
    fn new(
        weights: &Weights,
        (height, width): (usize, usize),
        settings: &LossSettings,
        backward: bool,
    ) -> Result<Self, ComputeError> {
        let mut graph = Graph::new();
        let image = graph.input(Shape::new(height, width, 3));
        let found = features(&mut graph, image, weights, &settings.layers(), settings.padding, settings.pooling)?;
        let (mut taps, mut grams, mut seeded, mut last) = (vec![], vec![], vec![], image);
        for (depth, map) in found.taps {
            let region = graph.input(Shape::new(1, 1, 4));
            let gram = graph.gram_within(map, region)?;
            let seed = backward.then(|| graph.input(graph.shape(gram)));
            seeded.extend(seed.map(|seed| (gram, seed)));
            taps.push((graph.shape(map), depth.stride(), region, seed));
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

    /// Runs over all windows; `take` gets the outputs of each, and where its pixels stand. For the second pass, `seeds` are
    /// the gradients of the whole image's Gram matrices, and `kept` is what the first one kept of each window, if anything.
    fn run(
        self,
        device: &Device,
        tiling: &Tiling,
        image: &[f32],
        (seeds, kept): (&[Vec<f32>], &[Kept]),
        mut take: impl FnMut(Vec<Vec<f32>>, &(Vec<usize>, Vec<usize>)),
    ) -> Result<(), ComputeError> {
        let mut program = device.compile(self.graph, &self.outputs)?;
        for ((shape, stride, _, seed), values) in self.taps.iter().zip(seeds) {
            if let Some(seed) = seed {
                // A window's matrices are divided by its own positions.
                let share = (shape.positions() as f64 / positions(tiling.size, *stride)) as f32;
                program.write(*seed, &values.iter().map(|v| v * share).collect::<Vec<f32>>());
            }
        }
        for (n, (row, column)) in tiling.windows().enumerate() {
            let places = tiling.places(row, column);
            program.write(self.image, &tiling.cut(image, &places));
            for (_, stride, region, _) in &self.taps {
                let ([top, bottom], [left, right]) = (row.region(*stride), column.region(*stride));
                program.write(*region, &[top, left, bottom, right]);
            }
            for (id, values) in self.kept.iter().zip(kept.get(n).into_iter().flatten()) {
                program.write(*id, values);
            }
            take(program.run()?, &places);
        }
        Ok(())
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
        let graph = WindowGraph::new(weights, tiling.window, settings, backward || tilings.keeps)?;
        let graph = if backward { graph.carry(tilings.keeps) } else { graph.measure(tilings.keeps) };
        device.compile(graph.graph, &graph.outputs)?;
    }
    Ok(())
}

/// Positions of the whole image's map with a stride.
fn positions((height, width): (usize, usize), stride: usize) -> f64 {
    ((height / stride) * (width / stride)) as f64
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
    let graph = WindowGraph::new(weights, tiling.window, settings, keep)?.measure(keep);
    let shares: Vec<f64> = graph
        .taps
        .iter()
        .map(|(shape, stride, ..)| shape.positions() as f64 / positions(tiling.size, *stride))
        .collect();
    let mut sums: Vec<Vec<f64>> = graph.grams.iter().map(|id| vec![0.0; graph.graph.shape(*id).len()]).collect();
    let mut kept = vec![];
    graph.run(device, tiling, image, (&[], &[]), |mut outputs, _| {
        kept.push(outputs.split_off(sums.len()));
        for ((sum, gram), share) in sums.iter_mut().zip(outputs).zip(&shares) {
            sum.iter_mut().zip(gram).for_each(|(s, g)| *s += f64::from(g) * share);
        }
    })?;
    let grams = sums.into_iter().map(|sum| sum.into_iter().map(|v| v as f32).collect()).collect();
    Ok((grams, if keep { kept } else { vec![] }))
}

/// The gradient of a loss with respect to every pixel, from those with respect to the Gram matrices, and from what
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
    let graph = WindowGraph::new(weights, tiling.window, settings, true)?.carry(!kept.is_empty());
    graph.run(device, tiling, image, (seeds, kept), |outputs, (rows, columns)| {
        let pixels = outputs[0].chunks_exact(3);
        let places = rows.iter().flat_map(|row| columns.iter().map(move |column| 3 * (row + column)));
        for (at, pixel) in places.zip(pixels) {
            (0..3).for_each(|c| whole[at + c] += pixel[c]);
        }
    })?;
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_owned_once_and_seen_with_its_surroundings() {
        let pool3 = Reach::of(Depth::POOL3);
        assert_eq!(pool3, Reach { stride: 8, halo: 24, align: 16 });
        let pool2 = Reach::of(Depth::POOL2);
        for (n, parts, reach, periodic) in [
            (1000, 3, pool3, false),
            (1003, 4, pool3, false),
            (640, 5, pool2, true),
            (641, 5, pool2, true),
            (100, 4, pool3, false),
        ] {
            let Some((window, spans)) = spans(n, parts, reach, periodic) else {
                assert!(n == 641 || n == 100, "{n} can be cut");
                continue;
            };
            assert!(window < n && window % reach.align == n % reach.align);
            let first = spans[0].owned.start;
            let mut next = first;
            for span in &spans {
                assert_eq!((span.owned.start, span.start.rem_euclid(reach.align as isize)), (next, 0));
                next = span.owned.end;
                let end = span.start + (window - n % reach.stride) as isize;
                let (before, after) = (span.owned.start as isize - span.start, end - span.owned.end as isize);
                let at_edge = |edge: bool| !periodic && edge;
                assert!(before >= reach.halo as isize || at_edge(span.start == 0), "{span:?}");
                assert!(after >= reach.halo as isize || at_edge(span.start as usize + window == n), "{span:?}");
            }
            assert_eq!(next - first, n);
        }
    }
}
