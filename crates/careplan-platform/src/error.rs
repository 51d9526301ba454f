//! Why a platform did not start, or an administration call was not done.

use std::error::Error as StdError;

use careplan_core::{Explain, Lang, OfficeNumber};
use tokio::task::JoinError;

use crate::licences::NotRecorded;
use crate::{StorageError, TermsRefused};

/// Why a platform did not start or took no new trust.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
#[non_exhaustive]
pub enum StartError {
    /// The storage cannot be used.
    Storage(#[source] StorageError),
    /// The address cannot be listened on.
    Listen(#[source] std::io::Error),
    /// Certificate and key of the platform do not make an identity.
    Identity(#[source] rustls::Error),
    /// Trust anchors or revocation lists cannot be used.
    Trust(#[source] Box<dyn StdError + Send + Sync>),
    /// The evidence key cannot be used, or what it signs would not be believed.
    Evidence(#[source] EvidenceError),
    /// The operating system gave no threads or no randomness.
    System(#[source] Box<dyn StdError + Send + Sync>),
}

impl StartError {
    pub(crate) const fn identity(error: rustls::Error) -> Self {
        Self::Identity(error)
    }

    pub(crate) fn trust(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Trust(error.into())
    }

    pub(crate) fn system(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::System(error.into())
    }
}

impl From<StorageError> for StartError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl Explain for StartError {
    fn explain(&self, lang: Lang) -> String {
        match (lang, self) {
            (lang, Self::Storage(error)) => error.explain(lang),
            (Lang::Ja, Self::Listen(error)) => format!(
                "待ち受けるアドレスを使用できません（{error}）。アドレスとポートを確かめてください。"
            ),
            (Lang::En, Self::Listen(error)) => {
                format!("cannot listen on the address: {error}; check address and port")
            }
            (Lang::Ja, Self::Identity(error)) => format!(
                "サーバー証明書と秘密鍵を使用できません（{error}）。組み合わせを確かめてください。"
            ),
            (Lang::En, Self::Identity(error)) => format!(
                "server certificate and key cannot be used: {error}; check that they belong together"
            ),
            (Lang::Ja, Self::Trust(error)) => format!(
                "認証局の証明書または失効リストを使用できません（{error}）。ファイルを確かめてください。"
            ),
            (Lang::En, Self::Trust(error)) => format!(
                "trust anchors or revocation lists cannot be used: {error}; check the files"
            ),
            (lang, Self::Evidence(error)) => error.explain(lang),
            (Lang::Ja, Self::System(error)) => {
                format!("動作に必要な資源を得られません（{error}）。")
            }
            (Lang::En, Self::System(error)) => {
                format!("the system does not give what is needed: {error}")
            }
        }
    }
}

/// Why evidence was not made.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
#[non_exhaustive]
pub enum EvidenceError {
    /// The storage cannot be used.
    Storage(#[source] StorageError),
    /// The evidence key does not sign.
    Signing(#[source] careplan_envelope::Error),
    /// What was signed does not verify, or the log in storage is damaged.
    Log(#[source] careplan_envelope::evidence::EvidenceError),
    /// An event this version cannot state.
    UnknownEvent,
    /// The work did not come to its end: the platform is going.
    CutOff,
}

impl From<StorageError> for EvidenceError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<careplan_envelope::Error> for EvidenceError {
    fn from(error: careplan_envelope::Error) -> Self {
        Self::Signing(error)
    }
}

impl From<careplan_envelope::evidence::EvidenceError> for EvidenceError {
    fn from(error: careplan_envelope::evidence::EvidenceError) -> Self {
        Self::Log(error)
    }
}

impl From<JoinError> for EvidenceError {
    fn from(_: JoinError) -> Self {
        Self::CutOff
    }
}

impl Explain for EvidenceError {
    fn explain(&self, lang: Lang) -> String {
        match (lang, self) {
            (lang, Self::Storage(error)) => error.explain(lang),
            (Lang::Ja, Self::Signing(error)) => format!(
                "証拠の署名ができません。運用者の証明書と秘密鍵を確かめてください: {}",
                error.explain(lang)
            ),
            (Lang::En, Self::Signing(error)) => format!(
                "evidence cannot be signed; check the operator's certificate and key: {error}"
            ),
            (Lang::Ja, Self::Log(error)) => format!(
                "証拠が検証できません。運用者の証明書と証拠ログを確かめてください: {}",
                error.explain(lang)
            ),
            (Lang::En, Self::Log(error)) => format!(
                "evidence does not verify; check the operator's certificate and the log: {error}"
            ),
            (Lang::Ja, Self::UnknownEvent) => {
                "この版では受領証を作成できない種類の出来事です。".to_owned()
            }
            (Lang::En, Self::UnknownEvent) => {
                "this version makes no receipt for the event".to_owned()
            }
            (Lang::Ja, Self::CutOff) => "終了中のため、処理を完了できませんでした。".to_owned(),
            (Lang::En, Self::CutOff) => "it was cut off, as the platform ends".to_owned(),
        }
    }
}

/// Why an administration call was not done.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
#[non_exhaustive]
pub enum AdministrationError {
    /// The storage cannot be used.
    Storage(#[source] StorageError),
    /// The office is not registered.
    UnknownOffice(OfficeNumber),
    /// There is no account with this user ID.
    UnknownAccount,
    /// The user ID is another office's.
    OtherOfficesAccount,
    /// The licence rules refuse the event.
    Licence(#[source] careplan_licence::EventRefused),
    /// The terms were not added.
    Terms(#[source] TermsRefused),
    /// Evidence was not made.
    Evidence(#[source] EvidenceError),
    /// The password could not be hashed, or no threads were to be had.
    System(#[source] Box<dyn StdError + Send + Sync>),
}

impl AdministrationError {
    pub(crate) fn not_recorded(error: NotRecorded, office: OfficeNumber) -> Self {
        match error {
            NotRecorded::UnknownOffice => Self::UnknownOffice(office),
            NotRecorded::Refused(error) => Self::Licence(error),
            NotRecorded::Storage(error) => Self::Storage(error),
        }
    }
}

impl From<StorageError> for AdministrationError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<careplan_licence::EventRefused> for AdministrationError {
    fn from(error: careplan_licence::EventRefused) -> Self {
        Self::Licence(error)
    }
}

impl Explain for AdministrationError {
    fn explain(&self, lang: Lang) -> String {
        match self {
            Self::Storage(error) => error.explain(lang),
            Self::UnknownOffice(office) => match lang {
                Lang::Ja => format!("事業所{office}は登録されていません。先に登録してください。"),
                Lang::En => format!("office {office} is not registered; register it first"),
            },
            Self::UnknownAccount => lang
                .pick(
                    "このユーザIDは登録されていません。先に登録してください。",
                    "there is no account with this user ID; register it first",
                )
                .to_owned(),
            Self::OtherOfficesAccount => lang
                .pick(
                    "このユーザIDは他の事業所のものです。ユーザIDと事業所番号を確認してください。",
                    "this user ID is another office's; check user ID and office number",
                )
                .to_owned(),
            Self::Licence(error) => error.explain(lang),
            Self::Terms(error) => error.explain(lang),
            Self::Evidence(error) => error.explain(lang),
            Self::System(error) => match lang {
                Lang::Ja => format!("動作に必要な資源を得られません（{error}）。"),
                Lang::En => format!("the system does not give what is needed: {error}"),
            },
        }
    }
}
