//! Around every call: a number for it, its log line, problems in the caller's language, and the
//! rest of a body nobody read.
//!
//! Logs name the call, the office and the outcome; never the query, a token, a file name.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ACCEPT_LANGUAGE, EXPECT};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use careplan_core::Lang;
use careplan_protocol::{ProblemCode, SendingId};
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use tracing::{Instrument, field};
use uuid::Uuid;

use super::App;
use super::caller::KnownOffice;
use crate::audit::Place;
use crate::problems::{self, NotDone};
use crate::storage::Access;

/// Name of the header with the call's number, the one in a problem's `instance`.
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// Runs a call.
pub(super) async fn answer(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = Uuid::now_v7();
    let lang = language(request.headers());
    let method = known_method(request.method());
    let at = app.now();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let about = sending_in(request.uri().path());
    let known = KnownOffice::default();
    let path = path.as_ref().map_or("unknown", MatchedPath::as_str);
    let span = tracing::info_span!("request", %id, method = method, path, office = field::Empty);
    async {
        let (mut request, rest) = lend_body(request);
        request.extensions_mut().insert(known.clone());
        let mut line = app.audit.place().map(|place| Line {
            known,
            kept: Some((
                place,
                Access {
                    at,
                    request: id,
                    office: None,
                    call: format!("{method} {path}"),
                    sending: about,
                    status: Access::CUT_OFF,
                    problem: None,
                },
            )),
        });
        let mut response = if line.is_some() {
            next.run(request).await
        } else {
            drop(request);
            NotDone::from(ProblemCode::ServiceUnavailable).into_response()
        };
        rest.discard(&app).await;
        let code = problems::render(&mut response, lang, id);
        if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        let took = started.elapsed();
        let milliseconds = took.as_secs_f64() * 1000.0;
        let status = response.status().as_u16();
        // The template, not the path: a label must not be the caller's choice.
        app.metrics
            .answered(format!("{method} {path}"), status, code.as_deref(), took);
        match &code {
            Some(code) => tracing::info!(status, milliseconds, problem = code, "refused"),
            None => tracing::info!(status, milliseconds, "done"),
        }
        if let Some(line) = &mut line {
            line.answered(&response, code);
        }
        response
    }
    .instrument(span)
    .await
}

/// The line of a call in the access log. It is noted whatever becomes of the call: when a caller
/// leaves, its call ends where it stands.
struct Line {
    known: KnownOffice,
    kept: Option<(Place, Access)>,
}

impl Line {
    fn answered(&mut self, response: &Response, problem: Option<String>) {
        let Some((_, access)) = &mut self.kept else {
            return;
        };
        if let Some(About(sending)) = response.extensions().get() {
            access.sending = Some(*sending);
        }
        access.status = response.status().as_u16();
        access.problem = problem;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some((place, mut access)) = self.kept.take() {
            access.office = self.known.office();
            place.note(access);
        }
    }
}

/// The sending an answer is about, if the call's path does not say.
#[derive(Clone, Copy)]
pub(super) struct About(pub(super) SendingId);

/// The sending in a path: the only part that is a UUID.
fn sending_in(path: &str) -> Option<SendingId> {
    path.split('/').find_map(|part| part.parse().ok())
}

/// A method by name; callers can make up methods, and what they make up is not logged or counted.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// The language a caller asks for (RFC 9110 section 12.5.4): of Japanese and English the one it
/// prefers, Japanese if it does not say.
fn language(headers: &HeaderMap) -> Lang {
    let header = headers.get(ACCEPT_LANGUAGE);
    let mut best = (Lang::Ja, 0);
    for range in header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .split(',')
    {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default();
        let primary = tag.split('-').next().unwrap_or_default();
        let Ok(lang) = primary.to_ascii_lowercase().parse::<Lang>() else {
            continue;
        };
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(Some(1.0), |weight| weight.parse::<f32>().ok());
        // In thousandths, as many as a weight can have; the first of equals wins.
        let weight = weight.map_or(0, |weight| (weight.clamp(0.0, 1.0) * 1000.0) as u16);
        if weight > best.1 {
            best = (lang, weight);
        }
    }
    best.0
}

