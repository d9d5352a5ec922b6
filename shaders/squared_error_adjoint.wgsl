// squared_error_adjoint — gradient of the squared distance with respect to the first tensor
// y[i] = 2 · scale · (x[i] − T[i])
// in  @1 x f32 [N]  @2 T f32 [N]     out @3 y f32 [N]
// grid ceil(N / 256)
// tolerance 1e-6 relative to max|y|
struct Parameters {
    count: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> goal: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = linear_index(group, groups, local);
    if (i < parameters.count) {
        y[i] = 2.0 * parameters.scale * (x[i] - goal[i]);
    }
}
