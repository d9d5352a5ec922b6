// flip_kernels — the kernels of the adjoint convolution: taps reversed, channels exchanged
// y[T − 1 − t,o,i] = x[t,i,o]
// in  @1 x f32 [T, I, O]     out @2 y f32 [T, O, I]
// grid ceil(T I O / 256)
// tolerance 0
struct Parameters {
    taps: u32,
    inputs: u32,
    outputs: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let at = linear_index(group, groups, local);
    if (at >= parameters.taps * parameters.inputs * parameters.outputs) {
        return;
    }
    let i = at % parameters.inputs;
    let o = at / parameters.inputs % parameters.outputs;
    let t = parameters.taps - 1u - at / parameters.inputs / parameters.outputs;
    y[at] = x[(t * parameters.inputs + i) * parameters.outputs + o];
}
