// adam_moments — sums up gradients; where the step says so, renews the moments and starts a new sum
// s += g; m = β₁ m + (1 − β₁) s; v = β₂ v + (1 − β₂) s²; s = 0
// in  @1 g f32 [N]  @2 step f32 [6]: rate, c₁, c₂, whether, β₁, β₂     in/out @3 state f32 [3, N]: s, m, v
// grid ceil(N / 256)
// tolerance 1e-6 relative to max|state|
struct Parameters {
    count: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read> step: array<f32>;
@group(0) @binding(3) var<storage, read_write> state: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = linear_index(group, groups, local);
    let n = parameters.count;
    if (i >= n) {
        return;
    }
    let sum = state[i] + g[i];
    if (step[3] == 0.0) {
        state[i] = sum;
        return;
    }
    state[i] = 0.0;
    state[n + i] = step[4] * state[n + i] + (1.0 - step[4]) * sum;
    state[2u * n + i] = step[5] * state[2u * n + i] + (1.0 - step[5]) * sum * sum;
}
