//! A map as a drawing for papers (SVG) and as a page that needs nothing else (HTML).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::made::{Map, period_of};
use super::picture::{laid_out, picture_png, shown_as_pictures, thumbnail_of};
use crate::embed::{Values, categories, range};
use crate::figure::{line_color, scale_color, significant};

/// Edge of the drawing, its margin and the edge of a thumbnail, in units of the SVG.
const EDGE: f64 = 1000.0;
const MARGIN: f64 = 60.0;
const THUMBNAIL: f64 = 36.0;
/// Edge of a thumbnail in pixels, in the drawing and on the page.
const PIXELS: usize = 48;
/// Members whose pictures the page holds; the pictures of larger sets would fill it.
const MOST_PICTURES: usize = 5000;

/// Text for XML and HTML, which allow no control characters.
fn escaped(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The colour of each member by a column, as `#rrggbb`: from blue to yellow for numbers, one for each word.
fn colors(map: &Map, column: usize) -> Vec<String> {
    let period = period_of(&map.columns[column].name, &map.request.periods);
    let hex = |rgb: [u8; 3]| format!("#{:02x}{:02x}{:02x}", rgb[0], rgb[1], rgb[2]);
    let missing = || "#999999".to_string();
    match &map.columns[column].values {
        Values::Numbers(values) => {
            let (low, high) = range(values.iter().flatten().copied());
            let of = |v: f64| {
                if let Some(period) = period {
                    // A circle of hues.
                    let part = |shift: f64| 0.5 + 0.5 * (std::f64::consts::TAU * (v / period + shift)).cos();
                    return hex([0.0, -1.0 / 3.0, -2.0 / 3.0].map(|shift| (70.0 + 170.0 * part(shift)).round() as u8));
                }
                hex(scale_color(if high > low { (v - low) / (high - low) } else { 0.5 }))
            };
            values.iter().map(|v| v.map_or_else(missing, of)).collect()
        }
        Values::Words(words) => {
            let (_, of) = categories(words);
            of.iter().map(|n| n.map_or_else(missing, |n| hex(line_color(n)))).collect()
        }
    }
}

/// The first two dimensions of the widest embedding: pictures at their places as far as they do not hide each other, a
/// marker for each other member, coloured by the first column, and the directions of columns. None for maps in one
/// dimension.
pub fn map_svg(map: &Map) -> Option<String> {
    let each = map.widest();
    let ([width, height], spots) = laid_out(map, EDGE, MARGIN)?;
    let colors = match map.columns.is_empty() {
        true => vec!["#0072b2".to_string(); map.members.len()],
        false => colors(map, 0),
    };
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" \
         font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let pictures = shown_as_pictures(&spots, THUMBNAIL + 4.0);
    for (n, [left, top]) in spots.iter().enumerate().filter(|(n, _)| !pictures[*n]) {
        let (color, name) = (&colors[n], escaped(&map.members[n].name));
        let _ = writeln!(
            text,
            "<circle cx=\"{left:.1}\" cy=\"{top:.1}\" r=\"4\" fill=\"{color}\"><title>{name}</title></circle>"
        );
    }
    for (n, [left, top]) in spots.iter().enumerate().filter(|(n, _)| pictures[*n]) {
        let (size, grey) = thumbnail_of(&map.members[n], PIXELS);
        let longest = size.0.max(size.1) as f64;
        let [height, width] = [size.0, size.1].map(|edge| edge as f64 / longest * THUMBNAIL);
        let (left, top) = (left - 0.5 * width, top - 0.5 * height);
        let picture = STANDARD.encode(picture_png(&grey, size, false)?);
        let (color, name) = (&colors[n], escaped(&map.members[n].name));
        let _ = writeln!(
            text,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{color}\"/>\
             <image x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             href=\"data:image/png;base64,{picture}\"><title>{name}</title></image>",
            left - 2.0,
            top - 2.0,
            width + 4.0,
            height + 4.0,
        );
    }
    let middle = [0.5 * width, 0.5 * height];
    let half = 0.5 * (EDGE - 2.0 * MARGIN);
    for explained in &each.explained {
        let Some(fit) = &explained.fit else { continue };
        let length = fit.gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        if length <= 0.0 || fit.r2 <= 0.0 {
            continue;
        }
        let share = |k: usize| 0.9 * half * fit.r2.sqrt() * fit.gradient[k] / length;
        let end = [middle[0] + share(0), middle[1] - share(1)];
        let name = escaped(&format!("{}, R² {:.2}", map.columns[explained.column].name, fit.r2));
        let _ = writeln!(
            text,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"#d55e00\" stroke-width=\"2\"/>\
             <circle cx=\"{2:.1}\" cy=\"{3:.1}\" r=\"4\" fill=\"#d55e00\"/>\
             <text x=\"{2:.1}\" y=\"{4:.1}\" text-anchor=\"middle\" stroke=\"white\" stroke-width=\"4\" \
             paint-order=\"stroke\">{name}</text>",
            middle[0],
            middle[1],
            end[0],
            end[1],
            end[1] - 8.0,
        );
    }
    let column = map.columns.first().map_or(String::new(), |column| match &column.values {
        Values::Numbers(values) => {
            let (low, high) = range(values.iter().flatten().copied());
            let range = match period_of(&column.name, &map.request.periods) {
                Some(period) => format!("coming back after {}", significant(period)),
                None => format!("from {} (dark) to {} (light)", significant(low), significant(high)),
            };
            format!(", colour: {} {range}", escaped(&column.name))
        }
        Values::Words(_) => format!(", colour: {}", escaped(&column.name)),
    });
    let _ = writeln!(
        text,
        "<text x=\"{MARGIN}\" y=\"{:.0}\">{} members, D* = {}, stress {}, axes x1 and x2{column}</text>\n</svg>",
        height - 18.0,
        map.members.len(),
        each.embedding.places.ncols(),
        significant(each.embedding.stress),
    );
    Some(text)
}

/// A page with the map that can be moved, zoomed and coloured in any browser, without any other file.
pub fn map_html(map: &Map) -> Option<String> {
    const PAGE: &str = include_str!("../../../assets/map.html");
    let each = map.widest();
    let places = &each.embedding.places;
    let width = places.ncols();
    let number = |v: f64| if v.is_finite() { serde_json::json!(v as f32) } else { serde_json::Value::Null };
    let rows: Vec<Vec<_>> = places.rows().into_iter().map(|row| row.iter().map(|v| number(*v)).collect()).collect();
    let column = |(n, column): (usize, &crate::embed::Column)| {
        let period = period_of(&column.name, &map.request.periods);
        let fit = each.explained.iter().find(|own| own.column == n).and_then(|own| own.fit.as_ref());
        let (values, is_number) = match &column.values {
            Values::Numbers(values) => (serde_json::json!(values), true),
            Values::Words(words) => (serde_json::json!(words), false),
        };
        let (r2, gradient) = (fit.map(|fit| fit.r2), fit.map(|fit| fit.gradient.clone()));
        serde_json::json!({
            "name": column.name, "number": is_number, "values": values, "period": period, "r2": r2, "gradient": gradient
        })
    };
    let mut columns: Vec<_> = map.columns.iter().enumerate().map(column).collect();
    if let Some(clusters) = &map.clusters {
        let words: Vec<String> = clusters.of.iter().map(|n| (n + 1).to_string()).collect();
        columns.push(serde_json::json!({"name": "cluster", "number": false, "values": words}));
    }
    let names: Vec<&str> = map.members.iter().map(|member| member.name.as_str()).collect();
    let (atlas, across) = atlas(map)?;
    let facts = serde_json::json!({
        "names": names, "places": rows, "columns": columns, "dimensions": width, "stress": number(each.embedding.stress),
        "across": across, "cell": PIXELS, "atlas": atlas,
    });
    // A name must not end the script that holds it.
    let facts = facts.to_string().replace('<', "\\u003c");
    Some(PAGE.replace("\"FACTS\"", &facts))
}

/// All thumbnails in one picture, as data for a page, and how many lie beside each other; empty for large sets.
fn atlas(map: &Map) -> Option<(String, usize)> {
    let count = map.members.len();
    if count > MOST_PICTURES {
        return Some((String::new(), 0));
    }
    let across = (count as f64).sqrt().ceil() as usize;
    let side = across * PIXELS;
    let height = count.div_ceil(across) * PIXELS;
    // Grey and whether anything is there: pictures need not be squares.
    let mut pixels = vec![0u8; side * height * 2];
    for (n, member) in map.members.iter().enumerate() {
        let (size, grey) = thumbnail_of(member, PIXELS);
        let (top, left) = ((PIXELS - size.0) / 2 + n / across * PIXELS, (PIXELS - size.1) / 2 + n % across * PIXELS);
        for (at, value) in grey.iter().enumerate() {
            let pixel = (top + at / size.1) * side + left + at % size.1;
            (pixels[2 * pixel], pixels[2 * pixel + 1]) = (*value, 255);
        }
    }
    let png = picture_png(&pixels, (height, side), true)?;
    Some((format!("data:image/png;base64,{}", STANDARD.encode(png)), across))
}
