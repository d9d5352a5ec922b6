//! The preparation of a micrograph before its segmentation.

use std::sync::Arc;

use ndarray::parallel::prelude::*;
use ndarray::{Array2, Array3, ArrayView3, Axis, s};

use super::filter::{bilateral, gaussian, median};
use super::part::Rectangle;
use super::picture::{DOUBTFUL, MOST_PIXELS};
use super::specimen::{largest_rectangle, region_at, surround, with_values, within_outline};
use super::{Micrograph, MicrographError, PixelSize};

/// One step of preparing. Lengths in pixels.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Prepare {
    /// Keeps a rectangle.
    Crop {
        /// First row.
        top: usize,
        /// First column.
        left: usize,
        /// Rows kept.
        height: usize,
        /// Columns kept.
        width: usize,
    },
    /// Cuts rows off the bottom: a data bar.
    CutBottom {
        /// Rows cut.
        rows: usize,
    },
    /// Exchanges left and right.
    FlipHorizontal,
    /// Exchanges top and bottom.
    FlipVertical,
    /// A quarter turn clockwise.
    RotateRight,
    /// A quarter turn anticlockwise.
    RotateLeft,
    /// Cuts to the largest rectangle of the specimen: without the surround, which has one value and touches a corner.
    Specimen,
    /// Cuts to the largest rectangle without grey values in a range, such as the number of what is no material in a picture
    /// of labels.
    LeaveOutValues {
        /// The least value that is left out.
        low: f32,
        /// The greatest one.
        high: f32,
    },
    /// Cuts to the largest rectangle without a region: what is connected to a pixel and has about its grey value.
    LeaveOutRegion {
        /// The pixel's row.
        row: usize,
        /// The pixel's column.
        column: usize,
    },
    /// Cuts to the largest rectangle without what lies within an outline.
    LeaveOutOutline {
        /// Corners of a polygon: rows and columns, pixel centres at integers.
        points: Arc<Vec<[f32; 2]>>,
    },
    /// Turns anticlockwise and keeps the largest rectangle without corners that nothing is known of.
    Rotate {
        /// The angle in degrees, within ±45.
        degrees: f64,
    },
    /// Makes the picture smaller, each new pixel the mean of those that it covers, or larger by interpolation. A picture of
    /// few values, which are labels, keeps the values of the nearest pixels.
    Scale {
        /// New pixels for each old one along an edge.
        factor: f64,
    },
    /// The same to a given edge of a pixel.
    ScaleTo {
        /// The edge of a pixel in metres.
        metres: f64,
    },
    /// Removes uneven illumination: a wide Gaussian is subtracted, and its mean is added again.
    Shading {
        /// Standard deviation of the Gaussian.
        sigma: f32,
    },
    /// Gaussian blur.
    Gaussian {
        /// Standard deviation.
        sigma: f32,
    },
    /// Median of a square.
    Median {
        /// Half of its edge, not counting the centre.
        radius: usize,
    },
    /// Smooths within phases and keeps their edges.
    Bilateral {
        /// Standard deviation over places.
        sigma: f32,
        /// Standard deviation over values, as a share of black to white.
        tolerance: f32,
    },
}

/// The widest blur. Beyond this and the next two limits, only the time grows.
pub const MOST_SIGMA: f32 = 2000.0;
/// The largest radius of a median.
pub const MOST_MEDIAN: usize = 7;
/// The widest bilateral filter.
pub const MOST_BILATERAL: f32 = 6.0;

