//! What the next run will cost, computed on another thread.

use std::time::{Duration, Instant};

use crate::app::shared::Shared;
use crate::app::shared::watch::{News, Watch};
use crate::compute::DeviceKind;
use crate::compute::mebibytes;
use crate::figure::duration;
use crate::job::{Estimate, network_seconds, run_seconds};
use crate::micrograph::Recipe;
use crate::reconstruct::{Cost, Settings};

/// What a cost depends on: the settings of [`cost_settings`], the size, the kind of device and the number of phases.
type CostInputs = (Settings, (usize, usize), DeviceKind, usize);

/// The newest estimate.
#[derive(Default)]
pub struct CostEstimate {
    /// The cost, once it is known.
    pub found: Option<Cost>,
    /// Seconds of the other terms of the loss.
    terms: Option<f64>,
    /// The running or last estimate.
    pub estimate: Watch<Estimate>,
    /// The inputs of that estimate.
    inputs: Option<CostInputs>,
    /// The settings' revision, document and device when the inputs were last compared.
    compared: Option<(u64, u64, DeviceKind)>,
    /// The free memory of a kind of device, and when it was asked for.
    free: Option<(Instant, DeviceKind, Option<u64>)>,
}

/// Settings without what does not change the cost: the seed and the recipe. Else every stroke would start an estimate.
pub fn cost_settings(settings: &Settings) -> Settings {
    Settings { seed: 0, recipe: Recipe::default(), ..settings.clone() }
}

impl CostEstimate {
    /// Takes a finished estimate. Starts another one if its inputs have changed and none is running.
    pub fn poll(&mut self, shared: &mut Shared) {
        // Failures, such as a picture that is too small for the depth, are no messages: the panel shows them.
        let mut quiet = crate::app::shared::messages::Messages::default();
        while let Some(news) = self.estimate.poll(&mut quiet) {
            if let News::Output((cost, terms)) = news {
                (self.found, self.terms) = (Some(cost), Some(terms));
            }
        }
        self.ask_for_memory(shared);
        let Some(document) = shared.document.as_ref().filter(|_| !self.estimate.is_running()) else { return };
        let kind = shared.devices.chosen(&shared.settings.device).map_or(DeviceKind::Cpu, |d| d.kind);
        let state = (shared.revisions.settings, document.number, kind);
        if self.compared.replace(state) == Some(state) {
            return;
        }
        let size = shared.settings.output_size(document.size());
        let phases = document.phases().map_or(0, |map| map.phases);
        let inputs = (cost_settings(&shared.settings), size, kind, phases);
        if self.inputs.as_ref() != Some(&inputs) {
            self.start(inputs, shared);
        }
    }

    /// Repeats the last estimate.
    pub fn retry(&mut self, shared: &Shared) {
        if let Some(inputs) = self.inputs.take() {
            self.start(inputs, shared);
        }
    }

    fn start(&mut self, inputs: CostInputs, shared: &Shared) {
        let (settings, size, kind, phases) = inputs.clone();
        (self.found, self.terms) = (None, None);
        self.estimate.start(Estimate { settings, size, kind, phases }, &shared.wake);
        self.inputs = Some(inputs);
    }

    /// Asks for the free memory now and then: not in every frame, and not during a run, which takes its own part of it.
    fn ask_for_memory(&mut self, shared: &Shared) {
        const EVERY: Duration = Duration::from_secs(5);
        let kind = shared.devices.chosen(&shared.settings.device).map_or(DeviceKind::Cpu, |d| d.kind);
        let is_new = self.free.is_some_and(|(when, of, _)| of == kind && when.elapsed() < EVERY);
        if !is_new && shared.busy.is_none() {
            self.free = Some((Instant::now(), kind, kind.available_memory()));
        }
    }

    /// Seconds that an iteration at the full size takes in the network, of those that it takes in all.
    pub fn network_seconds(&self, iteration: f64) -> Option<f64> {
        Some(network_seconds(iteration, self.terms?)).filter(|seconds| *seconds > 0.0)
    }

    /// Why the run is impossible with these settings, if it is known to be.
    pub fn impossible(&self, shared: &Shared) -> Option<String> {
        let cost = self.found?;
        let set = shared.settings.memory_limit.map(|mebibytes| mebibytes << 20);
        let kind = shared.devices.chosen(&shared.settings.device).map_or(DeviceKind::Cpu, |d| d.kind);
        let free = self.free.filter(|(_, of, _)| *of == kind).and_then(|(_, _, free)| free);
        let available = set.or(free)?;
        (cost.bytes > available).then(|| {
            format!(
                "This needs {}, and {} are {}: choose a smaller size, a shallower depth, or Adam as the optimiser.",
                mebibytes(cost.bytes),
                mebibytes(available),
                if set.is_some() { "allowed" } else { "free" }
            )
        })
    }

    /// How long all realisations will take, as far as that is known.
    pub fn duration_text(&self, shared: &Shared) -> String {
        let speed = shared.devices.chosen(&shared.settings.device).zip(shared.devices.table.as_ref());
        let speed = speed.map(|(device, table)| table.speed(device)).filter(|speed| *speed > 0.0);
        let known = self.found.zip(speed).zip(self.terms).zip(shared.document.as_ref());
        let Some((((cost, speed), terms), document)) = known else { return String::new() };
        let seconds = run_seconds(&shared.settings, document.size(), cost.operations as f64 / speed, terms);
        match shared.settings.realisations {
            1 => format!("About {} in all.", duration(seconds)),
            n => format!("About {} for {n} realisations.", duration(seconds)),
        }
    }

    /// Whether the estimate is of a run with these settings, of an original of this size and so many phases.
    pub fn is_of(&self, settings: &Settings, original: (usize, usize), phases: usize) -> bool {
        let (size, wanted) = (settings.output_size(original), cost_settings(settings));
        self.inputs.as_ref().is_some_and(|(settings, of, _, n)| (settings, *of, *n) == (&wanted, size, phases))
    }
}
