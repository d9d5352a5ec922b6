// squared_error — squared distance of two tensors
// y = scale · Σ_i (x[i] − T[i])²
// in  @1 x f32 [N]  @2 T f32 [N]     out @3 y f32 [1]
// grid (1, 1, 1)
// tolerance 1e-5 relative to y
struct Parameters {
    count: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> goal: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

var<workgroup> partial: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) local: u32) {
    var sum = 0.0;
    for (var i = local; i < parameters.count; i += 256u) {
        let difference = x[i] - goal[i];
        sum += parameters.scale * difference * difference;
    }
    partial[local] = sum;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if (local < half) {
            partial[local] += partial[local + half];
        }
        workgroupBarrier();
    }
    if (local == 0u) {
        y[0] = partial[0];
    }
}
