//! The Explore page: the decoded picture, its statistics, and a sheet of further pictures.

use egui::{Color32, Rect, RichText, ScrollArea, Sense, Ui, vec2};

use super::data::ask_for_pictures;
use super::explore::cell_at;
use super::state::{LatentSpace, OpenModel, SheetKind, grey};
use crate::app::command::Action;
use crate::app::shared::Shared;
use crate::app::shared::plots::{handle_picture_request, handle_plot_request, take_enlarged};
use crate::app::shared::question::PathKind;
use crate::app::space::placeholder;
use crate::app::theme;
use crate::app::widgets::{Pane, Picture, ShownFigure, enlarged, show_panes, titled_plot, toggle_enlarged};
use crate::figure::{Figure, MADE, ORIGINAL, Series, significant};
use crate::job::Explored;
use crate::latent::{Cell, DESCRIPTORS, Stack, write_cells};

pub fn explore_view(space: &mut LatentSpace, shared: &mut Shared, ui: &mut Ui) {
    let Some(open) = &mut space.open else {
        let text = "Open a model, or train one on your own micrographs. Its latent space is explored here.";
        placeholder(ui, text);
        return;
    };
    open.ask(shared);
    if let (Some(shown), true) = (&open.shown, space.picture_is_old) {
        let size = (shown.edge, shown.edge);
        Picture::show(&mut space.picture, ui.ctx(), "latent picture", size, |i| grey(shown.picture[i] / 255.0));
        space.picture_is_old = false;
    }
    if enlarged(ui.ctx(), SHEET).is_some() {
        return sheet_view(space, shared, ui);
    }
    let height = ui.available_height();
    egui::Panel::bottom("latent sheet")
        .frame(theme::bare(ui))
        .resizable(true)
        .default_size(0.42 * height)
        .size_range(120.0..=(height - 160.0).max(130.0))
        .show(ui, |ui| {
            // An empty sheet keeps the size of a full one.
            ui.set_min_size(ui.available_size());
            sheet_view(space, shared, ui);
        });
    egui::CentralPanel::no_frame().show(ui, |ui| picture_view(space, shared, ui));
}

/// The sheet of pictures, which can be enlarged.
const SHEET: &str = "latent sheet";
/// The width of the table of what is measured, and the least width of the plots.
const TABLE: f32 = 276.0;
const PLOTS: f32 = 176.0;

pub fn picture_view(space: &mut LatentSpace, shared: &mut Shared, ui: &mut Ui) {
    let mut view = shared.view;
    let Some(open) = &space.open else { return };
    let Some(shown) = open.shown.clone() else {
        ui.centered_and_justified(|ui| ui.spinner());
        return;
    };
    let reference = open.reference.clone().filter(|r| r.edge == shown.edge);
    let pixel = open.model.summary.pixel_size.clone();
    let mut figures = curve_figures(&shown, reference.as_ref(), theme::palette(ui));
    if let Some(only) = take_enlarged(ui, CURVES, &mut figures) {
        let wanted = titled_plot(ui, CURVES, only, None);
        return handle_plot_request(shared, ui, wanted);
    }
    let mut wanted = None;
    let mut saved = None;
    let room = ui.available_size();
    egui::Panel::left("decoded")
        .frame(egui::Frame::NONE)
        .show_separator_line(false)
        .resizable(false)
        .exact_size((room.y - 20.0).min(0.5 * room.x).min(room.x - TABLE - PLOTS))
        .show(ui, |ui| {
            let readout = |row: usize, column: usize| {
                shown.picture.get(row * shown.edge + column).map_or(String::new(), |v| format!("{v:.0}"))
            };
            let pane = Pane {
                title: "Decoded picture",
                picture: space.picture.as_ref(),
                waiting: "",
                readout: &readout,
                pixel_size: pixel.as_ref(),
                tool: false,
            };
            saved = show_panes(ui, "latent panes", &[pane], &mut view, |_, _, _, _| {});
        });
    let beside = egui::Frame::NONE.inner_margin(egui::Margin { left: 12, ..egui::Margin::ZERO });
    egui::CentralPanel::default().frame(beside).show(ui, |ui| {
        let table = egui::Panel::right("measured").frame(beside).show_separator_line(false).resizable(false);
        table.exact_size(TABLE).show(ui, |ui| {
            ScrollArea::vertical().show(ui, |ui| descriptors(ui, shared, &shown, reference.as_ref()));
        });
        let half = 0.5 * ui.available_height() - 4.0;
        for figure in figures {
            ui.allocate_ui(vec2(ui.available_width(), half), |ui| {
                ui.set_height(half);
                wanted = titled_plot(ui, CURVES, figure, None).or(wanted.take());
            });
        }
    });
    shared.view = view;
    handle_picture_request(shared, saved);
    handle_plot_request(shared, ui, wanted);
}

