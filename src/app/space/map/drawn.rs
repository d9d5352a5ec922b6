//! What is drawn of a map: places, colours, sizes and markers, worked out when the map or its look change.

use std::sync::Arc;

use egui::Color32;
use ndarray::Array1;

use super::atlas::MARKERS;
use super::look::{By, Look};
use crate::app::theme;
use crate::embed::{Values, categories, range};
use crate::job::{Map, period_of};

/// What is drawn of a map.
pub struct Drawn {
    map: Arc<Map>,
    look: Look,
    dark: bool,
    /// Where each member is: within −1 … 1 along the longest axis, 0 in the middle.
    pub places: Vec<[f32; 3]>,
    /// How far the places reach along each axis.
    pub reach: [f32; 3],
    /// The colour of each member.
    pub colors: Vec<Color32>,
    /// The size of each member, from 0.6 to 1.8.
    pub sizes: Vec<f32>,
    /// The marker of each member.
    pub markers: Vec<usize>,
    /// The axes' names.
    pub axes: [String; 3],
    /// The directions of columns: name, end of the arrow.
    pub arrows: Vec<(String, [f32; 3])>,
    /// What the colours stand for.
    pub legend: Legend,
    /// What the sizes stand for, with the values of the smallest and the largest one.
    pub size_legend: Option<(String, f64, f64)>,
    /// What the markers stand for.
    pub marker_legend: Option<(String, Vec<String>)>,
}

/// What the colours stand for.
pub enum Legend {
    Nothing,
    /// The smallest and the largest value of a column.
    Numbers {
        name: String,
        low: f64,
        high: f64,
    },
    /// A column that comes back after a period.
    Periodic {
        name: String,
        period: f64,
    },
    /// Words with their colours; all further words share the last one.
    Words {
        name: String,
        words: Vec<(String, Color32)>,
    },
}

/// The most words that have a colour of their own.
const MOST_WORDS: usize = 20;

/// The values that something stands for.
enum Meaning {
    Numbers(String, Vec<Option<f64>>),
    /// Names of the words, and the number of each member's word.
    Words(String, Vec<String>, Vec<Option<usize>>),
}

impl Drawn {
    /// Of a map.
    pub fn of(map: &Arc<Map>, look: &Look, dark: bool) -> Self {
        let (places, axes, arrows) = places(map, look);
        let (colors, legend) = colors(map, look.color, dark);
        let (sizes, size_legend) = sizes(map, look.size);
        let (markers, marker_legend) = markers(map, look.marker);
        let reach = [0, 1, 2].map(|n| places.iter().map(|place| place[n].abs()).fold(0.0, f32::max));
        let (map, look) = (map.clone(), look.clone());
        Self {
            reach,
            map,
            look,
            dark,
            places,
            colors,
            sizes,
            markers,
            axes,
            arrows,
            legend,
            size_legend,
            marker_legend,
        }
    }

    /// Whether it is that of a map and a look.
    pub fn is_of(&self, map: &Arc<Map>, look: &Look, dark: bool) -> bool {
        // How the hand moves the map, and how large pictures are, changes nothing here.
        let same = |own: &Look| Look {
            hand: look.hand,
            picture_edge: look.picture_edge,
            pictures: look.pictures,
            arrows: look.arrows,
            ..own.clone()
        };
        Arc::ptr_eq(&self.map, map) && self.dark == dark && same(&self.look) == *look
    }
}

type Arrows = Vec<(String, [f32; 3])>;

