//! Clusters: how they are found, and their representatives.

use std::sync::Arc;

use egui::{DragValue, RichText, ScrollArea, Sense, Ui, vec2};

use super::state::MapSpace;
use crate::app::shared::Shared;
use crate::app::shared::watch::OneShot;
use crate::app::theme;
use crate::embed::{Clusters, MOST_CLUSTERS};
use crate::job::{ClusterKind, Map};

/// The edge of a representative's picture, in points.
const EDGE: f32 = 72.0;

/// How clusters are found, and their representatives.
pub fn clusters(space: &mut MapSpace, shared: &Shared, map: &Arc<Map>, ui: &mut Ui) {
    ui.horizontal_wrapped(|ui| {
        let kind = &mut space.cluster_kind;
        ui.selectable_value(kind, ClusterKind::KMeans, "k-means")
            .on_hover_text("k-means of the places in the most dimensions.");
        ui.selectable_value(kind, ClusterKind::Hierarchical, "Hierarchical (Ward)")
            .on_hover_text("Join the nearest clusters, by the distances.");
        ui.add_space(theme::STEP);
        let name = ui.label("Number");
        let field = ui.add(DragValue::new(&mut space.counts.clusters).range(2..=MOST_CLUSTERS));
        field.labelled_by(name.id).on_hover_text("How many clusters are found.");
        let button = ui.add_enabled(!space.clustering.is_running(), egui::Button::new("Find clusters"));
        if button.on_hover_text("Group members that look alike, and colour the map by their groups.").clicked() {
            start(space, shared, map);
        }
    });
    ui.add_space(0.5 * theme::STEP);
    representatives(space, map, ui);
}

fn start(space: &mut MapSpace, shared: &Shared, map: &Arc<Map>) {
    let (kind, count, map) = (space.cluster_kind, space.counts.clusters, map.clone());
    let work = move || -> Result<(usize, Clusters), String> {
        let mut own = (*map).clone();
        own.find_clusters(kind, count);
        let found = own.clusters.ok_or("There are no clusters.")?;
        Ok((map.members.len(), found))
    };
    space.clustering.start_detached(OneShot(Box::new(work)), &shared.wake);
}

/// The representative of each cluster; a click selects the cluster.
fn representatives(space: &mut MapSpace, map: &Map, ui: &mut Ui) {
    let (Some(clusters), Some(atlas)) = (&map.clusters, &space.atlas) else { return };
    let mut wanted = None;
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            for (n, member) in clusters.representatives.iter().enumerate() {
                let size = clusters.of.iter().filter(|own| **own == n).count();
                ui.vertical(|ui| {
                    ui.set_max_width(EDGE + 20.0);
                    let (place, response) = ui.allocate_exact_size(vec2(EDGE, EDGE), Sense::click());
                    let (uv, share) = atlas.thumbnails[*member];
                    let picture = egui::Rect::from_center_size(place.center(), share * EDGE);
                    ui.painter().image(atlas.texture.id(), picture, uv, egui::Color32::WHITE);
                    let label = format!("Select cluster {}", n + 1);
                    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
                    let name = &map.members[*member].name;
                    let tip = format!("{name}, the most central member. Click to select the cluster.");
                    if response.on_hover_text(tip).clicked() {
                        wanted = Some(n);
                    }
                    ui.label(RichText::new(format!("Cluster {}", n + 1)).strong());
                    ui.label(RichText::new(format!("{size} members")).weak().small());
                });
            }
        });
    });
    if let Some(n) = wanted {
        let inside: Vec<usize> = (0..map.members.len()).filter(|i| clusters.of[*i] == n).collect();
        space.select(inside);
    }
}
