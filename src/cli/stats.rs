//! `microwright stats`

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::bail;

use super::phase_map;
use crate::stats::{Axis, Boundary, Indicator, lineal_path, two_point_axis, two_point_radial};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The micrograph.
    image: PathBuf,
    /// The phase, counted from 0; all by default.
    #[arg(long, value_name = "K")]
    phase: Option<usize>,
    /// What lies beyond the edges; by default S2 is periodic and the lineal path open.
    #[arg(long)]
    boundary: Option<Boundary>,
    /// Make so many phases by thresholds (multi-Otsu) instead of taking at most 8 distinct values as phases.
    #[arg(long, value_name = "N")]
    phases: Option<usize>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let map = phase_map(&arguments.image, arguments.phases)?;
    let phases = match arguments.phase {
        None => 0..map.phases,
        Some(phase) if phase < map.phases => phase..phase + 1,
        Some(phase) => {
            bail!("{} has the phases 0 to {}; there is no phase {phase}.", arguments.image.display(), map.phases - 1)
        }
    };
    let s2 = arguments.boundary.unwrap_or(Boundary::Periodic);
    let lineal = arguments.boundary.unwrap_or(Boundary::Open);
    let mut text = String::from("phase,r_px,s2,s2_rows,s2_columns,lineal_path,lineal_path_rows,lineal_path_columns\n");
    for phase in phases {
        let inside = map.indicator(phase);
        let indicator = Indicator { inside: &inside, height: map.height, width: map.width };
        let radial = two_point_radial(&indicator, s2);
        let [s2_rows, s2_columns] = [Axis::Rows, Axis::Columns].map(|axis| two_point_axis(&indicator, axis, s2));
        let [rows, columns] = [Axis::Rows, Axis::Columns].map(|axis| lineal_path(&indicator, axis, lineal));
        for r in 0..radial.len() {
            let mean = 0.5 * (rows[r] + columns[r]);
            let cells = [radial[r], s2_rows[r], s2_columns[r], mean, rows[r], columns[r]].map(|v| format!("{v:.9}"));
            writeln!(text, "{phase},{r},{}", cells.join(","))?;
        }
    }
    super::print(&text)
}
