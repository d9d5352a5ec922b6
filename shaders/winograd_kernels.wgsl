// winograd_kernels — Winograd's transform of 3 × 3 kernels
// U[k,i,o] = (G g Gᵀ)[k], g the kernel from channel i to output o
// in  @1 weights f32 [9, I, O]     out @2 U f32 [36, I, O]
// grid linear over I · O
// tolerance 1e-6 relative to max|U|
struct Parameters {
    kernels: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> transformed: array<f32>;

fn kernel_line(a: f32, b: f32, c: f32) -> array<f32, 6> {
    return array<f32, 6>(
        a / 4.0,
        -(a + b + c) / 6.0,
        -(a - b + c) / 6.0,
        (a + 2.0 * b + 4.0 * c) / 24.0,
        (a - 2.0 * b + 4.0 * c) / 24.0,
        c,
    );
}

fn column_of(tap: u32, at: u32) -> array<f32, 6> {
    let step = 3u * parameters.kernels;
    let first = tap * parameters.kernels + at;
    return kernel_line(weights[first], weights[first + step], weights[first + 2u * step]);
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let at = linear_index(group, groups, local);
    let step = parameters.kernels;
    if (at >= step) {
        return;
    }
    let a = column_of(0u, at);
    let b = column_of(1u, at);
    let c = column_of(2u, at);
    store_points(0u, step, at, kernel_line(a[0], b[0], c[0]));
    store_points(1u, step, at, kernel_line(a[1], b[1], c[1]));
    store_points(2u, step, at, kernel_line(a[2], b[2], c[2]));
    store_points(3u, step, at, kernel_line(a[3], b[3], c[3]));
    store_points(4u, step, at, kernel_line(a[4], b[4], c[4]));
    store_points(5u, step, at, kernel_line(a[5], b[5], c[5]));
}
