//! The handshake between parent and worker: one message each way over the control socket.
//!
//! 1. The parent sends the fingerprint of its build, the [`WorkerConfig`] and the [`Descriptors`]. The worker decodes the config
//!    only if the fingerprint is its own.
//! 2. The worker sends the ready message: that it is ready, or why it will not be.

use super::error::StartError;
use super::settings::Limit;
use crate::codec::{self, Part, PayloadError};
use crate::process::worker::image::Image;
use crate::sys::socket;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The longest message.
const MOST_BYTES: usize = 64 << 10;

/// The settings of one worker, as they travel. See [`Settings`](super::Settings) and [`Launch`](super::Launch).
#[derive(Debug, Serialize, Deserialize)]
pub struct WorkerConfig {
    pub index: usize,
    pub name: String,
    pub first: u32,
    pub core: Option<usize>,
    pub nice: Option<i32>,
    pub limits: Vec<Limit>,
    pub on_start: Option<u64>,
    pub sandbox: Option<u64>,
    pub on_stop: Option<u64>,
    pub max_tasks: Option<u64>,
}

/// The descriptors that travel with the config, in this order.
#[derive(Debug)]
pub struct Descriptors<T> {
    pub requests: T,
    pub replies: T,
    pub event: T,
    pub stdin: T,
}

/// In the parent: sends the config to a process that is held by a pidfd. If the process has ended already, this is no error: its
/// ready message has the reason, or there is none.
pub fn send_config(
    control: &OwnedFd,
    image: &Image,
    config: &WorkerConfig,
    descriptors: Descriptors<BorrowedFd<'_>>,
) -> Result<(), StartError> {
    let step = || "sending the worker its config";
    let mut message = image.fingerprint().to_ne_bytes().to_vec();
    message.extend(encode(config).map_err(|error| StartError::unsendable(step(), &error))?);
    if message.len() > MOST_BYTES {
        return Err(StartError::system(step())(
            io::ErrorKind::ArgumentListTooLong.into(),
        ));
    }
    let Descriptors {
        requests,
        replies,
        event,
        stdin,
    } = descriptors;
    match socket::send(control, &message, &[requests, replies, event, stdin]) {
        Err(error) if is_gone(&error) => Ok(()),
        sent => sent.map_err(StartError::system(step())),
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

/// In the worker: receives the config, and checks the fingerprint before it decodes the rest. Called before `main`.
pub fn receive_config(
    control: &OwnedFd,
) -> Result<(WorkerConfig, Descriptors<OwnedFd>), StartError> {
    let mut buffer = vec![0; MOST_BYTES];
    let received = socket::receive(control, &mut buffer)
        .map_err(StartError::system("receiving the config"))?;
    let (fingerprint, config) = buffer[..received.length]
        .split_first_chunk()
        .ok_or(StartError::Garbled)?;
    let image = Image::get().map_err(StartError::Code)?;
    if u64::from_ne_bytes(*fingerprint) != image.fingerprint() {
        return Err(StartError::OtherBuild);
    }
    let config = decode(config)?;
    let descriptors = <[OwnedFd; 4]>::try_from(received.descriptors);
    let [requests, replies, event, stdin] = descriptors.map_err(|_| StartError::Garbled)?;
    let descriptors = Descriptors {
        requests,
        replies,
        event,
        stdin,
    };
    Ok((config, descriptors))
}

/// In the worker: sends the ready message, which says that it is ready, or why it will not be.
pub fn send_ready(control: impl AsFd, outcome: &Result<(), StartError>) -> io::Result<()> {
    let message = encode(outcome).map_err(io::Error::other)?;
    socket::send(control, &message[..message.len().min(MOST_BYTES)], &[])
}

/// In the parent: the ready message, if it has come, or the error that there will be none. Never blocks.
pub fn receive_ready(control: &OwnedFd) -> Option<Result<(), StartError>> {
    let mut buffer = vec![0; MOST_BYTES];
    let mut received = socket::receive(control, &mut buffer);
    // The worker ended without reading what was sent to it. The system reports that first, once; then comes the message.
    if is_reset(&received) {
        received = socket::receive(control, &mut buffer);
    }
    match received {
        Ok(received) if received.length == 0 => Some(Err(StartError::Silent)),
        Ok(received) => Some(decode(&buffer[..received.length]).and_then(|outcome| outcome)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        Err(error) => Some(Err(StartError::system(
            "receiving the worker's ready message",
        )(error))),
    }
}

fn is_reset<T>(received: &io::Result<T>) -> bool {
    let error = received.as_ref().err();
    error.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionReset)
}

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, PayloadError> {
    let mut bytes = vec![0; codec::size(value, Part::Argument)?];
    codec::write(value, Part::Argument, codec::SliceSink::new(&mut bytes))?;
    Ok(bytes)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StartError> {
    codec::read(Part::Argument, bytes).map_err(|_| StartError::Garbled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_a_worker_that_ended_without_reading_is_received() {
        let (ours, theirs) = socket::pair().unwrap();
        socket::send(&ours, b"do this", &[]).unwrap();
        send_ready(&theirs, &Err(StartError::OtherBuild)).unwrap();
        drop(theirs);
        assert_eq!(receive_ready(&ours), Some(Err(StartError::OtherBuild)));
    }

    #[test]
    fn a_worker_that_ends_without_a_message_is_silent() {
        let (ours, theirs) = socket::pair().unwrap();
        socket::send(&ours, b"do this", &[]).unwrap();
        drop(theirs);
        assert_eq!(receive_ready(&ours), Some(Err(StartError::Silent)));
    }
}
