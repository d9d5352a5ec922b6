// adam_step — a step of Adam, where the step says so
// x -= rate · (m / c₁) / (√(v / c₂) + 1e-8)
// in  @1 state f32 [3, N]: s, m, v  @2 step f32 [6]: rate, c₁, c₂, whether, β₁, β₂     in/out @3 x f32 [N]
// grid ceil(N / 256)
// tolerance 1e-6 relative to max|x|
struct Parameters {
    count: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> state: array<f32>;
@group(0) @binding(2) var<storage, read> step: array<f32>;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = linear_index(group, groups, local);
    let n = parameters.count;
    if (i >= n || step[3] == 0.0) {
        return;
    }
    let mean = state[n + i] / step[1];
    let square = state[2u * n + i] / step[2];
    x[i] -= step[0] * mean / (sqrt(square) + 1e-8);
}
