//! Everything that a report says of a result follows from the files that were written with it: recomputed here by plain
//! loops that share nothing with the program.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Command;

use microwright::micrograph::{PhaseMap, write_labels_npy};
use microwright::reconstruct::Report;
use microwright::stats::Boundary;
use microwright::synth;
use sha2::{Digest, Sha256};

/// A square picture of labels.
struct Picture {
    n: usize,
    labels: Vec<u8>,
}

impl Picture {
    /// The labels of a .npy file of bytes.
    fn read(path: &Path, n: usize) -> Self {
        let bytes = std::fs::read(path).expect("a file");
        Self { n, labels: bytes[bytes.len() - n * n..].to_vec() }
    }

    fn inside(&self, phase: u8, y: usize, x: usize) -> bool {
        self.labels[y * self.n + x] == phase
    }

    fn fraction(&self, phase: u8) -> f64 {
        self.labels.iter().filter(|l| **l == phase).count() as f64 / self.labels.len() as f64
    }

    /// The radial mean, over displacements, of the share of pairs that `counts` holds for.
    fn radial(&self, periodic: bool, counts: impl Fn(usize, usize) -> bool) -> Vec<f64> {
        let (n, half) = (self.n as isize, self.n / 2);
        let (mut sums, mut places) = (vec![0.0; half], vec![0.0; half]);
        let reach = half as isize - 1;
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let r = ((dy * dy + dx * dx) as f64).sqrt().round_ties_even() as usize;
                if r >= half {
                    continue;
                }
                let (mut both, mut pairs) = (0u32, 0u32);
                for y in 0..n {
                    for x in 0..n {
                        let (mut v, mut u) = (y + dy, x + dx);
                        if periodic {
                            (v, u) = (v.rem_euclid(n), u.rem_euclid(n));
                        } else if v < 0 || u < 0 || v >= n || u >= n {
                            continue;
                        }
                        pairs += 1;
                        both += u32::from(counts((y * n + x) as usize, (v * n + u) as usize));
                    }
                }
                sums[r] += f64::from(both) / f64::from(pairs);
                places[r] += 1.0;
            }
        }
        sums.iter().zip(&places).map(|(s, p)| s / p).collect()
    }

    fn s2(&self, phase: u8) -> Vec<f64> {
        self.radial(true, |a, b| self.labels[a] == phase && self.labels[b] == phase)
    }

    fn lineal_path(&self, phase: u8) -> Vec<f64> {
        let n = self.n;
        let share = |r: usize| {
            let fits = |y: usize, x: usize, down: bool| {
                (0..=r).all(|k| if down { self.inside(phase, y + k, x) } else { self.inside(phase, y, x + k) })
            };
            let places = (0..n).flat_map(|a| (0..n - r).map(move |b| (a, b)));
            let (mut rows, mut columns) = (0, 0);
            for (line, start) in places.clone() {
                rows += usize::from(fits(line, start, false));
                columns += usize::from(fits(start, line, true));
            }
            (rows + columns) as f64 / (2 * places.count()) as f64
        };
        (0..n / 2).map(share).collect()
    }

    /// The number of the component of each pixel of a phase, by flooding, and how many there are.
    fn components(&self, phase: u8) -> (Vec<usize>, usize) {
        let n = self.n;
        let mut numbers = vec![usize::MAX; n * n];
        let mut count = 0;
        for first in 0..n * n {
            if self.labels[first] != phase || numbers[first] != usize::MAX {
                continue;
            }
            numbers[first] = count;
            let mut queue = VecDeque::from([first]);
            while let Some(at) = queue.pop_front() {
                let (y, x) = (at / n, at % n);
                let mut beside = vec![];
                if y > 0 {
                    beside.push(at - n);
                }
                if y + 1 < n {
                    beside.push(at + n);
                }
                if x > 0 {
                    beside.push(at - 1);
                }
                if x + 1 < n {
                    beside.push(at + 1);
                }
                for other in beside {
                    if self.labels[other] == phase && numbers[other] == usize::MAX {
                        numbers[other] = count;
                        queue.push_back(other);
                    }
                }
            }
            count += 1;
        }
        (numbers, count)
    }

    fn cluster(&self, phase: u8) -> Vec<f64> {
        let (numbers, _) = self.components(phase);
        self.radial(false, |a, b| numbers[a] != usize::MAX && numbers[a] == numbers[b])
    }

    fn percolates(&self, phase: u8) -> [bool; 2] {
        let (numbers, count) = self.components(phase);
        let n = self.n;
        let spans = |from: &dyn Fn(usize) -> usize, to: &dyn Fn(usize) -> usize| {
            (0..count).any(|c| (0..n).any(|k| numbers[from(k)] == c) && (0..n).any(|k| numbers[to(k)] == c))
        };
        [spans(&|k| k * n, &|k| k * n + n - 1), spans(&|k| k, &|k| (n - 1) * n + k)]
    }

    /// The share of the phase whose largest covering disc has a radius above 0, 1, 2 … pixels.
    fn pore_sizes(&self, phase: u8) -> Vec<f64> {
        let n = self.n as isize;
        let outside: Vec<(isize, isize)> =
            (0..n * n).filter(|at| self.labels[*at as usize] != phase).map(|at| (at / n, at % n)).collect();
        let squared = |y: isize, x: isize| outside.iter().map(|(v, u)| (v - y).pow(2) + (u - x).pow(2)).min();
        let mut largest = vec![0isize; (n * n) as usize];
        for y in 0..n {
            for x in 0..n {
                let reach = squared(y, x).expect("an outside");
                let edge = (reach as f64).sqrt().ceil() as isize;
                for v in (y - edge).max(0)..(y + edge + 1).min(n) {
                    for u in (x - edge).max(0)..(x + edge + 1).min(n) {
                        if (v - y).pow(2) + (u - x).pow(2) < reach {
                            let at = &mut largest[(v * n + u) as usize];
                            *at = (*at).max(reach);
                        }
                    }
                }
            }
        }
        let radii: Vec<f64> = largest.iter().filter(|r| **r > 0).map(|r| (*r as f64).sqrt()).collect();
        let most = radii.iter().copied().fold(0.0, f64::max).ceil() as usize;
        (0..=most).map(|r| radii.iter().filter(|v| **v > r as f64).count() as f64 / radii.len() as f64).collect()
    }

    /// The mean length of whole chords along rows and columns.
    fn mean_chord(&self, phase: u8) -> f64 {
        let n = self.n;
        let (mut lengths, mut chords) = (0, 0);
        for down in [false, true] {
            for line in 0..n {
                let at = |k: usize| if down { self.inside(phase, k, line) } else { self.inside(phase, line, k) };
                let mut start = None;
                for k in 0..n {
                    match (at(k), start) {
                        (true, None) => start = Some(k),
                        (false, Some(from)) => {
                            if from > 0 {
                                lengths += k - from;
                                chords += 1;
                            }
                            start = None;
                        }
                        _ => {}
                    }
                }
            }
        }
        f64::from(lengths as u32) / f64::from(chords)
    }

    /// The share of neighbours at a step that lie on two sides of the interface.
    fn unlike(&self, phase: u8, dy: isize, dx: isize) -> f64 {
        let n = self.n as isize;
        let (mut unlike, mut pairs) = (0.0, 0.0);
        for y in 0..n {
            for x in 0..n {
                let (v, u) = (y + dy, x + dx);
                if v >= 0 && u >= 0 && v < n && u < n {
                    pairs += 1.0;
                    let differ =
                        self.inside(phase, y as usize, x as usize) != self.inside(phase, v as usize, u as usize);
                    unlike += f64::from(u8::from(differ));
                }
            }
        }
        unlike / pairs
    }

    fn specific_surface(&self, phase: u8) -> f64 {
        std::f64::consts::PI * 0.25 * (self.unlike(phase, 0, 1) + self.unlike(phase, 1, 0))
    }

    fn interface_per_area(&self, phase: u8) -> f64 {
        let straight = self.unlike(phase, 0, 1) + self.unlike(phase, 1, 0);
        let slanted = (self.unlike(phase, 1, 1) + self.unlike(phase, 1, -1)) / 2f64.sqrt();
        std::f64::consts::FRAC_PI_2 * (straight + slanted) / 4.0
    }
}

