//! One function per call.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse};
use axum::{Extension, Json};
use careplan_core::{Lang, OfficeNumber};
use careplan_protocol::{
    CONTAINER_TYPE, ChangePasswordRequest, Confirmation, ConsistencyPath, ConsistencyQuery,
    DirectoryEntry, IDEMPOTENCY_KEY, ListQuery, LogInRequest, Page, ProblemCode, Receipt,
    ReceiptList, ReceiptProof, RefreshRequest, SEALED_TYPE, SendingId, SendingSummary,
    SessionGrant, Wording, path,
};
use serde::Serialize;
use tokio_util::io::ReaderStream;

use super::App;
use super::body::{JsonBody, PathValue, Query, ReceiptPath, content_type_is};
use super::caller::{AtTheDoor, Caller, LoggedIn};
use super::request::About;
use crate::container::Form;
use crate::delivery::Order;
use crate::problems::NotDone;
use crate::storage::{ContainerReader, Direction};
use crate::trust::Peer;

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
    AtTheDoor(office): AtTheDoor,
    Extension(peer): Extension<Arc<Peer>>,
    JsonBody(request): JsonBody<LogInRequest>,
) -> SessionAnswer {
    let now = app.now();
    let grant = app.doorkeeper.log_in(office, request, now).await?;
    app.delivery
        .keep_certificate(office, peer.chain(), now)
        .await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(grant)))
}

pub(super) async fn refresh(
    State(app): State<Arc<App>>,
    AtTheDoor(office): AtTheDoor,
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

pub(super) async fn change_password(
    State(app): State<Arc<App>>,
    AtTheDoor(office): AtTheDoor,
    JsonBody(request): JsonBody<ChangePasswordRequest>,
) -> Result<StatusCode, NotDone> {
    let ChangePasswordRequest {
        user_id,
        password,
        new_password,
    } = request;
    app.doorkeeper
        .change_password(office, user_id, password, new_password, app.now())
        .await?;
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
    let form = if content_type_is(&headers, CONTAINER_TYPE) {
        Form::Open
    } else if content_type_is(&headers, SEALED_TYPE) {
        Form::Sealed
    } else {
        return Err(ProblemCode::UnsupportedMediaType.into());
    };
    let key = headers
        .get(IDEMPOTENCY_KEY)
        .and_then(|key| key.to_str().ok())
        .and_then(|key| key.parse().ok())
        .ok_or(ProblemCode::IdempotencyKeyInvalid)?;
    let order = Order {
        sender: session.office,
        receiver,
        key,
        form,
    };
    let receipt = app.delivery.send(order, body, app.now()).await?;
    let location = path::show(receipt.sending);
    Ok((
        StatusCode::CREATED,
        Extension(About(receipt.sending)),
        AppendHeaders([(LOCATION, location)]),
        Json::<Receipt>(receipt),
    ))
}

pub(super) async fn list_sent(
    State(app): State<Arc<App>>,
    LoggedIn(session): LoggedIn,
    Query(query): Query<ListQuery>,
) -> Answer<Page<SendingSummary>> {
    list(&app, session.office, Direction::Sent, query).await
}

pub(super) async fn list_received(
    State(app): State<Arc<App>>,
    LoggedIn(session): LoggedIn,
    Query(query): Query<ListQuery>,
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
    let kind = if summary.contents.is_sealed() {
        SEALED_TYPE
    } else {
        CONTAINER_TYPE
    };
    Ok((
        AppendHeaders([
            (CONTENT_TYPE, kind.to_owned()),
            (CONTENT_LENGTH, summary.bytes.to_string()),
            (CACHE_CONTROL, "no-store".to_owned()),
        ]),
        match container {
            ContainerReader::Whole(content) => content.into(),
            ContainerReader::Long(reader) => {
                Body::from_stream(ReaderStream::with_capacity(reader, PIECE))
            }
        },
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

pub(super) async fn list_receipts(
    State(app): State<Arc<App>>,
    LoggedIn(session): LoggedIn,
    PathValue(sending): PathValue<SendingId>,
) -> Answer<ReceiptList> {
    Ok(Json(app.evidence.list(session.office, sending).await?))
}

pub(super) async fn fetch_receipt(
    State(app): State<Arc<App>>,
    LoggedIn(session): LoggedIn,
    ReceiptPath(sending, event): ReceiptPath,
) -> Result<impl IntoResponse + use<>, NotDone> {
    let receipt = app.evidence.receipt(session.office, sending, event).await?;
    Ok(document(receipt.container))
}

pub(super) async fn prove_receipt(
    State(app): State<Arc<App>>,
    LoggedIn(session): LoggedIn,
    ReceiptPath(sending, event): ReceiptPath,
) -> Answer<ReceiptProof> {
    Ok(Json(
        app.evidence.prove(session.office, sending, event).await?,
    ))
}

pub(super) async fn checkpoint(
    State(app): State<Arc<App>>,
    LoggedIn(_): LoggedIn,
) -> Result<impl IntoResponse + use<>, NotDone> {
    Ok(document(app.evidence.checkpoint().await?.container))
}

pub(super) async fn prove_log(
    State(app): State<Arc<App>>,
    LoggedIn(_): LoggedIn,
    Query(query): Query<ConsistencyQuery>,
) -> Answer<ConsistencyPath> {
    Ok(Json(app.evidence.consistency(query).await?))
}

/// A signed document of the platform as it is.
fn document(container: Vec<u8>) -> impl IntoResponse + use<> {
    ([(CONTENT_TYPE, CONTAINER_TYPE)], container)
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

pub(super) async fn problem_kind(
    Caller(_): Caller,
    PathValue(name): PathValue<String>,
) -> Answer<ProblemKind> {
    let code: ProblemCode = name.parse().map_err(|_| ProblemCode::NotFound)?;
    Ok(Json(ProblemKind {
        code: code.as_str(),
        status: code.status(),
        retry: code.retry().as_str(),
        ja: Wording::of(code, Lang::Ja),
        en: Wording::of(code, Lang::En),
    }))
}

pub(super) async fn description(Caller(_): Caller) -> Json<serde_json::Value> {
    Json(careplan_protocol::openapi())
}
