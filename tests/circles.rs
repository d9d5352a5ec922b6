//! No two files import each other, directly or through others; and no file or type of the window grows beyond measure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A module by its path, such as `["compute", "gpu"]`.
type Module = Vec<String>;

/// The text of every module.
type Sources = BTreeMap<Module, String>;

fn module(path: &str) -> Module {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(String::from).collect()
}

fn sources(folder: &Path, root: &Path, found: &mut Sources) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
        if path.is_dir() {
            sources(&path, root, found);
        } else if name.ends_with(".rs") && name != "lib.rs" && name != "main.rs" {
            found.insert(module(&name), std::fs::read_to_string(&path).expect("a source"));
        }
    }
}

/// A text without comments and without the tests at its end, which may know what they like.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    text.lines().map(|line| line.split("//").next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// The paths that a tree of a `use` line stands for: `a::{b, c::{d}}` for `a::b` and `a::c::d`.
fn paths(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, inner)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or(tree).trim().to_string()];
    };
    let inner = inner.trim_end().trim_end_matches('}');
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in inner.chars() {
        match c {
            ',' if depth == 0 => parts.push(String::new()),
            c => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                parts.last_mut().expect("a part").push(c);
            }
        }
    }
    // A closing brace that was trimmed belongs to the last part.
    let closed = |part: &str| {
        let open = part.matches('{').count() - part.matches('}').count().min(part.matches('{').count());
        format!("{part}{}", "}".repeat(open))
    };
    let parts = parts.iter().filter(|part| !part.trim().is_empty()).map(|part| closed(part));
    parts.flat_map(|part| paths(&part)).map(|path| format!("{before}{path}")).collect()
}

/// What a path of a module's text means: the module from which its rest is looked up; none for other crates.
fn resolved(at: &Module, path: &str, all: &Sources) -> Option<(Module, Vec<String>)> {
    let mut rest: Vec<String> = path.split("::").map(|part| part.trim().to_string()).collect();
    let mut base = at.clone();
    match rest.first().map(String::as_str) {
        Some("crate") => base = vec![],
        Some("self") => {}
        Some("super") => {
            while rest.get(1).is_some_and(|part| part == "super") {
                base.pop();
                rest.remove(0);
            }
            base.pop();
        }
        Some(first) => {
            let child = [at.as_slice(), &[first.to_string()]].concat();
            all.contains_key(&child).then_some(())?;
            return Some((base, rest));
        }
        None => return None,
    }
    rest.remove(0);
    Some((base, rest))
}

/// What a module imports and what it hands on, each as base and rest of the path.
#[derive(Default)]
struct Uses {
    imports: Vec<(Module, Vec<String>)>,
    handed_on: BTreeMap<String, (Module, Vec<String>)>,
}

/// Whether a line begins a `use`, and whether it hands on what it names.
fn begins_use(line: &str) -> Option<bool> {
    let line = line.trim_start();
    let after = line.strip_prefix("pub").map(|rest| match rest.strip_prefix('(') {
        Some(rest) => rest.split_once(')').map_or(rest, |(_, rest)| rest),
        None => rest,
    });
    after.unwrap_or(line).trim_start().starts_with("use ").then_some(after.is_some())
}

fn uses(at: &Module, text: &str, all: &Sources) -> Uses {
    let (mut found, text, mut rest) = (Uses::default(), code(text), String::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(hands_on) = begins_use(line) else {
            rest.push_str(line);
            rest.push('\n');
            continue;
        };
        let mut statement = line.to_string();
        while !statement.contains(';') {
            let Some(line) = lines.next() else { break };
            statement.push_str(line);
        }
        let tree = statement.split_once("use ").map_or("", |(_, tree)| tree);
        for path in paths(tree.split(';').next().unwrap_or(tree)) {
            let Some(meaning) = resolved(at, &path, all) else { continue };
            match (hands_on, meaning.1.last()) {
                (true, Some(name)) => drop(found.handed_on.insert(name.clone(), meaning.clone())),
                _ => found.imports.push(meaning),
            }
        }
    }
    // Paths in the text itself.
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    for word in rest.split(|c| !is_path(c)).filter(|word| word.contains("::")) {
        found.imports.extend(resolved(at, word.trim_matches(':'), all));
    }
    found
}

