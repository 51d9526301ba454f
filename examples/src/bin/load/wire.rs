//! One connection of an office: HTTP/1.1 over TLS 1.3, kept open.

use std::sync::Arc;

use bytes::Bytes;
use careplan_envelope::Signer as _;
use careplan_protocol::{AccessToken, SessionGrant, path};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::failure::Failure;
use crate::offices::Office;

/// A logged-in connection.
pub(crate) struct Connection {
    requests: SendRequest<Full<Bytes>>,
    host: String,
    authorization: String,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Connection {
    /// Connects with the office's certificate and logs in.
    pub(crate) async fn open(
        url: &str,
        anchor: &CertificateDer<'static>,
        office: &Office,
    ) -> Result<Self, Failure> {
        let host = url
            .strip_prefix("https://")
            .ok_or_else(|| Failure::message("the address must begin with https://"))?;
        let (name, _) = host
            .rsplit_once(':')
            .ok_or_else(|| Failure::message("the address must have a port"))?;
        let mut roots = RootCertStore::empty();
        roots.add(anchor.clone()).map_err(Failure::system)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(Failure::system)?
            .with_root_certificates(roots)
            .with_client_auth_cert(
                office.signer.certificate_chain().to_vec(),
                office.signer.key().to_rustls().map_err(Failure::of)?,
            )
            .map_err(Failure::system)?;
        let stream = TcpStream::connect(host).await.map_err(Failure::system)?;
        stream.set_nodelay(true).map_err(Failure::system)?;
        let name = ServerName::try_from(name.to_owned()).map_err(Failure::system)?;
        let stream = TlsConnector::from(Arc::new(tls))
            .connect(name, stream)
            .await
            .map_err(Failure::system)?;
        let (requests, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(Failure::system)?;
        // Its end shows in the next request.
        tokio::spawn(connection);
        let mut opened = Self {
            requests,
            host: host.to_owned(),
            authorization: String::new(),
        };
        let token = opened.log_in(office).await?;
        opened.authorization = format!("Bearer {}", token.expose());
        Ok(opened)
    }

    async fn log_in(&mut self, office: &Office) -> Result<AccessToken, Failure> {
        let body = serde_json::to_vec(&office.log_in).map_err(Failure::system)?;
        let json = [(CONTENT_TYPE.as_str(), "application/json")];
        let answer = self
            .call(Method::POST, &path::log_in(), &json, body.into())
            .await?;
        if !answer.status.is_success() {
            return Err(Failure::message(format!("log-in: {}", answer.status)));
        }
        let grant: SessionGrant = serde_json::from_slice(&answer.body).map_err(Failure::system)?;
        Ok(grant.access_token)
    }

    /// Makes a call and reads its answer.
    pub(crate) async fn call(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.host);
        if !self.authorization.is_empty() {
            request = request.header(AUTHORIZATION, &self.authorization);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).map_err(Failure::system)?;
        self.requests.ready().await.map_err(Failure::system)?;
        let response: Response<_> = self
            .requests
            .send_request(request)
            .await
            .map_err(Failure::system)?;
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .map_err(Failure::system)?
            .to_bytes();
        Ok(Answer { status, body })
    }
}
