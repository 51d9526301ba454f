//! The accept loop: TCP, TLS handshake, HTTP, each within its limits. The API and the web site have
//! one each.
//!
//! Its own loop rather than a ready-made server, because the handlers need the certificate the
//! peer showed, and the handshake needs limits of its own.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use prometheus_client::metrics::gauge::Gauge;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::clock::recorded_now;
use crate::metrics::Metrics;
use crate::tls::{self, Shown};
use crate::trust::{Peer, TrustInForce, TrustStore};
use crate::{Clock, Limits, StartError};

/// How long to wait after `accept` failed, for want of file handles or the like.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// What a connection needs.
pub(crate) struct Reception {
    pub(crate) identity: Arc<Shown>,
    pub(crate) callers: Callers,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) router: Router,
}

/// Who may connect.
pub(crate) enum Callers {
    /// Who shows a certificate that the trust in force believes; requests carry its [`Peer`].
    WithCertificate(Arc<TrustStore>),
    /// Everybody: a web browser.
    Anyone,
}

/// The address a request came from, without the port; every request carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct CallerAddress(pub(crate) IpAddr);

/// Accepts connections until `stopping`, then lets those that are at work finish, for at most
/// `patience`; whether they did.
pub(crate) async fn serve(
    listener: TcpListener,
    reception: Arc<Reception>,
    mut stopping: watch::Receiver<Option<Duration>>,
) -> bool {
    let connections = Arc::new(Semaphore::new(reception.limits.connections));
    let graceful = GracefulShutdown::new();
    let mut tls = CurrentTls::default();
    loop {
        let accepted = tokio::select! {
            accepted = next(&listener, &connections) => accepted,
            _ = stopping.wait_for(Option::is_some) => break,
        };
        let (stream, address, turn) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                reception.metrics.unconnected("accept");
                tokio::time::sleep(AFTER_FAILURE).await;
                continue;
            }
        };
        let (config, trust) = match tls.for_new_connection(&reception) {
            Ok(current) => current,
            Err(error) => {
                tracing::error!(%error, "no TLS configuration");
                continue;
            }
        };
        let (reception, watcher, stopping) =
            (Arc::clone(&reception), graceful.watcher(), stopping.clone());
        reception.metrics.connections_accepted.inc();
        tokio::spawn(async move {
            let _turn = turn;
            let _open = Open::begin(&reception.metrics);
            reception
                .receive(stream, address, config, trust, watcher, stopping)
                .await;
        });
    }
    drop(listener);
    let patience = stopping.borrow().unwrap_or_default();
    tokio::time::timeout(patience, graceful.shutdown())
        .await
        .is_ok()
}

/// Waits for a free place, then for a connection.
async fn next(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> io::Result<(TcpStream, CallerAddress, tokio::sync::OwnedSemaphorePermit)> {
    let turn = Arc::clone(connections)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    // An IPv4 caller is one caller, also on a socket that takes both.
    Ok((stream, CallerAddress(address.ip().to_canonical()), turn))
}

/// The TLS configuration made for the trust in force, if callers are judged by one.
#[derive(Default)]
struct CurrentTls(Option<(Option<Arc<TrustInForce>>, Arc<ServerConfig>)>);

/// The configuration for a new connection, and the trust it was made for.
type TlsAndTrust = (Arc<ServerConfig>, Option<Arc<TrustInForce>>);

impl CurrentTls {
    /// The configuration for a new connection, made anew if the trust was replaced.
    fn for_new_connection(&mut self, reception: &Reception) -> Result<TlsAndTrust, StartError> {
        let trust = match &reception.callers {
            Callers::WithCertificate(trust) => Some(trust.current()),
            Callers::Anyone => None,
        };
        if let Some((made_for, config)) = &self.0
            && made_for.as_ref().map(Arc::as_ptr) == trust.as_ref().map(Arc::as_ptr)
        {
            return Ok((Arc::clone(config), trust));
        }
        let config = match &trust {
            Some(trust) => tls::server_config(
                Arc::clone(&reception.identity),
                trust,
                Arc::clone(&reception.clock),
            )?,
            None => tls::site_config(Arc::clone(&reception.identity))?,
        };
        self.0 = Some((trust.clone(), Arc::clone(&config)));
        Ok((config, trust))
    }
}

/// Ends the connection of a caller that was refused, so that it learns why: a connection closed
/// while something of the caller's is unread is reset, and with that Windows throws away what was
/// said last, the TLS alert.
async fn let_go(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    const LONGEST: Duration = Duration::from_secs(1);
    const MOST_BYTES: u64 = 64 * 1024;
    let ending = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(MOST_BYTES), &mut tokio::io::sink()).await
    };
    // It ends here, however it goes.
    let _ = tokio::time::timeout(LONGEST, ending).await;
}

/// Counts a connection as open until it is dropped.
struct Open(Gauge);

impl Open {
    fn begin(metrics: &Metrics) -> Self {
        let connections = metrics.connections.clone();
        connections.inc();
        Self(connections)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Reception {
    async fn receive(
        &self,
        stream: TcpStream,
        address: CallerAddress,
        config: Arc<ServerConfig>,
        trust: Option<Arc<TrustInForce>>,
        watcher: Watcher,
        mut stopping: watch::Receiver<Option<Duration>>,
    ) {
        // Answers are small or written in large pieces: waiting to fill packets only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "setting TCP_NODELAY failed");
        }
        // A caller that does not read its answer is let go as one that does not write its body.
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(self.limits.pause));
        let handshake = tokio::time::timeout(
            self.limits.handshake,
            TlsAcceptor::from(config)
                .accept(Box::pin(stream))
                .into_fallible(),
        );
        let done = tokio::select! {
            done = handshake => done,
            _ = stopping.wait_for(Option::is_some) => return,
        };
        let stream = match done {
            Ok(Ok(stream)) => stream,
            Ok(Err((error, stream))) => {
                self.metrics.unconnected("handshake");
                tracing::info!(%error, "TLS handshake failed");
                return let_go(stream).await;
            }
            Err(_) => {
                self.metrics.unconnected("timeout");
                return tracing::info!("TLS handshake took too long");
            }
        };
        let peer = trust.map(|trust| {
            let (_, session) = stream.get_ref();
            let chain = session.peer_certificates().unwrap_or_default().to_vec();
            let now = recorded_now(&*self.clock);
            Arc::new(Peer::after_handshake(chain, &trust, now))
        });
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(address);
            if let Some(peer) = &peer {
                request.extensions_mut().insert(Arc::clone(peer));
            }
            let router = self.router.clone();
            async move {
                Ok::<_, Infallible>(
                    router
                        .oneshot(request)
                        .await
                        .unwrap_or_else(|never| match never {}),
                )
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head)
            .max_headers(self.limits.headers)
            .max_buf_size(self.limits.head_bytes)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}
