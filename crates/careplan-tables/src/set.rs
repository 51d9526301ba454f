//! Sets (送信単位): which files of a folder travel together, and which of the standard's sets they
//! are, or why none.

use careplan_core::{Edition, Explain, Lang, Sequence, SetKind};

use crate::document::DocumentName;
use crate::name::{FileName, NameError, Party, PictureName, strip_extension};
use crate::raw::RawSlice;
use crate::table::FileKind;

/// A CSV file of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFile {
    /// The name as it was given; it may differ from the rule's in the extension's case.
    pub file: String,
    /// The name, parsed.
    pub name: FileName,
}

/// The files of one sending: same sequence, sender and receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSet {
    sequence: Sequence,
    sender: Party,
    receiver: Party,
    files: Vec<SetFile>,
    pictures: Vec<(String, PictureName)>,
    documents: Vec<String>,
    kind: Result<SetKind, SetFault>,
}

impl FileSet {
    /// Which of the standard's sets it is.
    ///
    /// # Errors
    /// If it is none, with the reason.
    pub fn kind(&self) -> Result<SetKind, &SetFault> {
        match &self.kind {
            Ok(kind) => Ok(*kind),
            Err(fault) => Err(fault),
        }
    }

    /// The time that the files have in common.
    #[must_use]
    pub const fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// Who sends it.
    #[must_use]
    pub const fn sender(&self) -> Party {
        self.sender
    }

    /// Who receives it.
    #[must_use]
    pub const fn receiver(&self) -> Party {
        self.receiver
    }

    /// The edition by the form of the names, see [`FileName::edition`]. What the records say is
    /// [`edition_of`].
    #[must_use]
    pub const fn edition(&self) -> Edition {
        if self.sender.service_type.is_some() {
            Edition::Fourth
        } else {
            Edition::Third
        }
    }

    /// The CSV files, in the standard's order.
    #[must_use]
    pub fn files(&self) -> &[SetFile] {
        &self.files
    }

    /// The CSV file of a kind.
    #[must_use]
    pub fn file(&self, kind: FileKind) -> Option<&SetFile> {
        self.files.iter().find(|file| file.name.kind() == kind)
    }

    /// The pictures of basic information, with their names as given, in the order of their numbers.
    #[must_use]
    pub fn pictures(&self) -> &[(String, PictureName)] {
        &self.pictures
    }

    /// The documents that go with the set (PDF).
    #[must_use]
    pub fn documents(&self) -> &[String] {
        &self.documents
    }

    /// All names as given: CSV files, pictures, documents.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let files = self.files.iter().map(|file| file.file.as_str());
        let pictures = self.pictures.iter().map(|(file, _)| file.as_str());
        files
            .chain(pictures)
            .chain(self.documents.iter().map(String::as_str))
    }

    fn has(&self, sequence: Sequence, sender: Party, receiver: Party) -> bool {
        (self.sequence, self.sender, self.receiver) == (sequence, sender, receiver)
    }
}

/// What [`group`] made of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Grouping {
    /// The sets in the order of import: by sequence, whatever their kind.
    pub sets: Vec<FileSet>,
    /// Documents that could belong to several sets, or to none.
    pub documents: Vec<String>,
    /// Files that are no files of the standard, with the reason.
    pub strangers: Vec<(String, NameError)>,
}

