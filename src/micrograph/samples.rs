//! From the samples of a file to a micrograph: palettes, transparency, black and white, orientation, square pixels.

use ndarray::{Array2, Array3, ArrayView3, Axis, Zip, s};

use super::Micrograph;
use super::limits::extremes;
use super::part::Rectangle;
use super::picture::{DOUBTFUL, MOST_PIXELS, few};
use super::specimen::{fill_small, largest_rectangle};

/// What the numbers of a file can be, from which its white follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Numbers {
    /// Unsigned integers of so many bits.
    Unsigned(u8),
    /// Signed or long integers, or floats: no number stands for white.
    Free,
}

/// The decoded samples of a picture, with what the file says of them.
pub struct Samples {
    /// `[rows, columns, channels]`, as stored: indices of a palette, colours with their transparency.
    pub values: Array3<f32>,
    /// Rows and columns of the file's whole picture.
    pub full: (usize, usize),
    /// The edge of the squares of its pixels that became one.
    pub bin: usize,
    /// What the numbers can be.
    pub numbers: Numbers,
    /// The values of black and white that the file states.
    pub stated: Option<(f32, f32)>,
    /// The colours that the values are numbers of.
    pub palette: Option<Vec<[u8; 3]>>,
    /// How the picture is turned (TIFF tag 274 and EXIF, 1 to 8).
    pub orientation: u8,
    /// Height of a pixel over its width.
    pub aspect: f64,
}

impl Samples {
    /// Samples of which the file says nothing else.
    pub fn new(size: (usize, usize), channels: usize, values: Vec<f32>, numbers: Numbers) -> Self {
        let values = Array3::from_shape_vec((size.0, size.1, channels), values).expect("as many as were decoded");
        Self { values, full: size, bin: 1, numbers, stated: None, palette: None, orientation: 1, aspect: 1.0 }
    }

    /// The micrograph, with notes on what was decided; an error if nothing of it is material.
    pub fn micrograph(mut self) -> Result<Micrograph, String> {
        let mut notes = vec![];
        self.cut_to_material(&mut notes)?;
        if let Some(palette) = self.palette.take() {
            self.resolve(&palette, &mut notes);
        }
        // Of two and four channels, the last is transparency.
        let keep = if self.values.dim().2 < 3 { 1 } else { 3 };
        let is_grey = keep == 3 && self.values.lanes(Axis(2)).into_iter().all(|p| p[0] == p[1] && p[1] == p[2]);
        let keep = if is_grey { 1 } else { keep };
        if keep != self.values.dim().2 {
            self.values = self.values.slice(s![.., .., ..keep]).as_standard_layout().into_owned();
        }
        let range = self.range(&mut notes);
        let mut values = self.values;
        if (self.aspect - 1.0).abs() > 0.005 {
            let more = self.aspect.max(1.0 / self.aspect);
            if (values.len() as f64 * more) as u64 > MOST_PIXELS * values.dim().2 as u64 {
                return Err("its pixels are not square, and it is too large to be resampled; read a part of it".into());
            }
            values = with_square_pixels(&values, self.aspect);
            notes.push(format!(
                "its pixels are {:.3} times as high as wide; it was resampled to square ones, {} × {} px",
                self.aspect,
                values.dim().1,
                values.dim().0
            ));
        }
        if (2..=8).contains(&self.orientation) {
            values = oriented(values.view(), self.orientation).as_standard_layout().into_owned();
            notes.push("it was turned as its orientation tag says".into());
        }
        Ok(Micrograph { notes, ..Micrograph::of(values, range) })
    }

