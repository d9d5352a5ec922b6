//! `microwright prune-study`

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};

use super::SegmentationArguments;
use super::say;
use crate::folders::write_atomically;
use crate::job::{Ending, Event, StudyProgress, StudyRequest, recommend_depth, start_study, study_csv, study_svg};
use crate::micrograph::{self, write_phase_png};
use crate::net::{Depth, WeightsKind};
use crate::reconstruct::Settings;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The original: PNG, JPEG, TIFF, BMP, WebP or .npy.
    image: PathBuf,
    /// Folder for the table, the figure and the pictures; without it the table is printed only.
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    segmentation: SegmentationArguments,
    /// Weights of the feature network: builtin, vgg19, or a safetensors file or folder of tfjs shards
    #[arg(long, default_value = "builtin")]
    weights: String,
    /// The deepest layer
    #[arg(long, default_value = "pool5")]
    deepest: Depth,
    /// Iterations of each reconstruction
    #[arg(long, default_value_t = 150)]
    iterations: usize,
    /// Reconstructions at each depth
    #[arg(long, default_value_t = 3)]
    seeds: usize,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
}

/// Steps of the progress bar.
const BAR: u64 = 1000;

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.seeds < 2 || arguments.iterations == 0 {
        bail!("At least two seeds, whose spread tells what a difference means, and one iteration are needed.");
    }
    let recipe = arguments.segmentation.given()?.unwrap_or_default();
    let settings = Settings {
        recipe: recipe.clone(),
        weights: WeightsKind::parse(&arguments.weights),
        device: arguments.device.clone(),
        ..Settings::default()
    };
    let micrograph = micrograph::read(&arguments.image)?;
    let pixel = micrograph.pixel_size.clone();
    let request = StudyRequest {
        micrograph,
        settings,
        iterations: arguments.iterations,
        seeds: arguments.seeds,
        deepest: arguments.deepest,
    };
    let (job, latest) = start_study(request, Arc::new(|| {}));
    let bar = ProgressBar::new(BAR);
    bar.set_style(
        ProgressStyle::with_template("{msg}  [{bar:32}] {percent} %  {elapsed} gone, {eta} left")?
            .progress_chars("=> "),
    );
    let mut last = StudyProgress::default();
    let ending = loop {
        if let Some(progress) = latest.take() {
            bar.set_position((progress.share * BAR as f64) as u64);
            bar.set_message(progress.doing.clone());
            last = progress;
        }
        match job.wait(Duration::from_millis(100)) {
            Some(Event::Warning(text)) => bar.suspend(|| eprintln!("{text}")),
            Some(Event::Ended(ending)) => break ending,
            _ => {}
        }
    };
    bar.finish_and_clear();
    last = latest.take().unwrap_or(last);
    let table = study_csv(&last.rows);
    super::print(&table)?;
    if let Ending::Failed(reason) = ending {
        bail!("{reason}");
    }
    match recommend_depth(&last.rows) {
        Some(depth) => {
            eprintln!(
                "Recommended: {depth}, the shallowest whose errors lie within the spread over seeds of the best."
            );
        }
        None => eprintln!("No depth is recommended: the errors are hardly below white noise's. Take more iterations."),
    }
    if let Some(folder) = &arguments.output {
        write_atomically(&folder.join("depths.csv"), table.as_bytes())?;
        write_atomically(&folder.join("depths.svg"), study_svg(&last.rows).as_bytes())?;
        for row in last.rows.iter() {
            let map = &row.phases;
            let colors: Vec<[u8; 3]> = (0..map.phases).map(|p| recipe.phase_color(p, map.phases)).collect();
            let path = folder.join(format!("{}.png", row.depth));
            write_phase_png(&path, map, &colors, pixel.as_ref())?;
            say!("{}", path.display());
        }
    }
    Ok(())
}
