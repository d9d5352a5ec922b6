//! `microwright latent study`

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use clap::ValueEnum;

use super::train::source_of;
use crate::cli::print::say;
use crate::folders::write_atomically;
use crate::job::{Train, open_device};
use crate::latent::{Head, Judgement, LatentSettings, ModelKind, Networks, Scores, Spread, Trainer, judge};

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Over {
    /// Kinds of models (Cang et al. 2018, Figure 7).
    Models,
    /// Latent dimensions of a TextureVAE (Sardeshmukh et al. 2021, Table 1).
    Dimensions,
    /// Options of a TextureVAE, each changed by itself.
    Options,
}

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// What is compared: kinds of models, numbers of latent dimensions, or options
    #[arg(value_enum)]
    over: Over,
    /// Micrographs and folders of them
    images: Vec<PathBuf>,
    /// Use N synthetic graphite micrographs instead
    #[arg(long, value_name = "N", conflicts_with = "images")]
    graphite: Option<usize>,
    /// Prepare and segment by a recipe, as the window saves it
    #[arg(long, value_name = "JSON")]
    recipe: Option<PathBuf>,
    /// Pixels from one patch to the next
    #[arg(long, default_value_t = 50)]
    stride: usize,
    /// The most patches to train on
    #[arg(long, default_value_t = 200)]
    patches: usize,
    /// Edge of the patches in pixels, a multiple of 16
    #[arg(long, value_name = "PX", default_value_t = 64)]
    edge: usize,
    /// Steps per training
    #[arg(long, default_value_t = 600)]
    steps: usize,
    /// Trainings per model, each from another seed
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// The numbers of latent dimensions to compare; the other studies use the first for all models
    #[arg(long, value_name = "N,N,…", value_delimiter = ',')]
    dimensions: Option<Vec<usize>>,
    /// A file for the table as CSV
    #[arg(long, value_name = "CSV")]
    output: Option<PathBuf>,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
}

impl Arguments {
    /// The models, each with its name.
    fn models(&self) -> Vec<(String, LatentSettings)> {
        let base = |model: ModelKind, dimensions: usize| LatentSettings {
            dimensions,
            edge: self.edge,
            steps: self.steps,
            check_every: self.steps,
            device: self.device.clone(),
            ..LatentSettings::of(model)
        };
        match self.over {
            Over::Models => {
                let dimensions = self.dimensions.as_ref().and_then(|d| d.first()).copied().unwrap_or(16);
                ModelKind::ALL.map(|m| (m.label().to_string(), base(m, dimensions))).to_vec()
            }
            Over::Dimensions => {
                let all = self.dimensions.clone().unwrap_or_else(|| vec![8, 16, 32, 64]);
                all.into_iter().map(|d| (format!("{d} dimensions"), base(ModelKind::Texture, d))).collect()
            }
            Over::Options => {
                let default = LatentSettings::default().dimensions;
                let dimensions = self.dimensions.as_ref().and_then(|d| d.first()).copied().unwrap_or(default);
                let plain = base(ModelKind::Texture, dimensions);
                let with = |change: &dyn Fn(&mut LatentSettings)| {
                    let mut settings = plain.clone();
                    change(&mut settings);
                    settings
                };
                [
                    ("as set", plain.clone()),
                    ("without warm-up", with(&|s| s.warm_up = 0)),
                    ("0.5 free nats", with(&|s| s.free_bits = 0.5)),
                    ("eight orientations", with(&|s| s.turn = true)),
                    ("autocorrelation 1", with(&|s| s.correlation_weight = 1.0)),
                    // Without the other loss the default weight of the divergence would be too large.
                    ("no feature loss", with(&|s| (s.feature_weight, s.beta) = (0.0, 0.0003))),
                    ("whole-map encoder", with(&|s| (s.head, s.beta) = (Head::Flattened, 0.0003))),
                    ("one fixed layout", with(&|s| s.free_layout = false)),
                ]
                .map(|(name, settings)| (name.to_string(), settings))
                .to_vec()
            }
        }
    }
}

