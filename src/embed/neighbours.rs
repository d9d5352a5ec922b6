//! Embeddings that keep neighbours together: t-SNE and UMAP.

use bhtsne::{Neighbor, tSNE};
use ndarray::Array2;
use rayon::prelude::*;
use umap_rs::{EuclideanMetric, GraphParams, Metric, Optimizer, Umap, UmapConfig};

use super::Distances;

/// Neighbours of each member that t-SNE and UMAP look at, if the set has enough.
const NEIGHBOURS: usize = 15;

/// The nearest members of each, with their distances, nearest first.
fn nearest(distances: &Distances, count: usize) -> Vec<Vec<(usize, f64)>> {
    let of = |i: usize| distances.nearest(i, count).into_iter().map(|j| (j, distances.at(i, j))).collect();
    (0..distances.count()).into_par_iter().map(of).collect()
}

/// Rounds of t-SNE.
const ROUNDS: usize = 1000;

/// t-SNE (Van der Maaten & Hinton, J. Mach. Learn. Res. 9:2579, 2008) in two or three dimensions, with a perplexity of
/// 30, or a third of the members of a small set, from a start of as many columns; of large sets by the approximation of
/// Barnes and Hut (Van der Maaten, J. Mach. Learn. Res. 15:3221, 2014). Its sums are made on several cores in any order, so
/// another run gives a somewhat different result. `go_on` gets the share that is done; rounds cannot be interrupted. None
/// if it returns false at first, or for fewer than 5 members.
pub fn tsne(distances: &Distances, start: &Array2<f64>, mut go_on: impl FnMut(f64) -> bool) -> Option<Array2<f64>> {
    /// Larger sets are approximated, with this parameter of accuracy.
    const EXACT: usize = 2000;
    const THETA: f32 = 0.5;
    const PERPLEXITY: f32 = 30.0;
    let (count, width) = start.dim();
    if count < 5 || !go_on(0.0) {
        return None;
    }
    let perplexity = PERPLEXITY.min((count - 1) as f32 / 3.0);
    let members: Vec<usize> = (0..count).collect();
    let gap = |i: &usize, j: &usize| distances.at(*i, *j) as f32;
    let table = || -> Vec<Vec<Neighbor<f32>>> {
        let row = |own: Vec<(usize, f64)>| {
            own.into_iter().map(|(index, distance)| Neighbor { index, distance: distance as f32 }).collect()
        };
        nearest(distances, (3.0 * perplexity) as usize).into_iter().map(row).collect()
    };
    let found = match width {
        2 => {
            let mut model = model::<2>(&members, start, perplexity, go_on);
            match count > EXACT {
                true => model.barnes_hut_with_neighbors(THETA, &table()).embedding(),
                false => model.exact(gap).embedding(),
            }
        }
        _ => {
            let mut model = model::<3>(&members, start, perplexity, go_on);
            match count > EXACT {
                true => model.barnes_hut_with_neighbors(THETA, &table()).embedding(),
                false => model.exact(gap).embedding(),
            }
        }
    };
    let places = Array2::from_shape_vec((count, width), found).ok()?.mapv(f64::from);
    places.iter().all(|v| v.is_finite()).then_some(places)
}

fn model<'a, const D: usize>(
    members: &'a [usize],
    start: &Array2<f64>,
    perplexity: f32,
    mut go_on: impl FnMut(f64) -> bool + 'a,
) -> tSNE<'a, f32, usize, D> {
    /// Deviation of the start, which has to be small.
    const START: f64 = 1e-4;
    /// The least learning rate, and the members for each unit of it (Belkina et al., Nat. Commun. 10:5415, 2019): the
    /// library's own is too large for small sets.
    const LEAST_RATE: f32 = 50.0;
    const MEMBERS: f32 = 48.0;
    let deviation = start.std(0.0).max(f64::MIN_POSITIVE);
    let first: Vec<f32> = start.iter().map(|v| (START * v / deviation) as f32).collect();
    let mut model = tSNE::new(members);
    let rate = (members.len() as f32 / MEMBERS).max(LEAST_RATE);
    model.epochs(ROUNDS).learning_rate(rate).perplexity(perplexity).initial_embedding(first);
    model.epoch_callback(move |round, _| {
        go_on(round as f64 / ROUNDS as f64);
    });
    model
}

