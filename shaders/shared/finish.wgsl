// Adds the bias of an output to its sum and applies the ReLU, which keeps NaN.
fn finished(sum: f32, output: u32) -> f32 {
    var value = sum;
    if (parameters.has_bias != 0u) {
        value += bias[output];
    }
    if (parameters.relu != 0u) {
        value = select(value, 0.0, value < 0.0);
    }
    return value;
}
