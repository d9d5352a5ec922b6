// conv_cooperative_16 — convolution of stride 1 by an adapter's cooperative matrices of 16 × 16 numbers of 16 bits
// y[p,o] = relu(bias[o] + Σ_{t,i} weights[t,i,o] · x[p + t − before, i] · mask[p + t − before, i])
// As conv, with inputs in multiples of 16 and outputs in multiples of 4; x and weights are rounded to 16 bits, sums have 32.
// in  @1 x f32 or f16 [N, H, W, I]  @2 weights f32 [k², I, O]  @3 bias f32 [O]  @4 mask, bits of u32 [N, H, W, ceil(I / 32)]
// out @5 y f32 or f16 [N, H', W', O]
// grid (ceil(N H' W' / 128), ceil(O / 64), 1), the first folded into the third
// tolerance 2e-3 relative to max|y|
enable f16;
enable wgpu_cooperative_matrix;

alias Left = coop_mat16x16<f16, A>;
alias Right = coop_mat16x16<f16, B>;
alias Sums = coop_mat16x16<f32, C>;

const T = 16u;
