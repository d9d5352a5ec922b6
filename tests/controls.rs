//! Every control of the settings panels, operated by its label: it changes its setting and no other, and a double click
//! on its label brings the default back.

mod common;
#[path = "common/hands.rs"]
mod hands;
#[path = "common/window.rs"]
mod window;

use std::collections::BTreeSet;

use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use hands::{Pick, Set, Tick, changed, check, check_all, control, labels, operate, settings, steps, tall};
use microwright::app::{App, LatentSpace, MapSpace};
use microwright::latent::LatentSettings;
use microwright::net::WeightsKind;
use microwright::reconstruct::Method;
use serde_json::json;
use window::{click, settle, tab, until};

/// The controls of the other methods, and that each method keeps its settings while another is chosen.
#[test]
fn every_method_has_its_controls_and_keeps_its_settings() {
    let mut harness = tall();
    operate(&mut harness, "Iterations", Set(77.0));
    for (method, cases) in [
        (
            "Gaussian random field",
            vec![("S2 of", Pick("radial mean"), "/settings/method/field/directions", json!("radial"))],
        ),
        (
            "Simulated annealing",
            vec![
                ("Exchanges", Set(7.0), "/settings/method/anneal/tries", json!(7)),
                ("Start", Pick("noise"), "/settings/method/anneal/start", json!("noise")),
                ("Pixels", Pick("anywhere"), "/settings/method/anneal/pixels", json!("any")),
                ("Zero tolerance", Tick, "/settings/method/anneal/zero_tolerance", json!(true)),
                ("S2 of", Pick("every displacement"), "/settings/method/anneal/directions", json!("all")),
                ("Lineal path", Tick, "/settings/method/anneal/lineal_path", json!(true)),
                ("Chords", Tick, "/settings/method/anneal/chords", json!(true)),
                ("Clusters", Tick, "/settings/method/anneal/clusters", json!(true)),
            ],
        ),
        (
            "Decision tree",
            vec![
                ("Sees", Set(5.0), "/settings/method/tree/reach", json!(5)),
                ("Leaf", Set(30.0), "/settings/method/tree/leaf", json!(30)),
                ("Sizes", Set(3.0), "/settings/method/tree/scales", json!(3)),
            ],
        ),
        (
            "Markov random field",
            vec![
                ("Sees", Set(3.0), "/settings/method/markov/reach", json!(3)),
                ("Sizes", Set(4.0), "/settings/method/markov/scales", json!(4)),
                ("Tolerance", Set(0.5), "/settings/method/markov/tolerance", json!(0.5)),
            ],
        ),
        (
            "Direct sampling",
            vec![
                ("Neighbours", Set(25.0), "/settings/method/sampling/neighbours", json!(25)),
                ("May differ", Set(0.1), "/settings/method/sampling/threshold", json!(0.1)),
                ("Places", Set(5000.0), "/settings/method/sampling/places", json!(5000)),
                ("Paint", Tick, "/settings/method/sampling/painted", json!([])),
                ("Painted phase", Set(0.0), "/settings/method/sampling/painted", json!([])),
                ("Brush", Set(3.0), "/settings/method/sampling/painted", json!([])),
            ],
        ),
        (
            "Physical descriptors",
            vec![
                ("Separate", Tick, "/settings/method/descriptors/split", json!(false)),
                ("Number", Set(2.0), "/settings/method/descriptors/number", json!(2.0)),
                ("Aspect ratio", Set(1.5), "/settings/method/descriptors/aspect", json!(1.5)),
                ("Spacing", Set(0.5), "/settings/method/descriptors/spacing", json!(0.5)),
                ("Directions", Pick("along rows"), "/settings/method/descriptors/orientations", json!("rows")),
            ],
        ),
    ] {
        operate(&mut harness, "Method", Pick(method));
        for (label, hand, path, wanted) in cases {
            operate(&mut harness, label, hand);
            assert_eq!(settings(&mut harness).get(path), Some(&wanted), "{method}, {label}");
        }
    }
    operate(&mut harness, "Method", Pick("Gram matrices"));
    assert_eq!(settings(&mut harness).get("/settings/method/gram/iterations"), Some(&json!(77)));
    operate(&mut harness, "Method", Pick("Gaussian random field"));
    assert_eq!(settings(&mut harness).get("/settings/method/field/directions"), Some(&json!("radial")));
}

