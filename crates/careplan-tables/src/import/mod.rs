//! Import semantics (取込): which records of received sets a store holds in the end, as a pure
//! function over keys.
//!
//! What the standard says of it:
//! - Sets are imported in the order of their sequence, whatever their kind: [`order`].
//! - A later set replaces the earlier one for the same [`Key`]; an update needs no deletion first.
//!   Replaced is all that the key has: the supplement and tables 2 and 3 with table 1.
//! - Deletions cascade in the same way: DLT1KYO removes tables 1, 2, 3 and their supplement of a
//!   plan date, DLTPLAN tables 6, 7 and their supplement of a month, DLTJSK the actuals of a month,
//!   office and service type, DLTKIHON the sub-tables and pictures, DLTYOBO the details.
//! - A correction of actuals resends all that was sent with them. So the service type of a key of
//!   actuals is that of the file: rows that the correction lacks are gone, whatever their code.
//!   Persons that are not in the file keep what they have: which persons go into a file is free.
//!
//! Sets do not always arrive in their order. For every key a store keeps the [`Stamp`] of the last
//! set that said something of it, deletions included; what comes with an earlier stamp is
//! [`Outdated`](Step::Outdated). So the store is the same whatever the order of arrival.
//!
//! ```
//! use careplan_tables::import::{Import, MemoryStore, Step};
//! use careplan_tables::{group, records, table::Table6Plan};
//!
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/month-set");
//! let files = std::fs::read_dir(folder)?
//!     .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
//!     .collect::<std::io::Result<Vec<_>>>()?;
//! let set = &group(files).sets[0];
//! let import = Import::read(set, |file| std::fs::read(format!("{folder}/{}", file.file)))?;
//!
//! let mut store = MemoryStore::default();
//! for step in import.steps(|key| store.stamp(key)) {
//!     if let Step::Put { contents, .. } = step {
//!         // In place of all that the store has under the key.
//!         let rows = contents.records::<Table6Plan>().count();
//!         assert_eq!(rows, 21);
//!     }
//! }
//! // The reference store does just that.
//! assert_eq!(store.apply(&import).put, 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod key;
mod store;

pub use error::{ImportError, ImportErrorKind};
pub use key::{Key, Keyed, Person, Stamp};
pub use store::{Applied, MemoryStore};

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use careplan_core::SetKind;

use crate::raw::{LineEnd, RawSlice};
use crate::read::{Records, records};
use crate::set::{FileSet, SetFile};
use crate::table::{BasicInformation, FileKind, Table};

/// Sorts sets into the order of import: by [`Stamp`]. What is no set of the standard comes last.
///
/// [`group`](crate::group) gives the sets of one folder in this order already; this is for sets
/// that came in several sendings.
pub fn order(sets: &mut [FileSet]) {
    sets.sort_by_key(|set| {
        let stamp = Stamp::of(set);
        (stamp.is_none(), stamp)
    });
}

/// What a received set says, by keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    stamp: Stamp,
    puts: BTreeMap<Key, Contents>,
    removals: BTreeSet<Key>,
    strays: Vec<Stray>,
}

/// What to do with one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step<'i> {
    /// Put these records in place of all that the key has, and remember the set's stamp with it.
    Put {
        /// The key.
        key: Key,
        /// The records.
        contents: &'i Contents,
    },
    /// Remove all that the key has, and remember the set's stamp, even if it has nothing: an older
    /// set may still come.
    Remove {
        /// The key.
        key: Key,
    },
    /// Leave the key alone: a later set has spoken of it.
    Outdated {
        /// The key.
        key: Key,
        /// The later set.
        by: Stamp,
    },
}

/// A record that belongs to nothing its set puts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Stray {
    /// The file.
    pub file: FileKind,
    /// The record's number in it, from 1.
    pub record: u64,
    /// Its key; `None` if it has none, as a supplement without the plan date or month that its set
    /// asks for, or actuals of an unknown service type.
    pub key: Option<Key>,
}

impl Import {
    /// Reads the files of a set, strictly.
    ///
    /// # Errors
    /// If the files are no set of the standard, `read` fails, or a file departs from the standard:
    /// nothing of a set is imported then.
    pub fn read(
        set: &FileSet,
        mut read: impl FnMut(&SetFile) -> io::Result<Vec<u8>>,
    ) -> Result<Self, ImportError> {
        let stamp = match set.kind() {
            Ok(kind) => Stamp::new(set, kind),
            Err(fault) => return Err(ImportError::set(fault.clone())),
        };
        let mut import = Self {
            stamp,
            puts: BTreeMap::new(),
            removals: BTreeSet::new(),
            strays: Vec::new(),
        };
        let mut dependents = Vec::new();
        for file in set.files() {
            let bytes = read(file).map_err(|error| ImportError::io(file, error))?;
            let keyed = key::split(file, &bytes, &import.stamp)
                .map_err(|error| ImportError::read(file, error))?;
            let kind = file.name.kind();
            if kind.is_deletion() {
                for (record, key, _) in keyed {
                    match key {
                        Some(key) => _ = import.removals.insert(key),
                        None => import.strays.push(Stray {
                            file: kind,
                            record,
                            key,
                        }),
                    }
                }
            } else if leads(stamp.kind, kind) {
                for (record, key, bytes) in keyed {
                    match key {
                        Some(key) => import.puts.entry(key).or_default().push(kind, &bytes),
                        None => import.strays.push(Stray {
                            file: kind,
                            record,
                            key,
                        }),
                    }
                }
            } else {
                dependents.push((kind, keyed));
            }
        }
        // The leading table says whom a set is about; only then can others be told from strays.
        for (kind, keyed) in dependents {
            for (record, key, bytes) in keyed {
                match key.and_then(|key| import.puts.get_mut(&key)) {
                    Some(contents) => contents.push(kind, &bytes),
                    None => import.strays.push(Stray {
                        file: kind,
                        record,
                        key,
                    }),
                }
            }
        }
        Ok(import)
    }

