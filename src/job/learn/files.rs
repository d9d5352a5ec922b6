//! The results of a learning as tables, figures and files.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::request::{Learned, input_name};
use crate::figure::{
    Boxed, Cell, Dots, FAINT, Figure, MADE, ORIGINAL, Series, Table, csv_field, significant, write_drawn,
};
use crate::folders::Written;
use crate::learn::{PartErrors, Scores, Validation};

/// The attempts and the baselines with their scores.
pub fn learned_table(learned: &Learned) -> Table {
    let cells = |name: &str, regressor: &str, scores: &Scores, is_best: bool| {
        let cell = |text: String| Cell { text, is_best };
        let mape = scores.mape.map_or("–".to_string(), |v| format!("{v:.1}"));
        vec![
            Cell::plain(name),
            Cell::plain(regressor),
            cell(format!("{:.3}", scores.r2)),
            cell(significant(scores.mae)),
            cell(significant(scores.rmse)),
            cell(mape),
        ]
    };
    let attempts = learned.attempts.iter().enumerate().map(|(n, attempt)| {
        let inputs = input_name(&learned.request.inputs[attempt.inputs]);
        cells(inputs, attempt.regressor.name(), &attempt.validation.scores, n == 0)
    });
    let fractions =
        learned.fractions.iter().map(|v| cells("Volume fractions alone", "Gaussian process", &v.scores, false));
    let mean = std::iter::once(cells("Nothing", "mean", &learned.mean.scores, false));
    Table {
        caption: format!(
            "{}: {} samples of {} micrographs, {}.",
            learned.request.column,
            learned.samples().count(),
            learned.samples().micrographs(),
            learned.request.split_name()
        ),
        headings: ["Inputs", "Regression", "R²", "MAE", "RMSE", "MAPE (%)"].map(String::from).to_vec(),
        rows: attempts.chain(fractions).chain(mean).collect(),
    }
}

/// Predicted against true values of an attempt, with 95 % error bars where the regression has its own.
pub fn predicted_figure(learned: &Learned, attempt: usize) -> Figure {
    let attempt = &learned.attempts[attempt];
    let values = &learned.samples().values;
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    let points = values.iter().zip(&attempt.validation.predictions);
    let points = points.map(|(v, p)| (*v, p.value, p.deviation.map_or(0.0, |s| 1.96 * s))).collect();
    Figure {
        title: "Predicted against true".into(),
        x_label: format!("{}, true", learned.request.column),
        y_label: format!("predicted by {}", attempt.regressor.name()),
        series: vec![Series { name: "equal".into(), color: FAINT, points: vec![(low, low), (high, high)] }],
        dots: vec![Dots { name: "samples".into(), color: MADE, points }],
        ..Figure::default()
    }
}

/// Predicted against true, the learning curve, and the importance of the inputs.
pub fn learned_figures(learned: &Learned, attempt: usize) -> Vec<Figure> {
    let curve: Vec<(f64, f64)> = learned.curve.iter().map(|p| (p.count as f64, p.scores.r2)).collect();
    let ends = curve.first().zip(curve.last()).map(|(a, b)| (a.0, b.0));
    let baseline = learned.fractions.as_ref().zip(ends).map(|(v, (from, to))| Series {
        name: "volume fractions alone".into(),
        color: ORIGINAL,
        points: vec![(from, v.scores.r2), (to, v.scores.r2)],
    });
    let best = Series { name: "best attempt".into(), color: MADE, points: curve };
    let learning = Figure {
        title: "Learning curve".into(),
        x_label: "samples learned from".into(),
        y_label: "R²".into(),
        series: std::iter::once(best).chain(baseline).collect(),
        ..Figure::default()
    };
    let errors = error_figure(learned, attempt);
    vec![predicted_figure(learned, attempt), learning, errors]
}

/// The mean squared and the mean absolute errors of the parts, a box for each attempt: how much the errors depend on what is
/// learned from (Li et al., Sci. Rep. 8:13461, 2018, Fig. 7).
pub fn part_figures(learned: &Learned) -> Vec<Figure> {
    let square = |errors: &PartErrors| errors.rmse.powi(2);
    let size = |errors: &PartErrors| errors.mae;
    let of = |title: &str, unit: &str, error: &dyn Fn(&PartErrors) -> f64| {
        let one = |(name, v): (String, &Validation)| Boxed { name, values: v.each.iter().map(error).collect() };
        let attempts = learned.attempts.iter().map(|attempt| (learned.name_of(attempt), &attempt.validation));
        let fractions = learned.fractions.iter().map(|v| ("Volume fractions alone".to_string(), v));
        let boxes = attempts.chain(fractions).map(one).collect();
        let x_label = format!("{}, in {unit} of {}", title.to_lowercase(), learned.request.column);
        Figure { title: format!("{title}, part by part"), x_label, boxes, ..Figure::default() }
    };
    vec![of("Mean squared error", "squared units", &square), of("Mean absolute error", "units", &size)]
}

