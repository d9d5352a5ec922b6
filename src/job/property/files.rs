//! Properties as files.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::request::{PropertyMap, PropertyResults};
use super::table::{alike, property_rows, property_table};
use crate::figure::{FAINT, Figure, MADE, ORIGINAL, Series, csv_field, file_stem, line_color, scale_color};
use crate::folders::Written;
use crate::micrograph::{image_png, npy_bytes};
use crate::property::{Convergence, FieldMap, Properties, Quantity};

/// Writes the table (CSV, Markdown, LaTeX), the numbers of every map (CSV), the set, what was computed and how (JSON), a
/// figure of each quantity over all maps, and each map's fields: as pictures, as .npy and together as .vti. Returns the
/// files' paths.
///
/// # Errors
/// A sentence that names the file that cannot be written.
pub fn write_properties(folder: &Path, results: &PropertyResults) -> Result<Vec<PathBuf>, String> {
    let mut written = Written::into(folder);
    let table = property_table(results);
    written.put("properties.csv", table.csv().as_bytes())?;
    written.put("properties.md", (table.markdown() + &sentences(results)).as_bytes())?;
    written.put("properties.tex", table.latex().as_bytes())?;
    written.put("maps.csv", maps_csv(results).as_bytes())?;
    written.put("set.json", results.request.set.to_json().as_bytes())?;
    written.put("properties.json", report(results).as_bytes())?;
    let maps = results.request.maps.iter().zip(&results.maps);
    let settling = maps.filter_map(|(map, found)| Some(convergence_figures(&map.name, found.as_ref()?))).flatten();
    for figure in figures(results).into_iter().chain(settling) {
        let stem = figure.file_stem();
        written.put(&format!("figures/{stem}.svg"), figure.svg()?.as_bytes())?;
        written.put(&format!("figures/{stem}.csv"), figure.csv().as_bytes())?;
    }
    for (number, (map, found)) in results.request.maps.iter().zip(&results.maps).enumerate() {
        let Some(found) = found.as_ref().filter(|f| !f.fields.is_empty()) else { continue };
        let name = format!("fields/{:02}-{}", number + 1, file_stem(&map.name));
        written.put(&format!("{name}.vti"), fields_vti(map, found).as_bytes())?;
        for field in &found.fields {
            let stem = format!("{name}/{}", file_stem(&field.name));
            let bytes: Vec<u8> = field.values.iter().flat_map(|v| v.to_le_bytes()).collect();
            let (height, width) = field.values.dim();
            written.put(&format!("{stem}.npy"), &npy_bytes("<f4", &[height, width], &bytes))?;
            let png = image_png(&coloured(field), (height, width), map.pixel_size.as_ref());
            written.put(&format!("{stem}.png"), &png.map_err(|e| e.to_string())?)?;
        }
    }
    Ok(written.paths)
}

/// The numbers, the set and how they were computed, to be read by programs.
fn report(results: &PropertyResults) -> String {
    let maps = results.request.maps.iter().zip(&results.maps);
    let maps: Vec<_> = maps
        .map(|(map, found)| {
            serde_json::json!({
                "name": map.name,
                "made_by": map.made_by,
                "quantities": found.as_ref().map(|f| &f.quantities),
                "notes": found.as_ref().map(|f| &f.notes),
            })
        })
        .collect();
    let value = serde_json::json!({
        "program": concat!("microwright ", env!("CARGO_PKG_VERSION")),
        "wanted": results.request.wanted,
        "set": results.request.set,
        "maps": maps,
    });
    format!("{value:#}\n")
}

/// What each number is, the verdicts and the notes, below the table.
fn sentences(results: &PropertyResults) -> String {
    let mut text = String::new();
    let rows = property_rows(results);
    for verdict in rows.iter().flat_map(|row| row.verdicts()) {
        let _ = write!(text, "\n{verdict}\n");
    }
    for row in rows.iter().filter(|row| !row.quantity.formula.is_empty()) {
        let _ = write!(text, "\n- {}: {}", row.quantity.name, row.quantity.formula);
    }
    text.push('\n');
    for (map, found) in results.request.maps.iter().zip(&results.maps) {
        for note in found.iter().flat_map(|f| &f.notes) {
            let _ = write!(text, "\n{}: {note}\n", map.name);
        }
    }
    text
}

/// A line for each map with the best number of each quantity.
fn maps_csv(results: &PropertyResults) -> String {
    let mut names: Vec<(String, String)> = vec![];
    for quantity in results.maps.iter().flatten().flat_map(|f| &f.quantities) {
        if !names.iter().any(|(name, _)| *name == quantity.name) {
            names.push((quantity.name.clone(), quantity.unit.clone()));
        }
    }
    let heading =
        |(name, unit): &(String, String)| if unit.is_empty() { name.clone() } else { format!("{name} ({unit})") };
    let headings: Vec<String> = names.iter().map(|n| csv_field(&heading(n))).collect();
    let mut text = format!("map,made by,{}\n", headings.join(","));
    for (map, found) in results.request.maps.iter().zip(&results.maps) {
        let _ = write!(text, "{},{}", csv_field(&map.name), csv_field(map.made_by.as_deref().unwrap_or("")));
        for (name, _) in &names {
            let value = found.as_ref().and_then(|f| f.named(name)).and_then(Quantity::best);
            text += &value.map_or(",".to_string(), |v| format!(",{v}"));
        }
        text.push('\n');
    }
    text
}

