//! A page with everything about a result: text, pictures, plots and a table, as one SVG file.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::{FONT, Figure, SIZE};

/// Width of the page, its margin, and the gap between its parts.
const WIDTH: f64 = 1120.0;
const MARGIN: f64 = 48.0;
const GAP: f64 = 16.0;
/// Sizes of the letters of text and headings, and the height of a line.
const TEXT: f64 = 14.0;
const HEADING: f64 = 24.0;
const LINE: f64 = 20.0;
/// Letters of a line of text, and about how wide one is.
const LETTERS: usize = 140;
const LETTER: f64 = 7.3;
/// The fewest letters of a line below a picture.
const FEWEST_LETTERS: usize = 14;

/// A picture with a line below it.
#[derive(Clone, Debug)]
pub struct PagePicture {
    /// What it shows.
    pub caption: String,
    /// The bytes of a PNG file.
    pub png: Vec<u8>,
    /// Height and width in pixels.
    pub size: (usize, usize),
}

/// The content of a page, from top to bottom.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The title.
    pub title: String,
    /// Paragraphs below the title.
    pub paragraphs: Vec<String>,
    /// Pictures side by side, all at one scale.
    pub pictures: Vec<PagePicture>,
    /// Plots, three in a row.
    pub figures: Vec<Figure>,
    /// Rows of a table, the headings first.
    pub table: Vec<Vec<String>>,
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Lines of at most so many letters. Longer words, such as names of files, are broken.
fn lines(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let broken = |word: &str| -> Vec<String> {
        word.chars().collect::<Vec<char>>().chunks(most).map(|part| part.iter().collect()).collect()
    };
    for word in text.split_whitespace().flat_map(broken) {
        let last = lines.last_mut().expect("there is always one");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > most {
            lines.push(word);
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(&word);
        }
    }
    lines
}

impl Page {
    /// The page as SVG.
    ///
    /// # Errors
    /// A plot cannot be drawn.
    pub fn svg(&self) -> Result<String, String> {
        let mut body = String::new();
        let mut y = MARGIN + HEADING;
        let text = |body: &mut String, x: f64, y: f64, size: f64, weight: &str, text: &str| {
            let _ = writeln!(
                body,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" font-family=\"{FONT}\" font-size=\"{size}\" font-weight=\"{weight}\">{}</text>",
                escaped(text)
            );
        };
        text(&mut body, MARGIN, y, HEADING, "bold", &self.title);
        for line in self.paragraphs.iter().flat_map(|p| lines(p, LETTERS)) {
            y += LINE;
            text(&mut body, MARGIN, y + 6.0, TEXT, "normal", &line);
        }
        y += LINE + GAP;
        let room = WIDTH - 2.0 * MARGIN;
        if !self.pictures.is_empty() {
            let across: usize = self.pictures.iter().map(|p| p.size.1).sum();
            let gaps = GAP * (self.pictures.len() - 1) as f64;
            // One scale for all: their pixels have the same edge on the page.
            let narrowest = LETTER * FEWEST_LETTERS as f64;
            let scale = |room: f64| room / across.max(1) as f64;
            let whole = scale(room - gaps);
            let narrow = self.pictures.iter().filter(|p| (p.size.1 as f64) * whole < narrowest).count() as f64;
            let scale = scale(room - gaps - narrow * narrowest);
            let tallest = self.pictures.iter().map(|p| p.size.0).max().unwrap_or(0) as f64 * scale;
            let mut x = MARGIN;
            let mut most_lines = 1;
            for picture in &self.pictures {
                let (height, width) = (picture.size.0 as f64 * scale, picture.size.1 as f64 * scale);
                let _ = writeln!(
                    body,
                    "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
                     style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{}\"/>",
                    BASE64_STANDARD.encode(&picture.png)
                );
                // Below a narrow picture the line is broken, so that it does not run into the next one.
                let letters = (width / LETTER) as usize;
                let caption = lines(&picture.caption, letters.max(FEWEST_LETTERS));
                for (n, line) in caption.iter().enumerate() {
                    text(&mut body, x, y + tallest + LINE * (n + 1) as f64, TEXT, "normal", line);
                }
                most_lines = most_lines.max(caption.len());
                // No narrower than a word.
                x += width.max(narrowest) + GAP;
            }
            y += tallest + LINE * most_lines as f64 + 2.0 * GAP;
        }
        for row in self.figures.chunks(3) {
            let width = (room - 2.0 * GAP) / 3.0;
            let height = width * f64::from(SIZE.1) / f64::from(SIZE.0);
            for (n, figure) in row.iter().enumerate() {
                let x = MARGIN + n as f64 * (width + GAP);
                let svg = figure.svg()?;
                // The plot's own drawing, placed and scaled.
                let inner = svg.find("<svg").map_or(svg.as_str(), |at| &svg[at..]);
                let _ = writeln!(
                    body,
                    "<g transform=\"translate({x:.1} {y:.1}) scale({:.5})\">{inner}</g>",
                    width / f64::from(SIZE.0)
                );
            }
            y += height + GAP;
        }
        y += GAP;
        let columns = self.table.iter().map(Vec::len).max().unwrap_or(0).max(1);
        for (n, row) in self.table.iter().enumerate() {
            let weight = if n == 0 { "bold" } else { "normal" };
            for (k, cell) in row.iter().enumerate() {
                text(&mut body, MARGIN + k as f64 * room / columns as f64, y, TEXT, weight, cell);
            }
            y += LINE;
        }
        let height = y + MARGIN;
        Ok(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height:.0}\" viewBox=\"0 0 {WIDTH} {height:.0}\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{body}</svg>\n"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_all_its_parts_and_stays_well_formed() {
        let series =
            vec![crate::figure::Series { name: "a".into(), color: [0; 3], points: vec![(0.0, 1.0), (1.0, 0.5)] }];
        let figure = Figure { title: "S2(r)".into(), series, ..Figure::default() };
        let page = Page {
            title: "Foam <A> & B".into(),
            paragraphs: vec!["word ".repeat(60)],
            pictures: vec![PagePicture { caption: "Original".into(), png: vec![1, 2, 3], size: (4, 4) }; 2],
            figures: vec![figure; 4],
            table: vec![vec!["number".into(), "error".into()], vec!["S2".into(), "0.5 %".into()]],
        };
        let svg = page.svg().expect("a page");
        assert!(svg.contains("Foam &lt;A&gt; &amp; B") && svg.contains("AQID") && svg.contains("0.5 %"));
        assert_eq!((svg.matches("<svg").count(), svg.matches("</svg>").count()), (5, 5));
        assert_eq!(lines("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(lines("Original: a-long-name.tif", 10), ["Original:", "a-long-nam", "e.tif"]);
    }
}
