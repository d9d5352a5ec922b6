//! The mouse tools in the pictures of the Micrograph workspace.

use std::sync::Arc;

use egui::{Color32, CursorIcon, Rect, Response, Stroke as Line, StrokeKind, Ui};

use super::state::{MicrographSpace, Tool};
use crate::app::shared::Shared;
use crate::app::theme;
use crate::app::widgets::Place;
use crate::micrograph::{Correction, Lesson, MOST_PHASES, PixelSize, Prepare, Segmentation, Stroke, UNITS};

/// The least distance between two points of a stroke, in pixels.
const NEAR: f32 = 0.4;

/// Applies the chosen tool to a picture.
pub fn use_tool(space: &mut MicrographSpace, shared: &mut Shared, ui: &Ui, response: &Response, place: Place) {
    let tool = space.tool;
    if tool == Tool::Pan {
        return;
    }
    let pointer = response.interact_pointer_pos().or(response.hover_pos());
    let Some(at) = pointer.map(|p| place.pixel(p)) else { return };
    if response.hovered() {
        ui.set_cursor_icon(CursorIcon::Crosshair);
    }
    match tool {
        Tool::Teach if space.removes => remove_stroke(shared, response, at, place.zoom),
        tool if tool.paints() => paint(space, shared, response, ui.input(|i| i.pointer.primary_down()), at),
        Tool::LeaveOut => leave_out(space, shared, response, at),
        Tool::Bucket if response.clicked() => fill(space, shared, at),
        Tool::Crop | Tool::Scale | Tool::Profile => {
            // Where the button was pressed: the drag is recognised only after some movement.
            let origin = ui.input(|i| i.pointer.press_origin()).map_or(at, |p| place.pixel(p));
            draw_line(space, shared, response, origin, at);
        }
        _ => {}
    }
}

fn paint(space: &mut MicrographSpace, shared: &mut Shared, response: &Response, primary_down: bool, at: [f32; 2]) {
    let phases = shared.document.as_ref().and_then(|d| d.phases()).map_or(2, |m| m.phases);
    let held = response.is_pointer_button_down_on() && primary_down;
    if held {
        let far = space.stroke.last().is_none_or(|[y, x]| (y - at[0]).hypot(x - at[1]) >= NEAR);
        if far && space.stroke.len() < 100_000 {
            space.stroke.push(at);
        }
    }
    if !held && !space.stroke.is_empty() {
        let points = Arc::new(std::mem::take(&mut space.stroke));
        // A stroke can add one phase; a choice made for another picture may be beyond that.
        let most = match (&shared.settings.recipe.segmentation, space.tool) {
            (Segmentation::Strokes(lesson), Tool::Teach) => lesson.phases().max(phases),
            _ => phases,
        };
        let stroke = Stroke { phase: space.painted_phase.min(most).min(MOST_PHASES - 1), radius: space.radius, points };
        space.waiting.push(stroke.clone());
        keep_stroke(space, shared, stroke);
    }
}

/// How far from a stroke a click still takes it, in points on the screen.
const GRIP: f32 = 8.0;

/// Removes the stroke of the classifier that is clicked.
fn remove_stroke(shared: &mut Shared, response: &Response, at: [f32; 2], zoom: f32) {
    let Segmentation::Strokes(lesson) = &mut shared.settings.recipe.segmentation else { return };
    if !response.clicked() {
        return;
    }
    // The one drawn last lies on top.
    let near = |stroke: &Stroke| distance(stroke, at) * zoom <= GRIP;
    if let Some(n) = lesson.strokes.iter().rposition(near) {
        lesson.strokes.remove(n);
    }
}

/// How far a point is from the middle of a stroke, in pixels.
fn distance(stroke: &Stroke, [y, x]: [f32; 2]) -> f32 {
    let to_segment = |[ay, ax]: [f32; 2], [by, bx]: [f32; 2]| {
        let (dy, dx) = (by - ay, bx - ax);
        let along = ((y - ay) * dy + (x - ax) * dx) / (dy * dy + dx * dx).max(f32::MIN_POSITIVE);
        let along = along.clamp(0.0, 1.0);
        (y - ay - along * dy).hypot(x - ax - along * dx)
    };
    let points = &stroke.points;
    let ends = points.first().map_or(f32::INFINITY, |p| to_segment(*p, *p));
    points.windows(2).map(|pair| to_segment(pair[0], pair[1])).fold(ends, f32::min)
}

