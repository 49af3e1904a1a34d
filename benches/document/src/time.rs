//! Times of day, in UTC.

use std::mem::zeroed;
use std::time::{SystemTime, UNIX_EPOCH};

fn parts(time: SystemTime) -> libc::tm {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs() as libc::time_t;
    // SAFETY: all fields are numbers or a pointer that is not read, for which zero is a value.
    let mut tm: libc::tm = unsafe { zeroed() };
    // SAFETY: both pointers are to values that live over the call.
    unsafe { libc::gmtime_r(&seconds, &mut tm) };
    tm
}

/// As in `2026-11-21T15:04:05Z`.
pub fn rfc3339(time: SystemTime) -> String {
    let tm = parts(time);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        tm.tm_year + 1900,
        tm.tm_mon + 1,
        tm.tm_mday,
        tm.tm_hour,
        tm.tm_min,
        tm.tm_sec
    )
}

/// The same time without what file systems dislike: `20261121T150405Z`.
pub fn compact(rfc3339: &str) -> String {
    rfc3339
        .chars()
        .filter(|c| !matches!(c, '-' | ':'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_are_written_in_utc() {
        let leap = UNIX_EPOCH + Duration::from_secs(951_782_400);
        assert_eq!(rfc3339(leap), "2000-02-29T00:00:00Z");
        assert_eq!(compact("2000-02-29T00:00:00Z"), "20000229T000000Z");
    }
}
