//! The transport over HTTPS: TLS 1.3 with the office's certificate, and a private trust anchor.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use careplan_core::{Explain, Lang, OfficeNumber};
use careplan_envelope::Signer;
use careplan_protocol::{
    AccessToken, Confirmation, DirectoryEntry, Endpoint, EvidenceEvent, IDEMPOTENCY_KEY,
    IdempotencyKey, ListQuery, LogInRequest, Page, Problem, Receipt, RefreshRequest, SendingId,
    SendingSummary, SessionGrant, path,
};
use rustls::AlertDescription;
use rustls_pki_types::CertificateDer;
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Request, Response, Uri, header};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, TcpConnector};
use ureq::{Agent, AsSendBody, Body, Proxy, ProxyProtocol, SendBody, Timeout};

use crate::resolver::Remembering;
use crate::tls::{TlsConnector, client_config};

use crate::{CallError, NoAnswer, Transport};

/// The longest answer that is not a container: a page of a list.
const LONGEST_ANSWER: u64 = 16 * 1024 * 1024;

/// The longest receipt: a few certificates and names.
const LONGEST_RECEIPT: u64 = 1024 * 1024;

/// From this length on the platform is asked whether it wants a container before it is sent
/// (RFC 9110, 10.1.1): a refusal then costs no upload.
const ASK_FIRST: u64 = 256 * 1024;

/// Where the platform is, and how to be recognised there.
pub struct HttpsConfig {
    /// `https://` and the platform's host, with a port if it is not 443.
    pub address: String,
    /// The authorities whose certificates the platform may show; no others are trusted.
    pub trust_anchors: Vec<CertificateDer<'static>>,
    /// The office's certificate and key, for being recognised in the handshake. Keys of RSA sign
    /// with PSS here: TLS 1.3 takes nothing else.
    pub identity: Arc<dyn Signer>,
    /// A proxy's address, such as `http://proxy:8080`; none given, the environment's
    /// (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).
    pub proxy: Option<String>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long nothing may move on a connection.
    pub idle_timeout: Duration,
}

impl HttpsConfig {
    /// The usual: ten seconds for connecting, a minute for anything to move.
    #[must_use]
    pub fn new(
        address: impl Into<String>,
        trust_anchors: Vec<CertificateDer<'static>>,
        identity: Arc<dyn Signer>,
    ) -> Self {
        Self {
            address: address.into(),
            trust_anchors,
            identity,
            proxy: None,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
        }
    }
}

impl fmt::Debug for HttpsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's address may hold a password.
        f.debug_struct("HttpsConfig")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// The transport over HTTPS. Keeps connections open between calls.
pub struct HttpsTransport {
    agent: Agent,
    /// What the agent asks.
    resolver: Remembering,
    /// Without a slash at the end.
    address: String,
}

impl HttpsTransport {
    /// Prepares the transport; does not connect.
    ///
    /// # Errors
    /// If the address, an authority, the certificate with its key, or the proxy cannot be used.
    pub fn new(config: HttpsConfig) -> Result<Self, HttpsError> {
        let address = config.address.trim_end_matches('/').to_owned();
        check_address(&address)?;
        let tls = client_config(&config.trust_anchors, config.identity)?;
        let proxy = match &config.proxy {
            Some(proxy) => Some(Proxy::new(proxy).map_err(|_| HttpsError::Proxy)?),
            None => Proxy::try_from_env(),
        };
        if proxy
            .as_ref()
            .is_some_and(|proxy| proxy.protocol() != ProxyProtocol::Http)
        {
            return Err(HttpsError::Proxy);
        }
        let config = Agent::config_builder()
            .https_only(true)
            .proxy(proxy)
            .http_status_as_error(false)
            // The platform does not redirect, and a token must not go anywhere else.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_resolve(Some(config.connect_timeout))
            .timeout_connect(Some(config.connect_timeout))
            .timeout_per_read(Some(config.idle_timeout))
            .timeout_per_write(Some(config.idle_timeout))
            .user_agent(concat!("careplan-client/", env!("CARGO_PKG_VERSION")))
            .build();
        let connector =
            ().chain(ConnectProxyConnector::default())
                .chain(TcpConnector::default())
                .chain(TlsConnector(tls));
        let resolver = Remembering::default();
        let agent = Agent::with_parts(config, connector, resolver.clone());
        Ok(Self {
            agent,
            resolver,
            address,
        })
    }

