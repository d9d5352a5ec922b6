//! The optimisers on bounded problems that SciPy's L-BFGS-B has solved.

use std::convert::Infallible;

use microwright::optimise::{Adam, Bounds, Lbfgsb, Progress};
use serde_json::Value;

fn golden() -> Value {
    let text = include_str!("golden/optimiser.json");
    serde_json::from_str(text).expect("golden values")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn rosenbrock(x: &[f64], g: &mut [f64]) -> f64 {
    g.fill(0.0);
    let mut sum = 0.0;
    for i in 0..x.len() - 1 {
        let (a, b) = (x[i + 1] - x[i] * x[i], 1.0 - x[i]);
        sum += 100.0 * a * a + b * b;
        g[i] += -400.0 * x[i] * a - 2.0 * b;
        g[i + 1] += 200.0 * a;
    }
    sum
}

fn quadratic(q: &[f64], b: &[f64], x: &[f64], g: &mut [f64]) -> f64 {
    for (i, g) in g.iter_mut().enumerate() {
        *g = q[i * x.len()..][..x.len()].iter().zip(x).map(|(q, x)| q * x).sum::<f64>() - b[i];
    }
    x.iter().zip(g.iter()).zip(b).map(|((x, g), b)| 0.5 * x * (g - b)).sum()
}

/// Minimises one of the problems; returns the point, the value and the evaluations that it took.
fn minimise(name: &str) -> (Vec<f64>, f64, usize, Value) {
    let problem = golden()[name].clone();
    let bounds = Bounds { lower: numbers(&problem["lower"])[0], upper: numbers(&problem["upper"])[0] };
    let (q, b) = match problem.get("Q") {
        Some(q) => (numbers(q), numbers(&problem["b"])),
        None => (vec![], vec![]),
    };
    let mut evaluations = 0;
    let mut objective = |x: &[f64], g: &mut [f64]| -> Result<f64, Infallible> {
        evaluations += 1;
        assert!(x.iter().all(|v| *v >= bounds.lower && *v <= bounds.upper), "{name} left its bounds");
        Ok(if q.is_empty() { rosenbrock(x, g) } else { quadratic(&q, &b, x, g) })
    };
    let mut optimiser = Lbfgsb::new(numbers(&problem["x0"]), bounds);
    optimiser.tolerance = 1e-10;
    for _ in 0..5000 {
        let before = optimiser.value;
        let Ok(progress) = optimiser.step(&mut objective);
        let fell = (before - optimiser.value) / before.abs().max(optimiser.value.abs()).max(1.0);
        if progress == Progress::Converged || fell <= 1e-15 {
            break;
        }
    }
    (optimiser.x, optimiser.value, evaluations, problem)
}

#[test]
fn lbfgsb_finds_the_minima_of_scipy_in_no_more_than_half_again_as_many_evaluations() {
    for name in ["rosenbrock_wide", "rosenbrock_tight", "quadratic_box"] {
        let (x, value, evaluations, problem) = minimise(name);
        let expected = numbers(&problem["x"]);
        let off = x.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let golden_value = problem["f"].as_f64().expect("a value");
        let allowed = problem["evaluations"].as_u64().expect("a count") as usize;
        println!("{name}: {evaluations} evaluations, SciPy {allowed}, off by {off:.1e}");
        assert!(off < 1e-6, "{name}: off by {off:e}");
        assert!((value - golden_value).abs() < 1e-6, "{name}: {value} instead of {golden_value}");
        assert!(2 * evaluations <= 3 * allowed, "{name}: {evaluations} evaluations, SciPy takes {allowed}");
    }
}

#[test]
fn a_run_goes_on_as_if_it_had_not_been_interrupted() {
    let bounds = Bounds { lower: -0.5, upper: 0.8 };
    let mut objective = |x: &[f64], g: &mut [f64]| -> Result<f64, Infallible> { Ok(rosenbrock(x, g)) };
    let mut whole = Lbfgsb::new(vec![-0.4; 20], bounds);
    for _ in 0..12 {
        let Ok(_) = whole.step(&mut objective);
    }
    let saved = whole.clone();
    for _ in 0..12 {
        let Ok(_) = whole.step(&mut objective);
    }
    let mut resumed = saved;
    for _ in 0..12 {
        let Ok(_) = resumed.step(&mut objective);
    }
    assert_eq!(resumed, whole);
}

#[test]
fn an_error_of_the_objective_leaves_the_state_as_it_was() {
    let mut optimiser = Lbfgsb::new(vec![0.0; 4], Bounds { lower: -1.0, upper: 1.0 });
    let mut good = |x: &[f64], g: &mut [f64]| -> Result<f64, &'static str> { Ok(rosenbrock(x, g)) };
    assert!(optimiser.step(&mut good).is_ok());
    let before = optimiser.clone();
    assert_eq!(optimiser.step(&mut |_: &[f64], _: &mut [f64]| Err("lost")), Err("lost"));
    assert_eq!(optimiser, before);
}

#[test]
fn adam_descends_within_its_bounds() {
    let bounds = Bounds { lower: -0.5, upper: 0.5 };
    let problem = golden()["quadratic_box"].clone();
    let (q, b) = (numbers(&problem["Q"]), numbers(&problem["b"]));
    let mut objective = |x: &[f32]| -> Result<(f64, Vec<f32>), Infallible> {
        let x: Vec<f64> = x.iter().map(|v| f64::from(*v)).collect();
        let mut gradient = vec![0.0; x.len()];
        let value = quadratic(&q, &b, &x, &mut gradient);
        Ok((value, gradient.iter().map(|g| *g as f32).collect()))
    };
    let mut adam = Adam::new(vec![0.0; 30], bounds, 0.01);
    for _ in 0..3000 {
        let Ok(_) = adam.step(&mut objective);
    }
    let golden_value = problem["f"].as_f64().expect("a value");
    assert!((adam.value - golden_value).abs() < 1e-2, "{} instead of {golden_value}", adam.value);
    assert!(adam.x.iter().all(|v| v.abs() <= 0.5));
}
