//! How deep the network has to be for a micrograph: reconstructions at every depth (Li et al. 2018, Figure 5).

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::progress::{RunProgress, StudyProgress};
use super::property::{Response, responses_of};
use super::reconstruct::Run;
use super::{Control, Ending, Failure, Progress as _, Task};
use crate::figure::{Band, Figure, MADE, ORIGINAL, Series, side_by_side};
use crate::folders::write_atomically;
use crate::micrograph::{PhaseMap, PixelSize, Recipe, write_phase_png};
use crate::net::{DEPTHS, Layer, Weights, WeightsKind};
use crate::property::PropertyError;
use crate::reconstruct::gram::{Gram, Preset, resources};
use crate::reconstruct::{Method, Realisation, ReconstructError, Settings, Target};
use crate::stats::{ErrorRates, PhaseComparison};

/// The share of white noise's errors below which a reconstruction has begun to converge.
const CONVERGED: f64 = 0.5;

/// Reconstructs at every depth, several times each; its outputs are the results of the depths, one after another.
#[derive(Clone, Debug)]
pub struct Study {
    /// The original.
    pub target: Arc<Target>,
    /// Recipe, network, first seed and device. The rest is as published: with other terms than Gram matrices in the
    /// loss, all depths would give nearly the same.
    pub settings: Settings,
    /// Iterations of each reconstruction.
    pub iterations: usize,
    /// Reconstructions at each depth, each from another seed. Their spread tells which differences are significant.
    pub seeds: usize,
    /// The deepest layer.
    pub deepest: Layer,
}

/// The result of a depth.
#[derive(Clone, Debug)]
pub struct StudyRow {
    /// The depth.
    pub depth: Layer,
    /// Bytes that a reconstruction needs.
    pub memory: u64,
    /// Mean seconds of a reconstruction.
    pub seconds: f64,
    /// For each seed the errors of S2 and of the lineal path, the means over all phases but the first, in percent.
    pub errors: Vec<(f64, f64)>,
    /// The errors of white noise: S2, lineal path.
    pub noise: (f64, f64),
    /// For each seed how far conductivity and stiffness are from the original's, in percent, the means over all phases but
    /// the first; see [`Response`].
    pub responses: Vec<(f64, f64)>,
    /// The phases of the first seed.
    pub phases: Arc<PhaseMap>,
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let all: Vec<f64> = values.collect();
    all.iter().sum::<f64>() / all.len().max(1) as f64
}

