//! A platform with an authority and offices around it, over real TLS on the loopback address.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub
)]

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use careplan_core::OfficeNumber;
use careplan_envelope::{
    Authority, CertificateKind, EnvelopeWriter, KeyAlgorithm, PrivateKey, SoftwareSigner, Validity,
    WriterOptions,
};
use careplan_licence::EventKind;
use careplan_platform::{
    EvidenceConfig, ManualClock, PasswordValidity, Platform, PlatformConfig, ServerIdentity,
    StorageChoice, Trust,
};
use careplan_protocol::{
    AccessToken, CONTAINER_TYPE, IDEMPOTENCY_KEY, IdempotencyKey, LogInRequest, Page, Problem,
    ProblemCode, Receipt, SendingSummary, SessionGrant, UserId, path,
};
use chrono::{DateTime, TimeDelta, Utc};
use rustls::pki_types::CertificateDer;
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use ureq::http::{HeaderMap, Request};
use ureq::tls::{Certificate, ClientCert, RootCerts, TlsConfig};

/// The care manager's office of the sample month set.
pub const MANAGER: &str = "1370948774";
/// The service office it is for.
pub const SERVICE: &str = "1375169671";
/// An office that has nothing to do with them.
pub const OUTSIDER: &str = "1310000003";

/// A platform and everything needed to call it.
pub struct World {
    pub authority: Authority,
    pub home: TempDir,
    pub clock: Arc<ManualClock>,
    pub platform: Option<Platform>,
    server_key: PrivateKey,
    server_certificate: CertificateDer<'static>,
    pub operator: Arc<SoftwareSigner>,
    pub storage: StorageChoice,
    /// The PostgreSQL database's name, if it is in one.
    pub database: Option<String>,
    adjust: fn(&mut PlatformConfig),
}

/// Where a world's platform keeps what it is given: embedded, or in PostgreSQL and a folder as
/// object store in the tests of `on_cluster.rs`, which are those of other files over again; the
/// PostgreSQL database's name with it.
fn storage_in(home: &Path) -> (StorageChoice, Option<String>) {
    #[cfg(all(feature = "cluster", unix))]
    if env!("CARGO_CRATE_NAME") == "on_cluster"
        && let Some(postgres) = test_servers::Postgres::shared()
    {
        // The containers stand where the embedded storage would have them.
        let objects = format!("file://{}", home.display());
        let database = postgres.database();
        let config = careplan_platform::ClusterConfig::new(&database, &objects).unwrap();
        let name = database.rsplit('/').next().unwrap().to_owned();
        return (StorageChoice::Cluster(Box::new(config)), Some(name));
    }
    let _ = home;
    (StorageChoice::Embedded, None)
}

impl World {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// A world whose platform is configured differently from the default.
    pub fn with(adjust: fn(&mut PlatformConfig)) -> Self {
        // Whole seconds, as certificates count; the callers judge the server's certificate by the
        // real clock, so the platform's clock starts there too.
        let now = DateTime::from_timestamp(Utc::now().timestamp(), 0).unwrap();
        Self::starting_at(adjust, now)
    }

    /// A world whose platform's clock shows another time to begin with.
    pub fn starting_at(adjust: fn(&mut PlatformConfig), now: DateTime<Utc>) -> Self {
        let to_today = u32::try_from((Utc::now() - now).num_days().max(0)).unwrap();
        let validity = Validity::days(now - TimeDelta::days(1), to_today + 800).unwrap();
        let mut authority =
            Authority::create("Test authority", KeyAlgorithm::EcdsaP256, validity).unwrap();
        let server_key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let server = authority
            .issue_server(&server_key, &["127.0.0.1"], validity)
            .unwrap();
        let operator_key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let operator = authority
            .issue_operator(&operator_key, "Operations centre", validity)
            .unwrap();
        let operator = SoftwareSigner::new(operator_key, vec![operator.certificate]).unwrap();
        let home = temporary();
        let (storage, database) = storage_in(home.path());
        let mut world = Self {
            authority,
            storage,
            database,
            home,
            clock: Arc::new(ManualClock::at(now)),
            platform: None,
            server_key,
            server_certificate: server.certificate,
            operator: Arc::new(operator),
            adjust,
        };
        world.start();
        world
    }

