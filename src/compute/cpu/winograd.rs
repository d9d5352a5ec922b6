//! 3 × 3 convolution by Winograd's minimal filtering F(4 × 4, 3 × 3): 36 products instead of 144 for 16 outputs.
//!
//! Lavin & Gray, "Fast algorithms for convolutional neural networks", CVPR 2016 (arXiv:1509.09308), with the
//! interpolation points 0, ±1, ±2, ∞: `Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A`.

use std::ops::Range;

use pulp::Simd;
use rayon::prelude::*;

use super::signs::ConvInput;
use super::taps::source_index;
use crate::compute::graph::{ConvSettings, Shape};

/// Output channels stored together in transformed kernels: one register of AVX-512, two of AVX2, four of NEON.
const LANES: usize = 16;
/// Points of a transformed tile.
const POINTS: usize = 36;
/// Output rows and columns of a tile.
const TILE: usize = 4;
/// Tiles whose products are summed in registers at once.
const GROUP: usize = 8;
/// Unused numbers between the points of transformed tiles, so that the points of a tile do not all share one line of
/// the cache.
const GAP: usize = LANES;
/// Tiles that go through the three steps together, so that they stay in the cache of a core.
const BLOCK: usize = 64;

/// Whether this algorithm supports these kernels; others use the direct method.
pub fn fits(inputs: usize, outputs: usize) -> bool {
    inputs.is_multiple_of(LANES) && outputs.is_multiple_of(2 * LANES)
}

/// Transforms kernels `[9, inputs, outputs]` into `U[point][output block][input][LANES]`.
pub fn transform_kernels(weights: &[f32], inputs: usize, outputs: usize, u: &mut Vec<f32>) {
    u.resize(POINTS * inputs * outputs, 0.0);
    // One block of outputs at a time, so that each thread writes its own slices.
    let blocks = outputs / LANES;
    let mut slices: Vec<Vec<&mut [f32]>> = (0..blocks).map(|_| Vec::with_capacity(POINTS)).collect();
    for (n, slice) in u.chunks_exact_mut(inputs * LANES).enumerate() {
        slices[n % blocks].push(slice);
    }
    slices.into_par_iter().enumerate().for_each(|(block, mut points)| {
        for i in 0..inputs {
            for lane in 0..LANES {
                let o = block * LANES + lane;
                let g: [f64; 9] = std::array::from_fn(|t| f64::from(weights[(t * inputs + i) * outputs + o]));
                for (point, value) in points.iter_mut().zip(transform_kernel(&g)) {
                    point[i * LANES + lane] = value as f32;
                }
            }
        }
    });
}

/// `G g Gᵀ` of one kernel.
fn transform_kernel(g: &[f64; 9]) -> [f64; POINTS] {
    let line = |a: f64, b: f64, c: f64| -> [f64; 6] {
        [
            a / 4.0,
            -(a + b + c) / 6.0,
            -(a - b + c) / 6.0,
            (a + 2.0 * b + 4.0 * c) / 24.0,
            (a - 2.0 * b + 4.0 * c) / 24.0,
            c,
        ]
    };
    let columns: [[f64; 6]; 3] = std::array::from_fn(|x| line(g[x], g[3 + x], g[6 + x]));
    let mut out = [0.0; POINTS];
    for y in 0..6 {
        let row = line(columns[0][y], columns[1][y], columns[2][y]);
        out[y * 6..y * 6 + 6].copy_from_slice(&row);
    }
    out
}