#[test]
fn every_control_of_reconstruct_changes_its_setting() {
    let mut harness = tall();
    for header in ["Layer weights", "Faithfulness", "Network and optimiser"] {
        click(&mut harness, header);
    }
    (0..60).for_each(|_| harness.step());
    let gram = "/settings/method/gram";
    let at = |name: &str| format!("{gram}/{name}");
    let paths = [
        "depth",
        "iterations",
        "padding",
        "levels",
        "correlation_weight",
        "correlation_target",
        "path_weight",
        "decoding",
        "optimiser",
        "normalisation",
        "pooling",
        "encoding",
    ]
    .map(at);
    let [depth, iterations, padding, levels, s2, follows, path, decoding, optimiser, scale, pooling, encoding] =
        paths.each_ref().map(String::as_str);
    let cases = [
        ("Depth", Set(5.0), depth, json!("pool2")),
        ("Iterations", Set(77.0), iterations, json!(77)),
        ("Realisations", Set(3.0), "/settings/realisations", json!(3)),
        ("Seed", Set(9.0), "/settings/seed", json!(9)),
        ("Width × height", Tick, "/settings/size", json!(256)),
        ("Edges", Pick("periodic: can be tiled"), padding, json!("periodic")),
        ("Device", Pick("CPU"), "/settings/device", json!("cpu")),
        ("Sizes", Set(2.0), levels, json!(2)),
        ("S2 weight", Set(2.0), s2, json!(2.0)),
        ("S2 follows", Pick("the material"), follows, json!("material")),
        ("Path weight", Set(5.0), path, json!(5.0)),
        ("Phases by", Pick("k-means and annealing"), decoding, json!("clusters")),
        ("Polish", Tick, "/settings/polish", json!(false)),
        ("Optimiser", Pick("Adam"), optimiser, json!("adam")),
        ("Layer scale", Pick("as in the paper"), scale, json!("paper")),
        ("Pooling", Pick("maximum"), pooling, json!("max")),
        ("Encoding", Pick("Latin hypercube (paper)"), encoding, json!("hypercube")),
        ("Memory", Set(512.0), "/settings/memory_limit", json!(512)),
    ];
    let layers = [
        "conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2", "conv3_1", "conv3_2", "conv3_3", "conv3_4",
        "pool3",
    ];
    let layer_paths = layers.map(|layer| at(&format!("layer_weights/{layer}")));
    let weights_path = at("layer_weights");
    // Without any weight of its own the map is one empty value.
    for layer in layers {
        let before = settings(&mut harness);
        operate(&mut harness, layer, Set(2.5));
        let after = settings(&mut harness);
        let path = at(&format!("layer_weights/{layer}"));
        assert_eq!(after.get(&path), Some(&json!(2.5)), "{layer}");
        let differing = changed(&before, &after);
        assert!(
            differing.iter().all(|p| layer_paths.contains(p) || *p == weights_path),
            "{layer} changes {differing:?}"
        );
    }
    harness.state_mut().settings_mut().method = Default::default();
    steps(&mut harness);
    let mut others = vec!["Method", "Weights", "Preset", "Phase", "Height in pixels", "Width in pixels"];
    others.extend(layers);
    check_all(&mut harness, &cases, &others);

    operate(&mut harness, "Preset", Pick("As published (Li et al. 2018)"));
    assert_eq!(settings(&mut harness)[levels], json!(1));
    operate(&mut harness, "Preset", Pick("Faithful"));
    assert_eq!(settings(&mut harness)[levels], json!(3));
    operate(&mut harness, "Weights", Pick("VGG-19 (trained)"));
    assert_eq!(settings(&mut harness)[&at("weights")], json!("vgg19"));
    operate(&mut harness, "Weights", Pick("Built in (random filters)"));
    operate(&mut harness, "Phase", Pick("phase 0: 60.0"));
    assert_eq!(settings(&mut harness)["/phase"], json!(0));
    operate(&mut harness, "Width × height", Tick);
    operate(&mut harness, "Height in pixels", Set(100.0));
    operate(&mut harness, "Width in pixels", Set(70.0));
    assert_eq!(harness.state().shared().settings.size, Some((100, 70)));
    operate(&mut harness, "Optimiser", Pick("Adam"));
    check(&mut harness, "Step", Set(2.0), &at("adam_rate"), &json!(2.0));
    click(&mut harness, "Reset all settings");
    assert_eq!(harness.state().shared().settings, microwright::reconstruct::Settings::default());
}

