//! Walks through the latent space of the built-in model: `cargo run --release --example latent_walk -- FOLDER`.

use std::path::PathBuf;

use image::GrayImage;
use microwright::compute::Device;
use microwright::latent::{Model, normals, slerp};
use rand::SeedableRng;
use rand_pcg::Pcg64;

/// Edge of the pictures in pixels.
const EDGE: u32 = 64;
/// Pictures on the way.
const STEPS: u8 = 8;

fn main() -> anyhow::Result<()> {
    let Some(folder) = std::env::args().nth(1).map(PathBuf::from) else { anyhow::bail!("Give a folder to write to.") };
    std::fs::create_dir_all(&folder)?;
    let model = Model::built_in()?;
    let mut painter = model.painter(&Device::Cpu, (EDGE as usize, EDGE as usize))?;
    let mut random = Pcg64::seed_from_u64(1);
    let dimensions = model.settings.dimensions;
    let (from, to) = (normals(&mut random, dimensions), normals(&mut random, dimensions));
    // The same noise for every picture, so that only the latent point moves.
    let noise = painter.noise(&mut random);
    for step in 0..STEPS {
        let z = slerp(&from, &to, f32::from(step) / f32::from(STEPS - 1));
        let values = painter.paint(&z, &noise)?;
        let bytes: Vec<u8> = values.iter().map(|v| (255.0 * v).round() as u8).collect();
        let Some(picture) = GrayImage::from_raw(EDGE, EDGE, bytes) else {
            anyhow::bail!("A picture has another size.")
        };
        picture.save(folder.join(format!("step-{step}.png")))?;
    }
    Ok(())
}