    /// When and from whom the set is.
    #[must_use]
    pub const fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// What to do, one step for each key. `held` says with which stamp the store holds or has
    /// removed something under a key; `None` if it never heard of it.
    pub fn steps(
        &self,
        mut held: impl FnMut(&Key) -> Option<Stamp>,
    ) -> impl Iterator<Item = Step<'_>> {
        let puts = self
            .puts
            .iter()
            .map(|(key, contents)| (key, Some(contents)));
        let removals = self.removals.iter().map(|key| (key, None));
        removals
            .chain(puts)
            .map(move |(&key, contents)| match (held(&key), contents) {
                (Some(by), _) if by > self.stamp => Step::Outdated { key, by },
                (_, Some(contents)) => Step::Put { key, contents },
                (_, None) => Step::Remove { key },
            })
    }

    /// Records that belong to nothing the set puts: they are left out. The checker reports them as
    /// `person_unexpected` and `supplement_marker`.
    #[must_use]
    pub fn strays(&self) -> &[Stray] {
        &self.strays
    }
}

/// Whether a file says whom a set is about.
fn leads(set: SetKind, file: FileKind) -> bool {
    use FileKind as F;
    match set {
        SetKind::CarePlan => file == F::Table1,
        SetKind::MonthlyPlan => file == F::Table6Plan,
        SetKind::Actuals => file == F::Table6Actual,
        SetKind::BasicInformation => file == F::BasicInformation,
        SetKind::SupportPlan => file == F::SupportPlan,
        SetKind::BasicInformationAndSupportPlan => {
            file == F::BasicInformation || file == F::SupportPlan
        }
        _ => false,
    }
}

/// The records of one key, file by file, in the order of the set.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Contents {
    files: BTreeMap<FileKind, Vec<u8>>,
}

impl Contents {
    /// The files of which there are records.
    pub fn kinds(&self) -> impl Iterator<Item = FileKind> {
        self.files.keys().copied()
    }

    /// The records of a file in the standard's form; empty if there are none.
    #[must_use]
    pub fn bytes(&self, kind: FileKind) -> &[u8] {
        self.files.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// The typed records of a file; none if the set has none for this key.
    pub fn records<T: Table>(&self) -> impl Iterator<Item = T::Record<'_>> {
        let bytes = self.bytes(T::KIND);
        // The bytes were read strictly before they were kept.
        let read: Option<Records<'_, T>> = (!bytes.is_empty()).then(|| records::<T>(bytes));
        read.into_iter().flatten().filter_map(Result::ok)
    }

    /// Names of the pictures (家族構成 画像) that basic information speaks of.
    #[must_use]
    pub fn pictures(&self) -> Vec<String> {
        self.records::<BasicInformation<'_>>()
            .filter(|record| !record.family_image_file.is_empty())
            .map(|record| record.family_image_file.decode().into_owned())
            .collect()
    }

    fn push(&mut self, kind: FileKind, record: &[u8]) {
        self.files
            .entry(kind)
            .or_default()
            .extend_from_slice(record);
    }
}

impl std::fmt::Debug for Contents {
    /// Shows which files there are; the rest is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.files.keys()).finish()
    }
}

/// A record's number, key and bytes, which end as the standard's do.
type KeyedRecord = (u64, Option<Key>, Vec<u8>);

/// The records of a file with their keys.
fn keyed_records<T: Keyed>(
    file: &SetFile,
    bytes: &[u8],
    stamp: &Stamp,
) -> Result<Vec<KeyedRecord>, crate::ReadError> {
    let mut raw = RawSlice::new(bytes);
    let mut keyed = Vec::new();
    for record in records::<T>(bytes).named(file.file.as_str()) {
        let record = record?;
        // A strictly read file has a raw record for each typed one.
        let Some(raw) = raw.next_record() else { break };
        let end = match raw.line_end() {
            LineEnd::CrLf => 2,
            LineEnd::Lf | LineEnd::Cr => 1,
            LineEnd::Missing => 0,
        };
        let whole = raw.bytes();
        let mut bytes = whole
            .get(..whole.len().saturating_sub(end))
            .unwrap_or_default()
            .to_vec();
        bytes.extend_from_slice(b"\r\n");
        keyed.push((raw.number(), T::key(&record, stamp), bytes));
    }
    Ok(keyed)
}
