// upsample — each pixel becomes 2 × 2
// y[n,r,c] = x[n,r/2,c/2]
// in  @1 x f32 [N, H, W, C]     out @2 y f32 [N, 2H, 2W, C]
// grid ceil(4 N H W C / 256)
// tolerance 0
struct Parameters {
    rows: u32,
    width: u32,
    channels: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = linear_index(group, groups, local);
    let wide = 2u * parameters.width;
    if (i >= 2u * parameters.rows * wide * parameters.channels) {
        return;
    }
    let place = i / parameters.channels;
    // The rows of all images are stored one after the other, so one division is enough for all of them.
    let origin = place / wide / 2u * parameters.width + place % wide / 2u;
    y[i] = x[origin * parameters.channels + i % parameters.channels];
}
