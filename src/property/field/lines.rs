//! Fields line by line.

use rayon::prelude::*;

/// Gives tasks some lines of every field: the number of their first line, and a part of each field.
pub fn by_lines(fields: &mut [Vec<f64>], columns: usize, lines: usize, task: impl Fn(usize, &mut [&mut [f64]]) + Sync) {
    let mut parts: Vec<Vec<&mut [f64]>> = vec![];
    for field in fields {
        for (n, part) in field.chunks_mut(lines * columns).enumerate() {
            if parts.len() <= n {
                parts.push(vec![]);
            }
            parts[n].push(part);
        }
    }
    parts.into_par_iter().enumerate().for_each(|(n, mut parts)| task(n * lines, &mut parts));
}

/// The length of a vector that is given as a field for each component.
pub fn lengths(components: &[Vec<f64>]) -> Vec<f64> {
    let square = |at: usize| components.iter().map(|c| c[at] * c[at]).sum::<f64>();
    (0..components.first().map_or(0, Vec::len)).map(|at| square(at).sqrt()).collect()
}

/// What rounding and the end of iterations leave unlike is made alike.
pub fn make_symmetric(tensor: &mut [Vec<f64>]) {
    for a in 0..tensor.len() {
        for b in 0..a {
            let mean = 0.5 * (tensor[a][b] + tensor[b][a]);
            (tensor[a][b], tensor[b][a]) = (mean, mean);
        }
    }
}