impl Prepare {
    /// The name to display.
    pub fn name(&self) -> String {
        match self {
            Self::Crop { height, width, .. } => format!("Crop to {height} × {width}"),
            Self::CutBottom { rows } => format!("Cut {rows} rows off the bottom"),
            Self::FlipHorizontal => "Flip left and right".into(),
            Self::FlipVertical => "Flip top and bottom".into(),
            Self::RotateRight => "Rotate right".into(),
            Self::RotateLeft => "Rotate left".into(),
            Self::Specimen => "Cut to the specimen".into(),
            Self::LeaveOutValues { low, high } if low == high => format!("Leave out the value {low}"),
            Self::LeaveOutValues { low, high } => format!("Leave out the values {low} to {high}"),
            Self::LeaveOutRegion { row, column } => format!("Leave out the region at row {row}, column {column}"),
            Self::LeaveOutOutline { .. } => "Leave out what was drawn around".into(),
            Self::Rotate { degrees } => format!("Rotate by {degrees:.1}°"),
            Self::Scale { factor } if *factor < 1.0 && (1.0 / factor).fract() < 1e-9 => {
                format!("Bin {0:.0} × {0:.0}", 1.0 / factor)
            }
            Self::Scale { factor } => format!("Scale by {factor:.3}"),
            Self::ScaleTo { metres } => PixelSize::new(*metres, "")
                .map_or_else(|| "Scale to a pixel size".into(), |size| format!("Scale to {size}")),
            Self::Shading { sigma } => format!("Shading correction, {sigma:.0} px"),
            Self::Gaussian { sigma } => format!("Gaussian, {sigma:.1} px"),
            Self::Median { radius } => format!("Median, {} × {}", 2 * radius + 1, 2 * radius + 1),
            Self::Bilateral { sigma, tolerance } => format!("Bilateral, {sigma:.1} px, {:.0} %", 100.0 * tolerance),
        }
    }

    /// Whether it moves pixels to other places.
    pub fn moves(&self) -> bool {
        !matches!(self, Self::Shading { .. } | Self::Gaussian { .. } | Self::Median { .. } | Self::Bilateral { .. })
    }

    /// Whether it was made by hand at a place of one picture, and has no meaning in another.
    pub fn is_by_hand(&self) -> bool {
        matches!(self, Self::LeaveOutRegion { .. } | Self::LeaveOutOutline { .. })
    }

    /// Applies the step.
    ///
    /// # Errors
    /// The step does not fit the picture; the message says why.
    pub fn apply(&self, micrograph: &Micrograph) -> Result<Micrograph, MicrographError> {
        let (h, w) = micrograph.size();
        let wrong = |reason: String| MicrographError::Step { step: self.name(), name: micrograph.name.clone(), reason };
        let check = |fine: bool, reason: &str| if fine { Ok(()) } else { Err(wrong(reason.into())) };
        let cut_without = |marked: &Array2<bool>| {
            check(marked.iter().any(|m| *m), "there is nothing of the kind in the picture")?;
            let rest = largest_rectangle(&marked.view()).ok_or_else(|| wrong("nothing would be left".into()))?;
            let Rectangle { top, left, height, width } = rest;
            Self::Crop { top, left, height, width }.apply(micrograph)
        };
        match *self {
            Self::Crop { top, left, height, width } => {
                let fits =
                    |from: usize, size: usize, all: usize| size > 0 && from.checked_add(size).is_some_and(|e| e <= all);
                if !fits(top, height, h) || !fits(left, width, w) {
                    return Err(wrong(format!("it has {h} × {w} pixels, and the rectangle does not lie within")));
                }
                let cut = top + height < h;
                let rectangle = s![top..top + height, left..left + width, ..];
                let cropped = with(micrograph, micrograph.values.slice(rectangle));
                Ok(Micrograph { bar_rows: if cut { None } else { micrograph.bar_rows }, ..cropped })
            }
            Self::CutBottom { rows } => {
                check(rows < h, "nothing would be left")?;
                let cut = with(micrograph, micrograph.values.slice(s![..h - rows, .., ..]));
                Ok(Micrograph { bar_rows: None, ..cut })
            }
            Self::FlipHorizontal => Ok(with(micrograph, micrograph.values.slice(s![.., ..;-1, ..]))),
            // A data bar is then no longer at the bottom.
            Self::FlipVertical => Ok(without_bar(with(micrograph, micrograph.values.slice(s![..;-1, .., ..])))),
            Self::RotateRight => Ok(without_bar(with(micrograph, turned(&micrograph.values).slice(s![.., ..;-1, ..])))),
            Self::RotateLeft => Ok(without_bar(with(micrograph, turned(&micrograph.values).slice(s![..;-1, .., ..])))),
            Self::Specimen => {
                let none = || wrong("no surround of one value touches a corner".into());
                cut_without(&surround(&micrograph.grey()).ok_or_else(none)?)
            }
            Self::LeaveOutValues { low, high } => cut_without(&with_values(&micrograph.grey(), low, high)),
            Self::LeaveOutRegion { row, column } => {
                check(row < h && column < w, "the pixel does not lie in the picture")?;
                let span = micrograph.range.1 - micrograph.range.0;
                cut_without(&region_at(&micrograph.grey(), row, column, LIKE * span))
            }
            Self::LeaveOutOutline { ref points } => cut_without(&within_outline((h, w), points)),
            Self::Rotate { degrees } => {
                check(degrees.is_finite() && degrees.abs() <= 45.0, "the angle must lie within ±45°")?;
                let turned = rotated(micrograph, degrees.to_radians());
                turned.ok_or_else(|| wrong("nothing would be left".into()))
            }
            Self::Scale { factor } => scaled(micrograph, factor).ok_or_else(|| wrong(SCALES.into())),
            Self::ScaleTo { metres } => {
                let known = micrograph.pixel_size.as_ref();
                let known = known.ok_or_else(|| wrong("its own pixel size is not known; set it first".into()))?;
                scaled(micrograph, known.metres / metres).ok_or_else(|| wrong(SCALES.into()))
            }
            Self::Shading { sigma } => {
                check((1.0..=MOST_SIGMA).contains(&sigma), "its width must lie between 1 and 2000 pixels")?;
                Ok(filtered(micrograph, |plane| {
                    let ground = gaussian(plane, sigma);
                    let mean = ground.iter().map(|v| f64::from(*v)).sum::<f64>() / (h * w) as f64;
                    plane - &ground + mean as f32
                }))
            }
            Self::Gaussian { sigma } => {
                check((0.0..=MOST_SIGMA).contains(&sigma), "its width must lie between 0 and 2000 pixels")?;
                Ok(filtered(micrograph, |plane| gaussian(plane, sigma)))
            }
            Self::Median { radius } => {
                check((1..=MOST_MEDIAN).contains(&radius), "its radius must lie between 1 and 7 pixels")?;
                Ok(filtered(micrograph, |plane| median(plane, radius)))
            }
            Self::Bilateral { sigma, tolerance } => {
                check((0.5..=MOST_BILATERAL).contains(&sigma), "its width must lie between 0.5 and 6 pixels")?;
                check(tolerance > 0.0 && tolerance <= 1.0, "its tolerance must lie between 0 and 100 %")?;
                let span = tolerance * (micrograph.range.1 - micrograph.range.0);
                Ok(filtered(micrograph, |plane| bilateral(plane, sigma, span)))
            }
        }
    }
}

