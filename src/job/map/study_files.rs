//! What the study of maps writes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::study::MapStudyRow;
use crate::figure::{Cell, Figure, Series, Table, line_color};
use crate::folders::write_atomically;

/// Mean and standard deviation.
fn spread(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0)).sqrt())
}

/// The tables of the study: R² of the parameters by distances and dimensions, and errors of angles.
pub fn map_study_tables(rows: &[Arc<MapStudyRow>]) -> Vec<Table> {
    let plain = |cells: &[String]| cells.iter().map(Cell::plain).collect::<Vec<_>>();
    let number = |v: Option<f64>| v.map_or("–".into(), |v| format!("{v:.3}"));
    let mut explained = Table {
        caption: "How well maps explain the parameters that pictures were made from.".into(),
        headings: ["set", "distances", "D*", "stress", "parameter", "R²", "R² left out", "RMSE in degrees"]
            .map(String::from)
            .into(),
        rows: vec![],
    };
    let mut angles = Table {
        caption: "Errors of angles that are given back from sets that differ in nothing else, mean and deviation."
            .into(),
        headings: ["distances", "A", "pictures", "trials", "RMSE in degrees", "deviation"].map(String::from).into(),
        rows: vec![],
    };
    for row in rows {
        match &**row {
            MapStudyRow::Explained { set, kind, dimensions, stress, column, r2, r2_left_out, rmse } => {
                explained.rows.push(plain(&[
                    (*set).to_string(),
                    kind.clone(),
                    dimensions.to_string(),
                    format!("{stress:.4}"),
                    column.clone(),
                    number(*r2),
                    number(*r2_left_out),
                    number(*rmse),
                ]));
            }
            MapStudyRow::Angles { kind, noise, size, rmse } => {
                let (mean, deviation) = spread(rmse);
                angles.rows.push(plain(&[
                    kind.clone(),
                    noise.to_string(),
                    size.to_string(),
                    rmse.len().to_string(),
                    format!("{mean:.2}"),
                    format!("{deviation:.2}"),
                ]));
            }
        }
    }
    [explained, angles].into_iter().filter(|table| !table.rows.is_empty()).collect()
}

/// The figures of the study: stress against dimensions, R² of each parameter against dimensions, errors of angles
/// against the size of the set.
pub fn map_study_figures(rows: &[Arc<MapStudyRow>]) -> Vec<Figure> {
    type Curve = (String, String, f64, f64);
    // Figure, curve, x and y of every point.
    let mut points: Vec<Curve> = vec![];
    let axes = |title: &str| match () {
        () if title.starts_with("Angles") => ("pictures", "RMSE in degrees"),
        () if title.starts_with("Stress") => ("dimensions D*", "Kruskal's stress"),
        () if title.contains("angle") => ("dimensions D*", "RMSE in degrees"),
        () => ("dimensions D*", "R²"),
    };
    for row in rows {
        match &**row {
            MapStudyRow::Explained { set, kind, dimensions, stress, column, r2, rmse, .. } => {
                let x = *dimensions as f64;
                points.push((format!("Stress of {set}"), kind.clone(), x, *stress));
                points.extend(r2.or(*rmse).map(|y| (format!("{set}, {column}"), kind.clone(), x, y)));
            }
            MapStudyRow::Angles { kind, noise, size, rmse } => {
                points.push((format!("Angles at A = {noise}"), kind.clone(), *size as f64, spread(rmse).0));
            }
        }
    }
    let mut figures: Vec<Figure> = vec![];
    for (title, name, x, y) in points {
        let at = figures.iter().position(|figure| figure.title == title).unwrap_or_else(|| {
            let (x_label, y_label) = axes(&title);
            let (x_label, y_label) = (x_label.into(), y_label.into());
            figures.push(Figure { title: title.clone(), x_label, y_label, ..Figure::default() });
            figures.len() - 1
        });
        let series = &mut figures[at].series;
        let own = series.iter().position(|own| own.name == name).unwrap_or_else(|| {
            series.push(Series { name: name.clone(), color: line_color(series.len()), points: vec![] });
            series.len() - 1
        });
        // Each embedding has a row for every parameter, and one stress.
        if !series[own].points.iter().any(|(known, _)| *known == x) {
            series[own].points.push((x, y));
        }
    }
    figures.retain(|figure| figure.series.iter().any(|series| series.points.len() > 1));
    figures
}

/// Writes the tables (CSV, Markdown, LaTeX) and the figures (SVG, PNG, CSV) of the study. Returns the paths.
///
/// # Errors
/// A sentence that says what cannot be written.
pub fn write_map_study(folder: &Path, rows: &[Arc<MapStudyRow>]) -> Result<Vec<PathBuf>, String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{} could not be made: {error}.", folder.display()))?;
    let mut written = vec![];
    for table in map_study_tables(rows) {
        let name = if table.headings[0] == "set" { "explained" } else { "angles" };
        for (kind, text) in [("csv", table.csv()), ("md", table.markdown()), ("tex", table.latex())] {
            let path = folder.join(format!("{name}.{kind}"));
            write_atomically(&path, text.as_bytes())
                .map_err(|error| format!("{} could not be written: {error}.", path.display()))?;
            written.push(path);
        }
    }
    for figure in map_study_figures(rows) {
        figure.write_all(folder)?;
        written.push(folder.join(format!("{}.svg", figure.file_stem())));
    }
    Ok(written)
}
