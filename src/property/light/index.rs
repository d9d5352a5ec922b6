//! Refractive indices as tables over the wavelength.

use rustfft::num_complex::Complex;

/// The refractive index n + ik over the wavelength; a single row holds for all wavelengths.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct IndexTable {
    /// Wavelength in nanometres, n and k, in the order of wavelengths.
    pub rows: Vec<[f64; 3]>,
}

impl IndexTable {
    /// One index for all wavelengths.
    pub fn constant(n: f64, k: f64) -> Self {
        Self { rows: vec![[0.0, n, k]] }
    }

    /// Reads a table of wavelength (nm, or µm if all are below 100), n and, if it absorbs, k: a line each, numbers apart
    /// by commas, semicolons, tabs or spaces. Lines before the first number are headings; lines with `#` are comments. A
    /// second heading begins a second table of wavelength and k, as refractiveindex.info writes them.
    ///
    /// # Errors
    /// A sentence that says which line is wrong.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let mut rows: Vec<[f64; 3]> = vec![];
        let mut of_k: Option<Vec<[f64; 2]>> = None;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let apart = |c: char| c == ',' || c == ';' || c.is_whitespace();
            let fields: Vec<&str> = line.split(apart).filter(|f| !f.is_empty()).collect();
            let values: Option<Vec<f64>> = fields.iter().map(|f| f.parse().ok()).collect();
            let is_heading = fields.first().is_some_and(|f| f.to_lowercase().starts_with("wl"));
            match (values.as_deref(), &mut of_k) {
                (None, None) if !rows.is_empty() && is_heading => of_k = Some(vec![]),
                (Some([wavelength, k, ..]), Some(of_k)) => of_k.push([*wavelength, *k]),
                (Some([wavelength, n]), None) => rows.push([*wavelength, *n, 0.0]),
                (Some([wavelength, n, k, ..]), None) => rows.push([*wavelength, *n, *k]),
                (None, None) if rows.is_empty() => {}
                (_, None) => return Err(format!("line {} is “{line}”, not a wavelength, n and k", number + 1)),
                (_, Some(_)) => return Err(format!("line {} is “{line}”, not a wavelength and k", number + 1)),
            }
        }
        if rows.is_empty() {
            return Err("it has no line with a wavelength, n and k".into());
        }
        if let Some(mut of_k) = of_k.filter(|k| !k.is_empty()) {
            of_k.sort_by(|a, b| a[0].total_cmp(&b[0]));
            rows.iter_mut().for_each(|row| row[2] = on_lines(&of_k, row[0]));
        }
        if rows.iter().all(|r| r[0] < 100.0) {
            rows.iter_mut().for_each(|r| r[0] *= 1000.0);
        }
        rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let table = Self { rows };
        table.check()?;
        Ok(table)
    }

    /// Whether the numbers can be indices.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn check(&self) -> Result<(), String> {
        if self.rows.is_empty() {
            return Err("it has no row".into());
        }
        for [wavelength, n, k] in &self.rows {
            if ![wavelength, n, k].iter().all(|v| v.is_finite()) {
                return Err(format!("at {wavelength} nm, n = {n} and k = {k} are not both numbers"));
            }
            if *n < 0.0 || *k < 0.0 || n + k == 0.0 {
                return Err(format!("at {wavelength} nm, n = {n} and k = {k}; neither can be negative, nor both 0"));
            }
        }
        if self.rows.windows(2).any(|w| w[0][0] >= w[1][0]) {
            return Err("a wavelength stands twice, or the wavelengths are in no order".into());
        }
        Ok(())
    }

    /// The index at a wavelength in nanometres, on straight lines between rows.
    ///
    /// # Errors
    /// A sentence if the wavelength is outside the table.
    pub fn at(&self, wavelength: f64) -> Result<Complex<f64>, String> {
        let (first, last) = match self.rows.as_slice() {
            [] => return Err("it has no row".into()),
            [only] => return Ok(Complex::new(only[1], only[2])),
            [first, .., last] => (first[0], last[0]),
        };
        if !(first..=last).contains(&wavelength) {
            return Err(format!("it holds from {first} to {last} nm, and {wavelength} nm is outside"));
        }
        let after = self.rows.partition_point(|r| r[0] < wavelength).max(1);
        let ([x0, n0, k0], [x1, n1, k1]) = (self.rows[after - 1], self.rows[after]);
        let t = (wavelength - x0) / (x1 - x0);
        Ok(Complex::new(n0 + t * (n1 - n0), k0 + t * (k1 - k0)))
    }
}

/// The value at x on straight lines between points in the order of x; beyond them that of the last one.
fn on_lines(points: &[[f64; 2]], x: f64) -> f64 {
    let after = points.partition_point(|p| p[0] < x);
    match (after.checked_sub(1).map(|n| points[n]), points.get(after)) {
        (Some([x0, y0]), Some([x1, y1])) => y0 + (x - x0) / (x1 - x0) * (y1 - y0),
        (Some([_, y]), None) => y,
        (None, Some([_, y])) => *y,
        (None, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_and_interpolated() {
        let table = IndexTable::from_text("wavelength, n, k\n0.5, 2.0, 0.1\n# no\n0.7\t3.0\t0.3\n").expect("a table");
        let found = table.at(600.0).expect("within");
        assert!((found - Complex::new(2.5, 0.2)).norm() < 1e-12);
        assert!(table.at(400.0).expect_err("outside").contains("500 to 700 nm"));
        let blocks = IndexTable::from_text("wl,n\n0.4,1.5\n0.6,1.4\n\nwl,k\n0.4,0.2\n0.8,0.4\n").expect("two blocks");
        assert_eq!(blocks.rows[0], [400.0, 1.5, 0.2]);
        assert!((blocks.rows[1][2] - 0.3).abs() < 1e-12);
        assert_eq!(IndexTable::constant(1.5, 0.0).at(1e6), Ok(Complex::new(1.5, 0.0)));
    }

    #[test]
    fn bad_tables_are_refused_in_words() {
        for (text, part) in [
            ("", "no line"),
            ("600 1.5 0\n500 nan 0.1\n", "not both numbers"),
            ("600 1.5 0\nabc\n", "line 2"),
            ("600 1.5 -0.1\n", "negative"),
            ("600 1.5 0\n600 1.6 0\n", "twice"),
        ] {
            let reason = IndexTable::from_text(text).expect_err(text);
            assert!(reason.contains(part), "{text}: {reason}");
        }
    }
}
