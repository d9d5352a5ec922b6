//! The page that reads a map: what is shown, and the selection with where it can be sent.

use egui::{DragValue, RichText, ScrollArea, Slider, Ui};

use super::look::{By, Look, Page};
use super::make;
use super::state::{Counts, MapSpace};
use crate::app::shared::Shared;
use crate::app::shared::send::{Sent, send, send_to_learn};
use crate::app::theme;
use crate::app::widgets::{choice, heading, value};
use crate::embed::Values;
use crate::figure::thousands;
use crate::job::{Map, Member};

/// The page.
pub fn read_page(space: &mut MapSpace, shared: &mut Shared, ui: &mut Ui) {
    let Some(map) = space.map.clone() else {
        ui.add(egui::Label::new("There is no map yet.").wrap());
        if ui.button("Make one").on_hover_text("Go to the page that makes a map.").clicked() {
            space.page = Page::Make;
        }
        return;
    };
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        view_rows(&mut space.look, &map, ui);
        mark_rows(&mut space.look, &map, ui);
        selection_rows(space, shared, &map, ui);
    });
}

fn view_rows(look: &mut Look, map: &Map, ui: &mut Ui) {
    heading(ui, "View");
    let widths: Vec<usize> = map.embeddings.iter().map(|each| each.embedding.places.ncols()).collect();
    let names: Vec<String> = map
        .embeddings
        .iter()
        .map(|each| format!("{}, stress {:.3}", each.embedding.places.ncols(), each.embedding.stress))
        .collect();
    let options: Vec<(usize, &str)> = names.iter().map(String::as_str).enumerate().collect();
    let mut embedding = look.embedding;
    let first = widths.iter().position(|width| *width >= 2).unwrap_or(0);
    let tip = "The embedding that is shown, by its number of dimensions D*.";
    choice(ui, "Dimensions", tip, &mut embedding, &first, &options);
    if embedding != look.embedding {
        look.choose_embedding(map, embedding);
    }
    let numbers: Vec<usize> = map.embeddings[look.embedding]
        .explained
        .iter()
        .filter(|explained| explained.fit.is_some())
        .map(|explained| explained.column)
        .collect();
    let mut along = look.along.is_some();
    if numbers.len() >= 2 && widths[look.embedding] >= 2 {
        let tip = "Show the map along the directions of two columns: the plane that shows both best.";
        value(ui, "Along", tip, &mut along, &false, |ui, v| ui.checkbox(v, "two columns"));
        let is_there = |pair: &(usize, usize)| numbers.contains(&pair.0) && numbers.contains(&pair.1);
        look.along = along.then(|| look.along.filter(is_there).unwrap_or((numbers[0], numbers[1])));
    } else {
        look.along = None;
    }
    if let Some((a, b)) = &mut look.along {
        let options: Vec<(usize, &str)> = numbers.iter().map(|n| (*n, map.columns[*n].name.as_str())).collect();
        choice(ui, "To the right", "The column that rises to the right.", a, &numbers[0], &options);
        choice(
            ui,
            "Upwards",
            "The column that rises upwards, as far as the first one does not.",
            b,
            &numbers[1],
            &options,
        );
        return;
    }
    let axes: Vec<String> = (1..=widths[look.embedding]).map(|n| format!("x{n}")).collect();
    let options: Vec<(usize, &str)> = axes.iter().map(String::as_str).enumerate().collect();
    let shown = if look.is_3d { 3 } else { 2.min(options.len()) };
    for (n, name) in ["To the right", "Upwards", "Towards you"].iter().enumerate().take(shown) {
        let tip = "Which of the dimensions lies along this axis.";
        choice(ui, name, tip, &mut look.axes[n], &n.min(options.len() - 1), &options);
    }
}

fn mark_rows(look: &mut Look, map: &Map, ui: &mut Ui) {
    heading(ui, "Marks");
    let mut all = vec![(By::Nothing, "nothing")];
    all.extend(map.columns.iter().enumerate().map(|(n, column)| (By::Column(n), column.name.as_str())));
    if map.clusters.is_some() {
        all.push((By::Cluster, "clusters"));
    }
    let is_number = |by: &By| match by {
        By::Column(n) => matches!(map.columns[*n].values, Values::Numbers(_)),
        By::Cluster => false,
        By::Nothing => true,
    };
    let numbers: Vec<_> = all.iter().copied().filter(|(by, _)| is_number(by)).collect();
    let words: Vec<_> = all.iter().copied().filter(|(by, _)| *by == By::Nothing || !is_number(by)).collect();
    let first = all.get(1).map_or(By::Nothing, |(by, _)| *by);
    choice(ui, "Colour", "What the colours stand for.", &mut look.color, &first, &all);
    choice(
        ui,
        "Size",
        "What the sizes of markers stand for, where no pictures are shown.",
        &mut look.size,
        &By::Nothing,
        &numbers,
    );
    choice(
        ui,
        "Marker",
        "What the shapes of markers stand for, where no pictures are shown.",
        &mut look.marker,
        &By::Nothing,
        &words,
    );
    let tip = "Show members by their pictures, as far as these do not hide each other; all others are markers.";
    value(ui, "Pictures", tip, &mut look.pictures, &true, |ui, v| ui.checkbox(v, "shown"));
    if look.pictures {
        let tip = "The edge of the pictures on the screen.";
        value(ui, "Picture size", tip, &mut look.picture_edge, &Look::default().picture_edge, |ui, v| {
            ui.add(Slider::new(v, 12.0..=160.0).fixed_decimals(0).suffix(" pt"))
        });
    }
    let tip =
        "Draw the direction in which each column rises. An arrow is the longer the better the column is explained.";
    value(ui, "Directions", tip, &mut look.arrows, &true, |ui, v| ui.checkbox(v, "of columns"));
}

