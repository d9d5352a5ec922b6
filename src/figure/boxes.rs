//! Box plots: how values of several kinds are spread.

use std::fmt::Write as _;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::number::significant;
use super::style::{FONT, MADE};
use super::table::csv_field;

/// The values of one box.
#[derive(Clone, Debug)]
pub struct Boxed {
    /// What they are values of.
    pub name: String,
    /// The values, in any order.
    pub values: Vec<f64>,
}

/// The quartiles of values, and how far the whiskers reach: to the last value within one and a half times the distance of the
/// quartiles beyond them (Tukey 1977).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartiles {
    /// The end of the lower whisker.
    pub low: f64,
    /// The value that a quarter of all lie below, half of them, and three quarters.
    pub quarters: [f64; 3],
    /// The end of the upper whisker.
    pub high: f64,
}

impl Boxed {
    /// The values that are numbers, rising.
    pub fn sorted(&self) -> Vec<f64> {
        let mut values: Vec<f64> = self.values.iter().copied().filter(|v| v.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    /// Their quartiles, between the values beside them; none without values.
    pub fn quartiles(&self) -> Option<Quartiles> {
        let values = self.sorted();
        let last = values.len().checked_sub(1)?;
        let at = |share: f64| {
            let place = share * last as f64;
            let below = values[place.floor() as usize];
            below + place.fract() * (values[place.ceil() as usize] - below)
        };
        let quarters = [at(0.25), at(0.5), at(0.75)];
        let reach = 1.5 * (quarters[2] - quarters[0]);
        let within = |v: &&f64| **v >= quarters[0] - reach && **v <= quarters[2] + reach;
        let (low, high) = (*values.iter().find(within)?, *values.iter().rev().find(within)?);
        Some(Quartiles { low, quarters, high })
    }
}

/// A column for each box.
pub fn boxes_csv(boxes: &[Boxed]) -> String {
    let names: Vec<String> = boxes.iter().map(|b| csv_field(&b.name)).collect();
    let mut text = names.join(",") + "\n";
    let longest = boxes.iter().map(|b| b.values.len()).max().unwrap_or(0);
    for row in 0..longest {
        let cell = |b: &Boxed| b.values.get(row).map_or(String::new(), f64::to_string);
        let _ = writeln!(text, "{}", boxes.iter().map(cell).collect::<Vec<_>>().join(","));
    }
    text
}

/// Draws boxes lying, the first on top, each with its name above it and a circle for each value.
pub fn draw_boxes<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    (title, x_label): (&str, &str),
    boxes: &[Boxed],
) -> Result<(), String> {
    let all: Vec<f64> = boxes.iter().flat_map(Boxed::sorted).collect();
    let (low, high) = all.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    if !low.is_finite() {
        return Err(format!("there is nothing to draw in “{title}” yet"));
    }
    let failed = |e: &dyn std::fmt::Display| e.to_string();
    area.fill(&WHITE).map_err(|e| failed(&e))?;
    let margin = 0.03 * (high - low).max(1e-9 * high.abs()).max(f64::MIN_POSITIVE);
    let mut builder = ChartBuilder::on(area);
    builder.margin(24).caption(title, (FONT, 26)).x_label_area_size(56).y_label_area_size(12);
    let mut chart =
        builder.build_cartesian_2d(low - margin..high + margin, 0.0..boxes.len() as f64).map_err(|e| failed(&e))?;
    chart
        .configure_mesh()
        .x_desc(x_label)
        .x_label_formatter(&|x| significant(*x))
        .y_labels(0)
        .disable_y_mesh()
        .label_style((FONT, 18))
        .axis_desc_style((FONT, 20))
        .light_line_style(TRANSPARENT)
        .draw()
        .map_err(|e| failed(&e))?;
    let color = RGBColor(MADE[0], MADE[1], MADE[2]);
    for (n, own) in boxes.iter().enumerate() {
        let Some(Quartiles { low: start, quarters: [first, middle, last], high: end }) = own.quartiles() else {
            continue;
        };
        let y = boxes.len() as f64 - n as f64 - 0.68;
        let line = |from: (f64, f64), to: (f64, f64), width| PathElement::new([from, to], color.stroke_width(width));
        let lines = [
            line((start, y), (first, y), 2),
            line((last, y), (end, y), 2),
            line((middle, y - 0.2), (middle, y + 0.2), 3),
        ];
        let body = [(first, y - 0.2), (last, y + 0.2)];
        chart.draw_series([Rectangle::new(body, color.mix(0.2).filled())]).map_err(|e| failed(&e))?;
        chart.draw_series([Rectangle::new(body, color.stroke_width(2))]).map_err(|e| failed(&e))?;
        chart.draw_series(lines).map_err(|e| failed(&e))?;
        let dots = own.sorted().into_iter().map(|v| Circle::new((v, y), 3, color.mix(0.6).filled()));
        chart.draw_series(dots).map_err(|e| failed(&e))?;
        let name = Text::new(own.name.clone(), (low, y + 0.56), (FONT, 18));
        chart.draw_series([name]).map_err(|e| failed(&e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_values_and_whiskers_end_at_values() {
        let boxed = |values: &[f64]| Boxed { name: "a, b".into(), values: values.to_vec() };
        let found = boxed(&[5.0, 1.0, 2.0, 100.0, 3.0, f64::NAN, 4.0]).quartiles().expect("values");
        assert_eq!(found, Quartiles { low: 1.0, quarters: [2.25, 3.5, 4.75], high: 5.0 });
        let one = boxed(&[7.0]).quartiles().expect("a value");
        assert_eq!(one, Quartiles { low: 7.0, quarters: [7.0; 3], high: 7.0 });
        assert!(boxed(&[]).quartiles().is_none());
        assert_eq!(boxes_csv(&[boxed(&[1.0, 2.5]), boxed(&[3.0])]), "\"a, b\",\"a, b\"\n1,3\n2.5,\n");
    }
}
