//! A shared library with a process pool in it, loaded by a program that has none.

#[unsafe(no_mangle)]
pub extern "C" fn try_to_build() {
    match raddle::ProcessPool::new(1) {
        Ok(_) => println!("built"),
        Err(error) => println!("refused: {error}"),
    }
}
