//! The curves that are shown and exported.

use egui::Color32;

use crate::app::figure::{Figure, Series};
use crate::app::theme::{self, Palette};
use crate::app::{App, Shown};
use crate::micrograph::PixelSize;
use crate::stats::{Curves, ErrorRates, white_noise};

/// A figure with its colours on the screen.
pub struct ShownFigure {
    pub figure: Figure,
    pub colors: Vec<Color32>,
}

/// The colours of original, reconstruction and white noise on paper.
const PAPER: [[u8; 3]; 3] = [[30, 30, 30], [0, 104, 166], [160, 160, 160]];

fn points(values: &[f64], scale: f64) -> Vec<(f64, f64)> {
    values.iter().enumerate().map(|(r, v)| (r as f64 * scale, *v)).collect()
}

impl App {
    /// The chosen phase's curves of the original and of white noise: of the original that the shown results belong to,
    /// where there are any.
    pub(in crate::app) fn original_curves(&self) -> Option<(&Curves, Curves)> {
        let (curves, pixels) = match self.shown {
            Shown::Realisation(n) => {
                let realisation = self.realisations.get(n)?;
                let input = &realisation.report.input;
                (realisation.original_curves.as_slice(), input.height * input.width)
            }
            Shown::Live => {
                let document = self.live_document()?;
                (document.curves(), document.size().0 * document.size().1)
            }
        };
        let original = curves.get(self.phase)?;
        Some((original, white_noise(original.volume_fraction, pixels, original.s2.len())))
    }

    /// The pixel size of the original that the shown results belong to.
    pub(in crate::app) fn shown_pixel_size(&self) -> Option<&PixelSize> {
        match self.shown {
            Shown::Realisation(n) => self.realisations.get(n)?.report.input.pixel_size.as_ref(),
            Shown::Live => self.live_document()?.micrograph().pixel_size.as_ref(),
        }
    }

    /// The errors of what is shown, and of white noise.
    pub(in crate::app) fn shown_errors(&self) -> Option<(Option<ErrorRates>, ErrorRates)> {
        let (original, noise) = self.original_curves()?;
        let found = self.shown_curves.get(self.phase).map(|found| ErrorRates::between(original, found));
        Some((found, ErrorRates::between(original, &noise)))
    }

    /// S2, lineal path and loss as figures for files.
    pub(in crate::app) fn figures(&self) -> Vec<Figure> {
        let palette = theme::PRINT;
        [self.s2_figure(palette), self.lineal_figure(palette), self.loss_figure(palette)].map(|f| f.figure).into()
    }

    pub(in crate::app) fn s2_figure(&self, palette: Palette) -> ShownFigure {
        self.curve_figure("S2(r)", "S2", palette, |c| &c.s2)
    }

    pub(in crate::app) fn lineal_figure(&self, palette: Palette) -> ShownFigure {
        self.curve_figure("L(r)", "L", palette, |c| &c.lineal_path)
    }

    fn curve_figure(&self, title: &str, y_label: &str, palette: Palette, of: fn(&Curves) -> &Vec<f64>) -> ShownFigure {
        let (mut series, mut colors) = (vec![], vec![]);
        let reach = self.original_curves().map_or(1, |(c, _)| c.s2.len()) as f64;
        let (unit, scale) = self.shown_pixel_size().map_or(("px", 1.0), |p| p.unit(reach));
        let mut add = |name: &str, number: usize, color, curves: &Curves| {
            series.push(Series { name: name.into(), color: PAPER[number], points: points(of(curves), scale) });
            colors.push(color);
        };
        if let Some((original, noise)) = self.original_curves() {
            add("white noise", 2, palette.faint, &noise);
            add("original", 0, palette.original, original);
        }
        if let Some(found) = self.shown_curves.get(self.phase) {
            add("reconstruction", 1, palette.accent, found);
        }
        let figure = Figure {
            title: title.into(),
            x_label: format!("distance r ({unit})"),
            y_label: format!("{y_label}, {}", self.settings.recipe.phase_name(self.phase)),
            series,
            ..Figure::default()
        };
        ShownFigure { figure, colors }
    }

    /// The loss of the run or of the shown realisation, with its layers.
    pub(in crate::app) fn loss_figure(&self, palette: Palette) -> ShownFigure {
        let (total, layers): (Vec<f64>, Vec<(String, Vec<f64>)>) = match (self.shown, &self.running) {
            (Shown::Realisation(n), _) => match self.realisations.get(n) {
                Some(r) => (r.report.loss.clone(), r.report.layer_losses.clone()),
                None => (vec![], vec![]),
            },
            (Shown::Live, Some(running)) => {
                let losses = &self.progress.losses;
                let layer = |(n, name): (usize, String)| {
                    let values = losses.iter().filter_map(|l| l.layers.get(n).copied()).collect();
                    (name, values)
                };
                let names = crate::reconstruct::loss_names(&running.settings);
                (losses.iter().map(|l| l.total).collect(), names.into_iter().enumerate().map(layer).collect())
            }
            (Shown::Live, None) => (vec![], vec![]),
        };
        let (mut series, mut colors) = (vec![], vec![]);
        if !total.is_empty() {
            let total = total.iter().enumerate().map(|(n, v)| (n as f64 + 1.0, *v)).collect();
            series.push(Series { name: "total".into(), color: PAPER[1], points: total });
            colors.push(palette.accent);
            for (n, (name, values)) in layers.iter().enumerate() {
                let color = theme::layer(n);
                let values = values.iter().enumerate().map(|(n, v)| (n as f64 + 1.0, *v)).collect();
                series.push(Series { name: name.clone(), color: [color.r(), color.g(), color.b()], points: values });
                colors.push(color);
            }
        }
        let figure = Figure {
            title: "Loss".into(),
            x_label: "iteration".into(),
            y_label: "loss".into(),
            logarithmic: true,
            series,
            ..Figure::default()
        };
        ShownFigure { figure, colors }
    }
}
