// gram_adjoint — features times a matrix for each image, optionally added to what is there
// y[p,j] = [add] y[p,j] + scale · Σ_i F[p,i] · D[i,j]
// Outside a region (width > 0; one image) the sum is 0.
// in  @1 F f32 or f16 [N, P, C]  @2 D f32 [N, C, C]  @3 region f32 [4]     in/out @4 y f32 [N, P, C]
// grid (N ceil(P / 128), ceil(C / 64), 1), the first folded into the third
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
@group(0) @binding(1) var<storage, read> features: array<Input>;
@group(0) @binding(2) var<storage, read> matrix: array<f32>;
@group(0) @binding(3) var<storage, read> region: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

var<private> end: u32;

fn store_tile(position: u32, column: u32, sum: vec4<f32>) {
    if (position >= end) {
        return;
    }
    for (var k = 0u; k < 4u; k++) {
        if (4u * column + k < parameters.channels) {
            let at = position * parameters.channels + 4u * column + k;
            var value = parameters.scale * sum[k];
            if (parameters.add != 0u) {
                value += y[at];
            }
            y[at] = value;
        }
    }
}

@compute @workgroup_size(128)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let channels = parameters.channels;
    let tile = group.x + group.z * groups.x;
    let tiles = (parameters.positions + 127u) / 128u;
    let image = tile / tiles;
    // Groups past the last image write nothing.
    end = select(0u, (image + 1u) * parameters.positions, image < parameters.batch);
    let first_position = image * parameters.positions + tile % tiles * 128u;
    let position = first_position + local;
    let is_loaded = position < end && is_within(position, parameters.width);
    let column = group.y * 64u + (local % 16u) * 4u;
    var sums = array<vec4<f32>, 16>();
    for (var i = 0u; i < channels; i += 8u) {
        for (var k = 0u; k < 8u; k++) {
            var value = 0.0;
            if (is_loaded && i + k < channels) {
                value = f32(features[position * channels + i + k]);
            }
            left[k * 128u + local] = value;
        }
        var brought = vec4<f32>();
        let row = i + local / 16u;
        for (var k = 0u; k < 4u; k++) {
            if (row < channels && column + k < channels && end > 0u) {
                brought[k] = matrix[(image * channels + row) * channels + column + k];
            }
        }
        right[local] = brought;
        workgroupBarrier();
        multiply_tiles(local, &sums);
        workgroupBarrier();
    }
    store_tiles(local, first_position, group.y * 64u, &sums);
}
