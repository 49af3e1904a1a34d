//! The scenarios under shuttle. Nothing unless built with `--cfg raddle_shuttle`.

#[cfg(raddle_shuttle)]
fn main() -> std::process::ExitCode {
    raddle_verify::runner::main(&[])
}

#[cfg(not(raddle_shuttle))]
fn main() {}
