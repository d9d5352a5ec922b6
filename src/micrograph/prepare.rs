//! The preparation of a micrograph before its segmentation.

use ndarray::{Array2, Array3, ArrayView3, Axis, s};

use super::filter::{bilateral, gaussian, median};
use super::{Micrograph, MicrographError};

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

    /// Applies the step.
    ///
    /// # Errors
    /// The step does not fit the picture; the message says why.
    pub fn apply(&self, micrograph: &Micrograph) -> Result<Micrograph, MicrographError> {
        let (h, w) = micrograph.size();
        let wrong = |reason: String| MicrographError::Step { step: self.name(), name: micrograph.name.clone(), reason };
        let check = |fine: bool, reason: &str| if fine { Ok(()) } else { Err(wrong(reason.into())) };
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

/// The smallest share of background pixels in a row of a data bar; the picture above it must have far fewer.
const BAR_ROW: f64 = 0.35;
/// The least and the largest share of the height that a bar has.
const BAR_HEIGHTS: (f64, f64) = (0.015, 0.3);

/// Rows of a data bar at the bottom: as the file states, or else a strip whose rows have mostly one value, while those
/// above it do not.
pub fn data_bar(micrograph: &Micrograph) -> Option<usize> {
    let (h, w) = micrograph.size();
    if let Some(rows) = micrograph.bar_rows.filter(|rows| *rows < h) {
        return Some(rows);
    }
    let grey = micrograph.grey();
    let span = (micrograph.range.1 - micrograph.range.0).max(f32::MIN_POSITIVE);
    let most = (BAR_HEIGHTS.1 * h as f64) as usize;
    if most < 4 {
        return None;
    }
    // The background of the bar: the most common value of the lowest rows, in steps of a 64th of the range.
    let level = |v: f32| (((v - micrograph.range.0) / span * 64.0) as i32).clamp(0, 63) as usize;
    let mut counts = [0usize; 64];
    let low = ((BAR_HEIGHTS.0 * h as f64) as usize).max(3);
    grey.slice(s![h - low.., ..]).iter().for_each(|v| counts[level(*v)] += 1);
    let ground = (0..64).max_by_key(|l| counts[*l])?;
    let share = |y: usize| grey.row(y).iter().filter(|v| level(**v) == ground).count() as f64 / w as f64;
    // Dense text, or a frame, may interrupt the background for a few rows.
    let (mut rows, mut gap) = (0, 0);
    for n in 1..=most {
        if share(h - n) >= BAR_ROW {
            (rows, gap) = (n, 0);
        } else {
            gap += 1;
            if gap > (most / 8).max(4) {
                break;
            }
        }
    }
    let above: Vec<f64> = (0..h - rows).rev().take(2 * low).map(share).collect();
    let picture = above.iter().sum::<f64>() / above.len().max(1) as f64;
    let full = (1..=rows).map(|n| share(h - n)).sum::<f64>() / rows.max(1) as f64;
    (rows >= low && rows < most && full > 2.0 * picture && picture < 0.5 * BAR_ROW + 0.1).then_some(rows)
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
