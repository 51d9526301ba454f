//! The right to serve from a home.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use super::{StorageError, StorageErrorKind};

/// Held while a platform serves from a home; two would sweep away each other's uploads.
pub(crate) struct ServingLock {
    _file: File,
}

impl ServingLock {
    /// Takes the right to serve from a home, made if it is not there.
    pub(crate) fn take(home: &Path) -> Result<Self, StorageError> {
        const WHAT: &str = "taking the lock";
        let file = fs::create_dir_all(home)
            .and_then(|()| File::create(home.join("serving.lock")))
            .map_err(StorageError::unavailable(WHAT))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(StorageError::without_source(StorageErrorKind::InUse, WHAT))
            }
            Err(TryLockError::Error(error)) => Err(StorageError::unavailable(WHAT)(error)),
        }
    }
}
