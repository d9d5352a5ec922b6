// A 64 × 64 tile of a matrix product, 4 × 4 of it in each of 256 invocations; 16 of the inner sum at a time.
// left[k · 64 + row], right[k · 16 + column / 4]
var<workgroup> left: array<f32, 1024>;
var<workgroup> right: array<vec4<f32>, 256>;

fn multiply_tiles(local: u32, sums: ptr<function, array<vec4<f32>, 4>>) {
    let row = (local / 16u) * 4u;
    let column = local % 16u;
    for (var k = 0u; k < 16u; k++) {
        let b = right[k * 16u + column];
        for (var r = 0u; r < 4u; r++) {
            (*sums)[r] += left[k * 64u + row + r] * b;
        }
    }
}
