//! A case of the self-test, and the numbers that it is fed with.

use crate::compute::graph::{Graph, Shape, TensorId};
use crate::compute::kernels::Algorithm;
use crate::compute::{ComputeError, Device};

/// An input with its values.
pub type Feed = (TensorId, Vec<f32>);

/// A graph with the inputs to feed and the output to compare.
pub struct Case {
    /// The kernel that is checked.
    pub name: &'static str,
    /// What it runs on, in words.
    pub case: String,
    /// The graph.
    pub graph: Graph,
    /// Inputs with their values.
    pub inputs: Vec<Feed>,
    /// What is compared.
    pub output: TensorId,
    /// The largest relative difference allowed.
    pub tolerance: f64,
}

impl Case {
    /// The algorithms that make a difference to this case on a device.
    pub fn algorithms(&self, device: &Device) -> Vec<Algorithm> {
        let differ = |algorithm: &Algorithm| match device {
            Device::Cpu => *algorithm == Algorithm::Direct,
            Device::Gpu(gpu) => {
                let fits = |id| gpu.has(*algorithm) && algorithm.fits(&self.graph, id);
                *algorithm == Algorithm::Direct || self.graph.ids().any(fits)
            }
        };
        Algorithm::ALL.into_iter().filter(differ).collect()
    }

    /// Runs it on a device, with every buffer filled with NaN first.
    ///
    /// # Errors
    /// The device fails.
    pub fn run(&self, device: &Device) -> Result<Vec<f32>, ComputeError> {
        let mut program = device.compile(self.graph.clone(), &[self.output])?;
        program.poison();
        self.inputs.iter().for_each(|(id, values)| program.write(*id, values));
        Ok(program.run()?.pop().unwrap_or_default())
    }
}

/// Pseudo-random values in −1 … 1, the same on every machine.
pub fn values(seed: u64, len: usize) -> Vec<f32> {
    let mut state = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// The numbers of a pseudo-random RGB image of a size, in 0 … 255.
pub fn picture(seed: u64, (height, width): (usize, usize)) -> Vec<f32> {
    values(seed, 3 * height * width).iter().map(|v| 127.5 + 127.5 * v).collect()
}

/// A shape in words.
pub fn describe(shape: Shape) -> String {
    format!("{}×{}×{}", shape.height, shape.width, shape.channels)
}

/// A symmetric matrix of pseudo-random values.
pub fn symmetric(n: usize) -> Vec<f32> {
    let v = values(7, n * n);
    (0..n * n).map(|i| 0.5 * (v[i] + v[i % n * n + i / n])).collect()
}
