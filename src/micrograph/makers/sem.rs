//! Scanning electron microscopes: Zeiss, FEI and Thermo Fisher, TESCAN, JEOL, Hitachi.

use std::collections::HashMap;

use super::text::{Facts, attribute, bar, element, keys, length};
use crate::micrograph::calibration::unit_metres;

/// Zeiss SmartSEM: lines `Image Pixel Size = 2.791 nm`, or the `Width` of the field. The bare `Pixel Size` is that of a
/// display 1024 pixels wide.
pub fn zeiss(text: &str, (_, width): (usize, usize)) -> Option<Facts> {
    const SOURCE: &str = "Zeiss tag";
    let keys = keys(text);
    let field = keys.get("Width").and_then(|v| length(v)).map(|field| field / width as f64);
    if let Some(metres) = keys.get("Image Pixel Size").and_then(|v| length(v)) {
        return Some(Facts::new(metres, SOURCE)?.checked(field, "the width of its field"));
    }
    let shown = keys.get("Pixel Size").and_then(|v| length(v)).map(|shown| shown * 1024.0 / width as f64);
    Some(Facts::new(field.or(shown)?, SOURCE)?.checked(shown, "the pixel size of its display"))
}

/// `key = value` lines of an INI text, with the section that each stands in.
fn ini(text: &str) -> Vec<(&str, &str, &str)> {
    let mut section = "";
    let mut found = vec![];
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name;
        } else if let Some((key, value)) = line.split_once('=') {
            found.push((section, key.trim(), value.trim()));
        }
    }
    found
}

/// FEI and Thermo Fisher: an INI text with the width of the field and `PixelWidth`, in metres; what is below `ResolutionY`
/// rows is the data bar.
///
/// The field over the file's own columns decides: the other numbers may be those of a full frame, of which the file is a
/// scan with fewer pixels.
pub fn fei(text: &str, (height, width): (usize, usize)) -> Option<Facts> {
    const SOURCE: &str = "FEI / Thermo Fisher tag";
    let all = ini(text);
    let number = |wanted: &str, of: Option<&str>| {
        let fits = |(section, key, _): &&(&str, &str, &str)| *key == wanted && of.is_none_or(|of| *section == of);
        all.iter().filter(fits).find_map(|(_, _, value)| value.parse::<f64>().ok().filter(|v| *v > 0.0))
    };
    let named = |key: &str| all.iter().find(|(section, k, _)| *section == "Beam" && *k == key).map(|(.., name)| *name);
    // The picture is of one beam; the text describes all that the microscope has.
    let (beam, scan) = (named("Beam"), named("Scan"));
    let field = scan
        .and_then(|scan| number("HorFieldsize", Some(scan)))
        .or_else(|| number("HFW", Some(beam?)))
        .or_else(|| number("HorFieldsize", None))
        .or_else(|| number("HFW", None))
        .map(|field| field / width as f64);
    // A picture that was scaled after it was taken has pixels of another size.
    let scale = number("ResolutionX", None).map_or(1.0, |columns| columns / width as f64);
    let pixel = |key| scan.and_then(|scan| number(key, Some(scan))).or_else(|| number(key, None));
    let written = pixel("PixelWidth").map(|metres| metres * scale);
    let ratio = pixel("PixelHeight").zip(pixel("PixelWidth")).map(|(high, wide)| high / wide);
    let below = number("ResolutionY", None).map(|rows| height as f64 - rows).filter(|rows| *rows >= 0.0);
    let facts = Facts::new(field.or(written)?, SOURCE)?;
    let metres = facts.pixel_size.as_ref().map_or(f64::NAN, |p| p.metres);
    let facts = facts.high(ratio.map(|ratio| ratio * metres)).checked(written, "its PixelWidth and ResolutionX");
    Some(facts.with_bar(bar(below.or(number("DatabarHeight", None)).unwrap_or(0.0), height)))
}

/// Thermo Fisher's newer XML, and the Phenom's.
pub fn thermo_xml(text: &str) -> Option<Facts> {
    const SOURCE: &str = "Thermo Fisher tag";
    let value = |text: &str, name: &str| -> Option<f64> {
        let (attributes, value) = element(text, name)?;
        Some(value.trim().parse::<f64>().ok()? * unit_metres(attribute(attributes, "unit").unwrap_or("m"))?)
    };
    if let Some(metres) = value(text, "pixelWidth") {
        let rows = element(text, "databarHeight").and_then(|(_, v)| v.trim().parse::<usize>().ok());
        let facts = Facts::new(metres, SOURCE)?.high(value(text, "pixelHeight"));
        return Some(facts.with_bar(rows.filter(|r| *r > 0)));
    }
    let (_, sizes) = text.split_once("<PixelSize")?;
    Some(Facts::new(value(sizes, "X")?, SOURCE)?.high(value(sizes, "Y")))
}

