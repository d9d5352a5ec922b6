//! The files of a method study.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::StudiedMicrograph;
use super::summary::{joint_csv, realisations_csv, summary_table};
use crate::figure::{
    FAINT, Figure, MADE, ORIGINAL, Page, PagePicture, Series, SheetPicture, Table, file_stem, line_color, sheet_png,
};
use crate::folders::write_atomically;
use crate::micrograph::{PhaseMap, phase_png};
use crate::stats::{Curves, is_copy, white_noise};

impl StudiedMicrograph {
    /// The table of a phase.
    pub fn table(&self, phase: usize) -> Table {
        let seeds = self.rows.iter().map(|row| row.made.len()).max().unwrap_or(0);
        let caption = format!(
            "{}, {} against the rest: median (range) over {seeds} realisations of each method.",
            self.name,
            self.recipe.phase_name(phase)
        );
        summary_table(&self.rows, phase, caption)
    }

    /// The phases whose tables are shown: of two only the second, because both have the same interfaces.
    pub fn table_phases(&self) -> std::ops::Range<usize> {
        usize::from(self.original.phases == 2)..self.original.phases
    }

    /// What has to be known of the results, in sentences: methods that do not apply, and those that copy.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = vec![];
        for row in &self.rows {
            let name = row.method.settings().name();
            if let Some(reason) = &row.refused {
                notes.push(format!("{name} does not apply. {reason}"));
            }
            let largest = row.made.iter().filter_map(|made| made.overlap).reduce(f64::max);
            let is_copied = row.made.iter().any(|made| made.copied.is_some_and(|copied| copied.share > 0.0));
            let both = largest.zip(row.halves);
            if is_copied || both.is_some_and(|(largest, halves)| is_copy(largest, halves)) {
                let figures = both.map_or(String::new(), |(largest, halves)| {
                    format!(
                        ": a block of 32 × 32 pixels has a correlation of {largest:.2} with it, where the original's halves \
                         have {halves:.2} with each other"
                    )
                });
                notes.push(format!("{name} copies parts of the original{figures}. A copy is no reconstruction."));
            }
        }
        notes
    }
}

/// S2 and the lineal path of the first realisation of each method, with the original and white noise.
pub fn method_figures(studied: &StudiedMicrograph, phase: usize) -> Vec<Figure> {
    let Some(original) = studied.rows.first().and_then(|row| row.original_curves.get(phase)) else { return vec![] };
    let noise = white_noise(original.volume_fraction, studied.original.pixels(), original.s2.len());
    let points = |values: &[f64]| values.iter().enumerate().map(|(r, v)| (r as f64, *v)).collect::<Vec<_>>();
    let figure = |title: &str, y_label: &str, of: &dyn Fn(&Curves) -> Vec<f64>| {
        let series =
            |name: &str, color, curves: &Curves| Series { name: name.into(), color, points: points(&of(curves)) };
        let mut all = vec![series("original", ORIGINAL, original), series("white noise", FAINT, &noise)];
        for (n, row) in studied.rows.iter().enumerate() {
            let first = row.made.first().and_then(|made| made.curves.get(phase));
            let color = if row.method.gram().is_some() { MADE } else { line_color(n) };
            all.extend(first.map(|curves| series(row.method.settings().name(), color, curves)));
        }
        let x_label = "distance r (px)".into();
        Figure { title: title.into(), x_label, y_label: y_label.into(), series: all, ..Figure::default() }
    };
    vec![
        figure("Two-point correlation of all methods", "S2", &|curves| curves.s2.clone()),
        figure("Lineal path of all methods", "L", &|curves| curves.lineal_path.clone()),
    ]
}

