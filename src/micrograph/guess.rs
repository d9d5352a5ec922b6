//! What a picture is taken for where nobody says how to segment it: labels, labels with blurred edges, or grey values.

use std::collections::HashMap;

use super::components::{Touching, regions};
use super::cut::{by_nearest, cut, thresholds};
use super::palette::PHASE_COLORS;
use super::picture::DOUBTFUL;
use super::{MOST_PHASES, Micrograph, MicrographError, PhaseMap};

/// A value of a picture.
struct Value {
    /// Grey, or red, green and blue.
    colour: Vec<f32>,
    /// Pixels that have it.
    pixels: usize,
    /// Pixels whose four neighbours have it too.
    inner: usize,
    /// Pixels around which two of the frequent values occur.
    between: usize,
}

/// A value of fewer inner pixels than this share may be that of a blurred edge, if no more pixels than the second share
/// have it.
const FEW_INNER: f64 = 0.1;
const MOST_STRAY: f64 = 0.15;
/// How near a value is to a frequent one, as a share of black to white, for ringing; and how many of its pixels lie
/// between two frequent ones.
const NEAR: f32 = 0.1;
const MOSTLY: f64 = 0.8;
/// Of all pixels, those that lie in flat regions of a picture of labels; and regions for each of its values.
const FLAT: f64 = 0.3;
const REGIONS: usize = 4;

/// The phases of a picture, and what it was taken for, as the end of a sentence that begins with its name.
///
/// # Errors
/// It has too many labels.
pub fn automatic(micrograph: &Micrograph) -> Result<(PhaseMap, String), MicrographError> {
    let colours = distinct_colours(micrograph, DOUBTFUL + 1);
    if colours.len() <= DOUBTFUL {
        return of_few(micrograph, &colours);
    }
    let error = |found| MicrographError::TooManyRegions { name: micrograph.name.clone(), found };
    if let Some(found) = numbered_regions(micrograph) {
        return Err(error(found));
    }
    let cuts = thresholds(&micrograph.grey(), 2);
    let text = format!("its grey values are cut in two at {} (Otsu)", cuts[0]);
    Ok((cut(micrograph, &cuts), text))
}

/// The phases of a picture of few values.
fn of_few(micrograph: &Micrograph, colours: &[Vec<f32>]) -> Result<(PhaseMap, String), MicrographError> {
    let all = colours.len();
    let map = by_nearest(micrograph, colours);
    let frequent = frequent_values(micrograph, colours, map.flat());
    if frequent.len() < all {
        let kept: Vec<Vec<f32>> = frequent.iter().map(|n| colours[*n].clone()).collect();
        let text =
            format!("{} of its {all} values are taken as phases, the others as their blurred edges", frequent.len());
        return Ok((by_nearest(micrograph, &kept), text));
    }
    if all > MOST_PHASES {
        return Err(MicrographError::TooManyLabels { name: micrograph.name.clone(), found: all });
    }
    Ok((map, format!("its {all} values are taken as phases")))
}

