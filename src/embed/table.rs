//! Tables of values by file name, and what file names say themselves.

use std::collections::{HashMap, HashSet};

/// A column of values, one for each row or member; missing ones are `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its heading.
    pub name: String,
    /// Its values.
    pub values: Values,
}

/// The values of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Every value that is there is a number.
    Numbers(Vec<Option<f64>>),
    /// Words: categories.
    Words(Vec<Option<String>>),
}

/// The smallest and the largest of some numbers; infinite, the wrong way round, of none.
pub fn range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    values.into_iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

/// The words of a column in their order, each once, and the number of each row's word.
pub fn categories(words: &[Option<String>]) -> (Vec<String>, Vec<Option<usize>>) {
    let mut names: Vec<String> = words.iter().flatten().cloned().collect();
    names.sort();
    names.dedup();
    let number = |word: &Option<String>| word.as_ref().and_then(|word| names.binary_search(word).ok());
    let of = words.iter().map(number).collect();
    (names, of)
}

impl Values {
    /// Of cells: numbers, if all that are there are numbers.
    fn of(cells: Vec<Option<String>>) -> Self {
        let numbers: Vec<Option<Option<f64>>> =
            cells.iter().map(|cell| cell.as_deref().map_or(Some(None), |text| number(text).map(Some))).collect();
        match numbers.iter().all(Option::is_some) && cells.iter().any(Option::is_some) {
            true => Self::Numbers(numbers.into_iter().flatten().collect()),
            false => Self::Words(cells),
        }
    }

    /// How many are there.
    pub fn known(&self) -> usize {
        match self {
            Self::Numbers(values) => values.iter().flatten().count(),
            Self::Words(values) => values.iter().flatten().count(),
        }
    }

    /// Whether the value of a row is missing.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Numbers(values) => values[row].is_none(),
            Self::Words(values) => values[row].is_none(),
        }
    }

    /// The values of some rows; `None` is a missing one.
    pub fn take(&self, rows: &[Option<usize>]) -> Self {
        match self {
            Self::Numbers(values) => Self::Numbers(rows.iter().map(|row| row.and_then(|row| values[row])).collect()),
            Self::Words(values) => {
                Self::Words(rows.iter().map(|row| row.and_then(|row| values[row].clone())).collect())
            }
        }
    }
}

/// A number as spreadsheets write it, with a point or a comma before its decimals.
fn number(text: &str) -> Option<f64> {
    let plain =
        if text.matches(',').count() == 1 && !text.contains('.') { text.replace(',', ".") } else { text.into() };
    plain.trim_end_matches('%').trim().parse::<f64>().ok().filter(|v| v.is_finite())
}

/// What stands for a missing value.
const MISSING: [&str; 8] = ["", "na", "n/a", "nan", "-", "–", "none", "null"];

/// A table from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its columns.
    pub columns: Vec<Column>,
    /// The cells as they are written, by column.
    cells: Vec<Vec<Option<String>>>,
}

/// Errors of tables, in sentences.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct TableError(pub String);

/// The most cells of a table that are read.
const MOST_CELLS: usize = 10_000_000;

