//! A program that uses tests/process_start/middle.rs and never heard of raddle.

fn main() {
    let (answer, worker) = middle::answer();
    println!("{answer} {worker} {}", std::process::id());
}
