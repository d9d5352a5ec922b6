// pull_away — mean squared cosine between different vectors, from their scalar products
// y = Σ_{i≠j} P[i,j]² / (P[i,i] · P[j,j]) / (n (n − 1))
// in  @1 P f32 [N, N]     out @2 y f32 [1]
// grid (1, 1, 1)
// tolerance 1e-5 relative to y
struct Parameters {
    n: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> products: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

var<workgroup> partial: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) local: u32) {
    let n = parameters.n;
    var sum = 0.0;
    for (var at = local; at < n * n; at += 256u) {
        let i = at / n;
        let j = at % n;
        if (i != j) {
            sum += cosine(i, j) * cosine(i, j);
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
    if (local == 0u) {
        y[0] = partial[0] / f32(max(n * (n - 1u), 1u));
    }
}
