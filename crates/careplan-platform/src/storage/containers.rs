//! Where containers are kept, beside the database: a local folder or an object store.
//!
//! Both have them at `containers/YYYYMMDD/HH/RECEIVER-SENDING.asice`, by the hour (UTC) in the
//! sending's number, so that what has no row can be looked for where it must be.

use std::fs;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use careplan_protocol::SendingId;
use chrono::{DateTime, Utc};

use super::{ContainerReader, StorageError, StorageErrorKind, StoredSending};
use crate::spool::Spooled;

const EXTENSION: &str = "asice";

/// Where a container is: whose mailbox and which sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

    /// The hour it is kept under.
    pub(super) fn hour(self) -> Result<DateTime<Utc>, StorageError> {
        self.sending
            .uuid()
            .get_timestamp()
            .and_then(|timestamp| {
                let (seconds, nanoseconds) = timestamp.to_unix();
                DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
            })
            .ok_or(StorageError::without_source(
                StorageErrorKind::Damaged,
                "finding the hour of a sending's number",
            ))
    }

    pub(super) fn file_name(self) -> String {
        format!("{}-{}.{EXTENSION}", self.receiver, self.sending)
    }

    /// The place a file's name tells; `None` for files that are not ours.
    pub(super) fn from_file_name(name: &str) -> Option<Self> {
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

/// The folder of an hour, below the one of containers.
pub(super) fn hour_folder(hour: DateTime<Utc>) -> String {
    hour.format("%Y%m%d/%H").to_string()
}

/// Held while containers are deleted; where others may need them, with the lock that says so.
pub(super) struct RightToDelete {
    _lock: Option<fs::File>,
}

impl RightToDelete {
    pub(super) const fn under(lock: Option<fs::File>) -> Self {
        Self { _lock: lock }
    }
}

/// A place for containers.
#[async_trait]
pub(super) trait ContainerStore: Send + Sync {
    /// A container in its place, as far as it is there before the row that makes it a sending.
    type Stored: Send;

    /// Puts an upload in its place.
    async fn store(
        &self,
        place: ContainerPlace,
        container: Spooled,
    ) -> Result<Self::Stored, StorageError>;

    /// Opens a container and checks that it has its length.
    async fn open(
        &self,
        place: ContainerPlace,
        bytes: u64,
    ) -> Result<ContainerReader, StorageError>;

    /// Removes a container; one that is not there is as good.
    async fn remove(&self, place: ContainerPlace) -> Result<(), StorageError>;

    /// The right to delete containers whose time is over; nothing while a backup needs them.
    async fn may_delete(&self) -> Result<Option<RightToDelete>, StorageError> {
        Ok(Some(RightToDelete::under(None)))
    }

    /// Free space in bytes; nothing where there is no such bound.
    async fn free_bytes(&self) -> Result<Option<u64>, StorageError> {
        Ok(None)
    }

    /// The containers of an hour.
    async fn of_hour(&self, hour: DateTime<Utc>) -> Result<Vec<ContainerPlace>, StorageError>;

    /// Those among which a crash of this platform may have left some without a row. Only while
    /// nothing is being stored.
    async fn abandoned_by_a_crash(&self) -> Result<Vec<ContainerPlace>, StorageError>;
}

/// Removes all uploads under way; how many. Only while there are none.
pub(super) async fn clear_spool(spool: PathBuf) -> Result<usize, StorageError> {
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

/// What is in a folder.
pub(super) fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect()
}

/// Runs file work where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
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
        assert_eq!(ContainerPlace::from_file_name(&name), Some(place));
        assert_eq!(ContainerPlace::from_file_name("x.asice"), None);
    }
}