/// A column's name, and its score.
type Column = (&'static str, fn(&Scores) -> Spread);

/// The scores of the table.
const COLUMNS: [Column; 5] = [
    ("S2", |s| s.s2_error_percent),
    ("covariance", |s| s.s2_covariance_error_percent),
    ("lineal path", |s| s.lineal_path_error_percent),
    ("style", |s| s.style_error),
    ("STSIM-2", |s| s.stsim2),
];

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.seeds == 0 {
        bail!("At least one seed is needed.");
    }
    let mut csv = String::from(
        "model,seed,what,s2_error_percent,covariance_error_percent,lineal_path_error_percent,style_error,stsim2\n",
    );
    say!("medians over held-out patches, then over {} seeds: reconstructions / random samples", arguments.seeds);
    let names: Vec<String> = COLUMNS.iter().map(|(name, _)| format!("{name:>18}")).collect();
    say!("{:<22}{}", "", names.join(""));
    let mut of_data = vec![];
    for (name, settings) in arguments.models() {
        let mut found = vec![];
        for seed in 1..=arguments.seeds {
            let judgement = train_and_judge(arguments, &LatentSettings { seed, ..settings.clone() })?;
            csv.push_str(&lines(&name, seed, &judgement));
            found.push(judgement);
        }
        say!("{name:<22}{}", row(&found));
        of_data.extend(found.into_iter().map(|judgement| judgement.data));
        if let Some(path) = &arguments.output {
            // Written after each model, so that a stopped study keeps its rows.
            write_atomically(path, csv.as_bytes())?;
        }
    }
    let median = |of: fn(&Scores) -> Spread| Spread::of(of_data.iter().map(|s| of(s).median)).median;
    let cells: Vec<String> = COLUMNS.iter().map(|(_, of)| format!("{:>18.3}", median(*of))).collect();
    say!("{:<22}{}", "the data itself", cells.join(""));
    Ok(())
}

/// Trains a model and judges it.
fn train_and_judge(arguments: &Arguments, settings: &LatentSettings) -> anyhow::Result<Judgement> {
    let request = Train {
        source: source_of(arguments.graphite, &arguments.images, arguments.recipe.as_deref(), settings.seed)?,
        stride: arguments.stride,
        most_patches: arguments.patches,
        settings: settings.clone(),
        output: PathBuf::new(),
        as_f16: false,
        resume: false,
    };
    let data = Arc::new(request.dataset(&|| false)?);
    let networks = Networks::load(settings)?;
    let device = open_device(&settings.device, &|text| eprintln!("{text}"))?;
    let trainer = Trainer::new(settings, data.clone(), &networks, &device, &mut |_| true)?;
    let Some(mut trainer) = trainer else { bail!("The training was stopped.") };
    while !trainer.is_done() {
        trainer.step()?;
    }
    let model = trainer.model(false)?;
    match judge(&model, &data, &networks.encoder, &device, settings.seed, &mut |_| true)? {
        Some(judgement) => Ok(judgement),
        None => bail!("The judgement was stopped."),
    }
}

fn row(found: &[Judgement]) -> String {
    let median = |of: &dyn Fn(&Judgement) -> Option<f64>| Spread::of(found.iter().filter_map(of)).median;
    let cell = |of: fn(&Scores) -> Spread| {
        let made = median(&|j| Some(of(&j.reconstructions).median));
        let sampled = median(&|j| Some(of(j.samples.as_ref()?).median));
        let text = |v: f64| if v.is_finite() { format!("{v:.3}") } else { "–".into() };
        format!("{:>18}", format!("{} / {}", text(made), text(sampled)))
    };
    COLUMNS.iter().map(|(_, of)| cell(*of)).collect()
}

fn lines(name: &str, seed: u64, judgement: &Judgement) -> String {
    let line = |what: &str, scores: &Scores| {
        let values: Vec<String> = COLUMNS.iter().map(|(_, of)| format!("{:.6}", of(scores).median)).collect();
        format!("{name},{seed},{what},{}\n", values.join(","))
    };
    let samples = judgement.samples.as_ref().map_or_else(String::new, |s| line("samples", s));
    line("reconstructions", &judgement.reconstructions) + &samples + &line("data", &judgement.data)
}
