//! The API: every [`Endpoint`] of the protocol with its handler.
//!
//! Handlers read what the call brings, ask [`Doorkeeper`] or [`Delivery`], and write the answer.

mod body;
mod caller;
mod handlers;
pub(crate) mod request;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{MethodFilter, MethodRouter, on};
use careplan_protocol::{Endpoint, Method, ProblemCode};
use chrono::{DateTime, Utc};

use crate::audit::AccessLog;
use crate::auth::Doorkeeper;
use crate::clock::recorded_now;
use crate::delivery::Delivery;
use crate::evidence::Evidences;
use crate::metrics::Metrics;
use crate::problems::NotDone;
use crate::rates::Rates;
use crate::trust::TrustStore;
use crate::{Clock, Limits};

/// What handlers work with.
pub(crate) struct App {
    pub(crate) doorkeeper: Doorkeeper,
    pub(crate) delivery: Arc<Delivery>,
    pub(crate) evidence: Evidences,
    pub(crate) trust: Arc<TrustStore>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) rates: Rates,
    pub(crate) audit: AccessLog,
}

impl App {
    fn now(&self) -> DateTime<Utc> {
        recorded_now(&*self.clock)
    }
}

/// All calls of the API.
pub(crate) fn router(app: Arc<App>) -> Router {
    let router = Endpoint::ALL
        .iter()
        .fold(Router::new(), |router, &endpoint| {
            router.route(endpoint.template(), handler(endpoint))
        });
    router
        .fallback(async || NotDone::from(ProblemCode::NotFound))
        .method_not_allowed_fallback(async || NotDone::from(ProblemCode::MethodNotAllowed))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            request::answer,
        ))
        .with_state(app)
}

/// The handler of a call.
fn handler(endpoint: Endpoint) -> MethodRouter<Arc<App>> {
    let handler = handler_of_method(endpoint);
    match endpoint.method() {
        // HEAD is not GET without a body here: fetching moves a sending on.
        Method::Get => handler.on(MethodFilter::HEAD, async || {
            NotDone::from(ProblemCode::MethodNotAllowed)
        }),
        Method::Post | Method::Put | Method::Delete => handler,
    }
}

fn handler_of_method(endpoint: Endpoint) -> MethodRouter<Arc<App>> {
    let method = match endpoint.method() {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Put => MethodFilter::PUT,
        Method::Delete => MethodFilter::DELETE,
    };
    match endpoint {
        Endpoint::LogIn => on(method, handlers::log_in),
        Endpoint::Refresh => on(method, handlers::refresh),
        Endpoint::LogOut => on(method, handlers::log_out),
        Endpoint::Directory => on(method, handlers::directory),
        Endpoint::Send => on(method, handlers::send),
        Endpoint::ListSent => on(method, handlers::list_sent),
        Endpoint::ListReceived => on(method, handlers::list_received),
        Endpoint::Show => on(method, handlers::show),
        Endpoint::Fetch => on(method, handlers::fetch),
        Endpoint::Confirm => on(method, handlers::confirm),
        Endpoint::Withdraw => on(method, handlers::withdraw),
        Endpoint::ChangePassword => on(method, handlers::change_password),
        Endpoint::ListReceipts => on(method, handlers::list_receipts),
        Endpoint::FetchReceipt => on(method, handlers::fetch_receipt),
        Endpoint::ProveReceipt => on(method, handlers::prove_receipt),
        Endpoint::Checkpoint => on(method, handlers::checkpoint),
        Endpoint::ProveLog => on(method, handlers::prove_log),
        Endpoint::ProblemKind => on(method, handlers::problem_kind),
        Endpoint::Description => on(method, handlers::description),
    }
}