/// Places, names of the axes, and arrows.
fn places(map: &Map, look: &Look) -> (Vec<[f32; 3]>, [String; 3], Arrows) {
    let each = &map.embeddings[look.embedding];
    let places = &each.embedding.places;
    let width = places.ncols();
    let unit = |k: usize| Array1::from_shape_fn(width, |own| f64::from(own == k));
    let gradient = |column: usize| {
        let found = each.explained.iter().find(|explained| explained.column == column)?;
        let gradient = Array1::from_vec(found.fit.as_ref()?.gradient.clone());
        let length = gradient.dot(&gradient).sqrt();
        (length > 0.0).then(|| gradient / length)
    };
    let name = |k: usize| format!("x{}", k + 1);
    let zero = || Array1::zeros(width);
    // Directions of the axes; they are at right angles to each other, so that distances are not distorted.
    let by_columns = look.along.filter(|_| width >= 2).and_then(|(a, b)| {
        let (first, other) = (gradient(a)?, gradient(b)?);
        let rest = &other - &(&first * first.dot(&other));
        let length = rest.dot(&rest).sqrt();
        // Two columns along one direction span no plane.
        (length > 1e-6).then(|| {
            let names =
                [map.columns[a].name.clone(), format!("{}, apart from {}", map.columns[b].name, map.columns[a].name)];
            (first, rest / length, names)
        })
    });
    let (directions, axes) = match by_columns {
        Some((first, second, [x, y])) => {
            // The third axis is the dimension that the two show the least of.
            let left = |k: usize| 1.0 - first[k] * first[k] - second[k] * second[k];
            let third = (0..width).max_by(|a, b| left(*a).total_cmp(&left(*b))).filter(|_| width >= 3);
            let third = third.map_or_else(zero, |k| {
                let rest = unit(k) - &first * first[k] - &second * second[k];
                let length = rest.dot(&rest).sqrt().max(f64::MIN_POSITIVE);
                rest / length
            });
            ([first, second, third], [x, y, "the rest".into()])
        }
        None => {
            let direction = |n: usize| if n < width { unit(look.axes[n]) } else { zero() };
            ([direction(0), direction(1), direction(2)], look.axes.map(name))
        }
    };
    let along = |n: usize| places.dot(&directions[n]);
    let columns = [along(0), along(1), along(2)];
    let ranges = [0, 1, 2].map(|n| range(columns[n].iter().copied()));
    // In two dimensions the third one must not shrink the map.
    let shown = if look.is_3d { 3 } else { 2 };
    let half = ranges[..shown].iter().map(|(low, high)| 0.5 * (high - low)).fold(f64::MIN_POSITIVE, f64::max);
    let middle = ranges.map(|(low, high)| 0.5 * (low + high));
    let place = |i: usize| [0, 1, 2].map(|n| ((columns[n][i] - middle[n]) / half) as f32);
    let all = (0..places.nrows()).map(place).collect();
    let arrow = |explained: &crate::job::Explained| {
        let fit = explained.fit.as_ref()?;
        let direction = gradient(explained.column)?;
        // As long as the column is explained.
        let length = fit.r2.max(0.0).sqrt();
        let end = [0, 1, 2].map(|n| (length * direction.dot(&directions[n])) as f32);
        Some((format!("{}, R² {:.2}", map.columns[explained.column].name, fit.r2), end))
    };
    let arrows = each.explained.iter().filter_map(arrow).collect();
    (all, axes, arrows)
}

fn meaning(map: &Map, by: By) -> Option<Meaning> {
    match by {
        By::Nothing => None,
        By::Column(n) => {
            let column = map.columns.get(n)?;
            Some(match &column.values {
                Values::Numbers(values) => Meaning::Numbers(column.name.clone(), values.clone()),
                Values::Words(words) => {
                    let (names, of) = categories(words);
                    Meaning::Words(column.name.clone(), names, of)
                }
            })
        }
        By::Cluster => {
            let clusters = map.clusters.as_ref()?;
            let names = (1..=clusters.count()).map(|n| n.to_string()).collect();
            Some(Meaning::Words("Cluster".into(), names, clusters.of.iter().map(|n| Some(*n)).collect()))
        }
    }
}

