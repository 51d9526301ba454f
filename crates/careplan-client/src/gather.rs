//! From paths a person gave to sets: which files lie beside one another, which set each is of, and
//! why one is of none.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use careplan_core::{OfficeNumber, Sequence, SetKind};
use careplan_envelope::is_file_name;
use careplan_tables::DocumentName;

use crate::recognise::{Found, FoundSet, recognise};
use crate::{PutInRefusal, PutInRefusalKind, SetHeader};

/// From whom to whom PDFs go that accompany no set.
#[derive(Clone, Copy)]
pub(crate) struct Addressed {
    pub(crate) sender: OfficeNumber,
    pub(crate) receiver: OfficeNumber,
    pub(crate) sequence: Sequence,
}

/// A set of files still where the person has them.
pub(crate) struct NamedSet {
    pub(crate) header: SetHeader,
    /// In the order of the container.
    pub(crate) paths: Vec<PathBuf>,
    /// What they are called in the container.
    pub(crate) names: Vec<String>,
    /// How many of them, from the first, have names of the standard.
    pub(crate) standard: usize,
}

/// Files beside one another.
pub(crate) struct Folder {
    paths: Vec<PathBuf>,
    names: Vec<String>,
}

/// The files given, by the folder they lie in; those that are none become refusals.
pub(crate) fn by_folder<P: AsRef<Path>>(
    paths: &[P],
    refusals: &mut Vec<PutInRefusal>,
) -> Vec<Folder> {
    let mut folders: Vec<(PathBuf, Folder)> = Vec::new();
    let mut seen = HashSet::new();
    for path in paths {
        for file in files_of(path.as_ref(), refusals) {
            let Some(name) = file.file_name().and_then(OsStr::to_str) else {
                refusals.push(PutInRefusal::file(&file, PutInRefusalKind::UnsafeName));
                continue;
            };
            let name = name.to_owned();
            if !seen.insert(file.clone()) {
                continue;
            }
            let parent = file.parent().unwrap_or(Path::new("")).to_owned();
            let at = folders.iter().position(|(other, _)| *other == parent);
            let at = at.unwrap_or_else(|| {
                let (paths, names) = (Vec::new(), Vec::new());
                folders.push((parent, Folder { paths, names }));
                folders.len() - 1
            });
            if let Some((_, folder)) = folders.get_mut(at) {
                folder.paths.push(file);
                folder.names.push(name);
            }
        }
    }
    folders.into_iter().map(|(_, folder)| folder).collect()
}

/// A file, or the files in a folder, by name.
fn files_of(path: &Path, refusals: &mut Vec<PutInRefusal>) -> Vec<PathBuf> {
    let mut unreadable = |error: &io::Error| {
        let kind = PutInRefusalKind::Unreadable(error.to_string());
        refusals.push(PutInRefusal::file(path, kind));
        Vec::new()
    };
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return unreadable(&error),
    };
    if !metadata.is_dir() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).and_then(|entries| {
        entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<_>>>()
    });
    match entries {
        Ok(mut files) => {
            files.retain(|file| file.is_file() && !is_left_by_the_system(file));
            files.sort();
            files
        }
        Err(error) => unreadable(&error),
    }
}

/// Files that file managers leave in every folder.
fn is_left_by_the_system(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    name.starts_with('.')
        || name.eq_ignore_ascii_case("Thumbs.db")
        || name.eq_ignore_ascii_case("desktop.ini")
}

/// The sets of one folder, its PDFs with the set they go with, or alone if it is said to whom.
pub(crate) fn named_sets(
    folder: &Folder,
    addressed: Option<Addressed>,
) -> Result<Vec<NamedSet>, Vec<PutInRefusal>> {
    let places: HashMap<&str, &PathBuf> = folder
        .names
        .iter()
        .map(String::as_str)
        .zip(&folder.paths)
        .collect();
    let path_of = |name: &str| places.get(name).copied();
    let refuse = |name: &str, kind| match path_of(name) {
        Some(path) => PutInRefusal::file(path, kind),
        None => PutInRefusal::whole(kind),
    };
    let mut refusals = Vec::new();
    let mut seen = HashSet::new();
    for name in &folder.names {
        if !is_file_name(name) {
            refusals.push(refuse(name, PutInRefusalKind::UnsafeName));
        } else if !seen.insert(name.to_lowercase()) {
            refusals.push(refuse(name, PutInRefusalKind::SameName));
        }
    }
    let Found { mut sets, loose } = recognise(&folder.names).unwrap_or_else(|found| {
        refusals.extend(found.iter().map(|(name, kind)| refuse(name, kind.clone())));
        Found::default()
    });
    let mut alone = None;
    if refusals.is_empty() && !loose.is_empty() {
        match (host_of_documents(&sets), addressed) {
            (Ok(host), _) => {
                if let Some(set) = sets.get_mut(host) {
                    set.names.extend(loose);
                }
            }
            (Err(PutInRefusalKind::PdfAlone), Some(addressed)) => {
                let paths = loose.iter().filter_map(|name| path_of(name).cloned());
                alone = Some(NamedSet::of_documents(addressed, &loose, paths.collect()));
            }
            (Err(kind), _) => refusals.extend(loose.iter().map(|name| refuse(name, kind.clone()))),
        }
    }
    let alone = match alone {
        Some(Err(name)) => {
            refusals.push(refuse(&name, PutInRefusalKind::UnsafeName));
            None
        }
        Some(Ok(set)) => Some(set),
        None => None,
    };
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let named = sets.into_iter().map(|set| NamedSet {
        header: set.header,
        paths: set
            .names
            .iter()
            .filter_map(|name| path_of(name).cloned())
            .collect(),
        standard: set.standard,
        names: set.names,
    });
    Ok(named.chain(alone).collect())
}

impl NamedSet {
    /// PDFs that travel alone get names that say from whom to whom. Fails with the name of one for
    /// which there is none.
    fn of_documents(
        addressed: Addressed,
        names: &[String],
        paths: Vec<PathBuf>,
    ) -> Result<Self, String> {
        let Addressed {
            sender,
            receiver,
            sequence,
        } = addressed;
        let named = names.iter().map(|name| {
            let title = Path::new(name).file_stem().and_then(OsStr::to_str);
            DocumentName::new(sender, receiver, sequence, title.unwrap_or_default())
                .ok()
                .map(|named| named.to_string())
                .filter(|named| is_file_name(named))
                .ok_or_else(|| name.clone())
        });
        Ok(Self {
            header: SetHeader {
                sender,
                receiver,
                set: SetKind::Documents,
                month: None,
                sequence,
            },
            paths,
            names: named.collect::<Result<_, _>>()?,
            standard: 0,
        })
    }
}

/// The set documents of the same folder go with: a care plan, whose table 3 they often are, else
/// the first. All sets must be for one office, so that none gets what is not meant for it.
fn host_of_documents(sets: &[FoundSet]) -> Result<usize, PutInRefusalKind> {
    let first = sets.first().ok_or(PutInRefusalKind::PdfAlone)?;
    if sets
        .iter()
        .any(|set| set.header.receiver != first.header.receiver)
    {
        return Err(PutInRefusalKind::PdfForSeveral);
    }
    let plan = sets
        .iter()
        .position(|set| set.header.set == SetKind::CarePlan);
    Ok(plan.unwrap_or(0))
}
