//! The guests build, are valid, and import what they should.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use raddle_test_guests as guests;
use wasmparser::{Parser, Payload, Validator};

/// The names of what a component imports, at its outermost level.
fn imports(path: &Path) -> BTreeSet<String> {
    let bytes = fs::read(path).expect("a component was built");
    Validator::new()
        .validate_all(&bytes)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut imports = BTreeSet::new();
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.expect("it is valid") {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                let names = section
                    .into_iter()
                    .map(|import| import.expect("it is valid").name.name.to_owned());
                imports.extend(names);
            }
            _ => {}
        }
    }
    imports
}

const HOST: &str = "raddle:guest/host@1.0.0";

#[test]
fn a_guest_without_wasi_imports_only_the_host() {
    for path in [guests::ordinary_plain(), guests::hostile_plain()] {
        let imports = imports(path);
        assert_eq!(
            imports,
            BTreeSet::from([HOST.to_owned()]),
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_guest_with_wasi_imports_it_and_the_host() {
    for path in [guests::ordinary(), guests::hostile(), guests::curious()] {
        let imports = imports(path);
        println!("{}: {imports:#?}", path.display());
        assert!(imports.contains(HOST), "{}", path.display());
        let others = imports.iter().filter(|&name| name != HOST);
        for name in others {
            assert!(name.starts_with("wasi:"), "{}: {name}", path.display());
        }
    }
}

#[test]
fn texts_are_valid_but_for_those_that_should_not_be() {
    for (name, text) in guests::texts() {
        let parsed = wat::parse_str(text);
        if *name == "syntax" {
            assert!(parsed.is_err());
            continue;
        }
        let bytes = parsed.unwrap_or_else(|error| panic!("{name}: {error}"));
        let validated = Validator::new().validate_all(&bytes);
        validated.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            Parser::is_component(&bytes),
            *name != "core_module",
            "{name}"
        );
    }
}
