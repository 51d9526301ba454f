//! What went wrong, where, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use careplan_core::{Explain, Lang, OfficeNumber};
use careplan_protocol::{IdempotencyKey, Problem, SendingId};

use crate::{NoAnswer, PutInRefusal, Refusal};

/// An operation that could not be done.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct Error {
    kind: Box<ErrorKind>,
}

/// What went wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Another program works on the home.
    HomeInUse {
        /// The home.
        home: PathBuf,
    },
    /// The home belongs to another office.
    OtherOffice {
        /// The home.
        home: PathBuf,
        /// The office it was made for.
        found: OfficeNumber,
        /// The office it was opened for.
        expected: OfficeNumber,
    },
    /// The home was made by a later version of this library.
    LaterVersion {
        /// The home.
        home: PathBuf,
    },
    /// The signer's certificate is not this office's, or may not be used.
    Certificate(Refusal),
    /// A file or folder could not be read or written.
    Storage {
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The disk is full.
    DiskFull {
        /// Where.
        path: PathBuf,
    },
    /// The home's database could not be used.
    Database {
        /// Which file.
        path: PathBuf,
        /// The database's words.
        source: rusqlite::Error,
    },
    /// A stored value cannot be read: the home is damaged.
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// Files that cannot be sent; none of those put in together was taken.
    PutIn(Vec<PutInRefusal>),
    /// A container could not be signed.
    Signing(careplan_envelope::Error),
    /// There is no user ID or password to log in with.
    NoCredentials(Refusal),
    /// A container could not be sealed, or a sealed one not be opened.
    Sealing(Refusal),
    /// Logging in did not work.
    LogIn(Problem),
    /// The platform refused what was asked.
    Refused(Problem),
    /// The platform could not be asked.
    NoAnswer(NoAnswer),
    /// Nothing of that name was put in here.
    NoSuchOutgoing(IdempotencyKey),
    /// Nothing of that number was received here.
    NoSuchIncoming(SendingId),
    /// The set is in a state in which that cannot be done.
    WrongState {
        /// What can be done instead.
        advice: Advice,
    },
    /// The set is quarantined.
    Quarantined(SendingId),
    /// The set's files were removed from the home when their time was over.
    FilesRemoved(SendingId),
    /// A different file of the same name is in the folder.
    FileExists {
        /// The file that is there.
        path: PathBuf,
    },
    /// The caller cancelled.
    Cancelled,
}

/// Why something cannot be done to an outgoing set, and what can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// Only a refused set can be tried again.
    NotRefused,
    /// The platform has it already: withdraw it instead.
    WithdrawInstead,
    /// The platform does not have it yet: discard it instead.
    DiscardInstead,
    /// The platform may have it: its answer got lost.
    SyncFirst,
}

impl Error {
    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Takes the kind out.
    #[must_use]
    pub fn into_kind(self) -> ErrorKind {
        *self.kind
    }

    /// Whether the next [`sync`](crate::Client::sync) may do without anybody changing anything.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match &*self.kind {
            ErrorKind::NoAnswer(no_answer) => no_answer.may_pass(),
            ErrorKind::LogIn(problem) | ErrorKind::Refused(problem) => {
                problem.retry() != careplan_protocol::Retry::Never
            }
            ErrorKind::Cancelled | ErrorKind::HomeInUse { .. } => true,
            _ => false,
        }
    }

    /// An I/O error of a file of the home.
    pub(crate) fn storage(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| {
            Self::from(if source.kind() == io::ErrorKind::StorageFull {
                ErrorKind::DiskFull { path }
            } else {
                ErrorKind::Storage { path, source }
            })
        }
    }

    /// An error of the home's database.
    pub(crate) fn database(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        let full = source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull);
        Self::from(if full {
            ErrorKind::DiskFull { path }
        } else {
            ErrorKind::Database { path, source }
        })
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind: Box::new(kind),
        }
    }
}

impl From<NoAnswer> for Error {
    fn from(no_answer: NoAnswer) -> Self {
        ErrorKind::NoAnswer(no_answer).into()
    }
}

