//! `microwright bench`

use std::time::Instant;

use anyhow::bail;

use super::bench_kernels;
use super::print::say;
use crate::compute::graph::Precision;
use crate::compute::kernels::Algorithm;
use crate::compute::{Device, mebibytes, selftest};
use crate::job::open_device_for;
use crate::net::{Layer, Weights};
use crate::reconstruct::loss::{Cost, Loss, LossSettings, cost, grams};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
    /// Edges of the square images.
    #[arg(long, value_delimiter = ',', default_value = "128,256,512", value_parser = clap::value_parser!(u16).range(2..=16_384))]
    size: Vec<u16>,
    /// The last layer kept.
    #[arg(long, default_value = "pool3")]
    depth: Layer,
    /// Evaluations that are timed, after two that are not.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=1000))]
    repetitions: u16,
    /// MiB that an evaluation may use; an image that needs more is computed in windows [default: what is free]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    memory_limit: Option<u64>,
    /// On a GPU, compute every convolution and Gram matrix by this method where possible [default: the quickest for each shape]
    #[arg(long)]
    convolution: Option<Algorithm>,
    /// How a GPU stores feature maps: 32 bits per number, or 16
    #[arg(long, default_value = "single")]
    precision: Precision,
    /// Time every kernel of a GPU by itself, against its measured peaks
    #[arg(long, conflicts_with_all = ["convolution", "memory_limit"])]
    kernels: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let device = open_device_for(&arguments.device, arguments.precision, &|text| eprintln!("{text}"))?;
    if arguments.convolution.is_some() && matches!(device, Device::Cpu) {
        bail!("--convolution needs a GPU; name one with --device");
    }
    if arguments.precision == Precision::Half && matches!(device, Device::Cpu) {
        bail!("--precision half needs a GPU; name one with --device");
    }
    if let (Some(Algorithm::Cooperative), Device::Gpu(gpu)) = (arguments.convolution, &device)
        && !gpu.has(Algorithm::Cooperative)
    {
        bail!("Cooperative matrices need half precision (--precision half) and an adapter that supports them");
    }
    device.prefer(arguments.convolution);
    let info = device.info();
    let (depth, precision) = (arguments.depth, arguments.precision.name());
    say!(
        "{} ({}, {}), depth {depth}, {precision} precision, one loss and gradient",
        info.name,
        info.backend,
        info.driver
    );
    let weights = Weights::built_in(arguments.depth);
    let settings = LossSettings { precision: arguments.precision, ..LossSettings::new(arguments.depth) };
    if arguments.kernels {
        let sizes: Vec<usize> = arguments.size.iter().map(|n| usize::from(*n)).collect();
        return bench_kernels::run(&device, &weights, &settings, &sizes, arguments.repetitions.into());
    }
    say!("   size     median ms     least ms    GFLOP/s   windows    planned memory    peak of process");
    for n in arguments.size.iter().map(|n| usize::from(*n)) {
        let size = (n, n);
        let limit = arguments.memory_limit.map(|mebibytes| mebibytes << 20).or_else(|| device.available_memory());
        let Cost { operations, bytes, .. } = cost(info.kind, &weights, size, &settings, limit)?;
        if limit.is_some_and(|limit| bytes > limit) {
            bail!("{n} × {n} pixels need {}, more than there is.", mebibytes(bytes));
        }
        let targets = grams(&device, &weights, &selftest::picture(1, size), size, &settings, limit)?;
        let mut loss = Loss::new(&device, &weights, size, &targets, &settings, limit)?;
        let image = selftest::picture(2, size);
        let mut times = vec![];
        for _ in 0..arguments.repetitions + 2 {
            let start = Instant::now();
            loss.evaluate(&image)?;
            times.push(start.elapsed().as_secs_f64());
        }
        let counted = &mut times[2..];
        counted.sort_by(f64::total_cmp);
        let median = counted[counted.len() / 2];
        say!(
            "{n:>7} {:>13.1} {:>12.1} {:>10.0} {:>9} {:>17} {:>18}",
            median * 1e3,
            counted[0] * 1e3,
            operations as f64 / median / 1e9,
            loss.windows(),
            mebibytes(bytes),
            peak_memory().map_or("unknown".into(), mebibytes)
        );
    }
    say!("GFLOP/s count direct operations; Winograd needs fewer.");
    Ok(())
}

/// The largest resident size of this process so far in bytes, where the system reports it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}
