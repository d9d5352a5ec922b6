//! `microwright segment`

use std::path::PathBuf;

use anyhow::{Context, bail};

use super::print::say;
use super::segmentation::{SourceArguments, tell};
use crate::micrograph::{PictureFile, Recipe, repeated_stem, segment_file};

/// The format of a recipe, for the help.
const RECIPE: &str = r#"A recipe, all fields optional (lengths in pixels):
  {"pixel_size": {"metres": 2.5e-8, "source": "typed"},
   "prepare": [{"do": "cut-bottom", "rows": 60}, {"do": "crop", "top": 0, "left": 0, "height": 256, "width": 256},
     {"do": "flip-horizontal"}, {"do": "flip-vertical"}, {"do": "rotate-right"}, {"do": "rotate-left"},
     {"do": "specimen"}, {"do": "rotate", "degrees": 3.5}, {"do": "scale", "factor": 0.5}, {"do": "scale-to", "metres": 5e-8},
     {"do": "shading", "sigma": 100}, {"do": "gaussian", "sigma": 1}, {"do": "median", "radius": 1},
     {"do": "bilateral", "sigma": 2, "tolerance": 0.1}],
   "segmentation": "auto" | "unsegmented" | {"phases": 2} | {"thresholds": [20000]} | {"clusters": 3}
     | {"local": {"radius": 15, "sensitivity": 0.2}} | {"strokes": …} (taught in the window),
   "corrections": [{"do": "despeckle", "pixels": 20}, {"do": "fill-holes", "phase": 1},
     {"do": "open", "phase": 1, "radius": 1.5}, {"do": "close", "phase": 1, "radius": 1.5},
     {"do": "merge", "from": 2, "into": 1}, {"do": "invert"}],
   "phases": [{"name": "matrix"}, {"name": "pore", "color": [230, 159, 0]}]}"#;

#[derive(Debug, clap::Args)]
#[command(after_long_help = RECIPE)]
pub struct Arguments {
    /// The recipe: a JSON file, as the window saves it; --help shows its format.
    recipe: PathBuf,
    /// The micrographs: PNG, JPEG, TIFF, BMP, WebP or .npy.
    #[arg(required = true)]
    images: Vec<PathBuf>,
    /// Folder for the phase maps.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Leave out corrections by hand (brush, eraser, bucket): they fit one picture only.
    #[arg(long)]
    without_hand: bool,
    #[command(flatten)]
    source: SourceArguments,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut recipe = Recipe::read(&arguments.recipe)?;
    if arguments.without_hand {
        recipe.corrections.retain(|c| !c.is_by_hand());
    }
    std::fs::create_dir_all(&arguments.output)
        .with_context(|| format!("The folder {} cannot be made", arguments.output.display()))?;
    if let Some(name) = repeated_stem(&arguments.images) {
        bail!("Two of the micrographs are both named {name}, and their phase maps would overwrite each other.");
    }
    let (mut done, mut failed) = (0, 0);
    for path in &arguments.images {
        // One that cannot be segmented does not stop the others.
        let file = match PictureFile::open(path) {
            Ok(file) => file,
            Err(error) => {
                failed += 1;
                eprintln!("{error}");
                continue;
            }
        };
        for part in arguments.source.parts(&file) {
            match segment_file(&recipe, &file, &part, &arguments.output) {
                Ok(prepared) => {
                    done += 1;
                    tell(&prepared.micrograph.name, &prepared.notes());
                    let Some(map) = &prepared.phases else { continue };
                    let shares: Vec<_> = map
                        .volume_fractions()
                        .iter()
                        .enumerate()
                        .map(|(phase, f)| format!("{} {:.2} %", recipe.phase_name(phase), 100.0 * f))
                        .collect();
                    let (height, width) = map.size();
                    say!("{}: {width} × {height} px, {}", path.display(), shares.join(", "));
                }
                Err(error) => {
                    failed += 1;
                    eprintln!("{error}");
                }
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {} micrographs could not be segmented.", done + failed);
    }
    Ok(())
}
