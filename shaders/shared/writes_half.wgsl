// The maps that a kernel writes have numbers of 16 bits. Values above 65,504, the largest of them, become infinite; the
// loss is then reported as not finite.
enable f16;

alias Output = f16;

fn stored(value: f32) -> f16 {
    return f16(value);
}

fn stored_four(values: vec4<f32>) -> vec4<f16> {
    return vec4<f16>(values);
}
