// upsample_adjoint — sums over 2 × 2 pixels
// y[n,r,c] = Σ g[n,2r..2r+2,2c..2c+2]
// in  @1 g f32 [N, 2H, 2W, C]     out @2 y f32 [N, H, W, C]
// grid ceil(N H W C / 256)
// tolerance 1e-6 relative to max|y|
struct Parameters {
    rows: u32,
    width: u32,
    channels: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = linear_index(group, groups, local);
    let channels = parameters.channels;
    if (i >= parameters.rows * parameters.width * channels) {
        return;
    }
    let place = i / channels;
    let corner = (place / parameters.width * 4u * parameters.width + place % parameters.width * 2u) * channels + i % channels;
    let below = corner + 2u * parameters.width * channels;
    y[i] = g[corner] + g[corner + channels] + g[below] + g[below + channels];
}
