//! Reads the pixel size and the data bar from TIFF files and their sidecars: the tags of ImageJ, OME and the makers of
//! electron microscopes. Every number comes from outside; nothing here trusts a length.

use std::collections::HashMap;
use std::path::Path;

use super::calibration::{PixelSize, unit_metres};

/// What a file states besides its pixels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The size of a pixel.
    pub pixel_size: Option<PixelSize>,
    /// Rows of the data bar at the bottom.
    pub bar_rows: Option<usize>,
}

/// Tags of a page that are read, and the most entries of a page.
const DESCRIPTION: u16 = 270;
const X_RESOLUTION: u16 = 282;
const RESOLUTION_UNIT: u16 = 296;
const ZEISS: u16 = 34118;
const FEI: [u16; 2] = [34682, 34680];
const THERMO_XML: u16 = 34683;
const TESCAN: u16 = 50431;
const MOST_ENTRIES: usize = 4096;
/// The longest text of a tag or a sidecar that is read.
const MOST_TEXT: usize = 4 << 20;

/// The raw entries of one page of a classic TIFF file.
struct Tags<'a> {
    bytes: &'a [u8],
    little: bool,
    entries: HashMap<u16, &'a [u8]>,
}

impl<'a> Tags<'a> {
    fn of(bytes: &'a [u8], page: usize) -> Option<Self> {
        let little = match bytes.get(..4)? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        let mut tags = Self { bytes, little, entries: HashMap::new() };
        let mut at = tags.long(4)? as usize;
        for _ in 0..page {
            let entries = usize::from(tags.word(at)?);
            at = tags.long(at.checked_add(2 + 12 * entries)?)? as usize;
        }
        for n in 0..usize::from(tags.word(at)?).min(MOST_ENTRIES) {
            let entry = at.checked_add(2 + 12 * n)?;
            let (Some(tag), Some(kind), Some(count)) = (tags.word(entry), tags.word(entry + 2), tags.long(entry + 4))
            else {
                break;
            };
            let each = match kind {
                1 | 2 | 6 | 7 => 1,
                3 | 8 => 2,
                4 | 9 | 11 => 4,
                5 | 10 | 12 => 8,
                _ => continue,
            };
            let Some(length) = (count as usize).checked_mul(each) else { continue };
            let start = if length <= 4 { Some(entry + 8) } else { tags.long(entry + 8).map(|v| v as usize) };
            let value = start.and_then(|s| bytes.get(s..s.checked_add(length)?));
            if let Some(value) = value {
                tags.entries.insert(tag, value);
            }
        }
        Some(tags)
    }

    fn word(&self, at: usize) -> Option<u16> {
        let b = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.little { u16::from_le_bytes(b) } else { u16::from_be_bytes(b) })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let b = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) })
    }

    fn text(&self, tag: u16) -> Option<String> {
        let value = self.entries.get(&tag)?;
        Some(decode(&value[..value.len().min(MOST_TEXT)]))
    }

    /// The first number of a tag of 16 bits.
    fn short(&self, tag: u16) -> Option<u16> {
        let b = self.entries.get(&tag)?.get(..2)?.try_into().ok()?;
        Some(if self.little { u16::from_le_bytes(b) } else { u16::from_be_bytes(b) })
    }

    fn ratio(&self, tag: u16) -> Option<f64> {
        let value = self.entries.get(&tag)?;
        let part = |from: usize| -> Option<f64> {
            let b = value.get(from..from + 4)?.try_into().ok()?;
            Some(f64::from(if self.little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) }))
        };
        let ratio = part(0)? / part(4)?;
        (ratio.is_finite() && ratio > 0.0).then_some(ratio)
    }
}

/// Decodes valid UTF-8, and anything else as Latin-1, in which older programs write µ.
fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_end_matches('\0').into(),
        Err(_) => bytes.iter().map(|b| char::from(*b)).collect::<String>().trim_end_matches('\0').into(),
    }
}

