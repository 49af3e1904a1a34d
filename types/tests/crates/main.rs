//! The types of crates that services use.

mod collections;
mod dates;
mod documents;
mod ids;
mod maths;
mod texts;
