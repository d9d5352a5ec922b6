//! Approximate nearest neighbours by tree-structured vector quantisation (Wei & Levoy, SIGGRAPH 2000, section 4).

/// The most vectors of a leaf.
const LEAF: usize = 48;
/// Rounds of 2-means in each branch.
const ROUNDS: usize = 4;

/// Vectors of one length, one after another.
pub struct Vectors {
    /// The length of each.
    pub length: usize,
    /// Their numbers.
    pub values: Vec<f32>,
}

impl Vectors {
    fn get(&self, n: u32) -> &[f32] {
        &self.values[n as usize * self.length..][..self.length]
    }
}

/// The squared distance of two vectors.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    // Sixteen sums side by side, which the processor adds at once.
    let mut sums = [0.0f32; 16];
    let (blocks, rest) = (a.len() / 16 * 16, a.len() % 16);
    for (a, b) in a.chunks_exact(16).zip(b.chunks_exact(16)) {
        (0..16).for_each(|k| sums[k] += (a[k] - b[k]).powi(2));
    }
    let last: f32 = (blocks..blocks + rest).map(|k| (a[k] - b[k]).powi(2)).sum();
    sums.iter().sum::<f32>() + last
}

/// A tree of vectors.
pub enum Quantiser {
    /// A few vectors, by number.
    Leaf(Vec<u32>),
    /// Two centres, and the vectors nearer to each.
    Branch(Box<[(Vec<f32>, Quantiser); 2]>),
}

impl Quantiser {
    /// A tree of all vectors.
    pub fn new(vectors: &Vectors) -> Self {
        let count = vectors.values.len() / vectors.length;
        Self::grow(vectors, (0..count as u32).collect())
    }

    fn grow(vectors: &Vectors, members: Vec<u32>) -> Self {
        if members.len() <= LEAF {
            return Self::Leaf(members);
        }
        let Some(mut centres) = first_centres(vectors, &members) else { return Self::Leaf(thinned(members)) };
        let mut split = split_by(vectors, &members, &centres);
        for _ in 1..ROUNDS {
            centres = split.each_ref().map(|part| mean(vectors, part));
            split = split_by(vectors, &members, &centres);
        }
        if split.iter().any(Vec::is_empty) {
            return Self::Leaf(thinned(members));
        }
        drop(members);
        let [(a, a_centre), (b, b_centre)] = {
            let [a, b] = split;
            let [a_centre, b_centre] = centres;
            [(a, a_centre), (b, b_centre)]
        };
        let (a, b) = rayon::join(|| Self::grow(vectors, a), || Self::grow(vectors, b));
        Self::Branch(Box::new([(a_centre, a), (b_centre, b)]))
    }

    /// The vectors of the leaf that a vector belongs to, with their squared distances.
    pub fn candidates(&self, vectors: &Vectors, wanted: &[f32], found: &mut Vec<(u32, f32)>) {
        let mut tree = self;
        loop {
            match tree {
                Self::Leaf(members) => {
                    found.clear();
                    found.extend(members.iter().map(|n| (*n, distance(vectors.get(*n), wanted))));
                    return;
                }
                Self::Branch(both) => {
                    let [a, b] = both.each_ref().map(|(centre, _)| distance(centre, wanted));
                    tree = &both[usize::from(b < a)].1;
                }
            }
        }
    }
}

/// At most [`LEAF`] vectors of many equal ones, evenly spread.
fn thinned(members: Vec<u32>) -> Vec<u32> {
    let step = members.len().div_ceil(LEAF);
    members.into_iter().step_by(step).collect()
}

fn mean(vectors: &Vectors, members: &[u32]) -> Vec<f32> {
    let mut sum = vec![0.0f64; vectors.length];
    for n in members {
        sum.iter_mut().zip(vectors.get(*n)).for_each(|(sum, v)| *sum += f64::from(*v));
    }
    let count = members.len().max(1) as f64;
    sum.into_iter().map(|sum| (sum / count) as f32).collect()
}

/// The means of the vectors below and above the mean, along the number that varies most; `None` if all are equal.
fn first_centres(vectors: &Vectors, members: &[u32]) -> Option<[Vec<f32>; 2]> {
    let middle = mean(vectors, members);
    let mut spread = vec![0.0f64; vectors.length];
    for n in members {
        for (k, v) in vectors.get(*n).iter().enumerate() {
            spread[k] += f64::from((v - middle[k]).powi(2));
        }
    }
    let widest = (0..spread.len()).max_by(|a, b| spread[*a].total_cmp(&spread[*b]))?;
    let (below, above): (Vec<u32>, Vec<u32>) = members.iter().partition(|n| vectors.get(**n)[widest] < middle[widest]);
    (spread[widest] > 0.0 && !below.is_empty()).then(|| [mean(vectors, &below), mean(vectors, &above)])
}

fn split_by(vectors: &Vectors, members: &[u32], centres: &[Vec<f32>; 2]) -> [Vec<u32>; 2] {
    let is_first = |n: &&u32| {
        let [a, b] = centres.each_ref().map(|centre| distance(centre, vectors.get(**n)));
        a <= b
    };
    let (a, b) = members.iter().partition(is_first);
    [a, b]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_finds_itself() {
        let values: Vec<f32> = (0..4000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 8) as f32 / 65_536.0).collect();
        let vectors = Vectors { length: 20, values };
        let tree = Quantiser::new(&vectors);
        let mut found = vec![];
        for n in 0..200 {
            tree.candidates(&vectors, vectors.get(n), &mut found);
            assert!(found.len() <= LEAF && found.contains(&(n, 0.0)), "{n}: {found:?}");
        }
        let equal = Vectors { length: 2, values: vec![1.0; 1000] };
        Quantiser::new(&equal).candidates(&equal, &[1.0, 1.0], &mut found);
        assert!((1..=LEAF).contains(&found.len()));
    }
}