/// Runs the convolution on all threads; `u` comes from [`transform_kernels`].
pub fn convolve(input: &ConvInput, u: &[f32], bias: Option<&[f32]>, settings: ConvSettings, out: &mut [f32], s: Shape) {
    let across = s.width.div_ceil(TILE);
    let rows = s.height.div_ceil(TILE);
    let arch = pulp::Arch::new();
    let run = |scratch: &mut Scratch, input: &ConvInput, out: &mut [f32], rows: Range<usize>| {
        arch.dispatch(Task { input, u, bias, settings, out, shape: s, rows, across, scratch });
    };
    let (tiles, image) = (rows * across, s.image_len());
    if s.batch > 1 && tiles < BLOCK {
        // As many small images are processed together as fill a block of tiles.
        let together = (BLOCK / tiles).clamp(1, s.batch.div_ceil(rayon::current_num_threads()));
        let slices = out.par_chunks_mut(together * image).enumerate();
        slices.for_each_init(Scratch::default, |scratch, (task, out)| {
            let images = task * together..task * together + out.len() / image;
            run(scratch, &input.images(images.clone()), out, 0..images.len() * rows);
        });
        return;
    }
    // A task is a few whole rows of tiles, so that its outputs form one slice. There are enough tasks for all threads.
    let per_task = (BLOCK / across).clamp(1, rows.div_ceil(4).max(1));
    let slice = per_task * TILE * s.width * s.channels;
    out.par_chunks_mut(image).enumerate().for_each(|(n, out)| {
        let input = input.images(n..n + 1);
        out.par_chunks_mut(slice).enumerate().for_each_init(Scratch::default, |scratch, (task, out)| {
            run(scratch, &input, out, task * per_task..rows.min((task + 1) * per_task));
        });
    });
}

/// Rows of tiles of one image or of several whole ones, run with the widest instructions that the machine has.
struct Task<'a> {
    input: &'a ConvInput<'a>,
    u: &'a [f32],
    bias: Option<&'a [f32]>,
    settings: ConvSettings,
    out: &'a mut [f32],
    shape: Shape,
    /// Rows of tiles, numbered continuously over all images.
    rows: Range<usize>,
    across: usize,
    scratch: &'a mut Scratch,
}

impl pulp::WithSimd for Task<'_> {
    type Output = ();

    // Everything below is inlined here, so that the compiler may use those instructions.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Scratch { v, m, .. } = self.scratch;
        let (first, end) = (self.rows.start * self.across, self.rows.end * self.across);
        let down = self.shape.height.div_ceil(TILE);
        for start in (first..end).step_by(BLOCK) {
            let tiles = start..end.min(start + BLOCK);
            let work = Block { tiles, across: self.across, down, first_row: self.rows.start * TILE };
            work.transform_input(simd, self.input, self.settings, v);
            multiply(simd, v, self.u, work.padded(), self.input.shape.channels, self.shape.channels, m);
            work.transform_output(simd, m, self.bias, self.settings.relu, self.out, self.shape);
        }
    }
}

/// Bytes that each thread uses besides the tensors.
pub fn scratch_bytes(inputs: usize, outputs: usize) -> u64 {
    (POINTS * (BLOCK * (inputs + outputs) + 2 * GAP) * 4) as u64
}

#[derive(Default)]
struct Scratch {
    v: Vec<f32>,
    m: Vec<f32>,
}

/// Some tiles of the output, numbered row by row and image by image.
struct Block {
    tiles: Range<usize>,
    across: usize,
    down: usize,
    /// The row of the first image at which the output begins.
    first_row: usize,
}

impl Block {
    /// The image of a tile, and its first row and column there.
    #[inline(always)]
    fn place(&self, tile: usize) -> (usize, usize, usize) {
        let row = tile / self.across;
        (row / self.down, row % self.down * TILE, tile % self.across * TILE)
    }

    /// The number of tiles rounded up to whole groups. The last group may end with old numbers, which are not used.
    fn padded(&self) -> usize {
        self.tiles.len().next_multiple_of(GROUP)
    }

