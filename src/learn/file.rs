//! Predictors as files.

use std::path::Path;

use ndarray::Array2;

use super::LearnError;
use super::predictor::Predictor;
use super::reduction::ReductionKind;
use super::regressor::Regressor;
use super::samples::Samples;
use super::score::Scores;
use super::span::Span;
use crate::latent::{Tensors, read_tensors, tensor_bytes};

/// The version of the format; it is raised when older files would be misread.
const FORMAT: u32 = 1;
/// The most numbers of a table in a file: what is larger is damaged.
const MOST: usize = 1 << 28;

#[derive(serde::Serialize, serde::Deserialize)]
struct Header {
    predictor: u32,
    names: Vec<String>,
    groups: Vec<usize>,
    reduction: ReductionKind,
    regressor: Regressor,
    scores: Scores,
    half_width: f64,
    /// What the caller needs to read a new micrograph alike.
    about: serde_json::Value,
}

/// The bytes of a predictor's file: safetensors with a text. `about` is what the caller needs to read a new micrograph
/// alike. Inputs are stored in single precision.
///
/// # Errors
/// The tensors cannot be written.
pub fn predictor_bytes(predictor: &Predictor, about: serde_json::Value) -> Result<Vec<u8>, LearnError> {
    let samples = &predictor.samples;
    let header = Header {
        predictor: FORMAT,
        names: samples.names.clone(),
        groups: samples.groups.clone(),
        reduction: predictor.reduction_kind,
        regressor: predictor.regressor,
        scores: predictor.scores,
        half_width: predictor.half_width,
        about,
    };
    let single = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v as f32).collect::<Vec<f32>>();
    let mut tensors = Tensors::new();
    tensors.insert("rows".into(), single(&mut samples.rows.iter().copied()));
    // A value in two single numbers keeps its double precision.
    tensors.insert("values".into(), single(&mut samples.values.iter().copied()));
    tensors.insert("values.rest".into(), single(&mut samples.values.iter().map(|v| v - f64::from(*v as f32))));
    if let Some(fractions) = &samples.fractions {
        tensors.insert("fractions".into(), single(&mut fractions.iter().copied()));
    }
    if let Some(span) = &predictor.span {
        tensors.insert("axes".into(), span.axes.iter().copied().collect());
    }
    let text = serde_json::to_string(&header).map_err(|e| LearnError::Numbers(e.to_string()))?;
    tensor_bytes(&tensors, &text, false).map_err(|e| LearnError::Numbers(e.to_string()))
}

