//! Limits how many workers of a pool may be replaced within a window of time: processes that died, or states of isolates that a
//! panic spoiled.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

/// See the module.
pub struct RestartLimit {
    most: u32,
    window: Duration,
    /// The deaths within the window, oldest first.
    spent: VecDeque<Instant>,
}

impl RestartLimit {
    pub fn new(most: u32, window: Duration) -> Self {
        Self {
            most,
            window,
            spent: VecDeque::new(),
        }
    }

    /// Counts a death. `false`: there were too many.
    pub fn allow(&mut self, now: Instant) -> bool {
        while let Some(&first) = self.spent.front()
            && now.saturating_duration_since(first) > self.window
        {
            self.spent.pop_front();
        }
        self.spent.push_back(now);
        self.spent.len() <= self.most as usize
    }
}

impl fmt::Display for RestartLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} times within {:?}", self.most, self.window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deaths_outside_the_window_do_not_count() {
        let mut restart_limit = RestartLimit::new(2, Duration::from_secs(1));
        let start = Instant::now();
        assert!(restart_limit.allow(start));
        assert!(restart_limit.allow(start));
        assert!(!restart_limit.allow(start), "the third within the window");
        assert!(restart_limit.allow(start + Duration::from_secs(2)));
    }

    #[test]
    fn a_limit_of_zero_allows_none() {
        assert!(!RestartLimit::new(0, Duration::from_secs(1)).allow(Instant::now()));
    }
}
