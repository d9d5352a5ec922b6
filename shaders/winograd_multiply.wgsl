// winograd_multiply — the products of Winograd's algorithm: a matrix product for each of its 36 points
// M[k,n,o] = Σ_i V[k,n,i] · U[k,i,o]
// For inputs in multiples of 8 and outputs in multiples of 4.
// in  @1 V f32 [36, tiles, I]  @2 U f32 [36, I, O]     out @3 M f32 [36, tiles, O]
// grid (ceil(tiles / 128), ceil(O / 64), 36)
// tolerance 1e-5 relative to max|M|
struct Parameters {
    tiles: u32,
    inputs: u32,
    outputs: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> v: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> u: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> m: array<vec4<f32>>;

var<private> point: u32;

fn store_tile(tile: u32, column: u32, sum: vec4<f32>) {
    let columns = parameters.outputs / 4u;
    if (tile < parameters.tiles && column < columns) {
        m[(point * parameters.tiles + tile) * columns + column] = sum;
    }
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    point = group.z;
    let tile = group.x * 128u + local;
    let columns = parameters.outputs / 4u;
    let column = group.y * 16u + local % 16u;
    let start = (point * parameters.tiles + tile) * parameters.inputs / 4u;
    var sums = array<vec4<f32>, 16>();
    for (var i = 0u; i < parameters.inputs; i += 8u) {
        var a = vec4<f32>();
        var b = vec4<f32>();
        if (tile < parameters.tiles) {
            a = v[start + i / 4u];
            b = v[start + i / 4u + 1u];
        }
        bring_row(local, a, b);
        var brought = vec4<f32>();
        if (column < columns) {
            brought = u[(point * parameters.inputs + i + local / 16u) * columns + column];
        }
        right[local] = brought;
        workgroupBarrier();
        multiply_tiles(local, &sums);
        workgroupBarrier();
    }
    store_tiles(local, group.x * 128u, group.y * 64u, &sums);
}
