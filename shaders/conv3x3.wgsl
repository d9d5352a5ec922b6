// conv3x3 — 3 × 3 convolution of stride 1 with mask, bias and ReLU
// y[p,o] = relu(bias[o] + Σ_{t,i} weights[t,i,o] · x[p + t − border, i] · [mask > 0])
// in  @1 x f32 [H, W, I]  @2 weights f32 [9, I, O]  @3 bias f32 [O]  @4 mask f32 [H, W, I]
// out @5 y f32 [H', W', O]
// grid (ceil(H' W' / T), ceil(O / T), 1), the first folded into the third; T = 64 positions or outputs
// tolerance 1e-5 relative to max|y|
struct Parameters {
    in_height: u32,
    in_width: u32,
    inputs: u32,
    outputs: u32,
    out_height: u32,
    out_width: u32,
    border: u32,
    periodic: u32,
    relu: u32,
    has_bias: u32,
    has_mask: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> mask: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

// Where a coordinate, counted from the corner of the border, reads the input; −1 is a zero.
fn source(at: u32, size: u32) -> i32 {
    var moved = i32(at) - i32(parameters.border);
    if (parameters.periodic != 0u) {
        // The border is one pixel, so one turn is enough.
        if (moved < 0) {
            moved += i32(size);
        } else if (moved >= i32(size)) {
            moved -= i32(size);
        }
        return moved;
    }
    return select(-1, moved, moved >= 0 && moved < i32(size));
}

fn masked(at: u32) -> f32 {
    if (parameters.has_mask != 0u && mask[at] <= 0.0) {
        return 0.0;
    }
    return x[at];
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let positions = parameters.out_height * parameters.out_width;
    let first_position = (group.x + group.z * groups.x) * 64u;
    let first_output = group.y * 64u;
    var sums = array<vec4<f32>, 4>();

    // What this invocation brings: four channels of one position, four outputs of one channel.
    let load_position = first_position + local / 4u;
    let load_channel = (local % 4u) * 4u;
    let load_input = local / 16u;
    let load_output = first_output + (local % 16u) * 4u;

    for (var t = 0u; t < 9u; t++) {
        var origin = -1;
        if (load_position < positions) {
            let row = source(load_position / parameters.out_width + t / 3u, parameters.in_height);
            let column = source(load_position % parameters.out_width + t % 3u, parameters.in_width);
            if (row >= 0 && column >= 0) {
                origin = (row * i32(parameters.in_width) + column) * i32(parameters.inputs);
            }
        }
        for (var i = 0u; i < parameters.inputs; i += 16u) {
            for (var k = 0u; k < 4u; k++) {
                let channel = i + load_channel + k;
                var value = 0.0;
                if (origin >= 0 && channel < parameters.inputs) {
                    value = masked(u32(origin) + channel);
                }
                left[(load_channel + k) * 64u + local / 4u] = value;
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
                var value = sums[r][k];
                if (parameters.has_bias != 0u) {
                    value += bias[output];
                }
                if (parameters.relu != 0u) {
                    value = max(value, 0.0);
                }
                y[position * parameters.outputs + output] = value;
            }
        }
    }
}
