// weighted_sum — one term of a sum of scalars; the terms run one after the other
// y = [add] y + weight · x
// in  @1 x f32 [1]     in/out @2 y f32 [1]
// grid (1, 1, 1)
// tolerance 1e-6 relative to y
struct Parameters {
    weight: f32,
    add: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(1)
fn main() {
    var before = 0.0;
    if (parameters.add != 0u) {
        before = y[0];
    }
    y[0] = before + parameters.weight * x[0];
}
