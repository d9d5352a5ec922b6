//! Predictors as files.

use std::path::Path;
use std::sync::Arc;

use ndarray::Array2;

use super::LearnError;
use super::predictor::{Known, Predictor};
use super::reduction::{Reduction, ReductionKind};
use super::regressor::Tuned;
use super::samples::Samples;
use crate::latent::{Tensors, read_tensors, tensor_bytes};

/// The version of the format; it is raised when older files would be misread.
const FORMAT: u32 = 3;
/// The most numbers of a table in a file: what is larger is damaged.
const MOST: usize = 1 << 29;

#[derive(serde::Serialize, serde::Deserialize)]
struct Header {
    predictor: u32,
    names: Vec<String>,
    groups: Vec<usize>,
    reduction: ReductionKind,
    tuned: Tuned,
    known: Known,
    /// What the caller needs to read a new micrograph alike.
    about: serde_json::Value,
}

/// The bytes of a predictor's file: safetensors with a text. `about` is what the caller needs to read a new micrograph
/// alike.
///
/// # Errors
/// The tensors cannot be written.
pub fn predictor_bytes(predictor: &Predictor, about: serde_json::Value) -> Result<Vec<u8>, LearnError> {
    let samples = &predictor.samples;
    let header = Header {
        predictor: FORMAT,
        names: samples.names.clone(),
        groups: samples.groups.clone(),
        reduction: predictor.reduction.kind,
        tuned: predictor.tuned.clone(),
        known: predictor.known,
        about,
    };
    let single = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v as f32).collect::<Vec<f32>>();
    let mut tensors = Tensors::new();
    tensors.insert("rows".into(), single(&mut samples.rows.iter().copied()));
    tensors.insert("axes".into(), predictor.reduction.axes.iter().copied().collect());
    if let Some(fractions) = &samples.fractions {
        tensors.insert("fractions".into(), single(&mut fractions.iter().copied()));
    }
    if let Tuned::Network(network) = &predictor.tuned {
        for (n, layer) in network.layers().iter().enumerate() {
            tensors.insert(format!("network.{n}"), layer.to_vec());
        }
    }
    // A number in two single ones keeps its double precision.
    for (name, numbers) in [("values", &samples.values), ("mean", &predictor.reduction.mean)] {
        tensors.insert(name.into(), single(&mut numbers.iter().copied()));
        tensors.insert(format!("{name}.rest"), single(&mut numbers.iter().map(|v| v - f64::from(*v as f32))));
    }
    let text = serde_json::to_string(&header).map_err(|e| LearnError::Numbers(e.to_string()))?;
    tensor_bytes(&tensors, &text, false).map_err(|e| LearnError::Numbers(e.to_string()))
}

