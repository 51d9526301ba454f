//! What a call brings: the value in its path, its query, its JSON body; refused with a problem that
//! says what is wrong, but never repeats the text.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use careplan_core::{Explain, Lang};
use careplan_protocol::{ListQuery, Problem, ProblemCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::App;
use crate::problems::NotDone;

/// The one parameter of the path, parsed.
pub(super) struct PathValue<T>(pub(super) T);

impl<T: FromStr> FromRequestParts<Arc<App>> for PathValue<T> {
    type Rejection = NotDone;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, NotDone> {
        let Path(text) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| ProblemCode::MalformedRequest)?;
        let value = text.parse().map_err(|_| ProblemCode::MalformedRequest)?;
        Ok(Self(value))
    }
}

/// The query of a list.
pub(super) struct Query(pub(super) ListQuery);

impl FromRequestParts<Arc<App>> for Query {
    type Rejection = NotDone;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, NotDone> {
        ListQuery::from_query_string(parts.uri.query().unwrap_or_default())
            .map(Self)
            .map_err(|error| {
                Problem::new(ProblemCode::MalformedRequest)
                    .because(&error)
                    .into()
            })
    }
}

/// A JSON body.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for JsonBody<T> {
    type Rejection = NotDone;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, NotDone> {
        if !content_type_is(request.headers(), "application/json") {
            return Err(ProblemCode::UnsupportedMediaType.into());
        }
        let body = Limited::new(request.into_body(), app.limits.json_bytes).collect();
        let body = tokio::time::timeout(app.limits.pause, body)
            .await
            .map_err(|_| ProblemCode::RequestTimeout)?
            .map_err(|error| {
                if error.is::<LengthLimitError>() {
                    ProblemCode::MalformedRequest
                } else {
                    ProblemCode::UploadInterrupted
                }
            })?;
        serde_json::from_slice(&body.to_bytes())
            .map(Self)
            .map_err(|error| {
                let place = JsonPlace(error.line(), error.column());
                Problem::new(ProblemCode::MalformedRequest)
                    .because(&place)
                    .into()
            })
    }
}

/// Where a JSON body could not be read. What stands there is not told: it may be a password.
struct JsonPlace(usize, usize);

impl Explain for JsonPlace {
    fn explain(&self, lang: Lang) -> String {
        let Self(line, column) = self;
        match lang {
            Lang::Ja => format!("本文のJSONを{line}行{column}文字目で読み取れません。"),
            Lang::En => {
                format!("The JSON of the body could not be read at line {line}, column {column}.")
            }
        }
    }
}

/// Whether the body is announced as of a media type, parameters aside.
pub(super) fn content_type_is(headers: &HeaderMap, expected: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case(expected))
}
