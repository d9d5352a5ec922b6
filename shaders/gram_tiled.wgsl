// gram_tiled — as gram in tiles of 128 × 64, of which only those that touch the diagonal or lie above it are computed
// parts[n,z,i,j] = parts[n,z,j,i] = Σ_{p in part z of image n} F[p,i] · F[p,j]
// Of a region (width > 0; one image) only the positions within are summed.
// in  @1 F f32 or f16 [N, P, C], C a multiple of 128  @2 region f32 [4]     out @3 parts f32 [N, Z, C, C]
// grid (C / 128, C / 64, N Z)
// tolerance 1e-5 relative to max|parts|
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> features: array<Input>;
@group(0) @binding(2) var<storage, read> region: array<f32>;
@group(0) @binding(3) var<storage, read_write> parts: array<f32>;

// Where the part's matrix begins.
var<private> origin: u32;

// Each value above the diagonal is also written to its mirrored place below it.
fn store_tile(row: u32, column: u32, sum: vec4<f32>) {
    for (var k = 0u; k < 4u; k++) {
        let across = 4u * column + k;
        if (row <= across) {
            parts[origin + row * parameters.channels + across] = sum[k];
            parts[origin + across * parameters.channels + row] = sum[k];
        }
    }
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let first_row = group.x * 128u;
    let first_column = group.y * 64u;
    if (first_column + 64u <= first_row) {
        return;
    }
    let channels = parameters.channels;
    let image = group.z / parameters.parts * parameters.positions;
    let first = image + group.z % parameters.parts * parameters.part;
    let end = min(image + parameters.positions, first + parameters.part);
    origin = group.z * channels * channels;
    var sums = array<vec4<f32>, 16>();
    for (var p = first; p < end; p += 8u) {
        for (var k = 0u; k < 8u; k++) {
            var value = 0.0;
            if (p + k < end && is_within(p + k, parameters.width)) {
                value = f32(features[(p + k) * channels + first_row + local]);
            }
            left[k * 128u + local] = value;
        }
        // One factor is already 0 outside the region, so the other need not be.
        let position = p + local / 16u;
        var brought = vec4<f32>();
        if (position < end) {
            let at = position * channels + first_column + (local % 16u) * 4u;
            brought = vec4<f32>(vec4(features[at], features[at + 1u], features[at + 2u], features[at + 3u]));
        }
        right[local] = brought;
        workgroupBarrier();
        multiply_tiles(local, &sums);
        workgroupBarrier();
    }
    store_tiles(local, first_row, first_column, &sums);
}
