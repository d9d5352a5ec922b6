//! Plots as files: SVG and PNG with a white background, for print, and CSV. Plots know only curves, not methods.

mod boxes;
mod number;
mod page;
mod scale;
mod sheet;
mod style;
mod table;

use std::io::Cursor;
use std::path::Path;

use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::prelude::*;

pub use boxes::{Boxed, Quartiles};
pub use number::{duration, significant, thousands};
pub use page::{Page, PagePicture};
pub use scale::scale_color;
pub use sheet::{SheetPicture, sheet_png};
pub use style::{FAINT, MADE, ORIGINAL};
pub use table::{Cell, Table, csv_field};

use self::style::{FONT, has_font, short};
use crate::folders::{Written, write_named};
use crate::micrograph::PHASE_COLORS;

/// The colour of a further curve by its number. All are legible on white and on dark backgrounds, and unlike the blues of
/// what was made.
pub fn line_color(number: usize) -> [u8; 3] {
    const VIOLET: [u8; 3] = [140, 120, 205];
    const OLIVE: [u8; 3] = [153, 148, 41];
    const COLORS: [[u8; 3]; 6] = [PHASE_COLORS[1], PHASE_COLORS[3], PHASE_COLORS[7], PHASE_COLORS[6], VIOLET, OLIVE];
    COLORS[number % COLORS.len()]
}

/// One curve.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the legend; empty if it has no entry there.
    pub name: String,
    /// Its colour on paper.
    pub color: [u8; 3],
    /// x and y of its points.
    pub points: Vec<(f64, f64)>,
}

/// A band: a range of y at every x.
#[derive(Clone, Debug)]
pub struct Band {
    /// Its colour on paper.
    pub color: [u8; 3],
    /// x, lower and upper value.
    pub points: Vec<(f64, f64, f64)>,
}

/// Dots, each with an error bar.
#[derive(Clone, Debug)]
pub struct Dots {
    /// Their name in files.
    pub name: String,
    /// Their colour on paper.
    pub color: [u8; 3],
    /// x, y, and half of the length of the error bar; 0 for none.
    pub points: Vec<(f64, f64, f64)>,
}

/// A plot.
#[derive(Clone, Debug, Default)]
pub struct Figure {
    /// The title above the plot.
    pub title: String,
    /// What the horizontal axis shows, with its unit.
    pub x_label: String,
    /// What the vertical axis shows, with its unit.
    pub y_label: String,
    /// Whether the vertical axis is logarithmic.
    pub logarithmic: bool,
    /// The curves.
    pub series: Vec<Series>,
    /// Ranges behind the curves.
    pub bands: Vec<Band>,
    /// Dots before the curves; never with a logarithmic axis.
    pub dots: Vec<Dots>,
    /// Boxes, instead of all others.
    pub boxes: Vec<Boxed>,
}

/// Size in pixels (of SVG: units).
const SIZE: (u32, u32) = (960, 640);
/// Several figures beside each other, as SVG.
///
/// # Errors
/// There is nothing to draw.
pub fn side_by_side(figures: &[Figure]) -> Result<String, String> {
    let columns = figures.len().max(1);
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (SIZE.0 * columns as u32, SIZE.1)).into_drawing_area();
        for (figure, part) in figures.iter().zip(area.split_evenly((1, columns))) {
            figure.draw(&part)?;
        }
        area.present().map_err(|e| e.to_string())?;
    }
    Ok(text)
}