/// Groups a folder's files into sets by their names: same sequence, sender and receiver.
///
/// PDFs may be called anything: one that is named like a CSV file goes with that file's set, any
/// other with the only set there is. Those with a [`DocumentName`] travel alone, together with the
/// others of the same sequence and offices.
///
/// ```
/// use careplan_core::SetKind;
/// use careplan_tables::group;
///
/// let folder = group([
///     "UPPLAN_202610_1370948774_43_1375169671_11_20260921113320.CSV",
///     "UPSIKYU_202610_1370948774_43_1375169671_11_20260921113320.CSV",
///     "UPHOSOKU_202610_1370948774_43_1375169671_11_20260921113320.CSV",
///     "weekly-plan.pdf",
/// ]);
/// let set = &folder.sets[0];
/// assert_eq!(set.kind(), Ok(SetKind::MonthlyPlan));
/// assert_eq!(set.receiver().office.as_str(), "1375169671");
/// assert_eq!(set.documents(), ["weekly-plan.pdf"]);
/// ```
pub fn group<S: Into<String>>(files: impl IntoIterator<Item = S>) -> Grouping {
    let mut grouping = Grouping::default();
    let mut documents = Vec::new();
    let mut alone = Vec::new();
    let mut names: Vec<String> = files.into_iter().map(Into::into).collect();
    // The result does not depend on the order in which a file system lists the folder.
    names.sort_unstable();
    for file in names {
        if let Ok(document) = file.parse::<DocumentName>() {
            let sender = Party::untyped(document.sender());
            let receiver = Party::untyped(document.receiver());
            set_of(&mut alone, document.sequence(), sender, receiver)
                .documents
                .push(file);
        } else if strip_extension(&file, &["pdf"]).is_some() {
            documents.push(file);
        } else if let Ok(picture) = file.parse::<PictureName>() {
            set_of(
                &mut grouping.sets,
                picture.sequence(),
                picture.sender(),
                picture.receiver(),
            )
            .pictures
            .push((file, picture));
        } else {
            match file.parse::<FileName>() {
                Ok(name) => set_of(
                    &mut grouping.sets,
                    name.sequence(),
                    name.sender(),
                    name.receiver(),
                )
                .files
                .push(SetFile { file, name }),
                Err(error) => grouping.strangers.push((file, error)),
            }
        }
    }
    for file in documents {
        let like_csv = strip_extension(&file, &["pdf"])
            .and_then(|stem| format!("{stem}.CSV").parse::<FileName>().ok());
        let set = match (like_csv, grouping.sets.as_mut_slice()) {
            (Some(name), sets) => sets
                .iter_mut()
                .find(|set| set.has(name.sequence(), name.sender(), name.receiver())),
            (None, [set]) => Some(set),
            (None, _) => None,
        };
        match set {
            Some(set) => set.documents.push(file),
            None => grouping.documents.push(file),
        }
    }
    for set in &mut grouping.sets {
        set.files.sort_by_key(|file| file.name.kind());
        set.pictures.sort_by_key(|(_, picture)| picture.number());
        set.kind = classify(set);
    }
    for mut set in alone {
        set.kind = Ok(SetKind::Documents);
        grouping.sets.push(set);
    }
    grouping
        .sets
        .sort_by_key(|set| (set.sequence, set.sender, set.receiver));
    grouping
}

/// The set with this sequence and these offices, made if it is not there.
fn set_of(
    sets: &mut Vec<FileSet>,
    sequence: Sequence,
    sender: Party,
    receiver: Party,
) -> &mut FileSet {
    let at = sets
        .iter()
        .position(|set| set.has(sequence, sender, receiver))
        .unwrap_or_else(|| {
            sets.push(FileSet {
                sequence,
                sender,
                receiver,
                files: Vec::new(),
                pictures: Vec::new(),
                documents: Vec::new(),
                kind: Err(SetFault::Empty),
            });
            sets.len() - 1
        });
    // Just found or just pushed.
    &mut sets[at]
}

/// Why files are none of the standard's sets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
#[error("{}", self.explain(Lang::En))]
pub enum SetFault {
    /// No CSV file.
    Empty,
    /// Files that must travel with the others are missing.
    Incomplete {
        /// The set that comes nearest.
        kind: SetKind,
        /// What it lacks.
        missing: Vec<FileKind>,
    },
    /// Files that the standard does not let travel together.
    NotTogether {
        /// The files.
        files: Vec<FileKind>,
    },
    /// Two files of one kind.
    Duplicate {
        /// The kind.
        file: FileKind,
    },
    /// Target months in the names that do not go together.
    Months,
    /// A file that the edition of the names does not have.
    NotInEdition {
        /// The file.
        file: FileKind,
    },
    /// Pictures without basic information.
    PicturesAlone,
}

