//! The import graph of this crate as a test: the core knows no feature, and features know each other without a cycle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What puts the parts together, and so knows them all.
const WHOLE: [&str; 8] = ["app", "builder", "commands", "document", "imports", "lib", "main", "routes"];
/// What features stand on. They ask `app` for the parts that are shared.
const CORE: [&str; 8] =
    ["background", "clock", "config", "connection", "db", "extract", "problem", "telemetry"];

type Graph = BTreeMap<String, BTreeSet<String>>;

/// Which modules at the top each of them names, in what is no test and no comment.
fn graph(root: &Path) -> Graph {
    let mut graph = Graph::new();
    for entry in fs::read_dir(root).expect("the sources are there").map(|entry| entry.expect("an entry")) {
        let path = entry.path();
        let module = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let named = graph.entry(module.clone()).or_default();
        names_below(&path, named);
        named.remove(&module);
    }
    graph
}

fn names_below(path: &Path, named: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder") {
            names_below(&entry.expect("an entry").path(), named);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
        names_in(&fs::read_to_string(path).expect("a source"), named);
    }
}

fn names_in(source: &str, named: &mut BTreeSet<String>) {
    let code = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    for after in code.split("crate::").skip(1) {
        if let Some(list) = after.strip_prefix('{') {
            let mut depth = 0;
            let end = list.find(|c| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                depth < 0
            });
            let mut depth = 0;
            let parts = list[..end.expect("a list that ends")].split(|c| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                c == ',' && depth == 0
            });
            named.extend(parts.map(|part| word(part.trim())).filter(|word| !word.is_empty()));
        } else {
            named.insert(word(after));
        }
    }
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect()
}

/// A way from a module back to itself.
fn cycle(graph: &Graph) -> Option<Vec<String>> {
    fn walk(graph: &Graph, way: &mut Vec<String>, done: &mut BTreeSet<String>) -> bool {
        let at = way.last().expect("it begins somewhere").clone();
        for next in graph.get(&at).into_iter().flatten() {
            let known = way.contains(next);
            if done.contains(next) {
                continue;
            }
            way.push(next.clone());
            if known || walk(graph, way, done) {
                return true;
            }
            way.pop();
        }
        done.insert(at);
        false
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|module| {
        let mut way = vec![module.clone()];
        (!done.contains(module) && walk(graph, &mut way, &mut done)).then_some(way)
    })
}

#[test]
fn the_core_knows_no_feature_and_features_have_no_cycle() {
    let graph = graph(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let is_feature = |module: &str| !WHOLE.contains(&module) && !CORE.contains(&module);
    let among = |is_of: &dyn Fn(&str) -> bool| -> Graph {
        let of = graph.iter().filter(|(module, _)| is_of(module));
        of.map(|(module, named)| {
            (module.clone(), named.iter().filter(|named| is_feature(named)).cloned().collect())
        })
        .collect()
    };
    let core: Vec<_> =
        among(&|module| CORE.contains(&module)).into_iter().filter(|(_, named)| !named.is_empty()).collect();
    assert_eq!(core, [], "the core knows features");
    let features = among(&is_feature);
    for (module, named) in [("records", "jobs"), ("records", "collections"), ("jobs", "mail")] {
        assert!(features[module].contains(named), "{module} -> {named} is not seen: {features:?}");
    }
    assert_eq!(cycle(&features), None, "features know each other in a circle");
}

#[test]
fn a_cycle_is_found() {
    let graph = |edges: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        graph
    };
    assert_eq!(cycle(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    assert_eq!(cycle(&graph(&[("a", "b"), ("b", "c"), ("c", "b")])).unwrap(), ["a", "b", "c", "b"]);
    let mut named = BTreeSet::new();
    names_in(
        "use crate::{a::{x, y}, b_c};\n// crate::d\nfn f() { crate::e::g() }\n#[cfg(test)]\nmod tests { use crate::h; }",
        &mut named,
    );
    assert_eq!(named.into_iter().collect::<Vec<_>>(), ["a", "b_c", "e"]);
}
