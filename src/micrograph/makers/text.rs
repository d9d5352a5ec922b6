//! What files state besides their pixels, and the pieces of the texts in which they do.

use std::collections::HashMap;

use crate::micrograph::calibration::{PixelSize, unit_metres};

/// What a file states besides its pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The size of a pixel, along its width.
    pub pixel_size: Option<PixelSize>,
    /// Height of a pixel over its width.
    pub aspect: f64,
    /// Rows of the data bar at the bottom.
    pub bar_rows: Option<usize>,
    /// What does not fit together.
    pub notes: Vec<String>,
}

impl Default for Facts {
    fn default() -> Self {
        Self { pixel_size: None, aspect: 1.0, bar_rows: None, notes: vec![] }
    }
}

impl Facts {
    /// A pixel size; `None` if it makes no sense.
    pub fn new(metres: f64, source: &str) -> Option<Self> {
        Some(Self { pixel_size: Some(PixelSize::new(metres, source)?), ..Self::default() })
    }

    /// The same with another height of a pixel, unless that makes no sense.
    pub fn high(self, metres: Option<f64>) -> Self {
        /// No instrument has pixels that differ more.
        const MOST: f64 = 16.0;
        let width = self.pixel_size.as_ref().map_or(f64::NAN, |p| p.metres);
        let aspect = metres.map(|m| m / width).filter(|a| (1.0 / MOST..=MOST).contains(a));
        Self { aspect: aspect.unwrap_or(1.0), ..self }
    }

    /// The same with a data bar.
    pub fn with_bar(self, bar_rows: Option<usize>) -> Self {
        Self { bar_rows, ..self }
    }

    /// Notes it where another statement of the file gives another pixel size.
    pub fn checked(mut self, other: Option<f64>, what: &str) -> Self {
        let Some(size) = &self.pixel_size else { return self };
        let other = other.and_then(|metres| PixelSize::new(metres, what));
        if let Some(other) = other.filter(|other| (other.metres / size.metres - 1.0).abs() > 0.02) {
            self.notes
                .push(format!("its pixel size is {size} by the {}, but {other} by {what}: check it", size.source));
        }
        self
    }
}

/// A number with its unit, as `2.791 nm`.
pub fn length(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).unwrap_or(text.len());
    // The e of `1e-9 m` belongs to the number; that of `1 em` would not.
    let number: f64 = text[..end].parse().ok()?;
    Some(number * unit_metres(text[end..].split_whitespace().next()?)?)
}

/// `key = value` lines, the first of each key.
pub fn keys(text: &str) -> HashMap<&str, &str> {
    let mut keys = HashMap::new();
    for line in text.lines() {
        if let Some((key, value)) = line.split_once('=') {
            keys.entry(key.trim()).or_insert(value.trim());
        }
    }
    keys
}

/// The rows of a data bar, if it takes less than half of the picture.
pub fn bar(rows: f64, height: usize) -> Option<usize> {
    (rows >= 1.0 && rows < 0.5 * height as f64).then_some(rows as usize)
}

/// The text of the first element of a name, and its attributes.
pub fn element<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let opening = format!("<{name}");
    for (at, _) in text.match_indices(&opening) {
        let rest = &text[at + opening.len()..];
        if !rest.starts_with(|c: char| c == '>' || c == '/' || c.is_whitespace()) {
            continue;
        }
        let (attributes, body) = rest.split_once('>')?;
        return Some((attributes, body.split('<').next().unwrap_or_default()));
    }
    None
}

/// The value of an attribute.
pub fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = attributes.split_once(&format!("{name}=\""))?;
    rest.split('"').next()
}
