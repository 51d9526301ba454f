//! Sets by the names of their files, in the client's terms; the rules are careplan-tables'.

use careplan_core::{Explain, Lang};
use careplan_tables::{FileName, FileSet, PictureName, group};

use crate::{PutInRefusalKind, Refusal, SetHeader};

/// A set among the names given.
pub(crate) struct FoundSet {
    pub(crate) header: SetHeader,
    /// Files and pictures, then documents.
    pub(crate) names: Vec<String>,
    /// How many of them, from the first, have names of the standard.
    pub(crate) standard: usize,
}

/// Sets, and documents that go with none in particular.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) sets: Vec<FoundSet>,
    pub(crate) loose: Vec<String>,
}

/// What the names of a folder's files or of a container say, or what is wrong with which.
pub(crate) fn recognise(names: &[String]) -> Result<Found, Vec<(String, PutInRefusalKind)>> {
    let grouping = group(names.iter().cloned());
    let mut refusals: Vec<(String, PutInRefusalKind)> = grouping
        .strangers
        .into_iter()
        .map(|(name, error)| {
            let refusal = Refusal::of("file_name_invalid", &error);
            (name, PutInRefusalKind::NotStandard(refusal))
        })
        .collect();
    let mut sets = Vec::with_capacity(grouping.sets.len());
    for set in &grouping.sets {
        match header(set) {
            Ok(header) => sets.push(FoundSet {
                header,
                names: set.names().map(str::to_owned).collect(),
                standard: set.files().len() + set.pictures().len(),
            }),
            Err(refusal) => refusals.extend(
                set.names()
                    .next()
                    .map(|name| (name.to_owned(), PutInRefusalKind::NotASet(refusal))),
            ),
        }
    }
    if refusals.is_empty() {
        Ok(Found {
            sets,
            loose: grouping.documents,
        })
    } else {
        Err(refusals)
    }
}

fn header(set: &FileSet) -> Result<SetHeader, Refusal> {
    let kind = set.kind().map_err(|fault| Refusal {
        code: fault.code().to_owned(),
        ja: fault.explain(Lang::Ja),
        en: fault.explain(Lang::En),
    })?;
    Ok(SetHeader {
        sender: set.sender().office,
        receiver: set.receiver().office,
        set: kind,
        month: set.files().iter().find_map(|file| file.name.month()),
        sequence: set.sequence(),
    })
}

/// Whether a name is one of the standard's: of a CSV file or a picture.
pub(crate) fn is_standard(name: &str) -> bool {
    is_standard_csv(name) || name.parse::<PictureName>().is_ok()
}

/// Whether a name is that of a CSV file of the standard.
pub(crate) fn is_standard_csv(name: &str) -> bool {
    name.parse::<FileName>().is_ok()
}
