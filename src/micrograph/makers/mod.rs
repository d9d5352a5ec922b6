//! Reads the pixel size and the data bar from the tags of TIFF files and from the text files beside them: those of
//! ImageJ, OME and the makers of electron microscopes. Every number comes from outside; nothing here trusts a length.

mod sem;
mod tem;
mod text;

use std::io::{Read, Seek};
use std::path::Path;

use super::calibration::{not_of_a_printer, unit_metres};
use super::tags::{self, MOST_VALUE, Tags, decode};
use tem::{GATAN_SCALE, GATAN_UNIT, OLYMPUS};
use text::{attribute, element, keys};

pub use text::Facts;

/// Tags that are read besides those that decoding needs.
pub const WANTED: [u16; 16] = [
    tags::X_RESOLUTION,
    tags::Y_RESOLUTION,
    tags::RESOLUTION_UNIT,
    tags::LEAST_VALUES[0],
    tags::LEAST_VALUES[1],
    tags::LARGEST_VALUES[0],
    tags::LARGEST_VALUES[1],
    ZEISS,
    FEI[0],
    FEI[1],
    THERMO_XML,
    TESCAN,
    OLYMPUS,
    GATAN_UNIT,
    GATAN_SCALE[0],
    GATAN_SCALE[1],
];
const ZEISS: u16 = 34118;
const FEI: [u16; 2] = [34682, 34680];
const THERMO_XML: u16 = 34683;
const TESCAN: u16 = 50431;
/// Reads the tags of a TIFF page. `description` is that of the first page, in which ImageJ and OME describe all; `size` is
/// the page's height and width.
pub fn of_tiff(file: &mut (impl Read + Seek), tags: &Tags, description: &str, size: (usize, usize)) -> Facts {
    let text = |tag| tags.text(tag);
    let found = [
        text(ZEISS).and_then(|t| sem::zeiss(&t, size)),
        FEI.into_iter().find_map(|tag| text(tag).and_then(|t| sem::fei(&t, size))),
        text(THERMO_XML).and_then(|t| sem::thermo_xml(&t)),
        text(TESCAN).and_then(|t| sem::tescan(&t, size)),
        tags.entry(OLYMPUS).and_then(|entry| tem::olympus(file, entry, tags)),
        tem::gatan(tags),
        ome(description),
        imagej(description, tags),
        resolution(tags),
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
        let small = std::fs::metadata(&beside).is_ok_and(|m| m.is_file() && m.len() <= MOST_VALUE);
        let Some(bytes) = small.then(|| std::fs::read(&beside).ok()).flatten() else { continue };
        let text = decode(&bytes);
        let found = sem::jeol(&text, size).or_else(|| sem::hitachi(&text, size)).or_else(|| sem::tescan(&text, size));
        if let Some(facts) = found {
            return facts;
        }
    }
    Facts::default()
}

/// OME-XML: `PhysicalSizeX` and `PhysicalSizeY` of the first `Pixels`, in µm unless it says otherwise.
fn ome(text: &str) -> Option<Facts> {
    text.contains("<OME").then_some(())?;
    let (attributes, _) = element(text, "Pixels")?;
    let size = |axis: &str| -> Option<f64> {
        let value: f64 = attribute(attributes, &format!("PhysicalSize{axis}"))?.parse().ok()?;
        let unit = attribute(attributes, &format!("PhysicalSize{axis}Unit")).unwrap_or("µm").replace("&#181;", "µ");
        Some(value * unit_metres(&unit)?)
    };
    Some(Facts::new(size("X")?, "OME metadata")?.high(size("Y")))
}

/// ImageJ: pixels per unit in the resolution tags, the unit in the description.
fn imagej(text: &str, tags: &Tags) -> Option<Facts> {
    text.starts_with("ImageJ=").then_some(())?;
    let unit = unit_metres(keys(text).get("unit")?)?;
    let size = |tag| tags.number(tag).filter(|ratio| *ratio > 0.0).map(|ratio| unit / ratio);
    Some(Facts::new(size(tags::X_RESOLUTION)?, "ImageJ calibration")?.high(size(tags::Y_RESOLUTION)))
}

/// The plain resolution tags, unless they may be a printing resolution.
fn resolution(tags: &Tags) -> Option<Facts> {
    let unit = match tags.number(tags::RESOLUTION_UNIT) {
        None | Some(2.0) => 0.0254,
        Some(3.0) => 0.01,
        _ => return None,
    };
    let size = |tag| tags.number(tag).filter(|ratio| *ratio > 0.0).map(|ratio| unit / ratio);
    let pixel = not_of_a_printer(size(tags::X_RESOLUTION)?, "TIFF resolution")?;
    Some(Facts { pixel_size: Some(pixel), ..Facts::default() }.high(size(tags::Y_RESOLUTION)))
}

/// How many images a file of ImageJ says that it has.
pub fn imagej_images(description: &str) -> Option<usize> {
    description.starts_with("ImageJ=").then_some(())?;
    keys(description).get("images")?.parse().ok()
}

/// What each of so many pages shows by the description of ImageJ or OME; empty texts where it does not say.
pub fn page_names(description: &str, count: usize) -> Vec<String> {
    let axes = if description.starts_with("ImageJ=") {
        let keys = keys(description);
        let number = |key: &str| keys.get(key).and_then(|v| v.parse::<usize>().ok()).unwrap_or(1);
        vec![("channel", number("channels")), ("slice", number("slices")), ("frame", number("frames"))]
    } else if let Some((attributes, _)) = description.contains("<OME").then(|| element(description, "Pixels")).flatten()
    {
        let number = |key: &str| attribute(attributes, key).and_then(|v| v.parse::<usize>().ok()).unwrap_or(1);
        let order = attribute(attributes, "DimensionOrder").unwrap_or("XYZCT");
        let axis = |letter: char| match letter {
            'Z' => Some(("z", number("SizeZ"))),
            'C' => Some(("channel", number("SizeC"))),
            'T' => Some(("time", number("SizeT"))),
            _ => None,
        };
        order.chars().filter_map(axis).collect()
    } else {
        vec![]
    };
    let product = axes.iter().try_fold(1usize, |all, (_, n)| all.checked_mul((*n).max(1)));
    let name = |page: usize| {
        let mut rest = page;
        let mut parts = vec![];
        for (axis, n) in axes.iter().filter(|(_, n)| *n > 1) {
            parts.push(format!("{axis} {}", rest % n + 1));
            rest /= n;
        }
        if product == Some(count) { parts.join(", ") } else { String::new() }
    };
    (0..count).map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ome_and_stacks_are_understood() {
        let text = "<?xml?><OME><Image><Pixels SizeX=\"512\" PhysicalSizeX=\"0.108\" PhysicalSizeXUnit=\"µm\" PhysicalSizeY=\"0.216\"/></Image></OME>";
        let facts = ome(text).expect("facts");
        assert!((facts.pixel_size.expect("a size").metres / 1.08e-7 - 1.0).abs() < 1e-9);
        assert!((facts.aspect - 2.0).abs() < 1e-9);
        let text = "<OME><Pixels DimensionOrder=\"XYCZT\" SizeC=\"2\" SizeZ=\"3\" SizeT=\"1\"></Pixels></OME>";
        assert_eq!(page_names(text, 6)[3], "channel 2, z 2");
        assert_eq!(page_names("ImageJ=1.53\nimages=4\nslices=2\nframes=2\n", 4)[2], "slice 1, frame 2");
        assert_eq!(page_names("ImageJ=1.53\nimages=4\nslices=2\nframes=2\n", 3), ["", "", ""]);
    }
}
