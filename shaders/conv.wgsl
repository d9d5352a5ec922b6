// conv — convolution of stride 1 with mask, bias and ReLU, of each image of a batch
// y[p,o] = relu(bias[o] + Σ_{t,i} weights[t,i,o] · x[p + t − before, i] · mask[p + t − before, i])
// With spread, x stands for a quarter of itself at each of 2 × 2 positions: x[r,c] is read as x[r / 2, c / 2] / 4.
// in  @1 x f32 or f16 [N, H, W, I]  @2 weights f32 [k², I, O]  @3 bias f32 [O]  @4 mask, bits of u32 [N, H, W, ceil(I / 32)]
// out @5 y f32 or f16 [N, H', W', O]
// grid (ceil(N H' W' / T), ceil(O / T), 1), the first folded into the third; T = 64 positions or outputs
// tolerance 1e-5 relative to max|y|
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<Input>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> mask: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<Output>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let image_positions = parameters.out_height * parameters.out_width;
    let positions = parameters.batch * image_positions;
    let first_position = (group.x + group.z * groups.x) * 64u;
    let first_output = group.y * 64u;
    var sums = array<vec4<f32>, 4>();

    // This invocation loads four channels of one position, and four outputs of one channel.
    let load_position = first_position + local / 4u;
    let load_channel = (local % 4u) * 4u;
    let load_input = local / 16u;
    let load_output = first_output + (local % 16u) * 4u;

    let image = load_position / image_positions;
    let place = load_position % image_positions;
    for (var t = 0u; t < parameters.edge * parameters.edge; t++) {
        var row = -1;
        var column = -1;
        if (load_position < positions) {
            row = source_row(place / parameters.out_width + t / parameters.edge);
            column = source_column(place % parameters.out_width + t % parameters.edge);
        }
        for (var i = 0u; i < parameters.inputs; i += 16u) {
            for (var k = 0u; k < 4u; k++) {
                let channel = load_channel + k;
                left[channel * 64u + local / 4u] = input_at(image, row, column, i + channel);
            }
            var brought = vec4<f32>();
            let input = i + load_input;
            if (input < parameters.inputs) {
                let row = (t * parameters.inputs + input) * parameters.outputs;
                for (var k = 0u; k < 4u; k++) {
                    if (load_output + k < parameters.outputs) {
                        brought[k] = weights[row + load_output + k];
                    }
                }
            }
            right[local] = brought;
            workgroupBarrier();
            multiply_tiles(local, &sums);
            workgroupBarrier();
        }
    }

    for (var r = 0u; r < 4u; r++) {
        let position = first_position + (local / 16u) * 4u + r;
        for (var k = 0u; k < 4u; k++) {
            let output = load_output + k;
            if (position < positions && output < parameters.outputs) {
                y[position * parameters.outputs + output] = stored(finished(sums[r][k], output));
            }
        }
    }
}
