//! Every kernel on both backends against plain loops in f64, and the shaders against their specifications.

mod common;
#[path = "common/oracle.rs"]
mod oracle;

use std::sync::Arc;

use common::{devices, distance};
use microwright::compute::graph::{
    ADAM_DECAYS, ConvSettings, Graph, Op, Padding, Plan, Pooling, Precision, Shape, TensorId, adam_numbers,
};
use microwright::compute::kernels::{self, Binding, Grid, Halves};
use microwright::compute::kernels::{Algorithm, Probe};
use microwright::compute::selftest::{self, Case};
use microwright::compute::{Device, DeviceKind, Program, planned_memory};
use microwright::net::{Layer, Weights, features};
use oracle::interpret;

fn widened(case: &Case) -> Vec<(TensorId, Vec<f64>)> {
    case.inputs.iter().map(|(id, v)| (*id, v.iter().map(|x| f64::from(*x)).collect())).collect()
}

fn check(case: &Case, devices: &[Device]) {
    let mut single = case.graph.clone();
    single.precision = Precision::Single;
    let exact = interpret(&single, &widened(case), case.output);
    let rounded =
        (case.graph.precision == Precision::Half).then(|| interpret(&case.graph, &widened(case), case.output));
    // An adapter that is opened for half precision is there for that.
    let is_for = |device: &&Device| match device {
        Device::Cpu => true,
        Device::Gpu(gpu) => gpu.has_halves() == (case.graph.precision == Precision::Half),
    };
    for device in devices.iter().filter(is_for) {
        let expected = rounded.as_ref().filter(|_| matches!(device, Device::Gpu(_))).unwrap_or(&exact);
        for algorithm in case.algorithms(device) {
            device.prefer(Some(algorithm));
            let off = distance(&case.run(device).expect("a result"), expected);
            // Cooperative matrices round weights too, which the oracle does not.
            let most = if algorithm == Algorithm::Cooperative { case.tolerance } else { 1e-3 };
            let (allowed, name) = (case.tolerance.clamp(1e-6, most), device.info().name);
            assert!(off <= allowed, "{} of {}, {} on {name}: off by {off:.1e}", case.name, case.case, algorithm.name());
        }
        device.prefer(None);
    }
}

#[test]
fn every_kernel_agrees_with_plain_loops() {
    let devices: Vec<Device> = devices().into_iter().chain(common::half_gpu()).collect();
    for case in selftest::cases().expect("cases") {
        check(&case, &devices);
    }
}

#[test]
fn convolutions_agree_at_the_channel_counts_of_the_network() {
    let zero = ConvSettings::three(1, false, true);
    let periodic = ConvSettings::three(1, true, false);
    let devices = devices();
    for (shape, outputs) in [
        (Shape::new(13, 10, 3), 64),
        (Shape::new(13, 10, 64), 3),
        (Shape::new(7, 10, 12), 4),
        (Shape::new(7, 10, 1), 16),
        (Shape::new(6, 9, 64), 128),
        (Shape::new(5, 3, 128), 64),
        (Shape::new(1, 1, 64), 64),
        (Shape::new(4, 1, 17), 33),
    ] {
        check(&selftest::conv_case(shape, outputs, zero, false).expect("a case"), &devices);
        check(&selftest::conv_case(shape, outputs, periodic, true).expect("a case"), &devices);
    }
}

#[test]
fn the_quickest_algorithm_is_one_that_fits() {
    let Some(Device::Gpu(gpu)) = common::gpu() else { return };
    let settings = ConvSettings::three(1, false, true);
    let conv = selftest::conv_case(Shape::new(16, 20, 64), 64, settings, false).expect("a case");
    let mut graph = Graph::new();
    let map = graph.input(Shape::new(16, 16, 128));
    let gram = graph.gram(map);
    for (graph, id, algorithms) in [
        (&conv.graph, conv.output, vec![Algorithm::Direct, Algorithm::Tiled, Algorithm::Winograd]),
        (&graph, gram, vec![Algorithm::Direct, Algorithm::Tiled]),
    ] {
        let fitting: Vec<Algorithm> =
            Algorithm::ALL.into_iter().filter(|algorithm| algorithm.fits(graph, id)).collect();
        assert_eq!(fitting, algorithms);
        let probe = Probe::of(graph, id).expect("a shape").expect("more than one algorithm");
        for algorithm in &algorithms {
            assert_eq!(gpu.quickest(&probe, &[*algorithm]).expect("measured"), *algorithm, "{}", probe.name);
        }
        assert!(algorithms.contains(&gpu.quickest(&probe, &algorithms).expect("measured")), "{}", probe.name);
    }
}