    pub fn config(&self) -> PlatformConfig {
        let identity = ServerIdentity {
            chain: vec![self.server_certificate.clone()],
            key: self.server_key.to_rustls().unwrap(),
        };
        let trust = Trust::in_authority(self.authority.certificate().clone());
        let evidence = EvidenceConfig::signed_by(Arc::clone(&self.operator) as _);
        let mut config = PlatformConfig::new(self.home.path(), identity, trust, evidence);
        config.clock = Arc::clone(&self.clock) as _;
        config.storage = self.storage.clone();
        (self.adjust)(&mut config);
        config
    }

    pub fn start(&mut self) {
        assert!(self.platform.is_none());
        self.platform = Some(Platform::start(self.config()).unwrap());
    }

    /// Ends the platform as a crash would: nothing under way is finished.
    pub fn kill(&mut self) {
        self.platform.take().unwrap().kill();
    }

    /// Does to the database what nobody should; SQL that both have.
    pub fn alter_database(&self, sql: &str) {
        match &self.database {
            None => {
                let path = self.home.path().join("platform.sqlite");
                let database = rusqlite::Connection::open(path).unwrap();
                assert!(database.execute(sql, []).unwrap() > 0, "{sql}");
            }
            Some(database) => alter_postgres(database, sql),
        }
    }

    pub fn platform(&self) -> &Platform {
        self.platform.as_ref().unwrap()
    }

    pub fn now(&self) -> DateTime<Utc> {
        use careplan_platform::Clock as _;
        self.clock.now()
    }

    /// An office with a certificate, an account and a licence from today on.
    pub fn office(&mut self, number: &str) -> Office {
        let office = self.registered(number);
        self.license(&office);
        office
    }

    /// An office with a certificate and an account, but no licence.
    pub fn registered(&mut self, number: &str) -> Office {
        let office = self.certified(number, CertificateKind::CareDx);
        let operator = self.platform().administration();
        operator.register_office(office.number).unwrap();
        operator
            .set_password(
                office.number,
                office.user,
                &PASSWORD.parse().unwrap(),
                PasswordValidity::Unlimited,
            )
            .unwrap();
        office
    }

    pub fn license(&self, office: &Office) {
        self.platform()
            .administration()
            .record_licence_events(
                office.number,
                [
                    EventKind::Applied {
                        by: office.user,
                        years: 1.try_into().unwrap(),
                    },
                    EventKind::Consented {
                        by: office.user,
                        terms: "2025-06".parse().unwrap(),
                        read_to_end: true,
                    },
                ],
            )
            .unwrap();
    }

    /// An office with nothing but a certificate.
    pub fn certified(&mut self, number: &str, kind: CertificateKind) -> Office {
        let validity = Validity::days(self.now() - TimeDelta::hours(1), 700).unwrap();
        let number: OfficeNumber = number.parse().unwrap();
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let request = key.request_pem(number).unwrap();
        let issued = self
            .authority
            .issue_office(request.as_bytes(), number, kind, validity)
            .unwrap();
        Office {
            number,
            user: format!("KJ00{number}").parse().unwrap(),
            serial: issued.serial,
            agent: self.agent(Some((&issued.certificate, &key))),
            certificate: issued.certificate.clone(),
            signer: Arc::new(SoftwareSigner::new(key, vec![issued.certificate]).unwrap()),
        }
    }

    /// An HTTP client that shows a certificate, or none.
    pub fn agent(&self, identity: Option<(&CertificateDer<'static>, &PrivateKey)>) -> ureq::Agent {
        let client = identity.map(|(certificate, key)| {
            ClientCert::new_with_certs(
                &[Certificate::from_der(certificate).to_owned()],
                ureq::tls::PrivateKey::from_pem(key.to_pem().unwrap().as_bytes()).unwrap(),
            )
        });
        let roots = [Certificate::from_der(self.authority.certificate()).to_owned()];
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            // Where a page leads is for the test to see.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .tls_config(
                TlsConfig::builder()
                    .client_cert(client)
                    .root_certs(RootCerts::new_with_certs(&roots))
                    .unversioned_rustls_crypto_provider(provider)
                    .build(),
            )
            .build()
            .new_agent()
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.platform().address())
    }

    /// Makes a call without a session.
    pub fn call(&self, agent: &ureq::Agent, call: Call<'_>) -> Result<Reply, ureq::Error> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(self.url(call.path));
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let response = match call.body {
            Some(body) => agent.run(request.body(body).unwrap())?,
            None => agent.run(request.body(()).unwrap())?,
        };
        let (parts, mut body) = response.into_parts();
        Ok(Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.read_to_vec()?,
        })
    }

    pub fn log_in(&self, office: &Office) -> SessionGrant {
        self.try_log_in(office, office.user, PASSWORD).json()
    }

    pub fn try_log_in(&self, office: &Office, user_id: UserId, password: &str) -> Reply {
        let request = LogInRequest {
            user_id,
            password: password.parse().unwrap(),
        };
        let path = path::log_in();
        let call = Call::post(&path).json(&request);
        self.call(&office.agent, call.as_call()).unwrap()
    }

    /// Logs an office in for further calls.
    pub fn session<'a>(&'a self, office: &'a Office) -> Session<'a> {
        Session {
            world: self,
            office,
            token: self.log_in(office).access_token,
        }
    }

    /// The files in a folder of the home and below.
    pub fn files_below(&self, folder: &str) -> Vec<PathBuf> {
        files_in(&self.home.path().join(folder))
    }
}