    /// Cuts it to the largest rectangle without transparent pixels and values that are no numbers. A few scattered ones of
    /// the latter, such as dead pixels, are filled from around them.
    fn cut_to_material(&mut self, notes: &mut Vec<String>) -> Result<(), String> {
        /// The largest region that is filled, in pixels.
        const FILLED: usize = 16;
        let (h, w, channels) = self.values.dim();
        // Of two and four channels, the last is transparency.
        let alpha = [(2, 1), (4, 3)].into_iter().find(|(all, _)| *all == channels).map(|(_, alpha)| alpha);
        let is_clear = |pixel: &[f32]| alpha.is_some_and(|alpha| pixel[alpha] <= 0.0);
        let flat = self.values.as_slice().expect("standard layout");
        let clear: Vec<bool> = flat.chunks_exact(channels).map(is_clear).collect();
        let empty: Vec<bool> = flat.chunks_exact(channels).map(|p| p.iter().any(|v| !v.is_finite())).collect();
        let (clear_count, empty_count) = (clear.iter().filter(|m| **m).count(), empty.iter().filter(|m| **m).count());
        if clear_count + empty_count == 0 {
            return Ok(());
        }
        let plane = |marks: Vec<bool>| Array2::from_shape_vec((h, w), marks).expect("a mark for each pixel");
        let (clear, mut empty) = (plane(clear), plane(empty));
        let filled = fill_small(&mut self.values, &mut empty, FILLED);
        if filled > 0 {
            notes.push(format!("{filled} values that are no numbers were filled from around them"));
        }
        let marked = Zip::from(&clear).and(&empty).map_collect(|a, b| *a || *b);
        let share = 100.0 * marked.iter().filter(|m| **m).count() as f64 / (h * w) as f64;
        if share == 0.0 {
            return Ok(());
        }
        let part = largest_rectangle(&marked.view()).ok_or("all of its pixels are transparent or no numbers")?;
        let Rectangle { top, left, height, width } = part;
        let cut = self.values.slice(s![top..top + height, left..left + width, ..]);
        self.values = cut.as_standard_layout().into_owned();
        notes.push(format!(
            "{share:.1} % of its pixels are transparent or no numbers, and so no material: it was cut to the largest \
             rectangle without them, {width} × {height} px"
        ));
        Ok(())
    }

    /// Replaces numbers of a palette by what they stand for. A few numbers are labels, which two equal colours must not
    /// join; many numbers with a smooth row of colours are grey values; others are colours.
    fn resolve(&mut self, palette: &[[u8; 3]], notes: &mut Vec<String>) {
        let mut used = vec![false; palette.len().max(1)];
        let last = used.len() - 1;
        self.values.iter().for_each(|v| used[(*v as usize).min(last)] = true);
        let used: Vec<usize> = (0..palette.len()).filter(|n| used[*n]).collect();
        let mut greys: Vec<u8> = used.iter().map(|n| palette[*n][0]).collect();
        let is_grey = used.iter().all(|n| palette[*n].iter().all(|c| *c == palette[*n][0]));
        greys.sort_unstable();
        greys.dedup();
        if is_grey && greys.len() == used.len() {
            self.values.mapv_inplace(|v| f32::from(palette[(v as usize).min(last)][0]));
            self.numbers = Numbers::Unsigned(8);
            return;
        }
        let step = |pair: &[usize]| {
            let (a, b) = (palette[pair[0]], palette[pair[1]]);
            let far = (0..3).map(|c| a[c].abs_diff(b[c])).max().unwrap_or(0);
            usize::from(far) <= 24 * (pair[1] - pair[0])
        };
        let smooth = used.windows(2).filter(|pair| step(pair)).count() * 20 >= used.len().saturating_sub(1) * 19;
        if used.len() <= DOUBTFUL {
            notes.push(format!("its {} palette numbers are taken as labels, not their colours", used.len()));
        } else if smooth {
            notes.push("its palette is a colour scale: the numbers are taken as grey values".into());
        } else {
            let (h, w, _) = self.values.dim();
            let colour = |(y, x, c)| f32::from(palette[(self.values[[y, x, 0]] as usize).min(last)][c]);
            self.values = Array3::from_shape_fn((h, w, 3), colour);
        }
        self.numbers = Numbers::Unsigned(8);
    }

    /// The values of black and white.
    fn range(&self, notes: &mut Vec<String>) -> (f32, f32) {
        let (low, high) = extremes(&self.values);
        if let Some((black, white)) =
            self.stated.filter(|(black, white)| black < white && *white > low && *black < high)
        {
            notes.push(format!("black is {black} and white {white}, as the file states"));
            return (black, white);
        }
        match self.numbers {
            Numbers::Unsigned(bits) if bits <= 8 => (0.0, ((1u16 << bits) - 1).into()),
            Numbers::Unsigned(stored) => {
                // Cameras of 10, 12 or 14 bits store their values in 16; a few hot pixels may lie above.
                let (_, most) = quantiles(&self.values, low, high);
                let bits = [8, 10, 12, 14, 16].into_iter().find(|b| most < (1u32 << b) as f32).unwrap_or(16);
                let bits = bits.min(stored.max(8));
                let white = ((1u32 << bits) - 1) as f32;
                if bits != stored {
                    notes.push(format!("white is {white:.0}: its values have {bits} bits of the {stored} stored"));
                }
                (0.0, white)
            }
            Numbers::Free => {
                // Where a few pixels lie far outside, they do not decide.
                let (least, most) = quantiles(&self.values, low, high);
                if most > least && high - low > 2.0 * (most - least) {
                    notes.push(format!("black is {least} and white {most}: few values lie beyond"));
                    (least, most)
                } else {
                    (low, high)
                }
            }
        }
    }
}

