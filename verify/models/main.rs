//! The scenarios under loom, and what is loom's alone. Nothing unless built with `--cfg raddle_loom`.

#[cfg(raddle_loom)]
mod harness;
#[cfg(raddle_loom)]
mod litmus;
#[cfg(raddle_loom)]
mod litmus_token;
#[cfg(raddle_loom)]
mod stacks;

#[cfg(raddle_loom)]
fn main() -> std::process::ExitCode {
    raddle_verify::runner::main(&[
        ("harness", harness::TESTS),
        ("litmus", litmus::TESTS),
        ("litmus_token", litmus_token::TESTS),
    ])
}

#[cfg(not(raddle_loom))]
fn main() {}
