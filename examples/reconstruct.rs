//! Reconstructs a picture: `cargo run --release --example reconstruct -- micrograph.png new.png`.

use std::path::Path;
use std::sync::Arc;

use microwright::compute::Device;
use microwright::micrograph::{PHASE_COLORS, Recipe, read, write_phase_png};
use microwright::reconstruct::{Settings, Target, prepare};

fn main() -> anyhow::Result<()> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = paths.as_slice() else { anyhow::bail!("Give a micrograph and the file to write.") };
    let target = Arc::new(Target::new(read(Path::new(from))?, &Recipe::default())?);
    let settings = Settings::default();
    let mut reconstruction = prepare(&target, &settings, Device::Cpu)?;
    reconstruction.begin(settings.seed)?;
    while !reconstruction.status().is_done {
        reconstruction.step(&|| false)?;
    }
    let Some(phases) = reconstruction.finish().phases else { anyhow::bail!("{from} has no phases.") };
    write_phase_png(Path::new(to), &phases, &PHASE_COLORS, None)?;
    println!("volume fractions: {:?}", phases.volume_fractions());
    Ok(())
}
