//! A small map for tests.

use std::sync::Arc;

use ndarray::Array2;

use crate::embed::{Column, Distances, TextureSettings, Values, classical_scaling};
use crate::job::{DistanceKind, MakeMap, Map, MapEmbedding, MapSource, Member, ScalingKind};
use crate::net::WeightsKind;

/// Twelve members on a line with a bend, of two kinds.
pub fn example() -> Arc<Map> {
    let place = |i: usize, k: usize| match k {
        0 => 2.0 * i as f32,
        1 => (i % 2) as f32,
        _ => 0.2 * ((i * 7) % 5) as f32,
    };
    let distances = Distances::between(&Array2::from_shape_fn((12, 3), |(i, k)| place(i, k)).view());
    let step: Vec<Option<f64>> = (0..12).map(|i| (i != 5).then_some(i as f64)).collect();
    let kind = (0..12).map(|i| Some(if i % 2 == 0 { "left" } else { "right" }.to_string())).collect();
    let odd = (0..12).map(|i| Some((i % 2) as f64)).collect();
    let columns = vec![
        Column { name: "step".into(), values: Values::Numbers(step) },
        Column { name: "kind".into(), values: Values::Words(kind) },
        Column { name: "odd".into(), values: Values::Numbers(odd) },
    ];
    let embedding = |width: usize| MapEmbedding::new(classical_scaling(&distances, width).0, &columns, &[], 12);
    let member = |n: usize| Member {
        name: format!("picture {n}"),
        picture: format!("picture {n}"),
        path: None,
        size: (16, 16),
        grey: Arc::new((0..256).map(|p| if (p / (n + 1)).is_multiple_of(2) { 20 } else { 220 }).collect()),
        phases: None,
        pixel_size: None,
    };
    Arc::new(Map {
        request: MakeMap {
            source: MapSource::Marble(12, 16, 1),
            recipe: None,
            patches: None,
            table: None,
            pattern: None,
            periods: vec![],
            kind: DistanceKind::Textures(WeightsKind::BuiltIn, TextureSettings::default()),
            scaling: ScalingKind::Stress,
            dimensions: vec![1, 2, 3],
            device: "cpu".into(),
        },
        members: (0..12).map(member).collect(),
        correlations: vec![0.9, 0.2, 0.2],
        notes: vec!["nothing.txt: it is no picture.".into()],
        features: None,
        embeddings: (1..=3).map(embedding).collect(),
        columns,
        distances: Arc::new(distances),
        outliers: vec![11],
        clusters: None,
        added: 0,
    })
}
