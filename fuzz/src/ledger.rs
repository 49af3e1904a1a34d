//! Counts how often each thing was dropped.

use crate::purpose;
use std::sync::{Arc, Condvar, Mutex};

/// The drops of one program's tokens.
#[derive(Default)]
pub struct Ledger {
    drops: Mutex<Vec<u32>>,
    changed: Condvar,
}

impl Ledger {
    /// A new thing to count; its number.
    pub fn add(&self) -> usize {
        let mut drops = self.drops.lock().unwrap();
        drops.push(0);
        drops.len() - 1
    }

    /// That one was dropped.
    pub fn count(&self, id: usize) {
        self.drops.lock().unwrap()[id] += 1;
        self.changed.notify_all();
    }

    /// A new thing that counts itself.
    pub fn token(self: &Arc<Self>) -> Token {
        Token {
            ledger: Arc::clone(self),
            id: self.add(),
            is_bad: false,
        }
    }

    /// How often each was dropped.
    pub fn drops(&self) -> Vec<u32> {
        self.drops.lock().unwrap().clone()
    }

    /// Waits until each was dropped at least once.
    pub fn wait_until_all_are_dropped(&self) {
        let mut drops = self.drops.lock().unwrap();
        while drops.contains(&0) {
            drops = self.changed.wait(drops).unwrap();
        }
    }

    /// Panics unless each was dropped exactly once.
    pub fn assert_each_was_dropped_once(&self) {
        let drops = self.drops();
        let wrong = drops.iter().enumerate().filter(|(_, count)| **count != 1);
        let wrong: Vec<_> = wrong.collect();
        assert!(wrong.is_empty(), "(token, drops), not once: {wrong:?}");
    }
}

/// A thing that is to be dropped exactly once.
pub struct Token {
    ledger: Arc<Ledger>,
    id: usize,
    /// Its destructor panics.
    pub is_bad: bool,
}

impl Token {
    /// Its number in the ledger.
    pub fn id(&self) -> usize {
        self.id
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.ledger.count(self.id);
        if self.is_bad {
            purpose::panic("a destructor");
        }
    }
}
