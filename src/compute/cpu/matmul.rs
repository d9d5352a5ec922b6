//! Dense matrix products on slices with bounds checks, computed by the `gemm` crate.

/// A matrix inside a slice: element `(row, column)` stands at `row · row_step + column · column_step`.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    pub values: &'a [f32],
    pub row_step: usize,
    pub column_step: usize,
}

impl<'a> Matrix<'a> {
    /// A matrix stored row by row.
    pub fn rows(values: &'a [f32], columns: usize) -> Self {
        Self { values, row_step: columns, column_step: 1 }
    }

    /// The transpose of a matrix stored row by row with `columns` columns.
    pub fn transposed(values: &'a [f32], columns: usize) -> Self {
        Self { values, row_step: 1, column_step: columns }
    }

    fn holds(&self, rows: usize, columns: usize) -> bool {
        rows == 0 || columns == 0 || (rows - 1) * self.row_step + (columns - 1) * self.column_step < self.values.len()
    }
}

/// `out = scale · a · b`, or `out += scale · a · b`; `out` is `m × n`, stored row by row; the inner size is `k`.
pub fn matmul(out: &mut [f32], (m, n, k): (usize, usize, usize), a: Matrix, b: Matrix, scale: f32, add: bool) {
    assert!(out.len() >= m * n && a.holds(m, k) && b.holds(k, n), "matrix product out of bounds");
    let step = |s: usize| s as isize;
    // SAFETY: the assertion above ensures that every element that the product reads or writes lies inside its slice.
    // `out` is borrowed mutably, so it overlaps neither factor.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            step(n),
            add,
            a.values.as_ptr(),
            step(a.column_step),
            step(a.row_step),
            b.values.as_ptr(),
            step(b.column_step),
            step(b.row_step),
            1.0,
            scale,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
