//! TLS 1.3 for the HTTP library, with the office's signer as client certificate.
//!
//! ureq's own TLS wants the private key's bytes; keys on a token or in the system's store have
//! none to give. So the connection is wrapped here, with rustls. ureq's connector interface is not
//! under its promise of stability, which is why its version is held (docs/decisions).

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use careplan_envelope::{SignatureAlgorithm, Signer};
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SignatureScheme, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    TransportAdapter,
};

use crate::HttpsError;

/// TLS 1.3 only, these authorities only, this office's certificate.
pub(crate) fn client_config(
    trust_anchors: &[CertificateDer<'static>],
    identity: Arc<dyn Signer>,
) -> Result<Arc<ClientConfig>, HttpsError> {
    let mut roots = RootCertStore::empty();
    for anchor in trust_anchors {
        roots.add(anchor.clone()).map_err(HttpsError::TrustAnchor)?;
    }
    if roots.is_empty() {
        return Err(HttpsError::NoTrustAnchor);
    }
    if identity.certificate_chain().is_empty() {
        return Err(HttpsError::NoCertificate);
    }
    let scheme = scheme(identity.algorithm()).ok_or(HttpsError::SignatureAlgorithm)?;
    let certified = CertifiedKey::new(
        identity.certificate_chain().to_vec(),
        Arc::new(Key { identity, scheme }),
    );
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(HttpsError::Tls)?
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    // Every connection shows the certificate, so that a revoked one is noticed.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// TLS 1.3's name of an algorithm (RFC 8446, 4.2.3). PKCS #1 v1.5 is not for handshakes any more.
const fn scheme(algorithm: SignatureAlgorithm) -> Option<SignatureScheme> {
    match algorithm {
        SignatureAlgorithm::RsaPssSha256 => Some(SignatureScheme::RSA_PSS_SHA256),
        SignatureAlgorithm::EcdsaP256Sha256 => Some(SignatureScheme::ECDSA_NISTP256_SHA256),
        SignatureAlgorithm::EcdsaP384Sha384 => Some(SignatureScheme::ECDSA_NISTP384_SHA384),
        _ => None,
    }
}

/// An office's signer as rustls wants a key.
#[derive(Clone)]
struct Key {
    identity: Arc<dyn Signer>,
    scheme: SignatureScheme,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.scheme).finish()
    }
}

impl rustls::sign::SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn rustls::sign::Signer>> {
        offered
            .contains(&self.scheme)
            .then(|| Box::new(self.clone()) as Box<dyn rustls::sign::Signer>)
    }

    fn algorithm(&self) -> rustls::SignatureAlgorithm {
        match self.scheme {
            SignatureScheme::RSA_PSS_SHA256 => rustls::SignatureAlgorithm::RSA,
            _ => rustls::SignatureAlgorithm::ECDSA,
        }
    }
}

impl rustls::sign::Signer for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        self.identity
            .sign(message)
            .map_err(|error| rustls::Error::General(error.to_string()))
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

/// Wraps connections to `https` addresses in TLS.
pub(crate) struct TlsConnector(pub(crate) Arc<ClientConfig>);

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConnector")
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else {
            return Err(ureq::Error::ConnectionFailed);
        };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default();
        // Addresses of IPv6 stand in brackets in a URI.
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let name = ServerName::try_from(host).map_err(|_| ureq::Error::HostNotFound)?;
        let mut connection =
            ClientConnection::new(Arc::clone(&self.0), name).map_err(io::Error::other)?;
        let boxed: Box<dyn Transport> = Box::new(transport);
        let mut socket = TransportAdapter::new(boxed, Arc::clone(&details.current_time));
        socket.set_timeout(details.timeout);
        connection.complete_io(&mut socket)?;
        Ok(Some(Either::B(TlsTransport {
            buffers: LazyBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
            stream: StreamOwned::new(connection, socket),
        })))
    }
}

/// A connection in TLS.
pub(crate) struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsTransport")
    }
}

impl TlsTransport {
    /// Why the other side closed the connection while something was being sent, if it said so.
    ///
    /// In TLS 1.3 a client may send before the server has looked at its certificate, so that a
    /// refusal meets the request on its way (RFC 8446, 4.4.2.4).
    fn reason_for(&mut self, error: io::Error) -> io::Error {
        let StreamOwned { conn, sock } = &mut self.stream;
        while let Ok(1..) = conn.read_tls(sock) {
            if let Err(alert) = conn.process_new_packets() {
                return io::Error::new(io::ErrorKind::InvalidData, alert);
            }
        }
        error
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        let written = self.stream.write_all(output);
        let sent = written.and_then(|()| self.stream.flush());
        sent.map_err(|error| self.reason_for(error).into())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let read = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}
