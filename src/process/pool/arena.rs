//! The size of a pool's arenas: the size that the builder was given, or what the limits of this process leave.

use crate::error::BuildError;
use crate::shm::{ARENA, MAX_ARENA, MIN_ARENA, file_bytes, lane_bytes};
use crate::sys::limits;

/// Bytes that the limits of this process leave. `None`: no limit.
struct Left {
    address_space: Option<u64>,
    file_size: Option<u64>,
}

/// Returns the bytes of each arena of a pool with `workers` workers. Called when the pool is built.
///
/// # Errors
/// `asked` is out of range, or a limit leaves less than the arenas of that size need, or less than the smallest arenas need.
pub fn size(asked: Option<usize>, workers: usize) -> Result<usize, BuildError> {
    let left = Left {
        address_space: limits::address_space_left(),
        file_size: limits::soft(limits::FILE_SIZE),
    };
    match asked {
        Some(bytes) if !(MIN_ARENA..=MAX_ARENA).contains(&bytes) => Err(BuildError::BadArena {
            bytes,
            least: MIN_ARENA,
            most: MAX_ARENA,
        }),
        Some(bytes) => left.check(bytes.next_multiple_of(MIN_ARENA), workers),
        None => left.check(left.share(workers), workers),
    }
}

impl Left {
    /// The default size. The pool takes at most half of the address space that is left: the program and its other pools need
    /// the rest, and in a worker, which has the same limit, the tasks need it.
    fn share(&self, workers: usize) -> usize {
        let of_space = self.address_space.map_or(u64::MAX, |left| {
            (left / 2 / workers as u64).saturating_sub(lane_bytes(0) as u64) / 2
        });
        let of_file = self
            .file_size
            .map_or(u64::MAX, |most| most.saturating_sub(file_bytes(0) as u64));
        let share = of_space.min(of_file).min(ARENA as u64) as usize;
        (share - share % MIN_ARENA).max(MIN_ARENA)
    }

    /// Checks that the limits leave enough for arenas of this size, and returns the size.
    fn check(&self, arena: usize, workers: usize) -> Result<usize, BuildError> {
        let space = (lane_bytes(arena) * workers) as u64;
        let file = file_bytes(arena) as u64;
        for (limit, left, needed) in [
            ("RLIMIT_AS", self.address_space, space),
            ("RLIMIT_FSIZE", self.file_size, file),
        ] {
            if let Some(left) = left.filter(|&left| left < needed) {
                return Err(BuildError::NoRoom {
                    limit,
                    left,
                    needed,
                    workers,
                });
            }
        }
        Ok(arena)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(address_space: Option<u64>, file_size: Option<u64>) -> Left {
        Left {
            address_space,
            file_size,
        }
    }

    #[test]
    fn without_limits_it_is_the_default() {
        assert_eq!(left(None, None).share(64), ARENA);
    }

    #[test]
    fn all_lanes_together_take_at_most_half_of_the_address_space() {
        for workers in [1, 2, 7, 64] {
            let arena = left(Some(8 << 30), None).share(workers);
            let taken = lane_bytes(arena) * workers;
            assert!(taken <= 4 << 30, "{workers}");
            assert!(taken > 3 << 30, "{workers}");
        }
    }

    #[test]
    fn a_file_is_no_longer_than_files_may_be() {
        let arena = left(None, Some(1 << 30)).share(2);
        assert!(file_bytes(arena) <= 1 << 30 && file_bytes(arena) > (1 << 30) - MIN_ARENA);
    }

    #[test]
    fn a_limit_that_leaves_too_little_is_named() {
        for (left, name) in [
            (left(Some(1 << 20), None), "RLIMIT_AS"),
            (left(None, Some(0)), "RLIMIT_FSIZE"),
        ] {
            let error = left.check(left.share(4), 4).unwrap_err();
            assert!(
                matches!(error, BuildError::NoRoom { limit, workers: 4, .. } if limit == name),
                "{error}"
            );
        }
    }

    // `size` reads the limits of the system.
    #[cfg(not(miri))]
    #[test]
    fn a_size_out_of_range_is_refused() {
        for bytes in [0, MIN_ARENA - 1, MAX_ARENA + 1, usize::MAX] {
            let error = size(Some(bytes), 1).unwrap_err();
            assert!(matches!(error, BuildError::BadArena { .. }), "{error}");
        }
        assert_eq!(size(Some(MIN_ARENA + 1), 1).unwrap(), 2 * MIN_ARENA);
    }
}
