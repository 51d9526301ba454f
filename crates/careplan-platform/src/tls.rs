//! TLS 1.3 and nothing older: with a client certificate for the API, without one for the web site.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::UnixTime;
use rustls::server::NoServerSessionStorage;
use rustls::time_provider::TimeProvider;
use rustls::{ServerConfig, version};

use crate::trust::{TrustInForce, unix_time};
use crate::{Clock, ServerIdentity, StartError};

/// The server side of TLS under a trust.
///
/// Sessions are not resumed: every connection shows its certificate anew, so that a revoked one is
/// not let in by a ticket.
pub(crate) fn server_config(
    identity: &ServerIdentity,
    trust: &TrustInForce,
    clock: Arc<dyn Clock>,
) -> Result<Arc<ServerConfig>, StartError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(RustlsTime(clock)))
        .with_protocol_versions(&[&version::TLS13])
        .map_err(StartError::identity)?
        .with_client_cert_verifier(Arc::clone(&trust.clients))
        .with_single_cert(identity.chain.clone(), identity.key.clone_key())
        .map_err(StartError::identity)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// The server side of TLS for browsers, which show no certificate.
pub(crate) fn site_config(identity: &ServerIdentity) -> Result<Arc<ServerConfig>, StartError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13])
        .map_err(StartError::identity)?
        .with_no_client_auth()
        .with_single_cert(identity.chain.clone(), identity.key.clone_key())
        .map_err(StartError::identity)?;
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