impl SetFault {
    /// The rule's code in rules.toml.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty | Self::Incomplete { .. } | Self::PicturesAlone => "set_incomplete",
            Self::NotTogether { .. } | Self::Duplicate { .. } | Self::Months => "set_not_allowed",
            Self::NotInEdition { .. } => "file_name_version_mismatch",
        }
    }
}

impl Explain for SetFault {
    fn explain(&self, lang: Lang) -> String {
        let list = |files: &[FileKind]| {
            let names: Vec<_> = files
                .iter()
                .map(|file| format!("{} ({})", file.prefix(), file.name(lang)))
                .collect();
            names.join(lang.pick("、", ", "))
        };
        match (self, lang) {
            (Self::Empty, Lang::En) => "no CSV file of the standard; add the files".to_owned(),
            (Self::Empty, Lang::Ja) => {
                "標準仕様のCSVファイルがありません。ファイルを加えてください。".to_owned()
            }
            (Self::Incomplete { kind, missing }, Lang::En) => format!(
                "incomplete as {}: add {}",
                kind.name(lang),
                list(missing)
            ),
            (Self::Incomplete { kind, missing }, Lang::Ja) => format!(
                "{}として不足しています。{}を加えてください。",
                kind.name(lang),
                list(missing)
            ),
            (Self::NotTogether { files }, Lang::En) => format!(
                "the standard does not let these travel together, send them separately: {}",
                list(files)
            ),
            (Self::NotTogether { files }, Lang::Ja) => format!(
                "一緒に送れないファイルです。分けて送ってください: {}",
                list(files)
            ),
            (Self::Duplicate { file }, Lang::En) => format!(
                "two files {} with one sequence; write them as one file, or send them separately",
                list(&[*file])
            ),
            (Self::Duplicate { file }, Lang::Ja) => format!(
                "同じ作成日時の{}が2つあります。1つにまとめるか、分けて送ってください。",
                list(&[*file])
            ),
            (Self::Months, Lang::En) => {
                "the months in the names do not go together; one month per sending, and 000000 \
                 for the supplement with tables 1 to 3"
                    .to_owned()
            }
            (Self::Months, Lang::Ja) => {
                "ファイル名の対象年月が揃っていません。1か月ずつ送ってください（第1～3表と送る利用者補足情報は000000）。"
                    .to_owned()
            }
            (Self::NotInEdition { file }, Lang::En) => format!(
                "{} exists since edition 4.1, and the name is of edition 3; \
                 write the service types into the name",
                list(&[*file])
            ),
            (Self::NotInEdition { file }, Lang::Ja) => format!(
                "{}は4.1版からのファイルですが、ファイル名が第3版の形です。サービス種類を入れてください。",
                list(&[*file])
            ),
            (Self::PicturesAlone, Lang::En) => {
                "pictures travel with basic user information; add UPKIHON".to_owned()
            }
            (Self::PicturesAlone, Lang::Ja) => {
                "画像は利用者基本情報と一緒に送ります。UPKIHONを加えてください。".to_owned()
            }
        }
    }
}

/// The files of a set: those that must be there, and those that may.
struct Composition {
    kind: SetKind,
    required: &'static [FileKind],
    optional: &'static [FileKind],
}