/// The numbers of the values that are phases; `numbers` has that of each pixel. The others are those of blurred edges:
/// hardly any of their pixels is surrounded by its like, and they lie near a frequent value (the ringing of JPEG) or mostly
/// between two.
fn frequent_values(micrograph: &Micrograph, colours: &[Vec<f32>], numbers: &[u8]) -> Vec<usize> {
    let everything: Vec<usize> = (0..colours.len()).collect();
    if colours.len() < 3 || micrograph.channels() > 1 || is_ladder(colours) || are_numbers(colours) {
        return everything;
    }
    let (h, w) = micrograph.size();
    let new = |colour: &Vec<f32>| Value { colour: colour.clone(), pixels: 0, inner: 0, between: 0 };
    let mut values: Vec<Value> = colours.iter().map(new).collect();
    for y in 0..h {
        for x in 0..w {
            let own = numbers[y * w + x];
            let same = |other: Option<usize>| other.is_none_or(|at| numbers[at] == own);
            let value = &mut values[usize::from(own)];
            value.pixels += 1;
            let up = y.checked_sub(1).map(|y| y * w + x);
            let down = (y + 1 < h).then_some((y + 1) * w + x);
            let left = x.checked_sub(1).map(|x| y * w + x);
            let right = (x + 1 < w).then_some(y * w + x + 1);
            value.inner += usize::from([up, down, left, right].into_iter().all(same));
        }
    }
    let all = (h * w) as f64;
    let is_frequent = |v: &Value| v.inner as f64 >= FEW_INNER * v.pixels as f64 || v.pixels as f64 > MOST_STRAY * all;
    let frequent: Vec<bool> = values.iter().map(is_frequent).collect();
    let strays = frequent.iter().filter(|f| !**f).count();
    if strays == 0 || colours.len() - strays < 2 {
        return everything;
    }
    for y in 0..h {
        for x in 0..w {
            let own = usize::from(numbers[y * w + x]);
            if frequent[own] {
                continue;
            }
            let (top, left) = (y.saturating_sub(2), x.saturating_sub(2));
            let around = (top..(y + 3).min(h)).flat_map(|y| (left..(x + 3).min(w)).map(move |x| y * w + x));
            let mut seen = around.map(|at| numbers[at]).filter(|n| frequent[usize::from(*n)]);
            let first = seen.next();
            values[own].between += usize::from(seen.any(|n| Some(n) != first));
        }
    }
    let (black, white) = micrograph.range;
    let spread = colours[colours.len() - 1][0] - colours[0][0];
    let near = NEAR * (white - black).min(spread).max(f32::MIN_POSITIVE);
    let far = |a: &Value, b: &Value| a.colour.iter().zip(&b.colour).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let is_between = |v: &Value| v.between as f64 >= MOSTLY * v.pixels as f64;
    // A single value between two others may be a film of its own; blur has several.
    let several = values.iter().zip(&frequent).filter(|(v, frequent)| !**frequent && is_between(v)).count() > 1;
    let is_blur = |v: &Value| {
        let beside = values.iter().zip(&frequent).any(|(other, frequent)| *frequent && far(v, other) <= near);
        beside || (several && is_between(v))
    };
    let blurred: Vec<bool> = values.iter().zip(&frequent).map(|(v, frequent)| !frequent && is_blur(v)).collect();
    everything.into_iter().filter(|n| !blurred[*n]).collect()
}

/// Whether grey values have equal steps, as numbers and grey levels of phases have; blurred edges have any values.
fn is_ladder(colours: &[Vec<f32>]) -> bool {
    let (first, last) = (colours[0][0], colours[colours.len() - 1][0]);
    let step = (last - first) / (colours.len() - 1) as f32;
    colours.iter().enumerate().all(|(n, c)| (c[0] - first - n as f32 * step).abs() <= 0.75)
}

/// Whether the values are whole numbers of so small a spread that they can only be labels.
fn are_numbers(colours: &[Vec<f32>]) -> bool {
    /// The largest spread of labels.
    const SPREAD: f32 = 32.0;
    colours[colours.len() - 1][0] - colours[0][0] <= SPREAD && colours.iter().all(|c| c[0].fract() == 0.0)
}

/// How many values a picture has whose pixels are whole numbers in flat regions, as the numbers of grains or particles
/// are; `None` if it is no such picture.
fn numbered_regions(micrograph: &Micrograph) -> Option<usize> {
    let (h, w) = micrograph.size();
    let values = micrograph.flat();
    if micrograph.channels() > 1 || values.iter().any(|v| v.fract() != 0.0) {
        return None;
    }
    let inner = |y: usize, x: usize| {
        let own = values[y * w + x];
        [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)].into_iter().all(|(y, x)| values[y * w + x] == own)
    };
    let flat = (1..h.max(2) - 1).flat_map(|y| (1..w.max(2) - 1).map(move |x| (y, x))).filter(|(y, x)| inner(*y, *x));
    if (flat.count() as f64) < FLAT * (h * w) as f64 {
        return None;
    }
    let mut pixels: HashMap<u32, usize> = HashMap::new();
    values.iter().for_each(|v| *pixels.entry(v.to_bits()).or_default() += 1);
    let plane = micrograph.grey();
    let (_, sizes) = regions(&plane.view(), Touching::default());
    // The background between grains, and specks, do not count.
    let larger = sizes.iter().filter(|size| **size > 2).count();
    (larger <= REGIONS * pixels.len()).then_some(pixels.len())
}

