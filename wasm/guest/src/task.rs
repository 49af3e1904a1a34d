//! What the macro `tasks!` makes of a function, and how a call finds it.

use std::fmt::Display;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::encoding::{Encoding, decode, encode};
use crate::shape;

/// One function that the host may call.
pub struct Task {
    pub name: &'static str,
    pub encoding: Encoding,
    pub argument: fn() -> String,
    pub result: fn() -> String,
    pub run: fn(Vec<u8>) -> Result<Vec<u8>, Failure>,
}

/// Why a call has no result.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    NoSuchTask,
    BadArgument(String),
    BadResult(String),
    Failed(String),
}

/// Runs the task with this number.
pub fn call(tasks: &[Task], number: u32, argument: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let task = usize::try_from(number).ok().and_then(|at| tasks.get(at));
    (task.ok_or(Failure::NoSuchTask)?.run)(argument)
}

/// Fails to compile if two tasks have one name, or if one has none.
pub const fn check_names(tasks: &[Task]) {
    let mut at = 0;
    while at < tasks.len() {
        assert!(
            !tasks[at].name.is_empty(),
            "tasks!: a task has an empty name"
        );
        let mut other = at + 1;
        while other < tasks.len() {
            assert!(
                !equal(tasks[at].name.as_bytes(), tasks[other].name.as_bytes()),
                "tasks!: two tasks have the same name; give one of them another with `as \"name\"`"
            );
            other += 1;
        }
        at += 1;
    }
}

const fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// A plain task: its result is what the function returns.
pub fn run<A, R>(
    encoding: Encoding,
    task: impl Fn(A) -> R,
    argument: Vec<u8>,
) -> Result<Vec<u8>, Failure>
where
    A: DeserializeOwned,
    R: Serialize,
{
    let argument = decoded(encoding, argument)?;
    encoded(encoding, &task(argument))
}

/// A task marked `try`: an error of the function is an error of the call.
pub fn run_try<A, R, E>(
    encoding: Encoding,
    task: impl Fn(A) -> Result<R, E>,
    argument: Vec<u8>,
) -> Result<Vec<u8>, Failure>
where
    A: DeserializeOwned,
    R: Serialize,
    E: Display,
{
    let argument = decoded(encoding, argument)?;
    encoded(encoding, &task(argument).map_err(failed)?)
}

/// A task marked `bytes`: nothing is decoded, encoded or copied.
pub fn run_bytes(task: impl Fn(Vec<u8>) -> Vec<u8>, argument: Vec<u8>) -> Result<Vec<u8>, Failure> {
    Ok(task(argument))
}

/// A task marked `try bytes`.
pub fn run_try_bytes<E>(
    task: impl Fn(Vec<u8>) -> Result<Vec<u8>, E>,
    argument: Vec<u8>,
) -> Result<Vec<u8>, Failure>
where
    E: Display,
{
    task(argument).map_err(failed)
}

fn decoded<A: DeserializeOwned>(encoding: Encoding, argument: Vec<u8>) -> Result<A, Failure> {
    decode(encoding, &argument).map_err(Failure::BadArgument)
}

fn encoded<R: Serialize>(encoding: Encoding, result: &R) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    encode(encoding, result, &mut bytes).map_err(Failure::BadResult)?;
    Ok(bytes)
}

fn failed(error: impl Display) -> Failure {
    Failure::Failed(error.to_string())
}

pub fn argument_shape<A, R>(encoding: Encoding, _: impl Fn(A) -> R) -> String
where
    A: DeserializeOwned,
{
    shape::of_encoded::<A>(encoding)
}

/// The result type of a task, for a choice between three traits: the method call `(&&&of).shape(..)` takes the first that fits.
pub struct ResultOf<R>(PhantomData<R>);

impl<R> ResultOf<R> {
    pub fn plain<A>(_: impl Fn(A) -> R) -> Self {
        Self(PhantomData)
    }

    pub fn fallible<A, E>(_: impl Fn(A) -> Result<R, E>) -> Self {
        Self(PhantomData)
    }
}

/// `&str` can be deserialized for some lifetimes only, which a choice between traits does not see.
pub trait Text {
    fn shape(&self, encoding: Encoding) -> String;
}

impl Text for &&ResultOf<&str> {
    fn shape(&self, encoding: Encoding) -> String {
        shape::of_encoded::<String>(encoding)
    }
}

pub trait Traced {
    fn shape(&self, encoding: Encoding) -> String;
}

impl<R: DeserializeOwned> Traced for &ResultOf<R> {
    fn shape(&self, encoding: Encoding) -> String {
        shape::of_encoded::<R>(encoding)
    }
}

/// What can only be serialized.
pub trait Untraced {
    fn shape(&self, encoding: Encoding) -> String;
}

impl<R> Untraced for ResultOf<R> {
    fn shape(&self, _: Encoding) -> String {
        "?".to_owned()
    }
}