fn area(a: &[f64], b: &[f64]) -> f64 {
    let at = |v: &[f64], r: usize| v.get(r).copied().unwrap_or(0.0);
    let between: f64 = (0..a.len().max(b.len())).map(|r| (at(a, r) - at(b, r)).abs()).sum();
    100.0 * between / a.iter().map(|v| v.abs()).sum::<f64>()
}

fn change(a: f64, b: f64) -> f64 {
    100.0 * (b - a) / a
}

fn sha256(path: &Path) -> String {
    let digest = Sha256::digest(std::fs::read(path).expect("a file"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn near(found: f64, wanted: f64, what: &str) {
    let same = (found - wanted).abs() <= 1e-7 * wanted.abs().max(1.0) || found.is_nan() && wanted.is_nan();
    assert!(same, "{what}: {found} in the report, {wanted} recomputed");
}

fn without_mean(curve: &[f64], phi: f64) -> Vec<f64> {
    curve.iter().map(|s| s - phi * phi).collect()
}

#[test]
fn a_report_follows_from_the_files_beside_it() {
    let place = tempfile::tempdir().expect("a folder");
    let path = |name: &str| place.path().join(name);
    let n = 40;
    let map: PhaseMap = synth::three_phases(n, 9.0, 3);
    write_labels_npy(&path("original.npy"), &map).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_microwright"));
    command.env("MICROWRIGHT_DATA", path("data")).current_dir(place.path());
    command.args(["reconstruct", "original.npy", "--output", "out", "--device", "cpu", "--depth", "pool1"]);
    let out = command.args(["--iterations", "8"]).output().expect("the program runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let report = Report::read(&path("out/report.json")).expect("a report");
    let (a, b) = (Picture::read(&path("original.npy"), n), Picture::read(&path("out/reconstruction.npy"), n));

    assert_eq!(report.input.sha256_of_file, sha256(&path("original.npy")));
    let names: Vec<&str> = report.files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["reconstruction.npy", "reconstruction.png", "curves.csv", "image.png"]);
    report.files.iter().for_each(|f| assert_eq!(f.sha256, sha256(&path("out").join(&f.name)), "{}", f.name));
    assert!(report.finished.starts_with("20") && report.finished.ends_with('Z'), "{}", report.finished);
    assert_eq!((report.edges.s2, report.edges.other), (Boundary::Periodic, Boundary::Open));
    assert_eq!(report.phases.len(), 3);
    for p in &report.phases {
        let phase = p.phase as u8;
        let (fa, fb) = (a.fraction(phase), b.fraction(phase));
        near(p.original_volume_fraction, fa, "fraction");
        near(p.volume_fraction, fb, "fraction");
        assert_eq!(p.distances, n / 2);
        let (sa, sb) = (a.s2(phase), b.s2(phase));
        let (la, lb) = (a.lineal_path(phase), b.lineal_path(phase));
        near(p.errors.s2_error_percent, area(&sa, &sb), "S2");
        let covariance = area(&without_mean(&sa, fa), &without_mean(&sb, fb));
        near(p.errors.s2_covariance_error_percent, covariance, "covariance");
        near(p.errors.lineal_path_error_percent, area(&la, &lb), "lineal path");
        let pixels = (n * n) as f64;
        let pair = fa * (fa * pixels - 1.0) / (pixels - 1.0);
        let noise: Vec<f64> = (0..n / 2).map(|r| if r == 0 { fa } else { pair }).collect();
        let powers: Vec<f64> = (0..n / 2).map(|r| fa.powi(r as i32 + 1)).collect();
        near(p.white_noise.s2_error_percent, area(&sa, &noise), "S2 of white noise");
        near(p.white_noise.lineal_path_error_percent, area(&la, &powers), "lineal path of white noise");
        let u = p.unfitted.expect("measured");
        near(u.cluster_error_percent, area(&a.cluster(phase), &b.cluster(phase)), "cluster function");
        near(u.pore_size_error_percent, area(&a.pore_sizes(phase), &b.pore_sizes(phase)), "pore sizes");
        near(u.mean_chord_change_percent, change(a.mean_chord(phase), b.mean_chord(phase)), "mean chord");
        let surface = change(a.specific_surface(phase), b.specific_surface(phase));
        near(u.specific_surface_change_percent, surface, "specific surface");
        let interface = change(a.interface_per_area(phase), b.interface_per_area(phase));
        near(u.interface_length_change_percent, interface, "interface length");
        let components = change(a.components(phase).1 as f64, b.components(phase).1 as f64);
        near(u.components_change_percent, components, "components");
        assert_eq!(p.original_percolates, Some(a.percolates(phase)));
        assert_eq!(p.percolates, Some(b.percolates(phase)));
    }
    // The check can fail: the original's own numbers are others.
    assert!(change(a.mean_chord(1), b.mean_chord(1)).abs() > 1e-6);
}
