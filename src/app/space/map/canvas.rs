//! The map itself: pictures or markers at their places, in two or three dimensions, under the pointer.

use egui::epaint::{Mesh, Vertex};
use egui::{Color32, Key, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, Vec2, vec2};

use super::atlas::Atlas;
use super::drawn::Drawn;
use super::look::Hand;
use super::state::{Camera, MapSpace};
use crate::app::theme;
use crate::job::shown_as_pictures;

/// The share of the view that the whole map fills.
const FILLED: f32 = 0.86;
/// The radius of a marker, the width of a frame, and how near to a marker the pointer has to be, in points.
const RADIUS: f32 = 5.0;
const FRAME: f32 = 2.5;
const NEAR: f32 = 9.0;
/// How far from the map the eye of the 3-D view is, in units of the map's half size.
const EYE: f32 = 4.0;
/// The least and the largest zoom.
const ZOOMS: (f32, f32) = (0.2, 400.0);

/// A member on the screen.
#[derive(Clone, Copy)]
struct Spot {
    member: usize,
    at: Pos2,
    /// How near it is, 1 in the middle of the map.
    near: f32,
}

/// How places become points of the screen.
struct Lens {
    middle: Pos2,
    half: f32,
    is_3d: bool,
    sines: [f32; 2],
    cosines: [f32; 2],
    shift: [f32; 2],
}

impl Lens {
    fn new(rect: Rect, camera: &Camera, reach: Option<[f32; 3]>) -> Self {
        let (half, is_3d) = (half(rect, reach) * camera.zoom, reach.is_none());
        let (sines, cosines) = (camera.turn.map(f32::sin), camera.turn.map(f32::cos));
        Self { middle: rect.center(), half, is_3d, sines, cosines, shift: camera.middle }
    }

    /// The point of a place, and how near it is.
    fn point(&self, [x, y, z]: [f32; 3]) -> (Pos2, f32) {
        if !self.is_3d {
            let across = vec2(x - self.shift[0], self.shift[1] - y);
            return (self.middle + across * self.half, 1.0);
        }
        // First about the vertical axis, then about the horizontal one.
        let (turned_x, depth) = (self.cosines[0] * x + self.sines[0] * z, self.cosines[0] * z - self.sines[0] * x);
        let (turned_y, depth) =
            (self.cosines[1] * y - self.sines[1] * depth, self.cosines[1] * depth + self.sines[1] * y);
        let near = EYE / (EYE - depth).max(0.5);
        (self.middle + vec2(turned_x - self.shift[0], self.shift[1] - turned_y) * (self.half * near), near)
    }
}

/// The points of the screen for a unit of the map, so that the whole of it is seen: in 2-D as far as its places reach.
fn half(rect: Rect, reach: Option<[f32; 3]>) -> f32 {
    let [across, up, _] = reach.unwrap_or([1.0; 3]).map(|reach| reach.max(1e-3));
    0.5 * FILLED * (rect.width() / across).min(rect.height() / up)
}

/// How far the places of the flat map reach; none in 3-D, where any of them may come to lie anywhere.
fn reach(space: &MapSpace) -> Option<[f32; 3]> {
    let drawn = space.drawn.as_ref()?;
    (!space.look.is_3d).then_some(drawn.reach)
}

