//! What a guest is given, by name: files, clocks, environment, randomness, network. And what it finds in the place of all else.
//!
//! Without anything given, a guest has no capability. WASI's interfaces for output, for the environment and for a hash map's seed are there, since
//! ordinary programs call them before they do anything: output is discarded, the environment is empty. Each function of another
//! WASI interface is a stub that ends the task with [`Problem::NotGiven`](crate::Problem::NotGiven).

use crate::error::BuildError;
use crate::guest;
use crate::host::{Host, Limits};
use crate::io;
use crate::stop::Stop;
use std::fmt;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};

/// How a guest may use a directory that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// It may read files and list the directory.
    Read,
    /// It may also write, make and remove files.
    ReadWrite,
}

/// What a pool gives its guests.
#[derive(Clone, Debug, Default)]
pub struct Given {
    pub environment: Vec<(String, String)>,
    pub arguments: Vec<String>,
    pub directories: Vec<(std::path::PathBuf, String, Access)>,
    pub clocks: bool,
    pub random: bool,
    pub network: bool,
    pub output: bool,
}

/// A guest called this, which it was not given.
#[derive(Debug)]
pub struct NotGiven {
    pub import: String,
}

impl fmt::Display for NotGiven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was not given", self.import)
    }
}

impl std::error::Error for NotGiven {}

/// What gives an import, as a call of the builder.
pub fn how_to_give(import: &str) -> Option<&'static str> {
    let of = |interface: &str| import.starts_with(interface);
    if of("wasi:clocks/") || of("wasi:io/poll") {
        Some("clocks()")
    } else if of("wasi:random/") {
        Some("random()")
    } else if of("wasi:filesystem/") {
        Some("directory(..)")
    } else if of("wasi:sockets/") {
        Some("network()")
    } else {
        None
    }
}

/// Links all that a component imports.
///
/// # Errors
/// An import that is neither WASI's nor raddle's.
pub fn link(name: &str, component: &Component, given: &Given) -> Result<Linker<Host>, BuildError> {
    let failed = |error: wasmtime::Error| BuildError::Engine {
        why: format!("{error:#}"),
    };
    let mut linker = Linker::new(component.engine());
    guest::link_host(&mut linker).map_err(failed)?;
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker).map_err(failed)?;
    linker.allow_shadowing(true);
    io::link(&mut linker).map_err(failed)?;
    let ty = component.component_type();
    for (import, item) in ty.imports(component.engine()) {
        if guest::is_host_of_this_version(import) {
            continue;
        }
        let interface = import.split('@').next().unwrap_or(import);
        match is_given(interface, given) {
            Some(true) => {}
            Some(false) => {
                stub(&mut linker, component, interface, import, &item.ty).map_err(failed)?;
            }
            None => {
                return Err(BuildError::MissingImport {
                    module: name.to_owned(),
                    import: import.to_owned(),
                });
            }
        }
    }
    Ok(linker)
}

/// Whether a guest may use this interface, whose version is not in the name. `None`: it is none that can be given.
fn is_given(interface: &str, given: &Given) -> Option<bool> {
    let (package, name) = interface.strip_prefix("wasi:")?.split_once('/')?;
    let is_given = match (package, name) {
        ("io" | "cli", _) | ("random", "insecure-seed") => true,
        ("random", _) => given.random,
        ("clocks", _) => given.clocks,
        // A guest that opens a socket asks for its directories first, and finds none.
        ("filesystem", _) => !given.directories.is_empty() || given.network,
        ("sockets", _) => given.network,
        _ => return None,
    };
    Some(is_given)
}

/// The version of WASI that wasmtime links. Older ones of guests are linked to it.
const WASI: &str = "0.2.12";

/// Puts stubs in the place of the functions of an interface. Its resources stay as they were linked, since those of other interfaces
/// refer to them.
fn stub(
    linker: &mut Linker<Host>,
    component: &Component,
    interface: &str,
    import: &str,
    item: &ComponentItem,
) -> wasmtime::Result<()> {
    let ComponentItem::ComponentInstance(item) = item else {
        return Ok(());
    };
    let linked = format!("{interface}@{WASI}");
    let mut instance = linker.instance(&linked)?;
    for (name, item) in item.exports(component.engine()) {
        if let ComponentItem::ComponentFunc(_) = item.ty {
            let import = format!("{import}#{name}");
            instance.func_new(name, move |_, _, _, _| {
                let import = import.clone();
                Err(wasmtime::Error::new(NotGiven { import }))
            })?;
        }
    }
    Ok(())
}

/// The host's data for a new instance.
///
/// # Errors
/// A directory that cannot be opened.
pub fn host(given: &Given, limits: Limits, stop: Stop) -> Result<Host, BuildError> {
    use wasmtime_wasi::{FsPerms, WasiCtx};

    let mut wasi = WasiCtx::builder();
    wasi.envs(&given.environment).args(&given.arguments);
    // The isolate's thread waits for a file, and not another one for it.
    wasi.allow_blocking_current_thread(true);
    if given.output {
        wasi.inherit_stdout().inherit_stderr();
    }
    if given.network {
        wasi.inherit_network()
            .allow_tcp(true)
            .allow_udp(true)
            .allow_ip_name_lookup(true);
    }
    for (path, there, access) in &given.directories {
        let permissions = match access {
            Access::Read => FsPerms::ReadOnly,
            Access::ReadWrite => FsPerms::ReadWrite,
        };
        wasi.preopened_dir(path, there, permissions)
            .map_err(|error| BuildError::Directory {
                path: path.clone(),
                why: format!("{error:#}"),
            })?;
    }
    Ok(Host::new(limits, stop, wasi.build()))
}
