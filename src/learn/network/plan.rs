//! What a network is to be.

use std::sync::Arc;

use super::architecture::{Architecture, NetworkInput};
use super::schedule::Schedule;
use crate::compute::Device;

/// How a network is made: its layers, what those of a transferred network start from, how it is trained, and where.
#[derive(Clone, Debug)]
pub struct NetworkPlan {
    /// Its layers.
    pub architecture: Architecture,
    /// Kernels and biases that its convolutions start from, one after the other; random ones without.
    pub transferred: Vec<Arc<Vec<f32>>>,
    /// How it is trained.
    pub schedule: Schedule,
    /// Where it is trained.
    pub device: Device,
}

impl NetworkPlan {
    /// Two full layers of 256 and 128 units on numbers: the network that Li et al. (Sci. Rep. 8:13461, 2018) put on
    /// transferred features, with fewer units, for inputs that are reduced already.
    pub fn of_numbers(count: usize) -> Self {
        let architecture = Architecture {
            input: NetworkInput::Numbers(count),
            convolutions: vec![],
            averaged: false,
            units: vec![256, 128],
        };
        Self { architecture, transferred: vec![], schedule: Schedule::NUMBERS, device: Device::Cpu }
    }

    /// Whether its convolutions stay as they were transferred.
    pub fn keeps_convolutions(&self) -> bool {
        self.schedule.frozen && !self.transferred.is_empty()
    }
}