/// A body that goes back when the handler drops it unread.
///
/// A caller that still writes a large body does not look for the answer, and loses it when the
/// connection is closed on it. So the rest of a body is read away before the answer, as far as a
/// body may go; unless the caller waits to be told to continue (RFC 9110 section 10.1.1), then it
/// has not sent any.
struct LentBody {
    body: Option<Body>,
    home: Arc<Mutex<Option<Body>>>,
}

/// Where the unread rest of a body comes back to.
pub(crate) struct RestOfBody {
    home: Arc<Mutex<Option<Body>>>,
    waits_to_continue: bool,
}

/// Lends a call's body to its handler.
pub(crate) fn lend_body(request: Request) -> (Request, RestOfBody) {
    let home = Arc::new(Mutex::new(None));
    let rest = RestOfBody {
        home: Arc::clone(&home),
        waits_to_continue: request.headers().contains_key(EXPECT),
    };
    let request = request.map(|body| {
        Body::new(LentBody {
            body: Some(body),
            home,
        })
    });
    (request, rest)
}

impl RestOfBody {
    /// Reads away what the handler left.
    pub(crate) async fn discard(self, app: &App) {
        let rest = self
            .home
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut rest) = rest.filter(|_| !self.waits_to_continue) else {
            return;
        };
        let mut left = app.limits.container_bytes;
        let discarding = async {
            while let Some(Ok(frame)) = rest.frame().await {
                let read = frame.data_ref().map_or(0, Bytes::len);
                left = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
                if left == 0 {
                    break;
                }
            }
        };
        // Whoever is slower than this has to do without the answer.
        let _ = tokio::time::timeout(app.limits.pause, discarding).await;
    }
}

impl HttpBody for LentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(body).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            // Ended or broken: there is no rest.
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Some(body) => body.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}

impl Drop for LentBody {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            *self.home.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::AccessLog;
    use crate::storage::{self, StorageChoice};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_call_that_broke_off_has_its_line() {
        let home = tempfile::tempdir().unwrap();
        let readers = std::num::NonZeroUsize::MIN;
        let metrics = Arc::new(crate::metrics::Metrics::new());
        let opening = storage::open(StorageChoice::Embedded, home.path(), readers, metrics);
        let storage = opening.await.unwrap();
        let (log, writing) = AccessLog::new(Arc::clone(&storage), 1);
        tokio::spawn(writing);
        let access = Access {
            at: chrono::DateTime::UNIX_EPOCH,
            request: Uuid::now_v7(),
            office: None,
            call: "POST /v1/session".to_owned(),
            sending: None,
            status: Access::CUT_OFF,
            problem: None,
        };
        let line = Line {
            known: KnownOffice::default(),
            kept: Some((log.place().unwrap(), access.clone())),
        };
        let call = async move {
            let _line = line;
            std::future::pending::<()>().await;
        };
        drop(call);
        log.written().await;
        let noted = storage.accesses(None, None, 10).await.unwrap();
        assert_eq!(noted, [access]);
    }

    #[test]
    fn the_language_is_the_preferred_of_the_two() {
        for (header, expected) in [
            ("", Lang::Ja),
            ("en", Lang::En),
            ("en-GB,en;q=0.9,ja;q=0.8", Lang::En),
            ("fr, en;q=0.5, ja;q=0.7", Lang::Ja),
            ("de", Lang::Ja),
            ("*", Lang::Ja),
            ("en;q=0, ja;q=0.1", Lang::Ja),
            ("en;q=x", Lang::Ja),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(header));
            assert_eq!(language(&headers), expected, "{header}");
        }
    }
}
