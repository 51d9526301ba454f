//! The office's home: a folder with the database, the containers, and a lock.
//!
//! ```text
//! home/
//!   lock              held while a client is open
//!   unclean           there while a client is open; still there afterwards if it crashed
//!   office.sqlite3    what is where, and its state
//!   outbox/KEY/       files: those of a set, one after another; container.asice: signed;
//!                     container.p7m: sealed
//!   inbox/SENDING/    container.asice: as received; 1, 2, …: its files, verified
//!   quarantine/SENDING/  container.asice or container.p7m: one that did not verify, as it came
//!   tmp/              what is being made; emptied when the home is opened
//! ```
//!
//! A folder is made in `tmp` and renamed when everything in it is on the disk; then the database
//! says that it is there. What the database does not know is a leftover of a crash and is removed
//! the next time the home is opened.

use std::cell::Cell;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::durable;
use crate::{Error, ErrorKind};

/// Name of the container in a set's folder.
pub(crate) const CONTAINER: &str = "container.asice";

/// Name of the sealed container beside it, if it travels sealed.
pub(crate) const SEALED: &str = "container.p7m";

/// Marks a home that is open, or was when the process died.
const UNCLEAN: &str = "unclean";

/// A home, locked for this process.
#[derive(Debug)]
pub(crate) struct Home {
    root: PathBuf,
    crashed: bool,
    /// Something that should have been removed could not be.
    untidy: Cell<bool>,
    /// Closing the file releases the lock, also when the process dies.
    _lock: File,
}

/// A folder in `tmp` that is removed when nobody needs it any more, unless it was shelved.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is removed when the home is opened next.
        let _ = durable::remove(&self.0);
    }
}

/// The folders of sets.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shelf {
    Outbox,
    Inbox,
    Quarantine,
}

impl Shelf {
    const ALL: [Self; 3] = [Self::Outbox, Self::Inbox, Self::Quarantine];

    const fn name(self) -> &'static str {
        match self {
            Self::Outbox => "outbox",
            Self::Inbox => "inbox",
            Self::Quarantine => "quarantine",
        }
    }
}

impl Home {
    /// Opens a home, or makes one, and locks it.
    pub(crate) fn open(root: &Path) -> Result<Self, Error> {
        fs::create_dir_all(root).map_err(Error::storage(root))?;
        let lock_path = root.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(Error::storage(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ErrorKind::HomeInUse {
                    home: root.to_owned(),
                }
                .into());
            }
            Err(TryLockError::Error(error)) => return Err(Error::storage(&lock_path)(error)),
        }
        let unclean = root.join(UNCLEAN);
        let crashed = unclean.exists();
        if !crashed {
            durable::write_new(&unclean, |_| Ok(())).map_err(Error::storage(&unclean))?;
        }
        let home = Self {
            root: root.to_owned(),
            crashed,
            untidy: Cell::new(false),
            _lock: lock,
        };
        let scratch = home.scratch();
        durable::remove(&scratch).map_err(Error::storage(&scratch))?;
        let shelves = Shelf::ALL.map(|shelf| home.shelf(shelf));
        for folder in shelves.iter().chain([&scratch]) {
            fs::create_dir_all(folder).map_err(Error::storage(folder))?;
        }
        durable::sync_folder(root).map_err(Error::storage(root))?;
        Ok(home)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the last client died before it was closed: only then can there be leftovers.
    pub(crate) const fn crashed(&self) -> bool {
        self.crashed
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("office.sqlite3")
    }

    fn shelf(&self, shelf: Shelf) -> PathBuf {
        self.root.join(shelf.name())
    }