/// The standard's sets (標準仕様 4.1, 送信単位). Sub-tables of basic information may be missing:
/// a file without records is none, and a user without medical history has no records there.
const COMPOSITIONS: &[Composition] = &[
    Composition {
        kind: SetKind::CarePlan,
        required: &[
            FileKind::Supplement,
            FileKind::Table1,
            FileKind::Table2,
            FileKind::Table3,
        ],
        optional: &[],
    },
    Composition {
        kind: SetKind::MonthlyPlan,
        required: &[FileKind::Supplement, FileKind::Table6Plan, FileKind::Table7],
        optional: &[],
    },
    Composition {
        kind: SetKind::CarePlanDeletion,
        required: &[FileKind::Table1Deletion],
        optional: &[],
    },
    Composition {
        kind: SetKind::MonthlyPlanDeletion,
        required: &[FileKind::Table6PlanDeletion],
        optional: &[],
    },
    Composition {
        kind: SetKind::Actuals,
        required: &[FileKind::Table6Actual],
        optional: &[],
    },
    Composition {
        kind: SetKind::ActualsDeletion,
        required: &[FileKind::Table6ActualDeletion],
        optional: &[],
    },
    Composition {
        kind: SetKind::BasicInformation,
        required: &[FileKind::BasicInformation],
        optional: &[FileKind::DailySchedule, FileKind::MedicalHistory],
    },
    Composition {
        kind: SetKind::SupportPlan,
        required: &[FileKind::SupportPlan, FileKind::SupportPlanDetail],
        optional: &[],
    },
    Composition {
        kind: SetKind::BasicInformationAndSupportPlan,
        required: &[
            FileKind::BasicInformation,
            FileKind::SupportPlan,
            FileKind::SupportPlanDetail,
        ],
        optional: &[FileKind::DailySchedule, FileKind::MedicalHistory],
    },
    Composition {
        kind: SetKind::BasicInformationDeletion,
        required: &[FileKind::BasicInformationDeletion],
        optional: &[],
    },
    Composition {
        kind: SetKind::SupportPlanDeletion,
        required: &[FileKind::SupportPlanDeletion],
        optional: &[],
    },
];

/// Which set the files are.
fn classify(set: &FileSet) -> Result<SetKind, SetFault> {
    let edition = set.edition();
    let mut files: Vec<FileKind> = Vec::new();
    for file in &set.files {
        let kind = file.name.kind();
        if files.contains(&kind) {
            return Err(SetFault::Duplicate { file: kind });
        }
        if !kind.layout().is_in(edition) {
            return Err(SetFault::NotInEdition { file: kind });
        }
        files.push(kind);
    }
    if !set.pictures.is_empty() && !files.contains(&FileKind::BasicInformation) {
        return Err(SetFault::PicturesAlone);
    }
    if files.is_empty() {
        return Err(SetFault::Empty);
    }
    let missing = |composition: &Composition| -> Vec<FileKind> {
        let required = composition.required.iter().copied();
        required
            .filter(|kind| kind.layout().is_in(edition) && !files.contains(kind))
            .collect()
    };
    // The supplement alone says by its month which set it belongs to.
    let month = set.files.iter().find_map(|file| file.name.month());
    let nearest = COMPOSITIONS
        .iter()
        .filter(|composition| {
            files.iter().all(|kind| {
                composition.required.contains(kind) || composition.optional.contains(kind)
            })
        })
        .filter(|composition| {
            files != [FileKind::Supplement]
                || month.is_some() == (composition.kind == SetKind::MonthlyPlan)
        })
        .map(|composition| (composition.kind, missing(composition)))
        .min_by_key(|(_, missing)| missing.len());
    match nearest {
        None => Err(SetFault::NotTogether { files }),
        Some((kind, missing)) if !missing.is_empty() => Err(SetFault::Incomplete { kind, missing }),
        Some((kind, _)) => {
            // With months in the names all are the same, 000000 among them being another.
            let mut months = set
                .files
                .iter()
                .filter(|file| file.name.kind().layout().month_in_name)
                .map(|file| file.name.month());
            let first = months.next().flatten();
            let expected = kind != SetKind::CarePlan;
            let together = months.all(|month| month == first) && (expected || first.is_none());
            together.then_some(kind).ok_or(SetFault::Months)
        }
    }
}

