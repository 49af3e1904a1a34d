//! Has a pool, loads tests/process_start/plugin.rs and lends the pool to it.

use raddle::{Executor, ProcessPool};
use std::ffi::{CString, c_char, c_int, c_void};

unsafe extern "C" {
    fn dlopen(file: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

fn main() {
    let pool = ProcessPool::new(1).expect("a pool");
    let path = CString::new(std::env::var("LIBRARY").expect("LIBRARY")).expect("a path");
    let library = unsafe { dlopen(path.as_ptr(), 2) };
    assert!(!library.is_null(), "the library cannot be loaded");
    let function = unsafe { dlsym(library, c"submit_to".as_ptr()) };
    assert!(!function.is_null(), "the library has no such function");
    let function =
        unsafe { std::mem::transmute::<*mut c_void, extern "C" fn(&ProcessPool)>(function) };
    function(&pool);
    println!("{}", pool.submit(|n: u64| n * 2, 21).result().expect("an answer"));
}