    /// Whether an address is one this transport can use: `https://`, a host, perhaps a port.
    pub(crate) fn check_address(address: &str) -> Result<(), HttpsError> {
        check_address(address.trim_end_matches('/'))
    }

    fn request(&self, endpoint: Endpoint, path: &str) -> ureq::http::request::Builder {
        Request::builder()
            .method(endpoint.method().as_str())
            .uri(format!("{}{path}", self.address))
    }

    /// Makes a call and gives the answer if it is none of a problem.
    fn run(
        &self,
        request: ureq::http::request::Builder,
        token: Option<&AccessToken>,
        body: impl AsSendBody,
    ) -> Result<Response<Body>, CallError> {
        let request = match token {
            Some(token) => {
                request.header(header::AUTHORIZATION, format!("Bearer {}", token.expose()))
            }
            None => request,
        };
        let request = request
            .body(body)
            .map_err(|error| not_understood(error.to_string()))?;
        let response = self.agent.run(request).map_err(|error| {
            self.resolver.forget();
            no_answer(error)
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        match json::<Problem>(response) {
            Ok(problem) => Err(problem.into()),
            Err(CallError::NoAnswer(NoAnswer::NotUnderstood { .. })) => Err(not_understood(
                format!("status {status}, no problem document"),
            )),
            Err(error) => Err(error),
        }
    }

    /// A call without a body.
    fn ask<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        path: &str,
        token: &AccessToken,
    ) -> Result<T, CallError> {
        json(self.run(self.request(endpoint, path), Some(token), ())?)
    }

    /// A call with a JSON body.
    fn tell<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        path: &str,
        token: Option<&AccessToken>,
        body: &impl Serialize,
    ) -> Result<T, CallError> {
        let body = serde_json::to_vec(body).map_err(|error| not_understood(error.to_string()))?;
        let request = self
            .request(endpoint, path)
            .header(header::CONTENT_TYPE, "application/json");
        json(self.run(request, token, &body)?)
    }
}