/// Writes a study into a folder: joint tables (CSV, Markdown, LaTeX), and for each micrograph its pictures, a figure of all
/// of them (SVG, PNG) and the curves. Returns what was written.
///
/// # Errors
/// A sentence: a file cannot be written.
pub fn write_method_study(folder: &Path, studied: &[StudiedMicrograph]) -> Result<Vec<PathBuf>, String> {
    let mut written = vec![];
    let mut put = |path: PathBuf, bytes: &[u8]| {
        let failed = |e| format!("{} could not be written: {e}.", path.display());
        write_atomically(&path, bytes).map_err(failed)?;
        written.push(path);
        Ok::<(), String>(())
    };
    put(folder.join("methods.csv"), joint_csv(studied).as_bytes())?;
    put(folder.join("realisations.csv"), realisations_csv(studied).as_bytes())?;
    let tables: Vec<Table> = studied.iter().flat_map(|one| one.table_phases().map(|phase| one.table(phase))).collect();
    let joined = |of: fn(&Table) -> String| tables.iter().map(of).collect::<Vec<_>>().join("\n");
    let notes: Vec<String> = studied.iter().flat_map(|one| one.notes()).map(|note| format!("\n{note}\n")).collect();
    put(folder.join("methods.md"), (joined(Table::markdown) + &notes.concat()).as_bytes())?;
    put(folder.join("methods.tex"), joined(Table::latex).as_bytes())?;
    let mut names: Vec<String> = vec![];
    for one in studied {
        let stem =
            file_stem(Path::new(&one.name).file_stem().map_or(&one.name, |s| s.to_str().unwrap_or("micrograph")));
        let stem = if stem.is_empty() { "micrograph".to_string() } else { stem };
        let numbered = (2..).map(|n| format!("{stem}-{n}"));
        let mut possible = std::iter::once(stem.clone()).chain(numbered);
        let own = possible.find(|name| !names.contains(name)).unwrap_or_default();
        names.push(own.clone());
        let folder = folder.join(own);
        write_pictures(&folder, one, &mut put)?;
        for phase in one.table_phases() {
            let suffix = if one.table_phases().len() > 1 { format!("-phase-{phase}") } else { String::new() };
            for (name, figure) in ["s2", "lineal-path"].iter().zip(method_figures(one, phase)) {
                put(folder.join(format!("{name}{suffix}.csv")), figure.csv().as_bytes())?;
                put(folder.join(format!("{name}{suffix}.svg")), figure.svg()?.as_bytes())?;
                put(folder.join(format!("{name}{suffix}.png")), &figure.png()?)?;
            }
        }
    }
    Ok(written)
}

/// Writes a file, and remembers it.
type Put<'a> = &'a mut dyn FnMut(PathBuf, &[u8]) -> Result<(), String>;

/// The pictures of a micrograph, and the figure of all of them.
fn write_pictures(folder: &Path, one: &StudiedMicrograph, put: Put) -> Result<(), String> {
    let colors = one.recipe.phase_colors(one.original.phases);
    let sheet = |name: String, map: &Arc<PhaseMap>| SheetPicture { name, map: map.clone() };
    let png = |map: &PhaseMap| phase_png(map, &colors, one.pixel_size.as_ref()).map_err(|e| e.to_string());
    let paged = |caption: &str, map: &PhaseMap| -> Result<PagePicture, String> {
        Ok(PagePicture { caption: caption.into(), png: png(map)?, size: map.size() })
    };
    let mut rows = vec![vec![sheet(format!("original: {}", one.name), &one.original)]];
    let mut pictures = vec![paged("Original", &one.original)?];
    for row in one.rows.iter().filter(|row| !row.made.is_empty()) {
        let name = row.method.settings().name();
        for made in &row.made {
            let path = folder.join(format!("{}-{}.png", file_stem(name), made.seed));
            put(path, &png(&made.map)?)?;
        }
        rows.push(row.made.iter().map(|made| sheet(format!("{name}, seed {}", made.seed), &made.map)).collect());
        pictures.push(paged(name, &row.made[0].map)?);
    }
    put(folder.join("figure.png"), &sheet_png(&rows, &colors)?)?;
    let phase = one.table_phases().start;
    let table = one.table(phase);
    let cells = |row: &Vec<crate::figure::Cell>| row.iter().map(|cell| cell.text.clone()).take(5).collect();
    let mut all = vec![table.headings.iter().take(5).cloned().collect::<Vec<_>>()];
    all.extend(table.rows.iter().map(cells));
    let page = Page {
        title: format!("{}: reconstruction by several methods", one.name),
        paragraphs: std::iter::once(table.caption.clone()).chain(one.notes()).collect(),
        pictures,
        figures: method_figures(one, phase),
        table: all,
    };
    put(folder.join("figure.svg"), page.svg()?.as_bytes())
}
