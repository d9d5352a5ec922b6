//! Pixel sizes: their units and texts, and scale bars.

/// The least and the largest pixel size that a microscope can have, in metres.
const SMALLEST: f64 = 1e-12;
const LARGEST: f64 = 1e-2;

/// The keyword of a text in PNG files with the pixel size in metres, exact and unmistakable.
pub const PIXEL_SIZE: &str = "Pixel size in metres";

/// How large a pixel of a micrograph is, and how that is known.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PixelSize {
    /// Edge of a pixel in metres.
    pub metres: f64,
    /// The source of the value, to display: a maker's tag, a sidecar file, a person.
    pub source: String,
}

impl PixelSize {
    /// `None` if the value is impossible for a micrograph.
    pub fn new(metres: f64, source: &str) -> Option<Self> {
        let sensible = metres.is_finite() && (SMALLEST..=LARGEST).contains(&metres);
        sensible.then(|| Self { metres, source: source.into() })
    }

    /// Whether another pixel size is so different that lengths in pixels mean something else.
    pub fn differs(&self, other: &Self) -> bool {
        (self.metres / other.metres - 1.0).abs() > 0.02
    }

    /// The best unit for lengths of about `pixels` pixels, and the size of a pixel in this unit.
    pub fn unit(&self, pixels: f64) -> (&'static str, f64) {
        let length = self.metres * pixels;
        let (name, metres) = match length {
            l if l < 1e-6 => ("nm", 1e-9),
            l if l < 1e-3 => ("µm", 1e-6),
            _ => ("mm", 1e-3),
        };
        (name, self.metres / metres)
    }
}

impl std::fmt::Display for PixelSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (unit, per_pixel) = self.unit(1.0);
        write!(f, "{} {unit}/px", four_digits(per_pixel))
    }
}

/// Four significant digits without zeros at the end.
fn four_digits(value: f64) -> String {
    let decimals = (3 - value.abs().log10().floor() as i32).clamp(0, 9) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// Usual resolutions of printers and scanners: they carry no information about the specimen.
const PRINTING_DPI: [f64; 22] = [
    72.0, 75.0, 96.0, 100.0, 120.0, 144.0, 150.0, 180.0, 200.0, 240.0, 300.0, 350.0, 360.0, 400.0, 600.0, 720.0,
    1200.0, 2400.0, 4800.0, 6400.0, 9600.0, 12800.0,
];
/// Pixels coarser than this, in metres, are those of printed paper.
const COARSEST: f64 = 5e-6;

/// A pixel size that a picture format states, unless it may be a printing resolution.
pub fn not_of_a_printer(metres: f64, source: &str) -> Option<PixelSize> {
    let dpi = 0.0254 / metres;
    let printing = PRINTING_DPI.iter().any(|known| (dpi / known - 1.0).abs() < 1e-3);
    if printing || metres > COARSEST { None } else { PixelSize::new(metres, source) }
}

/// Units in which a person may give a length, with their metres.
pub const UNITS: [(&str, f64); 4] = [("nm", 1e-9), ("µm", 1e-6), ("mm", 1e-3), ("Å", 1e-10)];

/// The metres of a unit as files spell it: `µm`, `um`, `micron`, `nanometer`, `inch` …
pub fn unit_metres(name: &str) -> Option<f64> {
    let name = name.trim().trim_end_matches('\0').replace("\\u00B5", "µ").replace("\\u03BC", "µ").replace('μ', "µ");
    Some(match name.as_str() {
        "m" | "meter" | "metre" | "meters" => 1.0,
        "cm" => 1e-2,
        "mm" | "millimeter" | "millimeters" | "millimetre" => 1e-3,
        "µm" | "um" | "micron" | "microns" | "micrometer" | "micrometers" | "micrometre" => 1e-6,
        "nm" | "nanometer" | "nanometers" | "nanometre" => 1e-9,
        "Å" | "\\u00C5" | "angstrom" | "Angstrom" => 1e-10,
        "pm" => 1e-12,
        "inch" | "in" => 0.0254,
        _ => return None,
    })
}

/// A scale bar of at most `most` pixels: the longest length of 1, 2 or 5 times a power of ten. Returns the length of
/// the bar in pixels, and its text in the best unit.
pub fn scale_bar(pixel: &PixelSize, most: f64) -> (f64, String) {
    let length = (pixel.metres * most).max(f64::MIN_POSITIVE);
    let power = 10f64.powf(length.log10().floor());
    // A small tolerance, so that rounding errors do not exclude a length that fits exactly.
    let step = [5.0, 2.0, 1.0].into_iter().find(|s| s * power <= length * (1.0 + 1e-9)).unwrap_or(1.0) * power;
    let (unit, metres) = match step {
        s if s < 0.999e-6 => ("nm", 1e-9),
        s if s < 0.999e-3 => ("µm", 1e-6),
        _ => ("mm", 1e-3),
    };
    (step / pixel.metres, format!("{} {unit}", four_digits(step / metres)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_snap_to_one_two_five() {
        let pixel = PixelSize::new(0.42e-6, "test").expect("a size");
        assert_eq!(scale_bar(&pixel, 100.0).1, "20 µm");
        assert_eq!(scale_bar(&pixel, 300.0).1, "100 µm");
        assert_eq!(scale_bar(&pixel, 3.0).1, "1 µm");
        assert_eq!(scale_bar(&pixel, 2.0).1, "500 nm");
        assert_eq!(scale_bar(&pixel, 1e4).1, "2 mm");
        let (pixels, _) = scale_bar(&pixel, 100.0);
        assert!((pixels - 20.0 / 0.42).abs() < 1e-9);
        let (pixels, text) = scale_bar(&PixelSize::new(1e-9, "test").expect("a size"), 50.0);
        assert!((pixels - 50.0).abs() < 1e-9 && text == "50 nm", "{pixels} {text}");
    }

    #[test]
    fn sizes_read_as_people_write_them() {
        let text = |metres: f64| PixelSize::new(metres, "test").map(|p| p.to_string());
        assert_eq!(text(0.42e-6).as_deref(), Some("420 nm/px"));
        assert_eq!(text(2.791e-9).as_deref(), Some("2.791 nm/px"));
        assert_eq!(text(1.35e-6).as_deref(), Some("1.35 µm/px"));
        assert_eq!(text(0.0), None);
        assert_eq!(text(f64::NAN), None);
        assert_eq!(text(3.0), None);
    }

    #[test]
    fn units_are_known_however_files_spell_them() {
        for name in ["µm", "um", "micron", "\\u00B5m", "μm", " µm "] {
            assert_eq!(unit_metres(name), Some(1e-6), "{name}");
        }
        assert_eq!(unit_metres("pixel"), None);
    }
}
