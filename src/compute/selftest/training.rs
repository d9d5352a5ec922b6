//! The cases of trained networks: batches, and gradients with respect to every input.

use super::case::{Case, Feed, describe, symmetric, values};
use crate::compute::ComputeError;
use crate::compute::graph::{Function, Graph, Pooling, Shape, TensorId};

type Build<'a> = &'a dyn Fn(&mut Graph, &[TensorId]) -> Result<TensorId, ComputeError>;

/// A case for the result itself, and one for the gradient with respect to each input of `shapes`; the other inputs are
/// only read.
fn with_gradients(
    name: &'static str,
    case: &str,
    shapes: &[Shape],
    only_read: &[Shape],
    build: Build,
) -> Result<Vec<Case>, ComputeError> {
    let mut graph = Graph::new();
    let all: Vec<Shape> = shapes.iter().chain(only_read).copied().collect();
    let ids: Vec<TensorId> = all.iter().map(|s| graph.input(*s)).collect();
    let feed: Vec<Feed> = ids.iter().zip(&all).zip(20..).map(|((id, s), seed)| (*id, values(seed, s.len()))).collect();
    let y = build(&mut graph, &ids)?;
    let mut cases =
        vec![Case { name, case: case.into(), graph: graph.clone(), inputs: feed.clone(), output: y, tolerance: 1e-5 }];
    let shape = graph.shape(y);
    let target = graph.input(shape);
    let loss = graph.squared_error(y, target, 0.5)?;
    let total = graph.weighted_sum(&[loss], &[1.0])?;
    for (at, id) in ids.iter().take(shapes.len()).enumerate() {
        let mut graph = graph.clone();
        let output = graph.differentiate(total, *id)?;
        // The input to differentiate for comes first.
        let mut inputs = feed.clone();
        inputs.swap(0, at);
        inputs.push((target, values(19, shape.len())));
        let case = format!("{case}, input {at}");
        cases.push(Case { name: "trained gradient", case, graph, inputs, output, tolerance: 2e-5 });
    }
    Ok(cases)
}

