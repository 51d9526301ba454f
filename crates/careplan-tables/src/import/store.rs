//! A store in memory: the reference for what a vendor's store has to do, and enough for small
//! programs.

use std::collections::BTreeMap;

use super::{Contents, Import, Key, Stamp, Step};

/// What an office holds, by key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemoryStore {
    held: BTreeMap<Key, Held>,
}

/// What is known of a key. `contents` is `None` after a deletion: the stamp stays, so that an older
/// set that comes late does not bring back what was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    stamp: Stamp,
    contents: Option<Contents>,
}

/// What [`MemoryStore::apply`] did, in keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Applied {
    /// Put in.
    pub put: usize,
    /// Removed.
    pub removed: usize,
    /// Left alone, because a later set has spoken.
    pub outdated: usize,
}

impl MemoryStore {
    /// With which stamp a key was last put or removed.
    #[must_use]
    pub fn stamp(&self, key: &Key) -> Option<Stamp> {
        self.held.get(key).map(|held| held.stamp)
    }

    /// What it holds under a key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Contents> {
        self.held.get(key)?.contents.as_ref()
    }

    /// All it holds, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Contents)> {
        self.held
            .iter()
            .filter_map(|(key, held)| Some((key, held.contents.as_ref()?)))
    }

    /// Imports a set.
    pub fn apply(&mut self, import: &Import) -> Applied {
        let mut applied = Applied::default();
        let stamp = import.stamp();
        // Every key has one step, so what this one changes decides no other.
        let steps: Vec<Step<'_>> = import.steps(|key| self.stamp(key)).collect();
        for step in steps {
            match step {
                Step::Put { key, contents } => {
                    let contents = Some(contents.clone());
                    self.held.insert(key, Held { stamp, contents });
                    applied.put += 1;
                }
                Step::Remove { key } => {
                    let contents = None;
                    self.held.insert(key, Held { stamp, contents });
                    applied.removed += 1;
                }
                Step::Outdated { .. } => applied.outdated += 1,
            }
        }
        applied
    }
}