fn keep_stroke(space: &MicrographSpace, shared: &mut Shared, stroke: Stroke) {
    let recipe = &mut shared.settings.recipe;
    match space.tool {
        Tool::Teach => match &mut recipe.segmentation {
            Segmentation::Strokes(lesson) => lesson.strokes.push(stroke),
            other => *other = Segmentation::Strokes(Lesson { strokes: vec![stroke], ..Lesson::default() }),
        },
        Tool::Erase => recipe.corrections.push(Correction::Erase(stroke)),
        _ => recipe.corrections.push(Correction::Brush(stroke)),
    }
}

/// Leaves out what is drawn around, or the region that is clicked.
fn leave_out(space: &mut MicrographSpace, shared: &mut Shared, response: &Response, at: [f32; 2]) {
    let Some((height, width)) = shared.document.as_ref().map(|d| d.size()) else { return };
    if response.clicked() {
        let [row, column] = at.map(f32::round);
        if row >= 0.0 && column >= 0.0 && row < height as f32 && column < width as f32 {
            let (row, column) = (row as usize, column as usize);
            add_preparation(shared, Prepare::LeaveOutRegion { row, column });
            space.tool = Tool::Pan;
        }
        space.stroke.clear();
    } else if response.dragged_by(egui::PointerButton::Primary) {
        let far = space.stroke.last().is_none_or(|[y, x]| (y - at[0]).hypot(x - at[1]) >= NEAR);
        if far && space.stroke.len() < 100_000 {
            space.stroke.push(at);
        }
    } else if response.drag_stopped() {
        let points = std::mem::take(&mut space.stroke);
        if points.len() > 2 {
            let points = Arc::new(points);
            add_preparation(shared, Prepare::LeaveOutOutline { points });
            space.tool = Tool::Pan;
        }
    }
}

fn fill(space: &MicrographSpace, shared: &mut Shared, [row, column]: [f32; 2]) {
    let Some((height, width)) = shared.document.as_ref().map(|d| d.size()) else { return };
    let (row, column) = (row.round(), column.round());
    if row >= 0.0 && column >= 0.0 && row < height as f32 && column < width as f32 {
        let (row, column) = (row as usize, column as usize);
        let phases = shared.document.as_ref().and_then(|d| d.phases()).map_or(1, |m| m.phases);
        let phase = space.painted_phase.min(phases - 1);
        shared.settings.recipe.corrections.push(Correction::Bucket { phase, row, column });
    }
}

/// A crop's diagonal, a line along a scale bar, or that of a profile.
fn draw_line(space: &mut MicrographSpace, shared: &mut Shared, response: &Response, origin: [f32; 2], at: [f32; 2]) {
    use egui::PointerButton::Primary;
    if response.drag_started_by(Primary) {
        space.drag_start = Some(origin);
        space.line = None;
    }
    let Some(from) = space.drag_start else { return };
    if response.dragged_by(Primary) {
        space.line = Some((from, at));
    }
    if response.drag_stopped_by(Primary) {
        space.drag_start = None;
        if space.tool == Tool::Crop {
            crop(space, shared);
        }
    }
}

/// Crops to the rectangle that was drawn.
fn crop(space: &mut MicrographSpace, shared: &mut Shared) {
    let (Some(([y0, x0], [y1, x1])), Some(document)) = (space.line.take(), &shared.document) else {
        return;
    };
    let (height, width) = document.size();
    let range = |a: f32, b: f32, size: usize| {
        let from = (a.min(b) + 0.5).round().clamp(0.0, size as f32) as usize;
        let to = (a.max(b) + 0.5).round().clamp(0.0, size as f32) as usize;
        (from, to.saturating_sub(from))
    };
    let ((top, height), (left, width)) = (range(y0, y1, height), range(x0, x1, width));
    if height >= 8 && width >= 8 {
        add_preparation(shared, Prepare::Crop { top, left, height, width });
        space.tool = Tool::Pan;
    }
}

/// Adds a step. One that moves pixels removes what was painted by hand, with a message: it would lie at wrong places.
pub fn add_preparation(shared: &mut Shared, step: Prepare) {
    if let Prepare::CutBottom { rows } = step {
        shared.messages.note(format!("The lowest {rows} rows are cut off."));
    }
    let moves = step.moves();
    shared.settings.recipe.prepare.push(step);
    if moves {
        remove_hand_corrections(shared);
    }
}

/// Removes a step. One that moved pixels removes what was painted by hand as well.
pub fn remove_preparation(shared: &mut Shared, n: usize) {
    if shared.settings.recipe.prepare.remove(n).moves() {
        remove_hand_corrections(shared);
    }
}

