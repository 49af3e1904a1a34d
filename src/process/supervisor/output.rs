//! Captures an output stream of a worker: each line goes to the log, and the last ones are kept for the report of its death.

use crate::sys::spawn;
use std::os::fd::OwnedFd;

/// How many bytes are kept.
const KEPT: usize = 4096;

/// See the module.
pub struct OutputCapture {
    level: log::Level,
    kept: Vec<u8>,
    /// Where the unfinished line begins in `kept`.
    line: usize,
}

impl OutputCapture {
    pub fn new(level: log::Level) -> Self {
        Self {
            level,
            kept: Vec::new(),
            line: 0,
        }
    }

    /// Reads what the stream has, up to a limit, so that a worker that writes without end does not hold up the supervisor. `false`
    /// at the end of the stream.
    pub fn read(&mut self, from: &OwnedFd, worker: &str) -> bool {
        let mut bytes = [0; KEPT];
        for _ in 0..16 {
            match spawn::read(from, &mut bytes) {
                Ok(0) => return false,
                Ok(count) => self.take(&bytes[..count], worker),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
            }
        }
        true
    }

    /// Logs the lines that have ended, and keeps the last bytes.
    fn take(&mut self, bytes: &[u8], worker: &str) {
        self.kept.extend_from_slice(bytes);
        while let Some(end) = self.kept[self.line..]
            .iter()
            .position(|&byte| byte == b'\n')
        {
            let line = String::from_utf8_lossy(&self.kept[self.line..self.line + end]);
            log::log!(self.level, "{worker}: {line}");
            self.line += end + 1;
        }
        let surplus = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..surplus);
        self.line = self.line.saturating_sub(surplus);
    }

    /// The bytes that were kept, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }
}
