// gram — Gram matrices of one layer's features, each image and part of its positions by itself
// parts[n,z,i,j] = Σ_{p in part z of image n} F[p,i] · F[p,j]
// Of a region (width > 0; one image) only the positions within are summed.
// in  @1 F f32 or f16 [N, P, C]  @2 region f32 [4]     out @3 parts f32 [N, Z, C, C]
// grid (ceil(C / T), ceil(C / T), N Z); T = 64 channels
// tolerance 1e-5 relative to max|parts|
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> features: array<Input>;
@group(0) @binding(2) var<storage, read> region: array<f32>;
@group(0) @binding(3) var<storage, read_write> parts: array<f32>;

fn feature(position: u32, end: u32, channel: u32) -> f32 {
    if (position < end && channel < parameters.channels) {
        return f32(features[position * parameters.channels + channel]);
    }
    return 0.0;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let image = group.z / parameters.parts * parameters.positions;
    let first = group.z % parameters.parts * parameters.part;
    let end = image + min(parameters.positions, first + parameters.part);
    let first_row = group.x * 64u;
    let first_column = group.y * 64u;
    let load = (local % 16u) * 4u;
    var sums = array<vec4<f32>, 4>();
    for (var p = image + first; p < end; p += 16u) {
        let position = p + local / 16u;
        let last = select(0u, end, is_within(position, parameters.width));
        var brought = vec4<f32>();
        for (var k = 0u; k < 4u; k++) {
            left[local / 16u * 64u + load + k] = feature(position, last, first_row + load + k);
            brought[k] = feature(position, last, first_column + load + k);
        }
        right[local] = brought;
        workgroupBarrier();
        multiply_tiles(local, &sums);
        workgroupBarrier();
    }
    for (var r = 0u; r < 4u; r++) {
        let row = first_row + (local / 16u) * 4u + r;
        for (var k = 0u; k < 4u; k++) {
            let column = first_column + load + k;
            if (row < parameters.channels && column < parameters.channels) {
                parts[(group.z * parameters.channels + row) * parameters.channels + column] = sums[r][k];
            }
        }
    }
}