#[test]
fn what_is_known_is_taken_where_it_fits() {
    let Some(Device::Gpu(gpu)) = common::gpu() else { return };
    let case = selftest::conv_case(Shape::new(16, 20, 64), 64, ConvSettings::three(1, false, true), false);
    let Case { graph, output, .. } = case.expect("a case");
    let probe = Probe::of(&graph, output).expect("a shape").expect("more than one algorithm");
    let device = Device::Gpu(gpu.clone());
    for (known, kernel) in
        [(Algorithm::Direct, "conv"), (Algorithm::Tiled, "conv_tiled"), (Algorithm::Few, "winograd_multiply")]
    {
        // The last does not serve so many channels, and is not believed.
        gpu.set_choices([(probe.name.clone(), known)].into(), |_| {});
        let mut program = device.compile(graph.clone(), &[output]).expect("a program");
        program.run().expect("runs");
        let Program::Gpu(program) = &mut program else { unreachable!("it was made for a GPU") };
        let timings = program.profile(1).expect("timings");
        assert!(timings.iter().any(|timing| timing.kernel == kernel), "{known:?} does not lead to {kernel}");
    }
}

#[test]
fn cooperative_matrices_are_taken_in_half_precision_alone() {
    let settings = ConvSettings::three(1, false, true);
    let case = selftest::conv_case(Shape::new(9, 14, 32), 64, settings, false).expect("a case");
    assert!(!Algorithm::Cooperative.fits(&case.graph, case.output));
    let mut half = case.graph.clone();
    half.precision = Precision::Half;
    assert!(Algorithm::Cooperative.fits(&half, case.output));
    let Some(Device::Gpu(gpu)) = common::half_gpu() else { return };
    if !gpu.has(Algorithm::Cooperative) {
        println!("skipped: {} has no cooperative matrices of numbers of 16 bits", gpu.info().name);
        return;
    }
    let device = Device::Gpu(gpu);
    device.prefer(Some(Algorithm::Cooperative));
    for (graph, is_taken) in [(case.graph.clone(), false), (half, true)] {
        let mut program = device.compile(graph, &[case.output]).expect("a program");
        program.run().expect("runs");
        let Program::Gpu(program) = &mut program else { unreachable!("it was made for a GPU") };
        let timings = program.profile(1).expect("timings");
        assert_eq!(timings.iter().any(|timing| timing.kernel.starts_with("conv_cooperative")), is_taken);
    }
    let Device::Gpu(gpu) = &device else { unreachable!("it is a GPU") };
    gpu.disable_cooperative();
    assert!(!gpu.has(Algorithm::Cooperative) && gpu.has(Algorithm::Tiled));
}

/// Whatever algorithm computes a map, what is too large for 16 bits in one that is not tapped shows in what is behind it.
#[test]
fn what_overflows_in_half_precision_is_no_number_in_the_end() {
    let Some(device) = common::half_gpu() else { return };
    for pooling in [Pooling::Mean, Pooling::Max] {
        let mut graph = Graph::with(Precision::Half);
        let shape = Shape::new(24, 20, 16);
        let x = graph.input(shape);
        let mut y = x;
        for (seed, scale) in [(1, 1e5), (2, 1.0), (3, 1.0)] {
            let values = selftest::values(seed, 9 * 16 * 16).iter().map(|v| v * scale).collect();
            let kernels = graph.constant(Shape::new(9, 16, 16), Arc::new(values)).expect("kernels");
            y = graph.conv(y, kernels, None, None, ConvSettings::three(1, false, true)).expect("a convolution");
        }
        let pooled = graph.pool(y, pooling).expect("a pooling");
        let output = graph.gram(pooled);
        let inputs = vec![(x, selftest::values(4, shape.len()))];
        let case = Case { name: "gram", case: "overflow".into(), graph, inputs, output, tolerance: 0.0 };
        for algorithm in case.algorithms(&device) {
            device.prefer(Some(algorithm));
            let found = case.run(&device).expect("a result");
            assert!(found.iter().any(|v| !v.is_finite()), "{pooling:?}, {}: {:?}", algorithm.name(), &found[..4]);
        }
    }
}