/// Draws the map and follows the pointer. Returns the response of its whole area.
pub fn canvas(space: &mut MapSpace, ui: &mut Ui) -> Response {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
    let label = "Map of the set";
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, label));
    ui.painter().rect_filled(rect, 4.0, theme::palette(ui).canvas);
    move_camera(space, ui, rect, &response);
    let (Some(drawn), Some(atlas)) = (&space.drawn, &space.atlas) else { return response };
    let lens = Lens::new(rect, &space.camera, reach(space));
    let mut spots: Vec<Spot> = drawn
        .places
        .iter()
        .enumerate()
        .map(|(member, place)| {
            let (at, near) = lens.point(*place);
            Spot { member, at, near }
        })
        .collect();
    if space.look.is_3d {
        spots.sort_by(|a, b| a.near.total_cmp(&b.near));
    }
    let shown: Vec<Spot> = spots.iter().copied().filter(|spot| rect.expand(80.0).contains(spot.at)).collect();
    let framed = framed(space, &shown);
    let painter = ui.painter_at(rect);
    let mesh = mesh(space, drawn, atlas, &shown, &framed, ui);
    painter.add(Shape::mesh(mesh));
    draw_axes(&painter, drawn, &lens, rect, space, ui);
    let hovered = response.hover_pos().and_then(|pointer| under(space, &shown, &framed, pointer));
    take_clicks(space, ui, &response, hovered);
    lasso(space, ui, &response, &spots);
    if space.lasso.len() > 1 {
        painter.add(Shape::line(space.lasso.clone(), Stroke::new(1.5, theme::palette(ui).accent)));
    }
    space.hovered = hovered.filter(|_| space.lasso.is_empty());
    response
}

/// Moves, turns and zooms the map by the pointer.
fn move_camera(space: &mut MapSpace, ui: &Ui, rect: Rect, response: &Response) {
    let is_lasso = space.look.hand == Hand::Lasso || ui.input(|i| i.modifiers.shift);
    let half = half(rect, reach(space));
    let camera = &mut space.camera;
    let drag = response.drag_delta();
    let moves = response.dragged_by(egui::PointerButton::Middle) || response.dragged_by(egui::PointerButton::Secondary);
    if moves || response.dragged_by(egui::PointerButton::Primary) && !is_lasso {
        if space.look.is_3d && !moves {
            camera.turn[0] += 0.008 * drag.x;
            camera.turn[1] = (camera.turn[1] + 0.008 * drag.y).clamp(-1.5, 1.5);
        } else {
            camera.middle[0] -= drag.x / (half * camera.zoom);
            camera.middle[1] += drag.y / (half * camera.zoom);
        }
    }
    if response.hovered() {
        let scroll = ui.input(|i| i.smooth_scroll_delta.y);
        let factor = ui.input(|i| i.zoom_delta()) * (0.004 * scroll).exp();
        if factor != 1.0
            && let Some(pointer) = response.hover_pos()
        {
            let before = camera.zoom;
            camera.zoom = (camera.zoom * factor).clamp(ZOOMS.0, ZOOMS.1);
            // What is below the pointer stays there.
            let away = pointer - rect.center();
            let change = 1.0 / before - 1.0 / camera.zoom;
            camera.middle[0] += away.x / half * change;
            camera.middle[1] -= away.y / half * change;
        }
    }
}

/// Which of the members are shown by pictures: those whose pictures do not hide an earlier one.
fn framed(space: &MapSpace, shown: &[Spot]) -> Vec<bool> {
    /// The share of its edge by which pictures may overlap.
    const OVERLAP: f32 = 0.2;
    let mut framed = vec![false; space.map.as_ref().map_or(0, |map| map.members.len())];
    if !space.look.pictures {
        return framed;
    }
    let apart = f64::from((1.0 - OVERLAP) * space.look.picture_edge.max(1.0));
    // Selected members first, then the nearest ones, and at last in the order of the set, so that nothing flickers.
    let mut order: Vec<&Spot> = shown.iter().collect();
    let key = |spot: &Spot| (!space.selected.contains(&spot.member), if space.look.is_3d { -spot.near } else { 0.0 });
    order.sort_by(|a, b| {
        let (a_key, b_key) = (key(a), key(b));
        a_key.0.cmp(&b_key.0).then(a_key.1.total_cmp(&b_key.1)).then(a.member.cmp(&b.member))
    });
    let places: Vec<[f64; 2]> = order.iter().map(|spot| [spot.at.x, spot.at.y].map(f64::from)).collect();
    for (spot, is_shown) in order.into_iter().zip(shown_as_pictures(&places, apart)) {
        framed[spot.member] = is_shown;
    }
    framed
}

/// The rectangle of a member's picture.
fn picture_rect(space: &MapSpace, atlas: &Atlas, spot: &Spot) -> Rect {
    let (_, share) = atlas.thumbnails[spot.member];
    let near = if space.look.is_3d { spot.near } else { 1.0 };
    Rect::from_center_size(spot.at, share * space.look.picture_edge * near)
}

