// multiply_add — nothing but multiplications and additions in registers: what an adapter can do at the most
// in/out @1 y f32 [256 · groups]
// grid (groups, 1, 1)
// not compared with anything
struct Parameters {
    rounds: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let at = group.x * 256u + local;
    // Eight independent sums; the compiler does not know their factor.
    let factor = vec4(y[at]);
    var a = vec4(1.0);
    var b = vec4(2.0);
    var c = vec4(3.0);
    var d = vec4(4.0);
    var e = vec4(5.0);
    var f = vec4(6.0);
    var g = vec4(7.0);
    var h = vec4(8.0);
    for (var round = 0u; round < parameters.rounds; round++) {
        a = fma(a, factor, factor);
        b = fma(b, factor, factor);
        c = fma(c, factor, factor);
        d = fma(d, factor, factor);
        e = fma(e, factor, factor);
        f = fma(f, factor, factor);
        g = fma(g, factor, factor);
        h = fma(h, factor, factor);
    }
    let sum = a + b + c + d + e + f + g + h;
    y[at] = sum.x + sum.y + sum.z + sum.w;
}
