//! Tables as files: CSV, Markdown and LaTeX.

/// A cell of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// Its text.
    pub text: String,
    /// Whether it is the best of its column: bold where that is possible.
    pub is_best: bool,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What it shows, in a sentence.
    pub caption: String,
    /// The headings of the columns.
    pub headings: Vec<String>,
    /// The rows, a cell for each heading.
    pub rows: Vec<Vec<Cell>>,
}

impl Cell {
    /// A cell that is not the best one.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_best: false }
    }
}

/// A field of CSV, in quotes where it needs them.
pub fn csv_field(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.into(),
    }
}

impl Table {
    /// As Markdown: the caption, and the best cells in bold.
    pub fn markdown(&self) -> String {
        let escaped = |text: &str| text.replace('|', "\\|").replace('\n', " ");
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let headings: Vec<String> = self.headings.iter().map(|h| escaped(h)).collect();
        let mut text = format!("{}\n\n{}|{}\n", self.caption, line(&headings), "---|".repeat(headings.len()));
        for row in &self.rows {
            let cell = |cell: &Cell| match cell.is_best {
                true => format!("**{}**", escaped(&cell.text)),
                false => escaped(&cell.text),
            };
            text.push_str(&line(&row.iter().map(cell).collect::<Vec<_>>()));
        }
        text
    }

    /// As CSV: headings and rows.
    pub fn csv(&self) -> String {
        let line = |cells: &mut dyn Iterator<Item = &str>| cells.map(csv_field).collect::<Vec<_>>().join(",") + "\n";
        let mut text = line(&mut self.headings.iter().map(String::as_str));
        for row in &self.rows {
            text += &line(&mut row.iter().map(|cell| cell.text.as_str()));
        }
        text
    }

    /// As text for a terminal: the caption, and columns below their headings.
    pub fn text(&self) -> String {
        let rows: Vec<Vec<&str>> = std::iter::once(self.headings.iter().map(String::as_str).collect())
            .chain(self.rows.iter().map(|row| row.iter().map(|cell| cell.text.as_str()).collect()))
            .collect();
        let width = |k: usize| rows.iter().filter_map(|row| row.get(k)).map(|t| t.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.headings.len()).map(width).collect();
        let line = |row: &Vec<&str>| {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(t, w)| format!("{t:<w$}")).collect();
            cells.join("  ").trim_end().to_string()
        };
        std::iter::once(self.caption.clone()).chain(rows.iter().map(line)).collect::<Vec<_>>().join("\n")
    }

    /// As a LaTeX table with rules of the `booktabs` package, the best cells in bold.
    pub fn latex(&self) -> String {
        let columns = "l".to_string() + &"r".repeat(self.headings.len().saturating_sub(1));
        let headings: Vec<String> = self.headings.iter().map(|h| latex_text(h)).collect();
        let mut text = format!(
            "\\begin{{table}}\n\\caption{{{}}}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n{} \\\\\n\\midrule\n",
            latex_text(&self.caption),
            headings.join(" & ")
        );
        for row in &self.rows {
            let cell = |cell: &Cell| match cell.is_best {
                true => format!("\\textbf{{{}}}", latex_text(&cell.text)),
                false => latex_text(&cell.text),
            };
            text.push_str(&format!("{} \\\\\n", row.iter().map(cell).collect::<Vec<_>>().join(" & ")));
        }
        text.push_str("\\bottomrule\n\\end{tabular}\n\\end{table}\n");
        text
    }
}

/// A text with LaTeX's special signs escaped.
fn latex_text(text: &str) -> String {
    let sign = |c: char| match c {
        '&' | '%' | '$' | '#' | '_' | '{' | '}' => format!("\\{c}"),
        '~' => "\\textasciitilde{}".into(),
        '^' => "\\textasciicircum{}".into(),
        '\\' => "\\textbackslash{}".into(),
        '×' => "$\\times$".into(),
        '–' | '…' => "--".into(),
        '−' => "$-$".into(),
        '₂' => "$_2$".into(),
        '²' => "$^2$".into(),
        c => c.to_string(),
    };
    text.chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_escaped_and_the_best_are_bold() {
        let best = Cell { text: "1 %".into(), is_best: true };
        let table = Table {
            caption: "Errors of a_b".into(),
            headings: vec!["method".into(), "S2, %".into()],
            rows: vec![vec![Cell::plain("a|b & c"), best]],
        };
        let markdown = table.markdown();
        assert!(markdown.contains("| a\\|b & c | **1 %** |") && markdown.contains("|---|---|"), "{markdown}");
        assert_eq!(table.csv(), "method,\"S2, %\"\na|b & c,1 %\n");
        let latex = table.latex();
        assert!(latex.contains("a|b \\& c & \\textbf{1 \\%} \\\\") && latex.contains("{lr}"), "{latex}");
        assert!(latex.contains("Errors of a\\_b"));
        assert_eq!(csv_field("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(csv_field("a b"), "a b");
    }
}
