// sum_parts — adds up the parts of a split sum
// y[n,i] = scale · Σ_z parts[n,z,i]
// in  @1 parts f32 [N, Z, I]     out @2 y f32 [N, I]
// grid ceil(N I / 256)
// tolerance 1e-6 relative to max|y|
struct Parameters {
    count: u32,
    parts: u32,
    scale: f32,
    batch: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> parts: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = linear_index(group, groups, local);
    if (i >= parameters.batch * parameters.count) {
        return;
    }
    let first = i / parameters.count * parameters.parts * parameters.count + i % parameters.count;
    var sum = 0.0;
    for (var z = 0u; z < parameters.parts; z++) {
        sum += parts[first + z * parameters.count];
    }
    y[i] = parameters.scale * sum;
}
