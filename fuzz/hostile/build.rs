//! Compiles the library with access to its lanes.

fn main() {
    println!("cargo::rustc-cfg=raddle_hostile");
}
