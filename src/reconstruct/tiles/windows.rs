//! Where windows stand in an image, and what of their layers is that of the whole image.

use std::ops::Range;

use crate::compute::graph::{Cut, Padding};
use crate::net::{Depth, LayerKind};

/// The least that a window owns along an axis.
const LEAST: usize = 64;
/// Windows begin at multiples of so many positions of every convolution, so that the tiles of Winograd's algorithm are
/// those of the whole image; a tile that reads a wrong number is wrong as a whole.
const STEP: usize = 4;
/// Stands for the end of a map, which a region is cut to.
const END: f32 = 1e9;

/// What of the layers of a window is that of the whole image, to the last bit.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// Pixels of the image from one output of the last layer to the next.
    stride: usize,
    /// Pixels that a window reads beyond what it owns.
    halo: usize,
    /// Windows begin at multiples of it, and so does what they own.
    align: usize,
    /// Of each layer the positions at an inner edge of the window that are cut off, having no more to give.
    cuts: Vec<usize>,
}

impl Reach {
    /// That of the network down to a depth.
    pub fn of(depth: Depth) -> Self {
        let is_pool = |kind: LayerKind| matches!(kind, LayerKind::Pool);
        let layers = depth.layers();
        let convolutions = layers.len() - layers.iter().rev().take_while(|layer| is_pool(layer.kind)).count();
        let align = STEP << layers[..convolutions].iter().filter(|layer| is_pool(layer.kind)).count();
        // Positions at the edge that differ from those of the whole image, and pixels that have been cut off.
        let (mut wrong, mut gone, mut stride, mut cuts) = (0usize, 0, 1, vec![]);
        for layer in layers {
            let mut cut = 0;
            if is_pool(layer.kind) {
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
        Self { stride, halo: (gone + wrong * stride).next_multiple_of(align), align, cuts }
    }

    /// What is cut off each layer of a window, by whether its edges are inner ones: before the first row and column, and
    /// behind the last.
    pub fn cuts(&self, frame: Frame) -> Vec<Cut> {
        let of = |cut: usize, inner: [bool; 2]| inner.map(|inner| if inner { cut } else { 0 });
        self.cuts.iter().map(|cut| Cut { before: of(*cut, frame.before), after: of(*cut, frame.after) }).collect()
    }

    /// Pixels that have been cut off an inner edge down to a depth.
    fn gone(&self, depth: Depth) -> usize {
        let mut stride = 1;
        let steps = depth.layers().iter().zip(&self.cuts).map(|(layer, cut)| {
            stride *= if matches!(layer.kind, LayerKind::Pool) { 2 } else { 1 };
            cut * stride
        });
        steps.sum()
    }
}

/// One window along one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its first pixel; before the image where that continues at its opposite edge.
    start: isize,
    /// Its pixels.
    len: usize,
    /// The pixels that it owns.
    owned: Range<usize>,
    /// Whether the image goes on before its first and behind its last pixel.
    inner: [bool; 2],
}

/// Windows along an axis of `n` pixels in `parts` parts or the next number that is possible; `None` where they would be no smaller than the whole, or
/// where poolings of the wrapped image do not meet at its edge.
fn spans(n: usize, parts: usize, reach: &Reach, periodic: bool) -> Option<Vec<Span>> {
    let Reach { stride, halo, align, .. } = *reach;
    if parts == 1 && !periodic {
        return Some(vec![Span { start: 0, len: n, owned: 0..n, inner: [false; 2] }]);
    }
    if periodic && !n.is_multiple_of(stride) {
        return None;
    }
    let around = if periodic { 2 * halo } else { halo };
    let mut sizes = (parts..=n / LEAST).map(|parts| n.div_ceil(parts).next_multiple_of(align));
    let own = if parts == 1 { n } else { sizes.find(|own| own + around < n)? };
    // A rest that has no output of its own goes with the part before it.
    let count = (n / own + usize::from(n % own >= stride)).max(1);
    let span = |part: usize| {
        let owned = part * own..if part + 1 == count { n } else { (part + 1) * own };
        let inner = [periodic || part > 0, periodic || part + 1 < count];
        let before = if inner[0] { halo } else { 0 };
        let start = owned.start as isize - before as isize;
        let after = if periodic { halo } else { halo.min(n - owned.end) };
        let inner = [inner[0], inner[1] && (periodic || owned.end + after < n)];
        Span { start, len: before + owned.len() + after, owned, inner }
    };
    Some((0..count).map(span).collect())
}

impl Span {
    /// The positions that it owns on the map of a layer that has this stride and has lost so many pixels at inner edges:
    /// the first, and the one behind the last.
    fn region(&self, stride: usize, gone: usize) -> [f32; 2] {
        let first = self.start + if self.inner[0] { gone as isize } else { 0 };
        let at = |pixel: usize| ((pixel as isize - first) / stride as isize) as f32;
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

/// Where the pixels of a window stand: the offset in the image of each row, and of each pixel of a row.
pub type Places = (Vec<usize>, Vec<usize>);

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

    /// The region of a tapped layer that it owns, as [`crate::compute::graph::Graph::gram_within`] takes it.
    pub fn region(&self, reach: &Reach, depth: Depth) -> [f32; 4] {
        let (stride, gone) = (depth.stride(), reach.gone(depth));
        let ([top, bottom], [left, right]) = (self.rows.region(stride, gone), self.columns.region(stride, gone));
        [top, left, bottom, right]
    }

    /// Where its pixels stand in an image of this size.
    pub fn places(&self, (height, width): (usize, usize)) -> Places {
        let along = |span: &Span, n: usize| -> Vec<usize> {
            (0..span.len as isize).map(|k| (span.start + k).rem_euclid(n as isize) as usize).collect()
        };
        (along(self.rows, height).into_iter().map(|y| y * width).collect(), along(self.columns, width))
    }
}

/// The three channels of the pixels at these places.
pub fn pixels(image: &[f32], (rows, columns): &Places) -> Vec<f32> {
    let pixel = |row: usize, column: &usize| 3 * (row + column)..3 * (row + column) + 3;
    rows.iter().flat_map(|row| columns.iter().flat_map(|column| &image[pixel(*row, column)])).copied().collect()
}

/// Windows that together own every pixel once.
#[derive(Clone, Debug, PartialEq)]
pub struct Tiling {
    /// Rows and columns of the image.
    pub size: (usize, usize),
    /// What of their layers is that of the whole image.
    pub reach: Reach,
    rows: Vec<Span>,
    columns: Vec<Span>,
}

impl Tiling {
    /// So many windows down and across, or the next numbers that are possible; `None` where that is not possible, or no gain.
    pub fn new(size: (usize, usize), (down, across): (usize, usize), depth: Depth, padding: Padding) -> Option<Self> {
        // The whole goes on at its opposite edge by itself.
        let (reach, periodic) = (Reach::of(depth), padding == Padding::Periodic && (down, across) != (1, 1));
        let (rows, columns) = (spans(size.0, down, &reach, periodic)?, spans(size.1, across, &reach, periodic)?);
        Some(Self { size, reach, rows, columns })
    }

