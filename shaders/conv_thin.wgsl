// conv_thin — convolution of stride 1 with at most four inputs: an invocation has 16 outputs of one position
// y[p,o] = relu(bias[o] + Σ_{t,i} weights[t,i,o] · x[p + t − before, i] · mask[p + t − before, i])
// As conv, for at most 4 inputs and outputs in multiples of 16.
// in  @1 x f32 or f16 [N, H, W, I]  @2 weights f32 [k², I, O]  @3 bias f32 [O]  @4 mask, bits of u32 [N, H, W, ceil(I / 32)]
// out @5 y f32 or f16 [N, H', W', O]
// grid linear over N H' W' · O / 16
// tolerance 1e-5 relative to max|y|
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<Input>;
@group(0) @binding(2) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> mask: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4<Output>>;

fn store(position: u32, column: u32, sum: vec4<f32>) {
    y[position * (parameters.outputs / 4u) + column] = stored_four(finished(sum, column));
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let at = linear_index(group, groups, local);
    let image_positions = parameters.out_height * parameters.out_width;
    let parts = parameters.outputs / 16u;
    let position = at / parts;
    if (position >= parameters.batch * image_positions) {
        return;
    }
    let column = at % parts * 4u;
    let image = position / image_positions;
    let place = position % image_positions;
    var a = vec4<f32>();
    var b = vec4<f32>();
    var c = vec4<f32>();
    var d = vec4<f32>();
    for (var t = 0u; t < parameters.edge * parameters.edge; t++) {
        let row = source_row(place / parameters.out_width + t / parameters.edge);
        let across = source_column(place % parameters.out_width + t % parameters.edge);
        for (var i = 0u; i < parameters.inputs; i++) {
            let value = input_at(image, row, across, i);
            let first = (t * parameters.inputs + i) * (parameters.outputs / 4u) + column;
            a += value * weights[first];
            b += value * weights[first + 1u];
            c += value * weights[first + 2u];
            d += value * weights[first + 3u];
        }
    }
    store(position, column, a);
    store(position, column + 1u, b);
    store(position, column + 2u, c);
    store(position, column + 3u, d);
}
