//! The places of windows in an image, and which of their activations are those of the whole image.

use std::ops::Range;

use crate::compute::graph::{Cut, Padding, Shape};
use crate::net::{Layer, LayerKind};

/// The least that a window owns along an axis, in pixels of the image.
const LEAST: usize = 64;
/// Windows start at multiples of this many positions of every convolution, so that the tiles of Winograd's algorithm
/// are those of the whole image. All outputs of a tile that reads a wrong number are wrong.
const STEP: usize = 4;
/// Stands for the end of a map; a region that reaches further is cut to the map.
const END: usize = 1_000_000_000;

/// Consecutive layers that are computed in the same windows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// The layer whose map it starts from; `None` for the image.
    pub from: Option<Layer>,
    /// Its last layer.
    pub to: Layer,
}

impl Section {
    /// Its layers.
    pub fn layers(self) -> impl Iterator<Item = Layer> {
        Layer::all().filter(move |layer| self.from.is_none_or(|first| *layer > first) && *layer <= self.to)
    }

    /// Channels of the map that it starts from.
    pub fn channels(self) -> usize {
        self.from.map_or(3, Layer::channels)
    }

    /// Pixels of the image from one position of the map that it starts from to the next.
    pub fn step(self) -> usize {
        self.from.map_or(1, Layer::stride)
    }
}

/// How far the windows of a section have to overlap, and what is cut off their layers, so that what is left is that of
/// the whole image to the last bit. (There is one exception: if the edges of a periodic image are not multiples of
/// [`Reach::align`], the tiles across its seam differ from those of the whole image, and the sign of an activation near
/// 0 may change.) Lengths are in positions of the map that the section starts from.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// From one output of the last layer to the next.
    stride: usize,
    /// How far a window reads beyond what it owns.
    halo: usize,
    /// Windows start at multiples of it, and so does what they own.
    align: usize,
    /// For each layer, the positions of its own map that are cut off at an inner edge of the window because they are
    /// wrong.
    cuts: Vec<usize>,
}

impl Reach {
    /// The reach of a section.
    pub fn of(section: Section) -> Self {
        let is_pool = |layer: &Layer| layer.kind() == LayerKind::Pool;
        let layers: Vec<Layer> = section.layers().collect();
        let convolutions = layers.len() - layers.iter().rev().take_while(|layer| is_pool(layer)).count();
        let align = STEP << layers[..convolutions].iter().filter(|layer| is_pool(layer)).count();
        // Positions at an inner edge that differ from those of the whole image, and what has been cut off so far.
        let (mut wrong, mut total_cut, mut stride, mut cuts) = (0usize, 0, 1, vec![]);
        for layer in &layers {
            let mut cut = 0;
            if is_pool(layer) {
                wrong = wrong.div_ceil(2);
                stride *= 2;
            } else {
                wrong = (wrong + 1).next_multiple_of(STEP);
                cut = wrong / (align / stride) * (align / stride);
                wrong -= cut;
                total_cut += cut * stride;
            }
            cuts.push(cut);
        }
        // At the last convolution `align / stride` is `STEP`, so its cut removes all that is wrong.
        Self { stride, halo: total_cut, align, cuts }
    }

    /// What is cut off the map of each layer of a window: only at inner edges.
    pub fn cuts(&self, frame: Frame) -> Vec<Cut> {
        let of = |cut: usize, inner: [bool; 2]| inner.map(|inner| if inner { cut } else { 0 });
        self.cuts.iter().map(|cut| Cut { before: of(*cut, frame.before), after: of(*cut, frame.after) }).collect()
    }

    /// What has been cut off an inner edge up to a layer of the section, that layer included.
    fn total_cut(&self, section: Section, last: Layer) -> usize {
        let layers = section.layers().take_while(|layer| *layer <= last);
        layers.zip(&self.cuts).map(|(layer, cut)| cut * (layer.stride() / section.step())).sum()
    }
}

/// One window along one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its first position; negative if a periodic map continues at its opposite edge.
    start: isize,
    /// Its positions.
    len: usize,
    /// The positions that it owns.
    owned: Range<usize>,
    /// Whether its first and its last edge are inner ones: whether the map continues there.
    inner: [bool; 2],
}