/// The module in which what is looked up is defined, through everything that hands it on.
fn definition(base: &Module, rest: &[String], uses: &BTreeMap<Module, Uses>) -> Option<Module> {
    let (mut at, mut rest) = (base.clone(), rest.to_vec());
    for _ in 0..32 {
        while let Some(child) = rest.first().map(|part| [at.as_slice(), std::slice::from_ref(part)].concat())
            && uses.contains_key(&child)
        {
            at = child;
            rest.remove(0);
        }
        let handed = rest.first().and_then(|name| uses.get(&at)?.handed_on.get(name));
        match handed {
            Some((base, path)) => (at, rest) = (base.clone(), [path.as_slice(), &rest[1..]].concat()),
            None => return uses.contains_key(&at).then_some(at),
        }
    }
    None
}

/// Modules that import each other, in groups.
fn circles(all: &Sources) -> Vec<BTreeSet<Module>> {
    let uses: BTreeMap<Module, Uses> = all.iter().map(|(at, text)| (at.clone(), uses(at, text, all))).collect();
    let imported = |at: &Module| -> BTreeSet<Module> {
        let imports = uses[at].imports.iter().filter_map(|(base, rest)| definition(base, rest, &uses));
        imports.filter(|found| found != at).collect()
    };
    let edges: BTreeMap<Module, BTreeSet<Module>> = all.keys().map(|at| (at.clone(), imported(at))).collect();
    let reached = |from: &Module| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(at) = next.pop() {
            for to in &edges[&at] {
                if seen.insert(to.clone()) {
                    next.push(to.clone());
                }
            }
        }
        seen
    };
    let reach: BTreeMap<&Module, BTreeSet<Module>> = all.keys().map(|at| (at, reached(at))).collect();
    let group = |at: &Module| -> BTreeSet<Module> {
        let both = reach[at].iter().filter(|other| reach[other].contains(at));
        both.cloned().chain([at.clone()]).collect()
    };
    let in_circle = all.keys().filter(|at| reach[at].contains(*at));
    in_circle.map(group).collect::<BTreeSet<_>>().into_iter().collect()
}

fn of(files: &[(&str, &str)]) -> Sources {
    files.iter().map(|(path, text)| (module(path), (*text).to_string())).collect()
}

#[test]
fn no_two_files_import_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Sources::new();
    sources(&root, &root, &mut all);
    assert!(all.len() > 200, "only {} files were read", all.len());
    let found = circles(&all);
    assert!(found.is_empty(), "{found:#?}");
    // The test sees what it looks for: the window uses jobs, and jobs use reconstructions.
    let uses = |file: &str| uses(&module(file), &all[&module(file)], &all).imports;
    assert!(uses("job/reconstruct").iter().any(|(base, rest)| base.is_empty() && rest[0] == "reconstruct"));
}