impl Table {
    /// Reads a table with a line of headings: separated by commas, semicolons or tabs, with or without a byte-order mark,
    /// with a point or a comma before decimals.
    ///
    /// # Errors
    /// It has no row, or more cells than can be read.
    pub fn parse(bytes: &[u8]) -> Result<Self, TableError> {
        let text = decoded(bytes);
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let count = |separator: char| first.matches(separator).count();
        let separator = [';', '\t', ','].into_iter().max_by_key(|s| (count(*s), *s == ',')).unwrap_or(',');
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator as u8)
            .flexible(true)
            .has_headers(false)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let wrong = |text: &str| TableError(text.into());
        let mut rows = reader.records().map(|row| row.map_err(|error| TableError(format!("It is no table: {error}."))));
        let headings = rows.next().ok_or_else(|| wrong("The table is empty."))??;
        let width = headings.len();
        let mut cells: Vec<Vec<Option<String>>> = vec![vec![]; width];
        let mut total = 0;
        for row in rows {
            let row = row?;
            if row.iter().all(str::is_empty) {
                continue;
            }
            total += width;
            if total > MOST_CELLS {
                return Err(wrong("The table has more than ten million cells."));
            }
            for (k, column) in cells.iter_mut().enumerate() {
                let cell = row.get(k).unwrap_or_default();
                let is_missing = MISSING.contains(&cell.to_lowercase().as_str());
                column.push((!is_missing).then(|| cell.to_string()));
            }
        }
        if cells.first().is_none_or(Vec::is_empty) {
            return Err(wrong("The table has headings, but no row."));
        }
        let name = |(k, heading): (usize, &str)| match heading {
            "" => format!("column {}", k + 1),
            heading => heading.to_string(),
        };
        let columns = headings.iter().enumerate().map(name).zip(&cells);
        let columns = columns.map(|(name, cells)| Column { name, values: Values::of(cells.clone()) }).collect();
        Ok(Self { columns, cells })
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.cells.first().map_or(0, Vec::len)
    }
}

/// Text of a file: UTF-8, UTF-16 with a byte-order mark, or Latin-1.
fn decoded(bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], of: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| of([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        },
    }
}

/// A table that was joined with the members of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// The columns but the one of the names, with one value for each member.
    pub columns: Vec<Column>,
    /// The heading of the column of the names.
    pub by: String,
    /// Names in the table that no member has.
    pub unknown: Vec<String>,
    /// Names that stand in several rows; the first counts.
    pub repeated: Vec<String>,
    /// Members that no row names, by number.
    pub missing: Vec<usize>,
}

/// The forms by which a member may be named, most exact first: its path in the folder, its file name, both without the
/// ending; in lower case.
fn forms(path: &str) -> [String; 4] {
    let path = path.replace('\\', "/").trim_start_matches("./").to_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default().to_string();
    let bare = |text: &str| match text.rsplit_once('.') {
        Some((stem, ending)) if !ending.contains('/') && !stem.is_empty() => stem.to_string(),
        _ => text.to_string(),
    };
    let (bare_path, bare_name) = (bare(&path), bare(&name));
    [path, name, bare_path, bare_name]
}

/// Joins a table with members by their names: paths within the folder, with `/`. The column of the names is the one that
/// names the most members.
///
/// # Errors
/// No column names a member.
pub fn join(table: &Table, members: &[String]) -> Result<Joined, TableError> {
    // A form that two members share names neither.
    let mut known: HashMap<String, Option<usize>> = HashMap::new();
    for (n, member) in members.iter().enumerate() {
        let mut own = forms(member).to_vec();
        own.sort();
        own.dedup();
        for form in own {
            known.entry(form).and_modify(|other| *other = None).or_insert(Some(n));
        }
    }
    let member_of = |name: &str| forms(name).iter().find_map(|form| known.get(form).copied().flatten());
    // A column of values can look like names, such as 0.134 like 0.png, but then many rows name the same one.
    let named = |cells: &[Option<String>]| {
        let named: HashSet<usize> = cells.iter().flatten().filter_map(|cell| member_of(cell)).collect();
        named.len()
    };
    let counts: Vec<usize> = table.cells.iter().map(|cells| named(cells)).collect();
    // Of equal columns the first.
    let by = (0..counts.len()).rev().max_by_key(|k| counts[*k]).filter(|k| counts[*k] > 0);
    let Some(by) = by else {
        let text = "No column of the table names a picture of the folder: one has to hold file names, with or without the \
                    ending.";
        return Err(TableError(text.into()));
    };
    let mut rows = vec![None; members.len()];
    let (mut unknown, mut repeated) = (vec![], vec![]);
    for (row, name) in table.cells[by].iter().enumerate() {
        let Some(name) = name else { continue };
        match member_of(name) {
            Some(member) if rows[member].is_none() => rows[member] = Some(row),
            Some(_) => repeated.push(name.clone()),
            None => unknown.push(name.clone()),
        }
    }
    let others = table.columns.iter().enumerate().filter(|(k, _)| *k != by).map(|(_, column)| column);
    let columns =
        others.map(|column| Column { name: column.name.clone(), values: column.values.take(&rows) }).collect();
    let missing = (0..members.len()).filter(|n| rows[*n].is_none()).collect();
    Ok(Joined { columns, by: table.columns[by].name.clone(), unknown, repeated, missing })
}

