//! Feature maps of a network, pooled.

use super::TextureError;
use crate::compute::graph::{Graph, Padding, Pooling, Shape, TensorId};
use crate::compute::{Device, Program};
use crate::net::{Layer, Weights, features};

/// Squares along each edge over which a map is averaged.
const GRID: usize = 4;

/// The feature network to a layer, ready for pictures of one size.
pub struct FeatureMaps {
    program: Program,
    image: TensorId,
    /// Height and width of the map, and its channels.
    map: (usize, usize, usize),
}

impl FeatureMaps {
    /// How many numbers a layer gives.
    pub fn length(layer: Layer) -> usize {
        GRID * GRID * layer.channels()
    }

    /// The smallest edge of a picture for a layer, in pixels.
    pub fn smallest_image(layer: Layer) -> usize {
        GRID * layer.stride()
    }

    /// For pictures of a height and width.
    ///
    /// # Errors
    /// The weights lack the layer, the picture is too small, or the device lacks memory.
    pub fn new(device: &Device, weights: &Weights, layer: Layer, size: (usize, usize)) -> Result<Self, TextureError> {
        if size.0.min(size.1) < Self::smallest_image(layer) {
            let text = format!("{} × {} pixels are too few for feature maps of {}.", size.0, size.1, layer.name());
            return Err(TextureError::Settings(text));
        }
        let mut graph = Graph::new();
        let image = graph.input(Shape::new(size.0, size.1, 3));
        let out = features(&mut graph, image, weights, &[layer], Padding::Zero, Pooling::Max)?;
        let tap = out.taps[0].1;
        let shape = graph.shape(tap);
        let program = device.compile(graph, &[tap])?;
        Ok(Self { program, image, map: (shape.height, shape.width, shape.channels) })
    }

    /// The mean of every channel over each of 4 × 4 squares of the layer's map of a picture of grey values 0 … 255: what a
    /// network that is transferred to another task starts from (Li et al., Sci. Rep. 8:13461, 2018), pooled.
    ///
    /// # Errors
    /// The device is lost.
    pub fn extract(&mut self, grey: &[f32]) -> Result<Vec<f32>, TextureError> {
        let image: Vec<f32> = grey.iter().flat_map(|v| [*v; 3]).collect();
        self.program.write(self.image, &image);
        let map = self.program.run()?.pop().unwrap_or_default();
        let (height, width, channels) = self.map;
        let mut sums = vec![0.0f32; GRID * GRID * channels];
        let mut counts = [0.0f32; GRID * GRID];
        for (at, values) in map.chunks_exact(channels).enumerate() {
            let square = (at / width * GRID / height) * GRID + at % width * GRID / width;
            counts[square] += 1.0;
            sums[square * channels..][..channels].iter_mut().zip(values).for_each(|(sum, v)| *sum += v);
        }
        for (sums, count) in sums.chunks_exact_mut(channels).zip(counts) {
            sums.iter_mut().for_each(|sum| *sum /= count);
        }
        Ok(sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::WeightsKind;

    #[test]
    fn squares_are_told_apart_and_pictures_can_have_any_size() {
        let layer = Layer::named("pool2").expect("a layer");
        let weights = Weights::load(&WeightsKind::BuiltIn, layer).expect("weights");
        let (height, width) = (36, 52);
        let mut maps = FeatureMaps::new(&Device::Cpu, &weights, layer, (height, width)).expect("a network");
        // Stripes in the left half, and nothing in the right one.
        let stripes = |n: usize| if n % width < width / 2 && n % 4 < 2 { 255.0 } else { 0.0 };
        let found = maps.extract(&(0..height * width).map(stripes).collect::<Vec<f32>>()).expect("maps");
        assert_eq!(found.len(), FeatureMaps::length(layer));
        let size = |square: usize| found[square * 128..][..128].iter().map(|v| v * v).sum::<f32>();
        assert!(size(4) > 1.5 * size(7) && (size(4) / size(8) - 1.0).abs() < 0.3, "{:?}", [size(4), size(7), size(8)]);
        assert!(FeatureMaps::new(&Device::Cpu, &weights, layer, (15, 64)).is_err());
    }
}
