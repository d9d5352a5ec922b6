//! Pictures side by side at one zoom and pan.

use std::sync::Arc;

use egui::{
    Color32, ColorImage, Context, FontId, PointerButton, Pos2, Rect, Response, Sense, TextureFilter, TextureHandle,
    TextureOptions, Ui, Vec2, pos2, vec2,
};
use rayon::prelude::*;

use super::enlarge::{enlarged, toggle_enlarged};
use crate::app::theme;
use crate::micrograph::{PhaseMap, PixelSize, Recipe, scale_bar};

/// Pixels stay squares when magnified.
const SHARP: TextureOptions = TextureOptions {
    magnification: TextureFilter::Nearest,
    minification: TextureFilter::Linear,
    wrap_mode: egui::TextureWrapMode::ClampToEdge,
    mipmap_mode: None,
};
/// The largest edge of a texture; larger pictures are averaged down to it.
const MOST_EDGE: usize = 2048;

/// A picture on the graphics card.
pub struct Picture {
    texture: TextureHandle,
    /// What the texture shows, to be copied and saved; none of a picture without a menu.
    image: Option<Arc<ColorImage>>,
    /// Height and width of the picture itself.
    pub size: (usize, usize),
}

impl Picture {
    /// Shows phases in their colours. The slot's texture is reused: new ones would pile up while the window is hidden.
    pub fn show_phases(slot: &mut Option<Self>, ctx: &Context, name: &str, map: &PhaseMap, recipe: &Recipe) {
        let colors = theme::phases(recipe, map.phases);
        Self::show(slot, ctx, name, map.size(), |i| colors[usize::from(map.flat()[i])]);
    }

    /// Keeps the texture alone: for pictures that are not copied or saved.
    pub fn forget(&mut self) {
        self.image = None;
    }

    /// Paints it into a rectangle, stretched to fill it.
    pub fn paint(&self, ui: &Ui, rect: Rect) {
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        ui.painter().image(self.texture.id(), rect, whole, Color32::WHITE);
    }

    /// Shows an image of three channels in 0 … 255, in the slot's texture.
    pub fn show_image(slot: &mut Option<Self>, ctx: &Context, name: &str, image: &[f32], size: (usize, usize)) {
        let byte = |v: f32| v.round().clamp(0.0, 255.0) as u8;
        let color = |i: usize| Color32::from_rgb(byte(image[3 * i]), byte(image[3 * i + 1]), byte(image[3 * i + 2]));
        Self::show(slot, ctx, name, size, color);
    }

    /// Shows a colour at every pixel, in the slot's texture.
    pub fn show(
        slot: &mut Option<Self>,
        ctx: &Context,
        name: &str,
        size: (usize, usize),
        color: impl Fn(usize) -> Color32 + Sync,
    ) {
        let image = Arc::new(averaged(size, color));
        match slot {
            Some(picture) => {
                picture.texture.set(image.clone(), SHARP);
                (picture.image, picture.size) = (Some(image), size);
            }
            None => {
                *slot = Some(Self { texture: ctx.load_texture(name, image.clone(), SHARP), image: Some(image), size })
            }
        }
    }
}

/// The edge of the squares whose mean is a texel.
fn averaging((height, width): (usize, usize)) -> usize {
    height.max(width).div_ceil(MOST_EDGE)
}

/// The picture as a texture. Where it would be too large, each texel is the mean of a square of pixels.
fn averaged((height, width): (usize, usize), color: impl Fn(usize) -> Color32 + Sync) -> ColorImage {
    let step = averaging((height, width));
    if step == 1 {
        return ColorImage::new([width, height], (0..width * height).into_par_iter().map(&color).collect());
    }
    let (rows, columns) = (height.div_ceil(step), width.div_ceil(step));
    let mut pixels = vec![Color32::BLACK; rows * columns];
    pixels.par_chunks_mut(columns).enumerate().for_each(|(row, line)| {
        for (column, texel) in line.iter_mut().enumerate() {
            let (mut sum, mut count) = ([0u32; 3], 0);
            for y in row * step..height.min((row + 1) * step) {
                for x in column * step..width.min((column + 1) * step) {
                    let c = color(y * width + x);
                    sum = [sum[0] + u32::from(c.r()), sum[1] + u32::from(c.g()), sum[2] + u32::from(c.b())];
                    count += 1;
                }
            }
            let [r, g, b] = sum.map(|s| (s / count) as u8);
            *texel = Color32::from_rgb(r, g, b);
        }
    });
    ColorImage::new([columns, rows], pixels)
}

