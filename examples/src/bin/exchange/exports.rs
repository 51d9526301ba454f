//! Which sendings a folder of exported files holds.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use careplan_core::{OfficeNumber, SetKind};
use careplan_tables::{FileSet, group};

use crate::failure::Failure;

/// The files of one sending, as care software exported them.
pub(crate) struct Export {
    /// The folder they lie in.
    pub(crate) folder: PathBuf,
    /// What their names say.
    pub(crate) set: FileSet,
    /// Which of the standard's sets they are.
    pub(crate) kind: SetKind,
}

impl Export {
    pub(crate) fn sender(&self) -> OfficeNumber {
        self.set.sender().office
    }

    pub(crate) fn receiver(&self) -> OfficeNumber {
        self.set.receiver().office
    }

    /// The files, PDFs and pictures included.
    pub(crate) fn paths(&self) -> impl Iterator<Item = PathBuf> {
        self.set.names().map(|name| self.folder.join(name))
    }

    /// Whether it comes from a service office: actuals and their deletion.
    pub(crate) fn is_actuals(&self) -> bool {
        matches!(self.kind, SetKind::Actuals | SetKind::ActualsDeletion)
    }
}

/// The offices that send or receive.
pub(crate) fn offices(exports: &[Export]) -> BTreeSet<OfficeNumber> {
    exports
        .iter()
        .flat_map(|export| [export.sender(), export.receiver()])
        .collect()
}

/// Finds the sendings in a folder and the folders within, in the order in which they are to be
/// imported. Either every file belongs to a sending, or nothing is sent and all reasons are
/// told.
pub(crate) fn find(folder: &Path) -> Result<Vec<Export>, Vec<Failure>> {
    let mut exports = Vec::new();
    let mut failures = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let listing = match list(&folder) {
            Ok(listing) => listing,
            Err(failure) => return Err(vec![failure]),
        };
        folders.extend(listing.folders);
        take_sets(&folder, listing.files, &mut exports, &mut failures);
    }
    if !failures.is_empty() {
        return Err(failures);
    }
    if exports.is_empty() {
        return Err(vec![Failure::Nothing {
            folder: folder.to_owned(),
        }]);
    }
    exports.sort_by_key(|export| (export.set.sequence(), export.sender(), export.receiver()));
    Ok(exports)
}

/// The sets of one folder's files.
fn take_sets(
    folder: &Path,
    files: Vec<String>,
    exports: &mut Vec<Export>,
    failures: &mut Vec<Failure>,
) {
    let grouping = group(files);
    for set in grouping.sets {
        match set.kind() {
            Ok(kind) => exports.push(Export {
                folder: folder.to_owned(),
                kind,
                set,
            }),
            Err(fault) => {
                let first = set.names().next().unwrap_or_default();
                failures.push(Failure::refused(folder.join(first), fault));
            }
        }
    }
    for (name, error) in grouping.strangers {
        failures.push(Failure::refused(folder.join(name), &error));
    }
    for name in grouping.documents {
        failures.push(Failure::Refused {
            path: folder.join(name),
            ja: "どの送信単位に添付するか決められません。送信単位のCSVファイル1組と同じフォルダーに置いてください。".to_owned(),
            en: "it is not clear which set it goes with; put it in a folder with the CSV files of one set".to_owned(),
        });
    }
}

struct Listing {
    files: Vec<String>,
    folders: Vec<PathBuf>,
}

/// Names of the files and folders in a folder, sorted, without those that systems put there.
fn list(folder: &Path) -> Result<Listing, Failure> {
    let mut listing = Listing {
        files: Vec::new(),
        folders: Vec::new(),
    };
    for entry in fs::read_dir(folder).map_err(Failure::io(folder))? {
        let entry = entry.map_err(Failure::io(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "Thumbs.db" || name == "desktop.ini" {
            continue;
        }
        let path = entry.path();
        if path.is_dir() {
            listing.folders.push(path);
        } else {
            listing.files.push(name);
        }
    }
    listing.files.sort();
    listing.folders.sort();
    Ok(listing)
}
