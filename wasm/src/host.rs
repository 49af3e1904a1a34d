//! What the host keeps for an instance: its limits, what it said before it panicked, and what it was given.

use crate::io::Io;
use crate::stop::Stop;
use wasmtime::ResourceLimiter;
use wasmtime_wasi::{ResourceTable, WasiCtx, WasiCtxView, WasiView};

/// The data of an instance's store.
pub struct Host {
    pub limits: Limits,
    /// The message of the panic that is under way.
    pub panicked: Option<String>,
    /// What stops it.
    pub stop: Stop,
    /// It has asked whether it may go on.
    pub asked: bool,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl Host {
    pub fn new(limits: Limits, stop: Stop, wasi: WasiCtx) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self {
            limits,
            panicked: None,
            stop,
            asked: false,
            wasi,
            table,
        }
    }

    pub fn io(&mut self) -> Io<'_> {
        Io {
            table: &mut self.table,
            stop: &self.stop,
        }
    }
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// How much an instance may take, and what it was refused.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of memory, in all memories of the instance.
    pub memory: usize,
    /// Entries, in each table.
    pub table: usize,
    /// What it has open.
    pub handles: usize,
    used: usize,
    refused: Option<Refused>,
}

/// What an instance was refused, as it wanted to grow.
#[derive(Clone, Copy, Debug)]
pub enum Refused {
    Memory { wanted: usize },
    Table { wanted: usize },
}

impl Limits {
    pub fn new(memory: usize, table: usize, handles: usize) -> Self {
        Self {
            memory,
            table,
            handles,
            used: 0,
            refused: None,
        }
    }

    /// What was refused since the last call of this.
    pub fn take_refused(&mut self) -> Option<Refused> {
        self.refused.take()
    }
}

/// A guest that is refused more learns that from the instruction by which it asked, as WebAssembly has it.
impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The guest itself forbids it. It is no refusal, and does not count.
            return Ok(false);
        }
        let wanted = self.used.saturating_add(desired.saturating_sub(current));
        if wanted > self.memory {
            self.refused = Some(Refused::Memory { wanted });
            return Ok(false);
        }
        self.used = wanted;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        if desired > self.table {
            self.refused = Some(Refused::Table { wanted: desired });
            return Ok(false);
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        usize::MAX
    }

    fn tables(&self) -> usize {
        usize::MAX
    }

    fn memories(&self) -> usize {
        usize::MAX
    }
}
