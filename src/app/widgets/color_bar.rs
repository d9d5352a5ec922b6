//! The scale of a map's colours.

use egui::{Align2, Color32, FontId, Mesh, Rect, Sense, Shape, Ui, pos2, vec2};

use crate::figure::significant;

/// A vertical bar of the colours from the least to the largest value, with a few of the values beside it, in the available
/// space.
pub fn color_bar(ui: &mut Ui, title: &str, (low, high): (f64, f64), color: &dyn Fn(f64) -> Color32) {
    /// Pieces of the bar, and values beside it.
    const PIECES: usize = 64;
    const MARKS: usize = 5;
    let (all, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    let name = format!("{title} from {} to {}", significant(low), significant(high));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
    let bar = Rect::from_min_max(all.min + vec2(10.0, 28.0), pos2(all.left() + 24.0, all.bottom() - 14.0));
    let text = ui.visuals().text_color();
    let font = FontId::proportional(11.5);
    ui.painter().text(all.min + vec2(10.0, 4.0), Align2::LEFT_TOP, title, font.clone(), text);
    if !bar.is_positive() {
        return;
    }
    let value = |share: f32| low + (high - low) * f64::from(share);
    let mut mesh = Mesh::default();
    for n in 0..=PIECES {
        let share = n as f32 / PIECES as f32;
        let y = bar.bottom() - share * bar.height();
        mesh.colored_vertex(pos2(bar.left(), y), color(value(share)));
        mesh.colored_vertex(pos2(bar.right(), y), color(value(share)));
        if n > 0 {
            let at = 2 * n as u32;
            mesh.add_triangle(at - 2, at - 1, at);
            mesh.add_triangle(at - 1, at, at + 1);
        }
    }
    ui.painter().add(Shape::mesh(mesh));
    for n in 0..MARKS {
        let share = n as f32 / (MARKS - 1) as f32;
        let at = pos2(bar.right() + 5.0, bar.bottom() - share * bar.height());
        ui.painter().text(at, Align2::LEFT_CENTER, significant(value(share)), font.clone(), text);
    }
}
