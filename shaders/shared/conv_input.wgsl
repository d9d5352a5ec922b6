// A number of a convolution's input: x[image, row, column, channel], or 0 outside (row or column −1) and where the bit
// of the mask is not set. With spread, a quarter of each x is read at 2 × 2 positions.
fn input_at(image: u32, row: i32, column: i32, channel: u32) -> f32 {
    if (row < 0 || column < 0 || channel >= parameters.inputs) {
        return 0.0;
    }
    var size = vec2(parameters.in_height, parameters.in_width);
    var place = vec2(u32(row), u32(column));
    if (parameters.has_mask != 0u) {
        let position = (image * size.x + place.x) * size.y + place.y;
        let word = mask[position * ((parameters.inputs + 31u) / 32u) + channel / 32u];
        if ((word >> (channel % 32u) & 1u) == 0u) {
            return 0.0;
        }
    }
    var share = 1.0;
    if (parameters.spread != 0u) {
        size /= 2u;
        place /= 2u;
        if (place.x >= size.x || place.y >= size.y) {
            return 0.0;
        }
        share = 0.25;
    }
    return share * f32(x[((image * size.x + place.x) * size.y + place.y) * parameters.inputs + channel]);
}
