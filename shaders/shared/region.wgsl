// Whether a position of a map lies within rows region[0] … region[2] and columns region[1] … region[3], without the
// ends. A width of 0 stands for the whole map.
fn is_within(position: u32, width: u32) -> bool {
    if (width == 0u) {
        return true;
    }
    let row = f32(position / width);
    let column = f32(position % width);
    return row >= region[0] && row < region[2] && column >= region[1] && column < region[3];
}