#[test]
fn half_precision_is_refused_where_it_was_not_opened() {
    let Some(device) = common::gpu() else { return };
    let half = |case: &Case| case.graph.precision == Precision::Half;
    let case = selftest::cases().expect("cases").into_iter().find(half).expect("a case");
    let error = device.compile(case.graph, &[case.output]).err().expect("it was opened for single precision");
    assert!(error.to_string().contains("Choose single precision"), "{error}");
}

#[test]
fn what_a_program_takes_over_changes_nothing() {
    let mut earlier = None;
    for case in selftest::cases().expect("cases") {
        let expected = case.run(&Device::Cpu).expect("a result");
        let after = Device::Cpu.compile_after(earlier.take(), case.graph.clone(), &[case.output]);
        let mut program = after.expect("a program");
        case.inputs.iter().for_each(|(id, values)| program.write(*id, values));
        let found = program.run().expect("runs").remove(0);
        let is_same = found.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(is_same && found.len() == expected.len(), "{} of {}", case.name, case.case);
        // The next one finds numbers that would show.
        program.poison();
        earlier = Some(program);
    }
}

/// The weights of a full layer and their state after three steps, the second of them in two parts.
fn trained_layer(also_gradient: bool) -> Vec<Vec<f32>> {
    let (images, inputs, outputs) = (5, 300, 90);
    let mut graph = Graph::new();
    let x = graph.input(Shape::vectors(images, inputs));
    let weights = graph.input(Shape::new(inputs, 1, outputs));
    let bias = graph.input(Shape::vectors(1, outputs));
    let y = graph.linear(x, weights, bias, Shape::vectors(1, outputs)).expect("fits");
    let target = graph.input(graph.shape(y));
    let loss = graph.squared_error(y, target, 0.5).expect("fits");
    let gradients = graph.gradients(loss, &[weights, bias]).expect("differentiable");
    let gradient = gradients[0];
    let (step, states) = graph.adam_all(&[weights, bias], gradients).expect("fits");
    let wanted = if also_gradient { vec![loss, gradient] } else { vec![loss] };
    let mut program = Device::Cpu.compile(graph, &wanted).expect("fits");
    program.write(weights, &selftest::values(2, inputs * outputs));
    for (at, (number, is_last)) in [(1, true), (2, false), (2, true), (3, true)].into_iter().enumerate() {
        program.write(x, &selftest::values(3 + at as u64, images * inputs));
        program.write(target, &selftest::values(9 + at as u64, images * outputs));
        program.write(step, &adam_numbers(0.01, ADAM_DECAYS, number, is_last));
        program.run().expect("runs");
    }
    [weights, bias, states[0], states[1]].map(|id| program.read(id).expect("kept")).to_vec()
}

#[test]
fn a_step_that_never_stores_its_gradient_is_the_same_step() {
    let (at_once, apart) = (trained_layer(false), trained_layer(true));
    for (at_once, apart) in at_once.iter().zip(&apart) {
        let off = at_once.iter().zip(apart).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let largest = apart.iter().map(|v| v.abs()).fold(0.0, f32::max);
        assert!(off <= 1e-6 * largest, "off by {off} of {largest}");
    }
    assert!(at_once[2][..300 * 90].iter().all(|v| *v == 0.0), "a sum is left over");
    assert!(at_once[2][300 * 90..].iter().filter(|v| **v != 0.0).count() > 300 * 90);
}