/// A piece of a pattern.
enum Piece {
    Text(String),
    Value(String),
}

/// The columns that a pattern such as `T{temperature}_t{time}.tif` reads from the members' names. It stands for the file
/// name, or for as many folders and the file name as it has parts; the ending can be left out. Members that it does not
/// fit have no values.
///
/// # Errors
/// A brace is not closed, two values touch, or there is none.
pub fn of_pattern(pattern: &str, members: &[String]) -> Result<Vec<Column>, TableError> {
    let pieces = pieces(pattern)?;
    let names: Vec<&String> =
        pieces.iter().filter_map(|p| if let Piece::Value(name) = p { Some(name) } else { None }).collect();
    let parts = pattern.matches('/').count() + 1;
    let read = |member: &String| {
        let path = member.replace('\\', "/");
        let all: Vec<&str> = path.split('/').collect();
        let tail = all[all.len().saturating_sub(parts)..].join("/");
        // Without the ending first, so that no value takes it in.
        let bare = tail.rsplit_once('.').map(|(stem, _)| stem.to_string());
        bare.and_then(|bare| values_of(&pieces, &bare)).or_else(|| values_of(&pieces, &tail))
    };
    let found: Vec<Option<Vec<String>>> = members.iter().map(read).collect();
    let column = |(k, name): (usize, &&String)| {
        let cells = found.iter().map(|values| values.as_ref().map(|values| values[k].clone())).collect();
        Column { name: (*name).clone(), values: Values::of(cells) }
    };
    Ok(names.iter().enumerate().map(column).collect())
}

fn pieces(pattern: &str) -> Result<Vec<Piece>, TableError> {
    let wrong = |text: &str| Err(TableError(format!("The pattern {pattern} cannot be read: {text}.")));
    let (mut pieces, mut rest) = (vec![], pattern);
    while !rest.is_empty() {
        let (text, after) = rest.split_once('{').map_or((rest, None), |(text, after)| (text, Some(after)));
        if !text.is_empty() {
            pieces.push(Piece::Text(text.to_string()));
        }
        let Some(after) = after else { break };
        let Some((name, after)) = after.split_once('}') else { return wrong("a { is not closed") };
        if name.trim().is_empty() {
            return wrong("a value has no name");
        }
        if text.is_empty() && !pieces.is_empty() {
            return wrong("two values touch");
        }
        pieces.push(Piece::Value(name.trim().to_string()));
        rest = after;
    }
    match pieces.iter().any(|p| matches!(p, Piece::Value(_))) {
        true => Ok(pieces),
        false => wrong("it has no value, such as {temperature}"),
    }
}

/// The values of a text that fits a pattern, each as short as the rest allows.
fn values_of(pieces: &[Piece], text: &str) -> Option<Vec<String>> {
    let mut values = vec![];
    fits(pieces, text, &mut HashSet::new(), &mut values).then(|| values.into_iter().rev().collect())
}

