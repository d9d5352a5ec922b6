// pad_reflect_adjoint — what lies on the mirrored edge is added to where it came from
// y[r,c] = Σ g[r',c'] over all places of the padded image that show (r,c)
// in  @1 g f32 [N, H + 2, W + 2, C]     out @2 y f32 [N, H, W, C]
// grid ceil(N H W C / 256)
// tolerance 1e-6 relative to max|y|
struct Parameters {
    height: u32,
    width: u32,
    channels: u32,
    batch: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// Whether the padded coordinate number `k` of three shows `at`: the place itself, the edge before it, the edge after
// it.
fn shows(k: u32, at: u32, size: u32) -> bool {
    return k == 0u || (k == 1u && at == 1u) || (k == 2u && at + 2u == size);
}

fn padded(k: u32, at: u32, size: u32) -> u32 {
    if (k == 0u) {
        return at + 1u;
    }
    return select(0u, size + 1u, k == 2u);
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = linear_index(group, groups, local);
    let channels = parameters.channels;
    let positions = parameters.height * parameters.width;
    if (i >= parameters.batch * positions * channels) {
        return;
    }
    let image = i / channels / positions;
    let place = i / channels % positions;
    let row = place / parameters.width;
    let column = place % parameters.width;
    var sum = 0.0;
    for (var a = 0u; a < 3u; a++) {
        for (var b = 0u; b < 3u; b++) {
            if (shows(a, row, parameters.height) && shows(b, column, parameters.width)) {
                let origin_row = image * (parameters.height + 2u) + padded(a, row, parameters.height);
                let origin = origin_row * (parameters.width + 2u) + padded(b, column, parameters.width);
                sum += g[origin * channels + i % channels];
            }
        }
    }
    y[i] = sum;
}