fn colors(map: &Map, by: By, dark: bool) -> (Vec<Color32>, Legend) {
    let missing = theme::missing(dark);
    let count = map.members.len();
    match meaning(map, by) {
        None => (vec![theme::plain(dark); count], Legend::Nothing),
        Some(Meaning::Numbers(name, values)) => match period_of(&name, &map.request.periods) {
            Some(period) => {
                let color = |v: &Option<f64>| v.map_or(missing, |v| theme::wheel(v / period));
                (values.iter().map(color).collect(), Legend::Periodic { name, period })
            }
            None => {
                let (low, high) = range(values.iter().flatten().copied());
                let share = |v: f64| if high > low { (v - low) / (high - low) } else { 0.5 };
                let color = |v: &Option<f64>| v.map_or(missing, |v| theme::scale(share(v)));
                (values.iter().map(color).collect(), Legend::Numbers { name, low, high })
            }
        },
        Some(Meaning::Words(name, names, of)) => {
            let color = |n: usize| if n < MOST_WORDS { theme::category(n) } else { missing };
            let colors = of.iter().map(|n| n.map_or(missing, color)).collect();
            let left = names.len().saturating_sub(MOST_WORDS);
            let named = names.into_iter().take(MOST_WORDS).enumerate();
            let mut words: Vec<(String, Color32)> = named.map(|(n, word)| (word, color(n))).collect();
            if left > 0 {
                words.push((format!("{left} more"), missing));
            }
            (colors, Legend::Words { name, words })
        }
    }
}

/// The smallest and the largest size of a member, and that without a meaning.
const SIZES: (f32, f32) = (0.6, 1.8);
const PLAIN: f32 = 1.0;

fn sizes(map: &Map, by: By) -> (Vec<f32>, Option<(String, f64, f64)>) {
    match meaning(map, by) {
        Some(Meaning::Numbers(name, values)) => {
            let (low, high) = range(values.iter().flatten().copied());
            let share = |v: f64| if high > low { ((v - low) / (high - low)) as f32 } else { 0.5 };
            let size = |v: &Option<f64>| v.map_or(SIZES.0, |v| SIZES.0 + (SIZES.1 - SIZES.0) * share(v));
            (values.iter().map(size).collect(), Some((name, low, high)))
        }
        _ => (vec![PLAIN; map.members.len()], None),
    }
}

fn markers(map: &Map, by: By) -> (Vec<usize>, Option<(String, Vec<String>)>) {
    match meaning(map, by) {
        Some(Meaning::Words(name, names, of)) => {
            // The last one is for members without a word.
            let marker = |n: &Option<usize>| n.map_or(MARKERS - 1, |n| n % (MARKERS - 1));
            (of.iter().map(marker).collect(), Some((name, names)))
        }
        _ => (vec![0; map.members.len()], None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::space::map::example::example;

    #[test]
    fn a_map_is_centred_and_columns_give_colours_sizes_and_markers() {
        let map = example();
        let mut look = Look { color: By::Column(0), size: By::Column(0), marker: By::Column(1), ..Look::default() };
        look.fit_to(&map);
        look.choose_embedding(&map, 1);
        let drawn = Drawn::of(&map, &look, true);
        for n in 0..2 {
            let along = || drawn.places.iter().map(|place| place[n]);
            let (low, high) = (along().fold(2.0, f32::min), along().fold(-2.0, f32::max));
            assert!((low + high).abs() < 1e-5 && high <= 1.0 + 1e-5, "{low} {high}");
        }
        assert!(drawn.is_of(&map, &look, true) && !drawn.is_of(&map, &Look { axes: [1, 0, 2], ..look.clone() }, true));
        assert!(matches!(&drawn.legend, Legend::Numbers { low, high, .. } if *low == 0.0 && *high == 11.0));
        assert_eq!((drawn.colors[0], drawn.colors[11]), (theme::scale(0.0), theme::scale(1.0)));
        // The member without a value.
        assert_eq!(drawn.colors[5], theme::missing(true));
        assert!(drawn.sizes[11] > drawn.sizes[0] && drawn.markers[0] != drawn.markers[1]);
        // The first column lies along the first dimension of the example.
        assert!(drawn.arrows[0].1[0].abs() > 0.9, "{:?}", drawn.arrows);
        // Along two columns, the first one gives the horizontal axis.
        look.along = Some((0, 2));
        let along = Drawn::of(&map, &look, true);
        assert!(along.arrows[0].1[0] > 0.9 && along.arrows[0].1[1].abs() < 1e-5, "{:?}", along.arrows);
        assert_eq!(along.axes[0], "step");
    }
}