/// Divides an axis of `n` positions into `parts` windows or the next larger number that is possible; each owns `least`
/// positions or more. `None` if the windows would not be smaller than the whole, or if the size of a periodic map is
/// not a multiple of the stride.
fn spans(n: usize, parts: usize, least: usize, reach: &Reach, periodic: bool) -> Option<Vec<Span>> {
    let Reach { stride, halo, align, .. } = *reach;
    if parts == 1 && !periodic {
        return Some(vec![Span { start: 0, len: n, owned: 0..n, inner: [false; 2] }]);
    }
    if periodic && !n.is_multiple_of(stride) {
        return None;
    }
    let around = if periodic { 2 * halo } else { halo };
    let mut sizes = (parts..=n / least).map(|parts| n.div_ceil(parts).next_multiple_of(align));
    let own = if parts == 1 { n } else { sizes.find(|own| own + around < n)? };
    // A rest below `least` is added to the last part.
    let count = (n / own + usize::from(n % own >= least)).max(1);
    let span = |part: usize| {
        let owned = part * own..if part + 1 == count { n } else { (part + 1) * own };
        let within = |room: usize| if periodic { halo } else { halo.min(room) };
        let (before, after) = (within(owned.start), within(n - owned.end));
        let start = owned.start as isize - before as isize;
        let inner = [periodic || owned.start > before, periodic || owned.end + after < n];
        Span { start, len: before + owned.len() + after, owned, inner }
    };
    Some((0..count).map(span).collect())
}

impl Span {
    /// The positions that it owns in the map of a layer with this stride, of which `cut` are cut off at inner edges:
    /// the first, and the one after the last.
    fn region(&self, stride: usize, cut: usize) -> [usize; 2] {
        let first = self.start + if self.inner[0] { cut as isize } else { 0 };
        let at = |position: usize| (position as isize - first) as usize / stride;
        let is_last = self.owned.end as isize == self.start + self.len as isize;
        [at(self.owned.start), if is_last { END } else { at(self.owned.end) }]
    }
}

/// What the graph of a window depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Frame {
    /// Rows and columns.
    pub size: (usize, usize),
    /// Whether the image continues above and to the left.
    before: [bool; 2],
    /// Whether the image continues below and to the right.
    after: [bool; 2],
}

impl Frame {
    /// The padding of its layers in an image with this padding. All edges of a window in a periodic image are inner
    /// ones, so their padding does not matter.
    pub fn padding(&self, padding: Padding) -> Padding {
        let is_window = [self.before, self.after] != [[false; 2]; 2];
        if is_window && padding == Padding::Periodic { Padding::Zero } else { padding }
    }
}

/// A window: a span of rows and one of columns.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    rows: &'a Span,
    columns: &'a Span,
}

impl Window<'_> {
    /// What its graph depends on.
    pub fn frame(&self) -> Frame {
        let Self { rows, columns } = self;
        Frame {
            size: (rows.len, columns.len),
            before: [rows.inner[0], columns.inner[0]],
            after: [rows.inner[1], columns.inner[1]],
        }
    }

    /// The region of a layer's map that it owns: the first row and column, and those after the last, which may lie
    /// beyond the end of the map.
    pub fn region(&self, tiling: &Tiling, layer: Layer) -> [usize; 4] {
        let (stride, cut) = (layer.stride() / tiling.section.step(), tiling.reach.total_cut(tiling.section, layer));
        let ([top, bottom], [left, right]) = (self.rows.region(stride, cut), self.columns.region(stride, cut));
        [top, left, bottom, right]
    }

    /// For each position of the window, the range of its numbers in the window and in the map that the section starts
    /// from.
    pub fn numbers(&self, tiling: &Tiling) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        let along = |span: &Span, n: usize| -> Vec<usize> {
            (0..span.len as isize).map(|k| (span.start + k).rem_euclid(n as isize) as usize).collect()
        };
        let (rows, columns) = (along(self.rows, tiling.size.0), along(self.columns, tiling.size.1));
        let width = (columns.len(), tiling.size.1);
        pairs((0, 0), (rows, columns), width, tiling.section.channels())
    }

    /// For each position of the section's last map that the window owns, the range of its numbers in the window's map,
    /// which has this shape, and in the whole map.
    pub fn last_numbers(&self, tiling: &Tiling, shape: Shape) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        let stride = tiling.reach.stride;
        let along = |span: &Span| (span.owned.start / stride..span.owned.end / stride).collect();
        let [top, left, ..] = self.region(tiling, tiling.section.to);
        let width = (shape.width, tiling.size.1 / stride);
        pairs((top, left), (along(self.rows), along(self.columns)), width, shape.channels)
    }
}

/// The ranges of the numbers of positions in two maps of these widths: in the first they form a block with its corner
/// at `(top, left)`, in the second they are at these rows and columns.
fn pairs(
    (top, left): (usize, usize),
    (rows, columns): (Vec<usize>, Vec<usize>),
    widths: (usize, usize),
    channels: usize,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let numbers = move |position: usize| position * channels..(position + 1) * channels;
    rows.into_iter().enumerate().flat_map(move |(y, row)| {
        let (here, there) = ((top + y) * widths.0 + left, row * widths.1);
        let columns = columns.clone().into_iter().enumerate();
        columns.map(move |(x, column)| (numbers(here + x), numbers(there + column)))
    })
}

