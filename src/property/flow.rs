//! Slow viscous flow through the pores of a map: Stokes' equations on the pixels.
//!
//! Velocities live on the edges of pixels (Harlow & Welch, Phys. Fluids 8:2182, 1965) and are differences of a stream
//! function at the corners, so that they are free of divergence exactly. On solids the stream function is constant; of
//! all flows with a given mean velocity the real one has the least dissipation (Helmholtz). That is a sparse symmetric
//! system, which is factorised once for both directions.

use faer::Mat;

use super::field::Watch;
use super::sparse::{Columns, Factor, add_to};
use super::{Directions, PropertyError, Winding};

/// Flow through the pores of a periodic map.
#[derive(Clone, Debug)]
pub struct Flow {
    /// The permeability tensor in pixels squared, axes x and y: mean velocity (over pores and solids) times viscosity
    /// over the pressure gradient.
    pub permeability: [[f64; 2]; 2],
    /// For a pressure gradient of 1 per pixel along each axis, and a viscosity of 1, the velocity in the middle of each
    /// pixel along x and along y.
    pub velocity: Vec<[Vec<f64>; 2]>,
    /// The unknown numbers that were solved for.
    pub unknowns: usize,
}

/// Solves Stokes' equations in the pores of a periodic map, row by row. There is no slip on solids.
///
/// # Errors
/// There is no pore or no solid, no path leads through the pores, the system needs too much memory, or the work is
/// cancelled. The factorisation goes on for a while after it is cancelled, on a thread of its own.
///
/// # Panics
/// If the pixels are not as many as the size says.
pub fn flow(pores: &[bool], (height, width): (usize, usize), watch: Watch) -> Result<Flow, PropertyError> {
    assert_eq!(pores.len(), height * width, "a value for each pixel");
    let mut system = System::new(pores, (height, width))?;
    let unknowns = system.columns.len();
    // A⁻¹ B of the system: a column for each component of the mean velocity.
    let coupling = &system.coupling;
    let mut solution = Mat::from_fn(unknowns, 2, |row, column| coupling[row][column]);
    if unknowns > 0 {
        let factor = Factor::new(std::mem::take(&mut system.columns), watch).map_err(|refused| refused.of("flow"))?;
        factor.solve(&mut solution);
    }
    // The dissipation of a mean velocity U is Uᵀ R U per pixel.
    let pixels = (height * width) as f64;
    let resistance: [[f64; 2]; 2] = std::array::from_fn(|a| {
        std::array::from_fn(|b| {
            let inner: f64 = (0..unknowns).map(|n| system.coupling[n][a] * solution[(n, b)]).sum();
            (system.direct[a][b] - inner) / pixels
        })
    });
    let permeability = match system.allowed {
        None => {
            let determinant = resistance[0][0] * resistance[1][1] - resistance[0][1] * resistance[1][0];
            let across = -0.5 * (resistance[0][1] + resistance[1][0]) / determinant;
            [[resistance[1][1] / determinant, across], [across, resistance[0][0] / determinant]]
        }
        Some(t) => {
            let along: f64 =
                (0..2).flat_map(|a| (0..2).map(move |b| (a, b))).map(|(a, b)| t[a] * resistance[a][b] * t[b]).sum();
            std::array::from_fn(|a| std::array::from_fn(|b| t[a] * t[b] / along))
        }
    };
    let velocity = (0..2).map(|axis| {
        let mean = [permeability[0][axis], permeability[1][axis]];
        // Of the least dissipation: A ψ = −B U.
        system.velocity(|n| -(solution[(n, 0)] * mean[0] + solution[(n, 1)] * mean[1]), mean)
    });
    Ok(Flow { permeability, velocity: velocity.collect(), unknowns })
}

/// The value of the stream function at a node: an unknown (none for the solid where it is 0), and what a mean velocity
/// adds.
#[derive(Clone, Copy)]
struct Node {
    unknown: Option<u32>,
    by_mean: [f64; 2],
}

/// The sparse system of the least dissipation.
struct System {
    size: (usize, usize),
    nodes: Vec<Node>,
    columns: Columns,
    /// How unknowns and mean velocities share in the dissipation.
    coupling: Vec<[f64; 2]>,
    direct: [[f64; 2]; 2],
    /// The only direction of a mean velocity where solids go on through the cell.
    allowed: Option<[f64; 2]>,
}