/// Zoom and pan that several panes share.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Screen points for a pixel; `None` fits the picture.
    pub zoom: Option<f32>,
    /// The point in the middle of the pane, as a share of the picture.
    pub centre: Vec2,
}

impl Default for View {
    fn default() -> Self {
        Self { zoom: None, centre: vec2(0.5, 0.5) }
    }
}

/// One pane.
pub struct Pane<'a> {
    /// Its title.
    pub title: &'a str,
    /// The picture, if there is one.
    pub picture: Option<&'a Picture>,
    /// The text while there is none.
    pub waiting: &'a str,
    /// The text for the pixel at a row and column.
    pub readout: &'a dyn Fn(usize, usize) -> String,
    /// The size of a pixel, where it is known, for a scale bar.
    pub pixel_size: Option<&'a PixelSize>,
    /// Whether a tool uses the primary button, which then does not pan.
    pub tool: bool,
}

/// A picture that is to be saved, as it is shown.
pub struct SavePicture {
    /// The title of its pane.
    pub title: String,
    /// Its colours.
    pub image: Arc<ColorImage>,
    /// The size of a pixel, if it is known.
    pub pixel_size: Option<PixelSize>,
}

/// Where a picture lies on the screen.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The whole picture.
    pub target: Rect,
    /// The pane: nothing is drawn outside it.
    pub pane: Rect,
    /// Screen points for a pixel.
    pub zoom: f32,
}

impl Place {
    /// Row and column of a point on the screen; pixel centres at integers.
    pub fn pixel(&self, at: Pos2) -> [f32; 2] {
        let at = (at - self.target.min) / self.zoom;
        [at.y - 0.5, at.x - 0.5]
    }

    /// The point on the screen of a row and column.
    pub fn screen(&self, [row, column]: [f32; 2]) -> Pos2 {
        self.target.min + vec2(column + 0.5, row + 0.5) * self.zoom
    }
}

/// Shows panes side by side, or the one of them that a double click has enlarged. `after` gets the number, the response and
/// the place of each. Returns what is to be saved, if a menu says so.
pub fn show_panes(
    ui: &mut Ui,
    group: &str,
    panes: &[Pane],
    view: &mut View,
    mut after: impl FnMut(&mut Ui, usize, &Response, Option<Place>),
) -> Option<SavePicture> {
    // By number: titles change with what is shown.
    let only = enlarged(ui.ctx(), group).and_then(|n| n.parse::<usize>().ok()).filter(|n| *n < panes.len());
    let shown = only.map_or(0..panes.len(), |n| n..n + 1);
    let mut wanted = None;
    ui.columns(shown.len(), |columns| {
        for (n, ui) in shown.zip(columns) {
            let (response, place) = panes[n].show(ui, view);
            let mut enlarge = response.double_clicked() && !panes[n].tool;
            if let Some(picture) = panes[n].picture {
                response.context_menu(|ui| {
                    wanted = panes[n].menu(ui, picture, view).or(wanted.take());
                    if panes.len() > 1 {
                        let text = if only.is_some() { "Show all pictures" } else { "Enlarge this picture" };
                        enlarge |= ui.button(text).clicked();
                    }
                });
            }
            if enlarge && panes.len() > 1 {
                toggle_enlarged(ui.ctx(), group, &n.to_string());
            }
            after(ui, n, &response, place);
        }
    });
    wanted
}

