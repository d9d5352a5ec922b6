//! Centres that are annealed to a distribution of nearest distances.

use rand::RngExt;
use rand_pcg::Pcg64;

/// Centres in a picture, with the distance from each to the nearest other one.
pub struct Centres {
    size: [f64; 2],
    /// Row and column of each.
    pub points: Vec<[f64; 2]>,
    nearest: Vec<f64>,
    /// The edge of the cells, which is the longest distance that is told: longer ones count as equal.
    edge: f64,
    cells: [usize; 2],
    members: Vec<Vec<u32>>,
    /// Wanted and found centres whose nearest distance rounds to 0, 1, 2 … steps.
    wanted: Vec<f64>,
    found: Vec<f64>,
}

/// Steps of the longest distance.
const STEPS: usize = 64;

impl Centres {
    /// Of points in a picture of this size, with the distances that are wanted.
    pub fn new(size: (usize, usize), points: Vec<[f64; 2]>, distances: &[f64]) -> Self {
        let size = [size.0 as f64, size.1 as f64];
        // A few particles that lie alone, or distances that cannot be, would make the cells as large as the picture.
        let mean = (size[0] * size[1] / points.len().max(1) as f64).sqrt();
        let longest = distances.iter().copied().fold(0.0, f64::max) * (1.0 + 1.0 / STEPS as f64);
        let edge = longest.clamp(0.25 * mean, 3.0 * mean).max(1.0);
        let cells = size.map(|n| ((n / edge).ceil() as usize).max(1));
        let count = points.len();
        let mut new = Self {
            size,
            points,
            nearest: vec![0.0; count],
            edge,
            cells,
            members: vec![vec![]; cells[0] * cells[1]],
            wanted: vec![0.0; STEPS + 1],
            found: vec![0.0; STEPS + 1],
        };
        let share = count as f64 / distances.len().max(1) as f64;
        for distance in distances {
            let step = new.step(*distance);
            new.wanted[step] += share;
        }
        for n in 0..count {
            let cell = new.cell(new.points[n]);
            new.members[cell].push(n as u32);
        }
        for n in 0..count {
            new.nearest[n] = new.search(new.points[n], n);
            let step = new.step(new.nearest[n]);
            new.found[step] += 1.0;
        }
        new
    }

    fn step(&self, distance: f64) -> usize {
        ((distance / self.edge * STEPS as f64) as usize).min(STEPS)
    }

    fn cell(&self, [y, x]: [f64; 2]) -> usize {
        let at = |v: f64, n: usize| ((v / self.edge) as usize).min(n - 1);
        at(y, self.cells[0]) * self.cells[1] + at(x, self.cells[1])
    }

    /// The points in the cells around a place.
    fn around(&self, place: [f64; 2]) -> impl Iterator<Item = usize> {
        let cell = self.cell(place);
        let (row, column) = (cell / self.cells[1], cell % self.cells[1]);
        let rows = row.saturating_sub(1)..(row + 2).min(self.cells[0]);
        let columns = column.saturating_sub(1)..(column + 2).min(self.cells[1]);
        let cells = rows.flat_map(move |row| columns.clone().map(move |column| row * self.cells[1] + column));
        cells.flat_map(|cell| self.members[cell].iter().map(|n| *n as usize))
    }

    /// The distance from a place to the nearest point but this one, at most the longest that is told.
    fn search(&self, [y, x]: [f64; 2], but: usize) -> f64 {
        let distance = |n: usize| (self.points[n][0] - y).hypot(self.points[n][1] - x);
        self.around([y, x]).filter(|n| *n != but).map(distance).fold(self.edge, f64::min)
    }

    /// The area between the distributions of wanted and of found distances, for each centre, in steps.
    pub fn energy(&self) -> f64 {
        let mut sum = 0.0;
        let gaps = self.wanted.iter().zip(&self.found).map(|(wanted, found)| {
            sum += wanted - found;
            f64::abs(sum)
        });
        gaps.sum::<f64>() / self.points.len().max(1) as f64
    }

    /// Moves one centre to a random place if that brings the distances closer, or by Metropolis's rule.
    pub fn try_move(&mut self, temperature: f64, random: &mut Pcg64) {
        let n = random.random_range(0..self.points.len());
        let old = self.points[n];
        let new = self.size.map(|edge| random.random::<f64>() * edge);
        let chance: f64 = random.random();
        let before = self.energy();
        let mut changed = self.shift(n, new);
        let change = self.energy() - before;
        if change > 0.0 && chance >= (-change / temperature).exp() {
            self.put(n, old);
            changed.drain(..).rev().for_each(|(n, distance)| self.set(n, distance));
        }
    }

    /// Puts a point elsewhere; returns the distances that have changed as they were.
    fn shift(&mut self, n: usize, to: [f64; 2]) -> Vec<(usize, f64)> {
        let from = self.points[n];
        let mut affected: Vec<usize> = self.around(from).chain(self.around(to)).filter(|m| *m != n).collect();
        affected.sort_unstable();
        affected.dedup();
        self.put(n, to);
        let length = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
        let mut changed = vec![(n, self.nearest[n])];
        let own = self.search(to, n);
        self.set(n, own);
        for m in affected {
            let (was, place) = (self.nearest[m], self.points[m]);
            let is_lost = length(place, from) <= was + 1e-9;
            let now = if is_lost { self.search(place, m) } else { was.min(length(place, to)) };
            if now != was {
                changed.push((m, was));
                self.set(m, now);
            }
        }
        changed
    }

    fn put(&mut self, n: usize, to: [f64; 2]) {
        let (from, cell) = (self.cell(self.points[n]), self.cell(to));
        self.members[from].retain(|m| *m as usize != n);
        self.members[cell].push(n as u32);
        self.points[n] = to;
    }

    fn set(&mut self, n: usize, distance: f64) {
        let (from, to) = (self.step(self.nearest[n]), self.step(distance));
        self.found[from] -= 1.0;
        self.found[to] += 1.0;
        self.nearest[n] = distance;
    }
}
