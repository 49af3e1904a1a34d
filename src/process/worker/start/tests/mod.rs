//! Tests with workers of this test program. They begin before libtest's `main`.

mod life;
mod raw;
mod settings;
mod tasks;
