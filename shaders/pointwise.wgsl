// pointwise — one number from one number of each input
// y[n,p,k] = f(a[n,p,k], b[n,p,k], c[n,p,k]), each input repeated where its step is 0
// in  @1 a f32 [..]  @2 b f32 [..]  @3 c f32 [..]     out @4 y f32 [N, P, C]
// grid ceil(N P C / 256)
// tolerance 1e-6 relative to max|y|
struct Parameters {
    a: vec4<u32>,
    b: vec4<u32>,
    c: vec4<u32>,
    count: u32,
    positions: u32,
    channels: u32,
    function: u32,
    number: f32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> first: array<f32>;
@group(0) @binding(2) var<storage, read> second: array<f32>;
@group(0) @binding(3) var<storage, read> third: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

fn place(steps: vec4<u32>, image: u32, position: u32, channel: u32) -> u32 {
    return image * steps.x + position * steps.y + channel * steps.z;
}

fn value(a: f32, b: f32, c: f32) -> f32 {
    switch parameters.function {
        case 0u: { return a + b; }
        case 1u: { return a * b; }
        case 2u: { return a * (1.0 + b); }
        case 3u: { return select(parameters.number * a, a, a > 0.0); }
        case 4u: { return select(parameters.number * b, b, a > 0.0); }
        case 5u: { return 1.0 / (1.0 + exp(-a)); }
        case 6u: { return b * a * (1.0 - a); }
        case 7u: { return a + exp(0.5 * b) * c; }
        case 8u: { return 0.5 * c * b * exp(0.5 * a); }
        case 9u: { return 0.5 * (a * a + exp(b) - 1.0 - b); }
        case 10u: { return 0.5 * b * (exp(a) - 1.0); }
        case 11u: { return max(a, parameters.number); }
        case 12u: { return select(0.0, b, a > parameters.number); }
        case 13u: { return a / (1.0 + a); }
        default: { return b / ((1.0 + a) * (1.0 + a)); }
    }
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = linear_index(group, groups, local);
    if (i >= parameters.count) {
        return;
    }
    let channel = i % parameters.channels;
    let position = i / parameters.channels % parameters.positions;
    let image = i / parameters.channels / parameters.positions;
    let a = first[place(parameters.a, image, position, channel)];
    let b = second[place(parameters.b, image, position, channel)];
    let c = third[place(parameters.c, image, position, channel)];
    y[i] = value(a, b, c);
}
