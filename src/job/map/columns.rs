//! What is known of the members: from their making, a table, and their names.

use std::collections::HashMap;
use std::path::Path;

use super::source::Members;
use crate::embed::{Column, Table, join, of_pattern};
use crate::job::Failure;

/// The columns of the making, the table and the pattern, and what was not found, in sentences.
///
/// # Errors
/// The table or the pattern cannot be read, or has no row for any picture.
pub fn columns_of(
    table: Option<&Path>,
    pattern: Option<&str>,
    periods: &[(String, f64)],
    set: &Members,
) -> Result<(Vec<Column>, Vec<String>), Failure> {
    let pictures: Vec<String> = set.members.iter().map(|member| member.picture.clone()).collect();
    // Patches of a picture share its row.
    let mut names = pictures.clone();
    names.dedup();
    let of_picture: HashMap<&String, usize> = names.iter().zip(0..).collect();
    let rows: Vec<Option<usize>> = pictures.iter().map(|picture| of_picture.get(picture).copied()).collect();
    let spread = |column: Column| Column { values: column.values.take(&rows), ..column };
    let (mut columns, mut notes) = (set.columns.clone(), vec![]);
    if let Some(path) = table {
        let bytes = std::fs::read(path)
            .map_err(|error| Failure(format!("The table {} could not be read: {error}.", path.display())))?;
        let joined = join(&Table::parse(&bytes)?, &names)?;
        columns.extend(joined.columns.into_iter().map(spread));
        let by = &joined.by;
        let unknown = joined.unknown.iter();
        notes.extend(unknown.map(|name| format!("{name}: the table ({by}) names it, but no picture has that name.")));
        let repeated = joined.repeated.iter();
        notes.extend(repeated.map(|name| format!("{name}: it has several rows in the table; the first counts.")));
        notes.extend(joined.missing.iter().map(|n| format!("{}: it has no row in the table.", names[*n])));
    }
    if let Some(pattern) = pattern {
        let read = of_pattern(pattern, &names)?;
        for (n, name) in names.iter().enumerate() {
            if read.iter().all(|column| column.values.is_missing(n)) {
                notes.push(format!("{name}: the pattern {pattern} does not fit its name."));
            }
        }
        columns.extend(read.into_iter().map(spread));
    }
    for (name, _) in periods {
        if !columns.iter().any(|column| column.name == *name) {
            return Err(Failure(format!("There is no column {name} that could have a period.")));
        }
    }
    Ok((columns, notes))
}
