//! Taking received files out to a folder, for the care software to import.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use careplan_protocol::SendingId;
use tempfile::NamedTempFile;

use crate::durable;
use crate::home::Shelf;
use crate::recognise::{is_standard, is_standard_csv};
use crate::{Client, Error, ErrorKind, Progress, SetFile, SetHeader, Step};

/// A received set whose files are in the folder asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOut {
    /// The sending.
    pub id: SendingId,
    /// What the names of its files say.
    pub header: SetHeader,
    /// Where its files are, in the order of the container.
    pub files: Vec<PathBuf>,
}

impl Client {
    /// Takes the files of received sets out to a folder, made if it is not there. The bytes are
    /// those that were sent.
    ///
    /// A file is there under its name only when it is whole and on the disk. A file of the same
    /// name and content is left as it is; one of other content is never overwritten: a PDF or
    /// picture then gets the sender and the sequence added to its name, for any other file the
    /// set is not taken out.
    ///
    /// # Errors
    /// [`ErrorKind::FileExists`]; [`ErrorKind::Quarantined`]; [`ErrorKind::FilesRemoved`]; if there is no such set, or the
    /// home's or the folder's files cannot be read or written. Sets before the failing one are
    /// taken out.
    pub fn take_out(
        &mut self,
        ids: &[SendingId],
        folder: impl AsRef<Path>,
    ) -> Result<Vec<TakenOut>, Error> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder).map_err(Error::storage(folder))?;
        ids.iter()
            .map(|&id| self.take_one_out(id, folder))
            .collect()
    }

    /// Takes out everything that was not taken out before, in the order in which sets are to be
    /// imported: that of their sequence, whatever their kind.
    ///
    /// # Errors
    /// As [`take_out`](Self::take_out).
    pub fn take_out_new(&mut self, folder: impl AsRef<Path>) -> Result<Vec<TakenOut>, Error> {
        let ids = self.store.not_taken_out()?;
        self.take_out(&ids, folder)
    }

    fn take_one_out(&mut self, id: SendingId, folder: &Path) -> Result<TakenOut, Error> {
        let set = self.incoming(id)?;
        let Some(&header) = set.header.set().filter(|_| set.state.is_verified()) else {
            return Err(ErrorKind::Quarantined(id).into());
        };
        if !set.files_kept {
            return Err(ErrorKind::FilesRemoved(id).into());
        }
        let source = self.home.folder(Shelf::Inbox, id);
        let mut files = Vec::with_capacity(set.files.len());
        let mut missing = Vec::new();
        for (at, file) in set.files.iter().enumerate() {
            let place = place_for(&header, file, folder)?;
            if !place.there {
                let whole = copy_aside(&source.join((at + 1).to_string()), file, folder)?;
                missing.push((whole, place.path.clone()));
            }
            files.push(place.path);
        }
        // What accompanies a set is there before the files that make a program import it.
        missing.sort_by_key(|(_, path)| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(is_standard_csv)
        });
        for (whole, path) in missing {
            whole.persist_noclobber(&path).map_err(|failed| {
                if failed.error.kind() == io::ErrorKind::AlreadyExists {
                    Error::from(ErrorKind::FileExists { path: path.clone() })
                } else {
                    Error::storage(&path)(failed.error)
                }
            })?;
        }
        durable::sync_folder(folder).map_err(Error::storage(folder))?;
        self.caller.observer.step(Step::Delivered);
        self.store.taken_out(id, self.caller.clock.now())?;
        self.caller.observer.step(Step::TakenOut);
        self.caller.observer.progress(&Progress::TakenOut { id });
        Ok(TakenOut { id, header, files })
    }
}

/// Where a file goes, and whether it is there already.
struct Place {
    path: PathBuf,
    there: bool,
}

fn place_for(header: &SetHeader, file: &SetFile, folder: &Path) -> Result<Place, Error> {
    let path = folder.join(&file.name);
    match is_there(&path, file)? {
        Some(there) => return Ok(Place { path, there }),
        None if is_standard(&file.name) => return Err(ErrorKind::FileExists { path }.into()),
        None => {}
    }
    // Names of accompanying files are the sender's choice and not unique.
    let SetHeader {
        sender, sequence, ..
    } = header;
    let name = Path::new(&file.name);
    let stem = name.file_stem().unwrap_or_default().to_string_lossy();
    let extension = name.extension().unwrap_or_default().to_string_lossy();
    let path = folder.join(format!("{stem}_{sender}_{sequence}.{extension}"));
    match is_there(&path, file)? {
        Some(there) => Ok(Place { path, there }),
        None => Err(ErrorKind::FileExists { path }.into()),
    }
}

/// Whether a file is at its place; `None` if something else is.
fn is_there(path: &Path, file: &SetFile) -> Result<Option<bool>, Error> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(false)),
        Err(error) => Err(Error::storage(path)(error)),
        Ok(metadata) if metadata.is_file() && metadata.len() == file.bytes => {
            let (_, sha256) = durable::digest_file(path).map_err(Error::storage(path))?;
            Ok((sha256 == file.sha256).then_some(true))
        }
        Ok(_) => Ok(None),
    }
}

/// Copies a file of the inbox beside its place, whole and on the disk, under a passing name.
fn copy_aside(source: &Path, file: &SetFile, folder: &Path) -> Result<NamedTempFile, Error> {
    let storage = |error| Error::storage(folder)(error);
    let from = File::open(source).map_err(Error::storage(source))?;
    let mut aside = tempfile::Builder::new()
        .prefix(".careplan-")
        .suffix(".part")
        .tempfile_in(folder)
        .map_err(storage)?;
    let copied = durable::copy(from, aside.as_file_mut()).map_err(storage)?;
    aside.as_file().sync_all().map_err(storage)?;
    if copied != (file.bytes, file.sha256) {
        return Err(ErrorKind::Damaged {
            path: source.to_owned(),
            what: "a file changed after it was received",
        }
        .into());
    }
    Ok(aside)
}
