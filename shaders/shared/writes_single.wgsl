// The maps that a kernel writes have numbers of 32 bits.
alias Output = f32;

fn stored(value: f32) -> f32 {
    return value;
}

fn stored_four(values: vec4<f32>) -> vec4<f32> {
    return values;
}
