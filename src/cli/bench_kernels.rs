//! `microwright bench --kernels`

use anyhow::bail;

use super::print::say;
use crate::compute::gpu::Timing;
use crate::compute::kernels::Algorithm;
use crate::compute::{Device, Program, selftest};
use crate::net::Weights;
use crate::reconstruct::loss::{Loss, LossSettings, grams};

/// The sum of all runs of one kernel and shape.
struct Row {
    timing: Timing,
    times: usize,
}

/// Prints the time of every kernel and shape in one loss and gradient of square images, for each size and for each
/// method that the device has.
pub fn run(
    device: &Device,
    weights: &Weights,
    settings: &LossSettings,
    sizes: &[usize],
    repetitions: usize,
) -> anyhow::Result<()> {
    let Device::Gpu(gpu) = device else {
        bail!("--kernels measures the kernels of a GPU; name one with --device (`microwright devices` lists them)");
    };
    let peaks = gpu.peaks()?;
    let (peak, bandwidth) = (peaks.operations, peaks.bytes);
    say!("multiply-add peak {:.0} GFLOP/s, copy {:.1} GB/s, both measured", peak * 1e-9, bandwidth * 1e-9);
    let how = if gpu.has_timestamps() { "timestamps of the device" } else { "the clock, submission included" };
    say!("times by {how}, the least of {repetitions}; operations are those of a direct convolution");
    for n in sizes {
        let size = (*n, *n);
        for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| gpu.has(*algorithm)) {
            device.prefer(Some(algorithm));
            let targets = grams(device, weights, &selftest::picture(1, size), size, settings, None)?;
            let mut loss = Loss::new(device, weights, size, &targets, settings, None)?;
            loss.evaluate(&selftest::picture(2, size))?;
            let Some(Program::Gpu(program)) = loss.program() else {
                bail!("{n} × {n} pixels do not fit the device as a whole; choose a smaller size");
            };
            let timings = program.profile(repetitions)?;
            let whole: f64 = timings.iter().map(|t| t.seconds).sum();
            say!("\n{n} × {n}, convolutions {}: {:.2} ms", algorithm.name(), whole * 1e3);
            say!(
                "{:<22} {:<24} {:>3} {:>10} {:>9} {:>8} {:>7} {:>7}",
                "kernel",
                "shape",
                "n",
                "ms",
                "GFLOP/s",
                "GB/s",
                "peak",
                "copy"
            );
            for Row { timing: t, times } in rows(timings) {
                let (operations, bytes) = (t.operations as f64 / t.seconds, t.bytes as f64 / t.seconds);
                say!(
                    "{:<22} {:<24} {times:>3} {:>10.3} {:>9.0} {:>8.1} {:>6.1}% {:>6.1}%",
                    t.kernel,
                    t.shape,
                    t.seconds * 1e3,
                    operations * 1e-9,
                    bytes * 1e-9,
                    100.0 * operations / peak,
                    100.0 * bytes / bandwidth
                );
            }
        }
    }
    device.prefer(None);
    Ok(())
}

/// Adds up timings of the same kernel and shape; the longest first.
fn rows(timings: Vec<Timing>) -> Vec<Row> {
    let mut rows: Vec<Row> = vec![];
    for timing in timings {
        match rows.iter_mut().find(|r| r.timing.kernel == timing.kernel && r.timing.shape == timing.shape) {
            Some(row) => {
                row.times += 1;
                row.timing.seconds += timing.seconds;
                row.timing.operations += timing.operations;
                row.timing.bytes += timing.bytes;
            }
            None => rows.push(Row { timing, times: 1 }),
        }
    }
    rows.sort_by(|a, b| b.timing.seconds.total_cmp(&a.timing.seconds));
    rows
}
