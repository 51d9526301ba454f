//! One function per call.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse};
use careplan_core::{Lang, OfficeNumber};
use careplan_protocol::{
    CONTAINER_TYPE, Confirmation, DirectoryEntry, IDEMPOTENCY_KEY, ListQuery, LogInRequest, Page,
    ProblemCode, Receipt, RefreshRequest, SendingId, SendingSummary, SessionGrant, Wording, path,
};
use serde::Serialize;
use tokio_util::io::ReaderStream;

use super::App;
use super::body::{JsonBody, PathValue, Query, content_type_is};
use super::caller::{Caller, LoggedIn};
use crate::delivery::Order;
use crate::problems::NotDone;
use crate::storage::Direction;

/// How much of a container is read from storage at a time.
const PIECE: usize = 64 * 1024;

type Answer<T> = Result<Json<T>, NotDone>;

/// Answers with tokens are not to be kept by anything on the way (RFC 6749 section 5.1).
type SessionAnswer = Result<
    (
        [(axum::http::HeaderName, &'static str); 1],
        Json<SessionGrant>,
    ),
    NotDone,
>;

pub(super) async fn log_in(
    State(app): State<Arc<App>>,
    Caller(office): Caller,
    JsonBody(request): JsonBody<LogInRequest>,
) -> SessionAnswer {
    let grant = app.doorkeeper.log_in(office, request, app.now()).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(grant)))
}

pub(super) async fn refresh(
    State(app): State<Arc<App>>,
    Caller(office): Caller,
    JsonBody(request): JsonBody<RefreshRequest>,
) -> SessionAnswer {
    let grant = app
        .doorkeeper
        .refresh(office, &request.refresh_token, app.now())
        .await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(grant)))
}

pub(super) async fn log_out(
    State(app): State<Arc<App>>,
    LoggedIn(session): LoggedIn,
) -> Result<StatusCode, NotDone> {
    app.doorkeeper.log_out(&session).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn directory(
    State(app): State<Arc<App>>,
    LoggedIn(session): LoggedIn,
    PathValue(office): PathValue<OfficeNumber>,
) -> Answer<DirectoryEntry> {
    let entry = app
        .delivery
        .directory(session.office, office, app.now())
        .await?;
    Ok(Json(entry))
}

pub(super) async fn send(
    State(app): State<Arc<App>>,
    LoggedIn(session): LoggedIn,
    PathValue(receiver): PathValue<OfficeNumber>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse + use<>, NotDone> {
    if !content_type_is(&headers, CONTAINER_TYPE) {
        return Err(ProblemCode::UnsupportedMediaType.into());
    }
    let key = headers
        .get(IDEMPOTENCY_KEY)
        .and_then(|key| key.to_str().ok())
        .and_then(|key| key.parse().ok())
        .ok_or(ProblemCode::IdempotencyKeyInvalid)?;
    let order = Order {
        sender: session.office,
        receiver,
        key,
    };
    let receipt = app.delivery.send(order, body, app.now()).await?;
    let location = path::show(receipt.sending);
    Ok((
        StatusCode::CREATED,
        AppendHeaders([(LOCATION, location)]),
        Json::<Receipt>(receipt),
    ))
}

pub(super) async fn list_sent(
    State(app): State<Arc<App>>,
    LoggedIn(session): LoggedIn,
    Query(query): Query,
) -> Answer<Page<SendingSummary>> {
    list(&app, session.office, Direction::Sent, query).await
}

pub(super) async fn list_received(
    State(app): State<Arc<App>>,
    LoggedIn(session): LoggedIn,
    Query(query): Query,
) -> Answer<Page<SendingSummary>> {
    list(&app, session.office, Direction::Received, query).await
}

async fn list(
    app: &App,
    office: OfficeNumber,
    direction: Direction,
    query: ListQuery,
) -> Answer<Page<SendingSummary>> {
    Ok(Json(app.delivery.list(office, direction, query).await?))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    LoggedIn(session): LoggedIn,
    PathValue(sending): PathValue<SendingId>,
) -> Answer<SendingSummary> {
    Ok(Json(app.delivery.show(session.office, sending).await?))
}

pub(super) async fn fetch(
    State(app): State<Arc<App>>,
    LoggedIn(session): LoggedIn,
    PathValue(sending): PathValue<SendingId>,
) -> Result<impl IntoResponse + use<>, NotDone> {
    let (summary, container) = app
        .delivery
        .fetch(session.office, sending, app.now())
        .await?;
    Ok((
        AppendHeaders([
            (CONTENT_TYPE, CONTAINER_TYPE.to_owned()),
            (CONTENT_LENGTH, summary.bytes.to_string()),
            (CACHE_CONTROL, "no-store".to_owned()),
        ]),
        Body::from_stream(ReaderStream::with_capacity(container, PIECE)),
    ))
}

pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    LoggedIn(session): LoggedIn,
    PathValue(sending): PathValue<SendingId>,
    JsonBody(confirmation): JsonBody<Confirmation>,
) -> Answer<SendingSummary> {
    let summary = app
        .delivery
        .confirm(session.office, sending, confirmation, app.now())
        .await?;
    Ok(Json(summary))
}

pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    LoggedIn(session): LoggedIn,
    PathValue(sending): PathValue<SendingId>,
) -> Answer<SendingSummary> {
    let summary = app
        .delivery
        .withdraw(session.office, sending, app.now())
        .await?;
    Ok(Json(summary))
}

/// What a problem's `type` leads to: its row of the table.
#[derive(Serialize)]
pub(super) struct ProblemKind {
    code: &'static str,
    status: u16,
    retry: &'static str,
    ja: Wording,
    en: Wording,
}

pub(super) async fn problem(PathValue(name): PathValue<String>) -> Answer<ProblemKind> {
    let code: ProblemCode = name.parse().map_err(|_| ProblemCode::NotFound)?;
    Ok(Json(ProblemKind {
        code: code.as_str(),
        status: code.status(),
        retry: code.retry().as_str(),
        ja: Wording::of(code, Lang::Ja),
        en: Wording::of(code, Lang::En),
    }))
}
