//! A day of work in short: after many reconstructions, windows and devices nothing is left over.

#![cfg(target_os = "linux")]

mod common;
#[path = "common/window.rs"]
mod window;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use microwright::job::{Ending, Event, Job, Run};
use microwright::micrograph::Recipe;
use microwright::net::Layer;
use microwright::reconstruct::gram::Gram;
use microwright::reconstruct::{Settings, Target};
use microwright::synth;

/// Counts the bytes that are live. What the process keeps resident beyond them is the allocator's own matter: it depends on
/// which threads ran when, and so on how busy the machine is.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on unchanged; counting touches no memory of the allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What this process holds: live bytes, resident ones (told, not judged), threads and open files.
#[derive(Debug)]
struct Held {
    live: usize,
    #[expect(dead_code, reason = "told in messages through Debug, not judged")]
    resident: u64,
    threads: usize,
    files: usize,
}

impl Held {
    fn now() -> Self {
        let count = |folder: &str| std::fs::read_dir(folder).expect("a folder").count();
        let status = std::fs::read_to_string("/proc/self/status").expect("a status");
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).expect("a size");
        let kibibytes: u64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number");
        Self {
            live: LIVE.load(Ordering::Relaxed),
            resident: kibibytes * 1024,
            threads: count("/proc/self/task"),
            files: count("/proc/self/fd"),
        }
    }
}

/// A small reconstruction with everything that belongs to one.
fn reconstruct(device: &str, seed: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings {
        recipe: Recipe::default(),
        seed,
        device: device.into(),
        ..Settings::of(Gram { depth: Layer::CONV1_1, iterations: 2, levels: 1, ..Gram::default() })
    };
    let micrograph = synth::from_labels("test", &synth::bicontinuous(64, 0.4, 8.0, seed));
    let target = Arc::new(Target::new(micrograph, &settings.recipe).expect("an original"));
    let run = Run { target, settings, folder: Some(folder.path().into()), write: true, resume: false };
    let job = Job::start(run, Arc::new(|| {}));
    loop {
        if let Event::Ended(ending) = job.wait(Duration::from_secs(120)).expect("an event") {
            assert_eq!(ending, Ending::Finished);
            return;
        }
    }
}

#[test]
fn nothing_is_left_of_two_hundred_reconstructions_twenty_windows_and_switched_devices() {
    let gpu = common::gpu().map(|gpu| gpu.info().name);
    let mut settled = None;
    for n in 0..200 {
        match &gpu {
            Some(name) if n % 10 == 5 => reconstruct(name, n),
            _ => reconstruct("cpu", n),
        }
        if n % 10 == 0 {
            let mut harness = window::window(None);
            harness.step();
        }
        if n % 50 == 49 {
            let held = Held::now();
            eprintln!("after {}: {held:?}", n + 1);
            settled = settled.or(Some(held));
        }
    }
    let (before, after) = (settled.expect("fifty runs"), Held::now());
    // A hundred and fifty runs and fifteen windows later: a kibibyte a run would be 150 of them.
    let more = after.live.saturating_sub(before.live);
    assert!(more < 64 * 1024, "{more} bytes more are live: {before:?}, then {after:?}");
    assert!(after.threads <= before.threads && after.files <= before.files, "{before:?}, then {after:?}");
}

#[test]
fn what_is_live_is_counted() {
    let before = LIVE.load(Ordering::Relaxed);
    let kept = vec![1u8; 1 << 22];
    assert!(LIVE.load(Ordering::Relaxed) >= before + kept.len() / 2);
}