/// The values that one in a thousand lies below and above.
fn quantiles(values: &Array3<f32>, low: f32, high: f32) -> (f32, f32) {
    /// The most values that are sorted.
    const SAMPLED: usize = 1 << 20;
    let step = values.len().div_ceil(SAMPLED).max(1);
    let mut some: Vec<f32> = values.iter().copied().step_by(step).filter(|v| v.is_finite()).collect();
    let aside = some.len() / 1000;
    if aside == 0 {
        return (low, high);
    }
    some.sort_unstable_by(f32::total_cmp);
    (some[aside], some[some.len() - 1 - aside])
}

/// The picture as its orientation tag wants it seen.
fn oriented(values: ArrayView3<'_, f32>, orientation: u8) -> ArrayView3<'_, f32> {
    // From 5 on, the rows of the file are columns of the picture.
    let mut view = if orientation >= 5 { values.permuted_axes([1, 0, 2]) } else { values };
    if matches!(orientation, 3 | 4 | 7 | 8) {
        view.invert_axis(Axis(0));
    }
    if matches!(orientation, 2 | 3 | 6 | 7) {
        view.invert_axis(Axis(1));
    }
    view
}

/// Repeats or interpolates along the axis with the coarser pixels, so that pixels become squares of the finer edge.
fn with_square_pixels(values: &Array3<f32>, aspect: f64) -> Array3<f32> {
    let axis = if aspect > 1.0 { Axis(0) } else { Axis(1) };
    let ratio = if aspect > 1.0 { aspect } else { 1.0 / aspect };
    let flat = values.as_slice().expect("standard layout");
    let is_grey = !few(flat.chunks_exact(values.dim().2), DOUBTFUL);
    let n = values.len_of(axis);
    let count = ((n as f64 * ratio).round() as usize).max(1);
    let mut shape = values.raw_dim();
    shape[axis.index()] = count;
    let mut out = Array3::zeros(shape);
    for (k, mut lane) in out.axis_iter_mut(axis).enumerate() {
        // Where the centre of the new line lies among the old ones.
        let at = ((k as f64 + 0.5) * n as f64 / count as f64 - 0.5).clamp(0.0, (n - 1) as f64);
        let (first, part) = (at.floor() as usize, at.fract() as f32);
        if !is_grey {
            lane.assign(&values.index_axis(axis, at.round() as usize));
            continue;
        }
        let (a, b) = (values.index_axis(axis, first), values.index_axis(axis, (first + 1).min(n - 1)));
        lane.assign(&(&a * (1.0 - part) + &b * part));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f32], numbers: Numbers) -> Samples {
        Samples::new((1, values.len()), 1, values.to_vec(), numbers)
    }

    #[test]
    fn white_follows_from_the_bits_that_are_used() {
        let range = |most: f32, bits| of(&[0.0, most], Numbers::Unsigned(bits)).micrograph().expect("a picture").range;
        assert_eq!(range(255.0, 8).1, 255.0);
        assert_eq!(range(60.0, 8).1, 255.0);
        assert_eq!(range(1.0, 1).1, 1.0);
        assert_eq!(range(4000.0, 16).1, 4095.0);
        assert_eq!(range(9000.0, 16).1, 16383.0);
        assert_eq!(range(60000.0, 16).1, 65535.0);
        assert_eq!(range(4000.0, 12).1, 4095.0);
        // Two hot pixels of ten thousand do not decide.
        let mut many: Vec<f32> = (0..10_000).map(|n| (n % 4096) as f32).collect();
        many[5] = 65535.0;
        many[77] = 65535.0;
        assert_eq!(of(&many, Numbers::Unsigned(16)).micrograph().expect("a picture").range.1, 4095.0);
        let mut heights: Vec<f32> = (0..10_000).map(|n| n as f32 * 1e-4).collect();
        heights[5] = -9e9;
        let (low, high) = of(&heights, Numbers::Free).micrograph().expect("a picture").range;
        assert!(low > -0.01 && high < 1.01, "{low} {high}");
        let stated = Samples { stated: Some((100.0, 3000.0)), ..of(&[200.0, 2000.0], Numbers::Unsigned(16)) };
        assert_eq!(stated.micrograph().expect("a picture").range, (100.0, 3000.0));
    }

    #[test]
    fn what_is_no_material_is_cut_away() {
        // A column of transparent pixels at the right, and numbers that are none.
        let pixel = |n: usize| [(n % 5) as f32, if n % 5 == 4 { 0.0 } else { 255.0 }];
        let clear = Samples::new((4, 5), 2, (0..20).flat_map(pixel).collect(), Numbers::Unsigned(8));
        let cut = clear.micrograph().expect("a picture");
        assert_eq!((cut.size(), &cut.flat()[..4]), ((4, 4), &[0.0, 1.0, 2.0, 3.0][..]));
        assert!(cut.notes[0].contains("20.0 %"), "{:?}", cut.notes);
        let mut values: Vec<f32> = (0..400).map(|n| (n % 20) as f32).collect();
        values[25] = f32::NAN;
        (0..400).filter(|n| n / 20 >= 12).for_each(|n| values[n] = f32::INFINITY);
        let cut = Samples::new((20, 20), 1, values, Numbers::Free).micrograph().expect("a picture");
        assert_eq!((cut.size(), cut.flat()[25]), ((12, 20), 5.0));
        assert!(Samples::new((1, 2), 1, vec![f32::NAN; 2], Numbers::Free).micrograph().is_err());
    }

    #[test]
    fn a_palette_is_not_data() {
        let with = |palette: Vec<[u8; 3]>, values: &[f32]| {
            Samples { palette: Some(palette), ..of(values, Numbers::Unsigned(8)) }.micrograph().expect("a picture")
        };
        // Labels, in the order of their numbers, also where two have one colour.
        let bright_first = vec![[255, 255, 0], [0, 0, 90], [0, 0, 90]];
        assert_eq!(with(bright_first, &[0.0, 2.0, 1.0]).flat(), [0.0, 2.0, 1.0]);
        // A grey picture, also if its ramp is turned round.
        let ramp: Vec<[u8; 3]> = (0..=255).rev().map(|v| [v; 3]).collect();
        assert_eq!(with(ramp, &[0.0, 255.0, 10.0]).flat(), [255.0, 0.0, 245.0]);
        // A colour scale over a grey picture.
        let scale: Vec<[u8; 3]> = (0..=255u8).map(|v| [v, v / 2, 255 - v]).collect();
        let grey: Vec<f32> = (0..200).map(|v| v as f32).collect();
        assert_eq!(with(scale, &grey).flat(), grey);
        // A picture reduced to 200 colours.
        let colours: Vec<[u8; 3]> = (0..=255u8).map(|v| [v.wrapping_mul(97), v.wrapping_mul(31), v]).collect();
        assert_eq!(with(colours, &grey).channels(), 3);
    }

    #[test]
    fn orientations_are_those_of_the_standard() {
        // Where the first row and the first column of the file are seen, by TIFF 6.0, page 36.
        let picture = || Samples::new((2, 3), 1, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], Numbers::Unsigned(8));
        let seen: [(u8, &[f32]); 8] = [
            (1, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            (2, &[3.0, 2.0, 1.0, 6.0, 5.0, 4.0]),
            (3, &[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]),
            (4, &[4.0, 5.0, 6.0, 1.0, 2.0, 3.0]),
            (5, &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]),
            (6, &[4.0, 1.0, 5.0, 2.0, 6.0, 3.0]),
            (7, &[6.0, 3.0, 5.0, 2.0, 4.0, 1.0]),
            (8, &[3.0, 6.0, 2.0, 5.0, 1.0, 4.0]),
        ];
        for (orientation, values) in seen {
            let turned = Samples { orientation, ..picture() }.micrograph().expect("a picture");
            assert_eq!(turned.flat(), values, "orientation {orientation}");
        }
    }

    #[test]
    fn pixels_become_square() {
        let high = Samples { aspect: 2.0, ..Samples::new((2, 2), 1, vec![0.0, 1.0, 1.0, 0.0], Numbers::Unsigned(8)) };
        assert_eq!(high.micrograph().expect("a picture").flat(), [0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
        let ramp: Vec<f32> = (0..40).map(|n| n as f32).collect();
        let wide =
            Samples { aspect: 0.5, ..Samples::new((2, 20), 1, ramp, Numbers::Free) }.micrograph().expect("a picture");
        assert_eq!(wide.size(), (2, 40));
        assert!((wide.flat()[20] - 9.75).abs() < 1e-4, "{}", wide.flat()[20]);
    }
}
