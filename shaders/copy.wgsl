// copy — copies numbers four at a time: what an adapter can move at the most
// in  @1 x f32 [n]     out @2 y f32 [n]
// grid linear over n / 4
// exact
struct Parameters {
    fours: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let at = linear_index(group, groups, local);
    if (at < parameters.fours) {
        y[at] = x[at];
    }
}
