//! How a map is looked at.

use crate::embed::Values;
use crate::job::Map;

/// A page of the panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    #[default]
    Make,
    Read,
}

/// What stands below the map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    #[default]
    Explained,
    Stress,
    Members,
    Clusters,
    Notes,
}

/// What colours, sizes or markers stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum By {
    #[default]
    Nothing,
    Column(usize),
    Cluster,
}

/// What happens when the pointer is dragged over the map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hand {
    #[default]
    Move,
    Lasso,
}

/// How a map is looked at.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Look {
    /// Whether the map is shown in three dimensions.
    pub is_3d: bool,
    /// The place of the shown embedding among those of the map.
    pub embedding: usize,
    /// The dimensions along the axes x, y and z.
    pub axes: [usize; 3],
    /// Columns along whose directions the map is shown, instead of dimensions.
    pub along: Option<(usize, usize)>,
    pub color: By,
    pub size: By,
    pub marker: By,
    /// Whether members are shown by their pictures, and the edge of these in points.
    pub pictures: bool,
    pub picture_edge: f32,
    /// Whether the directions of the columns are drawn.
    pub arrows: bool,
    #[serde(skip)]
    pub hand: Hand,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            is_3d: false,
            embedding: 0,
            axes: [0, 1, 2],
            along: None,
            color: By::Nothing,
            size: By::Nothing,
            marker: By::Nothing,
            pictures: true,
            picture_edge: 40.0,
            arrows: true,
            hand: Hand::Move,
        }
    }
}

impl Look {
    /// Puts back what a map has not: columns, dimensions. Where nothing is coloured, its first column is.
    pub fn fit_to(&mut self, map: &Map) {
        let has = |by: By| match by {
            By::Nothing => true,
            By::Column(n) => n < map.columns.len(),
            By::Cluster => map.clusters.is_some(),
        };
        for by in [&mut self.color, &mut self.size, &mut self.marker] {
            if !has(*by) {
                *by = By::Nothing;
            }
        }
        if self.color == By::Nothing && !map.columns.is_empty() {
            self.color = By::Column(0);
        }
        self.choose_embedding(map, self.embedding.min(map.embeddings.len() - 1));
        let is_number = |n: usize| map.columns.get(n).is_some_and(|column| matches!(column.values, Values::Numbers(_)));
        self.along = self.along.filter(|(a, b)| a != b && is_number(*a) && is_number(*b));
        self.picture_edge = if self.picture_edge.is_finite() { self.picture_edge.clamp(12.0, 160.0) } else { 40.0 };
    }

    /// Shows another embedding, along dimensions that it has.
    pub fn choose_embedding(&mut self, map: &Map, embedding: usize) {
        self.embedding = embedding;
        let width = map.embeddings[embedding].embedding.places.ncols();
        for (n, axis) in self.axes.iter_mut().enumerate() {
            if *axis >= width {
                *axis = n.min(width - 1);
            }
        }
        self.is_3d &= width >= 3;
    }
}
