//! The components that the tests of the pool call: programs under `wasm/guests`, built on first use, and texts.
//!
//! A test process builds them once, with cargo, into the folder `guests` of the target folder. Cargo itself waits while another process
//! builds there. Each function panics if the build fails and says what is missing.

mod text;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, OnceLock};
use std::{env, fs, process};

use wit_component::ComponentEncoder;

pub use text::{text, texts};

/// Std has WASI underneath; rustc's linker makes it a component.
const WASI: &str = "wasm32-wasip2";
/// Std has nothing underneath; a core module, which [`ComponentEncoder`] makes a component.
const PLAIN: &str = "wasm32-unknown-unknown";

/// Tasks as a user writes them.
pub fn ordinary() -> &'static Path {
    static PATH: LazyLock<PathBuf> = LazyLock::new(|| built("ordinary"));
    &PATH
}

/// Tasks that trap, never end, or take all memory.
pub fn hostile() -> &'static Path {
    static PATH: LazyLock<PathBuf> = LazyLock::new(|| built("hostile"));
    &PATH
}

/// Tasks that use what WASI could give: files, the environment, clocks, sockets.
pub fn curious() -> &'static Path {
    static PATH: LazyLock<PathBuf> = LazyLock::new(|| built("curious"));
    &PATH
}

/// The tasks of the tests that every kind of executor has to pass.
pub fn conforming() -> &'static Path {
    static PATH: LazyLock<PathBuf> = LazyLock::new(|| built("conforming"));
    &PATH
}

/// [`ordinary`] without WASI: it imports `raddle:guest/host` and nothing else.
pub fn ordinary_plain() -> &'static Path {
    static PATH: LazyLock<PathBuf> = LazyLock::new(|| encoded("ordinary"));
    &PATH
}

/// [`hostile`] without WASI.
pub fn hostile_plain() -> &'static Path {
    static PATH: LazyLock<PathBuf> = LazyLock::new(|| encoded("hostile"));
    &PATH
}

fn built(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| build(WASI, &["--workspace"]));
    folder.join(name).with_extension("wasm")
}

fn encoded(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| build(PLAIN, &["-p", "ordinary", "-p", "hostile"]));
    let module = fs::read(folder.join(name).with_extension("wasm")).expect("a module was built");
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|mut encoder| encoder.encode())
        .unwrap_or_else(|error| panic!("{name} does not become a component: {error:?}"));
    // Another process may do the same: neither reads half a file.
    let path = folder.join(format!("{name}_plain.wasm"));
    let own = folder.join(format!("{name}_plain.{}", process::id()));
    fs::write(&own, component).expect("the target folder takes a file");
    fs::rename(&own, &path).expect("a file in the same folder");
    path
}

/// Builds guests for a target. The folder in which they lie.
fn build(target: &str, packages: &[&str]) -> PathBuf {
    let wasm = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("wasm/");
    let root = wasm.parent().expect("the workspace");
    let outer = env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let into = root.join(outer).join("guests");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());

    let mut command = Command::new(cargo);
    for (name, _) in env::vars_os().filter(|(name, _)| is_of_the_outer_build(name)) {
        command.env_remove(name);
    }
    let output = command
        .current_dir(wasm.join("guests"))
        .args(["build", "--release", "--locked", "--target", target])
        .args(packages)
        .arg("--target-dir")
        .arg(&into)
        .output()
        .unwrap_or_else(|error| panic!("cargo does not start: {error}"));
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let hint = if said.contains("may not be installed") {
            "\nThe toolchain lacks a target: rustup target add wasm32-wasip2 wasm32-unknown-unknown"
        } else {
            ""
        };
        panic!("the guests do not build for {target}:\n{said}{hint}");
    }
    into.join(target).join("release")
}

/// Flags and settings that are meant for the test, as `RUSTFLAGS` of a sanitizer. What says how cargo reaches its registry stays.
fn is_of_the_outer_build(name: &OsString) -> bool {
    const KEPT: [&str; 6] = [
        "CARGO_HOME",
        "CARGO_HTTP_",
        "CARGO_NET_",
        "CARGO_REGISTR",
        "CARGO_SOURCE_",
        "CARGO_TERM_",
    ];
    const REMOVED: [&str; 6] = [
        "CARGO",
        "RUSTFLAGS",
        "RUSTDOCFLAGS",
        "RUSTC",
        "LLVM_PROFILE_FILE",
        "__CARGO",
    ];
    let name = name.to_string_lossy();
    let begins = |with: &[&str]| with.iter().any(|with| name.starts_with(with));
    begins(&REMOVED) && !begins(&KEPT)
}