/// TESCAN: `PixelSizeX` and `PixelSizeY` in metres (at times negative) and the rows of the strip at the bottom.
pub fn tescan(text: &str, (height, _): (usize, usize)) -> Option<Facts> {
    let value = |key: &str| -> Option<f64> {
        let (_, rest) = text.split_once(&format!("{key}="))?;
        rest.split(['\r', '\n']).next()?.trim().parse().ok()
    };
    let facts = Facts::new(value("PixelSizeX")?.abs(), "TESCAN header")?.high(value("PixelSizeY").map(f64::abs));
    Some(facts.with_bar(bar(value("ImageStripSize").unwrap_or(0.0), height)))
}

/// JEOL: `$CM_PIXEL_SIZE 33.3nm`, or a bar of `$$SM_MICRON_BAR` pixels that is `$$SM_MICRON_MARKER` long.
pub fn jeol(text: &str, (height, width): (usize, usize)) -> Option<Facts> {
    let mut keys = HashMap::new();
    for line in text.lines().filter(|l| l.starts_with('$')) {
        if let Some((key, value)) = line.trim_start_matches('$').split_once(char::is_whitespace) {
            keys.insert(key, value.trim());
        }
    }
    let full = keys.get("CM_FULL_SIZE").or_else(|| keys.get("CM_IMAGE_SIZE"))?;
    let mut full = full.split_whitespace().filter_map(|v| v.parse::<f64>().ok()).filter(|v| *v > 0.0);
    let (columns, rows) = (full.next()?, full.next()?);
    let scale = columns / width as f64;
    let written = keys.get("CM_PIXEL_SIZE").and_then(|v| length(v));
    let marker = keys.get("SM_MICRON_MARKER").and_then(|v| length(v));
    let by_bar = marker.zip(keys.get("SM_MICRON_BAR").and_then(|v| v.parse::<f64>().ok())).map(|(l, px)| l / px);
    let below = if columns as usize == width { height as f64 - rows } else { 0.0 };
    let facts = Facts::new(written.or(by_bar)? * scale, "JEOL text file")?;
    Some(facts.checked(by_bar.map(|m| m * scale), "its scale bar").with_bar(bar(below, height)))
}

/// Hitachi: `PixelSize` in nm for a picture of `DataSize`.
pub fn hitachi(text: &str, (_, width): (usize, usize)) -> Option<Facts> {
    text.contains("[SemImageFile]").then_some(())?;
    let keys = keys(text);
    let nanometres: f64 = keys.get("PixelSize")?.parse().ok()?;
    let columns = keys.get("DataSize").and_then(|v| v.split(['x', 'X']).next()?.trim().parse::<f64>().ok());
    Facts::new(nanometres * 1e-9 * columns.map_or(1.0, |c| c / width as f64), "Hitachi text file")
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
        assert_eq!(nm(zeiss("AP_WIDTH\nWidth = 10.24 µm\n", size)), Some((10.0, None)));
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
    }

    #[test]
    fn the_field_over_the_own_width_decides_and_what_disagrees_is_said() {
        // A reduced scan of 1024 columns; the resolution is that of the full frame.
        let text = "[Beam]\nBeam=IRBeam\nScan=IRScan\n[EBeam]\nHFW=9e-3\n[IRBeam]\nHFW=1.024e-5\n[EScan]\nHorFieldsize=9e-3\n\
                    [Scan]\nPixelWidth=1e-8\nPixelHeight=2e-8\n[Image]\nResolutionX=1402\nResolutionY=1094\n";
        let facts = fei(text, (800, 1024)).expect("facts");
        assert!((facts.aspect - 2.0).abs() < 1e-9);
        assert!(facts.notes[0].contains("10 nm/px") && facts.notes[0].contains("13.69 nm/px"), "{:?}", facts.notes);
        assert_eq!(nm(Some(facts)), Some((10.0, None)));
        let agree = fei("[Scan]\nHorFieldsize=1.024e-5\nPixelWidth=1e-8\n", (800, 1024)).expect("facts");
        assert!(agree.notes.is_empty());
        let two = jeol(
            "$CM_FULL_SIZE 1280 960\n$CM_PIXEL_SIZE 100nm\n$$SM_MICRON_BAR 50\n$$SM_MICRON_MARKER 10um\n",
            (960, 1280),
        );
        assert!(two.expect("facts").notes[0].contains("200 nm/px"));
        let two = zeiss("Image Pixel Size = 5 nm\nWidth = 10.24 µm\n", (768, 1024)).expect("facts");
        assert!(two.notes[0].contains("5 nm/px") && two.notes[0].contains("10 nm/px"), "{:?}", two.notes);
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
