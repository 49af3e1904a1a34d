//! Workers of this very test program, which starts them before libtest's `main`.

mod life;
mod raw;
mod settings;
mod tasks;