/// Reads a predictor from the bytes of a file, and what the caller put beside it; `path` is named in errors. The regression
/// is fitted again, with the settings that were chosen for it.
///
/// # Errors
/// The file is no predictor, or its parts do not fit together.
pub fn read_predictor(bytes: &[u8], path: &Path) -> Result<(Predictor, serde_json::Value), LearnError> {
    let malformed = |reason: &str| LearnError::Malformed { path: path.into(), reason: reason.into() };
    let (tensors, text) = read_tensors(bytes, path).map_err(|_| malformed("it is no file of this program"))?;
    let text: serde_json::Value = serde_json::from_str(&text).map_err(|_| malformed("it holds no predictor"))?;
    match text["predictor"].as_u64() {
        Some(number) if number == u64::from(FORMAT) => {}
        Some(_) => return Err(malformed("another version of this program made it; learn again")),
        None => return Err(malformed("it holds no predictor")),
    }
    let mut header: Header = serde_json::from_value(text).map_err(|_| malformed("its text is damaged"))?;
    let count = header.names.len();
    let column = |name: &str, length: Option<usize>| -> Result<Vec<f64>, LearnError> {
        let part = |name: &str| {
            let fits = |v: &&Vec<f32>| length.is_none_or(|n| v.len() == n) && v.iter().all(|v| v.is_finite());
            tensors.get(name).filter(fits).ok_or_else(|| malformed("its numbers are missing or damaged"))
        };
        let (values, rest) = (part(name)?, part(&format!("{name}.rest"))?);
        if values.len() != rest.len() {
            return Err(malformed("its numbers are damaged"));
        }
        Ok(values.iter().zip(rest).map(|(a, b)| f64::from(*a) + f64::from(*b)).collect())
    };
    let table = |name: &str, rows: usize| -> Result<Option<Array2<f32>>, LearnError> {
        let Some(values) = tensors.get(name) else { return Ok(None) };
        let fits = rows > 0 && values.len() % rows == 0 && values.len() <= MOST && values.iter().all(|v| v.is_finite());
        let made = fits.then(|| Array2::from_shape_vec((rows, values.len() / rows), values.clone()).ok()).flatten();
        made.map(Some).ok_or_else(|| malformed("its tables are damaged"))
    };
    let rows = table("rows", count)?.ok_or_else(|| malformed("its samples are missing"))?.mapv(f64::from);
    let axes = table("axes", rows.ncols())?.ok_or_else(|| malformed("its axes are missing"))?;
    let (values, mean) = (column("values", Some(count))?, column("mean", Some(axes.ncols()))?);
    let fractions = table("fractions", count)?.map(|f| f.mapv(f64::from));
    if let Tuned::Network(network) = header.tuned {
        let layers = (0..).map_while(|n| tensors.get(&format!("network.{n}"))).map(|v| Arc::new(v.clone())).collect();
        header.tuned = Tuned::Network(Box::new(network.with_layers(layers)));
    }
    let reads = match header.tuned.on_pictures() {
        Some(network) => network.hidden() == axes.ncols(),
        None => true,
    };
    if header.reduction == ReductionKind::Nothing || !reads {
        return Err(malformed("its parts do not fit together"));
    }
    let known = [header.known.half_width, header.known.reach, header.known.beside];
    let fits = header.groups.len() == count && header.groups.iter().all(|group| *group < count);
    if !fits || known.iter().any(|v| !v.is_finite() || *v < 0.0) || !header.tuned.is_sound(rows.ncols()) {
        return Err(malformed("its parts do not fit together"));
    }
    let samples = Samples { names: header.names, groups: header.groups, rows, values, fractions };
    let reduction = Reduction { kind: header.reduction, mean, axes };
    Ok((Predictor::of(samples, reduction, header.tuned, header.known)?, header.about))
}

#[cfg(test)]
mod tests {
    use super::super::method::Method;
    use super::super::regressor::Regressor;
    use super::super::score::Scores;
    use super::super::span::Span;
    use super::super::vector::VectorSettings;
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
        for (regressor, with_span) in Regressor::ALL.into_iter().zip([true, false, true, false, true]) {
            let samples = samples();
            let inputs = samples.rows.mapv(|v| v as f32);
            let kind = ReductionKind::Components(3);
            let span = Span::of(&inputs.view());
            let long = with_span.then(|| span.lengthen(&Reduction::of(kind, &span.places), &inputs.view()));
            let samples = if with_span { Samples { rows: span.places, ..samples } } else { samples };
            let made =
                Predictor::learn(samples, long, &Method::new(regressor, kind), Scores::default(), 2.0, &|_| true);
            let made = made.expect("a fit");
            let bytes = predictor_bytes(&made, serde_json::json!({"column": "E"})).expect("bytes");
            let (read, about) = read_predictor(&bytes, Path::new("x")).expect("a predictor");
            assert_eq!((about["column"].as_str(), &read.tuned), (Some("E"), &made.tuned));
            let row = inputs.row(4).to_vec();
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
        let kind = ReductionKind::Standard;
        let made =
            Predictor::learn(samples(), None, &Method::new(Regressor::Ridge, kind), Scores::default(), 2.0, &|_| true);
        let made = made.expect("a fit");
        let bytes = predictor_bytes(&made, serde_json::Value::Null).expect("bytes");
        for damaged in [&bytes[..bytes.len() / 2], b"nothing".as_slice(), &[]] {
            let reason = read_predictor(damaged, Path::new("x.predictor")).expect_err("damaged").to_string();
            assert!(reason.contains("x.predictor cannot be opened as a predictor"), "{reason}");
        }
        let unsound = Tuned::Svr(VectorSettings { gamma: 0.0, cost: 1.0, tube: 0.1 });
        assert!(!unsound.is_sound(3) && made.tuned.is_sound(3));
    }
}
