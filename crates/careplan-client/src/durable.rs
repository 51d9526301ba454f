//! Files that survive a power cut: written aside, forced to the disk, then renamed.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest;
use careplan_core::Sha256Digest;

/// Makes names created, renamed or removed in a folder durable.
///
/// Windows has no such call for folders: NTFS journals its names itself.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

/// Creates a file that must not exist yet.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)
}

/// Creates a file that must not exist yet, lets `fill` write it, and forces it to the disk.
pub(crate) fn write_new<T, E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(&mut File) -> Result<T, E>,
) -> Result<T, E> {
    let mut file = create_new(path)?;
    let made = fill(&mut file)?;
    file.sync_all()?;
    Ok(made)
}

/// Moves a finished file or folder to its place; [`sync_folder`] makes that durable.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    patiently(|| fs::rename(from, to))
}

/// Moves a finished file to its place and makes that durable.
pub(crate) fn settle(from: &Path, to: &Path) -> io::Result<()> {
    rename(from, to)?;
    match to.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Removes a file or folder with everything in it; nothing there is as good.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => patiently(|| fs::remove_dir_all(path)),
        Ok(_) => patiently(|| fs::remove_file(path)),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Windows refuses to move or remove what another program has open, and virus scanners open every
/// new file for a moment: there it is tried again for a second.
fn patiently(mut change: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    const TRIES: u32 = 20;
    const BETWEEN: Duration = Duration::from_millis(50);
    for _ in 1..TRIES {
        match change() {
            Err(error) if cfg!(windows) && error.kind() == io::ErrorKind::PermissionDenied => {
                std::thread::sleep(BETWEEN);
            }
            done => return done,
        }
    }
    change()
}

/// Counts and digests what passes through to another writer or from another reader.
pub(crate) struct Digesting<T> {
    inner: T,
    context: digest::Context,
    bytes: u64,
}

impl<T> Digesting<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self {
            inner,
            context: digest::Context::new(&digest::SHA256),
            bytes: 0,
        }
    }

    pub(crate) const fn inner(&self) -> &T {
        &self.inner
    }

    /// How much passed, and its digest.
    pub(crate) fn finish(self) -> (u64, Sha256Digest) {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.context.finish().as_ref());
        (self.bytes, Sha256Digest::new(bytes))
    }

    fn passed(&mut self, chunk: &[u8]) {
        self.context.update(chunk);
        self.bytes += chunk.len() as u64;
    }
}

impl<W: io::Write> io::Write for Digesting<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.passed(buffer.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: io::Read> io::Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.passed(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// An I/O error again, of an error that wraps one: full disks stay full disks.
pub(crate) fn io_of(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    let kind = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>())
        .map_or(io::ErrorKind::Other, io::Error::kind);
    io::Error::new(kind, error)
}

/// Copies what a reader gives, in larger pieces than [`io::copy`] by itself: every piece is two
/// calls of the system. Gives its length and digest.
pub(crate) fn copy(
    from: impl io::Read,
    to: &mut (impl io::Write + ?Sized),
) -> io::Result<(u64, Sha256Digest)> {
    const PIECE: usize = 64 * 1024;
    let mut reader = BufReader::with_capacity(PIECE, Digesting::new(from));
    io::copy(&mut reader, to)?;
    Ok(reader.into_inner().finish())
}

/// Length and digest of a file.
pub(crate) fn digest_file(path: &Path) -> io::Result<(u64, Sha256Digest)> {
    copy(File::open(path)?, &mut io::sink())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn digests_are_those_of_fips_180_4() {
        let mut writer = Digesting::new(Vec::new());
        writer.write_all(b"abc").unwrap();
        let (bytes, digest) = writer.finish();
        assert_eq!(bytes, 3);
        assert_eq!(
            digest.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_file_that_is_there_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_new(&path, |file| file.write_all(b"first")).unwrap();
        let again = write_new(&path, |file| file.write_all(b"second"));
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        remove(&path).unwrap();
        remove(&path).unwrap();
    }
}