#[test]
fn every_control_of_a_segmentation_changes_the_recipe() {
    let mut harness = tall();
    tab(&mut harness, "Micrograph");
    let recipe = "/settings/recipe/segmentation";
    let others = ["Method", "Pixel size", "below px", "disc px"];
    let at = |name: &str| format!("{recipe}/{name}");
    let (phases, clusters) = (at("phases"), at("clusters"));
    let (radius, sensitivity) = (at("local/radius"), at("local/sensitivity"));
    let cases = [
        ("Otsu thresholds", vec![("Phases", Set(3.0), phases.as_str(), json!(3))]),
        ("k-means clusters", vec![("Clusters", Set(3.0), clusters.as_str(), json!(3))]),
        (
            "local (Sauvola)",
            vec![
                ("Radius", Set(20.0), radius.as_str(), json!(20)),
                ("Sensitivity", Set(0.5), sensitivity.as_str(), json!(0.5)),
            ],
        ),
    ];
    for (method, cases) in cases {
        operate(&mut harness, "Method", Pick(method));
        assert_eq!(control(&harness, "Method", Pick(method)).value().as_deref(), Some(method));
        check_all(&mut harness, &cases, &others);
    }
    operate(&mut harness, "Method", Pick("by hand"));
    operate(&mut harness, "Threshold 1", Set(0.25));
    assert_eq!(settings(&mut harness)[&at("thresholds/0")], json!(0.25));
    settle(&mut harness);
    click(&mut harness, "Add");
    settle(&mut harness);
    assert!(labels(&harness).contains("Threshold 2"));
    click(&mut harness, "Remove");
    steps(&mut harness);
    assert!(!labels(&harness).contains("Threshold 2"));
    operate(&mut harness, "Method", Pick("automatic"));
    operate(&mut harness, "Pixel size", Set(12.0));
    let size = settings(&mut harness).get("/settings/recipe/pixel_size/metres").cloned();
    assert!(size.and_then(|size| size.as_f64()).is_some_and(|metres| metres > 0.0));
    // While phases are made anew, nothing can be corrected.
    settle(&mut harness);
    for (label, value) in [("below px", 33.0), ("disc px", 2.5)] {
        operate(&mut harness, label, Set(value));
        let shown = control(&harness, label, Set(value)).value();
        assert!(shown.is_some_and(|text| text.contains(&value.to_string())), "{label}");
    }
    click(&mut harness, "Despeckle");
    steps(&mut harness);
    assert_eq!(settings(&mut harness)["/settings/recipe/corrections/0/pixels"], json!(33));
}

#[test]
fn every_control_of_a_training_changes_its_setting() {
    let mut harness = tall();
    tab(&mut harness, "Latent");
    click(&mut harness, "Train");
    steps(&mut harness);
    // The open sample would have a patch and a stride proposed for it.
    harness.get_by_role_and_label(Role::RadioButton, "Micrographs").click();
    steps(&mut harness);
    *harness.state_mut().space_mut::<LatentSpace>().settings_mut() = LatentSettings::default();
    steps(&mut harness);
    click(&mut harness, "Further");
    (0..60).for_each(|_| harness.step());
    let cases = [
        ("Dimensions", Set(5.0), "/latent/dimensions", json!(5)),
        ("Patch", Pick("64 px"), "/latent/edge", json!(64)),
        ("Depth", Pick("pool2"), "/latent/depth", json!("pool2")),
        ("Turn", Tick, "/latent/turn", json!(true)),
        ("Steps", Set(321.0), "/latent/steps", json!(321)),
        ("Batch", Set(4.0), "/latent/batch", json!(4)),
        ("Divergence", Set(0.5), "/latent/beta", json!(0.5)),
        ("Rate", Set(0.01), "/latent/rate", json!(0.01)),
        ("Warm-up", Set(55.0), "/latent/warm_up", json!(55)),
        ("Free nats", Set(0.25), "/latent/free_bits", json!(0.25)),
        ("Width", Set(16.0), "/latent/width", json!(16)),
        ("Encoder", Pick("whole map (as in the paper)"), "/latent/head", json!("flattened")),
        ("Encoder loss", Set(3.0), "/latent/feature_weight", json!(3.0)),
        ("Stationarity", Set(30.0), "/latent/stationarity_weight", json!(30.0)),
        ("Layout", Tick, "/latent/free_layout", json!(false)),
        ("Autocorrelation", Set(7.0), "/latent/correlation_weight", json!(7.0)),
        ("Lineal path", Set(2.0), "/latent/lineal_weight", json!(2.0)),
        ("Minkowski", Set(2.5), "/latent/minkowski_weight", json!(2.5)),
        ("Edges", Tick, "/latent/periodic", json!(false)),
        ("Check every", Set(20.0), "/latent/check_every", json!(20)),
        ("Patience", Set(3.0), "/latent/patience", json!(3)),
        ("Seed", Set(8.0), "/latent/seed", json!(8)),
    ];
    let others = ["Kind", "Preset", "Prepare", "Stride", "At most", "Style uses", "Encoder uses"];
    check_all(&mut harness, &cases, &others);
    // Both networks can be that of Reconstruct; the encoder's is the built-in one unless it is asked for.
    harness.state_mut().settings_mut().set_weights(WeightsKind::Vgg19);
    steps(&mut harness);
    let networks = |harness: &mut Harness<'_, App>| {
        let all = settings(harness);
        (all.get("/latent/style").cloned(), all["/latent/weights"].clone())
    };
    assert_eq!(networks(&mut harness), (Some(json!("vgg19")), json!("builtin")));
    operate(&mut harness, "Encoder uses", Pick("as in Reconstruct"));
    assert_eq!(networks(&mut harness).1, json!("vgg19"));
    operate(&mut harness, "Style uses", Pick("built in"));
    assert_eq!(networks(&mut harness).0, Some(json!("builtin")));
    for (label, value, shown) in [("Stride", 40.0, "40 px"), ("At most", 500.0, "500 patches")] {
        operate(&mut harness, label, Set(value));
        assert_eq!(control(&harness, label, Set(value)).value().as_deref(), Some(shown), "{label}");
    }
    operate(&mut harness, "Preset", Pick("Quick look"));
    assert_ne!(settings(&mut harness)["/latent/steps"], json!(1500));
    operate(&mut harness, "Kind", Pick("Morphology"));
    assert_eq!(settings(&mut harness)["/latent/model"], json!("morphology"));
    let own = [
        ("Style", Set(2.0), "/latent/style_weight", json!(2.0)),
        ("Diversity", Set(3.0), "/latent/collapse_weight", json!(3.0)),
    ];
    own.iter().for_each(|(label, hand, path, expected)| check(&mut harness, label, *hand, path, expected));
}

