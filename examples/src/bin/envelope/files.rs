//! Reading what commands need, and writing results so that they appear complete or not at all.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write, stdin};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, PersistError};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Keys, certificates, lists and proofs are small; more than this is some other file.
const LARGEST_SMALL_FILE: u64 = 64 << 20;

/// The bytes of a small file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let size = fs::metadata(path).map_err(Failure::io(path))?.len();
    if size > LARGEST_SMALL_FILE {
        return Err(Failure::message(
            Some(path),
            "ファイルが大きすぎます。正しいファイルを指定してください。",
            "too large to be what is asked for; give the right file",
        ));
    }
    fs::read(path).map_err(Failure::io(path))
}

/// A password: the first line of a file, or of standard input if the path is `-`. Never an argument,
/// which everybody on the machine could read.
pub(crate) fn password(path: &Path) -> Result<Zeroizing<String>, Failure> {
    /// Longer than any password.
    const LONGEST: u64 = 4096;
    let mut line = Zeroizing::new(String::with_capacity(LONGEST as usize));
    let read = if path == Path::new("-") {
        stdin().lock().take(LONGEST).read_line(&mut line)
    } else {
        BufReader::new(open(path)?)
            .take(LONGEST)
            .read_line(&mut line)
    };
    read.map_err(Failure::io(path))?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    if line.is_empty() {
        return Err(Failure::message(
            Some(path),
            "パスワードがありません。1行目にパスワードを書いたファイルを指定してください。",
            "there is no password; give a file with the password in its first line",
        ));
    }
    Ok(line)
}

/// A file open for reading; folders are refused here on every system.
pub(crate) fn open(path: &Path) -> Result<File, Failure> {
    let file = File::open(path).map_err(Failure::io(path))?;
    if file.metadata().map_err(Failure::io(path))?.is_dir() {
        return Err(Failure::io(path)(std::io::ErrorKind::IsADirectory.into()));
    }
    Ok(file)
}

/// A result in the making, beside the place it will have.
pub(crate) struct NewFile {
    temporary: NamedTempFile,
    path: PathBuf,
}

impl NewFile {
    pub(crate) fn beside(path: &Path) -> Result<Self, Failure> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let temporary = NamedTempFile::new_in(folder).map_err(Failure::io(path))?;
        Ok(Self {
            temporary,
            path: path.to_owned(),
        })
    }

    pub(crate) fn file(&mut self) -> &mut File {
        self.temporary.as_file_mut()
    }

    /// Makes it durable, then gives it its name, in place of a file that had it.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        self.settle(|file, path| file.persist(path))
    }

    /// As [`finish`](Self::finish), but never in place of another file.
    pub(crate) fn finish_new(self) -> Result<(), Failure> {
        self.settle(|file, path| file.persist_noclobber(path))
    }

    fn settle(
        self,
        name: impl FnOnce(NamedTempFile, &Path) -> Result<File, PersistError>,
    ) -> Result<(), Failure> {
        let Self { temporary, path } = self;
        let file = temporary.as_file();
        file.sync_all().map_err(Failure::io(&path))?;
        allow_reading(file).map_err(Failure::io(&path))?;
        match name(temporary, &path) {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::io(&path)(error.error)),
        }
    }
}

/// Refuses a path where there is a file already.
pub(crate) fn must_be_new(path: &Path) -> Result<(), Failure> {
    if path.try_exists().map_err(Failure::io(path))? {
        return Err(Failure::io(path)(std::io::ErrorKind::AlreadyExists.into()));
    }
    Ok(())
}

/// Writes a secret, such as a private key, for its owner only; never in place of another file.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut new = NewFile::beside(path)?;
    new.file().write_all(bytes).map_err(Failure::io(path))?;
    new.temporary
        .as_file()
        .sync_all()
        .map_err(Failure::io(path))?;
    new.temporary
        .persist_noclobber(path)
        .map(drop)
        .map_err(|error| Failure::io(path)(error.error))
}

/// Temporary files are their owner's alone; results are like any file the user makes.
#[cfg(unix)]
fn allow_reading(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn allow_reading(_: &File) -> std::io::Result<()> {
    Ok(())
}

/// Writes a small result.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut new = NewFile::beside(path)?;
    new.file().write_all(bytes).map_err(Failure::io(path))?;
    new.finish()
}
