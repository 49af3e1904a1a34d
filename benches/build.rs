//! What this crate is compiled with, for the result document.

use std::env::var;
use std::process::Command;

fn main() {
    let rustc = var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let of = |name| var(name).unwrap_or_default();
    println!(
        "cargo:rustc-env=BENCHES_RUSTC={}",
        version.unwrap_or_default()
    );
    println!(
        "cargo:rustc-env=BENCHES_PROFILE={}, opt-level {}",
        of("PROFILE"),
        of("OPT_LEVEL")
    );
    let flags = of("CARGO_ENCODED_RUSTFLAGS").replace('\u{1f}', " ");
    println!("cargo:rustc-env=BENCHES_FLAGS={flags}");
    println!("cargo:rerun-if-changed=build.rs");
}
