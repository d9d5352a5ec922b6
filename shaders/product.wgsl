// product — matrix product, each matrix read as it is or transposed
// y[i,j] = Σ_k A[i,k] · B[k,j]
// in  @1 A f32 [I, K] or [K, I]  @2 B f32 [K, J] or [J, K]     out @3 y f32 [I, J]
// grid (ceil(I / T), ceil(J / T), 1), the first folded into the third; T = 64 rows or columns
// tolerance 1e-5 relative to max|y|
struct Parameters {
    rows: u32,
    columns: u32,
    inner: u32,
    transpose_a: u32,
    transpose_b: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn of_a(row: u32, k: u32) -> f32 {
    if (row >= parameters.rows || k >= parameters.inner) {
        return 0.0;
    }
    if (parameters.transpose_a != 0u) {
        return a[k * parameters.rows + row];
    }
    return a[row * parameters.inner + k];
}

fn of_b(k: u32, column: u32) -> f32 {
    if (column >= parameters.columns || k >= parameters.inner) {
        return 0.0;
    }
    if (parameters.transpose_b != 0u) {
        return b[column * parameters.inner + k];
    }
    return b[k * parameters.columns + column];
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let first_row = (group.x + group.z * groups.x) * 64u;
    let first_column = group.y * 64u;
    let load = (local % 16u) * 4u;
    var sums = array<vec4<f32>, 4>();
    for (var k = 0u; k < parameters.inner; k += 16u) {
        var brought = vec4<f32>();
        for (var n = 0u; n < 4u; n++) {
            left[((local % 4u) * 4u + n) * 64u + local / 4u] = of_a(first_row + local / 4u, k + (local % 4u) * 4u + n);
            brought[n] = of_b(k + local / 16u, first_column + load + n);
        }
        right[local] = brought;
        workgroupBarrier();
        multiply_tiles(local, &sums);
        workgroupBarrier();
    }
    for (var r = 0u; r < 4u; r++) {
        let row = first_row + (local / 16u) * 4u + r;
        for (var n = 0u; n < 4u; n++) {
            let column = first_column + load + n;
            if (row < parameters.rows && column < parameters.columns) {
                y[row * parameters.columns + column] = sums[r][n];
            }
        }
    }
}