/// The share of samples whose error is below a size, for an attempt and the baselines.
fn error_figure(learned: &Learned, attempt: usize) -> Figure {
    let of = |name: &str, color, validation: &Validation| {
        let values = learned.samples().values.iter().zip(&validation.predictions);
        let mut errors: Vec<f64> = values.map(|(v, p)| (v - p.value).abs()).collect();
        errors.sort_by(f64::total_cmp);
        let count = errors.len() as f64;
        let points = errors.into_iter().enumerate().map(|(n, e)| (e, 100.0 * (n + 1) as f64 / count)).collect();
        Series { name: name.into(), color, points }
    };
    let own = &learned.attempts[attempt];
    let mut series = vec![of(own.regressor.name(), MADE, &own.validation)];
    series.extend(learned.fractions.as_ref().map(|v| of("volume fractions alone", ORIGINAL, v)));
    series.push(of("mean", FAINT, &learned.mean));
    Figure {
        title: "Sizes of errors".into(),
        x_label: format!("error of {} at most", learned.request.column),
        y_label: "samples (%)".into(),
        series,
        ..Figure::default()
    }
}

/// Writes the scores (CSV, Markdown, LaTeX), the predictions of every sample by every attempt, the importances, figures, and
/// the predictor. Returns the files' paths.
///
/// # Errors
/// A sentence that names the file that cannot be written.
pub fn write_learned(folder: &Path, learned: &Learned) -> Result<Vec<PathBuf>, String> {
    let mut written = Written::into(folder);
    let table = learned_table(learned);
    written.put("scores.csv", table.csv().as_bytes())?;
    written.put("scores.md", (table.markdown() + &sentences(learned)).as_bytes())?;
    written.put("scores.tex", table.latex().as_bytes())?;
    written.put("predictions.csv", predictions(learned).as_bytes())?;
    let mut importances = String::from("input,growth of the error (%)\n");
    for (name, importance) in &learned.importances {
        let _ = writeln!(importances, "{},{:.3}", csv_field(name), 100.0 * importance.growth);
    }
    written.put("importances.csv", importances.as_bytes())?;
    write_drawn(&mut written, learned_figures(learned, 0))?;
    write_drawn(&mut written, part_figures(learned))?;
    written.put("parts.csv", parts(learned).as_bytes())?;
    written.put("learned.predictor", &learned.file)?;
    Ok(written.paths)
}

fn sentences(learned: &Learned) -> String {
    let mut text = format!("\n{}\n", learned.verdict());
    for note in &learned.notes {
        let _ = write!(text, "\n{note}\n");
    }
    text
}

/// A line for each part: the errors of every attempt in it.
fn parts(learned: &Learned) -> String {
    let mut text = String::from("inputs and regression,part,MAE,RMSE\n");
    for attempt in &learned.attempts {
        let name = csv_field(&learned.name_of(attempt));
        for (n, errors) in attempt.validation.each.iter().enumerate() {
            let _ = writeln!(text, "{name},{},{},{}", n + 1, errors.mae, errors.rmse);
        }
    }
    text
}

/// A line for each sample: its value, its part, and each attempt's prediction with its own deviation.
fn predictions(learned: &Learned) -> String {
    let mut text = format!("sample,micrograph,part,{}", csv_field(&learned.request.column));
    for attempt in &learned.attempts {
        let name = learned.name_of(attempt);
        let _ = write!(text, ",{},{}", csv_field(&name), csv_field(&format!("{name}, deviation")));
    }
    text.push('\n');
    let parts = &learned.attempts[0].validation.parts;
    for n in 0..learned.samples().count() {
        let (name, group) = (&learned.samples().names[n], learned.samples().groups[n] + 1);
        let _ = write!(text, "{},{group},{},{}", csv_field(name), parts[n] + 1, learned.samples().values[n]);
        for attempt in &learned.attempts {
            let found = attempt.validation.predictions[n];
            let _ = write!(text, ",{},{}", found.value, found.deviation.map_or(String::new(), |d| d.to_string()));
        }
        text.push('\n');
    }
    text
}