fn spread(values: &[f64]) -> f64 {
    let middle = mean(values.iter().copied());
    let n = values.len().max(2) as f64;
    (values.iter().map(|v| (v - middle).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}

/// Mean and standard deviation of the first and of the second values.
fn both_over_seeds(pairs: &[(f64, f64)]) -> [(f64, f64); 2] {
    let of = |part: fn(&(f64, f64)) -> f64| {
        let values: Vec<f64> = pairs.iter().map(part).collect();
        (mean(values.iter().copied()), spread(&values))
    };
    [of(|e| e.0), of(|e| e.1)]
}

impl StudyRow {
    /// Mean and standard deviation over seeds of the S2 error, then of the lineal-path error.
    pub fn summary(&self) -> [(f64, f64); 2] {
        both_over_seeds(&self.errors)
    }

    /// Mean and standard deviation over seeds of how far the conductivity is off, then the stiffness, in percent.
    pub fn properties(&self) -> [(f64, f64); 2] {
        both_over_seeds(&self.responses)
    }
}

/// The shallowest depth whose mean errors of S2 and of the lineal path both lie within one standard deviation (over
/// seeds) of the best depth's; the larger of the two standard deviations counts. `None` for fewer than two depths, or
/// if no depth has less than half of the errors of white noise: the iterations are then too few to tell.
pub fn recommend(rows: &[StudyRow]) -> Option<Layer> {
    let better = |k: usize, noise: f64| rows.iter().any(|r| r.summary()[k].0 < CONVERGED * noise);
    let converged = rows.first().is_some_and(|r| better(0, r.noise.0) && better(1, r.noise.1));
    if rows.len() < 2 || !converged {
        return None;
    }
    let good = |row: &&StudyRow| {
        (0..2).all(|k| {
            let best = rows.iter().map(|r| r.summary()[k]).min_by(|a, b| a.0.total_cmp(&b.0));
            let (mean, own) = row.summary()[k];
            best.is_some_and(|(lowest, spread)| mean <= lowest + spread.max(own))
        })
    };
    rows.iter().filter(good).map(|r| r.depth).min()
}

/// The study as CSV, a line a depth.
pub fn study_csv(rows: &[StudyRow]) -> String {
    let mut text = String::from(
        "depth,weights,receptive_field_px,memory_mib,seconds,s2_error_percent,s2_spread,s2_white_noise,lineal_path_error_percent,lineal_path_spread,lineal_path_white_noise,conductivity_change_percent,conductivity_spread,stiffness_change_percent,stiffness_spread,recommended\n",
    );
    let best = recommend(rows);
    for row in rows {
        let [(s2, s2_spread), (path, path_spread)] = row.summary();
        let [(conducts, conducts_spread), (bears, bears_spread)] = row.properties();
        text.push_str(&format!(
            "{},{},{},{:.1},{:.2},{s2:.4},{s2_spread:.4},{:.4},{path:.4},{path_spread:.4},{:.4},{conducts:.4},{conducts_spread:.4},{bears:.4},{bears_spread:.4},{}\n",
            row.depth,
            row.depth.weights(),
            row.depth.receptive_field(),
            row.memory as f64 / f64::from(1 << 20),
            row.seconds,
            row.noise.0,
            row.noise.1,
            Some(row.depth) == best
        ));
    }
    text
}

/// The study as figures: the errors of S2 and of the lineal path against depth, with a band of one standard deviation
/// over seeds, and how far conductivity and stiffness are off.
pub fn study_figures(rows: &[StudyRow]) -> Vec<Figure> {
    let names: Vec<String> = rows.iter().enumerate().map(|(n, r)| format!("{} {}", n + 1, r.depth)).collect();
    let figure = |title: &str, k: usize| {
        let at = |n: usize, row: &StudyRow| (n as f64 + 1.0, row.summary()[k]);
        let points = rows.iter().enumerate().map(|(n, row)| at(n, row)).map(|(x, (mean, _))| (x, mean));
        let band = rows.iter().enumerate().map(|(n, row)| at(n, row));
        let band = band.map(|(x, (mean, spread))| (x, mean - spread, mean + spread));
        Figure {
            title: title.into(),
            x_label: format!("depth ({})", names.join(", ")),
            y_label: "error (%)".into(),
            series: vec![Series { name: "mean over seeds".into(), color: MADE, points: points.collect() }],
            bands: vec![Band { color: MADE, points: band.collect() }],
            ..Figure::default()
        }
    };
    let mut figures = vec![figure("S2 error against depth", 0), figure("Lineal-path error against depth", 1)];
    if rows.iter().any(|row| !row.responses.is_empty()) {
        let series = [("conductivity", MADE), ("stiffness", ORIGINAL)].into_iter().enumerate();
        let points = |k: usize| rows.iter().enumerate().map(move |(n, row)| (n as f64 + 1.0, row.properties()[k].0));
        figures.push(Figure {
            title: "Properties against depth".into(),
            x_label: format!("depth ({})", names.join(", ")),
            y_label: "change (%)".into(),
            series: series
                .map(|(k, (name, color))| Series { name: name.into(), color, points: points(k).collect() })
                .collect(),
            ..Figure::default()
        });
    }
    figures
}

/// Writes the table, the figure and the pictures of a study into a folder; returns what was written.
///
/// # Errors
/// A sentence: a file cannot be written.
pub fn write_study(
    folder: &Path,
    rows: &[StudyRow],
    recipe: &Recipe,
    pixel: Option<&PixelSize>,
) -> Result<Vec<PathBuf>, String> {
    let mut written = vec![];
    let mut put = |name: &str, bytes: &[u8]| {
        written.push(folder.join(name));
        let failed = |e| format!("{} could not be written: {e}.", folder.join(name).display());
        write_atomically(&folder.join(name), bytes).map_err(failed)
    };
    put("depths.csv", study_csv(rows).as_bytes())?;
    // A curve needs two depths.
    if rows.len() > 1 {
        put("depths.svg", side_by_side(&study_figures(rows))?.as_bytes())?;
    }
    for row in rows {
        let map = &row.phases;
        let path = folder.join(format!("{}.png", row.depth));
        write_phase_png(&path, map, &recipe.phase_colors(map.phases), pixel).map_err(|e| e.to_string())?;
        written.push(path);
    }
    Ok(written)
}

/// The settings of a depth: the method of the paper.
fn settings_of(study: &Study, depth: Layer) -> Settings {
    let mut settings = study.settings.clone();
    Preset::Published.apply(&mut settings);
    let published = settings.method.gram().cloned().unwrap_or_default();
    let method = Method::Gram(Gram { depth, iterations: study.iterations, ..published });
    Settings { method, realisations: study.seeds.max(1), size: None, ..settings }
}

impl Study {
    /// The depths that the weights and the size of the micrograph allow.
    fn depths(&self) -> Vec<Layer> {
        let (height, width) = self.target.size();
        let padding = Gram::default().padding;
        let least = |depth: &Layer| depth.smallest_image(padding);
        let fits = |depth: &&Layer| **depth <= self.deepest && least(depth) <= height.min(width);
        DEPTHS.iter().filter(fits).copied().collect()
    }

    /// Reconstructs at a depth. Returns how that ended and, if it finished, the result.
    fn reconstruct_at(
        &self,
        depth: Layer,
        wanted: &[Response],
        control: &Control<StudyProgress, StudyRow>,
        show: &dyn Fn(f64, String),
    ) -> Result<(Ending, Option<StudyRow>), ReconstructError> {
        let settings = settings_of(self, depth);
        let run =
            Run { target: self.target.clone(), settings: settings.clone(), folder: None, write: false, resume: false };
        let made = RefCell::new(vec![]);
        let follow = |progress: RunProgress| {
            let seed = progress.realisation + 1;
            show(progress.share(), format!("{depth}, seed {seed} of {}", progress.realisations));
        };
        let ending = run.realise(control, &follow, &|realisation| made.borrow_mut().push(realisation))?;
        let made = made.into_inner();
        if ending != Ending::Finished {
            return Ok((ending, None));
        }
        let mean_of = |of: &dyn Fn(&PhaseComparison) -> f64, realisation: &Realisation| {
            mean(realisation.report.phases.iter().skip(1).map(of))
        };
        let both = |rates: fn(&PhaseComparison) -> &ErrorRates, realisation: &Arc<Realisation>| {
            let s2 = mean_of(&|p| rates(p).s2_error_percent, realisation);
            (s2, mean_of(&|p| rates(p).lineal_path_error_percent, realisation))
        };
        let (Some(first), size) = (made.first(), self.target.size()) else { return Ok((ending, None)) };
        let Some(phases) = first.phases.clone() else { return Ok((ending, None)) };
        let gram = settings.method.gram().cloned().unwrap_or_default();
        let kind = first.report.device.kind;
        let memory = resources(kind, &Weights::blank(depth), (&settings, &gram), size, size)?.bytes;
        let row = StudyRow {
            depth,
            memory,
            seconds: mean(made.iter().map(|realisation| realisation.report.seconds)),
            errors: made.iter().map(|realisation| both(|p| &p.errors, realisation)).collect(),
            noise: both(|p| &p.white_noise, first),
            responses: changes_of(&made, wanted, control),
            phases,
        };
        Ok((ending, Some(row)))
    }
}

/// How far each reconstruction's conductivity and stiffness are from the original's; nothing of one whose fields do not
/// converge.
fn changes_of(
    made: &[Arc<Realisation>],
    wanted: &[Response],
    control: &Control<StudyProgress, StudyRow>,
) -> Vec<(f64, f64)> {
    let mut found = vec![];
    for map in made.iter().filter_map(|realisation| realisation.phases.as_ref()) {
        let changes: Vec<Response> = match responses_of(map, control) {
            Ok(own) => own.iter().zip(wanted).skip(1).map(|(own, wanted)| own.change_from(*wanted)).collect(),
            Err(_) => vec![],
        };
        if !changes.is_empty() {
            let off = |part: fn(&Response) -> f64| mean(changes.iter().map(|c| part(c).abs()));
            found.push((off(|c| c.conductivity), off(|c| c.young)));
        }
    }
    found
}

impl Task for Study {
    const NAME: &'static str = "depth study";
    type Progress = StudyProgress;
    type Output = StudyRow;

    fn run(self, control: &Control<StudyProgress, StudyRow>) -> Result<Ending, Failure> {
        let Some(original) = &self.target.phases else {
            return Err(Failure(
                "The study compares phases: choose a segmentation in the Micrograph workspace first.".into(),
            ));
        };
        let wanted = match responses_of(original, control) {
            Err(PropertyError::Cancelled) => return Ok(Ending::Cancelled),
            Err(error) => {
                control.warn(format!("Conductivity and stiffness are not compared. {error}"));
                vec![]
            }
            Ok(wanted) => wanted,
        };
        let depths = self.depths();
        let weights = self.settings.method.gram().map_or(WeightsKind::BuiltIn, |gram| gram.weights.clone());
        for (number, depth) in depths.iter().enumerate() {
            if weights == WeightsKind::Vgg19 {
                // If the network was not downloaded up to this depth, the study ends with the depth before.
                if let Err(error) = Weights::load(&weights, *depth) {
                    control.warn(format!("The study ends before {depth}: {error}"));
                    break;
                }
            }
            let show = |part: f64, doing: String| {
                control.show(StudyProgress { doing, share: (number as f64 + part) / depths.len() as f64 });
            };
            let (ending, row) = self.reconstruct_at(*depth, &wanted, control, &show)?;
            let Some(row) = row else { return Ok(ending) };
            show(1.0, format!("{depth} is done"));
            control.output(row);
        }
        Ok(Ending::Finished)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(depth: Layer, errors: &[(f64, f64)]) -> StudyRow {
        let phases = Arc::new(PhaseMap::new((1, 1), vec![0], 2));
        let responses = errors.iter().map(|(s2, path)| (0.5 * s2, *path)).collect();
        StudyRow {
            depth,
            memory: 1 << 20,
            seconds: 1.0,
            errors: errors.to_vec(),
            noise: (13.0, 70.0),
            responses,
            phases,
        }
    }

    #[test]
    fn the_shallowest_depth_within_the_spread_of_the_best_is_recommended() {
        let rows = [
            row(DEPTHS[0], &[(9.0, 30.0), (10.0, 32.0)]),
            row(DEPTHS[1], &[(3.2, 8.0), (3.6, 9.0)]),
            row(DEPTHS[2], &[(3.0, 7.5), (3.6, 9.1)]),
        ];
        assert_eq!(recommend(&rows), Some(DEPTHS[1]));
        assert_eq!(recommend(&rows[..1]), None, "one depth is no choice");
        let early = [row(DEPTHS[0], &[(12.0, 60.0)]), row(DEPTHS[1], &[(11.0, 65.0)])];
        assert_eq!(recommend(&early), None, "nothing has converged");
        assert_eq!(recommend(&[]), None);
        let figures = study_figures(&rows);
        assert!(figures.len() == 3 && (figures[2].series[0].points[0].1 - 4.75).abs() < 1e-9);
        assert!(figures.iter().all(|f| f.series[0].points.len() == 3 && f.x_label.contains("2 pool1")));
        assert!((figures[0].bands[0].points[1].2 - figures[0].bands[0].points[1].1 - 2.0 * 0.283).abs() < 0.01);
        let drawn = side_by_side(&figures).expect("a figure");
        assert!(drawn.contains("S2 error against depth") && drawn.contains("Lineal-path error against depth"));
        assert!(study_csv(&rows).contains("pool1,38592,6,1.0,1.00,3.4000"));
    }
}