impl Pane<'_> {
    /// Shows the pane in the available space. The wheel zooms, dragging pans.
    pub fn show(&self, ui: &mut Ui, view: &mut View) -> (Response, Option<Place>) {
        ui.vertical(|ui| {
            ui.add(egui::Label::new(egui::RichText::new(self.title).strong()).truncate());
            let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
            response.widget_info(|| {
                let waiting = if self.picture.is_none() { self.waiting } else { "" };
                egui::WidgetInfo::labeled(egui::Role::Image, ui.is_enabled(), format!("{} {waiting}", self.title))
            });
            checkerboard(ui, rect);
            let place = match self.picture {
                Some(picture) => Some(self.show_picture(ui, rect, &response, picture, view)),
                None => {
                    let color = ui.visuals().weak_text_color();
                    let galley = ui.painter().layout(
                        self.waiting.into(),
                        FontId::proportional(14.0),
                        color,
                        (rect.width() - 4.0 * theme::STEP).clamp(40.0, 320.0),
                    );
                    ui.painter().galley(rect.center() - 0.5 * galley.size(), galley, color);
                    None
                }
            };
            (response, place)
        })
        .inner
    }

    /// The menu of a right click.
    fn menu(&self, ui: &mut Ui, picture: &Picture, view: &mut View) -> Option<SavePicture> {
        let mut wanted = None;
        let image = picture.image.as_ref()?;
        if ui.button("Copy picture").on_hover_text("The picture as it is shown, to the clipboard.").clicked() {
            ui.ctx().copy_image(ColorImage::clone(image));
        }
        if ui.button("Save picture as PNG…").on_hover_text("The picture as it is shown, with its pixel size.").clicked()
        {
            let step = averaging(picture.size) as f64;
            wanted = Some(SavePicture {
                title: self.title.into(),
                image: image.clone(),
                pixel_size: self.pixel_size.and_then(|p| PixelSize::new(p.metres * step, &p.source)),
            });
        }
        ui.separator();
        if ui.button("Zoom to 1:1").on_hover_text("One pixel of the picture on one of the screen.").clicked() {
            view.zoom = Some(1.0 / ui.ctx().pixels_per_point());
        }
        if ui.button("Fit to the pane").on_hover_text("The whole picture in its pane.").clicked() {
            *view = View::default();
        }
        wanted
    }

    fn show_picture(&self, ui: &Ui, rect: Rect, response: &Response, picture: &Picture, view: &mut View) -> Place {
        let pixels = vec2(picture.size.1 as f32, picture.size.0 as f32);
        let fit = (rect.size() / pixels).min_elem();
        let mut zoom = view.zoom.unwrap_or(fit);
        let place =
            |view: &View, zoom: f32| Rect::from_min_size(rect.center() - view.centre * pixels * zoom, pixels * zoom);
        let pans = if self.tool { response.dragged_by(PointerButton::Middle) } else { response.dragged() };
        if pans {
            view.zoom = Some(zoom);
            view.centre -= response.drag_delta() / (pixels * zoom);
        }
        if let Some(pointer) = response.hover_pos() {
            let (scroll, pinch) = ui.input(|i| (i.smooth_scroll_delta.y, i.zoom_delta()));
            let factor = (scroll * 0.004).exp() * pinch;
            if factor != 1.0 {
                // What is under the pointer stays there.
                let under = (pointer - place(view, zoom).min) / (pixels * zoom);
                zoom = (zoom * factor).clamp(0.25 * fit.min(1.0), fit.max(64.0));
                view.zoom = Some(zoom);
                view.centre = under - (pointer - rect.center()) / (pixels * zoom);
            }
        }
        view.centre = view.centre.clamp(vec2(0.0, 0.0), vec2(1.0, 1.0));
        let target = place(view, zoom);
        let painter = ui.painter_at(rect);
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.image(picture.texture.id(), target, whole, Color32::WHITE);
        if let Some(pointer) = response.hover_pos().filter(|p| target.contains(*p)) {
            let at = (pointer - target.min) / zoom;
            let (row, column) = ((at.y as usize).min(picture.size.0 - 1), (at.x as usize).min(picture.size.1 - 1));
            let length = |pixels: usize| {
                self.pixel_size.map(|p| {
                    let (unit, per_pixel) = p.unit(picture.size.0.max(picture.size.1) as f64);
                    format!("{} {unit}", crate::figure::significant(pixels as f64 * per_pixel))
                })
            };
            let scaled = match (length(row), length(column)) {
                (Some(y), Some(x)) => format!(" ({y}, {x})"),
                _ => String::new(),
            };
            note(ui, rect, &format!("row {row}, column {column}{scaled}: {}", (self.readout)(row, column)));
        }
        if let Some(pixel) = self.pixel_size {
            draw_scale_bar(ui, rect, target, pixel, zoom);
        }
        Place { target, pane: rect, zoom }
    }
}