impl System {
    fn new(pores: &[bool], size: (usize, usize)) -> Result<Self, PropertyError> {
        if pores.iter().all(|p| *p) {
            let text = "Every pixel is a pore: nothing resists the flow, so there is no permeability. Choose a phase that is solid.";
            return Err(PropertyError::Flow(text.into()));
        }
        if !pores.iter().any(|p| *p) {
            return Err(PropertyError::Flow(
                "No pixel is a pore, so nothing flows. Choose the phase that is the pore space.".into(),
            ));
        }
        let solids: Vec<bool> = pores.iter().map(|p| !p).collect();
        let winding = Winding::of(&solids, size, true);
        let allowed = match winding.directions() {
            Directions::None => None,
            Directions::One(direction) => Some(direction),
            Directions::All => return Err(PropertyError::NoPath),
        };
        let (nodes, unknowns) = numbered(&winding, size);
        let mut system = Self {
            size,
            nodes,
            columns: vec![vec![]; unknowns],
            coupling: vec![[0.0; 2]; unknowns],
            direct: [[0.0; 2]; 2],
            allowed,
        };
        system.assemble(pores);
        Ok(system)
    }

    /// The stream function's terms at the corner at row y and column x, either of which may be one beyond the edge.
    fn node(&self, (y, x): (usize, usize)) -> Node {
        let (height, width) = self.size;
        let mut node = self.nodes[y % height * width + x % width];
        node.by_mean[0] += (y / height * height) as f64;
        node.by_mean[1] -= (x / width * width) as f64;
        node
    }

    /// The nodes whose difference is the flow through an edge: along x through the left edge of a pixel, along y through
    /// its upper edge.
    fn edge(&self, axis: usize, (y, x): (usize, usize)) -> [Node; 2] {
        match axis {
            0 => [self.node((y + 1, x)), self.node((y, x))],
            _ => [self.node((y, x)), self.node((y, x + 1))],
        }
    }

    /// Adds the dissipation of all differences between neighbouring velocities.
    fn assemble(&mut self, pores: &[bool]) {
        let (height, width) = self.size;
        let inside = |y: usize, x: usize| pores[y % height * width + x % width];
        for y in 0..height {
            for x in 0..width {
                for axis in 0..2 {
                    // The pixels on both sides of the edge, here and one further across the flow.
                    let pair = |y: usize, x: usize| match axis {
                        0 => [inside(y, x + width - 1), inside(y, x)],
                        _ => [inside(y + height - 1, x), inside(y, x)],
                    };
                    let (next_along, next_across) =
                        if axis == 0 { ((y, x + 1), (y + 1, x)) } else { ((y + 1, x), (y, x + 1)) };
                    if inside(y, x) {
                        self.add(axis, (y, x), Some(next_along), 1.0);
                    }
                    let (here, there) = (pair(y, x), pair(next_across.0, next_across.1));
                    let is_wall = |p: [bool; 2]| !p[0] && !p[1];
                    match (is_wall(here), is_wall(there)) {
                        (true, true) => {}
                        // A wall is half a pixel away: (2u)² over half a pixel.
                        (false, true) => self.add(axis, (y, x), None, 2.0),
                        (true, false) => self.add(axis, next_across, None, 2.0),
                        (false, false) => self.add(axis, (y, x), Some(next_across), 1.0),
                    }
                }
            }
        }
    }

    /// Adds `weight (u − u')²` of the velocities through two edges, or `weight u²` of one.
    fn add(&mut self, axis: usize, edge: (usize, usize), other: Option<(usize, usize)>, weight: f64) {
        let mut terms: [(u32, f64); 4] = [(0, 0.0); 4];
        let (mut count, mut by_mean) = (0, [0.0; 2]);
        let mut take = |nodes: [Node; 2], sign: f64| {
            for (node, sign) in nodes.into_iter().zip([sign, -sign]) {
                by_mean[0] += sign * node.by_mean[0];
                by_mean[1] += sign * node.by_mean[1];
                let Some(unknown) = node.unknown else { continue };
                match terms[..count].iter_mut().find(|(n, _)| *n == unknown) {
                    Some((_, value)) => *value += sign,
                    None => {
                        terms[count] = (unknown, sign);
                        count += 1;
                    }
                }
            }
        };
        take(self.edge(axis, edge), 1.0);
        if let Some(other) = other {
            take(self.edge(axis, other), -1.0);
        }
        for a in 0..2 {
            for b in 0..2 {
                self.direct[a][b] += weight * by_mean[a] * by_mean[b];
            }
        }
        for &(column, first) in terms[..count].iter().filter(|(_, v)| *v != 0.0) {
            for axis in 0..2 {
                self.coupling[column as usize][axis] += weight * first * by_mean[axis];
            }
            for &(row, second) in terms[..count].iter().filter(|(row, v)| *row >= column && *v != 0.0) {
                add_to(&mut self.columns[column as usize], row, weight * first * second);
            }
        }
    }