/// Whether a text fits pieces; collects the values, the last one first. `failed` holds how many pieces did not fit how
/// many bytes, so that nothing is tried twice.
fn fits(pieces: &[Piece], text: &str, failed: &mut HashSet<(usize, usize)>, values: &mut Vec<String>) -> bool {
    let key = (pieces.len(), text.len());
    if failed.contains(&key) {
        return false;
    }
    let found = match pieces {
        [] => text.is_empty(),
        [Piece::Text(wanted), rest @ ..] => {
            text.strip_prefix(wanted.as_str()).is_some_and(|after| fits(rest, after, failed, values))
        }
        [Piece::Value(_), rest @ ..] => {
            let longest = text.find('/').unwrap_or(text.len());
            let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= longest);
            let end = ends.into_iter().find(|end| fits(rest, &text[*end..], failed, values));
            end.is_some_and(|end| {
                values.push(text[..end].to_string());
                true
            })
        }
    };
    if !found {
        failed.insert(key);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_string()).collect()
    }

    #[test]
    fn tables_of_every_habit_are_read() {
        let german = "\u{feff}Datei;Temperatur;Zeit;Stahl\na.tif;850,5;10;C45\nb.tif;;20;C60\nc.tif;900;n/a;\n";
        let table = Table::parse(german.as_bytes()).expect("a table");
        assert_eq!(table.rows(), 3);
        assert_eq!(table.columns[1].values, Values::Numbers(vec![Some(850.5), None, Some(900.0)]));
        assert_eq!(table.columns[2].values, Values::Numbers(vec![Some(10.0), Some(20.0), None]));
        assert!(matches!(&table.columns[3].values, Values::Words(words) if words[2].is_none()));
        let wide: Vec<u8> = "name\tx\r\nq\t1\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let wide = Table::parse(&[&[0xFF, 0xFE], &wide[..]].concat()).expect("a table");
        assert_eq!((wide.columns[0].name.as_str(), wide.rows()), ("name", 1));
        let quoted = Table::parse(b"file,\"x, mm\"\n\"a, b.tif\",\"1,5\"\n").expect("a table");
        assert_eq!(quoted.columns[1].name, "x, mm");
        assert_eq!(quoted.columns[1].values, Values::Numbers(vec![Some(1.5)]));
        for (text, wanted) in [("", "empty"), ("a,b\n", "no row"), ("a,b\n\n", "no row")] {
            let error = Table::parse(text.as_bytes()).expect_err(text).to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn rows_find_their_pictures_and_what_is_left_is_named() {
        let members = members(&["one/A_1.tif", "one/b.png", "two/b.png", "two/c.tif"]);
        let text = "n,file,T\n1,a_1,10\n2,two/b.png,20\n3,b.png,30\n4,nowhere.tif,40\n5,A_1.TIF,50\n6,,60\n";
        let joined = join(&Table::parse(text.as_bytes()).expect("a table"), &members).expect("names");
        assert_eq!(joined.by, "file");
        // `b.png` is the name of two.
        assert_eq!(
            (joined.unknown, joined.repeated),
            (vec!["b.png".into(), "nowhere.tif".into()], vec!["A_1.TIF".into()])
        );
        assert_eq!(joined.missing, [1, 3]);
        let temperatures = joined.columns.iter().find(|c| c.name == "T").expect("the column");
        assert_eq!(temperatures.values, Values::Numbers(vec![Some(10.0), None, Some(20.0), None]));
        // Values that look like a name name it again and again; names are the column with the most of them.
        let text = "E,file\n0.1,0.png\n0.2,1.png\n0.3,5.png\n";
        let few = self::members(&["0.png", "1.png", "2.png"]);
        assert_eq!(join(&Table::parse(text.as_bytes()).expect("a table"), &few).expect("names").by, "file");
        let strange = Table::parse(b"a,b\n1,2\n").expect("a table");
        assert!(join(&strange, &members).expect_err("no names").to_string().contains("names a picture"));
    }

    #[test]
    fn patterns_read_names_and_folders() {
        let members = members(&["C45/T850_t10.tif", "C60/T900.5_t20.tif", "C60/other.tif"]);
        let columns = of_pattern("T{temperature}_t{time}.tif", &members).expect("columns");
        assert_eq!(columns[0].values, Values::Numbers(vec![Some(850.0), Some(900.5), None]));
        assert_eq!(columns[1].values, Values::Numbers(vec![Some(10.0), Some(20.0), None]));
        let columns = of_pattern("{steel}/T{temperature}_t{time}", &members).expect("columns");
        assert_eq!(columns[0].values, Values::Words(vec![Some("C45".into()), Some("C60".into()), None]));
        assert_eq!(columns[2].values, Values::Numbers(vec![Some(10.0), Some(20.0), None]));
        for wrong in ["", "T.tif", "T{a", "{a}{b}", "{}"] {
            assert!(of_pattern(wrong, &members).is_err(), "{wrong}");
        }
    }
}
