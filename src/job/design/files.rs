//! Designs as tables, figures and files.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::request::{Designed, goal_text};
use crate::figure::{Cell, Dots, FAINT, Figure, MADE, Series, Table, csv_field, with_half_width, write_drawn};
use crate::folders::Written;
use crate::job::map::Member;
use crate::micrograph::{write_image_png, write_labels_png};

/// The candidates of all wishes: of each property the wanted value, what the search predicted, and the value; then the values
/// of its reconstruction, if there is one.
pub fn design_table(designed: &Designed) -> Table {
    let is_refined = designed.candidates().any(|c| c.refined.is_some());
    let has_forecasts = designed.pictures.iter().any(|picture| picture.forecast.is_some());
    let mut headings = vec!["Wish".to_string(), "Candidate".into()];
    for name in &designed.names {
        headings.extend([format!("{name}: wanted"), "expected by the search".into(), name.clone()]);
    }
    headings.push("Miss (%)".into());
    headings.extend(has_forecasts.then(|| "Novelty".to_string()));
    if is_refined {
        headings.extend(designed.names.iter().map(|name| format!("{name}, refined")));
        headings.push("Miss, refined (%)".into());
    }
    let percent = |miss: f64| format!("{:.2}", 100.0 * miss);
    let mut rows = vec![];
    for (number, wished) in designed.wished.iter().enumerate() {
        for (rank, candidate) in wished.candidates.iter().enumerate() {
            let picture = &designed.pictures[candidate.picture];
            let half_width = picture.forecast.map(|forecast| forecast.half_width);
            let mut row = vec![Cell::plain((number + 1).to_string()), Cell::plain((rank + 1).to_string())];
            for (n, value) in picture.values.iter().enumerate() {
                let expected = picture.predicted.get(n);
                let expected =
                    expected.map_or("at random".into(), |p| with_half_width(p.value, p.deviation.map(|d| 1.96 * d)));
                let is_best = candidate.miss <= designed.tolerance;
                row.extend([Cell::plain(goal_text(wished.goals[n])), Cell::plain(expected)]);
                row.push(Cell { text: with_half_width(*value, half_width), is_best });
            }
            row.push(Cell::plain(percent(candidate.miss)));
            row.extend(picture.forecast.map(|forecast| Cell::plain(format!("{:.2}", forecast.novelty))));
            if is_refined {
                let refined = candidate.refined.as_ref();
                let cell = |text: Option<String>| Cell::plain(text.unwrap_or_else(|| "–".into()));
                let value = |n: usize| refined.map(|r| with_half_width(r.values[n], r.forecast.map(|f| f.half_width)));
                row.extend((0..designed.names.len()).map(|n| cell(value(n))));
                row.push(cell(refined.map(|r| percent(r.miss))));
            }
            rows.push(row);
        }
    }
    Table { caption: format!("Candidates of {} pictures. {}", designed.pictures.len(), designed.made), headings, rows }
}

/// The search, and of two properties how one is traded for the other.
pub fn design_figures(designed: &Designed) -> Vec<Figure> {
    let count = designed.pictures.len().max(2) as f64;
    let of_property = |n: usize| {
        let name = &designed.names[n];
        let all = designed.pictures.iter().enumerate().map(|(k, p)| ((k + 1) as f64, p.values[n], 0.0));
        let goal = |goal: f64| Series { name: String::new(), color: FAINT, points: vec![(1.0, goal), (count, goal)] };
        let goals = designed.wished.iter().flat_map(|w| {
            let (low, high) = (w.goals[n].low, w.goals[n].high);
            [Some(goal(low)), (high != low).then(|| goal(high))]
        });
        Figure {
            title: format!("Search: {name}"),
            x_label: "picture".into(),
            y_label: name.clone(),
            series: goals.flatten().collect(),
            dots: vec![
                Dots { name: "pictures".into(), color: FAINT, points: all.collect() },
                chosen(designed, |k, p| ((k + 1) as f64, p[n])),
            ],
            ..Figure::default()
        }
    };
    let mut figures: Vec<Figure> = (0..designed.names.len()).map(of_property).collect();
    if let [first, second, ..] = designed.names.as_slice() {
        let all = designed.pictures.iter().map(|p| (p.values[0], p.values[1], 0.0));
        figures.insert(
            0,
            Figure {
                title: "Trade-off".into(),
                x_label: first.clone(),
                y_label: second.clone(),
                series: vec![],
                dots: vec![
                    Dots { name: "pictures".into(), color: FAINT, points: all.collect() },
                    chosen(designed, |_, p| (p[0], p[1])),
                ],
                ..Figure::default()
            },
        );
    }
    figures
}

