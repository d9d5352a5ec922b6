//! Where windows stand in an image, and what of their layers is that of the whole image.

use std::ops::Range;

use crate::compute::graph::{Cut, Padding, Shape};
use crate::net::{Layer, LayerKind};

/// The least that a window owns along an axis, in pixels of the image.
const LEAST: usize = 64;
/// Windows begin at multiples of so many positions of every convolution, so that the tiles of Winograd's algorithm are
/// those of the whole image; a tile that reads a wrong number is wrong as a whole.
const STEP: usize = 4;
/// Stands for the end of a map, which a region is cut to.
const END: usize = 1_000_000_000;

/// Layers behind one another, gone over in the same windows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// The layer whose map it begins from; none stands for the image.
    pub from: Option<Layer>,
    /// Its last layer.
    pub to: Layer,
}

impl Section {
    /// Its layers.
    pub fn layers(self) -> impl Iterator<Item = Layer> {
        Layer::all().filter(move |layer| self.from.is_none_or(|first| *layer > first) && *layer <= self.to)
    }

    /// Channels of what it begins from.
    pub fn channels(self) -> usize {
        self.from.map_or(3, Layer::channels)
    }

    /// Pixels of the image from one position of what it begins from to the next.
    pub fn step(self) -> usize {
        self.from.map_or(1, Layer::stride)
    }
}

/// What of the layers of a window is that of the whole, to the last bit. (Where the edges of a periodic image are no
/// multiples of [`Reach::align`], tiles across its seam are not those of the whole, and an activation that is nearly 0 may
/// fall on the other side.) Lengths are counted in positions of the map that the section begins from.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// From one output of the last layer to the next.
    stride: usize,
    /// What a window reads beyond what it owns.
    halo: usize,
    /// Windows begin at multiples of it, and so does what they own.
    align: usize,
    /// Of each layer the positions at an inner edge of the window that are cut off, having no more to give.
    cuts: Vec<usize>,
}

impl Reach {
    /// That of some layers.
    pub fn of(section: Section) -> Self {
        let is_pool = |layer: &Layer| layer.kind() == LayerKind::Pool;
        let layers: Vec<Layer> = section.layers().collect();
        let convolutions = layers.len() - layers.iter().rev().take_while(|layer| is_pool(layer)).count();
        let align = STEP << layers[..convolutions].iter().filter(|layer| is_pool(layer)).count();
        // Positions at the edge that differ from those of the whole, and what has been cut off.
        let (mut wrong, mut gone, mut stride, mut cuts) = (0usize, 0, 1, vec![]);
        for layer in &layers {
            let mut cut = 0;
            if is_pool(layer) {
                wrong = wrong.div_ceil(2);
                stride *= 2;
            } else {
                wrong = (wrong + 1).next_multiple_of(STEP);
                cut = wrong / (align / stride) * (align / stride);
                wrong -= cut;
                gone += cut * stride;
            }
            cuts.push(cut);
        }
        // Behind the last convolution a cut takes whatever is wrong.
        Self { stride, halo: gone, align, cuts }
    }

    /// What is cut off each layer of a window, by whether its edges are inner ones: before the first row and column, and
    /// behind the last.
    pub fn cuts(&self, frame: Frame) -> Vec<Cut> {
        let of = |cut: usize, inner: [bool; 2]| inner.map(|inner| if inner { cut } else { 0 });
        self.cuts.iter().map(|cut| Cut { before: of(*cut, frame.before), after: of(*cut, frame.after) }).collect()
    }

    /// What has been cut off an inner edge down to a layer of the section.
    fn gone(&self, section: Section, last: Layer) -> usize {
        let layers = section.layers().take_while(|layer| *layer <= last);
        layers.zip(&self.cuts).map(|(layer, cut)| cut * (layer.stride() / section.step())).sum()
    }
}

/// One window along one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its first position; before the map where that continues at its opposite edge.
    start: isize,
    /// Its positions.
    len: usize,
    /// The positions that it owns.
    owned: Range<usize>,
    /// Whether the map goes on before its first and behind its last position.
    inner: [bool; 2],
}