    /// `V[point][tile][input] = Bᵀ d B`.
    #[inline(always)]
    fn transform_input<S: Simd>(&self, simd: S, input: &ConvInput, settings: ConvSettings, v: &mut Vec<f32>) {
        let channels = input.shape.channels;
        let tiles = self.padded();
        let step = tiles * channels + GAP;
        v.resize(POINTS * step, 0.0);
        let zero = simd.splat_f32s(0.0);
        let mut d = [zero; POINTS];
        for (n, tile) in self.tiles.clone().enumerate() {
            let (image, y, x) = self.place(tile);
            let mut at = [None; POINTS];
            for (p, at) in at.iter_mut().enumerate() {
                let position = source_index(input.shape, settings, y + p / 6, x + p % 6);
                *at = position.and_then(|p| input.place(image, p));
            }
            for c in (0..channels).step_by(S::F32_LANES) {
                for k in 0..6 {
                    // There is only one place that loads, so that the compiler inlines it instead of making a call.
                    let mut line = [zero; 6];
                    for r in 0..6 {
                        if let Some(place) = at[r * 6 + k] {
                            line[r] = input.load(simd, place, c);
                        }
                    }
                    let line = input_line(simd, line);
                    for r in 0..6 {
                        d[r * 6 + k] = line[r];
                    }
                }
                for r in 0..6 {
                    let row = &d[r * 6..r * 6 + 6];
                    let line = input_line(simd, [row[0], row[1], row[2], row[3], row[4], row[5]]);
                    for k in 0..6 {
                        store::<S>(v, (r * 6 + k) * step + n * channels + c, line[k]);
                    }
                }
            }
        }
    }

