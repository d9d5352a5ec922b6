// conv_narrow — convolution of stride 1 with at most four outputs: an invocation has all of one position
// y[p,o] = relu(bias[o] + Σ_{t,i} weights[t,i,o] · x[p + t − before, i] · mask[p + t − before, i])
// As conv, for inputs in multiples of 4 and at most 4 outputs.
// in  @1 x f32 or f16 [N, H, W, I]  @2 weights f32 [k², I, O]  @3 bias f32 [O]  @4 mask, bits of u32 [N, H, W, ceil(I / 32)]
// out @5 y f32 or f16 [N, H', W', O]
// grid linear over N H' W'
// tolerance 1e-5 relative to max|y|
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<Input>>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> mask: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<Output>;

// The weights of one input for up to four outputs.
fn weights_at(first: u32) -> vec4<f32> {
    var found = vec4(weights[first], 0.0, 0.0, 0.0);
    if (parameters.outputs > 1u) {
        found.y = weights[first + 1u];
    }
    if (parameters.outputs > 2u) {
        found.z = weights[first + 2u];
    }
    if (parameters.outputs > 3u) {
        found.w = weights[first + 3u];
    }
    return found;
}

fn store(at: u32, output: u32, sum: f32) {
    if (output >= parameters.outputs) {
        return;
    }
    y[at * parameters.outputs + output] = stored(finished(sum, output));
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let position = linear_index(group, groups, local);
    let image_positions = parameters.out_height * parameters.out_width;
    if (position >= parameters.batch * image_positions) {
        return;
    }
    let image = position / image_positions;
    let place = position % image_positions;
    var sum = vec4<f32>();
    for (var t = 0u; t < parameters.edge * parameters.edge; t++) {
        let row = source_row(place / parameters.out_width + t / parameters.edge);
        let across = source_column(place % parameters.out_width + t % parameters.edge);
        let tap = tap_at(image, row, across);
        if (!tap.is_inside) {
            continue;
        }
        for (var i = 0u; i < parameters.inputs; i += 4u) {
            let values = tap_values(tap, i);
            let first = (t * parameters.inputs + i) * parameters.outputs;
            sum += values.x * weights_at(first);
            sum += values.y * weights_at(first + parameters.outputs);
            sum += values.z * weights_at(first + 2u * parameters.outputs);
            sum += values.w * weights_at(first + 3u * parameters.outputs);
        }
    }
    store(position, 0u, sum.x);
    store(position, 1u, sum.y);
    store(position, 2u, sum.z);
    store(position, 3u, sum.w);
}
