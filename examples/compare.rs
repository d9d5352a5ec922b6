//! Compares the statistics of two pictures: `cargo run --release --example compare -- original.png new.png`.

use std::path::Path;
use std::sync::Arc;

use microwright::micrograph::{PhaseMap, Recipe, read};
use microwright::reconstruct::Target;
use microwright::stats::compare;

fn phases(path: &str) -> anyhow::Result<Arc<PhaseMap>> {
    let target = Target::new(read(Path::new(path))?, &Recipe::default())?;
    let Some(map) = target.phases.clone() else { anyhow::bail!("{path} has no phases.") };
    Ok(map)
}

fn main() -> anyhow::Result<()> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [original, other] = paths.as_slice() else { anyhow::bail!("Give two pictures.") };
    let (original, other) = (phases(original)?, phases(other)?);
    anyhow::ensure!(original.phases == other.phases, "The pictures have different numbers of phases.");
    for phase in compare(&original, &other) {
        let errors = phase.errors;
        println!(
            "phase {}: S2 {:.2} %, lineal path {:.2} %",
            phase.phase, errors.s2_error_percent, errors.lineal_path_error_percent
        );
    }
    Ok(())
}