/// A title as the name of a file: small letters, digits and hyphens.
pub fn file_stem(title: &str) -> String {
    let title = title.replace('Δ', "delta ");
    let name: String =
        title.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    name.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

impl Figure {
    /// Width and height: many boxes need more height.
    fn size(&self) -> (u32, u32) {
        (SIZE.0, SIZE.1.max(160 + 56 * self.boxes.len().min(200) as u32))
    }

    /// As SVG.
    ///
    /// # Errors
    /// There is nothing to draw, or the font is missing.
    pub fn svg(&self) -> Result<String, String> {
        let mut text = String::new();
        self.draw(&SVGBackend::with_string(&mut text, self.size()).into_drawing_area())?;
        Ok(text)
    }

    /// As PNG.
    ///
    /// # Errors
    /// There is nothing to draw, or the font is missing.
    pub fn png(&self) -> Result<Vec<u8>, String> {
        let size = self.size();
        let mut pixels = vec![0; (size.0 * size.1 * 3) as usize];
        self.draw(&BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area())?;
        let mut out = Cursor::new(vec![]);
        let (color, format) = (image::ExtendedColorType::Rgb8, image::ImageFormat::Png);
        image::write_buffer_with_format(&mut out, &pixels, size.0, size.1, color, format).map_err(|e| e.to_string())?;
        Ok(out.into_inner())
    }

    /// Writes the figure as a file of a kind: `svg`, `png` or `csv`.
    ///
    /// # Errors
    /// A sentence: there is nothing to draw, or the file cannot be written.
    pub fn write(&self, path: &Path, kind: &str) -> Result<(), String> {
        let bytes = match kind {
            "svg" => self.svg()?.into_bytes(),
            "png" => self.png()?,
            _ => self.csv().into_bytes(),
        };
        write_named(path, &bytes)
    }

    /// Writes the figure as SVG, PNG and CSV, named after its title.
    ///
    /// # Errors
    /// As [`Figure::write`].
    pub fn write_all(&self, folder: &Path) -> Result<(), String> {
        let stem = self.file_stem();
        ["svg", "png", "csv"].into_iter().try_for_each(|kind| self.write(&folder.join(format!("{stem}.{kind}")), kind))
    }

    /// The title as the name of a file.
    pub fn file_stem(&self) -> String {
        file_stem(&self.title)
    }

    /// As CSV: the x values, one column a curve, and two columns a band. Curves with other x values than the
    /// longest have a column for these. Of boxes all values, a column a box.
    pub fn csv(&self) -> String {
        if !self.boxes.is_empty() {
            return boxes::boxes_csv(&self.boxes);
        }
        let longest_series = self.series.iter().max_by_key(|s| s.points.len());
        let shared: Vec<f64> = longest_series.map_or(vec![], |s| s.points.iter().map(|p| p.0).collect());
        let has_own = |s: &Series| s.points.iter().zip(&shared).any(|(p, x)| p.0 != *x);
        let quoted = |text: &str| text.replace('"', "\"\"");
        let names: Vec<_> = (self.series.iter())
            .map(|s| match has_own(s) {
                true => format!("\"{0}, x\",\"{0}\"", quoted(&s.name)),
                false => format!("\"{}\"", quoted(&s.name)),
            })
            .collect();
        let bands = r#","band, lower","band, upper""#.repeat(self.bands.len());
        let dots: String =
            self.dots.iter().map(|d| format!(",\"{0}, x\",\"{0}, y\",\"{0}, ±\"", quoted(&d.name))).collect();
        let mut text = format!("\"{}\",{}{bands}{dots}\n", quoted(&self.x_label), names.join(","));
        let lengths = self.series.iter().map(|s| s.points.len()).chain(self.dots.iter().map(|d| d.points.len()));
        let longest = lengths.max().unwrap_or(0);
        for row in 0..longest {
            let x = shared.get(row).map_or(String::new(), f64::to_string);
            let cell = |value: Option<f64>| value.map_or(String::new(), |v| format!("{v:.9e}"));
            let curves = self.series.iter().flat_map(|s| {
                let point = s.points.get(row);
                let x = has_own(s).then(|| cell(point.map(|p| p.0)));
                x.into_iter().chain([cell(point.map(|p| p.1))])
            });
            let bands = self.bands.iter().map(|band| band.points.get(row));
            let bands = bands.flat_map(|p| [cell(p.map(|p| p.1)), cell(p.map(|p| p.2))]);
            let dots = self.dots.iter().map(|dots| dots.points.get(row));
            let dots = dots.flat_map(|p| [cell(p.map(|p| p.0)), cell(p.map(|p| p.1)), cell(p.map(|p| p.2))]);
            let cells: Vec<String> = curves.chain(bands).chain(dots).collect();
            text.push_str(&format!("{x},{}\n", cells.join(",")));
        }
        text
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, plotters::coord::Shift>) -> Result<(), String> {
        if !has_font() {
            return Err("the font for figures is missing".into());
        }
        if !self.boxes.is_empty() {
            return boxes::draw_boxes(area, (&self.title, &self.x_label), &self.boxes);
        }
        let edges = || self.bands.iter().flat_map(|b| b.points.iter().flat_map(|p| [(p.0, p.1), (p.0, p.2)]));
        let ends = || self.dots.iter().flat_map(|d| d.points.iter().flat_map(|p| [(p.0, p.1 - p.2), (p.0, p.1 + p.2)]));
        let points = || self.series.iter().flat_map(|s| s.points.iter().copied()).chain(edges()).chain(ends());
        let finite: Vec<(f64, f64)> =
            points().filter(|p| p.1.is_finite() && (!self.logarithmic || p.1 > 0.0)).collect();
        if finite.len() < 2 {
            return Err(format!("there is nothing to draw in “{}” yet", self.title));
        }
        let x_end = finite.iter().map(|p| p.0).fold(f64::MIN_POSITIVE, f64::max);
        let x_start = finite.iter().map(|p| p.0).fold(f64::INFINITY, f64::min);
        // An axis of distances starts at 0; one of grey values may start at the first.
        let x_start = if x_start < 0.5 * x_end { x_start.min(0.0) } else { x_start };
        let (low, high) = finite.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), p| (a.min(p.1), b.max(p.1)));
        area.fill(&WHITE).map_err(|e| e.to_string())?;
        let mut builder = ChartBuilder::on(area);
        builder.margin(24).caption(&self.title, (FONT, 26)).x_label_area_size(56).y_label_area_size(84);
        if self.logarithmic {
            // Whole decades: only those have labels.
            let range = (10f64.powf(low.log10().floor())..10f64.powf(high.log10().ceil())).log_scale();
            let mut chart = builder.build_cartesian_2d(x_start..x_end, range).map_err(|e| e.to_string())?;
            self.fill(&mut chart)
        } else {
            // Curves stand on 0; dots may lie far from it.
            let range = match self.dots.is_empty() {
                true => low.min(0.0)..high.max(0.0) * 1.05 + f64::MIN_POSITIVE,
                false => low - 0.03 * (high - low)..high + 0.03 * (high - low) + f64::MIN_POSITIVE,
            };
            let mut chart = builder.build_cartesian_2d(x_start..x_end, range).map_err(|e| e.to_string())?;
            self.fill(&mut chart)
        }
    }

    fn fill<'a, B, Y>(
        &self,
        chart: &mut ChartContext<'a, B, Cartesian2d<plotters::coord::types::RangedCoordf64, Y>>,
    ) -> Result<(), String>
    where
        B: DrawingBackend + 'a,
        Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let failed = |e: &dyn std::fmt::Display| e.to_string();
        chart
            .configure_mesh()
            .x_desc(&self.x_label)
            .y_desc(&self.y_label)
            .x_label_formatter(&|x| short(*x))
            .label_style((FONT, 18))
            .axis_desc_style((FONT, 20))
            .light_line_style(TRANSPARENT)
            .draw()
            .map_err(|e| failed(&e))?;
        for band in &self.bands {
            let [r, g, b] = band.color;
            let there = band.points.iter().map(|p| (p.0, p.2));
            let back = band.points.iter().rev().map(|p| (p.0, p.1));
            let outline: Vec<(f64, f64)> = there.chain(back).filter(|p| p.1.is_finite()).collect();
            if !self.logarithmic && outline.len() > 2 {
                let area = Polygon::new(outline, RGBColor(r, g, b).mix(0.25).filled());
                chart.draw_series(std::iter::once(area)).map_err(|e| failed(&e))?;
            }
        }
        for series in self.series.iter().filter(|s| !s.points.is_empty()) {
            let [r, g, b] = series.color;
            let style = RGBColor(r, g, b).stroke_width(2);
            let points = series.points.iter().copied().filter(|p| p.1.is_finite() && (!self.logarithmic || p.1 > 0.0));
            let drawn = chart.draw_series(LineSeries::new(points, style)).map_err(|e| failed(&e))?;
            if series.name.is_empty() {
                continue;
            }
            drawn.label(&series.name).legend(move |(x, y)| PathElement::new([(x, y), (x + 24, y)], style));
        }
        for dots in &self.dots {
            let [r, g, b] = dots.color;
            let color = RGBColor(r, g, b);
            for (x, y, half) in dots.points.iter().copied().filter(|p| p.1.is_finite()) {
                if half > 0.0 {
                    let bar = PathElement::new([(x, y - half), (x, y + half)], color.mix(0.35).stroke_width(1));
                    chart.draw_series(std::iter::once(bar)).map_err(|e| failed(&e))?;
                }
                let dot = Circle::new((x, y), 4, color.mix(0.8).filled());
                chart.draw_series(std::iter::once(dot)).map_err(|e| failed(&e))?;
            }
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.85))
            .label_font((FONT, 18))
            .draw()
            .map_err(|e| failed(&e))
    }
}

