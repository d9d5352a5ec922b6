//! k-means: pixels go to the nearest of a few centres, which move to the means of their pixels.

/// Which centre is nearest to a pixel; of equally near ones the first.
pub fn nearest(pixel: &[f32], centres: &[Vec<f32>]) -> u8 {
    let distance = |k: &usize| pixel.iter().zip(&centres[*k]).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
    (0..centres.len()).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0) as u8
}

/// k-means of pixels (Lloyd, IEEE Trans. Inf. Theory 28:129, 1982), from the `centres` given and for at most `rounds`;
/// the centre of each pixel, and the centres that it ends with. A centre that loses all its pixels stays where it is.
pub fn k_means(pixels: &[&[f32]], mut centres: Vec<Vec<f32>>, rounds: usize) -> (Vec<u8>, Vec<Vec<f32>>) {
    let mut labels: Vec<u8> = vec![];
    for _ in 0..rounds {
        let next: Vec<u8> = pixels.iter().map(|p| nearest(p, &centres)).collect();
        if next == labels {
            break;
        }
        labels = next;
        let mut sums: Vec<(Vec<f64>, f64)> = centres.iter().map(|c| (vec![0.0; c.len()], 0.0)).collect();
        for (pixel, label) in pixels.iter().zip(&labels) {
            let (sum, count) = &mut sums[usize::from(*label)];
            sum.iter_mut().zip(*pixel).for_each(|(s, v)| *s += f64::from(*v));
            *count += 1.0;
        }
        for (centre, (sum, count)) in centres.iter_mut().zip(&sums).filter(|(_, (_, count))| *count > 0.0) {
            *centre = sum.iter().map(|s| (s / count) as f32).collect();
        }
    }
    (labels, centres)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_heaps_find_their_means_and_an_empty_centre_stays() {
        let pixels: Vec<[f32; 2]> = vec![[0.0, 1.0], [2.0, 1.0], [10.0, 5.0], [12.0, 7.0]];
        let pixels: Vec<&[f32]> = pixels.iter().map(<[f32; 2]>::as_slice).collect();
        let (labels, centres) = k_means(&pixels, vec![vec![3.0, 1.0], vec![9.0, 9.0], vec![99.0, 99.0]], 20);
        assert_eq!(labels, [0, 0, 1, 1]);
        assert_eq!(centres, [vec![1.0, 1.0], vec![11.0, 6.0], vec![99.0, 99.0]]);
    }
}