/// Grey values of one region differ from the chosen pixel's by at most this share of black to white.
const LIKE: f32 = 0.05;

/// Why a picture is not scaled.
const SCALES: &str = "the factor must lie between 1/64 and 16 and leave between 1 and 67,108,864 pixels";

/// The picture with another number of pixels along its edges.
fn scaled(micrograph: &Micrograph, factor: f64) -> Option<Micrograph> {
    (1.0 / 64.0..=16.0).contains(&factor).then_some(())?;
    let (h, w) = micrograph.size();
    // What does not fill a new pixel at the right and at the bottom is left out.
    let size = |n: usize| (n as f64 * factor + 1e-6).floor() as usize;
    let (height, width) = (size(h), size(w));
    (height > 0 && width > 0 && (height as u64) * (width as u64) <= MOST_PIXELS).then_some(())?;
    let nearest = micrograph.has_few_values(DOUBTFUL);
    let rows = resampled(&micrograph.values, Axis(0), height, factor, nearest);
    let values = resampled(&rows, Axis(1), width, factor, nearest);
    let pixel_size = micrograph.pixel_size.as_ref().and_then(|p| PixelSize::new(p.metres / factor, &p.source));
    let bar_rows = micrograph.bar_rows.map(size);
    Some(Micrograph { pixel_size, bar_rows, ..with(micrograph, values.view()) })
}