/// The files in a folder and below; none if it is not there.
pub fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}

#[cfg(unix)]
fn alter_postgres(database: &str, sql: &str) {
    let postgres = test_servers::Postgres::shared().unwrap();
    let done = postgres
        .client("psql")
        .args(["--quiet", "--no-psqlrc", "--command", sql, database])
        .status()
        .unwrap();
    assert!(done.success(), "{sql}");
}

#[cfg(not(unix))]
fn alter_postgres(_: &str, _: &str) {}

pub const PASSWORD: &str = "correct horse battery staple";

/// An office: its certificate, its key, its connection.
pub struct Office {
    pub number: OfficeNumber,
    pub user: UserId,
    pub agent: ureq::Agent,
    pub signer: Arc<SoftwareSigner>,
    pub certificate: CertificateDer<'static>,
    pub serial: careplan_envelope::CertificateSerial,
}

impl Office {
    /// A container with files, signed by this office.
    pub fn seal(&self, files: &[(String, Vec<u8>)], at: DateTime<Utc>) -> Vec<u8> {
        let buffer = Cursor::new(Vec::new());
        let mut writer = EnvelopeWriter::new(buffer, WriterOptions::default()).unwrap();
        for (name, content) in files {
            writer.add(name, &mut content.as_slice()).unwrap();
        }
        let (_, container) = writer.finish(&*self.signer, at).unwrap();
        container.into_inner()
    }
}

/// A folder in memory where there is such a place: these tests end platforms, not machines, and
/// forcing data to a disk takes most of their time.
fn temporary() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// The files of a sample folder.
pub fn sample(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../samples")
        .join(folder);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// The sample month set, from [`MANAGER`] to [`SERVICE`].
pub fn month_set() -> Vec<(String, Vec<u8>)> {
    sample("month-set")
}

pub fn key() -> IdempotencyKey {
    IdempotencyKey::new(uuid::Uuid::now_v7())
}

/// A call to make.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub headers: Vec<(&'a str, String)>,
    pub body: Option<&'a [u8]>,
}

/// A call with a JSON body of its own.
pub struct JsonCall<'a> {
    call: Call<'a>,
    json: Vec<u8>,
}

impl JsonCall<'_> {
    pub fn as_call(&self) -> Call<'_> {
        let mut call = self.call.clone();
        call.body = Some(&self.json);
        call
    }
}

impl<'a> Call<'a> {
    pub fn get(path: &'a str) -> Self {
        Self::new("GET", path)
    }

    pub fn post(path: &'a str) -> Self {
        Self::new("POST", path)
    }

    pub fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            method,
            path,
            headers: Vec::new(),
            body: None,
        }
    }

    pub fn header(mut self, name: &'a str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    pub fn token(self, token: &AccessToken) -> Self {
        self.header("authorization", format!("Bearer {}", token.expose()))
    }

    pub fn body(mut self, body: &'a [u8]) -> Self {
        self.body = Some(body);
        self
    }

    pub fn json(self, body: &impl serde::Serialize) -> JsonCall<'a> {
        JsonCall {
            call: self.header("content-type", "application/json"),
            json: serde_json::to_vec(body).unwrap(),
        }
    }
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    /// The answer of a call that was done.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        let text = String::from_utf8_lossy(&self.body);
        assert!(self.status < 400, "{}: {text}", self.status);
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The problem of a call that was not.
    #[track_caller]
    pub fn problem(&self) -> Problem {
        let text = String::from_utf8_lossy(&self.body);
        assert!(self.status >= 400, "{}: {text}", self.status);
        assert_eq!(
            self.headers["content-type"],
            ProblemCode::MEDIA_TYPE,
            "{text}"
        );
        let problem: Problem =
            serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(problem.status, self.status);
        let id = self.headers["request-id"].to_str().unwrap();
        assert_eq!(problem.instance, Some(format!("urn:uuid:{id}")));
        problem
    }

    #[track_caller]
    pub fn code(&self) -> ProblemCode {
        self.problem().known_code().unwrap()
    }
}

