//! Which files of a folder are complete and can be put in, and which belong together.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use careplan_core::OfficeNumber;
use careplan_tables::{SetFault, group};

use super::filed::Shelf;

/// How many times as long an incomplete set is waited for: the software may still be writing it.
const INCOMPLETE: u32 = 6;

/// Files that are put in together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) files: Vec<PathBuf>,
    /// From the name of the folder they lie in.
    pub(super) receiver: Option<OfficeNumber>,
}

/// A file as it was when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    bytes: u64,
    changed: Option<SystemTime>,
}

/// Looks through a folder again and again.
pub(super) struct Scanner {
    root: PathBuf,
    settle: Duration,
    /// How each file was, and since when it is so.
    seen: HashMap<PathBuf, (Seen, Instant)>,
    settled: bool,
}

impl Scanner {
    pub(super) fn new(root: &Path, settle: Duration) -> Self {
        Self {
            root: root.to_owned(),
            settle,
            seen: HashMap::new(),
            settled: false,
        }
    }

    /// Whether nothing was left waiting the last time.
    pub(super) const fn is_settled(&self) -> bool {
        self.settled
    }

    /// The sets whose files have not changed for a while.
    pub(super) fn ready(&mut self) -> io::Result<Vec<Batch>> {
        let now = Instant::now();
        let mut folders = vec![(self.root.clone(), None)];
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if entry.file_type()?.is_dir() && !name.starts_with('.') && !Shelf::is_one(&name) {
                folders.push((entry.path(), name.parse().ok()));
            }
        }
        let mut there = HashMap::new();
        let mut batches = Vec::new();
        self.settled = true;
        for (folder, receiver) in folders {
            let names = self.look(&folder, now, &mut there)?;
            for (names, patience) in belonging_together(names) {
                let files: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
                let quiet = files.iter().all(|file| {
                    there
                        .get(file)
                        .is_some_and(|(_, since)| now - *since >= self.settle * patience)
                });
                if quiet {
                    batches.push(Batch { files, receiver });
                } else {
                    self.settled = false;
                }
            }
        }
        self.seen = there;
        Ok(batches)
    }

    /// The names of a folder's files that are this program's business, and how each file is.
    fn look(
        &self,
        folder: &Path,
        now: Instant,
        there: &mut HashMap<PathBuf, (Seen, Instant)>,
    ) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            // A file that went away meanwhile is none.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if !metadata.is_file() || !is_business(&name) {
                continue;
            }
            let path = entry.path();
            let seen = Seen {
                bytes: metadata.len(),
                changed: metadata.modified().ok(),
            };
            let since = match self.seen.get(&path) {
                Some((before, since)) if *before == seen => *since,
                _ => now,
            };
            there.insert(path, (seen, since));
            names.push(name);
        }
        names.sort();
        Ok(names)
    }
}

/// CSV files, PDFs and pictures; whatever else is in the folder is somebody else's.
fn is_business(name: &str) -> bool {
    let extension = Path::new(name).extension().unwrap_or_default();
    !name.starts_with(['.', '~'])
        && ["csv", "pdf", "jpg", "jpeg"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
}

/// The names that are put in together, and how many times as long as usual they are waited for.
fn belonging_together(names: Vec<String>) -> Vec<(Vec<String>, u32)> {
    let grouping = group(names);
    let mut together: Vec<(Vec<String>, u32)> = grouping
        .sets
        .iter()
        .map(|set| {
            let patience = match set.kind() {
                Err(SetFault::Incomplete { .. }) => INCOMPLETE,
                _ => 1,
            };
            (set.names().map(str::to_owned).collect(), patience)
        })
        .collect();
    if !grouping.documents.is_empty() {
        // CSV files they accompany may come yet.
        together.push((grouping.documents, INCOMPLETE));
    }
    let strangers = grouping.strangers.into_iter();
    together.extend(strangers.map(|(name, _)| (vec![name], 1)));
    together
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: &str = "202610_1370948774_43_1375169671_11_20260921113320.CSV";

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn sets_documents_and_strangers_are_put_in_apart() {
        let month = ["UPHOSOKU", "UPPLAN", "UPSIKYU"].map(|prefix| format!("{prefix}_{ENDS}"));
        let actuals = "UPJSK_202610_1370948774_43_1375169671_11_20260921113321.CSV".to_owned();
        let all = [
            &month[..],
            std::slice::from_ref(&actuals),
            &owned(&["a.pdf", "b.csv"]),
        ]
        .concat();
        let together = belonging_together(all);
        let sizes: Vec<_> = together
            .iter()
            .map(|(names, patience)| (names.len(), *patience))
            .collect();
        assert_eq!(sizes, [(3, 1), (1, 1), (1, INCOMPLETE), (1, 1)]);
        // An incomplete set may be still on its way.
        let together = belonging_together(month[..2].to_vec());
        assert_eq!(together[0].1, INCOMPLETE);
    }

    #[test]
    fn files_are_ready_when_they_have_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("1375169671");
        fs::create_dir(&path).unwrap();
        fs::create_dir(folder.path().join("done")).unwrap();
        fs::write(folder.path().join("done/old.pdf"), "x").unwrap();
        fs::write(path.join("第3表.pdf"), "x").unwrap();
        fs::write(path.join("notes.txt"), "x").unwrap();
        // Nothing has to wait: ready at once.
        let mut scanner = Scanner::new(folder.path(), Duration::ZERO);
        let expected = Batch {
            files: vec![path.join("第3表.pdf")],
            receiver: Some("1375169671".parse().unwrap()),
        };
        assert_eq!(scanner.ready().unwrap(), [expected]);
        // An hour is not over yet.
        let mut scanner = Scanner::new(folder.path(), Duration::from_secs(3600));
        assert!(scanner.ready().unwrap().is_empty() && !scanner.is_settled());
    }
}
