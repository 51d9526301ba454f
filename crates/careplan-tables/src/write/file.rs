//! Files that appear whole or not at all: written to a temporary name, made durable, renamed.

#[cfg(not(windows))]
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::WriteError;
use super::writer::Writer;
use crate::table::Table;

/// Writes records to a file that gets its name only when [`commit`](Self::commit)ted. Dropped
/// before, it leaves nothing behind.
#[derive(Debug)]
pub struct FileWriter<T> {
    writer: Writer<T, NamedTempFile>,
    path: PathBuf,
}

impl<T: Table> FileWriter<T> {
    /// Begins a file beside the place where it is to appear.
    ///
    /// # Errors
    /// If the folder does not exist or cannot be written to.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, WriteError> {
        let path = path.into();
        let file = NamedTempFile::with_prefix_in(".writing-", folder(&path))?;
        Ok(Self {
            writer: Writer::new(file),
            path,
        })
    }

    /// Writes a record, see [`Writer::write`].
    ///
    /// # Errors
    /// As [`Writer::write`]. The file can still be committed without the record.
    pub fn write(&mut self, record: &T::Record<'_>) -> Result<(), WriteError> {
        self.writer.write(record)
    }

    /// Makes the file durable and gives it its name, replacing one that has it.
    ///
    /// # Errors
    /// If it has no record, or the file system fails; then nothing has the name that had it not
    /// before.
    pub fn commit(self) -> Result<PathBuf, WriteError> {
        persist(self.writer.finish()?, &self.path)?;
        Ok(self.path)
    }
}

/// Writes a whole file under a temporary name, makes it durable and renames it.
///
/// # Errors
/// If the file system fails; then the file that had the name before is untouched.
pub fn write_whole(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let path = path.as_ref();
    let file = NamedTempFile::with_prefix_in(".writing-", folder(path))?;
    let mut buffered = BufWriter::new(file);
    buffered.write_all(bytes)?;
    persist(buffered.into_inner()?, path)
}

/// The folder a path lies in.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder(path))
}

/// Makes the new name durable. Windows does so with the file and cannot open folders.
#[cfg(not(windows))]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes the new name durable. Windows does so with the file and cannot open folders.
#[cfg(windows)]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
