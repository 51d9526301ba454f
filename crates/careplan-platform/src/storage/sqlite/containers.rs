//! The folder of containers: `containers/YYYYMMDD/HH/RECEIVER-SENDING.asice`, by the hour (UTC) in
//! the sending's number.
//!
//! By the hour, so that no folder grows without bound, one flush of a folder serves many
//! containers, and what a crash left can be looked for where it must be.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use careplan_core::OfficeNumber;
use careplan_protocol::SendingId;
use chrono::{DateTime, Utc};

use crate::spool::Spooled;
use crate::storage::{ContainerReader, StorageError, StorageErrorKind, StoredSending};

const EXTENSION: &str = "asice";
/// How many of the latest hours can hold what a crash left: an upload's time limit is far below an
/// hour, so it is in the hour of the crash or the one before.
const LATEST_HOURS: usize = 2;

/// Where a container is: whose mailbox and which sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ContainerPlace {
    pub(super) receiver: OfficeNumber,
    pub(super) sending: SendingId,
}

impl ContainerPlace {
    pub(super) fn of(sending: &StoredSending) -> Self {
        Self {
            receiver: sending.summary.receiver,
            sending: sending.summary.sending,
        }
    }

    /// The folder of the hour, below the folder of containers.
    fn hour(self) -> Result<PathBuf, StorageError> {
        self.sending
            .uuid()
            .get_timestamp()
            .and_then(|timestamp| {
                let (seconds, nanoseconds) = timestamp.to_unix();
                DateTime::<Utc>::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
            })
            .map(|at| PathBuf::from(at.format("%Y%m%d/%H").to_string()))
            .ok_or(StorageError::without_source(
                StorageErrorKind::Damaged,
                "finding the hour of a sending's number",
            ))
    }

    fn file_name(self) -> String {
        format!("{}-{}.{EXTENSION}", self.receiver, self.sending)
    }

    /// The place a file's name tells; `None` for files that are not ours.
    fn from_file_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (receiver, sending) = name
            .strip_suffix(EXTENSION)?
            .strip_suffix('.')?
            .split_once('-')?;
        Some(Self {
            receiver: receiver.parse().ok()?,
            sending: sending.parse().ok()?,
        })
    }
}

/// The folder of containers, and the one of uploads under way beside it.
#[derive(Debug, Clone)]
pub(super) struct ContainerFolder {
    containers: PathBuf,
    spool: PathBuf,
}

impl ContainerFolder {
    pub(super) fn open(home: &Path) -> Result<Self, StorageError> {
        let folder = Self {
            containers: home.join("containers"),
            spool: home.join("spool"),
        };
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

    /// Moves an upload to its place, its content on stable storage; the folder it is in, whose
    /// entries are not yet.
    pub(super) async fn store(
        &self,
        place: ContainerPlace,
        container: Spooled,
    ) -> Result<PathBuf, StorageError> {
        let folder = self.containers.join(place.hour()?);
        blocking("storing a container", move || {
            fs::create_dir_all(&folder)?;
            container.sync_and_move(&folder.join(place.file_name()))?;
            Ok(folder)
        })
        .await
    }

    /// Opens a container and checks that all of it is there.
    pub(super) async fn open_container(
        &self,
        place: ContainerPlace,
        bytes: u64,
    ) -> Result<ContainerReader, StorageError> {
        const WHAT: &str = "opening a container";
        let path = self.path(place)?;
        let file = tokio::fs::File::open(path).await.map_err(|error| {
            let kind = match error.kind() {
                io::ErrorKind::NotFound => StorageErrorKind::Damaged,
                _ => StorageErrorKind::Unavailable,
            };
            StorageError::new(kind, WHAT, error)
        })?;
        let found = file
            .metadata()
            .await
            .map_err(StorageError::unavailable(WHAT))?
            .len();
        if found != bytes {
            return Err(StorageError::without_source(
                StorageErrorKind::Damaged,
                "a container has not the length it was stored with",
            ));
        }
        Ok(Box::new(file))
    }

    pub(super) async fn remove(&self, place: ContainerPlace) -> Result<(), StorageError> {
        let path = self.path(place)?;
        blocking("removing a container", move || fs::remove_file(path)).await
    }

    fn path(&self, place: ContainerPlace) -> Result<PathBuf, StorageError> {
        Ok(self.containers.join(place.hour()?).join(place.file_name()))
    }

    /// Removes all uploads under way; how many. Only while there are none.
    pub(super) async fn clear_spool(&self) -> Result<usize, StorageError> {
        let spool = self.spool.clone();
        blocking("clearing the spool", move || {
            let mut removed = 0;
            for file in entries(&spool)? {
                fs::remove_file(file)?;
                removed += 1;
            }
            Ok(removed)
        })
        .await
    }

    /// The containers of the latest hours that have any.
    pub(super) async fn latest(&self) -> Result<Vec<ContainerPlace>, StorageError> {
        let containers = self.containers.clone();
        blocking("looking through the folders of containers", move || {
            let mut hours = Vec::new();
            for day in entries(&containers)? {
                hours.extend(entries(&day)?);
            }
            hours.sort_unstable();
            let mut places = Vec::new();
            for hour in hours.iter().rev().take(LATEST_HOURS) {
                let files = entries(hour)?;
                places.extend(
                    files
                        .iter()
                        .filter_map(|file| ContainerPlace::from_file_name(file)),
                );
            }
            Ok(places)
        })
        .await
    }
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect()
}

/// Runs file work where it may block.
async fn blocking<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, StorageError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(StorageError::unavailable(what))?
        .map_err(StorageError::unavailable(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_from_its_file_name() {
        let place = ContainerPlace {
            receiver: "13A0948774".parse().unwrap(),
            // 2026-11-22T14:05:43Z is 0x019AAC4BDB58 milliseconds after 1970.
            sending: "019aac4b-db58-7000-8000-000000000001".parse().unwrap(),
        };
        let name = place.file_name();
        assert_eq!(
            name,
            "13A0948774-019aac4b-db58-7000-8000-000000000001.asice"
        );
        assert_eq!(
            ContainerPlace::from_file_name(Path::new(&name)),
            Some(place)
        );
        assert_eq!(ContainerPlace::from_file_name(Path::new("x.asice")), None);
    }
}
