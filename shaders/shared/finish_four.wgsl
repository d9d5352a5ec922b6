// Adds the biases of four outputs to their sums and applies the ReLU, which keeps NaN. The bias is bound as vectors of
// four.
fn finished(sum: vec4<f32>, column: u32) -> vec4<f32> {
    var value = sum;
    if (parameters.has_bias != 0u) {
        value += bias[column];
    }
    if (parameters.relu != 0u) {
        value = select(value, vec4<f32>(), value < vec4<f32>());
    }
    return value;
}