#[test]
fn every_control_of_a_map_changes_its_setting() {
    let mut harness = tall();
    harness.state_mut().settings_mut().device = "cpu".into();
    tab(&mut harness, "Map");
    steps(&mut harness);
    let kinds = [
        ("Between", Pick("Power spectra"), "/map/kind", json!("Spectra")),
        ("conv3_1", Set(2.0), "/map/textures/layers/2/1", json!(2.0)),
        ("Layers", Tick, "/map/textures/alike", json!(false)),
        ("Direction", Tick, "/map/textures/turned", json!(true)),
        ("Contrast", Tick, "/map/textures/normalised", json!(true)),
        ("Method", Pick("t-SNE"), "/map/scaling", json!("tsne")),
        ("Dimensions", Set(7.0), "/map/most", json!(7)),
        ("Patches", Tick, "/map/cuts", json!(true)),
        ("Prepare", Tick, "/map/prepares", json!(true)),
    ];
    check_all(&mut harness, &kinds, &["conv1_1", "conv2_1", "conv4_1", "conv5_1", "Names"]);
    // A layer that had no weight joins the others.
    operate(&mut harness, "conv4_1", Set(1.5));
    assert_eq!(settings(&mut harness)["/map/textures/layers/3/1"], json!(1.5));
    operate(&mut harness, "conv4_1", Set(0.0));
    operate(&mut harness, "Patches", Tick);
    let cut = [("Patch", Set(64.0), "/map/edge", json!(64)), ("Stride", Set(32.0), "/map/stride", json!(32))];
    cut.iter().for_each(|(label, hand, path, expected)| check(&mut harness, label, *hand, path, expected));
    harness.get_by_role_and_label(Role::RadioButton, "Synthetic marble").click();
    steps(&mut harness);
    let made = [
        ("Pictures", Set(30.0), "/map/count", json!(30)),
        ("Edge", Set(32.0), "/map/synthetic_edge", json!(32)),
        ("Seed", Set(9.0), "/map/seed", json!(9)),
    ];
    made.iter().for_each(|(label, hand, path, expected)| check(&mut harness, label, *hand, path, expected));

    harness.state_mut().space_mut::<MapSpace>().take_marble(12, 32);
    steps(&mut harness);
    click(&mut harness, "Make the map");
    until(&mut harness, "the map", |app| app.space::<MapSpace>().map().is_some());
    steps(&mut harness);
    let read = [
        ("To the right", Pick("x3"), "/look/axes/0", json!(2)),
        ("Upwards", Pick("x1"), "/look/axes/1", json!(0)),
        ("Size", Pick("scale"), "/look/size", json!("Nothing")),
        ("Pictures", Tick, "/look/pictures", json!(false)),
        ("Picture size", Set(64.0), "/look/picture_edge", json!(64.0)),
        ("Directions", Tick, "/look/arrows", json!(false)),
    ];
    let (sized, others): (Vec<_>, Vec<_>) = read.into_iter().partition(|(label, ..)| *label == "Size");
    let left = ["Dimensions", "Along", "Colour", "Size", "Marker", "Neighbours", "Period"];
    check_all(&mut harness, &others, &left);
    let before = settings(&mut harness);
    operate(&mut harness, sized[0].0, sized[0].1);
    assert!(changed(&before, &settings(&mut harness)).iter().all(|path| path.starts_with("/look/size")));
    operate(&mut harness, "Colour", Pick("noise"));
    assert_eq!(settings(&mut harness)["/look/color/Column"], json!(2));
    operate(&mut harness, "Along", Tick);
    assert_eq!(settings(&mut harness)["/look/along/0"], json!(1));
    operate(&mut harness, "Dimensions", Pick("2, stress"));
    assert_eq!(settings(&mut harness)["/look/embedding"], json!(1));
    click(&mut harness, "Clusters");
    steps(&mut harness);
    operate(&mut harness, "Number", Set(3.0));
    assert_eq!(control(&harness, "Number", Set(3.0)).value().as_deref(), Some("3"));
    click(&mut harness, "Find clusters");
    until(&mut harness, "clusters", |app| app.space::<MapSpace>().map().is_some_and(|map| map.clusters.is_some()));
    steps(&mut harness);
    assert_eq!(settings(&mut harness)["/look/color"], json!("Cluster"));
    operate(&mut harness, "Marker", Pick("clusters"));
    assert_eq!(settings(&mut harness)["/look/marker"], json!("Cluster"));
}

