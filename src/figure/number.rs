//! Numbers as readable text.

/// Three significant digits.
pub fn significant(value: f64) -> String {
    let size = value.abs();
    match size {
        s if s == 0.0 || !s.is_finite() => format!("{value}"),
        s if (0.001..1000.0).contains(&s) => {
            let decimals = (2 - s.log10().floor() as i32).max(0) as usize;
            format!("{value:.decimals$}")
        }
        _ => format!("{value:.2e}"),
    }
}

/// A count with thin spaces between thousands.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (k, digit) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(digit);
    }
    out
}

/// Seconds as text in readable units.
pub fn duration(seconds: f64) -> String {
    match seconds.round() as u64 {
        s @ 0..=99 => format!("{s} s"),
        s @ 100..=5999 => format!("{} min {:02} s", s / 60, s % 60),
        s => format!("{} h {:02} min", s / 3600, s / 60 % 60),
    }
}