/// Windows along an axis of `n` positions in `parts` parts or the next number that is possible, each owning `least` or more;
/// `None` where they would be no smaller than the whole, or where poolings of the wrapped image do not meet at its edge.
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
    // A small rest goes with the part before it.
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
    /// The positions that it owns on the map of a layer that has this stride and has lost so much at inner edges: the
    /// first, and the one behind the last.
    fn region(&self, stride: usize, gone: usize) -> [usize; 2] {
        let first = self.start + if self.inner[0] { gone as isize } else { 0 };
        let at = |position: usize| (position as isize - first) as usize / stride;
        let is_last = self.owned.end as isize == self.start + self.len as isize;
        [at(self.owned.start), if is_last { END } else { at(self.owned.end) }]
    }
}

/// What decides the graph of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Frame {
    /// Rows and columns.
    pub size: (usize, usize),
    /// Whether the image goes on above and to the left.
    before: [bool; 2],
    /// Whether the image goes on below and to the right.
    after: [bool; 2],
}

impl Frame {
    /// How its layers are padded in an image that is padded like this: all edges of a window in a periodic image are inner
    /// ones.
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
    /// What decides its graph.
    pub fn frame(&self) -> Frame {
        let Self { rows, columns } = self;
        Frame {
            size: (rows.len, columns.len),
            before: [rows.inner[0], columns.inner[0]],
            after: [rows.inner[1], columns.inner[1]],
        }
    }

    /// The region of a layer that it owns: the first row and column, and those behind the last, which may lie beyond the
    /// end of the map.
    pub fn region(&self, tiling: &Tiling, layer: Layer) -> [usize; 4] {
        let (stride, gone) = (layer.stride() / tiling.section.step(), tiling.reach.gone(tiling.section, layer));
        let ([top, bottom], [left, right]) = (self.rows.region(stride, gone), self.columns.region(stride, gone));
        [top, left, bottom, right]
    }

    /// For each position of the window where its numbers are in the window, and where in the map that the section begins
    /// from.
    pub fn numbers(&self, tiling: &Tiling) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        let along = |span: &Span, n: usize| -> Vec<usize> {
            (0..span.len as isize).map(|k| (span.start + k).rem_euclid(n as isize) as usize).collect()
        };
        let (rows, columns) = (along(self.rows, tiling.size.0), along(self.columns, tiling.size.1));
        let width = (columns.len(), tiling.size.1);
        pairs((0, 0), (rows, columns), width, tiling.section.channels())
    }

    /// For each position that the window owns of the section's last map where its numbers are in the window's own map,
    /// which has this shape, and where in the whole one.
    pub fn last_numbers(&self, tiling: &Tiling, shape: Shape) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        let stride = tiling.reach.stride;
        let along = |span: &Span| (span.owned.start / stride..span.owned.end / stride).collect();
        let [top, left, ..] = self.region(tiling, tiling.section.to);
        let width = (shape.width, tiling.size.1 / stride);
        pairs((top, left), (along(self.rows), along(self.columns)), width, shape.channels)
    }
}

/// Where the numbers of positions are in a map from a corner on, and where in another one, in which they stand in these rows
/// and columns; `widths` are those of the two maps.
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
    /// Rows and columns of the map that the section begins from.
    pub size: (usize, usize),
    /// What of their layers is that of the whole.
    pub reach: Reach,
    rows: Vec<Span>,
    columns: Vec<Span>,
}

impl Tiling {
    /// So many windows down and across, or the next numbers that are possible; `None` where that is not possible, or no gain.
    pub fn new(
        size: (usize, usize),
        (down, across): (usize, usize),
        section: Section,
        padding: Padding,
    ) -> Option<Self> {
        // The whole goes on at its opposite edge by itself.
        let (reach, periodic) = (Reach::of(section), padding == Padding::Periodic && (down, across) != (1, 1));
        let along = |n, parts| spans(n, parts, LEAST / section.step(), &reach, periodic);
        let (rows, columns) = (along(size.0, down)?, along(size.1, across)?);
        Some(Self { section, size, reach, rows, columns })
    }

    /// How many windows there are.
    pub fn len(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// The windows, those of one graph behind each other, and the largest first.
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

    /// Positions of all windows, by those of the largest.
    pub fn largests(&self) -> f64 {
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
