//! The folder of containers.
//!
//! By the hour, so that no folder grows without bound, one flush of a folder serves many
//! containers, and what a crash left can be looked for where it must be.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::spool::Spooled;
use crate::storage::containers::{
    ContainerPlace, ContainerStore, RightToDelete, blocking, entries, hour_folder,
};
use crate::storage::{ContainerReader, StorageError, StorageErrorKind};

/// How many of the latest hours can hold what a crash left: an upload's time limit is far below an
/// hour, so it is in the hour of the crash or the one before.
const LATEST_HOURS: usize = 2;

/// How much of a container is read when it is opened, in bytes: all of most.
const READ_AT_ONCE: u64 = 128 * 1024;

/// The folder of containers, and the one of uploads under way beside it.
#[derive(Debug, Clone)]
pub(in crate::storage) struct ContainerFolder {
    home: PathBuf,
    containers: PathBuf,
    spool: PathBuf,
}

impl ContainerFolder {
    /// The folders of a home, as they may be.
    pub(super) fn at(home: &Path) -> Self {
        Self {
            home: home.to_owned(),
            containers: home.join("containers"),
            spool: crate::storage::spool(home),
        }
    }

    /// The folders of a home, made if they are not there.
    pub(super) fn open(home: &Path) -> Result<Self, StorageError> {
        let folder = Self::at(home);
        fs::create_dir_all(&folder.containers)
            .and_then(|()| fs::create_dir_all(&folder.spool))
            .map_err(StorageError::unavailable(
                "making the folders of containers",
            ))?;
        Ok(folder)
    }

    pub(super) fn spool(&self) -> PathBuf {
        self.spool.clone()
    }

    /// Where a container is.
    pub(super) fn path(&self, place: ContainerPlace) -> Result<PathBuf, StorageError> {
        let folder = self.containers.join(hour_folder(place.hour()?));
        Ok(folder.join(place.file_name()))
    }
}

#[async_trait]
impl ContainerStore for ContainerFolder {
    /// The folder it is in, whose entries are not yet on stable storage.
    type Stored = PathBuf;

    async fn store(
        &self,
        place: ContainerPlace,
        container: Spooled,
    ) -> Result<PathBuf, StorageError> {
        let folder = self.containers.join(hour_folder(place.hour()?));
        blocking("storing a container", move || {
            fs::create_dir_all(&folder)?;
            container.sync_and_move(&folder.join(place.file_name()))?;
            Ok(folder)
        })
        .await
    }

    async fn open(
        &self,
        place: ContainerPlace,
        bytes: u64,
    ) -> Result<ContainerReader, StorageError> {
        const WHAT: &str = "opening a container";
        let path = self.path(place)?;
        let opened = tokio::task::spawn_blocking(move || {
            let mut file = File::open(path)?;
            let found = file.metadata()?.len();
            // What fits is read at once: every later read is a turn of its own on such a thread.
            let mut beginning = vec![0; usize::try_from(found.min(READ_AT_ONCE)).unwrap_or(0)];
            file.read_exact(&mut beginning)?;
            Ok((found, beginning, file))
        });
        let (found, beginning, file) = opened
            .await
            .map_err(StorageError::unavailable(WHAT))?
            .map_err(|error: io::Error| {
                let kind = match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => {
                        StorageErrorKind::Damaged
                    }
                    _ => StorageErrorKind::Unavailable,
                };
                StorageError::new(kind, WHAT, error)
            })?;
        if found != bytes {
            return Err(StorageError::without_source(
                StorageErrorKind::Damaged,
                "a container has not the length it was stored with",
            ));
        }
        if found <= READ_AT_ONCE {
            return Ok(ContainerReader::Whole(beginning.into()));
        }
        let beginning = io::Cursor::new(beginning);
        let rest = tokio::fs::File::from_std(file);
        let whole = tokio::io::AsyncReadExt::chain(beginning, rest);
        Ok(ContainerReader::Long(Box::new(whole)))
    }

    async fn remove(&self, place: ContainerPlace) -> Result<(), StorageError> {
        let path = self.path(place)?;
        blocking("removing a container", move || {
            match fs::remove_file(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            }
        })
        .await
    }

    async fn may_delete(&self) -> Result<Option<RightToDelete>, StorageError> {
        let home = self.home.clone();
        blocking("taking the lock of containers", move || may_delete(&home)).await
    }

    async fn free_bytes(&self) -> Result<Option<u64>, StorageError> {
        let home = self.home.clone();
        blocking("measuring free space", move || {
            fs4::available_space(home).map(Some)
        })
        .await
    }

    async fn of_hour(&self, hour: DateTime<Utc>) -> Result<Vec<ContainerPlace>, StorageError> {
        let folder = self.containers.join(hour_folder(hour));
        blocking("looking through a folder of containers", move || {
            if folder.is_dir() {
                places_in(&folder)
            } else {
                Ok(Vec::new())
            }
        })
        .await
    }

    async fn abandoned_by_a_crash(&self) -> Result<Vec<ContainerPlace>, StorageError> {
        let containers = self.containers.clone();
        blocking("looking through the folders of containers", move || {
            let mut hours = Vec::new();
            for day in entries(&containers)? {
                hours.extend(entries(&day)?);
            }
            hours.sort_unstable();
            let mut places = Vec::new();
            for hour in hours.iter().rev().take(LATEST_HOURS) {
                places.extend(places_in(hour)?);
            }
            Ok(places)
        })
        .await
    }
}

fn places_in(hour: &Path) -> io::Result<Vec<ContainerPlace>> {
    let places = entries(hour)?
        .iter()
        .filter_map(|file| ContainerPlace::from_file_name(file.file_name()?.to_str()?))
        .collect();
    Ok(places)
}

/// The file that is locked while containers must not be deleted.
fn lock_file(home: &Path) -> io::Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(home.join("containers.lock"))
}

/// Keeps every container of a home where it is until the result is dropped; waits for deleting
/// that is under way.
pub(super) fn keep_all(home: &Path) -> io::Result<File> {
    let file = lock_file(home)?;
    file.lock_shared()?;
    Ok(file)
}

/// The right to delete containers; `None` while somebody [keeps them all](keep_all).
fn may_delete(home: &Path) -> io::Result<Option<RightToDelete>> {
    let file = lock_file(home)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(RightToDelete::under(Some(file)))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
