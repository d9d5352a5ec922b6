// The parameter block of the kernels that compute a convolution, and of its adjoint with respect to the kernels. The
// adjoint divides the positions into parts, and does not read the fields between periodic and part.
struct Parameters {
    in_height: u32,
    in_width: u32,
    inputs: u32,
    outputs: u32,
    out_height: u32,
    out_width: u32,
    edge: u32,
    before_rows: i32,
    before_columns: i32,
    batch: u32,
    periodic: u32,
    relu: u32,
    has_bias: u32,
    has_mask: u32,
    spread: u32,
    part: u32,
}
