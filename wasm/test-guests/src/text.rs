//! Components in the text format.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const WORLD: &str = include_str!("../../guests/text/world.wat");

/// Whole components.
const WHOLE: &[(&str, &str)] = &[
    (
        "core_module",
        include_str!("../../guests/text/core_module.wat"),
    ),
    (
        "no_exports",
        include_str!("../../guests/text/no_exports.wat"),
    ),
    ("only_list", include_str!("../../guests/text/only_list.wat")),
    (
        "other_types",
        include_str!("../../guests/text/other_types.wat"),
    ),
    ("syntax", include_str!("../../guests/text/syntax.wat")),
];

macro_rules! modules {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../guests/text/modules/", $name, ".wat")))),*]
    };
}

/// Core modules, for which [`WORLD`] is the component.
const MODULES: &[(&str, &str)] = modules![
    "answers" "bad_start" "big_memory" "big_table" "echo" "endless_start" "list_discriminant" "list_empty" "list_endless" "list_huge"
    "list_many" "list_outside" "list_text" "list_traps" "list_twice" "own_maximum" "table"
];

/// The module `echo` in a component that differs in one place.
const CHANGED: &[(&str, &str, &str)] = &[
    ("other_version", "tasks@1.0.0", "tasks@2.0.0"),
    ("newer_version", "tasks@1.0.0", "tasks@1.1.0"),
    (
        "wants_import",
        "(component\n  (component $guest",
        "(component\n  (import \"test:thing/given\" (instance (export \"give\" (func (result u32)))))\n  (component $guest",
    ),
    (
        "wants_other_host",
        "(component\n  (component $guest",
        "(component\n  (import \"raddle:guest/host@1.0.0\" (instance (export \"panicked\" (func (param \"code\" u32)))))\n  (component $guest",
    ),
];

/// A component as a text, by its name.
///
/// - `echo`: one task, `echo`, which takes and returns bytes. Nothing is wrong with it.
/// - `answers`: tasks that answer nonsense, see the list in `wasm/guests/text/modules/answers.wat`.
/// - `table`: the task `grow` grows a table without end.
/// - `own_maximum`: the task `grow` asks for more memory than the module allows itself.
/// - `list_outside`, `list_huge`, `list_text`, `list_discriminant`, `list_traps`, `list_endless`, `list_twice`, `list_many`,
///   `list_empty`: the list of tasks is wrong, endless, or odd.
/// - `bad_start`, `endless_start`, `big_memory`, `big_table`: it does not get as far as its list.
/// - `other_version`, `newer_version`, `other_types`, `only_list`, `no_exports`: it exports something else.
/// - `wants_import`, `wants_other_host`: it imports something else.
/// - `core_module`, `syntax`: it is no component.
///
/// # Panics
///
/// There is no text of this name.
#[must_use]
pub fn text(name: &str) -> &'static str {
    let texts = texts();
    let text = texts.get(name);
    text.unwrap_or_else(|| panic!("no text `{name}`; there are {:?}", texts.keys()))
}

/// All of them, by name.
#[must_use]
pub fn texts() -> &'static BTreeMap<&'static str, String> {
    static TEXTS: LazyLock<BTreeMap<&str, String>> = LazyLock::new(|| {
        let whole = WHOLE.iter().map(|&(name, text)| (name, text.to_owned()));
        let modules = MODULES
            .iter()
            .map(|&(name, module)| (name, in_world(module)));
        let mut texts: BTreeMap<_, _> = whole.chain(modules).collect();
        for &(name, old, new) in CHANGED {
            let echo = &texts["echo"];
            assert!(echo.contains(old), "{name}: {old}");
            texts.insert(name, echo.replace(old, new));
        }
        texts
    });
    &TEXTS
}

fn in_world(module: &str) -> String {
    WORLD.replace("$module MODULE)", &format!("$module\n{module})"))
}