/// UMAP (McInnes, Healy & Melville, 2018) in as many dimensions as the start has columns, with 15 neighbours. It draws
/// lots that have no seed: another run gives a somewhat different result. `go_on` gets the share that is done. None if it
/// returns false, or for fewer than 5 members.
pub fn umap(distances: &Distances, start: &Array2<f64>, mut go_on: impl FnMut(f64) -> bool) -> Option<Array2<f64>> {
    const UMAP_ROUNDS: usize = 500;
    const PIECE: usize = 10;
    let count = distances.count();
    if count < 5 {
        return None;
    }
    let width = NEIGHBOURS.min(count - 1);
    let found = nearest(distances, width - 1);
    // The library counts each member as its own nearest neighbour.
    let own = |i: usize, k: usize| if k == 0 { (i, 0.0) } else { found[i][k - 1] };
    let indices = Array2::from_shape_fn((count, width), |(i, k)| own(i, k).0 as u32);
    let lengths = Array2::from_shape_fn((count, width), |(i, k)| own(i, k).1 as f32);
    let first = start.mapv(|v| v as f32);
    let graph = GraphParams { n_neighbors: width, ..GraphParams::default() };
    let config = UmapConfig { n_components: start.ncols(), graph, ..UmapConfig::default() };
    let manifold = Umap::new(config.clone()).learn_manifold(first.view(), indices.view(), lengths.view());
    let metric = EuclideanMetric;
    let mut optimizer = Optimizer::new(manifold, first, UMAP_ROUNDS, &config, metric.metric_type());
    while optimizer.remaining_epochs() > 0 {
        if !go_on(optimizer.current_epoch() as f64 / UMAP_ROUNDS as f64) {
            return None;
        }
        optimizer.step_epochs(PIECE.min(optimizer.remaining_epochs()), &metric);
    }
    let places = optimizer.embedding().mapv(f64::from);
    places.iter().all(|v| v.is_finite()).then_some(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::classical_scaling;

    /// Two heaps of members in ten dimensions.
    fn heaps() -> Distances {
        let value = |i: usize, k: usize| ((i * 7919 + k * 104_729 + i * i * k) % 1009) as f32 / 1009.0;
        let rows = Array2::from_shape_fn((60, 10), |(i, k)| value(i, k) + if i % 2 == 0 { 3.0 } else { 0.0 });
        Distances::between(&rows.view())
    }

    #[test]
    fn heaps_stay_heaps() {
        let distances = heaps();
        for dimensions in [2, 3] {
            let (start, _) = classical_scaling(&distances, dimensions);
            let by_tsne = tsne(&distances, &start.places, |_| true).expect("an embedding");
            let by_umap = umap(&distances, &start.places, |_| true).expect("an embedding");
            // UMAP draws lots, and heaps of 30 members may touch each other. By chance half of them would stray.
            for (name, places, most) in [("t-SNE", by_tsne, 0), ("UMAP", by_umap, 15)] {
                assert_eq!(places.dim(), (60, dimensions));
                let own = |i: usize, j: usize| (&places.row(i) - &places.row(j)).mapv(|v| v * v).sum();
                let nearest = |i: usize| {
                    let others = (0..60).filter(|j| *j != i);
                    others.min_by(|a, b| own(i, *a).total_cmp(&own(i, *b))).expect("a member")
                };
                let strays = (0..60).filter(|i| nearest(*i) % 2 != i % 2).count();
                assert!(strays <= most, "{name} in {dimensions} dimensions: {strays} strays");
            }
        }
        let (start, _) = classical_scaling(&distances, 2);
        assert!(umap(&distances, &start.places, |_| false).is_none());
        assert!(tsne(&distances, &start.places, |_| false).is_none());
    }
}
