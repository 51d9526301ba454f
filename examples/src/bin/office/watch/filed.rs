//! Where files go that were taken or refused: a folder each, with a report beside them.
//!
//! Several files cannot be moved in one step. So a folder is made under a passing name with a list
//! of what is to be moved; if the program dies in between, the next start goes on from the list.
//! Otherwise half a set would stay behind and look incomplete.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use careplan_core::japan_time;
use chrono::Utc;
use serde_json::Value;

/// What a folder is called while files are moved into it.
const PART: &str = "part";

/// The list of files to be moved.
const LIST: &str = "files.txt";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shelf {
    Done,
    Refused,
}

impl Shelf {
    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// Whether a folder's name is one of these.
    pub(super) fn is_one(name: &str) -> bool {
        [Self::Done, Self::Refused]
            .iter()
            .any(|shelf| shelf.name() == name)
    }
}

/// Files to be moved aside, and what is to be said of them.
pub(super) struct Filed<'a> {
    pub(super) shelf: Shelf,
    /// The first set's number in the list of what was sent.
    pub(super) number: Option<u64>,
    pub(super) files: &'a [PathBuf],
    pub(super) text: &'a str,
    pub(super) json: &'a Value,
}

impl Filed<'_> {
    /// Moves the files; on failure says which path it was.
    pub(super) fn write(&self, root: &Path) -> Result<(), (PathBuf, io::Error)> {
        let shelf = root.join(self.shelf.name());
        let folder = self.new_folder(&shelf).map_err(|error| (shelf, error))?;
        let fill = || -> io::Result<()> {
            let names: String = self
                .files
                .iter()
                .filter_map(|file| file.strip_prefix(root).ok())
                .map(|name| format!("{}\n", name.display()))
                .collect();
            fs::write(folder.join("report.txt"), self.text)?;
            fs::write(folder.join("report.json"), format!("{:#}\n", self.json))?;
            fs::write(folder.join(LIST), names)?;
            fs::File::open(folder.join(LIST))?.sync_all()
        };
        fill().map_err(|error| (folder.clone(), error))?;
        move_listed(root, &folder).map_err(|error| (folder.clone(), error))
    }

    /// A folder under a passing name that ends in `.part`.
    fn new_folder(&self, shelf: &Path) -> io::Result<PathBuf> {
        fs::create_dir_all(shelf)?;
        let at = japan_time(Utc::now()).format("%Y%m%d-%H%M%S");
        let number = self
            .number
            .map(|number| format!("-S{number}"))
            .unwrap_or_default();
        let mut extra = 0_u32;
        loop {
            let more = match extra {
                0 => String::new(),
                extra => format!("-{extra}"),
            };
            let name = format!("{at}{number}{more}");
            let folder = shelf.join(format!("{name}.{PART}"));
            if !shelf.join(&name).exists() {
                match fs::create_dir(&folder) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    made => return made.map(|()| folder),
                }
            }
            extra += 1;
        }
    }
}

/// Moves what a folder's list says and gives the folder its name.
fn move_listed(root: &Path, folder: &Path) -> io::Result<()> {
    let list = folder.join(LIST);
    for name in fs::read_to_string(&list)?.lines() {
        let from = root.join(name);
        let Some(file_name) = from.file_name() else {
            continue;
        };
        match fs::rename(&from, folder.join(file_name)) {
            // Moved before the program died.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            moved => moved?,
        }
    }
    fs::remove_file(&list)?;
    fs::rename(folder, folder.with_extension(""))
}

/// Goes on where a program that died left off.
pub(super) fn finish(root: &Path) -> io::Result<()> {
    for shelf in [Shelf::Done, Shelf::Refused] {
        let entries = match fs::read_dir(root.join(shelf.name())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let folder = entry?.path();
            if folder.extension().is_none_or(|extension| extension != PART) {
                continue;
            }
            if folder.join(LIST).exists() {
                move_listed(root, &folder)?;
            } else if fs::read_dir(&folder)?
                .any(|entry| entry.is_ok_and(|entry| !is_report(&entry.path())))
            {
                // All were moved; only the name is missing.
                fs::rename(&folder, folder.with_extension(""))?;
            } else {
                // It died before anything was moved.
                fs::remove_dir_all(&folder)?;
            }
        }
    }
    Ok(())
}

fn is_report(path: &Path) -> bool {
    ["report.txt", "report.json"]
        .iter()
        .any(|name| path.file_name().is_some_and(|found| found == *name))
}

/// Writes beside the refused files what the platform said of a set that was taken.
pub(super) fn note(root: &Path, number: u64, text: &str) -> io::Result<()> {
    let folder = root.join(Shelf::Refused.name());
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("S{number}.txt")), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn moving_goes_on_where_it_was_left_off() {
        let root = tempfile::tempdir().unwrap();
        let files = ["a.CSV", "予定.CSV"].map(|name| root.path().join(name));
        for file in &files {
            fs::write(file, "x").unwrap();
        }
        let filed = Filed {
            shelf: Shelf::Done,
            number: Some(7),
            files: &files,
            text: "text",
            json: &Value::Null,
        };
        filed.write(root.path()).unwrap();
        assert_eq!(names(root.path()), ["done"]);
        let done = root.path().join("done");
        let [folder] = &names(&done)[..] else {
            panic!()
        };
        assert!(folder.ends_with("-S7"), "{folder}");
        let expected = ["a.CSV", "report.json", "report.txt", "予定.CSV"];
        assert_eq!(names(&done.join(folder)), expected);

        // As if the program had died after the first of two files.
        let part = done.join("later.part");
        fs::create_dir(&part).unwrap();
        fs::write(part.join("report.txt"), "text").unwrap();
        fs::write(part.join(LIST), "b.CSV\nc.CSV\n").unwrap();
        fs::write(part.join("b.CSV"), "x").unwrap();
        fs::write(root.path().join("c.CSV"), "x").unwrap();
        // And another one before the first.
        fs::create_dir(done.join("never.part")).unwrap();
        finish(root.path()).unwrap();
        assert_eq!(names(&done.join("later")), ["b.CSV", "c.CSV", "report.txt"]);
        assert_eq!(names(root.path()), ["done"]);
        assert_eq!(names(&done).len(), 2);
    }
}
