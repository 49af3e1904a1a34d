//! Guests as a kind of executor. A task is a function of `tasks.rs`: its name is that of the guest's function, which is called
//! in its place.

use crate::common::Kind;
use raddle::executor::{Chunk, Map, MapUnordered, Submitter};
use raddle::{BoxError, Executor, Future, Payload, Shutdown, ShutdownError, TaskError};
use raddle_test_guests as guests;
use raddle_wasm::{Access, GuestError, Module, Problem, WasmPool};
use std::any::type_name;
use std::sync::OnceLock;
use std::time::Duration;

/// A pool of guests, whose instances are kept, or made for each task.
pub struct Guests<const IS_FRESH: bool>(WasmPool);

impl<const IS_FRESH: bool> Executor for Guests<IS_FRESH> {
    fn submit<F, A, R>(&self, _: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        self.0.submit(name_of::<F>(), arg)
    }

    fn try_submit<F, A, R, E>(&self, _: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
    {
        self.0.submit(name_of::<F>(), arg)
    }

    fn submit_chunk<F, A, R>(&self, _: F, _: Vec<A>) -> Future<Chunk<R>>
    where
        F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        unimplemented!("the map of guests is `WasmPool::map`")
    }

    fn workers(&self) -> usize {
        self.0.workers()
    }

    fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
        self.0.shutdown(how)
    }
}

/// The last part of a function's path.
fn name_of<F>() -> &'static str {
    type_name::<F>().rsplit("::").next().unwrap()
}

impl<const IS_FRESH: bool> Kind for Guests<IS_FRESH> {
    type Executor = Self;
    const IS_HERE: bool = true;

    fn make(workers: usize) -> Self {
        static MODULE: OnceLock<Module> = OnceLock::new();
        let module = MODULE.get_or_init(|| Module::from_file(guests::conforming()).unwrap());
        // A path is the same for guest and test.
        let folder = std::env::temp_dir();
        let there = folder.to_str().unwrap().to_owned();
        let pool = WasmPool::builder()
            .module(module)
            .workers(workers)
            .directory(folder, there, Access::ReadWrite);
        let pool = if IS_FRESH {
            pool.fresh_instances()
        } else {
            pool
        };
        Self(pool.build().unwrap())
    }

    fn close(executor: &Self, how: Shutdown) {
        executor.0.close(how);
    }

    fn shutdown_timeout(
        executor: &Self,
        how: Shutdown,
        limit: Duration,
    ) -> Result<(), ShutdownError> {
        executor.0.shutdown_timeout(how, limit)
    }

    fn map<F, A, R, I>(executor: &Self, _: F, args: I) -> Map<impl Submitter<A, R>, I::IntoIter, R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        I: IntoIterator<Item = A>,
    {
        executor.0.map(name_of::<F>(), args)
    }

    fn try_map<F, A, R, E, I>(
        executor: &Self,
        _: F,
        args: I,
    ) -> Map<impl Submitter<A, R>, I::IntoIter, R>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
        I: IntoIterator<Item = A>,
    {
        executor.0.map(name_of::<F>(), args)
    }

    fn map_unordered<F, A, R, I>(
        executor: &Self,
        _: F,
        args: I,
    ) -> MapUnordered<impl Submitter<A, R>, I::IntoIter, R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        I: IntoIterator<Item = A>,
    {
        executor.0.map_unordered(name_of::<F>(), args)
    }

    fn try_map_unordered<F, A, R, E, I>(
        executor: &Self,
        _: F,
        args: I,
    ) -> MapUnordered<impl Submitter<A, R>, I::IntoIter, R>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
        I: IntoIterator<Item = A>,
    {
        executor.0.map_unordered(name_of::<F>(), args)
    }

    fn panic(error: &TaskError) -> Option<(String, String)> {
        let TaskError::Failed(error) = error else {
            return None;
        };
        match error.downcast_ref::<GuestError>()?.problem() {
            Problem::Panicked(said) => {
                let (location, message) = said.split_once(": ")?;
                Some((message.to_owned(), location.to_owned()))
            }
            _ => None,
        }
    }
}

/// Stamps tests out of functions that are generic over [`Kind`]: one for each kind.
macro_rules! for_every_executor {
    ($($test:ident)*) => {
        mod instances_that_are_kept {
            $(#[test]
            fn $test() {
                let _watch = crate::common::watch();
                super::$test::<crate::kinds::Guests<false>>();
            })*
        }
        mod fresh_instances {
            $(#[test]
            fn $test() {
                let _watch = crate::common::watch();
                super::$test::<crate::kinds::Guests<true>>();
            })*
        }
    };
}
pub(crate) use for_every_executor;
