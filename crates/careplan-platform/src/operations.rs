//! The operators' own listener: whether the platform lives (`/health`), whether it can take work
//! (`/ready`), and what it counts (`/metrics`). Plain HTTP, meant for the loopback address or a
//! network of the operations centre's own; it tells nothing about offices or sendings.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore};
use tower::ServiceExt;

use crate::Clock;
use crate::audit::AccessLog;
use crate::clock::recorded_now;
use crate::metrics::Metrics;
use crate::storage::Storage;
use crate::tls::Shown;
use crate::trust::TrustStore;

/// How long an answer of `/ready` is good, so that asking often costs no disk.
const FRESH: TimeDelta = TimeDelta::seconds(5);
/// Connections at a time.
const CONNECTIONS: usize = 64;
/// Time for a request's head.
const HEAD: Duration = Duration::from_secs(10);
/// How long a check may take before the storage counts as not answering.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where operators ask, and when free space counts as short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationsConfig {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Below so many bytes of free space the platform is not ready; 1 GiB by default.
    pub least_free_bytes: u64,
}

impl OperationsConfig {
    /// Listens on an address.
    #[must_use]
    pub const fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            least_free_bytes: 1 << 30,
        }
    }
}

/// What is looked at.
pub(crate) struct Watch {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) trust: Arc<TrustStore>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) server: Arc<Shown>,
    pub(crate) audit: AccessLog,
    pub(crate) least_free_bytes: u64,
    pub(crate) last: Mutex<Option<(DateTime<Utc>, Readiness)>>,
}

/// Whether the platform can take work, check by check.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Readiness {
    ready: bool,
    checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    /// For the operator, in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Check {
    fn of(name: &'static str, outcome: Result<Option<String>, String>) -> Self {
        let ok = outcome.is_ok();
        let detail = outcome.unwrap_or_else(Some);
        Self { name, ok, detail }
    }
}

impl Watch {
    async fn readiness(&self) -> Readiness {
        let now = recorded_now(&*self.clock);
        let mut last = self.last.lock().await;
        if let Some((at, readiness)) = &*last
            && now >= *at
            && now - *at < FRESH
        {
            return readiness.clone();
        }
        let trust = self.trust.current();
        let checks = vec![
            Check::of("storage", self.storage_writes(now).await),
            Check::of("free_space", self.free_space().await),
            Check::of("server_certificate", self.server.dates().judge(now)),
            Check::of("authorities", trust.anchor_dates().judge(now)),
            Check::of("revocation_lists", trust.list_dates().judge(now)),
            Check::of("access_log", self.access_log()),
        ];
        let readiness = Readiness {
            ready: checks.iter().all(|check| check.ok),
            checks,
        };
        *last = Some((now, readiness.clone()));
        readiness
    }

    async fn storage_writes(&self, now: DateTime<Utc>) -> Result<Option<String>, String> {
        match tokio::time::timeout(PATIENCE, self.storage.beat(now)).await {
            Ok(Ok(())) => Ok(None),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer in {} seconds", PATIENCE.as_secs())),
        }
    }

    /// A heartbeat overwrites what is there; lines need room, also in a database whose disk cannot be
    /// asked.
    fn access_log(&self) -> Result<Option<String>, String> {
        if self.audit.is_failing() {
            return Err("its lines wait: the storage does not take them".to_owned());
        }
        Ok(None)
    }

    async fn free_space(&self) -> Result<Option<String>, String> {
        match self.storage.free_bytes().await {
            Ok(None) => Ok(None),
            Ok(Some(free)) if free >= self.least_free_bytes => Ok(Some(format!("{free} bytes"))),
            Ok(Some(free)) => Err(format!(
                "{free} bytes are free, {} are wanted",
                self.least_free_bytes
            )),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Answers operators until the platform ends.
pub(crate) async fn serve(listener: TcpListener, watch: Arc<Watch>) {
    let router = Router::new()
        .route("/health", get(async || "alive\n"))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(watch);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "accepting an operator's connection failed");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let router = router.clone();
        tokio::spawn(async move {
            let _place = place;
            let service = service_fn(move |request: Request<Incoming>| {
                let router = router.clone();
                async move {
                    Ok::<_, Infallible>(
                        router
                            .oneshot(request.map(Body::new))
                            .await
                            .unwrap_or_else(|never| match never {}),
                    )
                }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "an operator's connection ended early");
            }
        });
    }
}

async fn ready(State(watch): State<Arc<Watch>>) -> impl IntoResponse {
    let readiness = watch.readiness().await;
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness))
}

/// Prometheus' text format, as `OpenMetrics` has it.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

async fn metrics(State(watch): State<Arc<Watch>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, METRICS)], watch.metrics.text())
}
