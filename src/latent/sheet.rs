//! Sheets of pictures (traversals, interpolations and samples), and the files written of them.

use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::{DESCRIPTORS, Descriptors, LatentError, Model, Painter, describe, slerp};
use crate::compute::Device;
use crate::micrograph::{npy_bytes, write_image_png};

/// A picture of a sheet: a latent point, and the seed of its layout.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The latent point.
    pub z: Vec<f32>,
    /// The seed of the layout's noise.
    pub layout: u64,
}

/// How far a traversal goes to either side, in deviations of the standard distribution.
pub const REACH: f32 = 4.0;

/// One row for each dimension: `steps` pictures along it from −`REACH` to `REACH`. The other dimensions and the layout
/// are those of `start` (Sardeshmukh et al. 2021, Figure 6).
pub fn traversal(start: &Cell, dimensions: &[usize], steps: usize) -> Vec<Vec<Cell>> {
    let row = |dimension: &usize| {
        let cell = |step: usize| {
            let mut cell = start.clone();
            let share = step as f32 / (steps.max(2) - 1) as f32;
            if let Some(value) = cell.z.get_mut(*dimension) {
                *value = REACH * (2.0 * share - 1.0);
            }
            cell
        };
        (0..steps).map(cell).collect()
    };
    dimensions.iter().map(row).collect()
}

/// `steps` pictures from one latent point to another.
pub fn interpolation(from: &Cell, to: &[f32], steps: usize) -> Vec<Cell> {
    let cell =
        |step: usize| Cell { z: slerp(&from.z, to, step as f32 / (steps.max(2) - 1) as f32), layout: from.layout };
    (0..steps).map(cell).collect()
}

/// Random latent points of a model, each with a layout of its own.
pub fn samples(model: &Model, count: usize, seed: u64) -> Vec<Cell> {
    let mut random = Pcg64::seed_from_u64(seed);
    let cell =
        |n: usize| Cell { z: model.sample(&mut random), layout: seed.wrapping_mul(7919).wrapping_add(n as u64 + 1) };
    (0..count).map(cell).collect()
}

/// Paints a cell, 0 … 1.
///
/// # Errors
/// The device is lost.
pub fn paint(painter: &mut Painter, cell: &Cell) -> Result<Vec<f32>, LatentError> {
    let noise = painter.noise(&mut Pcg64::seed_from_u64(cell.layout));
    Ok(painter.paint(&cell.z, &noise)?)
}

/// Cells, their latent points and descriptors as CSV.
pub fn cells_csv(cells: &[Cell], descriptors: &[Descriptors]) -> String {
    let dimensions = cells.first().map_or(0, |c| c.z.len());
    let names = (1..=dimensions).map(|d| format!("z{d}"));
    let columns: Vec<String> = ["number".to_string(), "layout_seed".into()]
        .into_iter()
        .chain(names)
        .chain(DESCRIPTORS.iter().map(|d| d.replace(' ', "_")))
        .collect();
    let mut text = columns.join(",") + "\n";
    for (n, (cell, found)) in cells.iter().zip(descriptors).enumerate() {
        let numbers = cell.z.iter().map(|v| format!("{v:.6}")).chain(found.iter().map(|v| format!("{v:.6}")));
        text.push_str(&format!("{},{},{}\n", n + 1, cell.layout, numbers.collect::<Vec<_>>().join(",")));
    }
    text
}

/// How samples are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack {
    /// A PNG file each.
    Png,
    /// All in one .npy of shape `[n, height, width]`, f32 in 0 … 1.
    Npy,
}

/// Paints cells and writes them into a folder, with `samples.csv` beside them; returns the files. `progress` receives
/// the share that is done and returns whether to go on.
///
/// # Errors
/// The model cannot paint the size, the device is lost, or a file cannot be written.
pub fn write_cells(
    model: &Model,
    device: &Device,
    cells: &[Cell],
    size: (usize, usize),
    (folder, stack): (&Path, Stack),
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Vec<PathBuf>, LatentError> {
    let failed = |path: &Path, source| LatentError::Io { action: "written", path: path.into(), source };
    let mut painter = model.painter(device, size)?;
    let (mut files, mut descriptors, mut all) = (vec![], vec![], vec![]);
    std::fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
    for (n, cell) in cells.iter().enumerate() {
        let picture = paint(&mut painter, cell)?;
        let grey: Vec<f32> = picture.iter().map(|v| 255.0 * v).collect();
        descriptors.push(describe(&grey, size, model.summary.threshold, model.summary.dark));
        match stack {
            Stack::Npy => all.extend(picture),
            Stack::Png => {
                let path = folder.join(format!("sample-{:04}.png", n + 1));
                let rgb: Vec<f32> = grey.iter().flat_map(|v| [*v; 3]).collect();
                write_image_png(&path, &rgb, size, model.summary.pixel_size.as_ref())?;
                files.push(path);
            }
        }
        if !progress((n + 1) as f64 / cells.len() as f64) {
            break;
        }
    }
    let mut write = |name: &str, bytes: &[u8]| -> Result<(), LatentError> {
        let path = folder.join(name);
        crate::folders::write_atomically(&path, bytes).map_err(|e| failed(&path, e))?;
        files.push(path);
        Ok(())
    };
    if stack == Stack::Npy {
        let numbers: Vec<u8> = all.iter().flat_map(|v| v.to_le_bytes()).collect();
        write("samples.npy", &npy_bytes("<f4", &[descriptors.len(), size.0, size.1], &numbers))?;
    }
    write("samples.csv", cells_csv(&cells[..descriptors.len()], &descriptors).as_bytes())?;
    Ok(files)
}

/// Paints rows of cells side by side into one picture with white lines between them; returns it with its height and
/// width.
///
/// # Errors
/// The device is lost.
pub fn contact_sheet(
    painter: &mut Painter,
    rows: &[Vec<Cell>],
    (height, width): (usize, usize),
) -> Result<(Vec<f32>, usize, usize), LatentError> {
    /// Pixels between pictures.
    const GAP: usize = 2;
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let (whole_height, whole_width) = (rows.len() * (height + GAP), columns * (width + GAP));
    let mut sheet = vec![1.0f32; whole_height * whole_width];
    for (r, row) in rows.iter().enumerate() {
        for (c, cell) in row.iter().enumerate() {
            let picture = paint(painter, cell)?;
            for (y, line) in picture.chunks_exact(width).enumerate() {
                let at = (r * (height + GAP) + y) * whole_width + c * (width + GAP);
                sheet[at..at + width].copy_from_slice(line);
            }
        }
    }
    Ok((sheet, whole_height, whole_width))
}