/// Resamples along one axis: the mean of what a pixel covers if it becomes larger, else linear interpolation.
fn resampled(values: &Array3<f32>, axis: Axis, count: usize, factor: f64, nearest: bool) -> Array3<f32> {
    let n = values.len_of(axis);
    let mut shape = values.raw_dim();
    shape[axis.index()] = count;
    let mut out = Array3::zeros(shape);
    let last = n - 1;
    out.axis_iter_mut(axis).into_par_iter().enumerate().for_each(|(k, mut line)| {
        let centre = (k as f64 + 0.5) / factor - 0.5;
        if nearest {
            line.assign(&values.index_axis(axis, (centre.round().max(0.0) as usize).min(last)));
        } else if factor >= 1.0 {
            let at = centre.clamp(0.0, last as f64);
            let (first, part) = (at.floor() as usize, at.fract() as f32);
            line.scaled_add(1.0 - part, &values.index_axis(axis, first));
            line.scaled_add(part, &values.index_axis(axis, (first + 1).min(last)));
        } else {
            let (from, to) = (k as f64 / factor, ((k + 1) as f64 / factor).min(n as f64));
            let covered = |at: usize| (to.min(at as f64 + 1.0) - from.max(at as f64)).max(0.0);
            let pixels = (from.floor() as usize).min(last)..(to.ceil() as usize).clamp(1, n);
            let whole: f64 = pixels.clone().map(covered).sum();
            for at in pixels {
                line.scaled_add((covered(at) / whole.max(f64::MIN_POSITIVE)) as f32, &values.index_axis(axis, at));
            }
        }
    });
    out
}

/// The picture turned anticlockwise about its centre, cut to the largest upright rectangle inside; `None` if there is
/// none.
fn rotated(micrograph: &Micrograph, angle: f64) -> Option<Micrograph> {
    let (h, w) = micrograph.size();
    let (sin, cos) = (angle.sin().abs(), angle.cos().abs());
    let (long, short) = (h.max(w) as f64, h.min(w) as f64);
    // A thin picture touches with two corners of the rectangle, another one with all four.
    let (along, across) = if short <= 2.0 * sin * cos * long || (sin - cos).abs() < 1e-10 {
        let half = 0.5 * short;
        (half / sin, half / cos)
    } else {
        let double = cos * cos - sin * sin;
        ((long * cos - short * sin) / double, (short * cos - long * sin) / double)
    };
    let (high, wide) = if h > w { (along, across) } else { (across, along) };
    let (height, width) = (high.floor() as usize, wide.floor() as usize);
    (height > 0 && width > 0 && angle.is_finite()).then_some(())?;
    let nearest = micrograph.has_few_values(DOUBTFUL);
    let centre = |n: usize| 0.5 * (n as f64 - 1.0);
    let (sin, cos) = angle.sin_cos();
    let place = |y: usize, x: usize| {
        let (dy, dx) = (y as f64 - centre(height), x as f64 - centre(width));
        (centre(h) + cos * dy + sin * dx, centre(w) - sin * dy + cos * dx)
    };
    let value = |(y, x, c): (usize, usize, usize)| {
        let (y, x) = place(y, x);
        let (y, x) = (y.clamp(0.0, (h - 1) as f64), x.clamp(0.0, (w - 1) as f64));
        if nearest {
            return micrograph.values[[y.round() as usize, x.round() as usize, c]];
        }
        let (top, left) = (y.floor() as usize, x.floor() as usize);
        let (dy, dx) = (y.fract() as f32, x.fract() as f32);
        let at = |y: usize, x: usize| micrograph.values[[y.min(h - 1), x.min(w - 1), c]];
        let upper = at(top, left) * (1.0 - dx) + at(top, left + 1) * dx;
        let lower = at(top + 1, left) * (1.0 - dx) + at(top + 1, left + 1) * dx;
        upper * (1.0 - dy) + lower * dy
    };
    let values = Array3::from_shape_fn((height, width, micrograph.channels()), value);
    Some(without_bar(with(micrograph, values.view())))
}

fn without_bar(micrograph: Micrograph) -> Micrograph {
    Micrograph { bar_rows: None, ..micrograph }
}

/// Rows and columns exchanged.
fn turned(values: &Array3<f32>) -> ArrayView3<'_, f32> {
    values.view().permuted_axes([1, 0, 2])
}

/// A micrograph with other pixels and everything else as before.
fn with(micrograph: &Micrograph, values: ArrayView3<f32>) -> Micrograph {
    Micrograph {
        name: micrograph.name.clone(),
        values: values.as_standard_layout().into_owned(),
        range: micrograph.range,
        pixel_size: micrograph.pixel_size.clone(),
        bar_rows: micrograph.bar_rows,
        notes: micrograph.notes.clone(),
        sha256: micrograph.sha256.clone(),
    }
}