/// All members as one mesh, so that ten thousand cost one call.
fn mesh(space: &MapSpace, drawn: &Drawn, atlas: &Atlas, shown: &[Spot], framed: &[bool], ui: &Ui) -> Mesh {
    let palette = theme::palette(ui);
    let mut mesh = Mesh::with_texture(atlas.texture.id());
    mesh.reserve_vertices(8 * shown.len());
    mesh.reserve_triangles(4 * shown.len());
    let has_selection = !space.selected.is_empty();
    let plain = |spot: &&Spot| !framed[spot.member];
    // Pictures above markers, so that no marker hides a part of a picture.
    for spot in shown.iter().filter(plain).chain(shown.iter().filter(|spot| framed[spot.member])) {
        let is_selected = space.selected.contains(&spot.member);
        let mut color = drawn.colors[spot.member];
        // What is far, and what is not selected, fades.
        let fade = if space.look.is_3d { (0.35 + 0.65 * (spot.near - 0.7) / 0.5).clamp(0.35, 1.0) } else { 1.0 };
        let fade = if has_selection && !is_selected { 0.4 * fade } else { fade };
        color = palette.canvas.lerp_to_gamma(color, fade);
        if framed[spot.member] {
            let picture = picture_rect(space, atlas, spot);
            if is_selected {
                quad(&mut mesh, picture.expand(2.0 * FRAME), atlas.white, palette.accent);
            }
            quad(&mut mesh, picture.expand(FRAME), atlas.white, color);
            let white = palette.canvas.lerp_to_gamma(Color32::WHITE, fade);
            quad(&mut mesh, picture, atlas.thumbnails[spot.member].0, white);
        } else {
            let radius = RADIUS * drawn.sizes[spot.member] * if space.look.is_3d { spot.near } else { 1.0 };
            let sized = |more: f32| Rect::from_center_size(spot.at, Vec2::splat(2.0 * (radius + more)));
            let marker = atlas.markers[drawn.markers[spot.member]];
            if is_selected {
                quad(&mut mesh, sized(3.0), marker, palette.accent);
            }
            quad(&mut mesh, sized(1.0), marker, palette.canvas);
            quad(&mut mesh, sized(0.0), marker, color);
        }
    }
    mesh
}

fn quad(mesh: &mut Mesh, at: Rect, uv: Rect, color: Color32) {
    let first = mesh.vertices.len() as u32;
    let corners =
        [(at.min, uv.min), (at.right_top(), uv.right_top()), (at.max, uv.max), (at.left_bottom(), uv.left_bottom())];
    mesh.vertices.extend(corners.map(|(pos, uv)| Vertex { pos, uv, color }));
    mesh.add_triangle(first, first + 1, first + 2);
    mesh.add_triangle(first, first + 2, first + 3);
}

