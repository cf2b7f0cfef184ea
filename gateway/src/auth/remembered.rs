//! What was found of tokens whose signature holds: it does so for ever, and looking takes longer than most requests.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Most tokens that are remembered. When there are more, all are forgotten.
const MOST: usize = 16_384;

/// What was found, by the token.
#[derive(Debug)]
pub(super) struct Remembered<T>(Mutex<HashMap<Box<str>, T>>);

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Remembered<T> {
    /// What was found of a token.
    pub(super) fn get(&self, token: &str) -> Option<T> {
        self.all().get(token).cloned()
    }

    /// Remembers what was found of a token.
    pub(super) fn keep(&self, token: &str, found: T) {
        let mut all = self.all();
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(token.into(), found);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Box<str>, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
