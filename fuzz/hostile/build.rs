//! Opens the door.

fn main() {
    println!("cargo::rustc-cfg=raddle_hostile");
}