/// Applies a filter to each channel by itself.
fn filtered(micrograph: &Micrograph, filter: impl Fn(&Array2<f32>) -> Array2<f32>) -> Micrograph {
    let mut made = micrograph.clone();
    for mut channel in made.values.axis_iter_mut(Axis(2)) {
        let out = filter(&channel.as_standard_layout().into_owned());
        channel.assign(&out);
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(height: usize, width: usize) -> Micrograph {
        let values = (0..height * width).map(|n| n as f32).collect();
        Micrograph::new((height, width), 1, values, (0.0, (height * width) as f32))
    }

    #[test]
    fn turns_and_flips_undo_each_other() {
        let picture = numbered(3, 4);
        let after =
            |steps: &[Prepare]| steps.iter().fold(picture.clone(), |p, step| step.apply(&p).expect("a picture"));
        assert_eq!(after(&[Prepare::RotateRight, Prepare::RotateLeft]), picture);
        assert_eq!(after(&vec![Prepare::RotateRight; 4]), picture);
        assert_eq!(after(&[Prepare::FlipVertical, Prepare::FlipVertical]), picture);
        // Clockwise: the lower left corner moves to the upper left.
        assert_eq!(after(&[Prepare::RotateRight]).flat()[..3], [8.0, 4.0, 0.0]);
        let crop = Prepare::Crop { top: 1, left: 2, height: 2, width: 2 };
        assert_eq!(after(&[crop]).flat(), [6.0, 7.0, 10.0, 11.0]);
    }

    #[test]
    fn what_does_not_fit_is_refused_in_a_sentence() {
        let picture = numbered(3, 4);
        for step in [
            Prepare::Crop { top: 2, left: 0, height: 2, width: 1 },
            Prepare::Crop { top: 0, left: usize::MAX, height: 1, width: 2 },
            Prepare::CutBottom { rows: 3 },
            Prepare::Gaussian { sigma: f32::NAN },
            Prepare::Median { radius: 100 },
        ] {
            let error = step.apply(&picture).expect_err("it does not fit").to_string();
            assert!(error.ends_with('.'), "{error}");
        }
    }

    #[test]
    fn scaling_keeps_means_labels_and_lengths() {
        let picture = Micrograph { pixel_size: PixelSize::new(1e-7, "test"), ..numbered(12, 18) };
        let mean = |p: &Micrograph| p.flat().iter().sum::<f32>() / p.flat().len() as f32;
        for factor in [1.0 / 3.0, 0.5, 2.0] {
            let made = Prepare::Scale { factor }.apply(&picture).expect("a picture");
            assert!((mean(&made) - mean(&picture)).abs() < 1e-3, "{factor}: {} {}", mean(&made), mean(&picture));
            assert!((made.pixel_size.expect("a size").metres * factor - 1e-7).abs() < 1e-12);
        }
        let binned = Prepare::Scale { factor: 0.5 }.apply(&picture).expect("a picture");
        assert_eq!((binned.size(), binned.flat()[0]), ((6, 9), (0.0 + 1.0 + 18.0 + 19.0) / 4.0));
        let odd = Prepare::Scale { factor: 0.4 }.apply(&picture).expect("a picture");
        // A new pixel covers two and a half old ones: rows 0, 1 and half of 2, and the same of columns.
        assert_eq!(odd.size(), (4, 7));
        assert!((odd.flat()[0] - (18.0 * 0.8 + 0.8)).abs() < 1e-3, "{}", odd.flat()[0]);
        let same = Prepare::ScaleTo { metres: 2e-7 }.apply(&picture).expect("a picture");
        assert_eq!(same.values, binned.values);
        assert!(Prepare::ScaleTo { metres: 2e-7 }.apply(&numbered(4, 4)).is_err());
        let labels = Micrograph::new((4, 4), 1, (0..16).map(|n| (n / 8) as f32).collect(), (0.0, 1.0));
        let larger = Prepare::Scale { factor: 1.5 }.apply(&labels).expect("a picture");
        assert!(larger.flat().iter().all(|v| v.fract() == 0.0) && larger.size() == (6, 6));
    }

    #[test]
    fn a_turn_brings_slanted_stripes_upright() {
        let slope = 0.2f64.tan();
        let value = |n: usize| ((n % 200) as f64 + slope * (n / 200) as f64) as f32;
        let slanted = Micrograph::new((160, 200), 1, (0..160 * 200).map(value).collect(), (0.0, 300.0));
        let upright = Prepare::Rotate { degrees: 0.2f64.to_degrees() }.apply(&slanted).expect("a picture");
        let (h, w) = upright.size();
        assert!(h > 110 && w > 150, "{h} × {w}");
        let spread = (0..w).map(|x| (upright.values[[0, x, 0]] - upright.values[[h - 1, x, 0]]).abs());
        assert!(spread.fold(0.0, f32::max) < 0.05);
    }

    #[test]
    fn what_is_left_out_is_in_no_result() {
        // A dark crack of 4 columns in a bright picture.
        let value = |n: usize| if (20..24).contains(&(n % 60)) { 0.0 } else { 100.0 + (n % 7) as f32 };
        let picture = Micrograph::new((40, 60), 1, (0..2400).map(value).collect(), (0.0, 255.0));
        for step in [
            Prepare::LeaveOutValues { low: 0.0, high: 50.0 },
            Prepare::LeaveOutRegion { row: 10, column: 21 },
            Prepare::LeaveOutOutline { points: Arc::new(vec![[-1.0, 19.5], [-1.0, 23.5], [40.0, 23.5], [40.0, 19.5]]) },
        ] {
            let cut = step.apply(&picture).expect("a picture");
            assert_eq!(cut.size(), (40, 36), "{step:?}");
            assert!(cut.flat().iter().all(|v| *v >= 100.0));
        }
        for step in [
            Prepare::LeaveOutValues { low: 300.0, high: 400.0 },
            Prepare::LeaveOutValues { low: 0.0, high: 300.0 },
            Prepare::LeaveOutValues { low: f32::NAN, high: 300.0 },
            Prepare::LeaveOutRegion { row: 40, column: 0 },
            Prepare::LeaveOutOutline { points: Arc::new(vec![[f32::NAN, 0.0], [3.0, 3.0]]) },
        ] {
            assert!(step.apply(&picture).is_err(), "{step:?}");
        }
    }

    #[test]
    fn a_round_specimen_keeps_its_fraction() {
        // Stripes of 30 % in a disc on black, which is a value of the stripes too.
        let value = |n: usize| {
            let (y, x) = ((n / 200) as f32 - 99.5, (n % 200) as f32 - 99.5);
            if y.hypot(x) > 95.0 {
                0.0
            } else if (n / 200 + n % 200) % 10 < 3 {
                200.0
            } else {
                50.0
            }
        };
        let picture = Micrograph::new((200, 200), 1, (0..40_000).map(value).collect(), (0.0, 255.0));
        let share = |p: &Micrograph| p.flat().iter().filter(|v| **v == 200.0).count() as f64 / p.flat().len() as f64;
        let cut = Prepare::Specimen.apply(&picture).expect("a picture");
        assert!(share(&picture) < 0.22 && (share(&cut) - 0.3).abs() < 0.005, "{} {}", share(&picture), share(&cut));
        assert!(cut.flat().iter().all(|v| *v > 0.0) && cut.flat().len() > 16_000);
        assert!(Prepare::Specimen.apply(&numbered(20, 20)).is_err());
    }

    #[test]
    fn shading_is_taken_away() {
        let values =
            (0..64 * 64).map(|n| (n % 64) as f32 + 40.0 * f32::from(u8::from((n / 64 + n % 64) % 9 < 3))).collect();
        let picture = Micrograph::new((64, 64), 1, values, (0.0, 104.0));
        let level = Prepare::Shading { sigma: 12.0 }.apply(&picture).expect("a picture");
        let mean = |p: &Micrograph, from: usize| {
            let columns = (0..64).flat_map(|y| (from..from + 18).map(move |x| (y, x)));
            columns.map(|(y, x)| p.values[[y, x, 0]]).sum::<f32>() / (64.0 * 18.0)
        };
        assert!(mean(&picture, 40) - mean(&picture, 6) > 30.0);
        assert!((mean(&level, 40) - mean(&level, 6)).abs() < 6.0);
    }
}
