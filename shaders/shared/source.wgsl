// Where a coordinate, counted from the corner of the border, reads the input; −1 is a zero.
fn source(at: i32, size: u32) -> i32 {
    if (parameters.periodic != 0u) {
        let n = i32(size);
        return ((at % n) + n) % n;
    }
    return select(-1, at, at >= 0 && at < i32(size));
}

fn source_row(at: u32) -> i32 {
    return source(i32(at) - parameters.before_rows, parameters.in_height);
}

fn source_column(at: u32) -> i32 {
    return source(i32(at) - parameters.before_columns, parameters.in_width);
}
