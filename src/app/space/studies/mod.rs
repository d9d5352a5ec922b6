//! The studies: every method side by side, and every depth of the network.

mod blocked;
mod depth;
mod methods;

use egui::{Context, Ui};

pub use depth::DepthStudySpace;
pub use methods::MethodStudySpace;

use super::{Space, SpaceCommand, Status, document_summary, placeholder};
use crate::app::shared::Shared;
use crate::app::theme;
use crate::project::Project;

/// Which study is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shown {
    #[default]
    Methods,
    Depth,
}

/// The state of the workspace.
#[derive(Default)]
pub struct StudiesSpace {
    shown: Shown,
    /// The method study.
    pub methods: MethodStudySpace,
    /// The depth study.
    pub depth: DepthStudySpace,
}

impl StudiesSpace {
    fn shown(&mut self) -> &mut dyn Space {
        match self.shown {
            Shown::Methods => &mut self.methods,
            Shown::Depth => &mut self.depth,
        }
    }

    fn both(&self) -> [&dyn Space; 2] {
        [&self.methods, &self.depth]
    }
}

impl Space for StudiesSpace {
    fn name(&self) -> &'static str {
        "Studies"
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
    }

    fn status(&self) -> Option<Status> {
        self.both().into_iter().find_map(|study| study.status())
    }

    fn commands(&self, shared: &Shared) -> Vec<SpaceCommand> {
        match self.shown {
            Shown::Methods => self.methods.commands(shared),
            Shown::Depth => self.depth.commands(shared),
        }
    }

    fn perform(&mut self, id: &'static str, ctx: &Context, shared: &mut Shared) {
        self.shown().perform(id, ctx, shared);
    }

    fn save(&self, project: &mut Project) {
        self.both().into_iter().for_each(|study| study.save(project));
    }

    fn restore(&mut self, project: &mut Project, shared: &mut Shared) {
        self.methods.restore(project, shared);
        self.depth.restore(project, shared);
    }

    fn would_lose(&self) -> Option<String> {
        self.both().into_iter().find_map(|study| study.would_lose())
    }
}
