//! The data bar that microscopes write below a picture.

use ndarray::{Array2, s};

use super::Micrograph;

/// The smallest share of background pixels in a row of a data bar; the picture above it must have far fewer.
const BAR_ROW: f64 = 0.35;
/// The least and the largest share of the height that a bar has.
const BAR_HEIGHTS: (f64, f64) = (0.015, 0.3);

/// Rows of a data bar at the bottom: as the file states, or else a strip whose rows have mostly one value, while those
/// above it do not.
pub fn data_bar(micrograph: &Micrograph) -> Option<usize> {
    let (h, w) = micrograph.size();
    let grey = micrograph.grey();
    if let Some(rows) = micrograph.bar_rows.filter(|rows| *rows < h) {
        return Some(with_separator(&grey, rows));
    }
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
    let found = rows >= low && rows < most && full > 2.0 * picture && picture < 0.5 * BAR_ROW + 0.1;
    found.then(|| with_separator(&grey, rows))
}

/// The rows of a data bar with those of the line that separates it from the picture: at most 4 rows of one value each.
fn with_separator(grey: &Array2<f32>, rows: usize) -> usize {
    /// The share of a row that has the line's value.
    const LINE: f64 = 0.95;
    let (h, w) = grey.dim();
    let is_line = |above: usize| {
        let row = grey.row(h - 1 - above);
        let value = row[w / 2];
        row.iter().filter(|v| **v == value).count() as f64 >= LINE * w as f64
    };
    let line = (rows..h).take_while(|above| is_line(*above)).take(5).count();
    // More than that is a part of the picture.
    if line <= 4 && rows + line < h { rows + line } else { rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_has_its_separating_line() {
        let value = |n: usize| match n / 100 {
            0..200 => ((n * 7919) % 200) as f32,
            200 => 255.0,
            _ if n.is_multiple_of(7) && n % 100 < 60 => 255.0,
            _ => 0.0,
        };
        let picture = Micrograph::new((264, 100), 1, (0..26_400).map(value).collect(), (0.0, 255.0));
        assert_eq!(data_bar(&picture), Some(64));
        assert_eq!(data_bar(&Micrograph { bar_rows: Some(63), ..picture }), Some(64));
    }
}
