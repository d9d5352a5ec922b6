//! Clusters of a set, their representatives, and outliers.

use kodama::{Method, linkage};
use ndarray::Array2;

use super::Distances;
use crate::micrograph::k_means;

/// The clusters of a set.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Clusters {
    /// The number of each member's cluster, from 0; cluster 0 is the largest.
    pub of: Vec<usize>,
    /// The representative of each cluster: the member with the least sum of distances from the others (medoid).
    pub representatives: Vec<usize>,
}

impl Clusters {
    /// Renumbers labels by the size of their clusters, and finds the representatives.
    fn new(distances: &Distances, labels: &[usize]) -> Self {
        let count = labels.iter().max().map_or(0, |most| most + 1);
        let mut members: Vec<Vec<usize>> = vec![vec![]; count];
        labels.iter().enumerate().for_each(|(i, label)| members[*label].push(i));
        members.retain(|own| !own.is_empty());
        members.sort_by_key(|own| (std::cmp::Reverse(own.len()), own[0]));
        let mut of = vec![0; labels.len()];
        members.iter().enumerate().for_each(|(n, own)| own.iter().for_each(|i| of[*i] = n));
        let sum = |own: &[usize], i: usize| own.iter().map(|j| distances.at(i, *j)).sum::<f64>();
        let medoid = |own: &Vec<usize>| {
            *own.iter().min_by(|a, b| sum(own, **a).total_cmp(&sum(own, **b))).expect("a member at least")
        };
        Self { of, representatives: members.iter().map(medoid).collect() }
    }

    /// How many clusters there are.
    pub fn count(&self) -> usize {
        self.representatives.len()
    }

    /// Clusters by k-means of the places of an embedding (Lloyd, IEEE Trans. Inf. Theory 28:129, 1982), from centres that
    /// lie as far from each other as they can (Gonzalez, Theor. Comput. Sci. 38:293, 1985).
    pub fn k_means(distances: &Distances, places: &Array2<f64>, clusters: usize) -> Self {
        const ROUNDS: usize = 100;
        let count = distances.count();
        let clusters = clusters.clamp(1, MOST.min(count));
        let rows: Vec<Vec<f32>> =
            places.rows().into_iter().map(|row| row.iter().map(|v| *v as f32).collect()).collect();
        let middle: Vec<f32> = (0..places.ncols()).map(|k| places.column(k).mean().unwrap_or(0.0) as f32).collect();
        let square = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
        let mut nearest: Vec<f32> = rows.iter().map(|row| square(row, &middle)).collect();
        let mut centres: Vec<Vec<f32>> = vec![];
        while centres.len() < clusters {
            let farthest = (0..count).max_by(|a, b| nearest[*a].total_cmp(&nearest[*b])).unwrap_or(0);
            let centre = rows[farthest].clone();
            let others = rows.iter().map(|row| square(row, &centre));
            let first = centres.is_empty();
            nearest.iter_mut().zip(others).for_each(|(d, own)| *d = if first { own } else { d.min(own) });
            centres.push(centre);
        }
        let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        let (labels, _) = k_means(&rows, centres, ROUNDS);
        Self::new(distances, &labels.into_iter().map(usize::from).collect::<Vec<_>>())
    }

    /// Clusters by joining the nearest ones (Ward's criterion; Ward, J. Am. Stat. Assoc. 58:236, 1963) until so many are
    /// left.
    pub fn hierarchical(distances: &Distances, clusters: usize) -> Self {
        let count = distances.count();
        let clusters = clusters.clamp(1, MOST.min(count));
        let mut condensed: Vec<f64> = (0..count).flat_map(|i| distances.row(i)[i + 1..].iter().copied()).collect();
        let steps = linkage(&mut condensed, count, Method::Ward);
        // The cluster that each joining made, followed up to the last one that is done.
        let mut parents: Vec<usize> = (0..2 * count).collect();
        for (n, step) in steps.steps().iter().take(count - clusters).enumerate() {
            (parents[step.cluster1], parents[step.cluster2]) = (count + n, count + n);
        }
        let top = |mut i: usize| {
            while parents[i] != i {
                i = parents[i];
            }
            i
        };
        let tops: Vec<usize> = (0..count).map(top).collect();
        let mut names = tops.clone();
        names.sort_unstable();
        names.dedup();
        let labels: Vec<usize> = tops.iter().map(|top| names.binary_search(top).expect("one of them")).collect();
        Self::new(distances, &labels)
    }
}

/// The most clusters.
pub const MOST: usize = 20;

/// The members that lie alone, farthest first: those whose mean distance from their five nearest members is above the
/// upper quartile of the set by more than 1.5 times the range between the quartiles (Tukey's rule).
pub fn outliers(distances: &Distances) -> Vec<usize> {
    const NEAREST: usize = 5;
    let mean = |i: usize| {
        let nearest = distances.nearest(i, NEAREST);
        nearest.iter().map(|j| distances.at(i, *j)).sum::<f64>() / nearest.len().max(1) as f64
    };
    let apart: Vec<f64> = {
        use rayon::prelude::*;
        (0..distances.count()).into_par_iter().map(mean).collect()
    };
    let mut sorted = apart.clone();
    sorted.sort_by(f64::total_cmp);
    let quartile = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let (low, high) = match sorted.is_empty() {
        true => return vec![],
        false => (quartile(0.25), quartile(0.75)),
    };
    let limit = high + 1.5 * (high - low);
    let mut found: Vec<usize> = (0..apart.len()).filter(|i| apart[*i] > limit).collect();
    found.sort_by(|a, b| apart[*b].total_cmp(&apart[*a]).then(a.cmp(b)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::classical_scaling;

    #[test]
    fn heaps_become_clusters_and_a_lonely_member_an_outlier() {
        // Heaps of 20, 12 and 8 members, and one far from all.
        let heap = |i: usize| [(0..20, 0.0), (20..32, 6.0), (32..40, 14.0)].into_iter().find(|(r, _)| r.contains(&i));
        let rows = Array2::from_shape_fn((41, 3), |(i, k)| {
            let chance = ((i * 7919 + k * 104_729) % 1009) as f32 / 1009.0;
            chance + heap(i).map_or(60.0, |(_, at)| if k == 0 { at } else { 0.0 })
        });
        let distances = Distances::between(&rows.view());
        let (embedding, _) = classical_scaling(&distances, 3);
        for clusters in [Clusters::k_means(&distances, &embedding.places, 4), Clusters::hierarchical(&distances, 4)] {
            assert_eq!(clusters.count(), 4);
            let wanted: Vec<usize> =
                (0..41).map(|i| [0..20, 20..32, 32..40].iter().position(|r| r.contains(&i)).unwrap_or(3)).collect();
            assert_eq!(clusters.of, wanted);
            assert!((0..20).contains(&clusters.representatives[0]) && clusters.representatives[3] == 40);
        }
        assert_eq!(outliers(&distances), [40]);
        assert_eq!(Clusters::hierarchical(&distances, 1).count(), 1);
        assert_eq!(Clusters::k_means(&distances, &embedding.places, 99).count(), MOST);
    }
}
