//! The Map workspace: what a whole set of micrographs looks like.

mod atlas;
mod canvas;
mod clusters;
mod drawn;
#[cfg(test)]
mod example;
mod legend;
mod look;
mod make;
mod part;
mod read;
mod state;
mod table;
mod view;

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Context, Key, KeyboardShortcut, Modifiers, Ui};

pub use state::MapSpace;

use super::{Space, SpaceCommand, Status};
use crate::app::command::plain_key;
use crate::app::shared::Shared;
use crate::app::shared::question::PathKind;
use crate::app::shared::watch::{News, OneShot};
use crate::app::theme;
use crate::folders::has_ending;
use crate::job::{AddToMap, Ending, Map, MapSource, Progress, write_map};
use crate::project::Project;
use atlas::AtlasImage;
use look::{By, Page};
use state::{EXPORT, NAME, Set};

/// The ids of its commands.
const MAKE: &str = "make";
const STOP: &str = "stop";
const FOLDER: &str = "folder";
const ALL: &str = "all";
const NONE: &str = "none";
const NEIGHBOURS: &str = "neighbours";

impl Space for MapSpace {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self) -> &'static str {
        "Map a whole set of micrographs: what looks alike lies near each other."
    }

    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared) {
        ui.add_space(theme::STEP);
        ui.horizontal(|ui| {
            for (page, name, tip) in [
                (Page::Make, "Make", "Choose a set, distances and an embedding, and make the map."),
                (Page::Read, "Read", "Choose what the map shows, and use the selection."),
            ] {
                ui.selectable_value(&mut self.page, page, name).on_hover_text(tip);
            }
        });
        ui.separator();
        ui.push_id(self.page as usize, |ui| match self.page {
            Page::Make => make::make_page(self, shared, ui),
            Page::Read => read::read_page(self, shared, ui),
        });
    }

    fn view(&mut self, ui: &mut Ui, shared: &mut Shared) {
        view::view(self, shared, ui);
    }

    fn poll(&mut self, ctx: &Context, shared: &mut Shared) {
        self.job.take_progress();
        self.adding.take_progress();
        while let Some(news) = self.job.poll(&mut shared.messages) {
            take(self, shared, news, false);
        }
        while let Some(news) = self.adding.poll(&mut shared.messages) {
            take(self, shared, news, true);
        }
        while let Some(news) = self.clustering.poll(&mut shared.messages) {
            if let (News::Output((count, clusters)), Some(map)) = (news, &mut self.map)
                && map.members.len() == count
            {
                Arc::make_mut(map).clusters = Some(clusters);
                self.look.color = By::Cluster;
                self.tab = look::Tab::Clusters;
                shared.changed();
            }
        }
        while let Some(news) = self.painting.poll(&mut shared.messages) {
            if let News::Output(image) = news {
                self.atlas = Some(image.load(ctx));
            }
        }
        if let (Some(map), None, false) = (&self.map, &self.atlas, self.painting.is_running()) {
            /// The longest edge of the texture, where the graphics card allows it.
            const MOST_SIDE: usize = 4096;
            let (map, side) = (map.clone(), ctx.input(|i| i.max_texture_side).min(MOST_SIDE));
            self.painting
                .start_detached(OneShot(Box::new(move || Ok(AtlasImage::of(&map.members, side)))), &shared.wake);
        }
    }

    fn status(&self) -> Option<Status> {
        let progress = if self.job.is_running() { &self.job.progress } else { &self.adding.progress };
        let buttons = vec![("Stop", "End it without a new map; the one before stays.", STOP)];
        let (share, text) = (progress.share(), progress.doing());
        self.is_running().then_some(Status { what: "Map", share, text, memory: None, buttons })
    }

    /// Pictures and folders are the next set, or are added to the map that is shown; a table of values is taken with them.
    fn take_files(&mut self, files: Vec<PathBuf>, shared: &mut Shared) -> Vec<PathBuf> {
        let (tables, files): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|path| has_ending(path, &["csv", "tsv", "txt"]));
        let is_model = |path: &PathBuf| crate::latent::Model::is_model_file(path);
        let (models, files): (Vec<_>, Vec<_>) = files.into_iter().partition(is_model);
        let is_ours = |path: &PathBuf| path.is_dir() || crate::micrograph::is_picture(path);
        let (pictures, others): (Vec<_>, Vec<_>) = files.into_iter().partition(is_ours);
        if self.is_running() {
            shared.messages.warning("A map is being made; stop it, or wait for it, before you choose other files.");
            return others;
        }
        if let Some(table) = tables.into_iter().next() {
            shared.messages.note(format!("The next map takes its values from {}.", table.display()));
            self.wanted.table = Some(table);
            self.page = Page::Make;
        }
        if let Some(model) = models.into_iter().next() {
            (self.wanted.model, self.wanted.kind) = (Some(model), state::Kind::Latent);
        }
        if pictures.is_empty() {
            return others;
        }
        match self.map.clone().filter(|map| map.features.is_some() && self.page == Page::Read) {
            Some(map) => {
                self.adding.start(AddToMap { map, source: MapSource::Files(pictures) }, &shared.wake);
            }
            None => {
                if self.page == Page::Read && self.map.is_some() {
                    let text = "Pictures can be added to a map that was made in this window, not to one from a project. \
                                They are the next set now.";
                    shared.messages.note(text);
                }
                (self.wanted.set, self.wanted.files) = (Set::Files, pictures);
                self.page = Page::Make;
            }
        }
        others
    }

    fn commands(&self, shared: &Shared) -> Vec<SpaceCommand> {
        let no_map = || self.map.is_none().then(|| "There is no map yet.".to_string());
        let command = |id, name, tooltip, key, unavailable| SpaceCommand { id, name, tooltip, key, unavailable };
        let control = |key| Some(KeyboardShortcut::new(Modifiers::COMMAND, key));
        let missing = make::missing(self, shared).map(String::from);
        // On the other page a key must not replace the map that is read.
        let space_key = (self.page == Page::Make).then_some(plain_key(Key::Space));
        let idle = (!self.is_running()).then(|| "No map is being made.".to_string());
        let unselected = || self.selected.is_empty().then(|| "No member is selected.".to_string());
        vec![
            command(MAKE, "Make the map", "Compare all pictures of the set, and map them.", space_key, missing),
            command(STOP, "Stop making the map", "End it; the map before stays.", Some(plain_key(Key::Escape)), idle),
            command(FOLDER, "Choose a folder for the map…", "Choose a folder of micrographs.", None, None),
            command(ALL, "Select all members", "Select every member of the map.", None, no_map()),
            command(NONE, "Select no member", "Clear the selection.", None, no_map()),
            command(
                NEIGHBOURS,
                "Select the nearest neighbours",
                "Add the members that are nearest to the selected ones.",
                Some(plain_key(Key::N)),
                no_map().or_else(unselected),
            ),
            command(
                EXPORT,
                "Export the map",
                "Write coordinates, distances, regressions and the map itself (CSV, NPY, PNG, SVG, HTML) into the export folder.",
                control(Key::E),
                no_map(),
            ),
        ]
    }

    fn perform(&mut self, id: &'static str, _ctx: &Context, shared: &mut Shared) {
        match (id, self.map.clone()) {
            (MAKE, _) => make::start_making(self, shared),
            (STOP, _) => make::stop(self),
            (FOLDER, _) => make::ask_for_pictures(shared, PathKind::Folders),
            (ALL, Some(map)) => self.select(0..map.members.len()),
            (NONE, _) => self.select([]),
            (NEIGHBOURS, Some(map)) => read::select_neighbours(self, &map),
            (EXPORT, Some(map)) => export(shared, map),
            _ => {}
        }
    }

    fn save(&self, project: &mut Project) {
        project.parts.extend(part::of(self).map(|part| (part::NAME.to_string(), part)));
    }

    fn restore(&mut self, project: &mut Project, shared: &mut Shared) {
        self.job.stop();
        self.adding.stop();
        *self = Self::default();
        match project.parts.remove(part::NAME).as_ref().map(part::read) {
            Some(Ok(part::Kept { wanted, look, camera, map })) => {
                (self.wanted, self.look, self.camera) = (wanted, look, camera);
                self.page = Page::Read;
                self.show(map.map(Arc::new));
            }
            Some(Err(reason)) => shared.messages.warning(format!("The project's map was left out: {reason}.")),
            None => {}
        }
    }

    fn would_lose(&self) -> Option<String> {
        self.is_running().then(|| "A map is being made: closing the window ends that without a map.".into())
    }
}

