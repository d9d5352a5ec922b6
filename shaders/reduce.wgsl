// reduce — sum of a, or of a · b, over the dimensions in which y has size 1
// y[n,p,k] = scale · Σ a[..] · b[..]
// in  @1 a f32 [N, P, C]  @2 b f32 [N, P, C]     out @3 y f32 [..]
// grid numbers of y, folded into two dimensions
// tolerance 1e-5 relative to max|y|
struct Parameters {
    images: u32,
    positions: u32,
    channels: u32,
    sum_images: u32,
    sum_positions: u32,
    sum_channels: u32,
    count: u32,
    has_b: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

var<workgroup> partial: array<f32, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = group.y * groups.x + group.x;
    // How many images, positions and channels are summed, and how many the result has.
    let over = vec3<u32>(
        select(1u, parameters.images, parameters.sum_images != 0u),
        select(1u, parameters.positions, parameters.sum_positions != 0u),
        select(1u, parameters.channels, parameters.sum_channels != 0u),
    );
    let wide = parameters.channels / over.z;
    let high = parameters.positions / over.y;
    let first = vec3<u32>(i / wide / high, i / wide % high, i % wide);
    var sum = 0.0;
    if (i < parameters.count) {
        for (var n = local; n < over.x * over.y * over.z; n += 256u) {
            let place = first + vec3<u32>(n / over.z / over.y, n / over.z % over.y, n % over.z);
            let at = (place.x * parameters.positions + place.y) * parameters.channels + place.z;
            if (parameters.has_b != 0u) {
                sum += a[at] * b[at];
            } else {
                sum += a[at];
            }
        }
    }
    partial[local] = sum;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if (local < half) {
            partial[local] += partial[local + half];
        }
        workgroupBarrier();
    }
    if (local == 0u && i < parameters.count) {
        y[i] = parameters.scale * partial[0];
    }
}
