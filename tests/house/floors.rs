//! Imports run one way, over the floors that CONTRIBUTING.md draws, and no circle of imports is longer than a pair of files.
//!
//! A file imports what its `use` declarations and its paths name. A name that a module passes on (`pub use`) counts as an import of the
//! file that defines it.

use super::source::Source;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

type Module = Vec<String>;

/// The files of `src` by their modules, without tests.
struct Crate {
    files: BTreeMap<Module, File>,
}

struct File {
    name: String,
    /// Its code, without comments and tests.
    code: String,
    head: String,
    /// What it passes on: the name, and the path of what that is.
    passes_on: BTreeMap<String, Vec<String>>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn name_of(module: &[String]) -> String {
    match module {
        [] => "lib".to_owned(),
        module => module.join("::"),
    }
}

impl Crate {
    fn read() -> Self {
        let mut files = BTreeMap::new();
        for entry in walkdir::WalkDir::new(root().join("src")).sort_by_file_name() {
            let entry = entry.unwrap();
            let path = entry.path().strip_prefix(root().join("src")).unwrap();
            let name = path.display().to_string();
            let is_test = name.split('/').any(|part| part.starts_with("tests"));
            let Some(module) = name.strip_suffix(".rs").filter(|_| !is_test) else {
                continue;
            };
            let mut module: Module = module.split('/').map(str::to_owned).collect();
            module.pop_if(|last| last == "mod");
            if module == ["lib"] {
                module.clear();
            }
            let source = Source::read(entry.path());
            let code = source.code.join("\n");
            let code = code.split("mod tests {").next().unwrap_or_default();
            let head = source.raw.iter().take_while(|line| line.starts_with("//!"));
            let head = head.map(|line| &line[3..]).collect::<String>();
            let code = without_scopes(code);
            let passes_on = uses(&code, true)
                .into_iter()
                .map(|(path, name)| (name, path))
                .collect();
            let file = File {
                name: format!("src/{name}"),
                code,
                head,
                passes_on,
            };
            files.insert(module, file);
        }
        Self { files }
    }

    /// The module that defines what a path names, seen from a module; none of this crate's: `None`.
    fn find(&self, from: &[String], path: &[String]) -> Option<Module> {
        let (mut at, mut rest) = match path.first()?.as_str() {
            "crate" => (Vec::new(), &path[1..]),
            "self" => (from.to_vec(), &path[1..]),
            "super" => {
                let ups = path.iter().take_while(|part| *part == "super").count();
                (from[..from.len().checked_sub(ups)?].to_vec(), &path[ups..])
            }
            first => {
                let mut child = from.to_vec();
                child.push(first.to_owned());
                self.files.get(&child)?;
                (from.to_vec(), path)
            }
        };
        while let Some(part) = rest.first() {
            at.push(part.clone());
            if !self.files.contains_key(&at) {
                at.pop();
                break;
            }
            rest = &rest[1..];
        }
        let passed_on = rest
            .first()
            .and_then(|name| self.files.get(&at)?.passes_on.get(name));
        match passed_on {
            Some(path) if *path != [String::from("self")] => self.find(&at, path).or(Some(at)),
            _ => Some(at),
        }
    }

    fn imports(&self) -> BTreeMap<&Module, BTreeSet<Module>> {
        let of = |module: &Module, file: &File| {
            let paths = uses(&file.code, false).into_iter().map(|(path, _)| path);
            let inline = inline_paths(&file.code);
            paths
                .chain(inline)
                .filter_map(|path| self.find(module, &path))
                .filter(|found| found != module)
                .collect::<BTreeSet<_>>()
        };
        let all = self.files.iter();
        all.map(|(module, file)| (module, of(module, file)))
            .collect()
    }
}

/// Without the modules that `pub(in ..)` names, which are no imports.
fn without_scopes(code: &str) -> String {
    let mut parts = code.split("pub(in ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |code, part| {
        code + "pub " + part.split_once(')').map_or("", |(_, rest)| rest)
    })
}

/// The paths of `use` declarations, each with the name that it brings: those that are passed on, or the others.
fn uses(code: &str, passed_on: bool) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let before = rest[..at].rsplit('\n').next().unwrap_or_default().trim();
        let is_use = before.is_empty() || before.starts_with("pub");
        let after = &rest[at + 4..];
        let end = after.find(';').unwrap_or(after.len());
        if is_use && before.starts_with("pub") == passed_on {
            expand(&[], &after[..end], &mut found);
        }
        rest = if is_use { &after[end..] } else { after };
    }
    found
}

/// `a::{b, c::d as e}` to its paths.
fn expand(prefix: &[String], text: &str, found: &mut Vec<(Vec<String>, String)>) {
    let text = text.trim();
    let mut prefix = prefix.to_vec();
    let (head, group) = match text.split_once('{') {
        Some((head, group)) => (head, Some(group.trim_end().trim_end_matches('}'))),
        None => (text, None),
    };
    let (path, alias) = match head.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim().to_owned())),
        None => (head, None),
    };
    let parts = path
        .split("::")
        .map(str::trim)
        .filter(|part| !part.is_empty());
    prefix.extend(parts.map(str::to_owned));
    let Some(group) = group else {
        let name = alias.unwrap_or_else(|| prefix.last().cloned().unwrap_or_default());
        found.push((prefix, name));
        return;
    };
    let (mut depth, mut item) = (0, String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        match c {
            ',' if depth == 0 => expand(&prefix, &std::mem::take(&mut item), found),
            _ => item.push(c),
        }
    }
    if !item.trim().is_empty() {
        expand(&prefix, &item, found);
    }
}

