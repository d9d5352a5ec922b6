//! `microwright latent judge`

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;

use super::train::source_of;
use crate::cli::follow::follow;
use crate::cli::print::say;
use crate::job::{Ending, Judge, Train, unseen_seed};
use crate::latent::{Judgement, Model, Scores, Spread};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The model: a file, or graphite for the one that comes with the program
    model: PathBuf,
    /// Micrographs and folders of them; the held-out patches are taken from these
    images: Vec<PathBuf>,
    /// Judge by N synthetic graphite micrographs instead
    #[arg(long, value_name = "N", conflicts_with = "images")]
    graphite: Option<usize>,
    /// Prepare and segment by a recipe, as the window saves it
    #[arg(long, value_name = "JSON")]
    recipe: Option<PathBuf>,
    /// Pixels from one patch to the next
    #[arg(long, default_value_t = 50)]
    stride: usize,
    /// Edge of the patches [default: the model's]
    #[arg(long, value_name = "PX")]
    edge: Option<usize>,
    /// Seed of the synthetic micrographs [default: another than that of the training]
    #[arg(long)]
    seed: Option<u64>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let model = Model::open(&arguments.model)?;
    let mut settings = model.settings.clone();
    settings.edge = arguments.edge.unwrap_or(settings.edge);
    settings.device.clone_from(&arguments.device);
    let patches = Train {
        source: source_of(
            arguments.graphite,
            &arguments.images,
            arguments.recipe.as_deref(),
            arguments.seed.unwrap_or_else(|| unseen_seed(model.settings.seed)),
        )?,
        stride: arguments.stride,
        most_patches: usize::MAX,
        settings,
        output: PathBuf::new(),
        as_f16: false,
        resume: false,
    };
    let mut judgement = None;
    let task = Judge { model: Arc::new(model), patches };
    if let Ending::Failed(reason) = follow(task, |_| vec![], |found| judgement = Some(found))? {
        bail!("{reason}");
    }
    let Some(judgement) = judgement else { bail!("Cancelled.") };
    if arguments.json {
        say!("{}", serde_json::to_string_pretty(&*judgement)?);
        return Ok(());
    }
    print(&judgement);
    Ok(())
}

fn print(judgement: &Judgement) {
    say!("{} held-out patches; median (quartiles)", judgement.patches);
    say!("{:<18} {:>22} {:>22} {:>22}", "", "reconstructions", "random samples", "the data itself");
    type Row = (&'static str, fn(&Scores) -> Spread);
    let rows: [Row; 6] = [
        ("S2 error, %", |s| s.s2_error_percent),
        ("covariance, %", |s| s.s2_covariance_error_percent),
        ("lineal path, %", |s| s.lineal_path_error_percent),
        ("style error", |s| s.style_error),
        ("STSIM-2", |s| s.stsim2),
        ("DISTS form", |s| s.dists_form),
    ];
    let text = |s: Spread| format!("{:.3} ({:.3}–{:.3})", s.median, s.lower, s.upper);
    for (name, of) in rows {
        let samples = judgement.samples.as_ref().map_or_else(|| "–".into(), |s| text(of(s)));
        say!("{name:<18} {:>22} {samples:>22} {:>22}", text(of(&judgement.reconstructions)), text(of(&judgement.data)));
    }
    if let Some((layouts, unrelated)) = judgement.layout_correlation {
        say!("correlation of two layouts of one point {layouts:.4}, of unrelated patches {unrelated:.4}");
    }
    if let Some((samples, data)) = judgement.place_preference {
        let percent = |v: f64| 100.0 * v;
        say!("preference for places: samples {:.0} %, patches {:.0} %", percent(samples), percent(data));
    }
    for (name, comparison) in
        [("volume fraction", &judgement.volume_fractions), ("component size", &judgement.component_sizes)]
    {
        let (distance, chance) = comparison.kolmogorov_smirnov;
        if distance.is_finite() {
            say!("{name} of samples against the data: Kolmogorov–Smirnov {distance:.3}, p = {chance:.3}");
        }
    }
    for factor in &judgement.factors {
        say!(
            "{:<14} R² {:.3}, of painted pictures {:.3}; dimension {:>2} correlates {:+.3}",
            factor.name,
            factor.r_squared,
            factor.painted_r_squared,
            factor.dimension + 1,
            factor.correlation
        );
    }
}