/// The curves of a decoded picture, of which each can be enlarged.
const CURVES: &str = "latent";

pub fn sheet_view(space: &mut LatentSpace, shared: &mut Shared, ui: &mut Ui) {
    let mut export = false;
    let mut another = false;
    let mut choose_target = false;
    {
        let Some(open) = &mut space.open else { return };
        let random = format!("{} Each has its own layout.", open.random_tip());
        ui.horizontal(|ui| {
            for (kind, name, tip) in [
                (SheetKind::Traversal, "Traversal strip", "What each dimension does, from −4 to 4, at one layout."),
                (SheetKind::Samples, "Random samples", random.as_str()),
                (SheetKind::Interpolation, "Interpolation", "From the start to another micrograph."),
                (
                    SheetKind::Correlations,
                    "Correlations",
                    "How each dimension correlates with what is measured of the data.",
                ),
            ] {
                ui.selectable_value(&mut open.sheet_kind, kind, name).on_hover_text(tip);
            }
            match open.sheet_kind {
                SheetKind::Samples => another = ui.button("Others").on_hover_text("Draw new samples.").clicked(),
                SheetKind::Interpolation => {
                    choose_target =
                        ui.button("To micrograph…").on_hover_text("The micrograph at the other end.").clicked();
                    if let Some((name, _)) = &open.target {
                        ui.label(RichText::new(format!("{} → {name}", open.start_name)).weak());
                    }
                }
                SheetKind::Traversal | SheetKind::Correlations => {}
            }
            let all: usize = open.sheet.cells.iter().map(Vec::len).sum();
            if all > 0 && open.sheet_kind != SheetKind::Correlations {
                let tip = "The pictures of the sheet with their latent points and descriptors (CSV).";
                export = ui.button("Export").on_hover_text(tip).clicked();
                if open.sheet.pictures.len() < all {
                    ui.spinner();
                }
            }
        });
        if another {
            open.sample_seed += 1;
        }
        if choose_target {
            open.encodes_target = true;
        }
    }
    if choose_target {
        ask_for_pictures(shared, PathKind::Files);
    }
    let Some(open) = &space.open else { return };
    match open.sheet_kind {
        SheetKind::Correlations => correlations(ui, open),
        SheetKind::Interpolation if open.target.is_none() => placeholder(ui, "Choose the micrograph at the other end."),
        SheetKind::Samples if !open.model.settings.model.is_variational() => {
            placeholder(ui, "An autoencoder has no distribution to draw from.");
        }
        _ => painted_sheet(space, ui),
    }
    if export {
        export_sheet(space, shared);
    }
}

