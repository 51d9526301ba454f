//! The pages: their addresses, what stands around each, and who is let in.

mod about;
mod compare;
mod documents;
mod front;
mod grid;
mod home;
mod received;
mod send;
mod sent;
mod sets;
mod tables;
mod work;
mod written;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use careplan_core::Lang;

use crate::desk::{Away, Desk};
use crate::door::Closed;
use crate::said::Said;
use front::{Front, Here, Visit};
use received::Received;
use sent::Sent;

/// The address of every page.
pub(crate) fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/", get(home::home))
        .route("/send", get(send::choose).post(send::upload))
        .route("/send/{draft}", get(send::look).post(send::act))
        .route("/send/{draft}/report/{set}", get(send::report))
        .route("/sync", post(work::sync))
        .route("/progress", get(work::work))
        .route("/progress/state", get(work::state))
        .route("/progress/stop", post(work::cancel))
        .route("/sent", get(sent::list))
        .route("/sent/{id}", get(sent::one))
        .route("/sent/{id}/{act}", post(sent::act))
        .route("/sent/{id}/receipt/{event}", get(sets::receipt::<Sent>))
        .route("/sent/{id}/file/{number}", get(sets::file::<Sent>))
        .route("/sent/{id}/view/{number}", get(sets::view::<Sent>))
        .route("/received", get(received::list))
        .route("/received/take", post(received::take_new))
        .route("/received/recheck", post(received::recheck))
        .route("/received/{id}", get(received::one))
        .route("/received/{id}/take", post(received::take))
        .route("/received/{id}/download", post(received::download))
        .route(
            "/received/{id}/receipt/{event}",
            get(sets::receipt::<Received>),
        )
        .route("/received/{id}/file/{number}", get(sets::file::<Received>))
        .route("/received/{id}/view/{number}", get(sets::view::<Received>))
        .route("/months", get(grid::months))
        .route("/months/{month}", get(grid::month))
        .route("/months/{month}/compare", get(compare::compare))
        .route("/months/{month}/{person}", get(grid::person))
        .route("/about", get(about::about))
        .route("/language", post(about::language))
        .route("/quit", post(about::quit))
        .fallback(nothing_here)
        // The upload has its own limit; everything else is small.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), admit))
        .route("/enter/{token}", get(enter))
        .route("/look.css", get(|| async { style(careplan_look::STYLE) }))
        .route(
            "/page.css",
            get(|| async { style(include_str!("page.css")) }),
        )
        .route("/icon.svg", get(icon))
        .route("/page.js", get(script))
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), guard))
        .with_state(desk)
}

/// Everything: meant for this page, and with the headers that keep browsers from mixing it with
/// others.
async fn guard(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let visit = Visit::of(request.headers(), desk.options.lang);
    let mut response = match desk.door.meant(&request) {
        Ok(()) => next.run(request).await,
        Err(closed) => shut(visit.lang, closed),
    };
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(CONTENT_SECURITY_POLICY, POLICY);
    set(X_FRAME_OPTIONS, "DENY");
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    // `no-referrer` would make browsers hide the page's own origin from itself (`Origin: null`).
    set(REFERRER_POLICY, "same-origin");
    set(CACHE_CONTROL, "no-store");
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    response
}

/// The page's own files and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Everything but the entrance: only for the browser that entered, and only from its pages.
async fn admit(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    match desk.door.admits(&request) {
        Ok(()) => next.run(request).await,
        Err(closed) => {
            let visit = Visit::of(request.headers(), desk.options.lang);
            shut(visit.lang, closed)
        }
    }
}

async fn enter(
    State(desk): State<Arc<Desk>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let visit = Visit::of(&headers, desk.options.lang);
    match desk.door.enter(&token) {
        Ok(cookie) => {
            // Not a redirect: that would count as coming from wherever the address was opened, and
            // the browser would not send the cookie.
            let mut response = front::entered(visit.lang);
            response.headers_mut().insert(SET_COOKIE, cookie);
            response
        }
        Err(closed) => shut(visit.lang, closed),
    }
}