/// A figure of each quantity with more than one map: the numbers in the order of the maps.
fn figures(results: &PropertyResults) -> Vec<Figure> {
    property_rows(results)
        .into_iter()
        .filter(|row| !row.groups.is_empty())
        .map(|row| {
            let name = &row.quantity.name;
            let value = |found: &Properties| alike(found.named(name), &row.quantity);
            let all: Vec<(f64, f64)> = results
                .maps
                .iter()
                .enumerate()
                .filter_map(|(n, found)| Some((n as f64, value(found.as_ref()?)?)))
                .collect();
            let last = results.maps.len().saturating_sub(1).max(1) as f64;
            let level = |value: Option<f64>, name: &str, color| {
                value.map(|v| Series { name: name.into(), color, points: vec![(0.0, v), (last, v)] })
            };
            let bounds = row.quantity.narrowest();
            let series = [
                level(row.quantity.best(), "original", ORIGINAL),
                level(bounds.map(|b| b.lower), "bounds", FAINT),
                level(bounds.map(|b| b.upper), "", FAINT),
                Some(Series { name: "maps".into(), color: MADE, points: all }),
            ];
            let unit = if row.quantity.unit.is_empty() { String::new() } else { format!(" ({})", row.quantity.unit) };
            Figure {
                title: name.clone(),
                x_label: "map, the original being 0".into(),
                y_label: format!("{name}{unit}"),
                series: series.into_iter().flatten().collect(),
                ..Figure::default()
            }
        })
        .collect()
}

/// How the numbers of light settle with the number of orders, a figure for each wavelength.
pub fn convergence_figures(map: &str, found: &Properties) -> Vec<Figure> {
    let figure = |convergence: &Convergence| {
        let series = ["absorption", "reflection", "transmission"].into_iter().enumerate().map(|(n, name)| Series {
            name: name.into(),
            color: line_color(n),
            points: convergence.points.iter().map(|(orders, values)| (*orders as f64, values[n])).collect(),
        });
        Figure {
            title: format!("Convergence of {map} at {} nm", convergence.wavelength),
            x_label: "orders along an axis".into(),
            y_label: "share of the light".into(),
            series: series.collect(),
            ..Figure::default()
        }
    };
    found.convergence.iter().map(figure).collect()
}

/// A field in colours from its smallest to its largest value but a thousandth, as an image.
fn coloured(field: &FieldMap) -> Vec<f32> {
    let (low, high) = field.range;
    let share = |v: &f32| if high > low { f64::from((v - low) / (high - low)) } else { 0.5 };
    field.values.iter().flat_map(|v| scale_color(share(v)).map(f32::from)).collect()
}

/// Phases and fields of a map as VTK image data, one cell for each pixel, in one file without compression: as ParaView and
/// DAMASK read it. The first row of the picture is the uppermost. Lengths are micrometres, or pixels.
pub fn fields_vti(map: &PropertyMap, found: &Properties) -> String {
    let (height, width) = map.map.size();
    let spacing = map.pixel_size.as_ref().map_or(1.0, |p| p.metres * 1e6);
    let extent = format!("0 {width} 0 {height} 0 1");
    let mut text = format!(
        "<?xml version=\"1.0\"?>\n<VTKFile type=\"ImageData\" version=\"1.0\" byte_order=\"LittleEndian\" header_type=\"UInt64\">\n  <ImageData WholeExtent=\"{extent}\" Origin=\"0 0 0\" Spacing=\"{spacing} {spacing} {spacing}\">\n    <Piece Extent=\"{extent}\">\n      <PointData>\n      </PointData>\n      <CellData>\n"
    );
    let mut array = |kind: &str, name: &str, bytes: &[u8]| {
        let mut block = (bytes.len() as u64).to_le_bytes().to_vec();
        block.extend(bytes);
        let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        let _ = write!(
            text,
            "        <DataArray type=\"{kind}\" Name=\"{name}\" format=\"binary\">\n          {}\n        </DataArray>\n",
            STANDARD.encode(block)
        );
    };
    // From the lowest row up: y points upwards there.
    let upwards = || (0..height).rev().flat_map(|y| (0..width).map(move |x| (y, x)));
    let labels: Vec<u8> = upwards().flat_map(|at| i32::from(map.map.labels[at]).to_le_bytes()).collect();
    array("Int32", "material", &labels);
    for field in &found.fields {
        let values: Vec<u8> = upwards().flat_map(|at| field.values[at].to_le_bytes()).collect();
        let unit = if field.unit.is_empty() { String::new() } else { format!(" / {}", field.unit) };
        array("Float32", &format!("{}{unit}", field.name), &values);
    }
    text += "      </CellData>\n    </Piece>\n  </ImageData>\n</VTKFile>\n";
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::Array2;

    use super::*;
    use crate::micrograph::PhaseMap;
    use crate::property::Property;

    #[test]
    fn vti_files_hold_length_and_cells_from_the_lowest_row() {
        let map = PhaseMap::new((2, 2), vec![0, 1, 1, 0], 2);
        let map = PropertyMap { name: "m".into(), made_by: None, map: Arc::new(map), pixel_size: None };
        let values = Array2::from_shape_vec((2, 2), vec![1.0, 2.0, 3.0, 4.0]).expect("four");
        let field = FieldMap::new(Property::Light, "a<b", "px²", values);
        let text = fields_vti(&map, &Properties { fields: vec![field], ..Properties::default() });
        // 16 bytes of 1 0 0 1, as the lower row 1, 0 comes first.
        assert!(text.contains("EAAAAAAAAAABAAAAAAAAAAAAAAABAAAA"), "{text}");
        assert!(text.contains("Name=\"a&lt;b / px²\"") && text.contains("WholeExtent=\"0 2 0 2 0 1\""));
        let line = text.lines().skip_while(|l| !l.contains("Float32")).nth(1).expect("data").trim();
        let bytes = STANDARD.decode(line).expect("base64");
        let floats: Vec<f32> =
            bytes[8..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        assert_eq!(floats, [3.0, 4.0, 1.0, 2.0]);
    }
}
