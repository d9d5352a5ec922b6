// The bias of an output added to its sum, and the ReLU.
fn finished(sum: f32, output: u32) -> f32 {
    var value = sum;
    if (parameters.has_bias != 0u) {
        value += bias[output];
    }
    if (parameters.relu != 0u) {
        value = max(value, 0.0);
    }
    return value;
}
