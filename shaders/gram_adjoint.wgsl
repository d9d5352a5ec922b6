// gram_adjoint — features times a matrix for each image, optionally added to what is there
// y[p,j] = [add] y[p,j] + scale · Σ_i F[p,i] · D[i,j]
// Outside a region (width > 0; one image) the sum is 0.
// in  @1 F f32 [N, P, C]  @2 D f32 [N, C, C]  @3 region f32 [4]     in/out @4 y f32 [N, P, C]
// grid (N ceil(P / T), ceil(C / T), 1), the first folded into the third; T = 64 positions or channels
// tolerance 1e-5 relative to max|y|
struct Parameters {
    positions: u32,
    channels: u32,
    add: u32,
    scale: f32,
    batch: u32,
    width: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> features: array<f32>;
@group(0) @binding(2) var<storage, read> matrix: array<f32>;
@group(0) @binding(3) var<storage, read> region: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let channels = parameters.channels;
    let tile = group.x + group.z * groups.x;
    let tiles = (parameters.positions + 63u) / 64u;
    let image = tile / tiles;
    // Past the last image there are left-over groups, which write nothing.
    let end = select(0u, (image + 1u) * parameters.positions, image < parameters.batch);
    let first_position = image * parameters.positions + tile % tiles * 64u;
    let load_position = first_position + local / 4u;
    let is_loaded = load_position < end && is_within(load_position, parameters.width);
    let load_channel = (local % 4u) * 4u;
    let load_column = group.y * 64u + (local % 16u) * 4u;
    var sums = array<vec4<f32>, 4>();
    for (var i = 0u; i < channels; i += 16u) {
        for (var k = 0u; k < 4u; k++) {
            let channel = i + load_channel + k;
            var value = 0.0;
            if (is_loaded && channel < channels) {
                value = features[load_position * channels + channel];
            }
            left[(load_channel + k) * 64u + local / 4u] = value;
        }
        var brought = vec4<f32>();
        let row = i + local / 16u;
        for (var k = 0u; k < 4u; k++) {
            if (row < channels && load_column + k < channels && end > 0u) {
                brought[k] = matrix[(image * channels + row) * channels + load_column + k];
            }
        }
        right[local] = brought;
        workgroupBarrier();
        multiply_tiles(local, &sums);
        workgroupBarrier();
    }
    for (var r = 0u; r < 4u; r++) {
        let position = first_position + (local / 16u) * 4u + r;
        for (var k = 0u; k < 4u; k++) {
            let column = load_column + k;
            if (position < end && column < channels) {
                let at = position * channels + column;
                var value = parameters.scale * sums[r][k];
                if (parameters.add != 0u) {
                    value += y[at];
                }
                y[at] = value;
            }
        }
    }
}
