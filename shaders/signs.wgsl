// signs — one bit for each number, set where it is positive; 32 channels of a position in a word
// words[p,w] = Σ_k [x[p, 32 w + k] > 0] · 2^k
// in  @1 x f32 or f16 [P, C]     out @2 words u32 [P, ceil(C / 32)]
// grid linear over the words
// exact
struct Parameters {
    words: u32,
    channels: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<Input>;
@group(0) @binding(2) var<storage, read_write> words: array<u32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = linear_index(group, groups, local);
    if (index >= parameters.words) {
        return;
    }
    let each = (parameters.channels + 31u) / 32u;
    let first = index % each * 32u;
    let start = index / each * parameters.channels + first;
    var bits = 0u;
    for (var k = 0u; k < min(32u, parameters.channels - first); k++) {
        bits |= select(0u, 1u << k, f32(x[start + k]) > 0.0);
    }
    words[index] = bits;
}