    /// `Y = Aᵀ M A`, bias and ReLU, cut to the picture.
    #[inline(always)]
    fn transform_output<S: Simd>(
        &self,
        simd: S,
        m: &[f32],
        bias: Option<&[f32]>,
        relu: bool,
        out: &mut [f32],
        s: Shape,
    ) {
        let step = self.padded() * s.channels + GAP;
        let zero = simd.splat_f32s(0.0);
        let mut d = [zero; POINTS];
        for (n, tile) in self.tiles.clone().enumerate() {
            let (image, y, x) = self.place(tile);
            let (rows, columns) = (TILE.min(s.height - y), TILE.min(s.width - x));
            for c in (0..s.channels).step_by(S::F32_LANES) {
                for k in 0..6 {
                    let mut line = [zero; 6];
                    for r in 0..6 {
                        line[r] = load::<S>(m, (r * 6 + k) * step + n * s.channels + c);
                    }
                    let line = output_line(simd, line);
                    for r in 0..TILE {
                        d[r * 6 + k] = line[r];
                    }
                }
                for r in 0..TILE {
                    let row = &d[r * 6..r * 6 + 6];
                    let line = output_line(simd, [row[0], row[1], row[2], row[3], row[4], row[5]]);
                    for k in 0..TILE {
                        d[r * 6 + k] = line[k];
                    }
                }
                let shift = bias.map_or(zero, |b| load::<S>(b, c));
                for dy in 0..rows {
                    for dx in 0..columns {
                        let mut value = simd.add_f32s(d[dy * 6 + dx], shift);
                        if relu {
                            value = simd.max_f32s(value, zero);
                        }
                        let row = image * s.height + y + dy - self.first_row;
                        store::<S>(out, (row * s.width + x + dx) * s.channels + c, value);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn load<S: Simd>(from: &[f32], at: usize) -> S::f32s {
    S::as_simd_f32s(&from[at..at + S::F32_LANES]).0[0]
}

#[inline(always)]
fn store<S: Simd>(to: &mut [f32], at: usize, value: S::f32s) {
    S::as_mut_simd_f32s(&mut to[at..at + S::F32_LANES]).0[0] = value;
}

/// One line of `Bᵀ` times six registers.
#[inline(always)]
fn input_line<S: Simd>(simd: S, x: [S::f32s; 6]) -> [S::f32s; 6] {
    let times = |factor: f32, a, plus| simd.mul_add_e_f32s(simd.splat_f32s(factor), a, plus);
    let (even, odd) = (times(-4.0, x[2], x[4]), times(-4.0, x[1], x[3]));
    let (far, near) = (simd.sub_f32s(x[4], x[2]), simd.sub_f32s(x[3], x[1]));
    [
        times(4.0, x[0], times(-5.0, x[2], x[4])),
        simd.add_f32s(even, odd),
        simd.sub_f32s(even, odd),
        times(2.0, near, far),
        times(-2.0, near, far),
        times(4.0, x[1], times(-5.0, x[3], x[5])),
    ]
}

/// One line of `Aᵀ` times six registers.
#[inline(always)]
fn output_line<S: Simd>(simd: S, x: [S::f32s; 6]) -> [S::f32s; TILE] {
    let times = |factor: f32, a, plus| simd.mul_add_e_f32s(simd.splat_f32s(factor), a, plus);
    let (a, b) = (simd.add_f32s(x[1], x[2]), simd.sub_f32s(x[1], x[2]));
    let (c, e) = (simd.add_f32s(x[3], x[4]), simd.sub_f32s(x[3], x[4]));
    [
        simd.add_f32s(x[0], simd.add_f32s(a, c)),
        times(2.0, e, b),
        times(4.0, c, a),
        times(8.0, e, simd.add_f32s(b, x[5])),
    ]
}

/// `M[point][tile][output] = V[point] · U[point]`; `tiles` is a multiple of [`GROUP`].
#[inline(always)]
fn multiply<S: Simd>(simd: S, v: &[f32], u: &[f32], tiles: usize, inputs: usize, outputs: usize, m: &mut Vec<f32>) {
    m.resize(POINTS * (tiles * outputs + GAP), 0.0);
    for point in 0..POINTS {
        let v = &v[point * (tiles * inputs + GAP)..][..tiles * inputs];
        let u = &u[point * inputs * outputs..][..inputs * outputs];
        let m = &mut m[point * (tiles * outputs + GAP)..][..tiles * outputs];
        for o in (0..outputs).step_by(2 * LANES) {
            for t in (0..tiles).step_by(GROUP) {
                let job = Product { v: &v[t * inputs..], u: &u[o * inputs..], inputs, step: outputs };
                let m = &mut m[t * outputs + o..];
                // As many rows and registers as the register file holds: 32 of AVX-512, 16 of AVX2, else 32.
                match S::F32_LANES {
                    16 => job.run::<S, 8, 2>(simd, 0, 0, m),
                    8 => {
                        for row in [0, 4] {
                            job.run::<S, 4, 2>(simd, row, 0, m);
                            job.run::<S, 4, 2>(simd, row, LANES, m);
                        }
                    }
                    lanes => {
                        for (row, column) in
                            (0..GROUP).step_by(4).flat_map(|r| (0..2 * LANES).step_by(4 * lanes).map(move |c| (r, c)))
                        {
                            job.run::<S, 4, 4>(simd, row, column, m);
                        }
                    }
                }
            }
        }
    }
}

/// A group of tiles times two blocks of outputs.
struct Product<'a> {
    v: &'a [f32],
    u: &'a [f32],
    inputs: usize,
    step: usize,
}

impl Product<'_> {
    /// `ROWS` tiles times `REGISTERS` of outputs, held in registers over the whole inner sum.
    #[inline(always)]
    fn run<S: Simd, const ROWS: usize, const REGISTERS: usize>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        m: &mut [f32],
    ) {
        let mut sums = [[simd.splat_f32s(0.0); REGISTERS]; ROWS];
        let rows: [&[f32]; ROWS] = std::array::from_fn(|r| &self.v[(row + r) * self.inputs..][..self.inputs]);
        let place = |r: usize| {
            let output = column + r * S::F32_LANES;
            output / LANES * LANES * self.inputs + output % LANES
        };
        let columns: [&[f32]; REGISTERS] =
            std::array::from_fn(|r| &self.u[place(r)..][..(self.inputs - 1) * LANES + S::F32_LANES]);
        for i in 0..self.inputs {
            let mut u = [simd.splat_f32s(0.0); REGISTERS];
            for k in 0..REGISTERS {
                u[k] = load::<S>(columns[k], i * LANES);
            }
            for r in 0..ROWS {
                let x = simd.splat_f32s(rows[r][i]);
                for k in 0..REGISTERS {
                    sums[r][k] = simd.mul_add_e_f32s(x, u[k], sums[r][k]);
                }
            }
        }
        for r in 0..ROWS {
            for k in 0..REGISTERS {
                store::<S>(m, (row + r) * self.step + column + k * S::F32_LANES, sums[r][k]);
            }
        }
    }
}