/// Windows of some layers that together own every position once.
#[derive(Clone, Debug, PartialEq)]
pub struct Tiling {
    /// The layers.
    pub section: Section,
    /// Rows and columns of the map that the section starts from.
    pub size: (usize, usize),
    /// How far the windows overlap, and what is cut off.
    pub reach: Reach,
    rows: Vec<Span>,
    columns: Vec<Span>,
}

impl Tiling {
    /// This many windows down and across, or the next larger numbers that are possible; `None` if none is, or if the
    /// windows would not be smaller than the whole.
    pub fn new(
        size: (usize, usize),
        (down, across): (usize, usize),
        section: Section,
        padding: Padding,
    ) -> Option<Self> {
        // In a single window, the convolutions themselves continue at the opposite edge.
        let (reach, periodic) = (Reach::of(section), padding == Padding::Periodic && (down, across) != (1, 1));
        let along = |n, parts| spans(n, parts, LEAST / section.step(), &reach, periodic);
        let (rows, columns) = (along(size.0, down)?, along(size.1, across)?);
        Some(Self { section, size, reach, rows, columns })
    }

    /// How many windows there are.
    pub fn len(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// The windows, the largest first, those with the same graph after each other.
    pub fn windows(&self) -> Vec<Window<'_>> {
        let across = |rows| self.columns.iter().map(move |columns| Window { rows, columns });
        let mut windows: Vec<Window> = self.rows.iter().flat_map(across).collect();
        windows.sort_by_key(|window| std::cmp::Reverse(window.frame()));
        windows
    }

    /// Positions of the section's last map.
    pub fn last_positions(&self) -> usize {
        (self.size.0 / self.reach.stride) * (self.size.1 / self.reach.stride)
    }

    /// The largest window: no other has more rows or columns.
    pub fn largest(&self) -> Frame {
        Window { rows: longest(&self.rows), columns: longest(&self.columns) }.frame()
    }

    /// Positions of all windows together, over those of the largest.
    pub fn equivalent_windows(&self) -> f64 {
        let along = |spans: &[Span]| spans.iter().map(|span| span.len).sum::<usize>() as f64;
        let (height, width) = self.largest().size;
        along(&self.rows) * along(&self.columns) / (height * width) as f64
    }
}

fn longest(spans: &[Span]) -> &Span {
    spans.iter().max_by_key(|span| span.len).expect("at least one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_owned_once_and_seen_with_its_surroundings() {
        let pool3 = Reach::of(Section { from: None, to: Layer::POOL3 });
        // Tiles of Winograd's algorithm: two of conv2_1 (in pixels 16), one of each convolution of the third block.
        assert_eq!(pool3, Reach { stride: 8, halo: 80, align: 16, cuts: vec![0, 0, 0, 8, 0, 0, 4, 4, 4, 4, 0] });
        let pool2 = Reach::of(Section { from: None, to: Layer::POOL2 });
        let third = Reach::of(Section { from: Some(Layer::POOL2), to: Layer::POOL3 });
        assert_eq!(third, Reach { stride: 2, halo: 16, align: 4, cuts: vec![4, 4, 4, 4, 0] });
        // Sees further than the least that a window owns.
        let deep = Reach::of(Section { from: Some(Layer::POOL2), to: Layer::POOL5 });
        assert_eq!((deep.stride, deep.halo, deep.align), (8, 112, 16));
        for (n, parts, least, reach, periodic, is_cut) in [
            (1000, 3, LEAST, &pool3, false, true),
            (1003, 4, LEAST, &pool3, false, true),
            (1009, 7, LEAST, &pool3, false, true),
            (640, 5, LEAST, &pool2, true, true),
            (640, 1, LEAST, &pool2, true, true),
            (641, 5, LEAST, &pool2, true, false),
            (272, 2, LEAST, &pool3, true, true),
            (100, 4, LEAST, &pool3, false, false),
            (144, 9, 16, &deep, false, true),
            (512, 32, 16, &deep, false, true),
        ] {
            let found = spans(n, parts, least, reach, periodic);
            assert_eq!(found.is_some(), is_cut, "{n} in {parts}");
            let mut next = 0;
            for span in found.into_iter().flatten() {
                assert_eq!((span.owned.start, span.start.rem_euclid(reach.align as isize)), (next, 0));
                next = span.owned.end;
                let end = span.start + span.len as isize;
                let (before, after) = (span.owned.start as isize - span.start, end - span.owned.end as isize);
                assert!(if span.inner[0] { before == reach.halo as isize } else { span.start == 0 }, "{span:?}");
                assert!(if span.inner[1] { after == reach.halo as isize } else { end == n as isize }, "{span:?}");
                assert!(span.owned.len() >= least && (periodic || span.start >= 0 && end <= n as isize), "{span:?}");
            }
            assert!(!is_cut || next == n);
        }
    }
}