fn selection_rows(space: &mut MapSpace, shared: &mut Shared, map: &Map, ui: &mut Ui) {
    heading(ui, "Selection");
    let count = space.selected.len();
    let text = match count {
        0 => "Nothing is selected.".to_string(),
        some => format!("{} of {} members", thousands(some), thousands(map.members.len())),
    };
    ui.label(RichText::new(text).weak()).on_hover_text(
        "Click a member; with Ctrl to add it or take it out. Drag with Shift, or with the lasso, around several.",
    );
    ui.horizontal_wrapped(|ui| {
        let outliers = format!("Outliers ({})", map.outliers.len());
        let tip =
            "Select the members that lie apart from all others (Tukey's rule on the distance from the five nearest).";
        if ui.add_enabled(!map.outliers.is_empty(), egui::Button::new(outliers)).on_hover_text(tip).clicked() {
            space.select(map.outliers.iter().copied());
        }
        if map.added > 0 {
            let tip = "Select the members that were added to the map.";
            if ui.button(format!("Added ({})", map.added)).on_hover_text(tip).clicked() {
                space.select(map.members.len() - map.added..map.members.len());
            }
        }
        let tip = "Select no member.";
        if ui.add_enabled(count > 0, egui::Button::new("None")).on_hover_text(tip).clicked() {
            space.select([]);
        }
    });
    let tip = "Members that are nearest to a selected one, by the distances and not by the map.";
    let mut wants = false;
    value(ui, "Neighbours", tip, &mut space.counts.neighbours, &Counts::default().neighbours, |ui, v| {
        ui.horizontal(|ui| {
            let field = ui.add(DragValue::new(v).range(1..=100));
            let button = ui.add_enabled(count > 0, egui::Button::new("Select"));
            wants = button.on_hover_text(tip).on_disabled_hover_text("Select a member first.").clicked();
            field
        })
        .inner
    });
    if wants {
        select_neighbours(space, map);
    }
    ui.add_space(0.5 * theme::STEP);
    ui.label("With the selection");
    ui.horizontal_wrapped(|ui| {
        for (to, name, tip) in [
            (Sent::Latent, "Train a model", "Train a latent model on the selected members, in the Latent workspace."),
            (Sent::Compare, "Compare them", "Compare the selected members with the open micrograph."),
            (Sent::Reconstruct, "Reconstruct it", "Open the selected member, to make micrographs like it."),
            (Sent::Properties, "Their properties", "Compute what the selected members conduct, bear and let through."),
        ] {
            let blocked = to.blocked(count);
            let button = ui.add_enabled(blocked.is_none(), egui::Button::new(name));
            if button.on_hover_text(tip).on_disabled_hover_text(blocked.unwrap_or_default()).clicked() {
                let members = space.selected.iter().map(|member| map.members[*member].clone()).collect();
                // Pictures that were prepared for the map go as they are on it.
                let as_files = map.request.recipe.is_none() && map.request.patches.is_none();
                send(shared, members, as_files, to);
            }
        }
        let has_files = space.selected.iter().any(|member| map.members[*member].path.is_some());
        let tip = "Learn a column of the table from the selected micrographs, in the Learn workspace.";
        let blocked = "Select micrographs that are files.";
        let button = ui.add_enabled(has_files, egui::Button::new("Learn from them"));
        if button.on_hover_text(tip).on_disabled_hover_text(blocked).clicked() {
            let members: Vec<Member> = space.selected.iter().map(|member| map.members[*member].clone()).collect();
            send_to_learn(shared, &members, map.request.table.clone());
        }
    });
    if space.adding.is_running() {
        make::running(space, ui);
    }
}

/// Selects the nearest members of all that are selected, and these.
pub fn select_neighbours(space: &mut MapSpace, map: &Map) {
    let near = space.selected.iter().flat_map(|member| map.distances.nearest(*member, space.counts.neighbours));
    let all: Vec<usize> = near.chain(space.selected.iter().copied()).collect();
    space.select(all);
}