#[test]
fn grids_fold_beyond_65535_groups() {
    // 65,535 groups of 256 are 16,776,960 elements; this has more.
    let shape = Shape::new(2048, 4100, 2);
    let mut graph = Graph::new();
    let x = graph.input(shape);
    let output = graph.pad_reflect(x).expect("a shape");
    let inputs = vec![(x, selftest::values(3, shape.len()))];
    let case = Case { name: "pad_reflect", case: "large".into(), graph, inputs, output, tolerance: 0.0 };
    check(&case, &devices());
    assert_eq!(Grid::Linear(256 * 65_536).groups(65_535), Some([65_535, 2, 1]));
    assert_eq!(Grid::Tiles(70_000, 3).groups(65_535), Some([65_535, 3, 2]));
    assert_eq!(Grid::Exact(70_000, 1, 1).groups(65_535), None);
}

#[test]
fn shaders_are_valid_and_agree_with_their_specifications() {
    use naga::valid::Capabilities;
    let variants = [(false, false), (true, false), (false, true), (true, true)];
    let variants = variants.map(|(read, write)| Halves { read, write });
    for (kernel, halves) in kernels::ALL.iter().flat_map(|kernel| variants.map(|halves| (kernel, halves))) {
        if !kernel.has_variant(halves) {
            continue;
        }
        let text = kernel.wgsl(halves);
        assert!(kernel.source.starts_with(&format!("// {} — ", kernel.name)), "{} opens with its name", kernel.name);
        let module = naga::front::wgsl::parse_str(&text).unwrap_or_else(|e| panic!("{}", e.emit_to_string(&text)));
        let flags = naga::valid::ValidationFlags::all();
        // Single precision needs nothing that an adapter might lack.
        let capabilities = match (kernel.name.starts_with("conv_cooperative"), halves == Halves::default()) {
            (true, _) => Capabilities::SHADER_FLOAT16 | Capabilities::SUBGROUP | Capabilities::COOPERATIVE_MATRIX,
            (false, false) => Capabilities::SHADER_FLOAT16,
            (false, true) => Capabilities::default(),
        };
        let mut validator = naga::valid::Validator::new(flags, capabilities);
        validator.validate(&module).unwrap_or_else(|e| panic!("{}", e.emit_to_string(&text)));
        let mut workgroup_bytes = 0;
        let mut bindings = vec![None; kernel.bindings.len()];
        for (_, variable) in module.global_variables.iter() {
            let inner = &module.types[variable.ty].inner;
            if variable.space == naga::AddressSpace::WorkGroup {
                workgroup_bytes += inner.size(module.to_ctx());
            }
            let Some(binding) = variable.binding else { continue };
            assert_eq!(binding.group, 0, "{}", kernel.name);
            bindings[binding.binding as usize] = Some(match variable.space {
                naga::AddressSpace::Uniform => {
                    check_fields(kernel, inner);
                    Binding::Parameters
                }
                naga::AddressSpace::Storage { access } if access.contains(naga::StorageAccess::STORE) => Binding::Write,
                _ => Binding::Read,
            });
            let is_half = match kernel.bindings[binding.binding as usize] {
                Binding::ReadMap => halves.read,
                Binding::WriteMap => halves.write,
                _ => false,
            };
            assert_eq!(number_bytes(&module, inner), Some(if is_half { 2 } else { 4 }), "{} {halves:?}", kernel.name);
        }
        let found: Vec<_> = bindings.into_iter().map(|b| b.expect("every binding is declared")).collect();
        let expected = kernel.bindings.iter().map(|binding| match binding {
            Binding::ReadMap => Binding::Read,
            Binding::WriteMap => Binding::Write,
            other => *other,
        });
        assert_eq!(found, expected.collect::<Vec<_>>(), "{}", kernel.name);
        assert!(workgroup_bytes <= 16 * 1024, "{} uses {workgroup_bytes} bytes of workgroup memory", kernel.name);
    }
}