impl fmt::Debug for HttpsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsTransport")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Transport for HttpsTransport {
    fn log_in(&mut self, request: &LogInRequest) -> Result<SessionGrant, CallError> {
        self.tell(Endpoint::LogIn, &path::log_in(), None, request)
    }

    fn refresh(&mut self, request: &RefreshRequest) -> Result<SessionGrant, CallError> {
        self.tell(Endpoint::Refresh, &path::refresh(), None, request)
    }

    fn log_out(&mut self, token: &AccessToken) -> Result<(), CallError> {
        let request = self.request(Endpoint::LogOut, &path::log_out());
        self.run(request, Some(token), ()).map(drop)
    }

    fn directory(
        &mut self,
        token: &AccessToken,
        office: OfficeNumber,
    ) -> Result<DirectoryEntry, CallError> {
        self.ask(Endpoint::Directory, &path::directory(office), token)
    }

    fn send(
        &mut self,
        token: &AccessToken,
        receiver: OfficeNumber,
        key: IdempotencyKey,
        media_type: &'static str,
        container: &mut dyn Read,
        bytes: u64,
    ) -> Result<Receipt, CallError> {
        let mut request = self
            .request(Endpoint::Send, &path::send(receiver))
            .header(header::CONTENT_TYPE, media_type)
            .header(header::CONTENT_LENGTH, bytes)
            .header(IDEMPOTENCY_KEY, key.to_string());
        if bytes >= ASK_FIRST {
            request = request.header(header::EXPECT, "100-continue");
        }
        let mut reader = Local {
            reader: container,
            error: None,
        };
        let answer = self.run(request, Some(token), SendBody::from_reader(&mut reader));
        match (reader.error, answer) {
            (Some(error), _) => Err(CallError::Local(error)),
            (None, answer) => json(answer?),
        }
    }

    fn list_sent(
        &mut self,
        token: &AccessToken,
        query: &ListQuery,
    ) -> Result<Page<SendingSummary>, CallError> {
        let path = format!("{}?{}", path::list_sent(), query.to_query_string());
        self.ask(Endpoint::ListSent, &path, token)
    }

    fn list_received(
        &mut self,
        token: &AccessToken,
        query: &ListQuery,
    ) -> Result<Page<SendingSummary>, CallError> {
        let path = format!("{}?{}", path::list_received(), query.to_query_string());
        self.ask(Endpoint::ListReceived, &path, token)
    }

    fn fetch(
        &mut self,
        token: &AccessToken,
        sending: SendingId,
        container: &mut dyn Write,
    ) -> Result<(), CallError> {
        let request = self.request(Endpoint::Fetch, &path::fetch(sending));
        let mut response = self.run(request, Some(token), ())?;
        let mut reader = response.body_mut().as_reader();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(no_answer(ureq::Error::from(error)).into()),
            };
            container
                .write_all(buffer.get(..read).unwrap_or_default())
                .map_err(CallError::Local)?;
        }
        container.flush().map_err(CallError::Local)
    }

    fn confirm(
        &mut self,
        token: &AccessToken,
        sending: SendingId,
        confirmation: &Confirmation,
    ) -> Result<SendingSummary, CallError> {
        let path = path::confirm(sending);
        self.tell(Endpoint::Confirm, &path, Some(token), confirmation)
    }

    fn withdraw(
        &mut self,
        token: &AccessToken,
        sending: SendingId,
    ) -> Result<SendingSummary, CallError> {
        self.ask(Endpoint::Withdraw, &path::withdraw(sending), token)
    }

    fn fetch_receipt(
        &mut self,
        token: &AccessToken,
        sending: SendingId,
        event: EvidenceEvent,
    ) -> Result<Vec<u8>, CallError> {
        let path = path::fetch_receipt(sending, event);
        let request = self.request(Endpoint::FetchReceipt, &path);
        let response = self.run(request, Some(token), ())?;
        let read = response
            .into_body()
            .into_with_config()
            .limit(LONGEST_RECEIPT)
            .read_to_vec();
        Ok(read.map_err(no_answer)?)
    }
}

fn check_address(address: &str) -> Result<(), HttpsError> {
    let uri: Uri = address.parse().map_err(|_| HttpsError::Address)?;
    let path_is_empty = matches!(uri.path(), "" | "/") && uri.query().is_none();
    let fits = uri.scheme_str() == Some("https")
        && uri.host().is_some_and(|host| !host.is_empty())
        && uri
            .authority()
            .is_some_and(|authority| !authority.as_str().contains('@'))
        && path_is_empty;
    if fits {
        Ok(())
    } else {
        Err(HttpsError::Address)
    }
}

/// A JSON answer.
fn json<T: DeserializeOwned>(response: Response<Body>) -> Result<T, CallError> {
    let text = response
        .into_body()
        .into_with_config()
        .limit(LONGEST_ANSWER)
        .read_to_vec()
        .map_err(no_answer)?;
    serde_json::from_slice(&text)
        // The line and column, not the text.
        .map_err(|error| {
            not_understood(format!("line {}, column {}", error.line(), error.column()))
        })
}

fn not_understood(reason: String) -> CallError {
    NoAnswer::NotUnderstood { reason }.into()
}

/// What an error of the HTTP library means for the office.
fn no_answer(error: ureq::Error) -> NoAnswer {
    let reason = error.to_string();
    match error {
        ureq::Error::Io(error) => {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
            match inner {
                Some(error) => tls(error),
                None if is_away(error.kind()) => NoAnswer::NotThere { reason },
                None => NoAnswer::Interrupted { reason },
            }
        }
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            NoAnswer::NotThere { reason }
        }
        ureq::Error::Timeout(_) => NoAnswer::Interrupted { reason },
        ureq::Error::TlsRequired => NoAnswer::NoSecureConnection { reason },
        _ => NoAnswer::NotUnderstood { reason },
    }
}

const fn is_away(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::NotFound
    )
}

