//! What a call brings: the value in its path, its query, its JSON body; refused with a problem that
//! says what is wrong, but never repeats the text.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use careplan_core::{Explain, Lang};
use careplan_protocol::{
    ConsistencyQuery, EvidenceEvent, InvalidQuery, ListQuery, Problem, ProblemCode, SendingId,
};
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

/// The sending and the event in the path of a receipt.
pub(super) struct ReceiptPath(pub(super) SendingId, pub(super) EvidenceEvent);

impl FromRequestParts<Arc<App>> for ReceiptPath {
    type Rejection = NotDone;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, NotDone> {
        let malformed = |_| ProblemCode::MalformedRequest;
        let Path((sending, event)) = Path::<(String, String)>::from_request_parts(parts, app)
            .await
            .map_err(|_| ProblemCode::MalformedRequest)?;
        Ok(Self(
            sending.parse().map_err(malformed)?,
            event.parse().map_err(malformed)?,
        ))
    }
}

/// A query, parsed.
pub(super) struct Query<Q>(pub(super) Q);

/// The queries of the protocol.
pub(super) trait ParseQuery: Sized {
    fn parse(query: &str) -> Result<Self, InvalidQuery>;
}

impl ParseQuery for ListQuery {
    fn parse(query: &str) -> Result<Self, InvalidQuery> {
        Self::from_query_string(query)
    }
}

impl ParseQuery for ConsistencyQuery {
    fn parse(query: &str) -> Result<Self, InvalidQuery> {
        Self::from_query_string(query)
    }
}

impl<Q: ParseQuery> FromRequestParts<Arc<App>> for Query<Q> {
    type Rejection = NotDone;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, NotDone> {
        Q::parse(parts.uri.query().unwrap_or_default())
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

/// Whether the body is announced as of a media type. A parameter of that type may be left out, but
/// not be another.
pub(super) fn content_type_is(headers: &HeaderMap, expected: &str) -> bool {
    let announced = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (kind, parameters) = media_type(announced);
    let (expected_kind, expected_parameters) = media_type(expected);
    kind.eq_ignore_ascii_case(expected_kind)
        && expected_parameters.into_iter().all(|(name, value)| {
            parameters
                .iter()
                .filter(|(other, _)| other.eq_ignore_ascii_case(name))
                .all(|(_, found)| found.eq_ignore_ascii_case(value))
        })
}

/// A media type and its parameters (RFC 9110 section 8.3.1).
fn media_type(text: &str) -> (&str, Vec<(&str, &str)>) {
    let mut parts = text.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let parameters = parts
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name, value.trim_matches('"')))
        .collect();
    (kind, parameters)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use careplan_protocol::{CONTAINER_TYPE, SEALED_TYPE};

    use super::*;

    #[test]
    fn media_types_are_told_apart_by_name_and_parameters() {
        for (announced, expected, same) in [
            ("application/json", "application/json", true),
            ("Application/JSON; charset=utf-8", "application/json", true),
            ("text/plain", "application/json", false),
            ("", "application/json", false),
            (CONTAINER_TYPE, CONTAINER_TYPE, true),
            (CONTAINER_TYPE, SEALED_TYPE, false),
            (SEALED_TYPE, SEALED_TYPE, true),
            (
                "application/pkcs7-mime;name=x; smime-type=\"authEnveloped-data\"",
                SEALED_TYPE,
                true,
            ),
            ("application/pkcs7-mime", SEALED_TYPE, true),
            (
                "application/pkcs7-mime; smime-type=enveloped-data",
                SEALED_TYPE,
                false,
            ),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(announced));
            assert_eq!(content_type_is(&headers, expected), same, "{announced}");
        }
    }
}