    /// Velocities in the middle of pixels.
    fn velocity(&self, psi: impl Fn(usize) -> f64, mean: [f64; 2]) -> [Vec<f64>; 2] {
        let (height, width) = self.size;
        let value = |node: Node| {
            node.unknown.map_or(0.0, |n| psi(n as usize)) + node.by_mean[0] * mean[0] + node.by_mean[1] * mean[1]
        };
        let through = |axis: usize, at: (usize, usize)| {
            let [a, b] = self.edge(axis, at).map(value);
            a - b
        };
        let each =
            |of: &dyn Fn(usize, usize) -> f64| (0..height * width).map(|at| of(at / width, at % width)).collect();
        [
            each(&|y, x| 0.5 * (through(0, (y, x)) + through(0, (y, x + 1)))),
            each(&|y, x| 0.5 * (through(1, (y, x)) + through(1, (y + 1, x)))),
        ]
    }
}

/// Numbers the unknowns: corners between pores first, then solids but the first one. Corners of one solid share a value.
fn numbered(winding: &Winding, (height, width): (usize, usize)) -> (Vec<Node>, usize) {
    // A corner belongs to a solid if any of the four pixels around it is solid: this one, or one before it.
    let solid_at = |y: usize, x: usize| {
        let around =
            [(y, x, 0, 0), (y, x + width - 1, 0, 1), (y + height - 1, x, 1, 0), (y + height - 1, x + width - 1, 1, 1)];
        around.into_iter().find_map(|(py, px, up, left)| {
            let pixel = py % height * width + px % width;
            let [beyond_y, beyond_x] = winding.beyond[pixel];
            // A pixel before the first row is the last one of the map above, seen from there.
            let over =
                |is_before: usize, at: usize, size: usize| if is_before == 1 && at == 0 { size as i64 } else { 0 };
            let beyond = [beyond_y + over(up, y, height), beyond_x + over(left, x, width)];
            winding.part[pixel].map(|solid| (solid, beyond))
        })
    };
    let found: Vec<Option<(u32, [i64; 2])>> = (0..height * width).map(|at| solid_at(at / width, at % width)).collect();
    let free = found.iter().filter(|f| f.is_none()).count() as u32;
    let mut next = 0;
    let nodes = found.into_iter().map(|found| match found {
        None => {
            next += 1;
            Node { unknown: Some(next - 1), by_mean: [0.0; 2] }
        }
        Some((solid, [y, x])) => {
            Node { unknown: solid.checked_sub(1).map(|n| free + n), by_mean: [-y as f64, x as f64] }
        }
    });
    (nodes.collect(), free as usize + winding.parts - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pores: &[bool], size: (usize, usize)) -> Flow {
        flow(pores, size, &|_, _| true).expect("a flow")
    }

    #[test]
    fn a_channel_has_the_permeability_of_poiseuille() {
        let (height, width, open) = (40, 6, 30);
        let pores: Vec<bool> = (0..height * width).map(|at| at / width < open).collect();
        let k = found(&pores, (height, width));
        // The walls stand half a pixel beyond the last velocities: h²/12 (1 + 2/h²).
        let h = open as f64;
        let wanted = (h * h + 2.0) / 12.0 * h / height as f64;
        assert!((k.permeability[0][0] / wanted - 1.0).abs() < 1e-9, "{:?} instead of {wanted}", k.permeability);
        assert!(k.permeability[1][1].abs() < 1e-12 && k.permeability[0][1].abs() < 1e-12);
        let mean: f64 = k.velocity[0][0].iter().sum::<f64>() / (height * width) as f64;
        assert!((mean / k.permeability[0][0] - 1.0).abs() < 1e-9);
        // Turned by a quarter it flows along y.
        let turned: Vec<bool> = (0..height * width).map(|at| at % height < open).collect();
        let across = found(&turned, (width, height)).permeability;
        assert!((across[1][1] / wanted - 1.0).abs() < 1e-9 && across[0][0].abs() < 1e-12, "{across:?}");
    }

    #[test]
    fn what_cannot_flow_is_said() {
        let refused = |pores: &[bool], size| flow(pores, size, &|_, _| true).expect_err("no flow").to_string();
        assert!(refused(&[true; 12], (3, 4)).contains("nothing resists"));
        assert!(refused(&[false; 12], (3, 4)).contains("nothing flows"));
        let mut cage = vec![false; 64];
        cage[27] = true;
        assert!(refused(&cage, (8, 8)).contains("No path"));
        // Large enough that it takes longer than the first question whether to go on.
        let open: Vec<bool> = (0..600 * 600).map(|at| at % 60 > 20 || at / 600 % 60 > 20).collect();
        let cancelled = flow(&open, (600, 600), &|_, _| false);
        assert!(matches!(cancelled, Err(PropertyError::Cancelled)));
    }

    #[test]
    fn solids_at_a_slant_leave_one_direction() {
        let n = 24;
        let pores: Vec<bool> = (0..n * n).map(|at| (at / n + at % n) % n > 6).collect();
        let k = found(&pores, (n, n)).permeability;
        // Along the stripes, from the lower left to the upper right.
        assert!(k[0][0] > 0.0 && (k[0][0] + k[0][1]).abs() < 1e-9 && (k[0][0] - k[1][1]).abs() < 1e-9, "{k:?}");
    }
}