/// The candidates of all wishes as dots.
fn chosen(designed: &Designed, place: impl Fn(usize, &[f64]) -> (f64, f64)) -> Dots {
    let points = designed.candidates().map(|c| {
        let (x, y) = place(c.picture, &designed.pictures[c.picture].values);
        (x, y, 0.0)
    });
    Dots { name: "candidates".into(), color: MADE, points: points.collect() }
}

/// Writes the candidates (PNG), their table (CSV, Markdown), every picture that was made as a line of `search.csv`, and the
/// figures. Returns the files' paths.
///
/// # Errors
/// A sentence that names the file that cannot be written.
pub fn write_design(folder: &Path, designed: &Designed) -> Result<Vec<PathBuf>, String> {
    let mut written = Written::into(folder);
    let table = design_table(designed);
    written.put("candidates.csv", table.csv().as_bytes())?;
    let verdicts: Vec<String> = designed.wished.iter().map(|wished| designed.verdict(wished)).collect();
    let notes = verdicts.iter().chain(&designed.notes).map(|line| format!("\n{line}\n")).collect::<String>();
    written.put("candidates.md", (table.markdown() + &notes).as_bytes())?;
    written.put("search.csv", search(designed).as_bytes())?;
    write_drawn(&mut written, design_figures(designed))?;
    for (number, wished) in designed.wished.iter().enumerate() {
        for (rank, candidate) in wished.candidates.iter().enumerate() {
            let stem = format!("wish-{}-candidate-{}", number + 1, rank + 1);
            let own = designed.member(candidate.picture);
            let refined = candidate.refined.as_ref();
            let refined = refined.map(|r| Member { grey: r.grey.clone(), ..own.clone() });
            for (ending, member) in [("", Some(own)), ("-refined", refined)] {
                let Some(member) = member else { continue };
                let path = folder.join(format!("{stem}{ending}.png"));
                write_picture(&path, &member)?;
                written.paths.push(path);
            }
        }
    }
    Ok(written.paths)
}

/// Writes a picture: labels of phases, or grey values.
fn write_picture(path: &Path, member: &Member) -> Result<(), String> {
    let pixel_size = member.pixel_size.as_ref();
    let done = match member.phase_map() {
        Some(map) => write_labels_png(path, &map, pixel_size),
        None => {
            let values: Vec<f32> = member.grey.iter().flat_map(|v| [f32::from(*v); 3]).collect();
            write_image_png(path, &values, member.size, pixel_size)
        }
    };
    done.map_err(|error| error.to_string())
}

/// A line for each picture: its layout, its properties with what was predicted, and its latent point.
fn search(designed: &Designed) -> String {
    let dimensions = designed.pictures.first().map_or(0, |p| p.z.len());
    let mut text = String::from("picture,layout seed");
    for name in &designed.names {
        let _ = write!(text, ",{},{}", csv_field(&format!("{name}, predicted")), csv_field(name));
    }
    (1..=dimensions).for_each(|d| text += &format!(",z{d}"));
    text.push('\n');
    for (n, picture) in designed.pictures.iter().enumerate() {
        let _ = write!(text, "{},{}", n + 1, picture.layout);
        for (k, value) in picture.values.iter().enumerate() {
            let predicted = picture.predicted.get(k).map_or(String::new(), |p| p.value.to_string());
            let _ = write!(text, ",{predicted},{value}");
        }
        picture.z.iter().for_each(|z| text += &format!(",{z:.6}"));
        text.push('\n');
    }
    text
}