/// All cases of trained networks.
pub fn cases() -> Result<Vec<Case>, ComputeError> {
    let mut cases = vec![];
    for (x, outputs, edge, periodic) in [
        (Shape::new(6, 5, 3).times(3), 4, 3, false),
        (Shape::new(5, 7, 17).times(2), 2, 4, true),
        (Shape::new(6, 3, 2).times(2), 70, 4, false),
        (Shape::new(9, 8, 32).times(3), 64, 3, true),
        (Shape::new(2, 3, 32).times(9), 32, 3, false),
    ] {
        let weights = Shape::new(edge * edge, x.channels, outputs);
        let case = format!("{} × {}, {edge} × {edge} → {outputs}, periodic {periodic}", x.batch, describe(x));
        let shapes = [x, weights, Shape::new(1, 1, outputs)];
        let build: Build = &|g, i| g.conv_same(i[0], i[1], i[2], edge, periodic);
        cases.extend(with_gradients("conv", &case, &shapes, &[], build)?);
    }
    for (batch, inputs, outputs) in [(1, 5, 3), (7, 130, 65), (66, 3, 1)] {
        let (x, y) = (Shape::new(1, 1, inputs).times(batch), Shape::new(1, 1, outputs));
        let shapes = [x, Shape::new(inputs, 1, outputs), y];
        let build: Build = &|g, i| g.linear(i[0], i[1], i[2], y);
        cases.extend(with_gradients(
            "product",
            &format!("linear {batch} × {inputs} → {outputs}"),
            &shapes,
            &[],
            build,
        )?);
    }
    let map = Shape::new(5, 6, 3).times(2);
    let each = Shape::vectors(2, 3);
    let one: [(&'static str, Build); 6] = [
        ("upsample", &|g, i| Ok(g.upsample(i[0]))),
        ("pointwise", &|g, i| g.pointwise(Function::LeakyRelu(0.3), &[i[0]])),
        ("pointwise", &|g, i| g.pointwise(Function::Sigmoid, &[i[0]])),
        ("pointwise", &|g, i| g.pointwise(Function::Floor(0.25), &[i[0]])),
        ("pool", &|g, i| g.pool(i[0], Pooling::Max)),
        ("pad_reflect", &|g, i| g.pad_reflect(i[0])),
    ];
    for (name, build) in one {
        cases.extend(with_gradients(name, "a batch of 2", &[map], &[], build)?);
    }
    let modulate: Build = &|g, i| {
        let y = g.pointwise(Function::Modulate, &[i[0], i[1]])?;
        let y = g.pointwise(Function::Add, &[y, i[2]])?;
        g.pointwise(Function::Multiply, &[y, i[3]])
    };
    let shapes = [map, each, Shape::new(1, 1, 3), Shape::new(5, 6, 1)];
    cases.extend(with_gradients("pointwise", "modulation", &shapes, &[], modulate)?);
    let code = Shape::vectors(4, 6);
    let sample: Build = &|g, i| g.pointwise(Function::Reparameterise, &[i[0], i[1], i[2]]);
    cases.extend(with_gradients("pointwise", "a sample", &[code, code], &[code], sample)?);
    let divergence: Build = &|g, i| {
        let all = g.pointwise(Function::Divergence, &[i[0], i[1]])?;
        let each = g.reduce(all, None, Shape::vectors(1, 6), 0.25)?;
        let free = g.pointwise(Function::Floor(0.2), &[each])?;
        let sum = g.reduce(free, None, Shape::SCALAR, 1.0)?;
        g.pointwise(Function::Multiply, &[sum, i[2]])
    };
    cases.extend(with_gradients("reduce", "divergence", &[code, code], &[Shape::SCALAR], divergence)?);
    let saturated: Build = &|g, i| {
        let errors = [g.squared_error(i[0], i[2], 0.5)?, g.squared_error(i[1], i[2], 0.25)?];
        let sum = g.weighted_sum(&errors, &[0.5, 2.0])?;
        g.pointwise(Function::Saturate, &[sum])
    };
    cases.extend(with_gradients("pointwise", "a saturated sum of errors", &[map, map], &[map], saturated)?);
    cases.extend(with_gradients("pull_away", "5 vectors", &[Shape::new(3, 2, 4).times(5)], &[], &|g, i| {
        g.pull_away(i[0])
    })?);
    cases.push(sum_of_products_case()?);
    cases.extend(gram_cases(Shape::new(9, 8, 70).times(3))?);
    cases.extend(gram_cases(Shape::new(5, 3, 128).times(2))?);
    cases.extend(adam_cases()?);
    Ok(cases)
}

/// A sum over images and positions that needs more than one part.
fn sum_of_products_case() -> Result<Case, ComputeError> {
    let shape = Shape::new(70, 65, 3).times(2);
    let mut graph = Graph::new();
    let (a, b) = (graph.input(shape), graph.input(shape));
    let output = graph.reduce(a, Some(b), Shape::vectors(1, 3), 0.5)?;
    let inputs = vec![(a, values(30, shape.len())), (b, values(31, shape.len()))];
    Ok(Case { name: "reduce", case: "products".into(), graph, inputs, output, tolerance: 1e-5 })
}

fn gram_cases(shape: Shape) -> Result<Vec<Case>, ComputeError> {
    let mut graph = Graph::new();
    let x = graph.input(shape);
    let gram = graph.gram(x);
    let target = graph.input(graph.shape(gram));
    let loss = graph.squared_error(gram, target, 0.5)?;
    let output = graph.differentiate(loss, x)?;
    let targets = (0..shape.batch).flat_map(|_| symmetric(shape.channels)).collect();
    let inputs = vec![(x, values(32, shape.len())), (target, targets)];
    let case = format!("{} × {}", shape.batch, describe(shape));
    Ok(vec![
        Case {
            name: "gram",
            case: case.clone(),
            graph: graph.clone(),
            inputs: inputs.clone(),
            output: gram,
            tolerance: 1e-5,
        },
        Case { name: "gram_adjoint", case, graph, inputs, output, tolerance: 1e-5 },
    ])
}

/// A step of Adam, and a part of a batch that only adds up its gradient.
fn adam_cases() -> Result<Vec<Case>, ComputeError> {
    let mut cases = vec![];
    for whole in [1.0, 0.0] {
        let mut graph = Graph::new();
        let shape = Shape::new(4, 3, 25);
        let [x, gradient] = [graph.input(shape), graph.input(shape)];
        let state = graph.input(Shape::new(3, 1, shape.len()));
        let step = graph.input(Shape::new(1, 1, 6));
        let output = graph.adam(x, gradient, state, step)?;
        let second = values(35, 3 * shape.len()).iter().map(|v| v.abs()).collect();
        let inputs = vec![
            (x, values(33, shape.len())),
            (gradient, values(34, shape.len())),
            (state, second),
            (step, vec![0.01, 0.1, 0.001, whole, 0.8, 0.95]),
        ];
        let case = if whole == 1.0 { "a step" } else { "a part of a batch" };
        cases.push(Case { name: "adam", case: case.into(), graph, inputs, output, tolerance: 1e-6 });
        cases.push(layer_step_case(whole)?);
    }
    Ok(cases)
}

/// A step of Adam on the weights of a full layer, whose gradient is a product.
fn layer_step_case(whole: f32) -> Result<Case, ComputeError> {
    let (images, inputs, outputs) = (3, 700, 33);
    let mut graph = Graph::new();
    let x = graph.input(Shape::vectors(images, inputs));
    let weights = graph.input(Shape::new(inputs, 1, outputs));
    let bias = graph.input(Shape::vectors(1, outputs));
    let y = graph.linear(x, weights, bias, Shape::vectors(1, outputs))?;
    let target = graph.input(graph.shape(y));
    let loss = graph.squared_error(y, target, 0.5)?;
    let gradient = graph.differentiate(loss, weights)?;
    let state = graph.input(Shape::new(3, 1, inputs * outputs));
    let step = graph.input(Shape::new(1, 1, 6));
    let output = graph.adam(weights, gradient, state, step)?;
    let moments = values(38, 3 * inputs * outputs).iter().map(|v| v.abs()).collect();
    let inputs = vec![
        (x, values(36, images * inputs)),
        (weights, values(37, inputs * outputs)),
        (bias, values(39, outputs)),
        (target, values(40, images * outputs)),
        (state, moments),
        (step, vec![0.01, 0.1, 0.001, whole, 0.8, 0.95]),
    ];
    let case = format!("a full layer, whole {whole}");
    Ok(Case { name: "adam", case, graph, inputs, output, tolerance: 1e-5 })
}