/// Reads the tags of a TIFF page. `size` is the page's height and width.
pub fn of_tiff(bytes: &[u8], page: usize, size: (usize, usize)) -> Facts {
    let Some(tags) = Tags::of(bytes, page) else { return Facts::default() };
    let first = if page == 0 { None } else { Tags::of(bytes, 0) };
    // ImageJ and OME describe all pages in the first one.
    let description = first.as_ref().unwrap_or(&tags).text(DESCRIPTION).unwrap_or_default();
    let found = [
        tags.text(ZEISS).and_then(|t| zeiss(&t, size)),
        FEI.into_iter().find_map(|tag| tags.text(tag).and_then(|t| fei(&t, size))),
        tags.text(THERMO_XML).and_then(|t| thermo_xml(&t)),
        tags.entries.get(&TESCAN).and_then(|raw| tescan(&decode(&raw[..raw.len().min(MOST_TEXT)]), size)),
        ome(&description),
        imagej(&description, &tags),
        resolution(&tags),
    ];
    found.into_iter().flatten().next().unwrap_or_default()
}

/// Reads a text file beside the picture: JEOL's and Hitachi's `.txt`, TESCAN's `.hdr`.
pub fn of_sidecar(path: &Path, size: (usize, usize)) -> Facts {
    let Some(stem) = path.file_stem().map(|s| s.to_string_lossy().into_owned()) else { return Facts::default() };
    let ending = path.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
    let names = [
        format!("{stem}.txt"),
        format!("{stem}.TXT"),
        format!("{stem}.Txt"),
        format!("{stem}-{ending}.hdr"),
        format!("{stem}.hdr"),
    ];
    for name in names {
        let beside = path.with_file_name(name);
        let small = std::fs::metadata(&beside).is_ok_and(|m| m.is_file() && m.len() <= MOST_TEXT as u64);
        let Some(bytes) = small.then(|| std::fs::read(&beside).ok()).flatten() else { continue };
        let text = decode(&bytes);
        if let Some(facts) = jeol(&text, size).or_else(|| hitachi(&text, size)).or_else(|| tescan(&text, size)) {
            return facts;
        }
    }
    Facts::default()
}

/// A number with its unit, as `2.791 nm`.
fn length(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).unwrap_or(text.len());
    // The e of `1e-9 m` belongs to the number; that of `1 em` would not.
    let number: f64 = text[..end].parse().ok()?;
    Some(number * unit_metres(text[end..].split_whitespace().next()?)?)
}

/// `key = value` lines, the first of each key.
fn keys(text: &str) -> HashMap<&str, &str> {
    let mut keys = HashMap::new();
    for line in text.lines() {
        if let Some((key, value)) = line.split_once('=') {
            keys.entry(key.trim()).or_insert(value.trim());
        }
    }
    keys
}

fn facts(metres: f64, source: &str, bar_rows: Option<usize>) -> Option<Facts> {
    let pixel_size = PixelSize::new(metres, source)?;
    Some(Facts { pixel_size: Some(pixel_size), bar_rows })
}

/// The rows of a data bar, if it takes less than half of the picture.
fn bar(rows: f64, height: usize) -> Option<usize> {
    (rows >= 1.0 && rows < 0.5 * height as f64).then_some(rows as usize)
}

/// Zeiss SmartSEM: lines `Image Pixel Size = 2.791 nm`. The bare `Pixel Size` is that of a display 1024 pixels wide.
fn zeiss(text: &str, (_, width): (usize, usize)) -> Option<Facts> {
    const SOURCE: &str = "Zeiss tag";
    let keys = keys(text);
    if let Some(metres) = keys.get("Image Pixel Size").and_then(|v| length(v)) {
        return facts(metres, SOURCE, None);
    }
    let shown = keys.get("Pixel Size").and_then(|v| length(v))?;
    facts(shown * 1024.0 / width as f64, SOURCE, None)
}

/// FEI and Thermo Fisher: an INI text with `PixelWidth` in metres; what is below `ResolutionY` rows is the data bar.
fn fei(text: &str, (height, width): (usize, usize)) -> Option<Facts> {
    let keys = keys(text);
    let number = |key: &str| keys.get(key).and_then(|v| v.parse::<f64>().ok());
    let columns = number("ResolutionX").filter(|c| *c > 0.0);
    let metres = number("PixelWidth").or_else(|| Some(number("HorFieldsize")? / columns?))?;
    // A picture that was scaled after it was taken has pixels of another size.
    let scale = columns.map_or(1.0, |c| c / width as f64);
    let below = number("ResolutionY").map(|rows| height as f64 - rows).filter(|rows| *rows >= 0.0);
    facts(metres * scale, "FEI / Thermo Fisher tag", bar(below.or(number("DatabarHeight")).unwrap_or(0.0), height))
}

