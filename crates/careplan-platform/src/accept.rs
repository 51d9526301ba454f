//! The accept loop: TCP, TLS handshake, HTTP, each within its limits.
//!
//! Its own loop rather than a ready-made server, because the handlers need the certificate the
//! peer showed, and the handshake needs limits of its own.

use std::convert::Infallible;
use std::io;
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
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::clock::recorded_now;
use crate::trust::{Peer, TrustInForce, TrustStore};
use crate::{Clock, Limits, ServerIdentity, StartError, tls};

/// How long to wait after `accept` failed, for want of file handles or the like.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// What a connection needs.
pub(crate) struct Reception {
    pub(crate) identity: ServerIdentity,
    pub(crate) trust: Arc<TrustStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) router: Router,
}

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
        let (stream, turn) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
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
        tokio::spawn(async move {
            let _turn = turn;
            reception
                .receive(stream, config, &trust, watcher, stopping)
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
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let turn = Arc::clone(connections)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, turn))
}

/// The TLS configuration made for the trust in force.
#[derive(Default)]
struct CurrentTls(Option<(Arc<TrustInForce>, Arc<ServerConfig>)>);

impl CurrentTls {
    /// The configuration for a new connection, made anew if the trust was replaced.
    fn for_new_connection(
        &mut self,
        reception: &Reception,
    ) -> Result<(Arc<ServerConfig>, Arc<TrustInForce>), StartError> {
        let trust = reception.trust.current();
        if let Some((made_for, config)) = &self.0
            && Arc::ptr_eq(made_for, &trust)
        {
            return Ok((Arc::clone(config), trust));
        }
        let config = tls::server_config(&reception.identity, &trust, Arc::clone(&reception.clock))?;
        self.0 = Some((Arc::clone(&trust), Arc::clone(&config)));
        Ok((config, trust))
    }
}

impl Reception {
    async fn receive(
        &self,
        stream: TcpStream,
        config: Arc<ServerConfig>,
        trust: &TrustInForce,
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
            TlsAcceptor::from(config).accept(Box::pin(stream)),
        );
        let stream = tokio::select! {
            done = handshake => match done {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => return tracing::info!(%error, "TLS handshake failed"),
                Err(_) => return tracing::info!("TLS handshake took too long"),
            },
            _ = stopping.wait_for(Option::is_some) => return,
        };
        let (_, session) = stream.get_ref();
        let chain = session.peer_certificates().unwrap_or_default().to_vec();
        let now = recorded_now(&*self.clock);
        let peer = Arc::new(Peer::after_handshake(chain, trust, now));
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Arc::clone(&peer));
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
