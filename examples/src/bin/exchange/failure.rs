//! What can keep the exchange from its end, with what to do.

use std::io;
use std::path::{Path, PathBuf};

use careplan_check::Notice;
use careplan_core::{Explain, Lang, OfficeNumber};

/// A reason why the exchange ended.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A file or folder cannot be read or written.
    Io { path: PathBuf, error: io::Error },
    /// The folder has no file to send.
    Nothing { folder: PathBuf },
    /// `--keep` names a folder that has something in it.
    NotEmpty { folder: PathBuf },
    /// A file or set that may not travel, with the reason in both languages.
    Refused {
        path: PathBuf,
        ja: String,
        en: String,
    },
    /// A place in a file that departs from the standard, in the checker's words.
    Fault { ja: String, en: String },
    /// A part of the system said no: what it was doing, and its own words.
    Part {
        doing: Doing,
        ja: String,
        en: String,
    },
    /// A sending did not arrive.
    NotArrived {
        sender: OfficeNumber,
        receiver: OfficeNumber,
    },
    /// What arrived is not what was sent.
    Differs { file: String },
}

/// What was being done when a part said no.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Doing {
    Checking,
    Certificates,
    StartingPlatform,
    Registering(OfficeNumber),
    OpeningClient(OfficeNumber),
    PuttingIn(OfficeNumber),
    Sending(OfficeNumber),
    Receiving(OfficeNumber),
    TakingOut(OfficeNumber),
    Importing,
}

impl Failure {
    /// For `map_err` on file operations.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { path, error }
    }

    /// For `map_err` on the crates' errors.
    pub(crate) fn part<E: Explain>(doing: Doing) -> impl FnOnce(E) -> Self {
        move |error| Self::Part {
            doing,
            ja: error.explain(Lang::Ja),
            en: error.explain(Lang::En),
        }
    }

    /// A departure from the standard.
    pub(crate) fn fault(notice: &Notice) -> Self {
        Self::Fault {
            ja: notice.explain(Lang::Ja),
            en: notice.explain(Lang::En),
        }
    }

    /// A file or set that may not travel.
    pub(crate) fn refused(path: impl Into<PathBuf>, reason: &impl Explain) -> Self {
        Self::Refused {
            path: path.into(),
            ja: reason.explain(Lang::Ja),
            en: reason.explain(Lang::En),
        }
    }
}

impl Doing {
    fn name(self, lang: Lang) -> String {
        let (ja, en) = match self {
            Self::Checking => ("検査".to_owned(), "checking".to_owned()),
            Self::Certificates => ("証明書の発行".to_owned(), "issuing certificates".to_owned()),
            Self::StartingPlatform => (
                "連携基盤の起動".to_owned(),
                "starting the platform".to_owned(),
            ),
            Self::Registering(office) => (
                format!("事業所{office}の登録"),
                format!("registering office {office}"),
            ),
            Self::OpeningClient(office) => (
                format!("事業所{office}のクライアントの起動"),
                format!("opening the client of office {office}"),
            ),
            Self::PuttingIn(office) => (
                format!("事業所{office}のクライアントへの登録"),
                format!("putting files into the client of office {office}"),
            ),
            Self::Sending(office) => (
                format!("事業所{office}からの送信"),
                format!("sending from office {office}"),
            ),
            Self::Receiving(office) => (
                format!("事業所{office}の受信"),
                format!("receiving at office {office}"),
            ),
            Self::TakingOut(office) => (
                format!("事業所{office}のクライアントからの取り出し"),
                format!("taking files out of the client of office {office}"),
            ),
            Self::Importing => ("取込み".to_owned(), "importing".to_owned()),
        };
        lang.pick(ja, en)
    }
}

impl Explain for Failure {
    fn explain(&self, lang: Lang) -> String {
        match self {
            Self::Io { path, error } => lang.pick(
                format!(
                    "{}: 読み書きできません（{error}）。場所と権限を確かめてください。",
                    path.display()
                ),
                format!(
                    "{}: cannot be read or written ({error}); check the place and its permissions",
                    path.display()
                ),
            ),
            Self::Nothing { folder } => lang.pick(
                format!(
                    "{}: 送るファイルがありません。標準仕様のCSVファイルを置いてください。",
                    folder.display()
                ),
                format!(
                    "{}: no file to send; put CSV files of the standard there",
                    folder.display()
                ),
            ),
            Self::NotEmpty { folder } => lang.pick(
                format!(
                    "{}: 空のフォルダーではありません。新しいフォルダーを指定してください。",
                    folder.display()
                ),
                format!(
                    "{}: is not an empty folder; name a new one",
                    folder.display()
                ),
            ),
            Self::Refused { path, ja, en } => lang.pick(
                format!("{}: {ja}", path.display()),
                format!("{}: {en}", path.display()),
            ),
            Self::Fault { ja, en } => lang.pick(ja, en).clone(),
            Self::Part { doing, ja, en } => {
                format!("{}: {}", doing.name(lang), lang.pick(ja, en))
            }
            Self::NotArrived { sender, receiver } => lang.pick(
                format!("事業所{sender}から事業所{receiver}への送信が届きませんでした。"),
                format!("the sending from office {sender} to office {receiver} did not arrive"),
            ),
            Self::Differs { file } => lang.pick(
                format!("{file}: 届いたファイルが送ったファイルと異なります。"),
                format!("{file}: what arrived is not what was sent"),
            ),
        }
    }
}
