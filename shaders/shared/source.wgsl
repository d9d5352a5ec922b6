// Where a coordinate, counted from the corner of the border, reads the input; −1 is a zero.
fn source(at: u32, size: u32) -> i32 {
    let moved = i32(at) - i32(parameters.before);
    if (parameters.periodic != 0u) {
        let n = i32(size);
        return ((moved % n) + n) % n;
    }
    return select(-1, moved, moved >= 0 && moved < i32(size));
}
