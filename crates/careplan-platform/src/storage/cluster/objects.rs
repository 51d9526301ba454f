//! Containers in an object store.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use object_store::path::Path;
use object_store::{Error as ObjectError, ObjectStore, ObjectStoreExt, WriteMultipart};
use tokio::io::AsyncReadExt;
use tokio_util::io::StreamReader;

use crate::spool::{Spooled, SpooledReader};
use crate::storage::containers::{ContainerPlace, ContainerStore, hour_folder};
use crate::storage::{ContainerReader, StorageError, StorageErrorKind};

/// A container below this size is put at once; a longer one in parts of it. In bytes: the smallest
/// that S3 takes, because some are in memory for every long upload.
const PART: usize = 5 * 1024 * 1024;
/// How many parts are on their way at a time.
const PARTS_UNDER_WAY: usize = 2;

/// Containers below a prefix of an object store.
#[derive(Debug, Clone)]
pub(crate) struct ObjectContainers {
    store: Arc<dyn ObjectStore>,
    containers: Path,
}

impl ObjectContainers {
    pub(super) fn new(store: Arc<dyn ObjectStore>, prefix: Path) -> Self {
        Self {
            store,
            containers: prefix.join("containers"),
        }
    }

    fn hour(&self, hour: DateTime<Utc>) -> Path {
        hour_folder(hour)
            .split('/')
            .fold(self.containers.clone(), Path::join)
    }

    fn path(&self, place: ContainerPlace) -> Result<Path, StorageError> {
        Ok(self.hour(place.hour()?).join(place.file_name()))
    }

    async fn put_in_parts(
        &self,
        path: &Path,
        mut file: tokio::fs::File,
        first: Vec<u8>,
    ) -> Result<(), StorageError> {
        const WHAT: &str = "storing a container in parts";
        let upload = self
            .store
            .put_multipart(path)
            .await
            .map_err(StorageError::unavailable(WHAT))?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
        let sent = async {
            let mut part = first;
            while !part.is_empty() {
                upload
                    .wait_for_capacity(PARTS_UNDER_WAY)
                    .await
                    .map_err(StorageError::unavailable(WHAT))?;
                upload.put(part.into());
                part = read_part(&mut file).await?;
            }
            Ok(())
        }
        .await;
        match sent {
            Ok(()) => upload
                .finish()
                .await
                .map(|_| ())
                .map_err(StorageError::unavailable(WHAT)),
            Err(error) => {
                // What cannot be taken back either, the store's own rule for parts clears.
                let _ = upload.abort().await;
                Err(error)
            }
        }
    }
}

/// Up to [`PART`] bytes; fewer only at the end.
async fn read_part(file: &mut tokio::fs::File) -> Result<Vec<u8>, StorageError> {
    // Growing would hold it twice while it is copied. The rest is what looking for the end takes.
    let mut part = Vec::with_capacity(PART + 64);
    file.take(PART as u64)
        .read_to_end(&mut part)
        .await
        .map_err(StorageError::unavailable("reading an upload"))?;
    Ok(part)
}

#[async_trait]
impl ContainerStore for ObjectContainers {
    /// It is on stable storage: the store has said so.
    type Stored = ();

    async fn store(&self, place: ContainerPlace, container: Spooled) -> Result<(), StorageError> {
        let path = self.path(place)?;
        let upload = container
            .reader()
            .map_err(StorageError::unavailable("reading an upload"))?;
        let whole: Bytes = match upload {
            SpooledReader::Memory(content) => content.into_inner(),
            SpooledReader::File(file) => {
                let mut file = tokio::fs::File::from_std(file.into_inner());
                let first = read_part(&mut file).await?;
                if first.len() >= PART {
                    return self.put_in_parts(&path, file, first).await;
                }
                first.into()
            }
        };
        self.store
            .put(&path, whole.into())
            .await
            .map(|_| ())
            .map_err(StorageError::unavailable("storing a container"))
    }

    async fn open(
        &self,
        place: ContainerPlace,
        bytes: u64,
    ) -> Result<ContainerReader, StorageError> {
        let found = self.store.get(&self.path(place)?).await.map_err(|error| {
            let kind = match error {
                ObjectError::NotFound { .. } => StorageErrorKind::Damaged,
                _ => StorageErrorKind::Unavailable,
            };
            StorageError::new(kind, "opening a container", error)
        })?;
        if found.meta.size != bytes {
            return Err(StorageError::without_source(
                StorageErrorKind::Damaged,
                "a container has not the length it was stored with",
            ));
        }
        let reader = StreamReader::new(found.into_stream());
        Ok(ContainerReader::Long(Box::new(reader)))
    }

    async fn remove(&self, place: ContainerPlace) -> Result<(), StorageError> {
        match self.store.delete(&self.path(place)?).await {
            Ok(()) | Err(ObjectError::NotFound { .. }) => Ok(()),
            Err(error) => Err(StorageError::unavailable("removing a container")(error)),
        }
    }

    async fn of_hour(&self, hour: DateTime<Utc>) -> Result<Vec<ContainerPlace>, StorageError> {
        let listed = self
            .store
            .list_with_delimiter(Some(&self.hour(hour)))
            .await
            .map_err(StorageError::unavailable("listing containers"))?;
        let places = listed
            .objects
            .iter()
            .filter_map(|object| ContainerPlace::from_file_name(object.location.filename()?))
            .collect();
        Ok(places)
    }

    async fn abandoned_by_a_crash(&self) -> Result<Vec<ContainerPlace>, StorageError> {
        // Others may be storing at this moment: only `remove_orphans` can tell, when they must be
        // done.
        Ok(Vec::new())
    }
}
