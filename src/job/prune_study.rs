//! How deep the network has to be for a micrograph: reconstructions at every depth (Li et al. 2018, Figure 5).

use std::sync::Arc;
use std::time::Instant;

use super::{Control, Ending, Event, Job, Latest, Wake, Wanted, device};
use crate::micrograph::{Micrograph, PhaseMap};
use crate::net::{DEPTHS, Depth, Weights, WeightsKind};
use crate::reconstruct::{Preset, Problem, Realisation, ReconstructError, Settings, Solver};

/// The share of white noise's errors below which a reconstruction has begun to converge.
const CONVERGED: f64 = 0.5;

/// What to study.
#[derive(Clone, Debug)]
pub struct StudyRequest {
    /// The original.
    pub micrograph: Micrograph,
    /// Recipe, network, first seed and device; the rest is as published, since what is added to the Gram matrices would
    /// make every depth alike.
    pub settings: Settings,
    /// Iterations of each reconstruction.
    pub iterations: usize,
    /// Reconstructions at each depth, from as many seeds: their spread tells which differences mean something.
    pub seeds: usize,
    /// The deepest layer.
    pub deepest: Depth,
}

/// What was found at a depth.
#[derive(Clone, Debug)]
pub struct StudyRow {
    /// The depth.
    pub depth: Depth,
    /// Bytes that a reconstruction needs.
    pub memory: u64,
    /// Mean seconds of a reconstruction.
    pub seconds: f64,
    /// For each seed the errors of S2 and of the lineal path, the means over all phases but the first, in percent.
    pub errors: Vec<(f64, f64)>,
    /// What white noise scores: S2, lineal path.
    pub noise: (f64, f64),
    /// The phases of the first seed.
    pub phases: Arc<PhaseMap>,
}

