// channel_shift — reorder, scale and shift the three channels of an image
// y[p,c] = scale[c] · x[p,order[c]] + shift[c]
// in  @1 x f32 [P, 3]     out @2 y f32 [P, 3]
// grid ceil(3 P / 256)
// tolerance 1e-6 relative to max|y|
struct Parameters {
    order: vec4<u32>,
    scale: vec4<f32>,
    shift: vec4<f32>,
    positions: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = linear_index(group, groups, local);
    if (i >= parameters.positions * 3u) {
        return;
    }
    let c = i % 3u;
    y[i] = parameters.scale[c] * x[i - c + parameters.order[c]] + parameters.shift[c];
}
