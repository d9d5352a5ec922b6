//! The line search of Moré & Thuente, "Line search algorithms with guaranteed sufficient decrease", ACM TOMS 20:286,
//! 1994: an interval that holds a minimiser shrinks around trial steps from cubic and quadratic interpolation.

/// Sufficient decrease, curvature and interval tolerances, as L-BFGS-B uses them.
const DECREASE: f64 = 1e-3;
const CURVATURE: f64 = 0.9;
const INTERVAL: f64 = 0.1;

/// Value and slope at a step along the direction.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub step: f64,
    pub value: f64,
    pub slope: f64,
}

/// What to do after an evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// Evaluate this step.
    Try(f64),
    /// The last step satisfies both conditions, or is the best that the arithmetic allows.
    Accept,
}

/// A search in progress.
#[derive(Debug)]
pub struct LineSearch {
    start: Point,
    best: Point,
    other: Point,
    bracketed: bool,
    first_stage: bool,
    width: f64,
    previous_width: f64,
    low: f64,
    high: f64,
    most: f64,
}

impl LineSearch {
    /// From the value and the (negative) slope at step 0; no step is longer than `most`.
    pub fn new(value: f64, slope: f64, first: f64, most: f64) -> Self {
        let start = Point { step: 0.0, value, slope };
        Self {
            start,
            best: start,
            other: start,
            bracketed: false,
            first_stage: true,
            width: most,
            previous_width: 2.0 * most,
            low: 0.0,
            high: first + 4.0 * first,
            most,
        }
    }

    /// Processes the evaluation of a step.
    pub fn next(&mut self, at: Point) -> Next {
        let test = self.start.value + at.step * DECREASE * self.start.slope;
        if self.first_stage && at.value <= test && at.slope >= 0.0 {
            self.first_stage = false;
        }
        let rounding = self.bracketed && (at.step <= self.low || at.step >= self.high);
        let narrow = self.bracketed && self.high - self.low <= INTERVAL * self.high;
        let longest = at.step >= self.most && at.value <= test && at.slope <= DECREASE * self.start.slope;
        let good = at.value <= test && at.slope.abs() <= CURVATURE * -self.start.slope;
        if rounding || narrow || longest || good {
            return Next::Accept;
        }
        let step = if self.first_stage && at.value <= self.best.value && at.value > test {
            // In the first stage, the search runs on the function minus its required decrease.
            let tilt = DECREASE * self.start.slope;
            let lower = |p: Point| Point { value: p.value - p.step * tilt, slope: p.slope - tilt, ..p };
            let raise = |p: Point| Point { value: p.value + p.step * tilt, slope: p.slope + tilt, ..p };
            (self.best, self.other) = (lower(self.best), lower(self.other));
            let step = self.trial(lower(at));
            (self.best, self.other) = (raise(self.best), raise(self.other));
            step
        } else {
            self.trial(at)
        };
        Next::Try(self.safeguard(step))
    }

    /// Forces the interval to shrink, and keeps the step within the limits.
    fn safeguard(&mut self, mut step: f64) -> f64 {
        if self.bracketed {
            if (self.other.step - self.best.step).abs() >= 0.66 * self.previous_width {
                step = self.best.step + 0.5 * (self.other.step - self.best.step);
            }
            self.previous_width = self.width;
            self.width = (self.other.step - self.best.step).abs();
            self.low = self.best.step.min(self.other.step);
            self.high = self.best.step.max(self.other.step);
        } else {
            self.low = step + 1.1 * (step - self.best.step);
            self.high = step + 4.0 * (step - self.best.step);
        }
        step = step.clamp(0.0, self.most);
        let stuck =
            self.bracketed && (step <= self.low || step >= self.high || self.high - self.low <= INTERVAL * self.high);
        if stuck { self.best.step } else { step }
    }

    /// The four cases of the paper's section 4; also updates the interval.
    fn trial(&mut self, at: Point) -> f64 {
        let best = self.best;
        let opposite = at.slope * best.slope.signum();
        let theta = 3.0 * (best.value - at.value) / (at.step - best.step) + best.slope + at.slope;
        let scale = theta.abs().max(best.slope.abs()).max(at.slope.abs());
        let root = ((theta / scale).powi(2) - best.slope / scale * (at.slope / scale)).max(0.0).sqrt();
        let secant = at.step + at.slope / (at.slope - best.slope) * (best.step - at.step);
        let step = if at.value > best.value {
            let gamma = scale * root * if at.step < best.step { -1.0 } else { 1.0 };
            let r = (gamma - best.slope + theta) / (2.0 * gamma - best.slope + at.slope);
            let cubic = best.step + r * (at.step - best.step);
            let curve = (best.value - at.value) / (at.step - best.step) + best.slope;
            let quadratic = best.step + best.slope / curve / 2.0 * (at.step - best.step);
            self.bracketed = true;
            if (cubic - best.step).abs() < (quadratic - best.step).abs() {
                cubic
            } else {
                cubic + (quadratic - cubic) / 2.0
            }
        } else if opposite < 0.0 {
            let gamma = scale * root * if at.step > best.step { -1.0 } else { 1.0 };
            let r = (gamma - at.slope + theta) / (2.0 * gamma - at.slope + best.slope);
            let cubic = at.step + r * (best.step - at.step);
            self.bracketed = true;
            if (cubic - at.step).abs() > (secant - at.step).abs() { cubic } else { secant }
        } else if at.slope.abs() < best.slope.abs() {
            let gamma = scale * root * if at.step > best.step { -1.0 } else { 1.0 };
            let r = (gamma - at.slope + theta) / (gamma + (best.slope - at.slope) + gamma);
            let cubic = if r < 0.0 && gamma != 0.0 {
                at.step + r * (best.step - at.step)
            } else if at.step > best.step {
                self.high
            } else {
                self.low
            };
            let nearer = (cubic - at.step).abs() < (secant - at.step).abs();
            if self.bracketed {
                let step = if nearer { cubic } else { secant };
                let edge = at.step + 0.66 * (self.other.step - at.step);
                if at.step > best.step { step.min(edge) } else { step.max(edge) }
            } else {
                let step = if nearer { secant } else { cubic };
                step.min(self.high).max(self.low)
            }
        } else if self.bracketed {
            let other = self.other;
            let theta = 3.0 * (at.value - other.value) / (other.step - at.step) + other.slope + at.slope;
            let scale = theta.abs().max(other.slope.abs()).max(at.slope.abs());
            let root = ((theta / scale).powi(2) - other.slope / scale * (at.slope / scale)).max(0.0).sqrt();
            let gamma = scale * root * if at.step > other.step { -1.0 } else { 1.0 };
            let r = (gamma - at.slope + theta) / (2.0 * gamma - at.slope + other.slope);
            at.step + r * (other.step - at.step)
        } else if at.step > best.step {
            self.high
        } else {
            self.low
        };
        if at.value > best.value {
            self.other = at;
        } else {
            if opposite < 0.0 {
                self.other = best;
            }
            self.best = at;
        }
        step
    }
}