/// Writes those figures in which there is something to draw, as SVG and CSV.
///
/// # Errors
/// A sentence that names the file that cannot be written.
pub fn write_drawn(written: &mut Written, figures: Vec<Figure>) -> Result<(), String> {
    for figure in figures {
        let stem = figure.file_stem();
        if let Ok(svg) = figure.svg() {
            written.put(&format!("{stem}.svg"), svg.as_bytes())?;
            written.put(&format!("{stem}.csv"), figure.csv().as_bytes())?;
        }
    }
    Ok(())
}

/// A number with half of the width of its interval, if there is one.
pub fn with_half_width(value: f64, half_width: Option<f64>) -> String {
    significant(value) + &half_width.map_or(String::new(), |half| format!(" ± {}", significant(half)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The six parts of a run's loss are told apart from each other and from the total, on the screen and on paper.
    #[test]
    fn curves_have_colours_of_their_own() {
        let mut colors: Vec<[u8; 3]> = (0..6).map(line_color).collect();
        colors.extend([MADE, PHASE_COLORS[2]]);
        let distance = |a: [u8; 3], b: [u8; 3]| {
            let squares = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(b)).powi(2));
            squares.sum::<f64>().sqrt()
        };
        for (n, a) in colors.iter().enumerate() {
            assert!(colors[..n].iter().all(|b| distance(*a, *b) > 60.0), "{a:?}");
        }
    }

    fn figure(title: &str, values: &[f64]) -> Figure {
        let points = values.iter().enumerate().map(|(x, y)| (x as f64, *y)).collect();
        Figure {
            title: title.into(),
            x_label: "distance r (px)".into(),
            y_label: "S2".into(),
            series: vec![Series { name: "original".into(), color: ORIGINAL, points }],
            ..Figure::default()
        }
    }

    #[test]
    fn figures_are_written_and_one_without_values_is_refused_in_a_sentence() {
        let folder = tempfile::tempdir().expect("a folder");
        figure("S2(r)", &[0.4, 0.3, 0.25]).write_all(folder.path()).expect("files");
        let text = std::fs::read_to_string(folder.path().join("s2-r.csv")).expect("a table");
        assert_eq!(text.lines().next(), Some("\"distance r (px)\",\"original\""));
        assert!(std::fs::read(folder.path().join("s2-r.png")).expect("a picture").starts_with(b"\x89PNG"));
        let mut two = figure("two", &[1.0, 2.0]);
        let points = vec![(0.5, 3.0), (1.5, 4.0), (2.5, 5.0)];
        two.series.push(Series { name: "the \"other\"".into(), color: MADE, points });
        let lines: Vec<String> = two.csv().lines().map(String::from).collect();
        assert_eq!(lines[0], r#""distance r (px)","original, x","original","the ""other""""#);
        assert_eq!(lines[3], "2.5,,,5.000000000e0");
        let boxes = vec![Boxed { name: "a box".into(), values: vec![1.0, 2.0, 4.0] }];
        let spread = Figure { title: "spread".into(), boxes, ..Figure::default() };
        assert!(spread.svg().expect("a figure").contains("a box") && spread.csv().starts_with("a box\n1\n"));
        assert!(figure("below", &[-2.0, -1.0]).svg().is_ok());
        let both = side_by_side(&[figure("left", &[1.0, 2.0]), figure("right", &[2.0, 1.0])]).expect("a figure");
        assert!(both.contains("left") && both.contains("right"));
        let error = figure("empty", &[]).svg().expect_err("nothing to draw");
        assert!(error.contains("nothing to draw"), "{error}");
    }
}
