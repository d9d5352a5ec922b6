//! The diffraction orders that a field is expanded in.

/// Orders of diffraction along x and y.
pub type Order = (i32, i32);

/// How products with the permittivity are cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Factorisation {
    /// By Li's rules, which converge quickest.
    #[default]
    Li,
    /// All products by the plain matrix of ε, as some other programs do: for comparisons with them.
    Plain,
}

/// The orders that fields are expanded in.
#[derive(Clone, Debug)]
pub struct Expansion {
    /// The orders; (0, 0) is one of them.
    pub orders: Vec<Order>,
    /// How products are cut off.
    pub factorisation: Factorisation,
}

impl Expansion {
    /// These orders, by Li's rules.
    pub fn li(orders: Vec<Order>) -> Self {
        Self { orders, factorisation: Factorisation::Li }
    }
}

/// All orders up to `x` and `y` along the axes: (2x + 1)(2y + 1) of them, row by row.
pub fn rectangle(x: usize, y: usize) -> Vec<Order> {
    let (x, y) = (x as i32, y as i32);
    (-y..=y).flat_map(|n| (-x..=x).map(move |m| (m, n))).collect()
}

/// At least `count` orders whose wave vectors are the shortest, for a cell with these periods. What is as long as the last
/// one is taken too, so that the set is as symmetric as the cell.
pub fn circle(count: usize, periods: [f64; 2]) -> Vec<Order> {
    let length = |(m, n): &Order| (f64::from(*m) / periods[0]).hypot(f64::from(*n) / periods[1]);
    // A box that holds the circle with room.
    let area = count as f64 / std::f64::consts::PI;
    let reach = |a: f64, b: f64| (2.0 * (area * a / b).sqrt()).ceil() as usize + 2;
    let (x, y) = (reach(periods[0], periods[1]), reach(periods[1], periods[0]));
    let mut all = rectangle(x, y);
    all.sort_by(|a, b| length(a).total_cmp(&length(b)));
    let longest = all.get(count.saturating_sub(1)).map_or(f64::INFINITY, &length) * (1.0 + 1e-9);
    all.truncate(all.partition_point(|o| length(o) <= longest));
    all.sort_by_key(|(m, n)| (*n, *m));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_symmetric_and_whole() {
        assert_eq!(circle(1, [1.0, 1.0]), [(0, 0)]);
        assert_eq!(circle(4, [1.0, 1.0]).len(), 5);
        assert_eq!(circle(290, [1.0, 1.0]).len(), 293);
        assert_eq!(rectangle(7, 7).len(), 225);
        let long = circle(9, [10.0, 1.0]);
        assert!(long.len() == 9 && long.iter().all(|(_, n)| *n == 0), "{long:?}");
    }
}