    fn scratch(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// The folder of a set, there or not.
    pub(crate) fn folder(&self, shelf: Shelf, id: impl std::fmt::Display) -> PathBuf {
        self.shelf(shelf).join(id.to_string())
    }

    /// An empty folder in `tmp` for making a set's folder.
    pub(crate) fn new_scratch(&self, id: impl std::fmt::Display) -> Result<Scratch, Error> {
        let folder = self.scratch().join(id.to_string());
        durable::remove(&folder).map_err(Error::storage(&folder))?;
        fs::create_dir(&folder).map_err(Error::storage(&folder))?;
        Ok(Scratch(folder))
    }

    /// Puts finished folders of `tmp` on a shelf, durably. What an earlier try left there is
    /// replaced. If it fails, some may be there.
    pub(crate) fn shelve<'s, I: std::fmt::Display>(
        &self,
        sets: impl IntoIterator<Item = (&'s Scratch, I)>,
        shelf: Shelf,
    ) -> Result<(), Error> {
        for (Scratch(scratch), id) in sets {
            let folder = self.folder(shelf, id);
            durable::sync_folder(scratch).map_err(Error::storage(scratch))?;
            durable::remove(&folder).map_err(Error::storage(&folder))?;
            durable::rename(scratch, &folder).map_err(Error::storage(&folder))?;
        }
        // Once for all: a thousand sets are put in together.
        let shelf = self.shelf(shelf);
        durable::sync_folder(&shelf).map_err(Error::storage(&shelf))
    }

    /// Removes everything but the containers from a set's folder.
    pub(crate) fn remove_copies(
        &self,
        shelf: Shelf,
        id: impl std::fmt::Display,
    ) -> Result<(), Error> {
        let folder = self.folder(shelf, id);
        let removed = fs::read_dir(&folder).and_then(|entries| {
            for entry in entries {
                let entry = entry?;
                if entry.file_name() != CONTAINER && entry.file_name() != SEALED {
                    durable::remove(&entry.path())?;
                }
            }
            Ok(())
        });
        self.tidy(&folder, removed)
    }

    /// Removes a set's folder.
    pub(crate) fn remove(&self, folder: &Path) -> Result<(), Error> {
        self.tidy(folder, durable::remove(folder))
    }

    /// Remembers that something could not be removed.
    fn tidy(&self, folder: &Path, removed: io::Result<()>) -> Result<(), Error> {
        removed.map_err(|error| {
            self.untidy.set(true);
            Error::storage(folder)(error)
        })
    }

    /// Removes the folders on a shelf that the database does not know.
    pub(crate) fn sweep(
        &self,
        shelf: Shelf,
        mut known: impl FnMut(&str) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let folder = self.shelf(shelf);
        for entry in fs::read_dir(&folder).map_err(Error::storage(&folder))? {
            let entry = entry.map_err(Error::storage(&folder))?;
            let keep = match entry.file_name().to_str() {
                Some(name) => known(name)?,
                None => false,
            };
            if !keep {
                durable::remove(&entry.path()).map_err(Error::storage(&entry.path()))?;
            }
        }
        Ok(())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Half-done work leaves things lying about. If the mark stays for nothing, the next
        // opening looks for leftovers and finds none.
        if std::thread::panicking() || self.untidy.get() {
            return;
        }
        let _ = durable::remove(&self.root.join(UNCLEAN));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Home::open(folder.path()).unwrap();
        let second = Home::open(folder.path()).unwrap_err();
        assert!(matches!(second.kind(), ErrorKind::HomeInUse { .. }));
        assert!(second.to_string().contains("in use"), "{second}");
        drop(first);
        Home::open(folder.path()).unwrap();
    }

    #[test]
    fn a_home_that_cannot_be_made_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        let error = Home::open(&file.join("home")).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Storage { .. }));
        assert!(error.to_string().contains("file"), "{error}");
    }

    #[test]
    fn leftovers_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let scratch = home.new_scratch("a").unwrap();
        fs::write(scratch.path().join("1"), "x").unwrap();
        home.shelve([(&scratch, "a")], Shelf::Outbox).unwrap();
        std::mem::forget(home.new_scratch("b").unwrap());
        assert!(folder.path().join("tmp/b").exists());
        assert!(!home.crashed());
        drop(home);
        // As if the process had died.
        fs::write(folder.path().join(UNCLEAN), "").unwrap();
        let home = Home::open(folder.path()).unwrap();
        assert!(home.crashed());
        assert!(!folder.path().join("tmp/b").exists());
        home.sweep(Shelf::Outbox, |name| Ok(name == "a")).unwrap();
        assert!(home.folder(Shelf::Outbox, "a").join("1").exists());
        home.sweep(Shelf::Outbox, |_| Ok(false)).unwrap();
        assert!(!home.folder(Shelf::Outbox, "a").exists());
    }
}
