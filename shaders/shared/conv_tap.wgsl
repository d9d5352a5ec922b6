// The input that a tap of a convolution reads, four channels at a time; x is bound as vectors of four.
struct Tap {
    // Where the channels begin in x, in fours, and the bits in the mask.
    start: u32,
    bits: u32,
    is_inside: bool,
    // A quarter where x stands for the gradient of a mean pooling.
    share: f32,
}

fn tap_at(image: u32, row: i32, column: i32) -> Tap {
    var size = vec2(parameters.in_height, parameters.in_width);
    var at = vec2(u32(max(row, 0)), u32(max(column, 0)));
    let bits = ((image * size.x + at.x) * size.y + at.y) * ((parameters.inputs + 31u) / 32u);
    var is_inside = row >= 0 && column >= 0;
    var share = 1.0;
    if (parameters.spread != 0u) {
        size /= 2u;
        at /= 2u;
        is_inside = is_inside && at.x < size.x && at.y < size.y;
        share = 0.25;
    }
    return Tap(((image * size.x + at.x) * size.y + at.y) * (parameters.inputs / 4u), bits, is_inside, share);
}

// The channels from i on, 0 where the mask's bit is not set.
fn tap_values(tap: Tap, i: u32) -> vec4<f32> {
    let values = tap.share * vec4<f32>(x[tap.start + i / 4u]);
    if (parameters.has_mask == 0u) {
        return values;
    }
    let word = mask[tap.bits + i / 32u] >> (i % 32u);
    let bits = (vec4(word) >> vec4(0u, 1u, 2u, 3u)) & vec4(1u);
    return select(vec4<f32>(), values, bits != vec4(0u));
}
