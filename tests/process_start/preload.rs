//! A library for LD_PRELOAD: it says in which processes it was loaded.

use std::io::Write;

#[used]
#[unsafe(link_section = ".init_array")]
static LOADED: extern "C" fn() = loaded;

extern "C" fn loaded() {
    let Some(path) = std::env::var_os("PRELOADED") else {
        return;
    };
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .expect("a file");
    file.write_all(format!("{}\n", std::process::id()).as_bytes())
        .expect("written");
}