#[test]
fn circles_would_be_seen() {
    let straight = [("a.rs", "\nuse super::b::B;\n"), ("b.rs", "\npub struct B;\n")];
    assert!(circles(&of(&straight)).is_empty());
    let mutual =
        [("a.rs", "\nuse crate::b::B;\npub struct A;\n"), ("b.rs", "\nfn f(a: crate::a::A) {}\npub struct B;\n")];
    assert_eq!(circles(&of(&mutual)).len(), 1);
    // Through a third file, and through what a folder hands on.
    let long = [
        ("x/mod.rs", "\nmod a;\nmod b;\nmod c;\npub use a::{A, Other};\npub use c::C;\n"),
        ("x/a.rs", "\nuse super::b::{B, more::{D, E}};\n"),
        ("x/b.rs", "\nuse super::C;\n"),
        ("x/c.rs", "\nuse crate::x::{\n    Other,\n    A,\n};\n"),
    ];
    let found = circles(&of(&long));
    assert_eq!((found.len(), found[0].len()), (1, 3), "{found:?}");
    // A folder that hands things on is in no circle with what is in it; one that defines what its files use is.
    let handing = [
        ("x/mod.rs", "\nmod a;\nmod b;\npub use a::A;\npub use b::B;\n"),
        ("x/a.rs", "\nuse super::B;\n"),
        ("x/b.rs", ""),
    ];
    assert!(circles(&of(&handing)).is_empty());
    let parent = [("x/mod.rs", "\nmod a;\npub struct P(a::A);\n"), ("x/a.rs", "\nuse super::P;\npub struct A;\n")];
    assert_eq!(circles(&of(&parent)).len(), 1);
    // Comments and tests may say what they like.
    let said = [
        ("a.rs", "\n// use super::b::B;\n#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}\n"),
        ("b.rs", "\nuse super::a::A;\n"),
    ];
    assert!(circles(&of(&said)).is_empty());
}

/// Methods of each type of a text, of all its `impl` blocks that implement no trait.
fn methods(text: &str, found: &mut BTreeMap<String, usize>) {
    let mut of: Option<String> = None;
    for line in code(text).lines() {
        if let Some(header) = line.strip_prefix("impl") {
            let name = header.split('>').next_back().unwrap_or(header).trim_matches(|c: char| !c.is_alphanumeric());
            let named = header.split('<').next().unwrap_or(header).trim().trim_end_matches('{').trim().to_string();
            let named = if named.is_empty() { name.to_string() } else { named };
            of = (!header.contains(" for ")).then_some(named);
        } else if line == "}" {
            of = None;
        } else if let (Some(name), true) = (&of, line.starts_with("    ") && !line.starts_with("     ")) {
            let line = line.trim();
            let is_method = line.starts_with("fn ") || line.starts_with("pub") && line.contains(" fn ");
            *found.entry(name.clone()).or_default() += usize::from(is_method);
        }
    }
}

#[test]
fn no_file_and_no_type_of_the_window_is_too_large() {
    const MOST_LINES: usize = 500;
    const MOST_METHODS: usize = 25;
    const MOST_FIELDS: usize = 12;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Sources::new();
    sources(&root, &root, &mut all);
    let long: Vec<_> = all.iter().filter(|(_, text)| text.lines().count() > MOST_LINES).map(|(at, _)| at).collect();
    assert!(long.is_empty(), "over {MOST_LINES} lines: {long:?}");
    let mut found = BTreeMap::new();
    let window = all.iter().filter(|(at, _)| at[0] == "app");
    window.for_each(|(_, text)| methods(text, &mut found));
    assert!(found.get("Shared").is_some_and(|n| *n > 10) && found.contains_key("App"), "{found:?}");
    let large: Vec<_> = found.iter().filter(|(_, n)| **n > MOST_METHODS).collect();
    assert!(large.is_empty(), "over {MOST_METHODS} methods: {large:?}");
    let app = &all[&module("app/mod.rs")];
    let fields = app.split("pub struct App {").nth(1).and_then(|rest| rest.split("\n}").next()).expect("the window");
    let fields = fields.lines().filter(|line| line.contains(':') && !line.contains("//")).count();
    assert!((3..=MOST_FIELDS).contains(&fields), "{fields} fields");
}

#[test]
fn methods_are_counted() {
    let mut found = BTreeMap::new();
    let text = "impl A {\n    pub fn a() {}\n    fn b() {\n        fn inner() {}\n    }\n}\nimpl C for A {\n    fn c() {}\n}\n";
    methods(text, &mut found);
    methods("impl<T> B<T> {\n    pub(super) fn d() {}\n}\n", &mut found);
    assert_eq!(found.get("A"), Some(&2));
    assert_eq!(found.values().sum::<usize>(), 3);
}
