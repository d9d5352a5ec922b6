//! The results as tables, figures and files.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::request::Artificial;
use crate::figure::{
    Band, Cell, Figure, ORIGINAL, Series, SheetPicture, Table, csv_field, line_color, sheet_png, write_drawn,
};
use crate::folders::Written;
use crate::micrograph::{PhaseMap, phase_color};

/// R² with so many artificial micrographs of each generator, and how near their property's distribution is.
pub fn artificial_table(found: &Artificial) -> Table {
    let counts: Vec<usize> = found.generated.first().map_or(vec![], |g| g.points.iter().map(|p| p.count).collect());
    let best = found.generated.iter().flat_map(|g| g.points.iter().map(|p| p.spread().0)).fold(f64::MIN, f64::max);
    let mut headings = vec!["Generator".to_string(), "KS distance".to_string()];
    headings.extend(counts.iter().map(|n| format!("R², {n} added")));
    let row = |g: &super::Generated| {
        let points = g.points.iter().map(|point| {
            let (mean, deviation) = point.spread();
            let text = match point.r2.len() {
                0 | 1 => format!("{mean:.3}"),
                _ => format!("{mean:.3} ± {deviation:.3}"),
            };
            Cell { text, is_best: mean == best }
        });
        [Cell::plain(&g.name), Cell::plain(format!("{:.2}", g.distance))].into_iter().chain(points).collect()
    };
    Table {
        caption: format!(
            "{}: {}, learned from {} authentic micrographs and artificial ones, of {} others.",
            found.property,
            found.method,
            found.learned.len(),
            found.predicted.len()
        ),
        headings,
        rows: found.generated.iter().map(row).collect(),
    }
}

/// R² against the number of artificial micrographs with the spread of the draws, and the cumulative distributions of the
/// property.
pub fn artificial_figures(found: &Artificial) -> Vec<Figure> {
    let mut curves = Figure {
        title: "What artificial micrographs add".into(),
        x_label: "artificial micrographs added".into(),
        y_label: "R²".into(),
        ..Figure::default()
    };
    let mut shares = Figure {
        title: "Distribution of the property".into(),
        x_label: found.property.clone(),
        y_label: "micrographs (%)".into(),
        ..Figure::default()
    };
    let authentic: Vec<f64> = found.learned.iter().chain(&found.predicted).copied().collect();
    shares.series.push(Series { name: "authentic".into(), color: ORIGINAL, points: cumulative(authentic) });
    for (n, generated) in found.generated.iter().enumerate() {
        let (name, color) = (generated.name.clone(), line_color(n));
        let spread = generated.points.iter().map(|p| (p.count as f64, p.spread()));
        let points = spread.clone().map(|(x, (mean, _))| (x, mean)).collect();
        let band = spread.map(|(x, (mean, deviation))| (x, mean - deviation, mean + deviation)).collect();
        curves.series.push(Series { name: name.clone(), color, points });
        curves.bands.push(Band { color, points: band });
        shares.series.push(Series { name, color, points: cumulative(generated.values.clone()) });
    }
    vec![curves, shares]
}

/// The share of values up to each of them, in percent.
fn cumulative(mut values: Vec<f64>) -> Vec<(f64, f64)> {
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    values.into_iter().enumerate().map(|(n, v)| (v, 100.0 * (n + 1) as f64 / count)).collect()
}

/// Writes the table (CSV, Markdown, LaTeX), R² of every draw, the property of every micrograph, the figures, and a sheet of
/// some micrographs of each kind. Returns the files' paths.
///
/// # Errors
/// A sentence that names the file that cannot be written.
pub fn write_artificial(folder: &Path, found: &Artificial) -> Result<Vec<PathBuf>, String> {
    let mut written = Written::into(folder);
    let table = artificial_table(found);
    written.put("artificial.csv", table.csv().as_bytes())?;
    let notes: String = found.notes.iter().map(|note| format!("\n{note}\n")).collect();
    written.put("artificial.md", (table.markdown() + &notes).as_bytes())?;
    written.put("artificial.tex", table.latex().as_bytes())?;
    let mut draws = String::from("generator,added,draw,R²,RMSE\n");
    let mut values = format!("kind,{}\n", csv_field(&found.property));
    for (kind, own) in [("authentic, learned from", &found.learned), ("authentic, predicted", &found.predicted)] {
        let kind = csv_field(kind);
        own.iter().for_each(|v| values += &format!("{kind},{v}\n"));
    }
    for generated in &found.generated {
        let name = csv_field(&generated.name);
        for point in &generated.points {
            for (n, (r2, rmse)) in point.r2.iter().zip(&point.rmse).enumerate() {
                let _ = writeln!(draws, "{name},{},{},{r2},{rmse}", point.count, n + 1);
            }
        }
        generated.values.iter().for_each(|v| values += &format!("{name},{v}\n"));
    }
    written.put("draws.csv", draws.as_bytes())?;
    written.put("values.csv", values.as_bytes())?;
    write_drawn(&mut written, artificial_figures(found))?;
    written.put("micrographs.png", &sheet(found)?)?;
    Ok(written.paths)
}

/// A row of micrographs of each kind.
fn sheet(found: &Artificial) -> Result<Vec<u8>, String> {
    let row = |name: &str, maps: &[Arc<PhaseMap>]| -> Vec<SheetPicture> {
        maps.iter().map(|map| SheetPicture { name: name.into(), map: map.clone() }).collect()
    };
    let generated = found.generated.iter().map(|g| row(&g.name, &g.examples));
    let rows: Vec<Vec<SheetPicture>> = std::iter::once(row("authentic", &found.examples)).chain(generated).collect();
    let phases = found.examples.first().map_or(2, |map| map.phases);
    sheet_png(&rows, &(0..phases).map(|n| phase_color(n, phases)).collect::<Vec<_>>())
}
