// conv_tiled — convolution of stride 1 as an implicit matrix product with larger tiles, four channels at a time
// y[p,o] = relu(bias[o] + Σ_{t,i} weights[t,i,o] · x[p + t − before, i] · mask[p + t − before, i])
// As conv, for inputs in multiples of 8 and outputs in multiples of 4.
// in  @1 x f32 or f16 [N, H, W, I]  @2 weights f32 [k², I, O]  @3 bias f32 [O]  @4 mask, bits of u32 [N, H, W, ceil(I / 32)]
// out @5 y f32 or f16 [N, H', W', O]
// grid (ceil(N H' W' / 128), ceil(O / 64), 1), the first folded into the third
// tolerance 1e-5 relative to max|y|
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<Input>>;
@group(0) @binding(2) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> mask: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4<Output>>;

fn store_tile(position: u32, column: u32, sum: vec4<f32>) {
    let columns = parameters.outputs / 4u;
    if (position >= parameters.batch * parameters.out_height * parameters.out_width || column >= columns) {
        return;
    }
    y[position * columns + column] = stored_four(finished(sum, column));
}

@compute @workgroup_size(128)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let image_positions = parameters.out_height * parameters.out_width;
    let first_position = (group.x + group.z * groups.x) * 128u;
    let first_output = group.y * 64u;
    let columns = parameters.outputs / 4u;
    var sums = array<vec4<f32>, 16>();

    // This invocation loads eight channels of one position, and four outputs of one channel.
    let position = first_position + local;
    let image = position / image_positions;
    let place = position % image_positions;
    let is_position = position < parameters.batch * image_positions;
    let column = first_output / 4u + local % 16u;
    for (var t = 0u; t < parameters.edge * parameters.edge; t++) {
        let row = source_row(place / parameters.out_width + t / parameters.edge);
        let across = source_column(place % parameters.out_width + t % parameters.edge);
        let tap = tap_at(image, row, across);
        for (var i = 0u; i < parameters.inputs; i += 8u) {
            var a = vec4<f32>();
            var b = vec4<f32>();
            if (is_position && tap.is_inside) {
                a = tap_values(tap, i);
                b = tap_values(tap, i + 4u);
            }
            bring_row(local, a, b);
            var brought = vec4<f32>();
            if (column < columns) {
                brought = weights[(t * parameters.inputs + i + local / 16u) * columns + column];
            }
            right[local] = brought;
            workgroupBarrier();
            multiply_tiles(local, &sums);
            workgroupBarrier();
        }
    }
    store_tiles(local, first_position, first_output, &sums);
}
