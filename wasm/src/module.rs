//! [`Module`]: a guest that was compiled.

use crate::engine;
use crate::error::BuildError;
use crate::guest;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmtime::component::Component;
use wasmtime::{Engine, Precompiled};

/// A guest that was compiled to machine code. Pools that are made of it do not compile it again.
///
/// Compiling takes milliseconds to seconds, in proportion to the module's size; a pool of a compiled module starts in less than a
/// millisecond. The clones of a module share their code.
///
/// ```no_run
/// use raddle_wasm::{Module, WasmPool};
///
/// let module = Module::from_file("guest.wasm")?;
/// let first = WasmPool::builder().module(&module).workers(2).build()?;
/// let second = WasmPool::builder().module(&module).workers(2).build()?;
/// # Ok::<(), raddle_wasm::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Module(Arc<Inside>);

struct Inside {
    name: String,
    /// As wasmtime serializes it.
    code: Vec<u8>,
}

impl Module {
    /// The default of [`WasmPoolBuilder::module_limit`](crate::WasmPoolBuilder::module_limit).
    pub const LIMIT: u64 = 64 << 20;

    /// Compiles a component, from its binary form or its text.
    ///
    /// # Errors
    /// [`BuildError`] says what is wrong with the module.
    pub fn from_bytes(name: impl Into<String>, bytes: &[u8]) -> Result<Self, BuildError> {
        Source::Bytes {
            name: name.into(),
            bytes: bytes.to_vec(),
        }
        .compile(Self::LIMIT)
    }

    /// Compiles a component of a file, binary or text. The module's name is that of the file.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes), and [`BuildError::Read`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, BuildError> {
        Source::File(path.as_ref().to_owned()).compile(Self::LIMIT)
    }

    /// The machine code, for [`from_compiled`](Self::from_compiled): of this build of raddle-wasm, on this kind of processor.
    pub fn to_compiled(&self) -> &[u8] {
        &self.0.code
    }

    /// Takes what [`to_compiled`](Self::to_compiled) gave, for instance in an earlier run of the program. It is not compiled again.
    ///
    /// # Safety
    /// The bytes are machine code, and are run as such. They must come from `to_compiled`, and nobody else may have changed them since.
    ///
    /// # Errors
    /// [`BuildError::Invalid`] if they come from another version or another kind of processor.
    pub unsafe fn from_compiled(name: impl Into<String>, code: &[u8]) -> Result<Self, BuildError> {
        let name = name.into();
        if Engine::detect_precompiled(code) != Some(Precompiled::Component) {
            let why = "it is no compiled component".to_owned();
            return Err(BuildError::Invalid { module: name, why });
        }
        let module = Self(Arc::new(Inside {
            name,
            code: code.to_vec(),
        }));
        module.load(&engine::compiler()?)?;
        Ok(module)
    }

    /// The module's name: that of its file, or as it was given.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether both are clones of one module.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The component, for an engine.
    pub(crate) fn load(&self, engine: &Engine) -> Result<Component, BuildError> {
        // SAFETY: the bytes come from `serialize`, in `compile` or, as its caller asserts, in `from_compiled`.
        unsafe { Component::deserialize(engine, &self.0.code) }.map_err(|error| {
            BuildError::Invalid {
                module: self.0.name.clone(),
                why: format!("{error:#}"),
            }
        })
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("name", &self.0.name)
            .field("code", &self.0.code.len())
            .finish()
    }
}

/// Where a pool's module comes from.
#[derive(Clone, Debug)]
pub enum Source {
    File(PathBuf),
    Bytes { name: String, bytes: Vec<u8> },
    Module(Module),
}

impl Source {
    pub fn compile(self, limit: u64) -> Result<Module, BuildError> {
        let (name, bytes) = match self {
            Self::Module(module) => return Ok(module),
            Self::Bytes { name, bytes } => (name, bytes),
            Self::File(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                let name = name.to_string_lossy().into_owned();
                let read = |source| BuildError::Read {
                    path: path.clone(),
                    source,
                };
                let bytes = std::fs::metadata(&path).map_err(read)?.len();
                check_length(&name, bytes, limit)?;
                (name, std::fs::read(&path).map_err(read)?)
            }
        };
        check_length(&name, bytes.len() as u64, limit)?;
        let engine = engine::compiler()?;
        let invalid = |error: wasmtime::Error| BuildError::Invalid {
            module: name.clone(),
            why: format!("{error:#}"),
        };
        let component = match Component::new(&engine, &bytes) {
            Ok(component) => component,
            Err(_) if wasmtime::Module::new(&engine, &bytes).is_ok() => {
                return Err(BuildError::NotAComponent { module: name });
            }
            Err(error) => return Err(invalid(error)),
        };
        guest::check_exports(&name, &component)?;
        let code = component.serialize().map_err(invalid)?;
        Ok(Module(Arc::new(Inside { name, code })))
    }
}

fn check_length(name: &str, bytes: u64, limit: u64) -> Result<(), BuildError> {
    if bytes <= limit {
        return Ok(());
    }
    Err(BuildError::TooLarge {
        module: name.to_owned(),
        bytes,
        limit,
    })
}