fn shut(lang: Lang, closed: Closed) -> Response {
    let status = match closed {
        Closed::OtherHost => StatusCode::MISDIRECTED_REQUEST,
        Closed::OtherOrigin | Closed::NoEntrance => StatusCode::FORBIDDEN,
        Closed::NoSession => StatusCode::UNAUTHORIZED,
    };
    front::bare(lang, status, &closed.said())
}

async fn nothing_here(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    let visit = Visit::of(&headers, desk.options.lang);
    not_found(&desk, visit)
}

/// There is nothing of that name.
fn not_found(desk: &Desk, visit: Visit) -> Response {
    let said = Said::new(
        "お探しの画面はありません。上のメニューから選び直してください。",
        "There is no such page. Choose from the menu above.",
    );
    trouble(desk, visit, StatusCode::NOT_FOUND, &said)
}

/// A page that says what is wrong and what to do.
fn trouble(desk: &Desk, visit: Visit, status: StatusCode, said: &Said) -> Response {
    let lang = visit.lang;
    let title = lang.pick("できませんでした", "That did not work");
    let front = Front::new(desk, visit, Here::Nowhere, title);
    front.page_with(
        status,
        &maud::html! {
            h1 { (title) }
            div.notice.error { p { (said.pick(lang)) } }
            p { a.button.second href="/" { (lang.pick("最初の画面へ", "To the first page")) } }
        },
    )
}

/// The client cannot be had now.
fn away(desk: &Desk, visit: Visit, away: Away) -> Response {
    match away {
        Away::Working => see_other("/progress"),
        Away::Ended => front::bare(
            visit.lang,
            StatusCode::SERVICE_UNAVAILABLE,
            &Said::new(
                format!("事業所{}の画面は終了しました。", desk.office),
                format!("The page of office {} has ended.", desk.office),
            ),
        ),
    }
}

/// What the client says it could not do.
fn failed(desk: &Desk, visit: Visit, error: &careplan_client::Error) -> Response {
    use careplan_client::ErrorKind as Kind;
    let status = match error.kind() {
        Kind::NoSuchOutgoing(_) | Kind::NoSuchIncoming(_) => StatusCode::NOT_FOUND,
        Kind::WrongState { .. } | Kind::FileExists { .. } => StatusCode::CONFLICT,
        Kind::Quarantined(_) | Kind::FilesRemoved(_) => StatusCode::GONE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    trouble(desk, visit, status, &Said::of(error))
}

/// Goes on to another page after something was done.
fn see_other(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

fn style(css: &'static str) -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], css).into_response()
}

async fn icon() -> Response {
    let svg = include_str!("icon.svg");
    ([(CONTENT_TYPE, "image/svg+xml")], svg).into_response()
}

async fn script() -> Response {
    let js = include_str!("page.js");
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], js).into_response()
}

/// A few kilobytes to be stored by the browser.
fn small_to_store(bytes: Vec<u8>, name: &str) -> Response {
    let mut response = bytes.into_response();
    if let Ok(value) = HeaderValue::from_str(&front::disposition(name)) {
        response.headers_mut().insert("content-disposition", value);
    }
    response
}

/// A file to be stored by the browser, sent as it is read.
fn to_store(file: std::fs::File, name: &str, content_type: &'static str) -> Response {
    let length = file.metadata().ok().map(|metadata| metadata.len());
    let stream = tokio_util::io::ReaderStream::new(tokio::fs::File::from_std(file));
    let mut response = Body::from_stream(stream).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(length) = length {
        headers.insert("content-length", HeaderValue::from(length));
    }
    if let Ok(value) = HeaderValue::from_str(&front::disposition(name)) {
        headers.insert("content-disposition", value);
    }
    response
}