/// The edition that a file's first record names; `None` if it names none.
#[must_use]
pub fn edition_of(bytes: &[u8]) -> Option<Edition> {
    let mut raw = RawSlice::new(bytes);
    let field = raw.next_record()?.field(0)?;
    Edition::try_from(&*field.content()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: &str = "1370948774_43_1375169671_11_20260921113320.CSV";

    fn kinds(prefixes: &[&str]) -> Result<SetKind, SetFault> {
        let grouping = group(prefixes.iter().map(|prefix| format!("{prefix}_{ENDS}")));
        assert_eq!(grouping.sets.len(), 1);
        grouping.sets[0].kind().map_err(Clone::clone)
    }

    #[test]
    fn the_standards_sets_are_recognised() {
        use SetKind as K;
        for (prefixes, kind) in [
            (
                &["UP1KYO", "UP2KYO", "UP3KYO", "UPHOSOKU_000000"][..],
                K::CarePlan,
            ),
            (
                &["UPPLAN_202610", "UPSIKYU_202610", "UPHOSOKU_202610"],
                K::MonthlyPlan,
            ),
            (&["DLT1KYO"], K::CarePlanDeletion),
            (&["DLTPLAN_202610"], K::MonthlyPlanDeletion),
            (&["UPJSK_202610"], K::Actuals),
            (&["DLTJSK_202610"], K::ActualsDeletion),
            (
                &["UPKIHON", "UPKIHON_SUB1", "UPKIHON_SUB2"],
                K::BasicInformation,
            ),
            (&["UPKIHON"], K::BasicInformation),
            (&["UPYOBO", "UPYOBO_SUB"], K::SupportPlan),
            (
                &["UPKIHON", "UPKIHON_SUB2", "UPYOBO", "UPYOBO_SUB"],
                K::BasicInformationAndSupportPlan,
            ),
            (&["DLTKIHON"], K::BasicInformationDeletion),
            (&["DLTYOBO"], K::SupportPlanDeletion),
        ] {
            assert_eq!(kinds(prefixes), Ok(kind), "{prefixes:?}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (prefixes, kind, missing) in [
            (
                &["UP1KYO", "UP2KYO", "UPHOSOKU_000000"][..],
                SetKind::CarePlan,
                &[FileKind::Table3][..],
            ),
            (
                &["UPPLAN_202610"],
                SetKind::MonthlyPlan,
                &[FileKind::Supplement, FileKind::Table7],
            ),
            (
                &["UPYOBO"],
                SetKind::SupportPlan,
                &[FileKind::SupportPlanDetail],
            ),
            (
                &["UPHOSOKU_202610"],
                SetKind::MonthlyPlan,
                &[FileKind::Table6Plan, FileKind::Table7],
            ),
        ] {
            let missing = missing.to_vec();
            assert_eq!(kinds(prefixes), Err(SetFault::Incomplete { kind, missing }));
        }
    }

    #[test]
    fn what_may_not_travel_together_is_refused() {
        for prefixes in [
            &["UP1KYO", "UPPLAN_202610"][..],
            &["DLT1KYO", "DLTPLAN_202610"],
            &["UPJSK_202610", "UPHOSOKU_202610"],
            &["UPKIHON", "UP1KYO"],
        ] {
            let fault = kinds(prefixes).unwrap_err();
            assert!(
                matches!(fault, SetFault::NotTogether { .. }),
                "{prefixes:?}"
            );
            assert_eq!(fault.code(), "set_not_allowed");
        }
        assert_eq!(
            kinds(&["UPJSK_202610", "UPJSK_202611"]),
            Err(SetFault::Duplicate {
                file: FileKind::Table6Actual
            })
        );
        assert_eq!(
            kinds(&["UPPLAN_202610", "UPSIKYU_202611", "UPHOSOKU_202610"]),
            Err(SetFault::Months)
        );
        assert_eq!(
            kinds(&["UPPLAN_202610", "UPSIKYU_202610", "UPHOSOKU_000000"]),
            Err(SetFault::Months)
        );
        assert_eq!(
            kinds(&["UP1KYO", "UP2KYO", "UP3KYO", "UPHOSOKU_202610"]),
            Err(SetFault::Months)
        );
    }

    #[test]
    fn edition_3_has_no_table_3_and_no_preventive_files() {
        let ends = "1373960229_1378034246_20240224115635.CSV";
        let of = |prefixes: &[&str]| {
            let grouping = group(prefixes.iter().map(|prefix| format!("{prefix}_{ends}")));
            grouping.sets[0].kind().map_err(Clone::clone)
        };
        assert_eq!(
            of(&["UP1KYO", "UP2KYO", "UPHOSOKU_000000"]),
            Ok(SetKind::CarePlan)
        );
        assert_eq!(
            of(&["UP1KYO", "UP2KYO", "UP3KYO", "UPHOSOKU_000000"]),
            Err(SetFault::NotInEdition {
                file: FileKind::Table3
            })
        );
        assert!(of(&["UPKIHON"]).is_err());
    }

    #[test]
    fn sets_come_in_the_order_of_import() {
        let grouping = group([
            "DLTPLAN_202610_1370948774_43_1375169671_11_20260921113322.CSV",
            "UPJSK_202610_1370948774_11_1375169671_43_20260921113323.CSV",
            "DLT1KYO_1370948774_43_1375169671_11_20260921113321.CSV",
            "notes.pdf",
            "UP1KYO_1370948774_43_1375169671_11_20260921113321.pdf",
            "readme.txt",
        ]);
        let kinds: Vec<_> = grouping
            .sets
            .iter()
            .map(|set| set.kind().unwrap())
            .collect();
        assert_eq!(
            kinds,
            [
                SetKind::CarePlanDeletion,
                SetKind::MonthlyPlanDeletion,
                SetKind::Actuals
            ]
        );
        // With several sets, only a name says where a document belongs.
        assert_eq!(grouping.documents, ["notes.pdf"]);
        assert_eq!(grouping.sets[0].documents().len(), 1);
        assert_eq!(grouping.strangers.len(), 1);
        assert_eq!(grouping.strangers[0].0, "readme.txt");
    }

    #[test]
    fn named_documents_travel_alone_and_with_no_other_set() {
        let grouping = group([
            "PDF_1370948774_1375169671_20260921113320_第3表.pdf",
            "PDF_1370948774_1375169671_20260921113320_memo.PDF",
            "PDF_1370948774_1378034246_20260921113320_memo.pdf",
            "DLT1KYO_1370948774_43_1375169671_11_20260921113320.CSV",
        ]);
        let kinds: Vec<_> = grouping
            .sets
            .iter()
            .map(|set| {
                (
                    set.kind().unwrap(),
                    set.receiver().office,
                    set.names().count(),
                )
            })
            .collect();
        let (one, other) = ("1375169671".parse().unwrap(), "1378034246".parse().unwrap());
        assert_eq!(
            kinds,
            [
                (SetKind::Documents, one, 2),
                (SetKind::Documents, other, 1),
                (SetKind::CarePlanDeletion, one, 1),
            ]
        );
        assert!(grouping.documents.is_empty() && grouping.strangers.is_empty());
    }

    #[test]
    fn pictures_need_basic_information() {
        let picture = "UPKIHON_IMAGE_1370948774_43_1375169671_11_20260921113320_0001.jpg";
        let alone = group([picture]);
        assert_eq!(alone.sets[0].kind(), Err(&SetFault::PicturesAlone));
        let with = group([picture.to_owned(), format!("UPKIHON_{ENDS}")]);
        assert_eq!(with.sets[0].kind(), Ok(SetKind::BasicInformation));
        assert_eq!(with.sets[0].names().count(), 2);
    }
}