/// How far the study is.
#[derive(Clone, Debug, Default)]
pub struct StudyProgress {
    /// What is done, in words.
    pub doing: String,
    /// 0 … 1.
    pub share: f64,
    /// The depths that are done.
    pub rows: Arc<Vec<StudyRow>>,
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

impl StudyRow {
    /// Mean and standard deviation over seeds of the S2 error, then of the lineal-path error.
    pub fn summary(&self) -> [(f64, f64); 2] {
        let of = |part: fn(&(f64, f64)) -> f64| {
            let values: Vec<f64> = self.errors.iter().map(part).collect();
            (mean(values.iter().copied()), spread(&values))
        };
        [of(|e| e.0), of(|e| e.1)]
    }
}

/// The shallowest depth whose mean errors of S2 and of the lineal path both lie within one standard deviation over seeds
/// of the best depth's; of both standard deviations the larger one counts. None while there is only one depth, or while
/// the best is hardly better than white noise: then the iterations are too few to tell.
pub fn recommend(rows: &[StudyRow]) -> Option<Depth> {
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
        "depth,weights,receptive_field_px,memory_mib,seconds,s2_error_percent,s2_spread,s2_white_noise,lineal_path_error_percent,lineal_path_spread,lineal_path_white_noise,recommended\n",
    );
    let best = recommend(rows);
    for row in rows {
        let [(s2, s2_spread), (path, path_spread)] = row.summary();
        text.push_str(&format!(
            "{},{},{},{:.1},{:.2},{s2:.4},{s2_spread:.4},{:.4},{path:.4},{path_spread:.4},{:.4},{}\n",
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

/// The study as a figure (SVG): the errors of S2 and of the lineal path against depth, with their spread over seeds.
pub fn study_svg(rows: &[StudyRow]) -> String {
    const PANEL: (f64, f64) = (420.0, 300.0);
    const MARGINS: (f64, f64) = (70.0, 50.0);
    let width = 2.0 * (PANEL.0 + MARGINS.0);
    let height = PANEL.1 + 2.0 * MARGINS.1;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (k, title) in ["S2 error (%)", "Lineal-path error (%)"].into_iter().enumerate() {
        let left = MARGINS.0 + k as f64 * (PANEL.0 + MARGINS.0);
        let (top, bottom) = (MARGINS.1, MARGINS.1 + PANEL.1);
        let most = rows.iter().map(|r| r.summary()[k].0 + r.summary()[k].1).fold(f64::MIN_POSITIVE, f64::max);
        let x = |n: usize| left + (n as f64 + 0.5) * PANEL.0 / rows.len().max(1) as f64;
        let y = |error: f64| bottom - error.max(0.0) / most * PANEL.1;
        text.push_str(&format!(
            "<text x=\"{left}\" y=\"{}\">{title}</text>\n<path d=\"M{left} {top}V{bottom}h{}\" fill=\"none\" stroke=\"#888\"/>\n",
            top - 16.0,
            PANEL.0 - 20.0
        ));
        for share in [0.0, 0.5, 1.0] {
            let place = bottom - share * PANEL.1;
            text.push_str(&format!(
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{:.2}</text>\n",
                left - 6.0,
                place + 5.0,
                share * most
            ));
        }
        let points: Vec<String> =
            rows.iter().enumerate().map(|(n, r)| format!("{:.1},{:.1}", x(n), y(r.summary()[k].0))).collect();
        text.push_str(&format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"#0068a6\" stroke-width=\"2\"/>\n",
            points.join(" ")
        ));
        for (n, row) in rows.iter().enumerate() {
            let (mean, spread) = row.summary()[k];
            text.push_str(&format!(
                "<path d=\"M{0:.1} {1:.1}V{2:.1}\" stroke=\"#0068a6\"/>\n<circle cx=\"{0:.1}\" cy=\"{3:.1}\" r=\"4\" \
                 fill=\"#0068a6\"/>\n<text x=\"{0:.1}\" y=\"{4:.1}\" text-anchor=\"middle\">{5}</text>\n",
                x(n),
                y(mean - spread),
                y(mean + spread),
                y(mean),
                bottom + 20.0,
                row.depth
            ));
        }
    }
    text.push_str("</svg>\n");
    text
}

/// Starts it; the second value is where the newest progress lies.
pub fn start(request: StudyRequest, wake: Wake) -> (Job, Arc<Latest<StudyProgress>>) {
    let latest = Arc::new(Latest::default());
    let slot = latest.clone();
    let work = move |control: &Control| Ending::of(work(&request, control, &slot));
    (Job::spawn("depth study", wake, work), latest)
}

/// The settings of a depth: the method of the paper.
fn settings_of(request: &StudyRequest, depth: Depth) -> Settings {
    let mut settings = request.settings.clone();
    Preset::Published.apply(&mut settings);
    Settings { depth, iterations: request.iterations, realisations: 1, size: None, ..settings }
}

/// The depths that the weights and the size of the micrograph allow.
fn depths(request: &StudyRequest, (height, width): (usize, usize)) -> Vec<Depth> {
    let fits = |d: &&Depth| **d <= request.deepest && d.smallest_image(request.settings.padding) <= height.min(width);
    DEPTHS.iter().filter(fits).copied().collect()
}

fn work(request: &StudyRequest, control: &Control, slot: &Latest<StudyProgress>) -> Result<Ending, ReconstructError> {
    let Settings { device, precision, .. } = &request.settings;
    let device = device::open_for(device, *precision, &|text| control.tell(Event::Warning(text)))?;
    let mut rows: Vec<StudyRow> = vec![];
    let prepared = request.settings.recipe.apply(&request.micrograph)?.micrograph;
    let depths = depths(request, (prepared.height, prepared.width));
    for (number, depth) in depths.iter().enumerate() {
        if request.settings.weights == WeightsKind::Vgg19 {
            // A network that is not here so far ends the study at the depth before, not the study.
            if let Err(error) = Weights::load(&request.settings.weights, *depth) {
                control.tell(Event::Warning(format!("The study ends before {depth}: {error}")));
                break;
            }
        }
        let settings = settings_of(request, *depth);
        let problem = Problem::new(request.micrograph.clone(), settings.clone(), device.clone())?;
        let Some(original) = problem.phases.clone() else {
            return Ok(Ending::Failed(
                "The study compares phases: choose a segmentation in the Micrograph workspace first.".into(),
            ));
        };
        let memory = problem.cost.bytes;
        let (mut errors, mut noise, mut first, start) = (vec![], (0.0, 0.0), None, Instant::now());
        for seed in 0..request.seeds.max(1) {
            let mut solver = Solver::new(&problem, request.settings.seed.wrapping_add(seed as u64))?;
            while !solver.is_done(&problem) {
                match control.wait_while_paused() {
                    Wanted::Keep => return Ok(Ending::Kept),
                    Wanted::Cancel => return Ok(Ending::Cancelled),
                    Wanted::Run | Wanted::Pause => {}
                }
                let interrupted = || matches!(control.wanted(), Wanted::Keep | Wanted::Cancel);
                if solver.step(&problem, &interrupted)? == crate::optimise::Progress::Converged {
                    break;
                }
                let (done, whole) = solver.work(&problem);
                let part = (seed as f64 + done / whole) / request.seeds.max(1) as f64;
                slot.put(StudyProgress {
                    doing: format!("{depth}, seed {} of {}", seed + 1, request.seeds),
                    share: (number as f64 + part) / depths.len() as f64,
                    rows: Arc::new(rows.clone()),
                });
                control.wake();
            }
            let made = Realisation::of(&problem, solver, seed, 0.0, false, &|| false);
            let of = |value: fn(&crate::stats::ErrorRates) -> f64| {
                mean(made.report.phases.iter().skip(1).map(|p| value(&p.errors)))
            };
            errors.push((of(|e| e.s2_error_percent), of(|e| e.lineal_path_error_percent)));
            let of = |value: fn(&crate::stats::ErrorRates) -> f64| {
                mean(made.report.phases.iter().skip(1).map(|p| value(&p.white_noise)))
            };
            noise = (of(|e| e.s2_error_percent), of(|e| e.lineal_path_error_percent));
            first = first.or(made.phases);
        }
        let seconds = start.elapsed().as_secs_f64() / request.seeds.max(1) as f64;
        let phases = first.unwrap_or_else(|| original.clone());
        rows.push(StudyRow { depth: *depth, memory, seconds, errors, noise, phases });
        let share = (number + 1) as f64 / depths.len() as f64;
        slot.put(StudyProgress { doing: format!("{depth} is done"), share, rows: Arc::new(rows.clone()) });
        control.wake();
    }
    Ok(Ending::Finished)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(depth: Depth, errors: &[(f64, f64)]) -> StudyRow {
        let phases = Arc::new(PhaseMap { height: 1, width: 1, labels: vec![0], phases: 2 });
        StudyRow { depth, memory: 1 << 20, seconds: 1.0, errors: errors.to_vec(), noise: (13.0, 70.0), phases }
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
        let figure = study_svg(&rows);
        assert_eq!((figure.matches("<circle").count(), figure.matches("pool1</text>").count()), (6, 2));
        assert!(study_csv(&rows).contains("pool1,38592,6,1.0,1.00,3.4000"));
    }
}
