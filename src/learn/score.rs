//! Predictions, and how good they are.

/// A predicted value.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Prediction {
    /// The value.
    pub value: f64,
    /// Its standard deviation, of a regression that knows one.
    pub deviation: Option<f64>,
}

/// Errors of predictions.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Scores {
    /// 1 − Σ(y − ŷ)²/Σ(y − ȳ)²: 1 for perfect predictions, 0 for those of the mean, below 0 for worse ones.
    pub r2: f64,
    /// The mean absolute error, in the unit of the values.
    pub mae: f64,
    /// The root of the mean squared error, in the unit of the values.
    pub rmse: f64,
    /// The mean absolute error over the value, in percent; none if a value is 0.
    pub mape: Option<f64>,
}

/// Errors of the predictions of one part, which can be too small for an R².
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PartErrors {
    /// The mean absolute error, in the unit of the values.
    pub mae: f64,
    /// The root of the mean squared error, in the unit of the values.
    pub rmse: f64,
}

impl Scores {
    /// Of pairs of a value and its prediction; none if there are none.
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        if pairs.is_empty() {
            return None;
        }
        let count = pairs.len() as f64;
        let mean = pairs.iter().map(|(value, _)| value).sum::<f64>() / count;
        let spread: f64 = pairs.iter().map(|(value, _)| (value - mean).powi(2)).sum();
        let squares: f64 = pairs.iter().map(|(value, found)| (value - found).powi(2)).sum();
        let size: f64 = pairs.iter().map(|(value, found)| (value - found).abs()).sum();
        let has_zero = pairs.iter().any(|(value, _)| *value == 0.0);
        let shares: f64 = pairs.iter().map(|(value, found)| ((value - found) / value).abs()).sum();
        Some(Self {
            r2: if spread > 0.0 { 1.0 - squares / spread } else { f64::NAN },
            mae: size / count,
            rmse: (squares / count).sqrt(),
            mape: (!has_zero).then(|| 100.0 * shares / count),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_formulas() {
        let found = Scores::of(&[(1.0, 1.5), (2.0, 2.0), (4.0, 3.0)]).expect("pairs");
        // The mean is 7/3, the squared deviations 16/9, 1/9 and 25/9.
        assert!((found.r2 - (1.0 - 1.25 / (42.0 / 9.0))).abs() < 1e-12);
        assert!((found.mae - 0.5).abs() < 1e-12 && (found.rmse - (1.25f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((found.mape.expect("no zero") - 100.0 * (0.5 + 0.25) / 3.0).abs() < 1e-9);
        assert_eq!(Scores::of(&[(0.0, 1.0), (1.0, 1.0)]).expect("pairs").mape, None);
        assert!(Scores::of(&[]).is_none() && Scores::of(&[(2.0, 1.0)]).expect("a pair").r2.is_nan());
    }
}
