//! Opens the door.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(raddle_loom)");
    println!("cargo::rustc-check-cfg=cfg(raddle_shuttle)");
    println!("cargo::rustc-check-cfg=cfg(raddle_counts)");
    println!("cargo::rustc-check-cfg=cfg(raddle_hostile)");
    println!("cargo::rustc-cfg=raddle_hostile");
}
