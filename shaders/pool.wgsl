// pool — 2 × 2 pooling of stride 2; an odd last row or column is dropped
// y[r,c] = mean or max of x[2r..2r+2, 2c..2c+2]
// in  @1 x f32 or f16 [N, H, W, C]     out @2 y f32 or f16 [N, H/2, W/2, C]
// grid ceil(N (H/2) (W/2) C / 256)
// tolerance 1e-6 relative to max|y|
struct Parameters {
    height: u32,
    width: u32,
    channels: u32,
    maximum: u32,
    batch: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<Input>;
@group(0) @binding(2) var<storage, read_write> y: array<Output>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = linear_index(group, groups, local);
    let channels = parameters.channels;
    let wide = parameters.width / 2u;
    let pooled = (parameters.height / 2u) * wide;
    if (i >= parameters.batch * pooled * channels) {
        return;
    }
    let image = i / channels / pooled;
    let place = i / channels % pooled;
    let row = image * parameters.height + place / wide * 2u;
    let corner = (row * parameters.width + place % wide * 2u) * channels + i % channels;
    let below = corner + parameters.width * channels;
    let a = f32(x[corner]);
    let b = f32(x[corner + channels]);
    let c = f32(x[below]);
    let d = f32(x[below + channels]);
    y[i] = stored(select((a + b + c + d) * 0.25, max(max(a, b), max(c, d)), parameters.maximum != 0u));
}