/// A logged-in office.
pub struct Session<'a> {
    pub world: &'a World,
    pub office: &'a Office,
    pub token: AccessToken,
}

impl Session<'_> {
    pub fn call(&self, call: Call<'_>) -> Reply {
        self.world
            .call(&self.office.agent, call.token(&self.token))
            .unwrap()
    }

    pub fn get(&self, path: &str) -> Reply {
        self.call(Call::get(path))
    }

    pub fn put(&self, path: &str) -> Reply {
        self.call(Call::new("PUT", path))
    }

    pub fn send(&self, receiver: &str, key: IdempotencyKey, container: &[u8]) -> Reply {
        self.call(
            Call::post(&path::send(receiver.parse().unwrap()))
                .header("content-type", CONTAINER_TYPE)
                .header(IDEMPOTENCY_KEY, key)
                .body(container),
        )
    }

    /// Sends the sample month set to [`SERVICE`].
    pub fn send_month_set(&self) -> Receipt {
        let container = self.office.seal(&month_set(), self.world.now());
        self.send(SERVICE, key(), &container).json()
    }

    pub fn fetch(&self, receipt: &Receipt) -> Reply {
        self.get(&path::fetch(receipt.sending))
    }

    pub fn confirm(&self, receipt: &Receipt) -> Reply {
        let confirmation = careplan_protocol::Confirmation {
            sha256: receipt.sha256,
        };
        let path = path::confirm(receipt.sending);
        let call = Call::new("PUT", &path).json(&confirmation);
        self.call(call.as_call())
    }

    pub fn withdraw(&self, receipt: &Receipt) -> Reply {
        self.put(&path::withdraw(receipt.sending))
    }

    pub fn received(&self, query: &str) -> Page<SendingSummary> {
        self.get(&format!("{}?{query}", path::list_received()))
            .json()
    }

    pub fn sent(&self, query: &str) -> Page<SendingSummary> {
        self.get(&format!("{}?{query}", path::list_sent())).json()
    }

    pub fn show(&self, receipt: &Receipt) -> SendingSummary {
        self.get(&path::show(receipt.sending)).json()
    }
}

/// Reads to the end, as far as the other side lets it.
pub fn read_what_comes(mut from: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A connection that is cut off ends in an error; what came before it counts.
    let _ = from.read_to_end(&mut bytes);
    bytes
}

/// A TLS connection under the hand of a test, for calls no HTTP library would make.
pub type RawConnection = rustls::StreamOwned<rustls::ClientConnection, std::net::TcpStream>;

impl World {
    /// Connects as an office; the handshake is done with the first byte.
    pub fn connect(&self, office: &Office) -> RawConnection {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.authority.certificate().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(
                vec![office.certificate.clone()],
                office.signer.key().to_rustls().unwrap(),
            )
            .unwrap();
        let name = "127.0.0.1".try_into().unwrap();
        let client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = std::net::TcpStream::connect(self.platform().address()).unwrap();
        rustls::StreamOwned::new(client, stream)
    }

    /// The head of a sending of `length` bytes, up to and with the empty line.
    pub fn head_of_sending(
        &self,
        session: &Session<'_>,
        key: IdempotencyKey,
        length: usize,
        more: &str,
    ) -> String {
        format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: {}\r\n\
             {IDEMPOTENCY_KEY}: {key}\r\ncontent-length: {length}\r\n{more}\r\n",
            path::send(SERVICE.parse().unwrap()),
            self.platform().address(),
            session.token.expose(),
            CONTAINER_TYPE,
        )
    }
}

/// Reads up to and with the empty line after a head; the head as text.
pub fn read_head(from: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        from.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}