/// Removes what was painted by hand, since pixels have moved.
fn remove_hand_corrections(shared: &mut Shared) {
    let recipe = &mut shared.settings.recipe;
    let before = recipe.corrections.len();
    recipe.corrections.retain(|c| !c.is_by_hand());
    let mut lost = before != recipe.corrections.len();
    if let (Segmentation::Strokes(lesson), Some(document)) = (&mut recipe.segmentation, &shared.document) {
        lost |= !lesson.strokes.is_empty();
        *lesson = lesson.learnt_from(document.micrograph());
    }
    if lost {
        shared.messages.note("Pixels have moved, so what was painted by hand was removed. Undo brings it back.");
    }
}

/// The length in pixels of the line drawn along a scale bar.
pub fn drawn_length(space: &MicrographSpace) -> Option<f64> {
    let ([y0, x0], [y1, x1]) = space.line?;
    let length = f64::from((y1 - y0).hypot(x1 - x0));
    (space.tool == Tool::Scale && length >= 2.0).then_some(length)
}

/// Sets the pixel size from the line and its length.
pub fn set_scale(space: &mut MicrographSpace, shared: &mut Shared) {
    let Some(pixels) = drawn_length(space) else { return };
    let metres = space.scale_length * UNITS[space.scale_unit].1 / pixels;
    match PixelSize::new(metres, "scale bar, drawn") {
        Some(size) => {
            shared.settings.recipe.pixel_size = Some(size);
            space.line = None;
            space.tool = Tool::Pan;
        }
        None => shared.messages.error("A pixel of a micrograph cannot have this size."),
    }
}

/// Draws strokes, rectangle, line and brush over a picture.
pub fn draw_tools(
    space: &MicrographSpace,
    shared: &Shared,
    ui: &Ui,
    response: &Response,
    place: Place,
    on_micrograph: bool,
) {
    let palette = theme::palette(ui);
    let painter = ui.painter_at(place.pane);
    let phases = shared.document.as_ref().and_then(|d| d.phases()).map_or(2, |m| m.phases).max(space.painted_phase + 1);
    let colors = theme::phases(&shared.settings.recipe, phases.max(MOST_PHASES));
    let color = |phase: usize| match colors.get(phase) {
        // A black stroke on a black phase would be invisible.
        Some(c) if *c == Color32::BLACK => Color32::from_rgb(70, 70, 78),
        Some(c) => *c,
        None => palette.accent,
    };
    let draw = |stroke: &[[f32; 2]], radius: f32, color: Color32| {
        let points: Vec<_> = stroke.iter().map(|p| place.screen(*p)).collect();
        let radius = radius.max(0.5) * place.zoom;
        for point in [points.first(), points.last()].into_iter().flatten() {
            painter.circle_filled(*point, radius, color);
        }
        painter.line(points, Line::new(2.0 * radius, color));
    };
    if on_micrograph
        && space.tool == Tool::Teach
        && let Segmentation::Strokes(lesson) = &shared.settings.recipe.segmentation
    {
        // Thin, so that the picture under them stays visible.
        for stroke in &lesson.strokes {
            let points: Vec<_> = stroke.points.iter().map(|p| place.screen(*p)).collect();
            for point in [points.first(), points.last()].into_iter().flatten() {
                painter.circle_filled(*point, 3.0, color(stroke.phase));
            }
            painter.line(points.clone(), Line::new(6.0, Color32::from_white_alpha(120)));
            painter.line(points, Line::new(3.0, color(stroke.phase)));
        }
    }
    for stroke in &space.waiting {
        draw(&stroke.points, stroke.radius, color(stroke.phase));
    }
    if space.tool == Tool::LeaveOut {
        let points: Vec<_> = space.stroke.iter().map(|p| place.screen(*p)).collect();
        painter.line(points, Line::new(2.0, palette.accent));
    } else if !space.stroke.is_empty() {
        let phase = if space.tool == Tool::Erase { MOST_PHASES } else { space.painted_phase };
        draw(&space.stroke, space.radius, color(phase));
    }
    if let Some((a, b)) = space.line {
        let (a, b) = (place.screen(a), place.screen(b));
        let line = Line::new(2.0, palette.accent);
        if space.tool == Tool::Crop {
            painter.rect_stroke(Rect::from_two_pos(a, b), 0.0, line, StrokeKind::Middle);
        } else {
            painter.line_segment([a, b], line);
        }
    }
    if let (Some(pointer), true) = (response.hover_pos(), space.tool.paints() && !space.removes) {
        let radius = space.radius * place.zoom;
        painter.circle_stroke(pointer, radius, Line::new(2.0, Color32::from_black_alpha(140)));
        painter.circle_stroke(pointer, radius, Line::new(1.0, Color32::WHITE));
    }
}
