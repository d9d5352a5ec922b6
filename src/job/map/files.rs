//! What a map writes.

use std::path::{Path, PathBuf};

use super::drawing::{map_html, map_svg};
use super::made::Map;
use super::picture::map_png;
use crate::embed::explain::angle_between;
use crate::embed::{Column, Values};
use crate::figure::csv_field;
use crate::folders::write_atomically;
use crate::micrograph::npy_bytes;

/// A table with every distance is written up to so many members; the .npy has them all.
const MOST_IN_TABLE: usize = 1000;

/// Writes a map: `members.csv` (names, outliers, clusters, columns), for each number of dimensions `coordinates-N.csv` and `.npy`,
/// `distances.npy` (and `.csv` of small sets), `regressions.csv`, `angles.csv`, `stress.csv`, `notes.txt`, and
/// the pictures at their places as `map.png`, `map.svg` and `map.html`, a page that needs no other file. Returns the
/// paths.
///
/// # Errors
/// A sentence that says what cannot be written.
pub fn write_map(folder: &Path, map: &Map) -> Result<Vec<PathBuf>, String> {
    // Files of an earlier map that this one does not write.
    let is_old = |name: &str| name == "notes.txt" || name == "distances.csv" || name.starts_with("coordinates-");
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_old(&entry.file_name().to_string_lossy()) {
            // One that cannot be removed is written over, or stays.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    let mut written = vec![];
    let mut write = |name: String, bytes: &[u8]| {
        let path = folder.join(name);
        write_atomically(&path, bytes).map_err(|error| format!("{} could not be written: {error}.", path.display()))?;
        written.push(path);
        Ok::<(), String>(())
    };
    write("members.csv".into(), members_csv(map).as_bytes())?;
    for each in &map.embeddings {
        let (rows, columns) = each.embedding.places.dim();
        write(format!("coordinates-{columns}.csv"), coordinates_csv(map, &each.embedding.places).as_bytes())?;
        let bytes: Vec<u8> = each.embedding.places.iter().flat_map(|v| v.to_le_bytes()).collect();
        write(format!("coordinates-{columns}.npy"), &npy_bytes("<f8", &[rows, columns], &bytes))?;
    }
    let count = map.members.len();
    let bytes: Vec<u8> = map.distances.matrix().iter().flat_map(|v| v.to_le_bytes()).collect();
    write("distances.npy".into(), &npy_bytes("<f8", &[count, count], &bytes))?;
    if count <= MOST_IN_TABLE {
        write("distances.csv".into(), distances_csv(map).as_bytes())?;
    }
    write("regressions.csv".into(), regressions_csv(map).as_bytes())?;
    write("angles.csv".into(), angles_csv(map).as_bytes())?;
    write("stress.csv".into(), stress_csv(map).as_bytes())?;
    if let Some(png) = map_png(map) {
        write("map.png".into(), &png)?;
    }
    if let Some(svg) = map_svg(map) {
        write("map.svg".into(), svg.as_bytes())?;
    }
    if let Some(html) = map_html(map) {
        write("map.html".into(), html.as_bytes())?;
    }
    if !map.notes.is_empty() {
        write("notes.txt".into(), (map.notes.join("\n") + "\n").as_bytes())?;
    }
    Ok(written)
}

/// The value of a column for a member, as text.
fn cell(column: &Column, member: usize) -> String {
    match &column.values {
        Values::Numbers(values) => values[member].map_or(String::new(), |v| v.to_string()),
        Values::Words(values) => values[member].as_deref().map_or(String::new(), csv_field),
    }
}

fn line(cells: impl IntoIterator<Item = String>) -> String {
    cells.into_iter().collect::<Vec<_>>().join(",") + "\n"
}

fn members_csv(map: &Map) -> String {
    let headings = map.columns.iter().map(|column| csv_field(&column.name));
    let own = ["name", "height", "width", "outlier", "cluster", "representative"].map(String::from);
    let mut text = line(own.into_iter().chain(headings));
    for (n, member) in map.members.iter().enumerate() {
        let cluster = map.clusters.as_ref().map_or(String::new(), |clusters| (clusters.of[n] + 1).to_string());
        let stands = map.clusters.as_ref().map_or(String::new(), |all| all.representatives.contains(&n).to_string());
        let size = [member.size.0.to_string(), member.size.1.to_string()];
        let own = [csv_field(&member.name)].into_iter().chain(size);
        let own = own.chain([map.outliers.contains(&n).to_string(), cluster, stands]);
        text += &line(own.chain(map.columns.iter().map(|column| cell(column, n))));
    }
    text
}

fn coordinates_csv(map: &Map, places: &ndarray::Array2<f64>) -> String {
    let axes = (1..=places.ncols()).map(|k| format!("x{k}"));
    let headings = map.columns.iter().map(|column| csv_field(&column.name));
    let mut text = line(["name".into()].into_iter().chain(axes).chain(headings));
    for (n, (member, place)) in map.members.iter().zip(places.rows()).enumerate() {
        let place = place.iter().map(|v| format!("{v:.9}"));
        let columns = map.columns.iter().map(|column| cell(column, n));
        text += &line([csv_field(&member.name)].into_iter().chain(place).chain(columns));
    }
    text
}

fn distances_csv(map: &Map) -> String {
    let names = || map.members.iter().map(|member| csv_field(&member.name));
    let mut text = line(["name".into()].into_iter().chain(names()));
    for (n, name) in names().enumerate() {
        text += &line([name].into_iter().chain(map.distances.row(n).iter().map(|d| format!("{d:.9}"))));
    }
    text
}

/// A line for each number of dimensions and column: R², R² with members left out, the RMSE of periodic columns, and the
/// distance correlation.
fn regressions_csv(map: &Map) -> String {
    let mut text = String::from("dimensions,column,values,r2,r2_left_out,rmse,distance_correlation,few_values\n");
    for each in &map.embeddings {
        for explained in &each.explained {
            let column = &map.columns[explained.column];
            let number = |v: Option<f64>| v.map_or(String::new(), |v| format!("{v:.6}"));
            let fit = explained.fit.as_ref();
            text += &line([
                each.embedding.places.ncols().to_string(),
                csv_field(&column.name),
                fit.map_or_else(|| column.values.known(), |fit| fit.count).to_string(),
                number(fit.map(|fit| fit.r2)),
                number(fit.map(|fit| fit.r2_left_out)),
                number(explained.periodic.as_ref().map(|fit| fit.rmse)),
                number(Some(map.correlations[explained.column]).filter(|v| v.is_finite())),
                fit.map_or(String::new(), |fit| fit.has_few().to_string()),
            ]);
        }
    }
    text
}

/// The angle between the directions of each pair of columns, in degrees.
fn angles_csv(map: &Map) -> String {
    let mut text = String::from("dimensions,column,other,angle_degrees\n");
    for each in &map.embeddings {
        for (n, a) in each.explained.iter().enumerate() {
            for b in &each.explained[n + 1..] {
                let (Some(fit), Some(other)) = (&a.fit, &b.fit) else { continue };
                text += &line([
                    each.embedding.places.ncols().to_string(),
                    csv_field(&map.columns[a.column].name),
                    csv_field(&map.columns[b.column].name),
                    format!("{:.3}", angle_between(fit, other)),
                ]);
            }
        }
    }
    text
}

fn stress_csv(map: &Map) -> String {
    let mut text = String::from("dimensions,stress\n");
    for each in &map.embeddings {
        text += &format!("{},{:.9}\n", each.embedding.places.ncols(), each.embedding.stress);
    }
    text
}