/// Bytes of each number of an array; 4 of a parameter block, all of whose fields have so many.
fn number_bytes(module: &naga::Module, inner: &naga::TypeInner) -> Option<u8> {
    match inner {
        naga::TypeInner::Array { base, .. } => number_bytes(module, &module.types[*base].inner),
        naga::TypeInner::Struct { .. } => Some(4),
        other => other.scalar().map(|scalar| scalar.width),
    }
}

fn check_fields(kernel: &kernels::Kernel, inner: &naga::TypeInner) {
    let naga::TypeInner::Struct { members, .. } = inner else { panic!("{} has no parameter block", kernel.name) };
    let found: Vec<_> = members.iter().map(|m| (m.name.as_deref().unwrap_or(""), m.offset as usize)).collect();
    assert_eq!(found, kernel.fields, "parameter block of {}", kernel.name);
}

/// The gradient of the loss at some inputs, by central differences in f64.
fn differences(case: &Case, loss: TensorId, x: TensorId) -> Vec<(usize, f64)> {
    let mut inputs = widened(case);
    let at = inputs.iter().position(|(id, _)| *id == x).expect("the input");
    let n = inputs[at].1.len();
    let picked: Vec<usize> = (0..n).step_by((n / 24).max(1)).collect();
    let step = 1e-6;
    let mut value = |i: usize, by: f64| {
        inputs[at].1[i] += by;
        let value = interpret(&case.graph, &inputs, loss)[0];
        inputs[at].1[i] -= by;
        value
    };
    picked.into_iter().map(|i| (i, (value(i, step) - value(i, -step)) / (2.0 * step))).collect()
}

/// The scalar that a case's gradient belongs to: the last one before its adjoints.
fn loss_of(case: &Case) -> TensorId {
    let scalar = |id: &TensorId| {
        let op = &case.graph.nodes()[case.graph.ids().position(|i| i == *id).expect("an id")].op;
        matches!(op, Op::WeightedSum { .. } | Op::SquaredError { .. })
    };
    let ids: Vec<TensorId> = case.graph.ids().collect();
    ids.into_iter().rfind(scalar).expect("a loss")
}

#[test]
fn every_adjoint_is_the_gradient_by_finite_differences() {
    let adjoints = ["pad_reflect_adjoint", "pool_adjoint", "gram_adjoint", "gradient", "trained gradient"];
    let mut seen = vec![];
    for case in selftest::cases()
        .expect("cases")
        .into_iter()
        .filter(|c| adjoints.contains(&c.name) && c.graph.precision == Precision::Single)
    {
        let (loss, x) = (loss_of(&case), case.inputs[0].0);
        let exact = interpret(&case.graph, &widened(&case), case.output);
        let scale = exact.iter().fold(1e-9, |m: f64, v| m.max(v.abs()));
        for (i, difference) in differences(&case, loss, x) {
            let off = (exact[i] - difference).abs() / scale;
            assert!(
                off < 1e-4,
                "{} of {} at {i}: {} by differences, {} by the adjoint",
                case.name,
                case.case,
                difference,
                exact[i]
            );
        }
        seen.push(case.name);
    }
    assert!(adjoints.iter().all(|a| seen.contains(a)));
}

#[test]
fn a_wrong_adjoint_would_be_seen() {
    let case = selftest::cases().expect("cases").into_iter().find(|c| c.name == "gram_adjoint").expect("a case");
    let exact = interpret(&case.graph, &widened(&case), case.output);
    let wrong: Vec<f32> = exact.iter().map(|v| (*v * 1.01) as f32).collect();
    assert!(distance(&wrong, &exact) > 1e-3);
}

#[test]
fn memory_is_known_before_it_is_taken_and_is_what_is_taken() {
    let case = selftest::cases().expect("cases").into_iter().find(|c| c.name == "gradient").expect("a case");
    for device in devices() {
        let planned = planned_memory(device.info().kind, &case.graph, &[case.output]);
        let program = device.compile(case.graph.clone(), &[case.output]).expect("a program");
        assert_eq!(program.memory(), planned.bytes, "{}", device.info().name);
        assert!(planned.bytes > 0 && planned.largest_buffer <= planned.bytes);
    }
    // Liveness pays: fewer bytes than all tensors together.
    let all: u64 = case.graph.nodes().iter().map(|n| n.shape.bytes()).sum();
    assert!(Plan::new(&case.graph, &[case.output], Precision::Single).bytes() < all);
}

