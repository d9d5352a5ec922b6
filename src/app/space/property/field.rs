//! Fields as pictures, and how often their values occur.

use std::sync::Arc;

use crate::app::theme;
use crate::app::widgets::Picture;
use crate::figure::{Figure, Series, line_color, significant};
use crate::job::PropertyResults;
use crate::micrograph::PhaseMap;
use crate::property::{FieldMap, Properties};

use super::state::PropertySpace;

/// The most maps whose fields are shown beside each other.
pub const MOST_SHOWN: usize = 3;

/// The names of all fields of the first map that has some.
pub fn names(results: &PropertyResults) -> Vec<String> {
    let first = results.maps.iter().flatten().find(|f| !f.fields.is_empty());
    first.map_or(vec![], |found| found.fields.iter().map(|f| f.name.clone()).collect())
}

/// A field of a map by its name.
pub fn named<'a>(found: &'a Properties, name: &str) -> Option<&'a FieldMap> {
    found.fields.iter().find(|f| f.name == name)
}

/// The maps that have the chosen field, with their numbers.
pub fn shown(space: &PropertySpace) -> Vec<(usize, Arc<Properties>)> {
    let Some(results) = &space.results else { return vec![] };
    let with = results.maps.iter().enumerate().filter_map(|(n, found)| Some((n, found.clone()?)));
    with.filter(|(_, found)| named(found, &space.field).is_some()).take(MOST_SHOWN).collect()
}

/// The range of colours that all shown fields share.
pub fn range(shown: &[(usize, Arc<Properties>)], name: &str) -> (f32, f32) {
    let ranges = shown.iter().filter_map(|(_, found)| named(found, name)).map(|f| f.range);
    ranges.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), (a, b)| (low.min(a), high.max(b)))
}

/// Paints the chosen field of each shown map in colours of one range.
pub fn paint(space: &mut PropertySpace, ctx: &egui::Context, shown: &[(usize, Arc<Properties>)]) {
    if space.fields.len() == shown.len() && space.fields.iter().all(Option::is_some) {
        return;
    }
    space.fields.clear();
    space.histogram = None;
    let (low, high) = range(shown, &space.field);
    for (number, found) in shown {
        let mut slot = None;
        if let Some(field) = named(found, &space.field) {
            let values = field.values.as_slice().unwrap_or(&[]);
            let share = |v: f32| if high > low { f64::from((v - low) / (high - low)) } else { 0.5 };
            Picture::show(&mut slot, ctx, &format!("field {number}"), field.values.dim(), |i| {
                theme::scale(share(values[i]))
            });
        }
        space.fields.push(slot);
    }
}

/// How often values of a field occur in each phase, as shares of all pixels for each step of the range.
pub fn histogram(field: &FieldMap, map: &PhaseMap, names: &[String]) -> Figure {
    const STEPS: usize = 64;
    let (low, high) = field.range;
    let width = f64::from(high - low).max(f64::MIN_POSITIVE) / STEPS as f64;
    let mut counts = vec![[0u32; STEPS]; map.phases];
    for (value, label) in field.values.iter().zip(map.labels.iter()) {
        let at = (f64::from(value - low) / width) as usize;
        if let Some(count) = counts[usize::from(*label)].get_mut(at.min(STEPS - 1)) {
            *count += 1;
        }
    }
    let pixels = map.pixels() as f64;
    let series = counts.iter().enumerate().map(|(phase, counts)| Series {
        name: names.get(phase).cloned().unwrap_or_default(),
        color: line_color(phase),
        points: (0..STEPS)
            .map(|n| (f64::from(low) + (n as f64 + 0.5) * width, 100.0 * f64::from(counts[n]) / pixels))
            .collect(),
    });
    let unit = if field.unit.is_empty() { String::new() } else { format!(" ({})", field.unit) };
    Figure {
        title: format!("Histogram: {}", field.name),
        x_label: format!("{}{unit}", field.name),
        y_label: "pixels (%)".into(),
        series: series.collect(),
        ..Figure::default()
    }
}

/// A sentence on the hot spots of a field: what its highest pixels hold.
pub fn hot_spots(field: &FieldMap) -> String {
    let mut sorted: Vec<f32> = field.values.iter().map(|v| v.abs()).filter(|v| v.is_finite()).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let all: f64 = sorted.iter().map(|v| f64::from(*v)).sum();
    if all <= 0.0 {
        return "The field is 0 everywhere.".into();
    }
    let hot: f64 = sorted.iter().take((sorted.len() / 100).max(1)).map(|v| f64::from(*v)).sum();
    let mean = all / sorted.len() as f64;
    format!(
        "Hot spots: the highest 1 % of the pixels hold {} % of the sum of all sizes. The mean size is {}, the highest {} times the mean.",
        significant(100.0 * hot / all),
        significant(mean),
        significant(f64::from(sorted[0]) / mean)
    )
}