/// What a TLS error means: whose certificate it is about, if any.
fn tls(error: &rustls::Error) -> NoAnswer {
    use AlertDescription as Alert;
    let reason = error.to_string();
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            NoAnswer::PlatformNotTrusted { reason }
        }
        rustls::Error::AlertReceived(
            Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::CertificateRequired
            // A signature that does not verify: that of the certificate, too.
            | Alert::DecryptError,
        ) => NoAnswer::CertificateNotAccepted { reason },
        // Damaged on the way: the next connection may do.
        rustls::Error::DecryptError | rustls::Error::PeerMisbehaved(_) => {
            NoAnswer::Interrupted { reason }
        }
        _ => NoAnswer::NoSecureConnection { reason },
    }
}

/// A reader that remembers its own error, which the HTTP library mixes with the network's.
struct Local<'a> {
    reader: &'a mut dyn Read,
    error: Option<io::Error>,
}

impl Read for Local<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer).map_err(|error| {
            let kind = error.kind();
            self.error = Some(error);
            kind.into()
        })
    }
}

/// Why a transport could not be prepared.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
#[non_exhaustive]
pub enum HttpsError {
    /// Not `https://`, a host, and perhaps a port.
    Address,
    /// No authority to trust.
    NoTrustAnchor,
    /// An authority's certificate cannot be read.
    TrustAnchor(#[source] rustls::Error),
    /// The identity has no certificate.
    NoCertificate,
    /// The identity signs in a way TLS 1.3 does not take.
    SignatureAlgorithm,
    /// The TLS library cannot be set up.
    Tls(#[source] rustls::Error),
    /// The proxy's address cannot be read.
    Proxy,
}

impl Explain for HttpsError {
    fn explain(&self, lang: Lang) -> String {
        match self {
            Self::Address => lang
                .pick(
                    "接続先が正しくありません。https://ホスト名:ポート の形で設定してください。",
                    "the platform's address is not valid; write https://host:port",
                )
                .to_owned(),
            Self::NoTrustAnchor => lang
                .pick(
                    "信頼する認証局が設定されていません。認証局の証明書を設定してください。",
                    "there is no authority to trust; configure the authority's certificate",
                )
                .to_owned(),
            Self::TrustAnchor(error) => lang.pick(
                format!("認証局の証明書を読み取れません（{error}）。証明書ファイルを確かめてください。"),
                format!("an authority's certificate cannot be read ({error}); check the file"),
            ),
            Self::NoCertificate => lang
                .pick(
                    "事業所の証明書がありません。証明書を設定してください。",
                    "there is no certificate of the office; configure one",
                )
                .to_owned(),
            Self::SignatureAlgorithm => lang
                .pick(
                    "この署名方式ではTLS 1.3の接続ができません。RSAの鍵はPSS方式に設定してください。",
                    "TLS 1.3 does not take this way of signing; let keys of RSA sign with PSS",
                )
                .to_owned(),
            Self::Tls(error) => lang.pick(
                format!("TLSの準備ができません（{error}）。ソフトウェアの提供元に連絡してください。"),
                format!("TLS cannot be set up ({error}); tell the vendor of your software"),
            ),
            Self::Proxy => lang
                .pick(
                    "プロキシの設定が正しくありません。http://ホスト名:ポート の形（SOCKSは使えません）で設定してください。",
                    "the proxy's address is not valid; write http://host:port; SOCKS cannot be used",
                )
                .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_https_and_a_host() {
        for good in [
            "https://platform.example",
            "https://127.0.0.1:8443",
            "https://[::1]:8443",
        ] {
            assert!(check_address(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "platform.example",
            "http://platform.example",
            "https://",
            "https://a/b",
            "https://a?b",
            "https://user:password@a",
            "ftp://a",
        ] {
            assert!(check_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tls_errors_say_whose_certificate_it_is() {
        let alert = |description| tls(&rustls::Error::AlertReceived(description));
        assert!(matches!(
            alert(AlertDescription::CertificateExpired),
            NoAnswer::CertificateNotAccepted { .. }
        ));
        assert!(matches!(
            alert(AlertDescription::ProtocolVersion),
            NoAnswer::NoSecureConnection { .. }
        ));
        let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        assert!(matches!(tls(&unknown), NoAnswer::PlatformNotTrusted { .. }));
    }
}
