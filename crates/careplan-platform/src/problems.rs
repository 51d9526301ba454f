//! Problems as answers: what a handler returns when it does not do what it was asked, and how that
//! becomes an RFC 9457 document in the caller's language.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use careplan_core::Lang;
use careplan_protocol::{Problem, ProblemCode, TransitionRefused};
use tokio::task::JoinError;
use uuid::Uuid;

use crate::EvidenceError;
use crate::storage::{StorageError, StorageErrorKind};

/// Why a call was not done.
#[derive(Debug)]
pub(crate) enum NotDone {
    /// It may not be, or not now.
    Refused(Box<Problem>),
    /// The storage failed; the caller learns only that it did.
    Storage(StorageError),
}

impl From<Problem> for NotDone {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

impl From<Box<Problem>> for NotDone {
    fn from(problem: Box<Problem>) -> Self {
        Self::Refused(problem)
    }
}

impl From<ProblemCode> for NotDone {
    fn from(code: ProblemCode) -> Self {
        Problem::new(code).into()
    }
}

impl From<TransitionRefused> for NotDone {
    fn from(refused: TransitionRefused) -> Self {
        refused.problem().into()
    }
}

impl From<StorageError> for NotDone {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<EvidenceError> for NotDone {
    /// Without its receipt nothing happens to a sending.
    fn from(error: EvidenceError) -> Self {
        match error {
            EvidenceError::Storage(error) => Self::Storage(error),
            error => {
                tracing::error!(%error, "evidence could not be made");
                ProblemCode::ServiceUnavailable.into()
            }
        }
    }
}

impl From<JoinError> for NotDone {
    /// Work on a thread that may block did not come to its end.
    fn from(error: JoinError) -> Self {
        if error.is_cancelled() {
            // The platform is going.
            ProblemCode::ServiceUnavailable.into()
        } else {
            tracing::error!(%error, "a call broke off");
            ProblemCode::InternalError.into()
        }
    }
}

impl IntoResponse for NotDone {
    /// An empty response that carries the problem to [`render`].
    fn into_response(self) -> Response {
        let problem = match self {
            Self::Refused(problem) => *problem,
            Self::Storage(error) => {
                tracing::error!(%error, "the storage failed");
                Problem::new(match error.kind() {
                    StorageErrorKind::Unavailable | StorageErrorKind::InUse => {
                        ProblemCode::ServiceUnavailable
                    }
                    StorageErrorKind::Damaged | StorageErrorKind::Newer => {
                        ProblemCode::InternalError
                    }
                })
            }
        };
        let mut response = StatusCode::from_u16(problem.status)
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            .into_response();
        response.extensions_mut().insert(problem);
        response
    }
}

/// Writes the problem a response carries, if any, in the caller's language; its code.
pub(crate) fn render(response: &mut Response, lang: Lang, request: Uuid) -> Option<String> {
    let problem = response
        .extensions_mut()
        .remove::<Problem>()?
        .for_request(lang, request);
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(ProblemCode::MEDIA_TYPE),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = problem.retry_after_seconds {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    if problem.status == StatusCode::UNAUTHORIZED.as_u16() {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    let code = problem.code.to_string();
    // Nothing in a problem has a key that is no text, so writing it does not fail.
    *response.body_mut() = Body::from(serde_json::to_vec(&problem).unwrap_or_default());
    Some(code)
}