/// The distinct values or colours, in the order of their phases; no more than `most`.
pub fn distinct_colours(micrograph: &Micrograph, most: usize) -> Vec<Vec<f32>> {
    let mut colors: Vec<Vec<f32>> = vec![];
    for pixel in micrograph.pixels() {
        if !colors.iter().any(|c| c == pixel) {
            colors.push(pixel.to_vec());
            if colors.len() == most {
                break;
            }
        }
    }
    let sum = |c: &Vec<f32>| c.iter().sum::<f32>();
    colors.sort_by(|a, b| sum(a).total_cmp(&sum(b)).then(a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal)));
    // In a picture with the program's own phase colours, the phases have the order of these colours.
    let own: Vec<Vec<f32>> = PHASE_COLORS.iter().take(colors.len()).map(|c| c.map(f32::from).to_vec()).collect();
    if colors.len() > 2 && colors.iter().all(|c| own.contains(c)) { own } else { colors }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Discs of one value on another.
    fn discs(edge: usize) -> Vec<bool> {
        let inside = |y: usize, x: usize| {
            let (dy, dx) = ((y % 32) as f32 - 15.5, (x % 32) as f32 - 15.5);
            dy.hypot(dx) < 10.3
        };
        (0..edge * edge).map(|n| inside(n / edge, n % edge)).collect()
    }

    fn jpeg(values: &[u8], edge: usize, quality: u8) -> Micrograph {
        let mut bytes = vec![];
        let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
        encoder.encode(values, edge as u32, edge as u32, image::ExtendedColorType::L8).expect("a picture");
        let read = image::load_from_memory(&bytes).expect("a picture").into_luma8();
        Micrograph::new((edge, edge), 1, read.into_raw().into_iter().map(f32::from).collect(), (0.0, 255.0))
    }

    #[test]
    fn a_mask_saved_as_jpeg_has_two_phases_at_every_quality() {
        let edge = 128;
        let inside = discs(edge);
        let mask: Vec<u8> = inside.iter().map(|i| 255 * u8::from(*i)).collect();
        for quality in [100, 99, 98, 97, 95, 92, 90, 80, 60] {
            let (map, text) = automatic(&jpeg(&mask, edge, quality)).expect("phases");
            let wrong = map.flat().iter().zip(&inside).filter(|(l, i)| (**l == 1) != **i).count();
            assert_eq!(map.phases, 2, "quality {quality}: {text}");
            assert!(wrong * 200 < edge * edge, "quality {quality}: {wrong} pixels, {text}");
        }
    }

    #[test]
    fn labels_stay_labels_however_thin_and_rare() {
        let edge = 96;
        // Two phases, one film of one pixel between them, specks of a fourth inside one.
        let label = |n: usize| {
            let (y, x) = (n / edge, n % edge);
            match (x % 24, (y * 7 + x * 13) % 101) {
                (11, _) => 1.0,
                (0..11, 0) => 3.0,
                (0..11, _) => 0.0,
                _ => 2.0,
            }
        };
        let picture = |scale: f32| {
            let values = (0..edge * edge).map(|n| scale * label(n)).collect();
            Micrograph::new((edge, edge), 1, values, (0.0, 255.0f32.min(3.0 * scale)))
        };
        for scale in [1.0, 80.0] {
            let (map, text) = automatic(&picture(scale)).expect("phases");
            assert_eq!(map.phases, 4, "{text}");
            assert!((0..edge * edge).all(|n| f32::from(map.flat()[n]) == label(n)));
        }
    }

    #[test]
    fn noisy_labels_of_equal_steps_are_all_kept() {
        for (scale, phases) in [(1.0, 8), (36.0, 8), (85.0, 4)] {
            let value = |n: usize| scale * ((n * 7919 + n / 60 * 131) % 97 % phases) as f32;
            let picture = Micrograph::new((60, 60), 1, (0..3600).map(value).collect(), (0.0, 255.0));
            assert_eq!(automatic(&picture).expect("phases").0.phases, phases);
        }
    }

    #[test]
    fn grain_numbers_are_not_cut_in_two() {
        let edge = 120;
        // 144 square grains in a scattered order.
        let number = |n: usize| ((n / edge / 10 * 12 + n % edge / 10) * 77 % 144) as f32;
        let grains = Micrograph::new((edge, edge), 1, (0..edge * edge).map(number).collect(), (0.0, 143.0));
        let error = automatic(&grains).expect_err("too many").to_string();
        assert!(error.contains("144 distinct values") && error.contains("grain"), "{error}");
        // Grey values are cut, also where large parts are black and white.
        let grey = |n: usize| (((n * 7919) % 251) as f32 * 3.0 - 250.0).clamp(0.0, 255.0);
        let picture = Micrograph::new((edge, edge), 1, (0..edge * edge).map(grey).collect(), (0.0, 255.0));
        let (map, text) = automatic(&picture).expect("phases");
        assert!(map.phases == 2 && text.contains("Otsu"), "{text}");
    }
}