/// The text of the first element of a name, and its attributes.
fn element<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
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

fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = attributes.split_once(&format!("{name}=\""))?;
    rest.split('"').next()
}

/// Thermo Fisher's newer XML, and the Phenom's.
fn thermo_xml(text: &str) -> Option<Facts> {
    const SOURCE: &str = "Thermo Fisher tag";
    if let Some((attributes, value)) = element(text, "pixelWidth") {
        let metres = value.trim().parse::<f64>().ok()? * unit_metres(attribute(attributes, "unit").unwrap_or("m"))?;
        let rows = element(text, "databarHeight").and_then(|(_, v)| v.trim().parse::<usize>().ok());
        return facts(metres, SOURCE, rows.filter(|r| *r > 0));
    }
    let (_, sizes) = text.split_once("<PixelSize")?;
    let (attributes, value) = element(sizes, "X")?;
    let unit = unit_metres(attribute(attributes, "unit").unwrap_or("m"))?;
    facts(value.trim().parse::<f64>().ok()? * unit, SOURCE, None)
}

/// TESCAN: `PixelSizeX` in metres (at times negative) and the rows of the strip at the bottom.
fn tescan(text: &str, (height, _): (usize, usize)) -> Option<Facts> {
    let value = |key: &str| -> Option<f64> {
        let (_, rest) = text.split_once(&format!("{key}="))?;
        rest.split(['\r', '\n']).next()?.trim().parse().ok()
    };
    facts(value("PixelSizeX")?.abs(), "TESCAN header", bar(value("ImageStripSize").unwrap_or(0.0), height))
}

/// OME-XML: `PhysicalSizeX` of the first `Pixels`, in µm unless it says otherwise.
fn ome(text: &str) -> Option<Facts> {
    text.contains("<OME").then_some(())?;
    let (attributes, _) = element(text, "Pixels")?;
    let value: f64 = attribute(attributes, "PhysicalSizeX")?.parse().ok()?;
    let unit = attribute(attributes, "PhysicalSizeXUnit").unwrap_or("µm").replace("&#181;", "µ");
    facts(value * unit_metres(&unit)?, "OME metadata", None)
}

/// ImageJ: pixels per unit in the resolution tag, the unit in the description.
fn imagej(text: &str, tags: &Tags) -> Option<Facts> {
    text.starts_with("ImageJ=").then_some(())?;
    let unit = unit_metres(keys(text).get("unit")?)?;
    facts(unit / tags.ratio(X_RESOLUTION)?, "ImageJ calibration", None)
}

/// Usual resolutions of printers and scanners: they carry no information about the specimen.
const PRINTING_DPI: [f64; 22] = [
    72.0, 75.0, 96.0, 100.0, 120.0, 144.0, 150.0, 180.0, 200.0, 240.0, 300.0, 350.0, 360.0, 400.0, 600.0, 720.0,
    1200.0, 2400.0, 4800.0, 6400.0, 9600.0, 12800.0,
];
/// Pixels coarser than this, in metres, are those of printed paper.
const COARSEST: f64 = 5e-6;

/// The plain resolution tags, unless they may be a printing resolution.
fn resolution(tags: &Tags) -> Option<Facts> {
    let per_unit = tags.ratio(X_RESOLUTION)?;
    let unit = match tags.short(RESOLUTION_UNIT) {
        None | Some(2) => 0.0254,
        Some(3) => 0.01,
        _ => return None,
    };
    let metres = unit / per_unit;
    let dpi = 0.0254 / metres;
    let printing = PRINTING_DPI.iter().any(|known| (dpi / known - 1.0).abs() < 1e-3);
    if printing || metres > COARSEST { None } else { facts(metres, "TIFF resolution", None) }
}

/// JEOL: `$CM_PIXEL_SIZE 33.3nm`, or a bar of `$$SM_MICRON_BAR` pixels that is `$$SM_MICRON_MARKER` long.
fn jeol(text: &str, (height, width): (usize, usize)) -> Option<Facts> {
    let mut keys = HashMap::new();
    for line in text.lines().filter(|l| l.starts_with('$')) {
        if let Some((key, value)) = line.trim_start_matches('$').split_once(char::is_whitespace) {
            keys.insert(key, value.trim());
        }
    }
    let full = keys.get("CM_FULL_SIZE").or_else(|| keys.get("CM_IMAGE_SIZE"))?;
    let mut full = full.split_whitespace().filter_map(|v| v.parse::<f64>().ok()).filter(|v| *v > 0.0);
    let (columns, rows) = (full.next()?, full.next()?);
    let metres = match keys.get("CM_PIXEL_SIZE").and_then(|v| length(v)) {
        Some(metres) => metres,
        None => length(keys.get("SM_MICRON_MARKER")?)? / keys.get("SM_MICRON_BAR")?.parse::<f64>().ok()?,
    };
    let below = if columns as usize == width { height as f64 - rows } else { 0.0 };
    facts(metres * columns / width as f64, "JEOL text file", bar(below, height))
}