impl Explain for Error {
    fn explain(&self, lang: Lang) -> String {
        match &*self.kind {
            ErrorKind::HomeInUse { home } => {
                let home = home.display();
                lang.pick(
                    format!("{home} は別のプログラムまたは端末が使用中です。1つの事業所で同時に使えるのは1台だけです。そちらを終了してから、もう一度行ってください。"),
                    format!("{home} is in use by another program or terminal; one at a time can work on an office's home. Close the other, then try again"),
                )
            }
            ErrorKind::OtherOffice { home, found, expected } => {
                let home = home.display();
                lang.pick(
                    format!("{home} は事業所{found}のものです。事業所{expected}の保管場所を指定してください。"),
                    format!("{home} belongs to office {found}; open the home of office {expected}"),
                )
            }
            ErrorKind::LaterVersion { home } => {
                let home = home.display();
                lang.pick(
                    format!("{home} は新しい版のソフトウェアで作られています。このソフトウェアを更新してください。"),
                    format!("{home} was made by a later version of this software; update this one"),
                )
            }
            ErrorKind::Certificate(refusal) => lang.pick(
                format!("署名用の証明書を使えません。{}", refusal.ja),
                format!("the signing certificate cannot be used: {}", refusal.en),
            ),
            ErrorKind::Storage { path, source } => {
                let path = path.display();
                lang.pick(
                    format!("{path} を読み書きできません（{source}）。フォルダーの権限と空き容量を確かめてください。失われたものはありません。"),
                    format!("{path} could not be read or written ({source}); check permissions and free space. Nothing was lost"),
                )
            }
            ErrorKind::DiskFull { path } => {
                let path = path.display();
                lang.pick(
                    format!("ディスクの空き容量がありません（{path}）。空き容量を増やしてから、もう一度行ってください。失われたものはありません。"),
                    format!("the disk is full ({path}); free some space, then try again. Nothing was lost"),
                )
            }
            ErrorKind::Database { path, source } => {
                let path = path.display();
                lang.pick(
                    format!("データベース {path} を使用できません（{source}）。権限、空き容量、ディスクの状態を確かめてください。"),
                    format!("the database {path} could not be used ({source}); check permissions, free space and the disk"),
                )
            }
            ErrorKind::Damaged { path, what } => {
                let path = path.display();
                lang.pick(
                    format!("{path} が壊れています（{what}）。控えから戻すか、ソフトウェアの提供元に連絡してください。"),
                    format!("{path} is damaged ({what}); restore it from a backup or tell the vendor of your software"),
                )
            }
            ErrorKind::PutIn(refusals) => {
                let head = lang.pick(
                    "送信できないファイルがあるため、何も取り込んでいません。",
                    "nothing was taken, because of files that cannot be sent: ",
                );
                let reasons: Vec<String> =
                    refusals.iter().map(|refusal| refusal.explain(lang)).collect();
                head.to_owned() + &reasons.join(lang.pick("", "; "))
            }
            ErrorKind::Signing(error) => lang.pick(
                format!("署名できません。{}", error.explain(Lang::Ja)),
                format!("signing failed: {}", error.explain(Lang::En)),
            ),
            ErrorKind::NoCredentials(refusal) | ErrorKind::Sealing(refusal) => {
                refusal.explain(lang)
            }
            ErrorKind::LogIn(problem) | ErrorKind::Refused(problem) => problem.explain(lang),
            ErrorKind::NoAnswer(no_answer) => no_answer.explain(lang),
            ErrorKind::NoSuchOutgoing(id) => lang.pick(
                format!("送信データ {id} はありません。一覧で確かめてください。"),
                format!("there is no outgoing set {id}; look at the list of what was sent"),
            ),
            ErrorKind::NoSuchIncoming(id) => lang.pick(
                format!("受信データ {id} はありません。一覧で確かめてください。"),
                format!("there is no received set {id}; look at the list of what was received"),
            ),
            ErrorKind::WrongState { advice } => {
                let (ja, en) = match advice {
                    Advice::NotRefused => (
                        "再送信できるのは、送信できなかったものだけです。状態を一覧で確かめてください。",
                        "only a set that was not accepted can be tried again; look at its state in the list",
                    ),
                    Advice::WithdrawInstead => (
                        "すでにセンターが受け付けています。取り消し（withdraw）を行ってください。",
                        "the platform has it already; withdraw it instead",
                    ),
                    Advice::DiscardInstead => (
                        "まだセンターに送信されていません。破棄（discard）を行ってください。",
                        "the platform does not have it yet; discard it instead",
                    ),
                    Advice::SyncFirst => (
                        "センターが受け付けたかどうか、まだ分かりません。先に同期を行ってください。",
                        "it is not yet known whether the platform has it; sync first",
                    ),
                };
                lang.pick(ja, en).to_owned()
            }
            ErrorKind::Quarantined(id) => lang.pick(
                format!("受信データ {id} は検証できなかったため隔離されており、取り出せません。理由を確かめ、送信元に再送を依頼してください。"),
                format!("received set {id} did not verify and is quarantined; look at the reason and ask the sender to send it again"),
            ),
            ErrorKind::FilesRemoved(id) => lang.pick(
                format!("受信データ {id} のファイルは、保存期間が過ぎたため削除されています。必要な場合は送信元に再送を依頼してください。"),
                format!("the files of received set {id} were removed when their time was over; ask the sender to send them again if they are needed"),
            ),
            ErrorKind::FileExists { path } => {
                let path = path.display();
                lang.pick(
                    format!("{path} には内容の異なる同名のファイルがあります。別のフォルダーに取り出すか、そのファイルを移してください。上書きはしていません。"),
                    format!("{path} is there with other content; take out to another folder or move that file. Nothing was overwritten"),
                )
            }
            ErrorKind::Cancelled => lang.pick(
                "中止しました。次の同期で続きから行います。".to_owned(),
                "cancelled; the next sync goes on from there".to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_from_other_trouble() {
        use std::io::Write as _;
        let path = Path::new("/dev/full");
        let mut full = std::fs::File::options().write(true).open(path).unwrap();
        let source = full.write_all(b"x").unwrap_err();
        let error = Error::storage(path)(source);
        assert!(
            matches!(error.kind(), ErrorKind::DiskFull { .. }),
            "{error:?}"
        );
        assert!(error.explain(Lang::Ja).contains("空き容量"));
        let other = Error::storage(path)(io::ErrorKind::PermissionDenied.into());
        assert!(matches!(other.kind(), ErrorKind::Storage { .. }));
    }
}
