//! The guests, each compiled once. Compiling leaves threads behind, so a process of its own does it.

use raddle_wasm::Module;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// The argument that makes this program compile a guest.
const COMPILE: &str = "--compile";
const PLAIN: &str = "plain";
const WASI: &str = "wasi";

/// It imports `raddle:guest/host` and nothing else.
pub fn plain() -> &'static Module {
    static MODULE: LazyLock<Module> = LazyLock::new(|| compiled(PLAIN));
    &MODULE
}

/// The same functions with WASI underneath, as most guests of Rust have it.
pub fn wasi() -> &'static Module {
    static MODULE: LazyLock<Module> = LazyLock::new(|| compiled(WASI));
    &MODULE
}

fn compiled(which: &str) -> Module {
    let program = std::env::current_exe().expect("a running program has a file");
    let output = Command::new(program)
        .args([COMPILE, which])
        .stderr(Stdio::inherit())
        .output()
        .expect("this program starts again");
    assert!(output.status.success(), "{which}: {}", output.status);
    // SAFETY: it is what the same program has written just now.
    let module = unsafe { Module::from_compiled(which, &output.stdout) };
    module.expect("it comes from the same build")
}

/// Compiles a guest and writes the machine code to the standard output, if that is what this process was started for.
pub fn compile_if_asked() -> bool {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(COMPILE) {
        return false;
    }
    let file = match arguments.next().as_deref() {
        Some(WASI) => raddle_test_guests::ordinary(),
        _ => raddle_test_guests::ordinary_plain(),
    };
    let module = Module::from_file(file).unwrap();
    let written = std::io::stdout().write_all(module.to_compiled());
    written.expect("the other process reads it");
    true
}
