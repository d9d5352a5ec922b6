//! Which way a phase goes on through a periodic map.

/// The connected parts of a phase on a periodic map, and how they wind around it.
#[derive(Clone, Debug)]
pub struct Winding {
    /// The part of each pixel, from 0; nothing outside the phase.
    pub part: Vec<Option<u32>>,
    /// How many rows and columns each pixel lies beyond the map, if one walks to it within its part from where the part
    /// was first found.
    pub beyond: Vec<[i64; 2]>,
    /// The number of parts.
    pub parts: usize,
    /// Rows and columns from a pixel to itself on ways around the map, each different one once.
    pub ways: Vec<[i64; 2]>,
}

impl Winding {
    /// Follows a phase, row by row. Pixels that share a corner touch if `corners`.
    ///
    /// # Panics
    /// If the pixels are not as many as the size says.
    pub fn of(inside: &[bool], (height, width): (usize, usize), corners: bool) -> Self {
        assert_eq!(inside.len(), height * width, "a value for each pixel");
        let steps: Vec<(i64, i64)> = (-1..=1)
            .flat_map(|dy| (-1..=1).map(move |dx| (dy, dx)))
            .filter(|(dy, dx)| (*dy, *dx) != (0, 0) && (corners || dy * dx == 0))
            .collect();
        let count = inside.len();
        let mut found = Self { part: vec![None; count], beyond: vec![[0; 2]; count], parts: 0, ways: vec![] };
        let (h, w) = (height as i64, width as i64);
        let mut open = vec![];
        for start in 0..count {
            if !inside[start] || found.part[start].is_some() {
                continue;
            }
            let part = found.parts as u32;
            found.parts += 1;
            found.part[start] = Some(part);
            open.push(start);
            while let Some(at) = open.pop() {
                let (y, x) = ((at / width) as i64, (at % width) as i64);
                for (dy, dx) in &steps {
                    let (to_y, to_x) = (y + dy, x + dx);
                    let to = (to_y.rem_euclid(h) * w + to_x.rem_euclid(w)) as usize;
                    if !inside[to] {
                        continue;
                    }
                    let [by, bx] = found.beyond[at];
                    let beyond = [by + to_y.div_euclid(h) * h, bx + to_x.div_euclid(w) * w];
                    if found.part[to].is_none() {
                        found.part[to] = Some(part);
                        found.beyond[to] = beyond;
                        open.push(to);
                        continue;
                    }
                    let way = [beyond[0] - found.beyond[to][0], beyond[1] - found.beyond[to][1]];
                    let back = [-way[0], -way[1]];
                    if way != [0, 0] && !found.ways.contains(&way) && !found.ways.contains(&back) {
                        found.ways.push(way);
                    }
                }
            }
        }
        found
    }

    /// In which directions it goes on without end.
    pub fn directions(&self) -> Directions {
        let Some(first) = self.ways.first() else { return Directions::None };
        if self.ways.iter().any(|w| w[0] * first[1] != w[1] * first[0]) {
            return Directions::All;
        }
        let length = (first[0] as f64).hypot(first[1] as f64);
        Directions::One([first[1] as f64 / length, first[0] as f64 / length])
    }
}

/// The directions in which a phase goes on without end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Directions {
    /// It consists of islands.
    None,
    /// Along this unit vector (x, y) alone.
    One([f64; 2]),
    /// In every direction.
    All,
}

impl Directions {
    /// Whether it leads from one side to the other along an axis, 0 for x and 1 for y.
    pub fn leads_along(self, axis: usize) -> bool {
        match self {
            Self::None => false,
            Self::One(direction) => direction[axis] != 0.0,
            Self::All => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directions(rows: &[&str], corners: bool) -> Directions {
        let inside: Vec<bool> = rows.iter().flat_map(|r| r.chars().map(|c| c == '#')).collect();
        Winding::of(&inside, (rows.len(), rows[0].len()), corners).directions()
    }

    #[test]
    fn paths_around_the_map_are_found() {
        assert_eq!(directions(&["....", "####", "...."], false), Directions::One([1.0, 0.0]));
        assert_eq!(directions(&[".#..", ".#..", ".#.."], false), Directions::One([0.0, 1.0]));
        assert_eq!(directions(&[".#..", "####", ".#.."], false), Directions::All);
        assert_eq!(directions(&["....", ".##.", "...."], true), Directions::None);
        // A diagonal goes on by corners alone.
        let diagonal = ["#...", ".#..", "..#.", "...#"];
        assert_eq!(directions(&diagonal, false), Directions::None);
        let half = 4.0 / 4f64.hypot(4.0);
        assert_eq!(directions(&diagonal, true), Directions::One([half, half]));
    }
}