#[test]
fn half_precision_halves_maps_and_changes_little() {
    let half = |case: &Case| case.graph.precision == Precision::Half && case.case.starts_with("whole");
    let case = selftest::cases().expect("cases").into_iter().find(half).expect("a case");
    let mut single = Case { graph: case.graph.clone(), inputs: case.inputs.clone(), case: case.case.clone(), ..case };
    single.graph.precision = Precision::Single;
    let bytes = |kind, case: &Case| planned_memory(kind, &case.graph, &[case.output]).bytes;
    assert!(bytes(DeviceKind::Discrete, &case) < bytes(DeviceKind::Discrete, &single));
    assert_eq!(bytes(DeviceKind::Cpu, &case), bytes(DeviceKind::Cpu, &single));
    let Some(device) = common::half_gpu() else { return };
    let [rounded, exact] = [&case, &single].map(|case| case.run(&device).expect("a result"));
    let off = selftest::relative_error(&rounded, &exact);
    assert!(off > 1e-6 && off < case.tolerance, "off by {off:.1e}");
}

#[test]
fn a_lost_device_is_an_error_and_not_a_panic() {
    let Some(device) = common::gpu() else { return };
    let case = selftest::cases().expect("cases").into_iter().find(|c| c.name == "gradient").expect("a case");
    let mut program = device.compile(case.graph.clone(), &[case.output]).expect("a program");
    case.inputs.iter().for_each(|(id, values)| program.write(*id, values));
    assert!(program.run().is_ok());
    program.lose_device();
    let error = program.run().expect_err("the device is lost");
    assert!(error.to_string().contains("lost"), "{error}");
}

/// The receptive field that the layers give is the support of the gradient of one output.
#[test]
fn the_receptive_field_is_the_support_of_a_gradient() {
    for name in ["conv1_1", "conv1_2", "pool1", "conv2_2", "pool2", "conv3_4", "pool3"] {
        let depth: Layer = name.parse().expect("a depth");
        let edge = (2 * depth.receptive_field()).next_multiple_of(depth.stride()) + 2 * depth.stride();
        let mut graph = Graph::new();
        let image = graph.input(Shape::new(edge, edge, 3));
        let weights = Weights::built_in(depth);
        let out = features(&mut graph, image, &weights, &[depth], Padding::Zero, Pooling::Mean).expect("features");
        let last = out.taps[0].1;
        let shape = graph.shape(last);
        let seed = graph.input(shape);
        let gradient = graph.pull_back(&[(last, seed)], image).expect("a gradient");
        let mut program = Device::Cpu.compile(graph, &[gradient]).expect("a program");
        program
            .write(image, &selftest::values(4, 3 * edge * edge).iter().map(|v| 128.0 + 90.0 * v).collect::<Vec<_>>());
        // All channels of the position in the middle.
        let mut one = vec![0.0; shape.len()];
        let middle = (shape.height / 2 * shape.width + shape.width / 2) * shape.channels;
        one[middle..middle + shape.channels].fill(1.0);
        program.write(seed, &one);
        let gradient = program.run().expect("a gradient").remove(0);
        // Winograd's rounding leaves crumbs outside, far below what counts.
        let most = gradient.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        let counts = |row: usize, column: usize| {
            gradient[3 * (row * edge + column)..][..3].iter().any(|v| v.abs() > 1e-5 * most)
        };
        let rows: Vec<usize> = (0..edge).filter(|r| (0..edge).any(|c| counts(*r, c))).collect();
        let columns: Vec<usize> = (0..edge).filter(|c| (0..edge).any(|r| counts(r, *c))).collect();
        for lines in [rows, columns] {
            let span = lines[lines.len() - 1] - lines[0] + 1;
            assert_eq!(span, depth.receptive_field(), "{name}");
        }
    }
}
