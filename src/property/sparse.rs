//! Sparse symmetric systems, factorised.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::prelude::Reborrow;
use faer::sparse::linalg::cholesky::{LltRef, SymbolicCholesky, SymmetricOrdering, factorize_symbolic_cholesky};
use faer::sparse::{SparseColMat, SymbolicSparseColMat};
use faer::{Conj, Mat, Side};

use super::PropertyError;
use super::detached::detached;
use super::field::Watch;

/// The most memory of a factorisation, in bytes.
pub const MOST_MEMORY: usize = 4 << 30;

/// The lower triangle of a symmetric matrix, column after column: rows and values.
pub type Columns = Vec<Vec<(u32, f64)>>;

/// Adds a value to the entry of a row in a column.
pub fn add_to(column: &mut Vec<(u32, f64)>, row: u32, value: f64) {
    match column.iter_mut().find(|(n, _)| *n == row) {
        Some((_, found)) => *found += value,
        None => column.push((row, value)),
    }
}

/// A factorised matrix.
pub struct Factor {
    symbolic: SymbolicCholesky<usize>,
    values: Vec<f64>,
}

/// Why a matrix was not factorised.
#[derive(Debug)]
pub enum Refused {
    /// It needs so many bytes.
    Memory(usize),
    /// It is not positive.
    Singular,
    /// The work was cancelled; the factorisation ends later, on a thread of its own.
    Cancelled,
}

impl Refused {
    /// As an error of some work, such as "flow".
    pub fn of(self, work: &str) -> PropertyError {
        match self {
            Self::Memory(bytes) => PropertyError::Flow(format!(
                "The {work} on this map needs {:.1} GiB of memory, more than there is or than the {} GiB that it may take. Cut out a part, or halve the size of the map.",
                bytes as f64 / (1u64 << 30) as f64,
                MOST_MEMORY >> 30
            )),
            Self::Singular => PropertyError::Flow(format!(
                "The {work} cannot be resolved on these pixels. Clean up single pixels first."
            )),
            Self::Cancelled => PropertyError::Cancelled,
        }
    }
}

impl Factor {
    /// Factorises a positive matrix by Cholesky's method, with an ordering of minimum degree. It cannot be interrupted, so
    /// it runs beside this thread, which listens to `watch`.
    pub fn new(columns: Columns, watch: Watch) -> Result<Self, Refused> {
        let n = columns.len();
        let mut starts = vec![0usize];
        let (mut rows, mut values) = (vec![], vec![]);
        for mut column in columns {
            column.sort_unstable_by_key(|(row, _)| *row);
            rows.extend(column.iter().map(|(row, _)| *row as usize));
            values.extend(column.iter().map(|(_, value)| *value));
            starts.push(rows.len());
        }
        let matrix = SparseColMat::new(SymbolicSparseColMat::new_checked(n, n, starts, None, rows), values);
        // An iteration 0 would be taken for the beginning of a load.
        let go_on = || watch(usize::MAX, 1.0);
        detached("factorisation", move || factorised(&matrix), &go_on).ok_or(Refused::Cancelled)?
    }

    /// Solves for every column of the right-hand sides in place.
    pub fn solve(&self, right: &mut Mat<f64>) {
        let par = faer::get_global_parallelism();
        let scratch = self.symbolic.solve_in_place_scratch::<f64>(right.ncols(), par);
        let mut memory = MemBuffer::new(scratch);
        let factor = LltRef::new(&self.symbolic, &self.values);
        factor.solve_in_place_with_conj(Conj::No, right.as_mut(), par, MemStack::new(&mut memory));
    }
}

fn factorised(matrix: &SparseColMat<usize, f64>) -> Result<Factor, Refused> {
    let ordering = SymmetricOrdering::Amd;
    let symbolic = factorize_symbolic_cholesky(matrix.symbolic(), Side::Lower, ordering, Default::default())
        .map_err(|_| Refused::Memory(0))?;
    let bytes = symbolic.len_val() * size_of::<f64>();
    if bytes > MOST_MEMORY {
        return Err(Refused::Memory(bytes));
    }
    let par = faer::get_global_parallelism();
    let mut values = vec![];
    values.try_reserve_exact(symbolic.len_val()).map_err(|_| Refused::Memory(bytes))?;
    values.resize(symbolic.len_val(), 0.0);
    let scratch = symbolic.factorize_numeric_llt_scratch::<f64>(par, Default::default());
    let mut memory = MemBuffer::try_new(scratch).map_err(|_| Refused::Memory(bytes))?;
    let stack = MemStack::new(&mut memory);
    symbolic
        .factorize_numeric_llt(
            &mut values,
            matrix.rb(),
            Side::Lower,
            Default::default(),
            par,
            stack,
            Default::default(),
        )
        .map_err(|_| Refused::Singular)?;
    Ok(Factor { symbolic, values })
}
