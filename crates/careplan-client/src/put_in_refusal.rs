//! Why files cannot be put in.

use std::path::{Path, PathBuf};

use careplan_core::{Explain, Lang, OfficeNumber};

use crate::{Finding, Refusal};

/// A file or set that cannot be sent.
///
/// Its words repeat the file's name, which the person who put it in gave; show them to that
/// person, and mind that a PDF's name may name somebody before logging them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutInRefusal {
    pub(crate) path: Option<PathBuf>,
    pub(crate) kind: PutInRefusalKind,
}

/// Why it cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PutInRefusalKind {
    /// No file was given, or a folder without files.
    Nothing,
    /// The file cannot be read: the system's words.
    Unreadable(String),
    /// The name is none of the standard's, and the file no PDF.
    NotStandard(Refusal),
    /// The files are none of the sets that may travel.
    NotASet(Refusal),
    /// The sender in the names is another office.
    OtherSender {
        /// The office in the names.
        found: OfficeNumber,
        /// The office of the home.
        expected: OfficeNumber,
    },
    /// The receiver in the names is the office itself.
    OwnNumber,
    /// The receiver in the names is not the one chosen.
    OtherReceiver {
        /// The office in the names.
        found: OfficeNumber,
        /// The office chosen.
        chosen: OfficeNumber,
    },
    /// A PDF without files of the standard beside it, and without a receiver chosen.
    PdfAlone,
    /// A PDF beside sets for several offices: it is not clear to whom it may go.
    PdfForSeveral,
    /// Two files of the same name in one set; upper and lower case count as the same.
    SameName,
    /// The name cannot be a file's name everywhere.
    UnsafeName,
    /// A file of this name and other content is on its way already.
    NameUsed,
    /// The check could not be made, or refused the set as a whole.
    Check(Refusal),
    /// The check found errors; warnings are among the findings too.
    Findings(Vec<Finding>),
}

impl PutInRefusal {
    pub(crate) fn file(path: &Path, kind: PutInRefusalKind) -> Self {
        Self {
            path: Some(path.to_owned()),
            kind,
        }
    }

    pub(crate) const fn whole(kind: PutInRefusalKind) -> Self {
        Self { path: None, kind }
    }

    /// The file, or one of the set; none if it is about everything put in.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Why.
    #[must_use]
    pub const fn kind(&self) -> &PutInRefusalKind {
        &self.kind
    }
}

impl Explain for PutInRefusal {
    fn explain(&self, lang: Lang) -> String {
        use PutInRefusalKind as Kind;
        let (ja, en) = match &self.kind {
            Kind::Nothing => (
                "ファイルがありません。送信するCSVファイルを指定してください。".to_owned(),
                "there is no file; give the CSV files to send".to_owned(),
            ),
            Kind::Unreadable(reason) => (
                format!("読み込めません（{reason}）。ファイルの場所と権限を確かめてください。"),
                format!("could not be read ({reason}); check where it is and its permissions"),
            ),
            Kind::NotStandard(refusal) | Kind::NotASet(refusal) | Kind::Check(refusal) => {
                (refusal.ja.clone(), refusal.en.clone())
            }
            Kind::OtherSender { found, expected } => (
                format!("ファイル名の送信元が事業所{found}です。事業所{expected}から出力したファイルを指定してください。"),
                format!("the sender in the name is office {found}; give files that office {expected} exported"),
            ),
            Kind::OwnNumber => (
                "ファイル名の送信先が自事業所です。送信先の事業所番号を確かめて、出力し直してください。".to_owned(),
                "the receiver in the name is the office itself; check the receiver and export again".to_owned(),
            ),
            Kind::OtherReceiver { found, chosen } => (
                format!("ファイル名の送信先が事業所{found}で、指定した送信先{chosen}と異なります。どちらが正しいか確かめてください。"),
                format!("the receiver in the name is office {found}, not the chosen {chosen}; see which is right"),
            ),
            Kind::PdfAlone => (
                "PDFだけを送る場合は、送信先の事業所を指定してください。CSVファイルに添える場合は、同じフォルダーから一緒に指定してください。".to_owned(),
                "to send a PDF alone, choose the receiver; to let it accompany CSV files, give them together from one folder".to_owned(),
            ),
            Kind::Findings(findings) => found(findings),
            Kind::PdfForSeveral => (
                "送信先が複数あるため、PDFをどの事業所に送るか決められません。送信先ごとに分けて指定してください。".to_owned(),
                "there are several receivers, and it is not clear to whom the PDF may go; give the files of one receiver at a time".to_owned(),
            ),
            Kind::SameName => (
                "同じ名前のファイルが複数あります。1つにしてください。".to_owned(),
                "there are several files of this name; keep one".to_owned(),
            ),
            Kind::UnsafeName => (
                "ファイル名に使えない文字または名前です。記号を除いた名前に変えてください。".to_owned(),
                "the name has characters or words that not every system takes; rename the file".to_owned(),
            ),
            Kind::NameUsed => (
                "同じ名前で内容の異なるファイルを送信済みか送信待ちです。訂正する場合は、ソフトウェアから出力し直して（作成日時が変わります）指定してください。".to_owned(),
                "a file of this name with other content is sent or waiting; to correct it, export again, which gives it a new time in its name".to_owned(),
            ),
        };
        let name = self
            .path
            .as_deref()
            .and_then(Path::file_name)
            .map(|name| name.to_string_lossy().into_owned());
        match name {
            Some(name) => lang.pick(format!("{name}: {ja}"), format!("{name}: {en}")),
            None => lang.pick(ja, en),
        }
    }
}

/// How many errors are told in one text; the others are counted.
const TOLD: usize = 5;

/// What the check found, in words: the errors, the first of them in full.
fn found(findings: &[Finding]) -> (String, String) {
    let errors: Vec<&Finding> = findings.iter().filter(|one| one.keeps_back()).collect();
    let count = errors.len();
    let lines = |lang| -> String {
        let told = errors.iter().take(TOLD);
        told.map(|error| format!("\n  - {}", error.explain(lang)))
            .collect()
    };
    let others = count.saturating_sub(TOLD);
    let (mut ja, mut en) = (
        format!(
            "標準仕様に合わない誤りが{count}件あります。ソフトウェアで直して、出力し直してください。{}",
            lines(Lang::Ja)
        ),
        format!(
            "{count} errors against the standard; correct them in the software and export again{}",
            lines(Lang::En)
        ),
    );
    if others > 0 {
        ja += &format!("\n  - ほか{others}件");
        en += &format!("\n  - and {others} more");
    }
    (ja, en)
}
