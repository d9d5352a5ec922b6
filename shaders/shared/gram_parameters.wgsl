// The parameter block of the kernels that compute a Gram matrix.
struct Parameters {
    positions: u32,
    channels: u32,
    part: u32,
    parts: u32,
    width: u32,
}
