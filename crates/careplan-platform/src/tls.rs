//! TLS 1.3 and nothing older: with a client certificate for the API, without one for the web site.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::pki_types::UnixTime;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{ServerConfig, version};

use crate::dates::Dates;
use crate::trust::{TrustInForce, unix_time};
use crate::{Clock, ServerIdentity, StartError};

/// The certificate a listener shows, replaceable while it serves: the next handshake shows the new
/// one.
pub(crate) struct Shown(RwLock<Arc<CertifiedKey>>);

impl Shown {
    pub(crate) fn new(identity: ServerIdentity) -> Result<Self, StartError> {
        Ok(Self(RwLock::new(Arc::new(certified(identity)?))))
    }

    /// Shows another one from now on; if it cannot be used, the old one stays.
    pub(crate) fn replace(&self, identity: ServerIdentity) -> Result<(), StartError> {
        let certified = Arc::new(certified(identity)?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = certified;
        Ok(())
    }

    fn current(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// When it and its intermediates are good.
    pub(crate) fn dates(&self) -> Dates {
        Dates::of_certificates(&self.current().cert)
    }
}

/// A certificate with its key, if the two belong together.
fn certified(identity: ServerIdentity) -> Result<CertifiedKey, StartError> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    CertifiedKey::from_der(identity.chain, identity.key, &provider).map_err(StartError::identity)
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown(key hidden)")
    }
}

/// The server side of TLS under a trust.
///
/// Sessions are not resumed: every connection shows its certificate anew, so that a revoked one is
/// not let in by a ticket.
pub(crate) fn server_config(
    identity: Arc<Shown>,
    trust: &TrustInForce,
    clock: Arc<dyn Clock>,
) -> Result<Arc<ServerConfig>, StartError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(RustlsTime(clock)))
        .with_protocol_versions(&[&version::TLS13])
        .map_err(StartError::identity)?
        .with_client_cert_verifier(Arc::clone(&trust.clients))
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// The server side of TLS for browsers, which show no certificate.
pub(crate) fn site_config(identity: Arc<Shown>) -> Result<Arc<ServerConfig>, StartError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13])
        .map_err(StartError::identity)?
        .with_no_client_auth()
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The platform's clock, for rustls.
struct RustlsTime(Arc<dyn Clock>);

impl TimeProvider for RustlsTime {
    fn current_time(&self) -> Option<UnixTime> {
        unix_time(self.0.now())
    }
}

impl fmt::Debug for RustlsTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RustlsTime")
    }
}