/// Names of the axes, the axes of the 3-D view, and the directions of columns.
fn draw_axes(painter: &egui::Painter, drawn: &Drawn, lens: &Lens, rect: Rect, space: &MapSpace, ui: &Ui) {
    let palette = theme::palette(ui);
    let font = egui::TextStyle::Small.resolve(ui.style());
    if space.look.is_3d {
        for (n, name) in drawn.axes.iter().enumerate() {
            let end = std::array::from_fn(|k| if k == n { 1.1 } else { 0.0 });
            let ends = [[0.0; 3], end].map(|place| lens.point(place).0);
            painter.line_segment(ends, Stroke::new(1.0, palette.faint));
            painter.text(ends[1], egui::Align2::CENTER_CENTER, name, font.clone(), palette.original);
        }
    } else {
        let below = rect.left_bottom() + vec2(8.0, -6.0);
        let text = format!("→ {}   ↑ {}", drawn.axes[0], drawn.axes[1]);
        painter.text(below, egui::Align2::LEFT_BOTTOM, text, font.clone(), ui.visuals().weak_text_color());
    }
    if !space.look.arrows {
        return;
    }
    let mut named: Vec<Rect> = vec![];
    for (name, end) in &drawn.arrows {
        let length = end[0].hypot(end[1]).hypot(if space.look.is_3d { end[2] } else { 0.0 });
        // What does not change along the map has no direction there.
        if length < 0.15 {
            continue;
        }
        let [from, to] = [[0.0; 3], end.map(|v| 0.9 * v)].map(|place| lens.point(place).0);
        arrow(painter, from, to, palette.warning);
        let galley = painter.layout_no_wrap(name.clone(), font.clone(), palette.original);
        let away = (to - from).normalized() * 14.0;
        let mut place = Rect::from_center_size(to + away, galley.size());
        // The name stays within the view.
        place = place.translate(vec2(
            (rect.left() + 4.0 - place.left()).max(0.0) - (place.right() - rect.right() + 4.0).max(0.0),
            (rect.top() + 4.0 - place.top()).max(0.0) - (place.bottom() - rect.bottom() + 4.0).max(0.0),
        ));
        // Arrows in one direction have their names below each other.
        while let Some(other) = named.iter().find(|other| other.intersects(place.expand(1.0))) {
            place = place.translate(vec2(0.0, other.bottom() + 3.0 - place.top()));
        }
        named.push(place);
        painter.rect_filled(place.expand(2.0), 3.0, palette.canvas.gamma_multiply(0.85));
        painter.galley(place.min, galley, palette.original);
    }
}

/// A line with a small tip, whatever its length.
fn arrow(painter: &egui::Painter, from: Pos2, to: Pos2, color: Color32) {
    const TIP: f32 = 9.0;
    let along = (to - from).normalized();
    let back = to - along * TIP;
    painter.line_segment([from, back], Stroke::new(2.0, color));
    let side = along.rot90() * (0.45 * TIP);
    painter.add(Shape::convex_polygon(vec![to, back + side, back - side], color, Stroke::NONE));
}

/// The member under the pointer: the topmost one whose picture or marker it is on.
fn under(space: &MapSpace, shown: &[Spot], framed: &[bool], pointer: Pos2) -> Option<usize> {
    let atlas = space.atlas.as_ref()?;
    let on_picture = shown.iter().rev().filter(|spot| framed[spot.member]);
    let picture = on_picture.into_iter().find(|spot| picture_rect(space, atlas, spot).expand(FRAME).contains(pointer));
    let nearest = || {
        let near = shown.iter().filter(|spot| !framed[spot.member] && spot.at.distance(pointer) < NEAR);
        near.min_by(|a, b| a.at.distance(pointer).total_cmp(&b.at.distance(pointer)))
    };
    picture.or_else(nearest).map(|spot| spot.member)
}

/// A click selects a member; with Ctrl it is added or taken out. A click beside all members selects none, a double click
/// shows the whole map.
fn take_clicks(space: &mut MapSpace, ui: &Ui, response: &Response, hovered: Option<usize>) {
    if response.double_clicked() && hovered.is_none() {
        space.camera = Camera { turn: space.camera.turn, ..Camera::default() };
    } else if response.clicked() {
        let adds = ui.input(|i| i.modifiers.command);
        match hovered {
            Some(member) if adds && space.selected.contains(&member) => drop(space.selected.remove(&member)),
            Some(member) if adds => drop(space.selected.insert(member)),
            Some(member) => space.select([member]),
            None if !adds => space.selected.clear(),
            None => {}
        }
    }
    if ui.input(|i| i.key_pressed(Key::Escape)) && !space.lasso.is_empty() {
        space.lasso.clear();
    }
}

