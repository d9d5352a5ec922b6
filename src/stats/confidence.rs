//! The confidence interval of the volume fraction of one picture.

use super::Correlation;

/// A confidence interval on a volume fraction.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// The volume fraction of the picture.
    pub volume_fraction: f64,
    /// Its standard error as an estimate of the material's.
    #[serde(deserialize_with = "super::number::number")]
    pub standard_error: f64,
    /// The integral range: the area, in pixels, of one independent part of the material.
    #[serde(deserialize_with = "super::number::number")]
    pub integral_range: f64,
    /// How many such areas the picture holds, but no more than features of the phase or of the rest.
    #[serde(deserialize_with = "super::number::number")]
    pub independent_areas: f64,
}

/// Standard errors on either side of a 95 % interval of a normal distribution.
const SIDES: f64 = 1.959_964;
/// The share of χ(0) at which the correlation is taken to have ended.
const FADED: f64 = 0.02;
/// A covariance whose lowest value beyond its fading, within three times that distance, lies below zero by this share of
/// χ(0) oscillates, unless its own noise can go so low: that is about χ(0)/√n with n independent areas.
const SWINGS: f64 = 0.05;
const NOISE: f64 = 1.5;
/// The length of the lag window of an oscillating covariance, in positions of that lowest value: about three wavelengths.
const WINDOW: f64 = 5.0;
/// With fewer independent areas than this, neither the normal distribution nor the integral range can be trusted.
const ENOUGH: f64 = 10.0;

impl Interval {
    /// Computes the interval from the picture's own periodic S2, by the variance integral Var φ = (1/A) Σ_d (1 −
    /// |d_x|/W)(1 − |d_y|/H) χ(d) with χ = S2 − φ² (Matheron 1971; Kanit et al., Int. J. Solids Struct. 40:3647, 2003).
    /// The overlap factors are left out: in a picture that is not periodic, the pairs across its edges are
    /// uncorrelated, and their proportion is just that of the factors.
    ///
    /// The sum ends where the radial χ first falls to a fiftieth of χ(0). Beyond, it would add the picture's own noise;
    /// over all displacements it would be zero, because the picture's own φ is subtracted from every term. This
    /// subtraction also reduces the terms that are summed, which is corrected: each of n terms lacks Var φ, so Var φ =
    /// Σ χ / (A − n).
    ///
    /// Where χ oscillates, its lobes cancel, and a sum that ends with the first one is far too large. There the terms are
    /// weighted by a Hann window over about three wavelengths: the power spectrum at frequency 0 by a lag window (Blackman &
    /// Tukey, The Measurement of Power Spectra, 1958).
    pub fn of(periodic: &Correlation) -> Self {
        let phi = periodic.at([0, 0]);
        let radial = periodic.radial();
        let faded = |s: &f64| s - phi * phi <= FADED * phi * (1.0 - phi);
        let end = radial.iter().position(faded).unwrap_or(radial.len());
        let point = phi * (1.0 - phi);
        let area = periodic.pixels() as f64;
        let variance_of = |(sum, terms): (f64, f64)| (sum.max(0.0) / (area - terms).max(1.0)).min(point);
        let first = variance_of(summed(periodic, end as f64, |_| 1.0));
        let lowest = (end..radial.len().min(3 * end)).min_by(|a, b| radial[*a].total_cmp(&radial[*b]));
        let noise = NOISE * (first / point.max(f64::MIN_POSITIVE)).sqrt();
        let variance = match lowest.filter(|r| radial[*r] - phi * phi < -noise.max(SWINGS) * point) {
            Some(r) => {
                let reach = (WINDOW * r as f64).min(radial.len() as f64);
                let hann = |r: f64| 0.5 + 0.5 * (std::f64::consts::PI * r / reach).cos();
                // The lobes of a finite picture never cancel wholly.
                variance_of(summed(periodic, reach, hann)).max(FADED * first)
            }
            None => first,
        };
        let integral_range = if point > 0.0 { variance * area / point } else { 0.0 };
        // A picture in which no correlation can be measured, such as one line of pixels, has no known areas.
        let by_range = match integral_range > 0.0 {
            true => area / integral_range,
            false if point > 0.0 => 0.0,
            false => f64::INFINITY,
        };
        Self {
            volume_fraction: phi,
            standard_error: variance.sqrt(),
            integral_range,
            // A correlation that fades tells nothing of how often the picture shows it: a single disc has one too.
            independent_areas: by_range.min(features(periodic)),
        }
    }