#[test]
fn every_control_of_the_depth_study_the_comparison_and_the_latent_space_keeps_what_is_set() {
    let mut harness = tall();
    tab(&mut harness, "Studies");
    operate(&mut harness, "Realisations", Set(2.0));
    assert_eq!(control(&harness, "Realisations", Set(2.0)).value().as_deref(), Some("2"));
    let names: Vec<&str> = Method::all().iter().map(|method| method.settings().name()).collect();
    let known: BTreeSet<String> = names.iter().copied().chain(["Realisations"]).map(String::from).collect();
    assert_eq!(labels(&harness), known);
    click(&mut harness, "Depth study");
    for (label, value) in [("Iterations", 42.0), ("Seeds", 4.0)] {
        operate(&mut harness, label, Set(value));
        assert_eq!(control(&harness, label, Set(value)).value(), Some(value.to_string()), "{label}");
    }
    assert_eq!(labels(&harness), BTreeSet::from(["Iterations".into(), "Seeds".into()]));
    click(&mut harness, "From a curve");
    for (label, value, shown) in [("Exchanges", 7.0, "7 a pixel"), ("Realisations", 2.0, "2"), ("Seed", 5.0, "5")] {
        operate(&mut harness, label, Set(value));
        assert_eq!(control(&harness, label, Set(value)).value().as_deref(), Some(shown), "{label}");
    }
    for (label, entry) in [("Start", "noise"), ("Pixels", "anywhere")] {
        operate(&mut harness, label, Pick(entry));
        assert_eq!(control(&harness, label, Pick("")).value().as_deref(), Some(entry), "{label}");
    }
    operate(&mut harness, "Zero tolerance", Tick);
    let known = [
        "Exchanges",
        "Height in pixels",
        "Pixels",
        "Realisations",
        "Seed",
        "Start",
        "Width in pixels",
        "Zero tolerance",
    ];
    assert_eq!(labels(&harness), known.into_iter().map(String::from).collect());

    tab(&mut harness, "Compare");
    operate(&mut harness, "Edges", Pick("periodic"));
    assert_eq!(control(&harness, "Edges", Pick("")).value().as_deref(), Some("periodic"));
    operate(&mut harness, "Phase", Pick("phase 0: 60.0"));
    assert_eq!(harness.state().shared().phase, 0);
    labels(&harness);

    tab(&mut harness, "Latent");
    until(&mut harness, "the built-in model", |app| window::latent(app).shown().is_some());
    operate(&mut harness, "3", Set(1.5));
    let number = harness.get_by_role_and_label(Role::SpinButton, "3").value();
    assert_eq!(number.as_deref(), Some("1.50"));
    operate(&mut harness, "Horizontal", Pick("4"));
    assert_eq!(control(&harness, "Horizontal", Pick("")).value().as_deref(), Some("4"));
    labels(&harness);
}