    /// How many windows there are.
    pub fn len(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// The windows, those of one graph behind each other.
    pub fn windows(&self) -> Vec<Window<'_>> {
        let across = |rows| self.columns.iter().map(move |columns| Window { rows, columns });
        let mut windows: Vec<Window> = self.rows.iter().flat_map(across).collect();
        windows.sort_by_key(Window::frame);
        windows
    }

    /// The largest window: no other has more rows or columns.
    pub fn largest(&self) -> Frame {
        let longest = |spans: &'_ [Span]| spans.iter().max_by_key(|span| span.len).cloned();
        let (rows, columns) = (longest(&self.rows), longest(&self.columns));
        let (rows, columns) = (rows.expect("at least one"), columns.expect("at least one"));
        Window { rows: &rows, columns: &columns }.frame()
    }

    /// Pixels of all windows, by those of the largest.
    pub fn largests(&self) -> f64 {
        let along = |spans: &[Span]| spans.iter().map(|span| span.len).sum::<usize>() as f64;
        let (height, width) = self.largest().size;
        along(&self.rows) * along(&self.columns) / (height * width) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_owned_once_and_seen_with_its_surroundings() {
        let pool3 = Reach::of(Depth::POOL3);
        // Tiles of Winograd's algorithm: two of conv2_1 (in pixels 16), one of each convolution of the third block.
        assert_eq!(pool3, Reach { stride: 8, halo: 80, align: 16, cuts: vec![0, 0, 0, 8, 0, 0, 4, 4, 4, 4, 0] });
        let pool2 = Reach::of(Depth::POOL2);
        for (n, parts, reach, periodic, is_cut) in [
            (1000, 3, &pool3, false, true),
            (1003, 4, &pool3, false, true),
            (1009, 7, &pool3, false, true),
            (640, 5, &pool2, true, true),
            (640, 1, &pool2, true, true),
            (641, 5, &pool2, true, false),
            (272, 2, &pool3, true, true),
            (100, 4, &pool3, false, false),
        ] {
            let found = spans(n, parts, reach, periodic);
            assert_eq!(found.is_some(), is_cut, "{n} in {parts}");
            let mut next = 0;
            for span in found.into_iter().flatten() {
                assert_eq!((span.owned.start, span.start.rem_euclid(reach.align as isize)), (next, 0));
                next = span.owned.end;
                let end = span.start + span.len as isize;
                let (before, after) = (span.owned.start as isize - span.start, end - span.owned.end as isize);
                assert!(if span.inner[0] { before == reach.halo as isize } else { span.start == 0 }, "{span:?}");
                assert!(if span.inner[1] { after == reach.halo as isize } else { end == n as isize }, "{span:?}");
                assert!(span.owned.len() >= reach.stride && (parts == 1 || span.len < n), "{span:?}");
            }
            assert!(!is_cut || next == n);
        }
    }
}