    /// The 95 % interval within 0 … 1: that of a share of so many independent areas (Wilson, J. Am. Stat. Assoc. 22:209,
    /// 1927). Of a sparse phase it reaches further up than down.
    pub fn bounds(&self) -> (f64, f64) {
        let phi = self.volume_fraction;
        let point = phi * (1.0 - phi);
        if point <= 0.0 || self.standard_error <= 0.0 {
            return (phi, phi);
        }
        let n = point / self.standard_error.powi(2);
        let square = SIDES * SIDES / n;
        let centre = (phi + 0.5 * square) / (1.0 + square);
        let half = SIDES / (1.0 + square) * (point / n + 0.25 * square / n).sqrt();
        ((centre - half).max(0.0), (centre + half).min(1.0))
    }

    /// Half of the 95 % interval.
    pub fn half_width(&self) -> f64 {
        SIDES * self.standard_error
    }

    /// Whether the picture holds enough independent areas for a reliable interval.
    pub fn can_be_trusted(&self) -> bool {
        self.independent_areas >= ENOUGH
    }
}

/// The sum of χ over displacements shorter than `reach`, each with the weight of its length, and the sum of the weights.
fn summed(periodic: &Correlation, reach: f64, weight: impl Fn(f64) -> f64) -> (f64, f64) {
    let phi = periodic.at([0, 0]);
    let most = reach.ceil() as isize - 1;
    let (mut sum, mut weights) = (0.0, 0.0);
    for dy in -most..=most {
        for dx in -most..=most {
            let r = ((dy * dy + dx * dx) as f64).sqrt();
            if r < reach {
                sum += weight(r) * (periodic.at([dy, dx]) - phi * phi);
                weights += weight(r);
            }
        }
    }
    (sum, weights)
}

/// About how many features of the phase, or of the rest if that has fewer, a picture shows: its area over the mean chords
/// along rows and columns.
fn features(periodic: &Correlation) -> f64 {
    let phi = periodic.at([0, 0]);
    // A chord is at most as long as the picture: stripes have few starts along themselves.
    let least = phi * (1.0 - phi) / (periodic.pixels() as f64).sqrt();
    let starts: Vec<f64> = [[0, 1], [1, 0]].into_iter().map(|step| (phi - periodic.at(step)).max(least)).collect();
    // A phase of share φ whose chords begin at a share s of the pixels has chords of the mean length φ/s.
    let of = |share: f64| periodic.pixels() as f64 * starts[0] * starts[1] / share;
    if phi > 0.0 && phi < 1.0 { of(phi).min(of(1.0 - phi)) } else { f64::INFINITY }
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = 100.0 * self.volume_fraction;
        let half = 100.0 * self.half_width();
        // As many decimals as the first two digits of the interval need.
        let decimals = if half > 0.0 { (1 - half.log10().floor() as i32).clamp(0, 4) as usize } else { 2 };
        let (low, high) = self.bounds();
        let uneven = half > 0.0 && (100.0 * (low + high) - 2.0 * percent).abs() > 0.4 * half;
        if uneven {
            return write!(f, "{percent:.decimals$} ({:.decimals$} … {:.decimals$}) %", 100.0 * low, 100.0 * high);
        }
        write!(f, "{percent:.decimals$} ± {half:.decimals$} %")
    }
}
