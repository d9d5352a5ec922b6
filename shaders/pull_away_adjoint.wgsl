// pull_away_adjoint — gradient of the mean squared cosine with respect to the scalar products
// y[i,j] = g · 2 P[i,j] / (P[i,i] · P[j,j]) / (n (n − 1)), y[i,i] = −g · Σ_k 2 P[i,k]² / (P[i,i]² · P[k,k]) / (n (n − 1))
// in  @1 P f32 [N, N]  @2 g f32 [1]     out @3 y f32 [N, N]
// grid ceil(N N / 256)
// tolerance 1e-5 relative to max|y|
struct Parameters {
    n: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> products: array<f32>;
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let at = linear_index(group, groups, local);
    let n = parameters.n;
    if (at >= n * n) {
        return;
    }
    let i = at / n;
    let j = at % n;
    let scale = 2.0 * g[0] / f32(max(n * (n - 1u), 1u));
    if (i != j) {
        y[at] = scale * cosine(i, j) / size(i) / size(j);
        return;
    }
    var sum = 0.0;
    for (var k = 0u; k < n; k++) {
        if (k != i) {
            sum += cosine(i, k) * cosine(i, k);
        }
    }
    y[at] = -scale * sum / size(i) / size(i);
}