/// A scale bar of 1, 2 or 5 times a power of ten, in the lower right corner of the visible part of the picture.
fn draw_scale_bar(ui: &Ui, pane: Rect, target: Rect, pixel: &PixelSize, zoom: f32) {
    let seen = target.intersect(pane);
    let (pixels, text) = scale_bar(pixel, f64::from(0.3 * seen.width() / zoom));
    let length = pixels as f32 * zoom;
    if !seen.is_positive() || length < 8.0 {
        return;
    }
    let painter = ui.painter_at(pane);
    let galley = painter.layout_no_wrap(text, FontId::proportional(12.0), Color32::WHITE);
    let size = vec2(length.max(galley.size().x), galley.size().y + 8.0);
    let ground = Rect::from_min_size(seen.max - size - vec2(14.0, 12.0), size).expand(4.0);
    painter.rect_filled(ground, 3.0, Color32::from_black_alpha(170));
    let middle = ground.center().x;
    painter.galley(pos2(middle - 0.5 * galley.size().x, ground.top() + 3.0), galley, Color32::WHITE);
    let bar = Rect::from_center_size(pos2(middle, ground.bottom() - 6.0), vec2(length, 3.0));
    painter.rect_filled(bar, 0.0, Color32::WHITE);
}

/// A line of text on the lower edge.
fn note(ui: &Ui, rect: Rect, text: &str) {
    let color = ui.visuals().text_color();
    let galley = ui.painter().layout_no_wrap(text.into(), FontId::monospace(11.5), color);
    let at = rect.left_bottom() + vec2(6.0, -6.0 - galley.size().y);
    let ground = Rect::from_min_size(at, galley.size()).expand(3.0);
    ui.painter_at(rect).rect_filled(ground, 3.0, ui.visuals().panel_fill.gamma_multiply(0.88));
    ui.painter_at(rect).galley(at, galley, color);
}

/// The checkerboard around pictures: four texels, repeated. It costs two triangles at any size.
fn checkerboard(ui: &Ui, rect: Rect) {
    const SQUARE: f32 = 16.0;
    let palette = theme::palette(ui);
    let id = egui::Id::unique("checkerboard").with(ui.visuals().dark_mode);
    let kept: Option<TextureHandle> = ui.data(|d| d.get_temp(id));
    let texture = kept.unwrap_or_else(|| {
        let (a, b) = (palette.canvas, palette.canvas_square);
        let texture = ui.ctx().load_texture(
            "checkerboard",
            ColorImage::new([2, 2], vec![a, b, b, a]),
            TextureOptions::NEAREST_REPEAT,
        );
        ui.data_mut(|d| d.insert_temp(id, texture.clone()));
        texture
    });
    let squares = rect.size() / (2.0 * SQUARE);
    let tiles = Rect::from_min_max(pos2(0.0, 0.0), squares.to_pos2());
    ui.painter_at(rect).image(texture.id(), rect, tiles, Color32::WHITE);
}

/// A small picture that can be chosen.
pub fn thumbnail(ui: &mut Ui, picture: &Picture, edge: f32, chosen: bool, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(edge), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, ui.is_enabled(), chosen, name));
    let pixels = vec2(picture.size.1 as f32, picture.size.0 as f32);
    let size = pixels * ((rect.size() - Vec2::splat(6.0)) / pixels).min_elem();
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    ui.painter().image(picture.texture.id(), Rect::from_center_size(rect.center(), size), whole, Color32::WHITE);
    let palette = theme::palette(ui);
    let stroke = match (chosen || response.has_focus(), response.hovered()) {
        (true, _) => egui::Stroke::new(2.0, palette.accent),
        (false, true) => egui::Stroke::new(1.0, palette.original),
        (false, false) => egui::Stroke::new(1.0, palette.faint.gamma_multiply(0.5)),
    };
    ui.painter().rect_stroke(rect.shrink(1.0), 3.0, stroke, egui::StrokeKind::Inside);
    response
}
