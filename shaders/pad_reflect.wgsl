// pad_reflect — one mirrored pixel around an image, the edge pixel not repeated
// y[r,c] = x[mirror(r − 1), mirror(c − 1)]
// in  @1 x f32 or f16 [N, H, W, C]     out @2 y f32 or f16 [N, H + 2, W + 2, C]
// grid ceil(N (H + 2) (W + 2) C / 256)
// tolerance 0
struct Parameters {
    height: u32,
    width: u32,
    channels: u32,
    batch: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<Input>;
@group(0) @binding(2) var<storage, read_write> y: array<Output>;

fn mirrored(at: u32, size: u32) -> u32 {
    if (at == 0u) {
        return 1u;
    }
    return select(at - 1u, size - 2u, at == size + 1u);
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = linear_index(group, groups, local);
    let channels = parameters.channels;
    let wide = parameters.width + 2u;
    let padded = (parameters.height + 2u) * wide;
    if (i >= parameters.batch * padded * channels) {
        return;
    }
    let image = i / channels / padded;
    let place = i / channels % padded;
    let row = image * parameters.height + mirrored(place / wide, parameters.height);
    let column = mirrored(place % wide, parameters.width);
    y[i] = stored(f32(x[(row * parameters.width + column) * channels + i % channels]));
}
