//! Signs of activations, one bit each, and the input of a convolution that is masked by them.

use std::ops::Range;

use pulp::Simd;
use rayon::prelude::*;

use crate::compute::graph::Shape;

/// Channels of a position whose bits share one word.
const WORD: usize = 32;

/// The most numbers in a register of any instruction set.
const WIDEST: usize = 16;

/// `1 << lane`; a register loads as many of them as it has lanes.
const LANE_BITS: [u32; WIDEST] = {
    let mut bits = [0; WIDEST];
    let mut lane = 0;
    while lane < WIDEST {
        bits[lane] = 1 << lane;
        lane += 1;
    }
    bits
};

/// One bit for each number of `x`, set where it is positive: bit `c % 32` of word `c / 32` of a position.
pub fn signs(x: &[f32], channels: usize, out: &mut [f32]) {
    /// Positions of one task.
    const CHUNK: usize = 1024;
    let words = channels.div_ceil(WORD);
    let arch = pulp::Arch::new();
    out.par_chunks_mut(CHUNK * words).zip(x.par_chunks(CHUNK * channels)).for_each(|(out, x)| {
        arch.dispatch(Pack { x, channels, out });
    });
}

struct Pack<'a> {
    x: &'a [f32],
    channels: usize,
    out: &'a mut [f32],
}

impl pulp::WithSimd for Pack<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let words = self.channels.div_ceil(WORD);
        for (x, out) in self.x.chunks_exact(self.channels).zip(self.out.chunks_exact_mut(words)) {
            for (x, out) in x.chunks(WORD).zip(out) {
                // The compiler combines many of these into one comparison of registers of the instruction set.
                let bits = x.iter().enumerate().map(|(k, v)| u32::from(*v > 0.0) << k).fold(0, |all, bit| all | bit);
                *out = f32::from_bits(bits);
            }
        }
    }
}

/// The input of a convolution; with a mask, a value counts only where its bit is set.
#[derive(Clone, Copy)]
pub struct ConvInput<'a> {
    pub values: &'a [f32],
    /// From [`signs`].
    pub mask: Option<&'a [f32]>,
    /// The shape that the kernels read; with `spread`, it has twice the height and width of `values`.
    pub shape: Shape,
    /// Whether the values are the gradient of a mean pooling: each of 2 × 2 positions then reads a quarter of a value.
    pub spread: bool,
}

/// Where the numbers of a position begin.
#[derive(Clone, Copy)]
pub struct Place {
    values: usize,
    mask: usize,
}

impl<'a> ConvInput<'a> {
    /// How many numbers are stored for an image.
    fn stored(&self) -> usize {
        let Shape { height, width, channels, .. } = self.shape;
        if self.spread { height / 2 * (width / 2) * channels } else { self.shape.image_len() }
    }

    /// Some images of the batch.
    pub fn images(&self, range: Range<usize>) -> ConvInput<'a> {
        let of = |all: &'a [f32], each: usize| &all[range.start * each..range.end * each];
        ConvInput {
            values: of(self.values, self.stored()),
            mask: self.mask.map(|m| of(m, self.shape.signs().image_len())),
            shape: self.shape.times(range.len()),
            ..*self
        }
    }

    /// Where a position of an image is stored; `None` if the pooling has dropped it.
    #[inline(always)]
    pub fn place(&self, image: usize, position: usize) -> Option<Place> {
        let Shape { height, width, channels, .. } = self.shape;
        let mask = (image * self.shape.positions() + position) * channels.div_ceil(WORD);
        if !self.spread {
            return Some(Place { values: (image * self.shape.positions() + position) * channels, mask });
        }
        let (y, x) = (position / width / 2, position % width / 2);
        let at = (image * (height / 2) + y) * (width / 2) + x;
        (y < height / 2 && x < width / 2).then_some(Place { values: at * channels, mask })
    }

    /// Copies the channels of one position.
    pub fn copy_pixel(&self, place: Place, to: &mut [f32]) {
        to.copy_from_slice(&self.values[place.values..place.values + to.len()]);
        let share = if self.spread { 0.25 } else { 1.0 };
        let Some(mask) = self.mask else { return };
        for (to, word) in to.chunks_mut(WORD).zip(&mask[place.mask..]) {
            let bits = word.to_bits();
            for (k, x) in to.iter_mut().enumerate() {
                *x = if bits >> k & 1 == 0 { 0.0 } else { *x * share };
            }
        }
    }

    /// As many channels of a position as a register holds, from channel `c` on.
    #[inline(always)]
    pub fn load<S: Simd>(&self, simd: S, place: Place, c: usize) -> S::f32s {
        let at = place.values + c;
        let x = S::as_simd_f32s(&self.values[at..at + S::F32_LANES]).0[0];
        let Some(mask) = self.mask else { return x };
        let x = if self.spread { simd.mul_f32s(x, simd.splat_f32s(0.25)) } else { x };
        let word = simd.splat_u32s(mask[place.mask + c / WORD].to_bits() >> (c % WORD));
        let bits = simd.and_u32s(word, S::as_simd_u32s(&LANE_BITS[..S::F32_LANES]).0[0]);
        simd.select_f32s(simd.greater_than_u32s(bits, simd.splat_u32s(0)), x, simd.splat_f32s(0.0))
    }

    /// Copies the first image's positions from `first` on, as many as `to` holds.
    pub fn copy_row(&self, first: usize, to: &mut [f32]) {
        pulp::Arch::new().dispatch(CopyRow { input: self, first, to });
    }
}

struct CopyRow<'a> {
    input: &'a ConvInput<'a>,
    first: usize,
    to: &'a mut [f32],
}

impl pulp::WithSimd for CopyRow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.input.shape.channels;
        for (k, to) in self.to.chunks_exact_mut(channels).enumerate() {
            let Some(place) = self.input.place(0, self.first + k) else {
                to.fill(0.0);
                continue;
            };
            if !channels.is_multiple_of(S::F32_LANES) {
                self.input.copy_pixel(place, to);
                continue;
            }
            for c in (0..channels).step_by(S::F32_LANES) {
                S::as_mut_simd_f32s(&mut to[c..c + S::F32_LANES]).0[0] = self.input.load(simd, place, c);
            }
        }
    }
}
