//! What a visitor is not given, and the page that says so.

use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use careplan_core::{Explain, Lang};

use crate::auth::NoRandomness;
use crate::licences::NotRecorded;
use crate::problems::NotDone;
use crate::storage::StorageError;

/// Why a visitor does not get what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nobody is logged in; perhaps not any more.
    LogInFirst { was_in: bool },
    /// The password is temporary or expired.
    ChangePasswordFirst,
    /// There is no such page, or not for this office.
    NotFound,
    /// A form that did not come from a page of ours, or from one of an earlier session.
    Foreign,
    /// A form that cannot be read.
    Form,
    /// Too many requests; seconds to wait.
    TooMany { seconds: u32 },
    /// A rule says no, in its words.
    Rule { ja: String, en: String },
    /// Something is not to be had at the moment.
    Unavailable,
    /// Something broke.
    Internal,
}

impl Refusal {
    pub(super) fn rule(reason: &impl Explain) -> Self {
        Self::Rule {
            ja: reason.explain(Lang::Ja),
            en: reason.explain(Lang::En),
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::LogInFirst { .. } | Self::ChangePasswordFirst => StatusCode::SEE_OTHER,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Foreign => StatusCode::FORBIDDEN,
            Self::Form => StatusCode::BAD_REQUEST,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Rule { .. } => StatusCode::CONFLICT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// For the log.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::LogInFirst { .. } => "log-in-first",
            Self::ChangePasswordFirst => "change-password-first",
            Self::NotFound => "not-found",
            Self::Foreign => "foreign-form",
            Self::Form => "unreadable-form",
            Self::TooMany { .. } => "too-many-requests",
            Self::Rule { .. } => "rule",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal-error",
        }
    }

    /// What the page says: a title, and what to do.
    pub(super) fn words(&self, lang: Lang) -> (String, String) {
        let (title, text) = match self {
            // Redirects; nobody sees a page of theirs.
            Self::LogInFirst { .. } | Self::ChangePasswordFirst => ("", String::new()),
            Self::NotFound => (
                lang.pick("ページが見つかりません", "There is no such page"),
                lang.pick(
                    "アドレスが変わったか、表示する権限がありません。トップページからお進みください。",
                    "It has moved, or is not for your office to see. Please start from the top page.",
                )
                .to_owned(),
            ),
            Self::Foreign => (
                lang.pick("もう一度操作してください", "Please do that again"),
                lang.pick(
                    "画面を開いてから時間がたったため、操作は行われていません。トップページからもう一度お進みください。",
                    "The page was open for too long, so nothing was done. Please start again from the top page.",
                )
                .to_owned(),
            ),
            Self::Form => (
                lang.pick("入力を読み取れません", "The form could not be read"),
                lang.pick(
                    "入力されていない項目があるか、ファイルが大きすぎます。前の画面に戻ってやり直してください。",
                    "Something was left empty, or a file is too large. Please go back and try again.",
                )
                .to_owned(),
            ),
            Self::TooMany { seconds } => (
                lang.pick("しばらくお待ちください", "Please wait a little"),
                lang.pick(
                    format!("操作が続いたため、一時的に受け付けを止めています。{seconds}秒ほどたってからもう一度お試しください。"),
                    format!("There were too many requests. Please try again in about {seconds} seconds."),
                ),
            ),
            Self::Rule { ja, en } => (
                lang.pick("受け付けできません", "That is not possible"),
                lang.pick(ja, en).clone(),
            ),
            Self::Unavailable => (
                lang.pick("ただいま利用できません", "Not available at the moment"),
                lang.pick(
                    "しばらくたってからもう一度お試しください。続くときは運用センターにお問い合わせください。",
                    "Please try again later. If it goes on, ask the operations centre.",
                )
                .to_owned(),
            ),
            Self::Internal => (
                lang.pick("エラーが起きました", "Something went wrong"),
                lang.pick(
                    "操作は完了していません。もう一度お試しください。続くときは運用センターにお問い合わせください。",
                    "It was not done. Please try again. If it goes on, ask the operations centre.",
                )
                .to_owned(),
            ),
        };
        (title.to_owned(), text)
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        NotDone::from(error).into()
    }
}

impl From<NotDone> for Refusal {
    fn from(error: NotDone) -> Self {
        match error {
            NotDone::Storage(error) => {
                tracing::error!(%error, "the storage failed");
                Self::Unavailable
            }
            NotDone::Refused(problem) if problem.status < 500 => Self::Rule {
                ja: problem.wording(Lang::Ja).detail.to_string(),
                en: problem.wording(Lang::En).detail.to_string(),
            },
            NotDone::Refused(_) => Self::Unavailable,
        }
    }
}

impl From<NotRecorded> for Refusal {
    fn from(error: NotRecorded) -> Self {
        match error {
            NotRecorded::UnknownOffice => Self::NotFound,
            NotRecorded::Refused(refused) => Self::rule(&refused),
            NotRecorded::Storage(error) => error.into(),
        }
    }
}

impl From<NoRandomness> for Refusal {
    fn from(_: NoRandomness) -> Self {
        Self::Unavailable
    }
}

impl From<std::fmt::Error> for Refusal {
    fn from(_: std::fmt::Error) -> Self {
        Self::Internal
    }
}

impl IntoResponse for Refusal {
    /// An empty response that carries the refusal to where its page is written.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let location = match &self {
            Self::LogInFirst { was_in: true } => Some("/log-in?ended=yes"),
            Self::LogInFirst { was_in: false } => Some("/log-in"),
            Self::ChangePasswordFirst => Some("/password"),
            _ => None,
        };
        let headers = response.headers_mut();
        if let Some(location) = location {
            headers.insert(LOCATION, HeaderValue::from_static(location));
        }
        if let Self::TooMany { seconds } = self {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}
