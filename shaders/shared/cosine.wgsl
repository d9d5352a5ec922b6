// Lengths and cosines of vectors from their scalar products; a vector of zeros has no direction.
fn size(i: u32) -> f32 {
    return sqrt(max(products[i * parameters.n + i], 1e-20));
}

fn cosine(i: u32, j: u32) -> f32 {
    return products[i * parameters.n + j] / size(i) / size(j);
}
