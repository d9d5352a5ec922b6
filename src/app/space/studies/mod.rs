//! The studies: every method side by side, every depth of the network, and micrographs from a saved curve.

mod blocked;
mod curve;
mod depth;
mod methods;
mod name;

use std::path::{Path, PathBuf};

use egui::{Context, Ui};

pub use curve::CurveSpace;
pub use depth::DepthStudySpace;
pub use methods::MethodStudySpace;

use super::{Space, SpaceCommand, Status, document_summary, placeholder};
use crate::app::shared::Shared;
use crate::app::theme;
use crate::project::Project;
use name::NAME;

/// Which study is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shown {
    #[default]
    Methods,
    Depth,
    Curve,
}

/// The state of the workspace.
#[derive(Default)]
pub struct StudiesSpace {
    shown: Shown,
    /// The method study.
    pub methods: MethodStudySpace,
    /// The depth study.
    pub depth: DepthStudySpace,
    /// The reconstruction from a curve.
    pub curve: CurveSpace,
}

impl StudiesSpace {
    fn shown(&mut self) -> &mut dyn Space {
        match self.shown {
            Shown::Methods => &mut self.methods,
            Shown::Depth => &mut self.depth,
            Shown::Curve => &mut self.curve,
        }
    }

    fn all(&self) -> [&dyn Space; 3] {
        [&self.methods, &self.depth, &self.curve]
    }
}

impl Space for StudiesSpace {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self) -> &'static str {
        "Reconstruct by several methods, or at every depth of the network, and see what each is good for."
    }

    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared) {
        ui.add_space(theme::STEP);
        ui.horizontal(|ui| {
            let all = [
                (Shown::Methods, "Method study", "Reconstruct the micrograph by several methods, side by side."),
                (Shown::Depth, "Depth study", "Reconstruct the micrograph at every depth of the network."),
                (Shown::Curve, "From a curve", "Reconstruct from a saved S2, without a micrograph."),
            ];
            for (study, name, tip) in all {
                ui.selectable_value(&mut self.shown, study, name).on_hover_text(tip);
            }
        });
        self.shown().panel(ui, shared);
    }

    fn view(&mut self, ui: &mut Ui, shared: &mut Shared) {
        self.shown().view(ui, shared);
    }

    fn poll(&mut self, ctx: &Context, shared: &mut Shared) {
        self.methods.poll(ctx, shared);
        self.depth.poll(ctx, shared);
        self.curve.poll(ctx, shared);
    }

    fn status(&self) -> Option<Status> {
        self.all().into_iter().find_map(|study| study.status())
    }

    fn own_files(&self) -> Option<fn(&Path) -> bool> {
        self.curve.own_files()
    }

    fn open(&mut self, path: PathBuf, shared: &mut Shared) {
        self.shown = Shown::Curve;
        self.curve.open(path, shared);
    }

    fn commands(&self, shared: &Shared) -> Vec<SpaceCommand> {
        match self.shown {
            Shown::Methods => self.methods.commands(shared),
            Shown::Depth => self.depth.commands(shared),
            Shown::Curve => self.curve.commands(shared),
        }
    }

    fn perform(&mut self, id: &'static str, ctx: &Context, shared: &mut Shared) {
        self.shown().perform(id, ctx, shared);
    }

    fn save(&self, project: &mut Project) {
        self.all().into_iter().for_each(|study| study.save(project));
    }

    fn restore(&mut self, project: &mut Project, shared: &mut Shared) {
        self.methods.restore(project, shared);
        self.depth.restore(project, shared);
        self.curve.restore(project, shared);
    }

    fn would_lose(&self) -> Option<String> {
        self.all().into_iter().find_map(|study| study.would_lose())
    }
}
