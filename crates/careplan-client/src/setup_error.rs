//! Why a home's settings, key or certificate cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use careplan_core::{Explain, Lang};

use crate::HttpsError;

/// Something of an office's setup that cannot be used: where, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct SetupError {
    place: PathBuf,
    kind: Box<SetupErrorKind>,
}

/// Why.
#[derive(Debug)]
#[non_exhaustive]
pub enum SetupErrorKind {
    /// The folder is no office's home yet.
    NotSetUp,
    /// The folder is an office's home already.
    SetUpAlready,
    /// The settings cannot be read.
    Settings(Box<toml::de::Error>),
    /// No certificate is installed.
    NoCertificate,
    /// No request waits for a certificate.
    NoRequest,
    /// Settings or certificate of another office.
    OtherOffice,
    /// The certificate is not one this exchange takes.
    Refused(Box<careplan_envelope::VerifyError>),
    /// A key or certificate cannot be used.
    Key(careplan_envelope::Error),
    /// The platform's address or the connection's settings cannot be used.
    Connection(HttpsError),
    /// A file cannot be read or written.
    File(io::Error),
}

impl From<careplan_envelope::Error> for SetupErrorKind {
    fn from(error: careplan_envelope::Error) -> Self {
        Self::Key(error)
    }
}

impl From<HttpsError> for SetupErrorKind {
    fn from(error: HttpsError) -> Self {
        Self::Connection(error)
    }
}

impl SetupError {
    pub(crate) fn new(place: &Path, kind: SetupErrorKind) -> Self {
        Self {
            place: place.to_owned(),
            kind: Box::new(kind),
        }
    }

    pub(crate) fn io(place: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::new(place, SetupErrorKind::File(error))
    }

    /// The file or folder.
    #[must_use]
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Why.
    #[must_use]
    pub fn kind(&self) -> &SetupErrorKind {
        &self.kind
    }
}

impl Explain for SetupError {
    fn explain(&self, lang: Lang) -> String {
        use SetupErrorKind as Kind;
        let (ja, en) = match &*self.kind {
            Kind::NotSetUp => (
                "まだ事業所の初期設定がされていません。office init を行ってください。".to_owned(),
                "no office is set up here; run office init first".to_owned(),
            ),
            Kind::SetUpAlready => (
                "すでに初期設定がされています。設定を変える場合は office.toml を、証明書を更新する場合は office renew を使ってください。".to_owned(),
                "an office is set up here already; to change settings edit office.toml, to renew the certificate use office renew".to_owned(),
            ),
            Kind::Settings(error) => {
                let message = error.message();
                (
                    format!("設定を読み取れません（{message}）。該当する行を直してください。"),
                    format!("the settings cannot be read ({message}); correct that line"),
                )
            }
            Kind::NoCertificate => (
                "事業所の証明書がまだありません。request.pem を認証局に提出し、発行された証明書を office init --certificate で取り込んでください。".to_owned(),
                "the office's certificate is not installed yet; hand request.pem to the authority and install what it issues with office init --certificate".to_owned(),
            ),
            Kind::NoRequest => (
                "証明書の発行を待っている要求がありません。office renew で要求を作ってください。".to_owned(),
                "no request waits for a certificate; make one with office renew".to_owned(),
            ),
            Kind::OtherOffice => (
                "別の事業所のものです。事業所番号を確かめてください。".to_owned(),
                "it is another office's; check the office number".to_owned(),
            ),
            Kind::Refused(error) => (error.explain(Lang::Ja), error.explain(Lang::En)),
            Kind::Key(error) => (error.explain(Lang::Ja), error.explain(Lang::En)),
            Kind::Connection(error) => (error.explain(Lang::Ja), error.explain(Lang::En)),
            Kind::File(error) => (
                format!("読み書きできません（{error}）。場所、権限、空き容量を確かめてください。"),
                format!("cannot be read or written ({error}); check the place, permissions and free space"),
            ),
        };
        let place = self.place.display();
        lang.pick(format!("{place}: {ja}"), format!("{place}: {en}"))
    }
}