/// Reads a predictor from the bytes of a file, and what the caller put beside it; `path` is named in errors. The regression
/// is fitted again.
///
/// # Errors
/// The file is no predictor, or its parts do not fit together.
pub fn read_predictor(bytes: &[u8], path: &Path) -> Result<(Predictor, serde_json::Value), LearnError> {
    let malformed = |reason: &str| LearnError::Malformed { path: path.into(), reason: reason.into() };
    let (tensors, text) = read_tensors(bytes, path).map_err(|_| malformed("it is no file of this program"))?;
    let header: Header = serde_json::from_str(&text).map_err(|_| malformed("it holds no predictor"))?;
    if header.predictor != FORMAT {
        return Err(malformed("another version of this program made it; learn again"));
    }
    let count = header.names.len();
    let column = |name: &str| -> Result<Vec<f64>, LearnError> {
        let values = tensors.get(name).filter(|v| v.len() == count && v.iter().all(|v| v.is_finite()));
        Ok(values
            .ok_or_else(|| malformed("its values are missing or damaged"))?
            .iter()
            .map(|v| f64::from(*v))
            .collect())
    };
    let table = |name: &str| -> Result<Option<Array2<f32>>, LearnError> {
        let Some(values) = tensors.get(name) else { return Ok(None) };
        let fits =
            count > 0 && values.len() % count == 0 && values.len() <= MOST && values.iter().all(|v| v.is_finite());
        let made = fits.then(|| Array2::from_shape_vec((count, values.len() / count), values.clone()).ok()).flatten();
        made.map(Some).ok_or_else(|| malformed("its inputs are damaged"))
    };
    let rows = table("rows")?.ok_or_else(|| malformed("its inputs are missing"))?.mapv(f64::from);
    let values = column("values")?.iter().zip(column("values.rest")?).map(|(a, b)| a + b).collect();
    let fractions = table("fractions")?.map(|f| f.mapv(f64::from));
    if header.groups.len() != count || !(header.half_width.is_finite() && header.half_width >= 0.0) {
        return Err(malformed("its parts do not fit together"));
    }
    let span = match tensors.get("axes") {
        None => None,
        Some(axes) => {
            let kept = rows.ncols();
            let fits = kept > 0 && axes.len() % kept == 0 && axes.iter().all(|v| v.is_finite());
            let axes = fits.then(|| Array2::from_shape_vec((kept, axes.len() / kept), axes.clone()).ok()).flatten();
            Some(Span { axes: axes.ok_or_else(|| malformed("its axes are damaged"))? })
        }
    };
    let samples = Samples { names: header.names, groups: header.groups, rows, values, fractions };
    let Header { reduction, regressor, scores, half_width, about, .. } = header;
    Ok((Predictor::fit(samples, span, reduction, regressor, scores, half_width)?, about))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Samples {
        let rows = Array2::from_shape_fn((30, 3), |(n, k)| ((n * (2 * k + 3) * 37) % 29) as f32 / 8.0);
        let values = rows.rows().into_iter().map(|r| 1e6 + f64::from(r[0] * r[1])).collect();
        let names = (0..30).map(|n| format!("picture {n}")).collect();
        let rows = rows.mapv(f64::from);
        Samples { names, groups: (0..30).collect(), rows, values, fractions: None }
    }

    #[test]
    fn a_predictor_comes_back_from_its_file() {
        for (regressor, with_span) in Regressor::ALL.into_iter().zip([true, false, true, false]) {
            let samples = samples();
            let long = samples.rows.mapv(|v| v as f32);
            let (span, places) = Span::of(&long.view());
            let (span, samples) =
                if with_span { (Some(span), Samples { rows: places, ..samples }) } else { (None, samples) };
            let made = Predictor::fit(samples, span, ReductionKind::Components(3), regressor, Scores::default(), 2.0);
            let made = made.expect("a fit");
            let bytes = predictor_bytes(&made, serde_json::json!({"column": "E"})).expect("bytes");
            let (read, about) = read_predictor(&bytes, Path::new("x")).expect("a predictor");
            assert_eq!(about["column"], "E");
            let row = long.row(4).to_vec();
            let (a, b) = (made.forecast(&row).expect("a value"), read.forecast(&row).expect("a value"));
            assert!((a.value - b.value).abs() < 1e-2 && (a.value - made.samples.values[4]).abs() < 3.0, "{a:?} {b:?}");
            assert!(a.novelty < 1.0, "{a:?}");
            let far = made.forecast(&[90.0, -70.0, 50.0]).expect("a value");
            assert!(far.novelty > 3.0, "{far:?}");
            assert!(made.forecast(&[1.0]).is_err());
        }
    }

    #[test]
    fn other_files_are_refused_in_words() {
        let made = Predictor::fit(samples(), None, ReductionKind::Standard, Regressor::Ridge, Scores::default(), 2.0);
        let bytes = predictor_bytes(&made.expect("a fit"), serde_json::Value::Null).expect("bytes");
        for damaged in [&bytes[..bytes.len() / 2], b"nothing".as_slice(), &[]] {
            let reason = read_predictor(damaged, Path::new("x.predictor")).expect_err("damaged").to_string();
            assert!(reason.contains("x.predictor cannot be opened as a predictor"), "{reason}");
        }
    }
}
