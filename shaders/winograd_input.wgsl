// winograd_input — Winograd's transform of the input, for some tiles of 4 × 4 outputs
// V[k,n,i] = (Bᵀ d B)[k], d the 6 × 6 numbers of channel i that tile n reads; masked and spread as in conv
// in  @1 x f32 or f16 [N, H, W, I]  @2 mask, bits of u32 [N, H, W, ceil(I / 32)]     out @3 V f32 [36, tiles, I]
// grid linear over tiles · I
// tolerance 1e-5 relative to max|V|
struct Parameters {
    in_height: u32,
    in_width: u32,
    inputs: u32,
    before_rows: i32,
    before_columns: i32,
    periodic: u32,
    has_mask: u32,
    spread: u32,
    across: u32,
    down: u32,
    first: u32,
    tiles: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<Input>;
@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read_write> transformed: array<f32>;

fn column_of(image: u32, y: u32, column: i32, channel: u32) -> array<f32, 6> {
    return source_line(
        input_at(image, source_row(y), column, channel),
        input_at(image, source_row(y + 1u), column, channel),
        input_at(image, source_row(y + 2u), column, channel),
        input_at(image, source_row(y + 3u), column, channel),
        input_at(image, source_row(y + 4u), column, channel),
        input_at(image, source_row(y + 5u), column, channel),
    );
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let at = linear_index(group, groups, local);
    let step = parameters.tiles * parameters.inputs;
    if (at >= step) {
        return;
    }
    let channel = at % parameters.inputs;
    let tile = parameters.first + at / parameters.inputs;
    let image = tile / (parameters.across * parameters.down);
    let y = tile / parameters.across % parameters.down * 4u;
    let left = tile % parameters.across * 4u;
    let a = column_of(image, y, source_column(left), channel);
    let b = column_of(image, y, source_column(left + 1u), channel);
    let c = column_of(image, y, source_column(left + 2u), channel);
    let d = column_of(image, y, source_column(left + 3u), channel);
    let e = column_of(image, y, source_column(left + 4u), channel);
    let f = column_of(image, y, source_column(left + 5u), channel);
    store_points(0u, step, at, source_line(a[0], b[0], c[0], d[0], e[0], f[0]));
    store_points(1u, step, at, source_line(a[1], b[1], c[1], d[1], e[1], f[1]));
    store_points(2u, step, at, source_line(a[2], b[2], c[2], d[2], e[2], f[2]));
    store_points(3u, step, at, source_line(a[3], b[3], c[3], d[3], e[3], f[3]));
    store_points(4u, step, at, source_line(a[4], b[4], c[4], d[4], e[4], f[4]));
    store_points(5u, step, at, source_line(a[5], b[5], c[5], d[5], e[5], f[5]));
}
