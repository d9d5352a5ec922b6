// pool_adjoint — the mean shares the gradient among four, the maximum gives it to the first largest
// y[2r+a,2c+b] = g[r,c] / 4, or g[r,c] where x[2r+a,2c+b] is the first largest; 0 in a dropped row or column
// in  @1 x f32 or f16 [N, H, W, C]  @2 g f32 [N, H/2, W/2, C]     out @3 y f32 [N, H, W, C]
// grid ceil(N H W C / 256)
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
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = linear_index(group, groups, local);
    let channels = parameters.channels;
    let positions = parameters.height * parameters.width;
    if (i >= parameters.batch * positions * channels) {
        return;
    }
    let image = i / channels / positions;
    let place = i / channels % positions;
    let row = place / parameters.width;
    let column = place % parameters.width;
    let wide = parameters.width / 2u;
    if (row / 2u >= parameters.height / 2u || column / 2u >= wide) {
        y[i] = 0.0;
        return;
    }
    let pooled_row = image * (parameters.height / 2u) + row / 2u;
    let gradient = g[(pooled_row * wide + column / 2u) * channels + i % channels];
    if (parameters.maximum == 0u) {
        y[i] = 0.25 * gradient;
        return;
    }
    let first_row = image * parameters.height + row / 2u * 2u;
    let corner = (first_row * parameters.width + column / 2u * 2u) * channels + i % channels;
    var best = corner;
    for (var k = 1u; k < 4u; k++) {
        let at = corner + ((k / 2u) * parameters.width + k % 2u) * channels;
        if (x[at] > x[best]) {
            best = at;
        }
    }
    y[i] = select(0.0, gradient, best == i);
}