/// Members within the way of the pointer are selected when it is released.
fn lasso(space: &mut MapSpace, ui: &Ui, response: &Response, spots: &[Spot]) {
    /// The way grows by so many points at a time.
    const STEP: f32 = 3.0;
    let wants = space.look.hand == Hand::Lasso || ui.input(|i| i.modifiers.shift);
    if response.drag_started_by(egui::PointerButton::Primary) && wants {
        space.lasso = ui.input(|i| i.pointer.press_origin()).into_iter().collect();
    }
    if !space.lasso.is_empty()
        && response.dragged_by(egui::PointerButton::Primary)
        && let Some(pointer) = response.interact_pointer_pos()
        && space.lasso.last().is_none_or(|last| last.distance(pointer) > STEP)
    {
        space.lasso.push(pointer);
    }
    if !space.lasso.is_empty() && response.drag_stopped() {
        let way = std::mem::take(&mut space.lasso);
        let inside = spots.iter().filter(|spot| is_inside(&way, spot.at)).map(|spot| spot.member);
        if ui.input(|i| i.modifiers.command) {
            space.selected.extend(inside);
        } else {
            let inside: Vec<usize> = inside.collect();
            space.select(inside);
        }
    }
}

/// Whether a point lies within a closed way: a line from it crosses the way an odd number of times.
fn is_inside(way: &[Pos2], point: Pos2) -> bool {
    let crosses = |a: Pos2, b: Pos2| {
        (a.y > point.y) != (b.y > point.y) && point.x < a.x + (point.y - a.y) / (b.y - a.y) * (b.x - a.x)
    };
    (0..way.len()).filter(|n| crosses(way[*n], way[(n + 1) % way.len()])).count() % 2 == 1
}

/// What the pointer is on, below it: the picture in full and the member's row.
pub fn hover(space: &mut MapSpace, response: Response) {
    /// The longest edge of the picture, in points.
    const EDGE: f32 = 224.0;
    let (Some(member), Some(map)) = (space.hovered, space.map.clone()) else { return };
    let own = &map.members[member];
    if space.pictured != Some(member) {
        let grey = own.grey.clone();
        let picture = &mut space.hover_picture;
        crate::app::widgets::Picture::show(picture, &response.ctx, "member", own.size, |i| Color32::from_gray(grey[i]));
        picture.iter_mut().for_each(crate::app::widgets::Picture::forget);
        space.pictured = Some(member);
    }
    let picture = &space.hover_picture;
    response.on_hover_ui_at_pointer(|ui| {
        let scale = EDGE / own.size.0.max(own.size.1) as f32;
        let size = vec2(own.size.1 as f32, own.size.0 as f32) * scale;
        let (place, _) = ui.allocate_exact_size(size, Sense::hover());
        picture.iter().for_each(|picture| picture.paint(ui, place));
        super::table::row_of(ui, &map, member, EDGE);
    });
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    #[test]
    fn a_turn_moves_places_and_a_lasso_holds_what_is_within() {
        let rect = Rect::from_min_size(pos2(100.0, 50.0), vec2(400.0, 400.0));
        let flat = Lens::new(rect, &Camera::default(), Some([1.0, 0.5, 0.0]));
        assert_eq!(flat.point([0.0, 0.0, 0.0]).0, rect.center());
        let right = flat.point([1.0, 0.0, 0.7]).0;
        assert!((right.x - rect.center().x - 200.0 * FILLED).abs() < 1e-3 && right.y == rect.center().y);
        assert!(flat.point([0.0, 1.0, 0.0]).0.y < rect.center().y);
        // A quarter turn brings the depth to the front, and what is near is larger.
        let camera = Camera { turn: [std::f32::consts::FRAC_PI_2, 0.0], ..Camera::default() };
        let turned = Lens::new(rect, &camera, None);
        let (at, near) = turned.point([0.0, 0.0, 1.0]);
        assert!(at.x > rect.center().x + 100.0 && (near - 1.0).abs() < 1e-4);
        assert!(turned.point([-1.0, 0.0, 0.0]).1 > 1.2 && turned.point([1.0, 0.0, 0.0]).1 < 0.85);
        let way: Vec<Pos2> = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (5.0, 3.0), (0.0, 10.0)].map(pos2_of).into();
        assert!(
            is_inside(&way, pos2(5.0, 1.0)) && !is_inside(&way, pos2(5.0, 8.0)) && !is_inside(&way, pos2(11.0, 1.0))
        );
    }

    fn pos2_of((x, y): (f32, f32)) -> Pos2 {
        pos2(x, y)
    }
}