/// The sheet as one texture, as far as it is painted. A click goes to the picture's latent point.
fn painted_sheet(space: &mut LatentSpace, ui: &mut Ui) {
    let Some(open) = &mut space.open else { return };
    let sheet = &open.sheet;
    let (rows, columns) = (sheet.cells.len(), sheet.cells.iter().map(Vec::len).max().unwrap_or(0));
    if rows == 0 {
        return;
    }
    let is_new = (sheet.cells.as_ptr() as usize, sheet.pictures.len()) != space.sheet_shown;
    let edge = sheet.edge;
    let ground = theme::palette(ui).canvas;
    if is_new {
        let gap = (edge / 32).max(1);
        let step = edge + gap;
        let size = (rows * step - gap, columns * step - gap);
        let color = |i: usize| {
            let (y, x) = (i / size.1, i % size.1);
            let (inside_y, inside_x) = (y % step, x % step);
            let picture = sheet.pictures.get(y / step * columns + x / step);
            match picture {
                Some(picture) if inside_y < edge && inside_x < edge => grey(picture[inside_y * edge + inside_x]),
                _ => ground,
            }
        };
        Picture::show(&mut space.sheet_picture, ui.ctx(), "latent sheet", size, color);
        space.sheet_shown = (sheet.cells.as_ptr() as usize, sheet.pictures.len());
    }
    let Some(picture) = &space.sheet_picture else { return };
    let names: Vec<String> = match open.sheet_kind {
        SheetKind::Traversal => open.order.iter().take(rows).map(|d| open.dimension_name(*d)).collect(),
        _ => vec![],
    };
    let label_width = if names.is_empty() { 0.0 } else { 150.0 };
    let space = ui.available_size() - vec2(label_width, 18.0);
    let pixels = vec2(picture.size.1 as f32, picture.size.0 as f32);
    let scale = (space / pixels).min_elem().max(0.01);
    let (all, response) = ui.allocate_exact_size(ui.available_size(), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Sheet of pictures"));
    let rect = Rect::from_min_size(all.min + vec2(label_width, 0.0), pixels * scale);
    picture.paint(ui, rect);
    let color = ui.visuals().text_color();
    for (row, name) in names.iter().enumerate() {
        let middle = rect.top() + (row as f32 + 0.5) / rows as f32 * rect.height();
        let galley = ui.painter().layout(name.clone(), egui::FontId::proportional(12.0), color, label_width - 12.0);
        ui.painter().galley(egui::pos2(all.left(), middle - 0.5 * galley.size().y), galley, color);
    }
    if open.sheet_kind == SheetKind::Traversal {
        for (share, text) in [(0.0, "−4"), (0.5, "0"), (1.0, "4")] {
            let cell = rect.width() / columns as f32;
            let x = rect.left() + 0.5 * cell + share * (rect.width() - cell);
            let at = egui::pos2(x, rect.bottom() + 2.0);
            let font = egui::FontId::proportional(11.5);
            ui.painter().text(at, egui::Align2::CENTER_TOP, text, font, theme::palette(ui).faint);
        }
    }
    let under = response.hover_pos().and_then(|at| cell_at(rect, rows, columns, at));
    if let Some((row, column)) = under {
        let size = vec2(rect.width() / columns as f32, rect.height() / rows as f32);
        let frame = Rect::from_min_size(rect.min + vec2(column as f32 * size.x, row as f32 * size.y), size);
        let stroke = egui::Stroke::new(2.0, theme::palette(ui).accent);
        ui.painter().rect_stroke(frame, 0.0, stroke, egui::StrokeKind::Inside);
        if response.clicked()
            && let Some(cell) = open.sheet.cells.get(row).and_then(|r| r.get(column))
        {
            (open.z, open.layout) = (cell.z.clone(), cell.layout);
        }
    }
    if response.double_clicked() {
        toggle_enlarged(ui.ctx(), SHEET, SHEET);
    }
    response.on_hover_text("Click a picture to go to its latent point. Double click: the sheet larger or smaller.");
}

fn export_sheet(space: &LatentSpace, shared: &mut Shared) {
    let Some(open) = &space.open else { return };
    let cells: Vec<Cell> = open.sheet.cells.iter().flatten().cloned().collect();
    let (model, device) = (open.model.clone(), shared.settings.device.clone());
    let base = std::path::PathBuf::from(shared.export.folder.trim());
    let kind = match open.sheet_kind {
        SheetKind::Samples => "samples",
        SheetKind::Interpolation => "interpolation",
        _ => "traversal",
    };
    // A folder of its own, so that no export mixes with an earlier one.
    let names = (1..).map(|n| base.join(format!("latent-{kind}-{n}")));
    let Some(folder) = names.into_iter().find(|path| !path.exists()) else { return };
    shared.write(folder, move |folder| {
        let device = crate::job::open_device(&device, &|_| {}).map_err(|e| e.to_string())?;
        let edge = model.settings.edge;
        write_cells(&model, &device, &cells, (edge, edge), (folder, Stack::Png), &mut |_| true)
            .map(|_| ())
            .map_err(|e| e.to_string())
    });
}

/// S2 and lineal path of the picture and of the start.
fn curve_figures(shown: &Explored, reference: Option<&Explored>, palette: theme::Palette) -> Vec<ShownFigure> {
    type Part = fn(&crate::stats::Curves) -> &Vec<f64>;
    let parts: [(&str, &str, Part); 2] =
        [("Two-point correlation", "S2(r)", |c| &c.s2), ("Lineal path", "L(r)", |c| &c.lineal_path)];
    let figure = |(title, label, part): (&str, &str, Part)| {
        let points = |of: &Explored| part(&of.curves).iter().enumerate().map(|(r, v)| (r as f64, *v)).collect();
        let mut series = vec![];
        let mut colors = vec![];
        if let Some(start) = reference {
            series.push(Series { name: "start".into(), color: ORIGINAL, points: points(start) });
            colors.push(palette.original);
        }
        series.push(Series { name: "this picture".into(), color: MADE, points: points(shown) });
        colors.push(palette.accent);
        let figure = Figure {
            title: title.into(),
            x_label: "r (px)".into(),
            y_label: label.into(),
            series,
            ..Figure::default()
        };
        ShownFigure { figure, colors }
    };
    parts.into_iter().map(figure).collect()
}

/// What is measured of the picture, beside the start.
fn descriptors(ui: &mut Ui, shared: &mut Shared, shown: &Explored, reference: Option<&Explored>) {
    ui.label(RichText::new("Measured").strong());
    egui::Grid::new("latent descriptors").striped(true).spacing([18.0, 5.0]).show(ui, |ui| {
        ui.label("");
        ui.label(RichText::new("now").weak());
        ui.label(RichText::new("start").weak());
        ui.end_row();
        for (n, name) in DESCRIPTORS.iter().enumerate() {
            let unit = ["%", "px", "", "", "1/px", "px"][n];
            let factor = if n == 0 { 100.0 } else { 1.0 };
            let text = |of: &Explored| {
                // Particles are counted, everything else is measured.
                if n == 2 { format!("{:.0}", of.descriptors[n]) } else { significant(factor * of.descriptors[n]) }
            };
            ui.label(if unit.is_empty() { (*name).to_string() } else { format!("{name} ({unit})") })
                .on_hover_text(DESCRIPTIONS[n]);
            ui.label(text(shown));
            ui.label(RichText::new(reference.map_or_else(|| "–".into(), text)).weak());
            ui.end_row();
        }
    });
    properties(ui, shared, shown, reference);
    ui.add_space(theme::STEP);
    let text = format!("painted and measured in {:.0} ms", 1e3 * shown.took.as_secs_f64());
    ui.label(RichText::new(text).small().color(theme::palette(ui).faint));
}

/// The estimates of the picture's properties, beside the start's.
fn properties(ui: &mut Ui, shared: &mut Shared, shown: &Explored, reference: Option<&Explored>) {
    ui.add_space(theme::STEP);
    if shared.materials.is_none() {
        let tip = "Choose the materials of the phases there. Estimates of conductivity, stiffness and flow then follow the sliders here.";
        if ui.button("Estimate properties…").on_hover_text(tip).clicked() {
            shared.act(Action::Go("Properties"));
        }
        return;
    }
    ui.label(RichText::new("Estimated properties").strong())
        .on_hover_text("Third-order estimates with the materials of the Properties workspace.");
    egui::Grid::new("latent properties").striped(true).spacing([18.0, 5.0]).show(ui, |ui| {
        for quantity in shown.properties.iter().filter(|q| q.estimate.is_some()) {
            let of = |all: &[crate::property::Quantity]| {
                let found = all.iter().find(|q| q.name == quantity.name).and_then(|q| q.estimate);
                found.map_or("–".to_string(), significant)
            };
            // The unit and the kind of modulus stand in the tooltip: there is no room for them.
            let short = quantity.name.split(" (").next().unwrap_or(&quantity.name);
            let tip = format!("{}, in {}. {}", quantity.name, quantity.unit, quantity.formula);
            ui.label(short).on_hover_text(tip);
            ui.label(of(&shown.properties));
            ui.label(RichText::new(reference.map_or_else(|| "–".into(), |r| of(&r.properties))).weak());
            ui.end_row();
        }
    });
}

/// What the descriptors mean.
const DESCRIPTIONS: [&str; 6] = [
    "Share of the measured phase.",
    "Mean radius of the discs of the particles' areas.",
    "Connected components of at least four pixels.",
    "4π · area / perimeter² of the particles: 1 for discs of equal size, less for long ones.",
    "Interface length for each unit of area, from S2's slope.",
    "Mean length of straight pieces within the phase.",
];

/// The correlation of each dimension with what is measured of the data.
fn correlations(ui: &mut Ui, open: &OpenModel) {
    let palette = theme::palette(ui);
    ScrollArea::both().auto_shrink([false, false]).show(ui, |ui| {
        egui::Grid::new("latent correlations").striped(true).spacing([16.0, 4.0]).show(ui, |ui| {
            ui.label(RichText::new("Dimension").weak());
            ui.label(RichText::new("nats").weak())
                .on_hover_text("How much information the dimension carries, on average.");
            for name in DESCRIPTORS {
                ui.label(RichText::new(name).weak());
            }
            ui.end_row();
            for dimension in &open.order {
                ui.label(open.dimension_name(*dimension));
                ui.label(significant(open.model.summary.divergence[*dimension]));
                for value in &open.model.summary.correlations[*dimension] {
                    let strength = value.abs().clamp(0.0, 1.0) as f32;
                    let color = if strength > 0.5 { palette.accent } else { Color32::PLACEHOLDER };
                    let text = RichText::new(format!("{value:+.2}"));
                    ui.label(if strength > 0.5 { text.color(color).strong() } else { text });
                }
                ui.end_row();
            }
        });
    });
}