/// `crate::a::b` and `super::a` outside of declarations.
fn inline_paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            let line = code[..at].rsplit('\n').next().unwrap_or_default();
            if code[..at].ends_with(is_part) || line.ends_with("use ") {
                continue;
            }
            let end = code[at..].find(|c| !is_part(c)).unwrap_or(code.len() - at);
            let parts = code[at..at + end]
                .split("::")
                .filter(|part| !part.is_empty());
            found.push(parts.map(str::to_owned).collect());
        }
    }
    found
}

/// The floors from the ground up: on each the groups of modules that do not import each other.
fn floors() -> Vec<Vec<String>> {
    let page = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let drawn = page
        .split("```floors\n")
        .nth(1)
        .expect("CONTRIBUTING.md draws floors");
    let drawn = drawn.split("```").next().unwrap_or_default();
    let floors = drawn.lines().filter(|line| !line.trim().is_empty());
    let floor = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    let mut floors: Vec<Vec<String>> = floors.map(floor).collect();
    floors.reverse();
    floors
}

#[test]
fn imports_run_over_the_floors() {
    let floors = floors();
    let groups: Vec<(usize, &String)> = floors
        .iter()
        .enumerate()
        .flat_map(|(floor, groups)| groups.iter().map(move |group| (floor, group)))
        .collect();
    let group_of = |module: &Module| {
        let name = name_of(module);
        let holds = |group: &&(usize, &String)| {
            name == *group.1 || name.starts_with(&format!("{}::", group.1))
        };
        let longest = groups
            .iter()
            .filter(holds)
            .max_by_key(|group| group.1.len());
        longest
            .copied()
            .unwrap_or_else(|| panic!("{name} is on no floor of CONTRIBUTING.md"))
    };
    let all = Crate::read();
    let mut findings = Vec::new();
    for (module, imports) in all.imports() {
        let (floor, group) = group_of(module);
        for import in imports {
            let (below, other) = group_of(&import);
            if group != other && below >= floor {
                let file = &all.files[module].name;
                findings.push(format!(
                    "{file}: imports {}, which is not below",
                    name_of(&import)
                ));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// Those that a module can reach and that can reach it.
fn circles(imports: &BTreeMap<&Module, BTreeSet<Module>>) -> Vec<BTreeSet<Module>> {
    let reach = |from: &Module| {
        let mut seen = BTreeSet::new();
        let mut next = vec![from.clone()];
        while let Some(module) = next.pop() {
            for import in imports.get(&module).into_iter().flatten() {
                if seen.insert(import.clone()) {
                    next.push(import.clone());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&Module, BTreeSet<Module>> = imports
        .keys()
        .map(|module| (*module, reach(module)))
        .collect();
    let circle = |module: &Module| -> BTreeSet<Module> {
        let others = reached[module].iter();
        others
            .filter(|other| reached[other].contains(module))
            .cloned()
            .collect()
    };
    let all: BTreeSet<_> = reached.keys().map(|module| circle(module)).collect();
    all.into_iter().filter(|circle| circle.len() > 1).collect()
}

#[test]
fn a_circle_of_imports_is_a_pair_that_says_why() {
    let all = Crate::read();
    let imports = all.imports();
    let mut findings = Vec::new();
    for circle in circles(&imports) {
        let files: Vec<&File> = circle.iter().map(|module| &all.files[module]).collect();
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let names = names.join(", ");
        if files.len() > 2 {
            findings.push(format!("a circle of {}: {names}", files.len()));
        } else if !files
            .iter()
            .any(|file| file.head.contains("import each other"))
        {
            findings.push(format!("nobody says why they import each other: {names}"));
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn the_reader_finds_what_is_imported() {
    let found = |text, passed_on| {
        let paths = uses(text, passed_on).into_iter();
        let paths = paths.map(|(path, name)| format!("{} {name}", path.join("::")));
        paths.collect::<Vec<_>>()
    };
    let text = "#[cfg(x)]\nuse crate::a::{self, B as C, d::{E, F}};\npub use super::g::H;\nlet reuse = 1;\n";
    let own = [
        "crate::a::self self",
        "crate::a::B C",
        "crate::a::d::E E",
        "crate::a::d::F F",
    ];
    assert_eq!(found(text, false), own);
    assert_eq!(found(text, true), ["super::g::H H"]);
    let inline = inline_paths("x(crate::a::B::new(), super::c)");
    assert_eq!(inline, [vec!["crate", "a", "B", "new"], vec!["super", "c"]]);
    assert!(Crate::read().files.len() > 100);
}