/// Hitachi: `PixelSize` in nm for a picture of `DataSize`.
fn hitachi(text: &str, (_, width): (usize, usize)) -> Option<Facts> {
    text.contains("[SemImageFile]").then_some(())?;
    let keys = keys(text);
    let nanometres: f64 = keys.get("PixelSize")?.parse().ok()?;
    let columns = keys.get("DataSize").and_then(|v| v.split(['x', 'X']).next()?.trim().parse::<f64>().ok());
    facts(nanometres * 1e-9 * columns.map_or(1.0, |c| c / width as f64), "Hitachi text file", None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nm(facts: Option<Facts>) -> Option<(f64, Option<usize>)> {
        let facts = facts?;
        Some(((facts.pixel_size?.metres * 1e15).round() / 1e6, facts.bar_rows))
    }

    #[test]
    fn makers_texts_are_understood() {
        let size = (943, 1024);
        let text = "1\r\n2.6e-06\r\nAP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 2.791 nm\r\nPixel Size = 55.82 nm\r\n";
        assert_eq!(nm(zeiss(text, size)), Some((2.791, None)));
        assert_eq!(nm(zeiss("AP_PIXEL_SIZE\nPixel Size = 5 nm\n", (768, 2048))), Some((2.5, None)));
        let text = "[Scan]\r\nPixelWidth=2.5e-009\r\n[Image]\r\nResolutionX=1024\r\nResolutionY=884\r\n[PrivateFei]\r\nDatabarHeight=59\r\n";
        assert_eq!(nm(fei(text, size)), Some((2.5, Some(59))));
        let text =
            "<FeiImage><databarHeight>64</databarHeight><pixelWidth unit=\"um\">0.694952</pixelWidth></FeiImage>";
        assert_eq!(nm(thermo_xml(text)), Some((694.952, Some(64))));
        let text =
            "<Metadata><BinaryResult><PixelSize><X unit=\"m\">1.35E-09</X></PixelSize></BinaryResult></Metadata>";
        assert_eq!(nm(thermo_xml(text)), Some((1.35, None)));
        let text = "\u{1}\0Device=VEGA\nPixelSizeX=-1.5625e-009\nImageStripSize=90\n";
        assert_eq!(nm(tescan(text, (858, 768))), Some((1.5625, Some(90))));
        let text = "$CM_FULL_SIZE 1280 960\r\n$CM_MAG 430\r\n$$SM_MICRON_BAR 91\r\n$$SM_MICRON_MARKER 10um\r\n";
        assert_eq!(nm(jeol(text, (1024, 1280))), Some((109.890_11, Some(64))));
        let text = "[SemImageFile]\r\nDataSize=1280x960\r\nPixelSize=9.921875\r\n";
        assert_eq!(nm(hitachi(text, (480, 640))), Some((19.84375, None)));
        let text =
            "<?xml?><OME><Image><Pixels SizeX=\"512\" PhysicalSizeX=\"0.108\" PhysicalSizeXUnit=\"µm\"/></Image></OME>";
        assert_eq!(nm(ome(text)), Some((108.0, None)));
    }

    #[test]
    fn nonsense_is_no_calibration() {
        for text in [
            "",
            "=",
            "Image Pixel Size = nm",
            "Image Pixel Size = 0 nm",
            "Image Pixel Size = -3 nm",
            "PixelWidth=1e300",
        ] {
            assert_eq!((zeiss(text, (9, 9)), fei(text, (9, 9))), (None, None), "{text}");
        }
        assert_eq!(jeol("$CM_FULL_SIZE 0 0\n$CM_PIXEL_SIZE 3nm", (9, 9)), None);
        assert_eq!(thermo_xml("<PixelSize><X unit=\"1/m\">3</X>"), None);
    }
}
