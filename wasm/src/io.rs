//! WASI's waits and streams, whose blocking calls end when their task is interrupted. All else is wasmtime's.
//!
//! Whatever a guest waits for, a time, a socket, a stream, it waits in one of these calls.

use crate::host::Host;
use crate::stop::{Interrupted, Stop};
use std::future::Future;
use wasmtime::Result;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::io as waits;
use wasmtime_wasi::p2::bindings::sync::io::{poll, streams};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamError, StreamResult};

/// Puts them in the place of wasmtime's.
pub fn link(linker: &mut Linker<Host>) -> Result<()> {
    poll::add_to_linker::<Host, HasIo>(linker, Host::io)?;
    streams::add_to_linker::<Host, HasIo>(linker, Host::io)
}

struct HasIo;

impl HasData for HasIo {
    type Data<'a> = Io<'a>;
}

/// What an instance has open, and what stops its waits.
pub struct Io<'a> {
    pub table: &'a mut ResourceTable,
    pub stop: &'a Stop,
}

/// Waits for a call on a stream.
fn wait<T>(stop: &Stop, call: impl Future<Output = StreamResult<T>>) -> StreamResult<T> {
    match stop.wait(call) {
        Ok(done) => done,
        Err(Interrupted) => Err(StreamError::Trap(Interrupted.into())),
    }
}

impl poll::Host for Io<'_> {
    fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
        self.stop
            .wait(waits::poll::Host::poll(self.table, pollables))?
    }
}

impl poll::HostPollable for Io<'_> {
    fn ready(&mut self, pollable: Resource<DynPollable>) -> Result<bool> {
        poll::HostPollable::ready(self.table, pollable)
    }

    fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        self.stop
            .wait(waits::poll::HostPollable::block(self.table, pollable))?
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        poll::HostPollable::drop(self.table, pollable)
    }
}

impl streams::Host for Io<'_> {
    fn convert_stream_error(&mut self, error: StreamError) -> Result<streams::StreamError> {
        streams::Host::convert_stream_error(self.table, error)
    }
}

impl streams::HostInputStream for Io<'_> {
    fn read(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>> {
        streams::HostInputStream::read(self.table, stream, len)
    }

    fn blocking_read(
        &mut self,
        stream: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<Vec<u8>> {
        let read = waits::streams::HostInputStream::blocking_read(self.table, stream, len);
        wait(self.stop, read)
    }

    fn skip(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        streams::HostInputStream::skip(self.table, stream, len)
    }

    fn blocking_skip(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        let skip = waits::streams::HostInputStream::blocking_skip(self.table, stream, len);
        wait(self.stop, skip)
    }

    fn subscribe(&mut self, stream: Resource<DynInputStream>) -> Result<Resource<DynPollable>> {
        streams::HostInputStream::subscribe(self.table, stream)
    }

    fn drop(&mut self, stream: Resource<DynInputStream>) -> Result<()> {
        streams::HostInputStream::drop(self.table, stream)
    }
}

impl streams::HostOutputStream for Io<'_> {
    fn check_write(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<u64> {
        streams::HostOutputStream::check_write(self.table, stream)
    }

    fn write(&mut self, stream: Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()> {
        streams::HostOutputStream::write(self.table, stream, bytes)
    }

    fn blocking_write_and_flush(
        &mut self,
        stream: Resource<DynOutputStream>,
        bytes: Vec<u8>,
    ) -> StreamResult<()> {
        use waits::streams::HostOutputStream as Waits;
        let write = Waits::blocking_write_and_flush(self.table, stream, bytes);
        wait(self.stop, write)
    }

    fn flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        streams::HostOutputStream::flush(self.table, stream)
    }

    fn blocking_flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        let flush = waits::streams::HostOutputStream::blocking_flush(self.table, stream);
        wait(self.stop, flush)
    }

    fn subscribe(&mut self, stream: Resource<DynOutputStream>) -> Result<Resource<DynPollable>> {
        streams::HostOutputStream::subscribe(self.table, stream)
    }

    fn write_zeroes(&mut self, stream: Resource<DynOutputStream>, len: u64) -> StreamResult<()> {
        streams::HostOutputStream::write_zeroes(self.table, stream, len)
    }

    fn blocking_write_zeroes_and_flush(
        &mut self,
        stream: Resource<DynOutputStream>,
        len: u64,
    ) -> StreamResult<()> {
        use waits::streams::HostOutputStream as Waits;
        let write = Waits::blocking_write_zeroes_and_flush(self.table, stream, len);
        wait(self.stop, write)
    }

    fn splice(
        &mut self,
        stream: Resource<DynOutputStream>,
        from: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<u64> {
        streams::HostOutputStream::splice(self.table, stream, from, len)
    }

    fn blocking_splice(
        &mut self,
        stream: Resource<DynOutputStream>,
        from: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<u64> {
        use waits::streams::HostOutputStream as Waits;
        wait(
            self.stop,
            Waits::blocking_splice(self.table, stream, from, len),
        )
    }

    fn drop(&mut self, stream: Resource<DynOutputStream>) -> Result<()> {
        streams::HostOutputStream::drop(self.table, stream)
    }
}
