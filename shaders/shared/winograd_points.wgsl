// Stores six of the 36 points of a transformed tile or kernel, `step` numbers apart from point to point.
fn store_points(row: u32, step: u32, at: u32, line: array<f32, 6>) {
    let first = row * 6u * step + at;
    transformed[first] = line[0];
    transformed[first + step] = line[1];
    transformed[first + 2u * step] = line[2];
    transformed[first + 3u * step] = line[3];
    transformed[first + 4u * step] = line[4];
    transformed[first + 5u * step] = line[5];
}
