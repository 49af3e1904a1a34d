//! Handles of a guest's functions, whose names and types are checked when they are made.

use crate::error::FunctionError;
use crate::guest::TaskEntry;
use crate::worker::Shared;
use raddle_guest::encoding::Encoding;
use raddle_guest::shape;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// A function of a guest that takes an `A` and returns an `R`. Made by [`WasmPool::function`](crate::WasmPool::function).
///
/// It does not keep its pool's threads or instances alive, but the address space that was reserved for these. It can be used with each pool of the same [`Module`](crate::Module).
pub struct Function<A, R> {
    pub(crate) number: u32,
    pub(crate) encoding: Encoding,
    pub(crate) shared: Arc<Shared>,
    types: PhantomData<fn(A) -> R>,
}

impl<A, R> Function<A, R> {
    /// The function's name in the guest.
    pub fn name(&self) -> &str {
        &self.shared.tasks().entries[self.number as usize].name
    }
}

impl<A, R> Clone for Function<A, R> {
    fn clone(&self) -> Self {
        Self {
            number: self.number,
            encoding: self.encoding,
            shared: Arc::clone(&self.shared),
            types: PhantomData,
        }
    }
}

impl<A, R> fmt::Debug for Function<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Function").field(&self.name()).finish()
    }
}

/// A function of a guest that takes bytes and returns bytes. Made by
/// [`WasmPool::bytes_function`](crate::WasmPool::bytes_function).
#[derive(Clone)]
pub struct BytesFunction {
    pub(crate) number: u32,
    pub(crate) shared: Arc<Shared>,
}

impl BytesFunction {
    /// The function's name in the guest.
    pub fn name(&self) -> &str {
        &self.shared.tasks().entries[self.number as usize].name
    }
}

impl fmt::Debug for BytesFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BytesFunction").field(&self.name()).finish()
    }
}

/// What names a guest's function: a [`Function`], which was checked, or its name, which is checked at each call.
pub trait Named<A, R>: sealed::Sealed {
    #[doc(hidden)]
    fn resolve(&self, pool: &Pool<'_>) -> Result<(u32, Encoding), FunctionError>;
}

/// The pool in which a function is looked for.
#[doc(hidden)]
pub struct Pool<'a>(pub(crate) &'a Arc<Shared>);

mod sealed {
    pub trait Sealed {}
    impl<A, R> Sealed for super::Function<A, R> {}
    impl<T: Sealed + ?Sized> Sealed for &T {}
    impl Sealed for str {}
    impl Sealed for String {}
}

impl<A, R> Named<A, R> for Function<A, R> {
    fn resolve(&self, pool: &Pool<'_>) -> Result<(u32, Encoding), FunctionError> {
        check_module(&self.shared, pool.0)?;
        Ok((self.number, self.encoding))
    }
}

impl<A, R, T: Named<A, R> + ?Sized> Named<A, R> for &T {
    fn resolve(&self, pool: &Pool<'_>) -> Result<(u32, Encoding), FunctionError> {
        (**self).resolve(pool)
    }
}

impl<A: Serialize + DeserializeOwned, R: Serialize + DeserializeOwned> Named<A, R> for str {
    fn resolve(&self, pool: &Pool<'_>) -> Result<(u32, Encoding), FunctionError> {
        let function = find::<A, R>(pool.0, self)?;
        Ok((function.number, function.encoding))
    }
}

impl<A: Serialize + DeserializeOwned, R: Serialize + DeserializeOwned> Named<A, R> for String {
    fn resolve(&self, pool: &Pool<'_>) -> Result<(u32, Encoding), FunctionError> {
        Named::<A, R>::resolve(self.as_str(), pool)
    }
}

fn check_module(handle: &Arc<Shared>, pool: &Arc<Shared>) -> Result<(), FunctionError> {
    if Arc::ptr_eq(handle, pool) || handle.module.is_same(&pool.module) {
        return Ok(());
    }
    Err(FunctionError::OtherModule {
        handle: handle.module.name().to_owned(),
        module: pool.module.name().to_owned(),
    })
}

fn entry<'a>(shared: &'a Shared, name: &str) -> Result<(u32, &'a TaskEntry), FunctionError> {
    let tasks = shared.tasks();
    tasks
        .find(name)
        .ok_or_else(|| FunctionError::NoSuchFunction {
            module: shared.module.name().to_owned(),
            name: name.to_owned(),
            known: tasks
                .entries
                .iter()
                .map(|entry| entry.name.clone())
                .collect(),
        })
}

/// Finds a function by its name, and checks its types.
pub fn find<A: DeserializeOwned, R: DeserializeOwned>(
    shared: &Arc<Shared>,
    name: &str,
) -> Result<Function<A, R>, FunctionError> {
    let (number, entry) = entry(shared, name)?;
    let module = || shared.module.name().to_owned();
    let Some(encoding) = entry.encoding.of_values() else {
        return Err(FunctionError::Bytes {
            module: module(),
            name: name.to_owned(),
            is_bytes: true,
        });
    };
    let sides = [
        (
            "argument",
            &entry.argument,
            shape::of_encoded::<A>(encoding),
        ),
        ("result", &entry.result, shape::of_encoded::<R>(encoding)),
    ];
    for (which, guest, here) in sides {
        if !shape::agree(guest, &here) {
            return Err(FunctionError::WrongType {
                module: module(),
                name: name.to_owned(),
                which,
                guest: guest.clone(),
                here,
            });
        }
    }
    Ok(Function {
        number,
        encoding,
        shared: Arc::clone(shared),
        types: PhantomData,
    })
}

/// Finds a function on bytes by its name.
pub fn find_bytes(shared: &Arc<Shared>, name: &str) -> Result<BytesFunction, FunctionError> {
    let (number, entry) = entry(shared, name)?;
    if entry.encoding.of_values().is_some() {
        return Err(FunctionError::Bytes {
            module: shared.module.name().to_owned(),
            name: name.to_owned(),
            is_bytes: false,
        });
    }
    Ok(BytesFunction {
        number,
        shared: Arc::clone(shared),
    })
}

/// As [`Named::resolve`], for bytes.
pub fn resolve_bytes(function: &BytesFunction, pool: &Arc<Shared>) -> Result<u32, FunctionError> {
    check_module(&function.shared, pool)?;
    Ok(function.number)
}
