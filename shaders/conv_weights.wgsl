// conv_weights — adjoint of the convolution with respect to its kernels, each part of the positions by itself
// parts[z,t,i,o] = Σ_{p in part z} x[p + t − before, i] · g[p,o]
// in  @1 x f32 [N, H, W, I]  @2 g f32 [N, H', W', O]     out @3 parts f32 [Z, k², I, O]
// grid (k² ceil(I / T), ceil(O / T), Z); T = 64 channels
// tolerance 1e-5 relative to max|parts|
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read_write> parts: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let across = (parameters.inputs + 63u) / 64u;
    let t = group.x / across;
    let first_input = group.x % across * 64u;
    let first_output = group.y * 64u;
    let image_positions = parameters.out_height * parameters.out_width;
    let first = group.z * parameters.part;
    let end = min(parameters.batch * image_positions, first + parameters.part);
    let load = (local % 16u) * 4u;
    var sums = array<vec4<f32>, 4>();
    for (var p = first; p < end; p += 16u) {
        let position = p + local / 16u;
        var origin = -1;
        if (position < end) {
            let place = position % image_positions;
            let row = source_row(place / parameters.out_width + t / parameters.edge);
            let column = source_column(place % parameters.out_width + t % parameters.edge);
            if (row >= 0 && column >= 0) {
                let image_row = i32(position / image_positions * parameters.in_height) + row;
                origin = (image_row * i32(parameters.in_width) + column) * i32(parameters.inputs);
            }
        }
        var brought = vec4<f32>();
        for (var k = 0u; k < 4u; k++) {
            let input = first_input + load + k;
            let output = first_output + load + k;
            var value = 0.0;
            if (origin >= 0 && input < parameters.inputs) {
                value = x[u32(origin) + input];
            }
            left[local / 16u * 64u + load + k] = value;
            if (position < end && output < parameters.outputs) {
                brought[k] = g[position * parameters.outputs + output];
            }
        }
        right[local] = brought;
        workgroupBarrier();
        multiply_tiles(local, &sums);
        workgroupBarrier();
    }
    let taps = parameters.edge * parameters.edge;
    for (var r = 0u; r < 4u; r++) {
        let input = first_input + (local / 16u) * 4u + r;
        for (var k = 0u; k < 4u; k++) {
            let output = first_output + load + k;
            if (input < parameters.inputs && output < parameters.outputs) {
                let row = (group.z * taps + t) * parameters.inputs + input;
                parts[row * parameters.outputs + output] = sums[r][k];
            }
        }
    }
}
