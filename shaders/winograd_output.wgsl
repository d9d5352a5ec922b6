// winograd_output — Winograd's transform of the products back to 4 × 4 outputs a tile, with bias and ReLU
// y[4 × 4 of tile n, o] = relu(bias[o] + Aᵀ M[.,n,o] A), cut to the picture
// in  @1 M f32 [36, tiles, O]  @2 bias f32 [O]     out @3 y f32 or f16 [N, H, W, O]
// grid linear over tiles · O
// tolerance 1e-5 relative to max|y|
struct Parameters {
    out_height: u32,
    out_width: u32,
    outputs: u32,
    relu: u32,
    has_bias: u32,
    across: u32,
    down: u32,
    first: u32,
    tiles: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> m: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<Output>;

fn column_of(at: u32) -> array<f32, 4> {
    let step = 6u * parameters.tiles * parameters.outputs;
    return result_line(m[at], m[at + step], m[at + 2u * step], m[at + 3u * step], m[at + 4u * step], m[at + 5u * step]);
}

fn store(image: u32, row: u32, column: u32, output: u32, sum: f32) {
    if (row >= parameters.out_height || column >= parameters.out_width) {
        return;
    }
    let position = (image * parameters.out_height + row) * parameters.out_width + column;
    y[position * parameters.outputs + output] = stored(finished(sum, output));
}

fn store_line(image: u32, row: u32, column: u32, output: u32, line: array<f32, 4>) {
    store(image, row, column, output, line[0]);
    store(image, row, column + 1u, output, line[1]);
    store(image, row, column + 2u, output, line[2]);
    store(image, row, column + 3u, output, line[3]);
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let at = linear_index(group, groups, local);
    let step = parameters.tiles * parameters.outputs;
    if (at >= step) {
        return;
    }
    let output = at % parameters.outputs;
    let tile = parameters.first + at / parameters.outputs;
    let image = tile / (parameters.across * parameters.down);
    let row = tile / parameters.across % parameters.down * 4u;
    let column = tile % parameters.across * 4u;
    let a = column_of(at);
    let b = column_of(at + step);
    let c = column_of(at + 2u * step);
    let d = column_of(at + 3u * step);
    let e = column_of(at + 4u * step);
    let f = column_of(at + 5u * step);
    store_line(image, row, column, output, result_line(a[0], b[0], c[0], d[0], e[0], f[0]));
    store_line(image, row + 1u, column, output, result_line(a[1], b[1], c[1], d[1], e[1], f[1]));
    store_line(image, row + 2u, column, output, result_line(a[2], b[2], c[2], d[2], e[2], f[2]));
    store_line(image, row + 3u, column, output, result_line(a[3], b[3], c[3], d[3], e[3], f[3]));
}
