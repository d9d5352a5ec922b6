// Winograd's minimal filtering F(4 × 4, 3 × 3) with the interpolation points 0, ±1, ±2, ∞ (Lavin & Gray 2016,
// arXiv:1509.09308): a line of Bᵀ times six numbers, and a line of Aᵀ times six numbers.
fn source_line(a: f32, b: f32, c: f32, d: f32, e: f32, f: f32) -> array<f32, 6> {
    let even = e - 4.0 * c;
    let odd = d - 4.0 * b;
    let far = e - c;
    let near = 2.0 * (d - b);
    return array<f32, 6>(4.0 * a - 5.0 * c + e, even + odd, even - odd, far + near, far - near, 4.0 * b - 5.0 * d + f);
}

fn result_line(a: f32, b: f32, c: f32, d: f32, e: f32, f: f32) -> array<f32, 4> {
    let near = b + c;
    let across = b - c;
    let far = d + e;
    let beyond = d - e;
    return array<f32, 4>(a + near + far, across + 2.0 * beyond, near + 4.0 * far, across + 8.0 * beyond + f);
}