/// Takes a map that was made, or one that members were added to, or the end of the work.
fn take(space: &mut MapSpace, shared: &mut Shared, news: News<Arc<Map>>, is_larger: bool) {
    match news {
        News::Output(map) => {
            let new = map.members.len() - map.added..map.members.len();
            let left_out = map.notes.len();
            if !is_larger {
                (space.camera, space.look.along) = (state::Camera::default(), None);
                let first = map.embeddings.iter().position(|each| each.embedding.places.ncols() >= 2);
                let widest = map.embeddings.len() - 1;
                space.look.embedding = if space.wanted.scaling.keeps_distances() { widest } else { first.unwrap_or(0) };
                space.look.axes = [0, 1, 2];
            }
            let before = space.map.as_ref().map_or(0, |old| old.members.len());
            let names = |map: &Map| map.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
            if space.map.as_ref().is_none_or(|old| names(old) != names(&map)) {
                let look = &mut space.look;
                (look.color, look.size, look.marker) = (By::Nothing, By::Nothing, By::Nothing);
            }
            space.show(Some(map.clone()));
            space.page = Page::Read;
            shared.changed();
            if is_larger {
                // What was added, and what is nearest to it.
                space.select(before..new.end);
                space.tab = look::Tab::Members;
                read::select_neighbours(space, &map);
                let text = format!("{} added; they are selected with their nearest neighbours.", new.end - before);
                shared.messages.note(text);
            } else if left_out > 0 {
                let notes = if left_out == 1 { "One note".to_string() } else { format!("{left_out} notes") };
                shared.messages.warning(format!("{notes} on what was left out or not found: see Notes."));
            } else {
                shared.messages.note(format!("The map of {} members is done.", map.members.len()));
            }
        }
        News::Ended(Ending::Kept | Ending::Cancelled) => shared.messages.note("The map was stopped."),
        News::Ended(Ending::Finished | Ending::Failed(_)) => {}
    }
}

fn export(shared: &mut Shared, map: Arc<Map>) {
    shared.write(shared.export.path("map"), move |folder| {
        std::fs::create_dir_all(folder).map_err(|error| format!("{} could not be made: {error}.", folder.display()))?;
        write_map(folder, &map).map(|_| ())
    });
}
