//! Nothing that is written anywhere, at the most verbose level, names a person or gives a secret away:
//! a month between two offices as programs, with all that goes wrong in a month, and then a search
//! through logs, messages, problems and metrics.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Cursor, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use careplan_envelope::{EnvelopeWriter, PrivateKey, SoftwareSigner, WriterOptions, pem};
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::tls::{Certificate, ClientCert, RootCerts, TlsConfig};

const MANAGER: &str = "1370948774";
const SERVICE: &str = "1375169671";

/// The persons of the sample sets that are sent here, as they stand in their files.
const PERSONS: [&str; 12] = [
    "加藤　よし子",
    "カトウ　ヨシコ",
    "伊藤　文子",
    "イトウ　フミコ",
    "髙橋　ハル",
    "タカハシ　ハル",
    "山本　恵子",
    "0462428004",
    "0974689258",
    "H386215698",
    "加藤　",
    "カトウ　",
];
/// Somebody whose name and number an office put into a file's name.
const NAMED: [&str; 2] = ["鈴木一二三", "0999888777"];

/// A platform that tells all it can, two offices, and everything that was written.
struct World {
    root: TempDir,
    platform: Child,
    told: BufReader<ChildStdout>,
    api: String,
    site: String,
    operations: String,
    /// What the office's program wrote.
    office: String,
    /// What the platform answered, and what its operator's commands wrote.
    answers: String,
    /// What must be nowhere: a name for it, and the bytes.
    secrets: Vec<(String, Vec<u8>)>,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.platform.kill();
        let _ = self.platform.wait();
    }
}

fn password(number: &str) -> String {
    format!("ひみつ-{number}-Xy7 correct horse")
}

fn user(number: &str) -> String {
    format!("KJ00{number}")
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl World {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let log = File::create(root.path().join("platform.log")).unwrap();
        let mut platform = Command::new(env!("CARGO_BIN_EXE_platform"))
            .args(["--lang", "en", "--home"])
            .arg(root.path().join("platform"))
            .env("CAREPLAN_PLATFORM_SERVER_LISTEN", "127.0.0.1:0")
            .env("CAREPLAN_PLATFORM_WEB_LISTEN", "127.0.0.1:0")
            .env("CAREPLAN_PLATFORM_OPERATIONS_LISTEN", "127.0.0.1:0")
            .env("CAREPLAN_PLATFORM_LOG_LEVEL", "debug")
            .env("RUST_LOG", "trace")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut told = BufReader::new(platform.stdout.take().unwrap());
        let mut address = |scheme: &str| {
            let mut line = String::new();
            told.read_line(&mut line).unwrap();
            let at = line.find(scheme).unwrap_or_else(|| panic!("{line}"));
            line[at..].trim().to_owned()
        };
        let (api, site) = (address("https://"), address("https://"));
        let operations = address("http://");
        let mut world = Self {
            root,
            platform,
            told,
            api,
            site,
            operations: operations["http://".len()..]
                .trim_end_matches("/ready")
                .to_owned(),
            office: String::new(),
            answers: String::new(),
            secrets: Vec::new(),
        };
        for number in [MANAGER, SERVICE] {
            world.join(number);
        }
        for person in PERSONS.iter().chain(&NAMED) {
            world.secret("a person", person);
        }
        for key in ["server.key.pem", "evidence.key.pem"] {
            world.secret_key(&format!("platform/certificates/{key}"));
        }
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Text that must be nowhere, in whatever form it could stand.
    fn secret(&mut self, what: &str, text: &str) {
        let (ms932, _, _) = encoding_rs::SHIFT_JIS.encode(text);
        let escaped: String = text
            .encode_utf16()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect();
        let percent: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let decimal: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
        let mut forms = vec![
            text.as_bytes().to_vec(),
            ms932.into_owned(),
            escaped.into_bytes(),
            percent.into_bytes(),
            decimal.join(", ").into_bytes(),
        ];
        forms.dedup();
        for form in forms {
            self.secrets.push((format!("{what}: {text}"), form));
        }
    }

    /// The lines of a private key's PEM file, and its bytes as `Debug` would show them.
    fn secret_key(&mut self, file: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        let key = text.split("-----BEGIN PRIVATE KEY-----").nth(1).unwrap();
        let key = key.split("-----END").next().unwrap();
        // Its first line says only what kind of key it is.
        for line in key.trim().lines().skip(1) {
            self.secrets.push((format!("the key {file}"), line.into()));
        }
        let base64: String = key.split_whitespace().collect();
        let der = STANDARD.decode(base64).unwrap();
        let middle: Vec<String> = der[40..56].iter().map(u8::to_string).collect();
        self.secrets
            .push((format!("the key {file}"), middle.join(", ").into_bytes()));
    }

    /// A command of the platform's operator.
    fn operator(&mut self, arguments: &[&str]) {
        let output = Command::new(env!("CARGO_BIN_EXE_platform"))
            .arg("--home")
            .arg(self.path("platform"))
            .args(arguments)
            .env("RUST_LOG", "trace")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        for bytes in [&output.stdout, &output.stderr] {
            self.answers.push_str(&String::from_utf8_lossy(bytes));
        }
    }

    fn join(&mut self, number: &str) {
        let (user, password) = (user(number), password(number));
        let file = self.path("password.txt");
        fs::write(&file, &password).unwrap();
        self.operator(&["office", "add", number]);
        let set = ["account", "set-password", &user, "--office", number];
        self.operator(&[&set[..], &["--password-file", path(&file)]].concat());
        let terms = ["--by", &user, "--terms", "2026-04"];
        self.operator(&[&["licence", "record", "granted", number][..], &terms].concat());
        let authority = self.path("platform/certificates/authority.pem");
        let address = self.api.clone();
        let init = ["init", "--office", number, "--user", &user, "--platform"];
        let rest = [&address, "--authority", path(&authority)];
        assert_eq!(self.office(number, &[&init[..], &rest].concat()), 0);
        let certificate = self.path(&format!("{number}.pem"));
        let issued = Command::new(env!("CARGO_BIN_EXE_envelope"))
            .args(["ca", "issue", "--office", number, "--dir"])
            .arg(self.path("platform/authority"))
            .arg("--request")
            .arg(self.path(number).join("request.pem"))
            .arg("--out")
            .arg(&certificate)
            .output()
            .unwrap();
        assert!(issued.status.success(), "{issued:?}");
        assert_eq!(
            self.office(number, &["init", "--certificate", path(&certificate)]),
            0
        );
        self.secret("a password", &password);
        self.secret_key(&format!("{number}/identity.pem"));
    }

    /// Runs `office`; how it ended.
    fn office(&mut self, number: &str, arguments: &[&str]) -> i32 {
        self.office_with(number, &password(number), arguments)
    }

    fn office_with(&mut self, number: &str, password: &str, arguments: &[&str]) -> i32 {
        let output = Command::new(env!("CARGO_BIN_EXE_office"))
            .args(["--json", "--lang", "ja", "--home"])
            .arg(self.path(number))
            .args(arguments)
            .env("CAREPLAN_PASSWORD", password)
            .env("RUST_LOG", "trace")
            .output()
            .unwrap();
        for bytes in [&output.stdout, &output.stderr] {
            self.office.push_str(&String::from_utf8_lossy(bytes));
        }
        output.status.code().unwrap()
    }

    /// A caller with its own program.
    fn caller(&self, number: &str) -> Caller {
        let identity = fs::read(self.path(number).join("identity.pem")).unwrap();
        let key = PrivateKey::from_pem(&identity).unwrap();
        let chain = pem::certificates(&identity).unwrap();
        let authority = fs::read(self.path("platform/certificates/authority.pem")).unwrap();
        let root = pem::certificates(&authority).unwrap().remove(0);
        let certificates: Vec<_> = chain
            .iter()
            .map(|der| Certificate::from_der(der).to_owned())
            .collect();
        let tls_key = ureq::tls::PrivateKey::from_pem(key.to_pem().unwrap().as_bytes()).unwrap();
        let agent = |client| {
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let root = Certificate::from_der(&root).to_owned();
            ureq::Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .tls_config(
                    TlsConfig::builder()
                        .client_cert(client)
                        .root_certs(RootCerts::new_with_certs(&[root]))
                        .unversioned_rustls_crypto_provider(provider)
                        .build(),
                )
                .build()
                .new_agent()
        };
        Caller {
            agent: agent(Some(ClientCert::new_with_certs(&certificates, tls_key))),
            browser: agent(None),
            signer: SoftwareSigner::new(key, chain).unwrap(),
            token: String::new(),
        }
    }

    /// Makes a call as no office's program would, and keeps what is answered.
    fn call(
        &mut self,
        caller: &Caller,
        method: &str,
        to: &str,
        kind: &str,
        body: &[u8],
    ) -> Vec<u8> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{to}", self.api))
            .header("authorization", format!("Bearer {}", caller.token))
            .header("content-type", kind)
            .header("idempotency-key", uuid::Uuid::now_v7().to_string())
            .header("accept-language", "ja")
            .body(body)
            .unwrap();
        let mut answer = caller.agent.run(request).unwrap();
        let status = answer.status();
        let body = answer.body_mut().read_to_vec().unwrap();
        if status.is_client_error() || status.is_server_error() {
            self.answers.push_str(&String::from_utf8_lossy(&body));
        }
        body
    }

    fn log_in(&mut self, caller: &mut Caller, number: &str, password: &str) -> Value {
        let log_in = json!({"user_id": user(number), "password": password});
        let body = log_in.to_string();
        let body = self.call(
            caller,
            "POST",
            "/v1/session",
            "application/json",
            body.as_bytes(),
        );
        let grant: Value = serde_json::from_slice(&body).unwrap();
        for token in ["access_token", "refresh_token"] {
            if let Some(text) = grant[token].as_str() {
                self.secret("a token", text);
            }
        }
        if let Some(token) = grant["access_token"].as_str() {
            token.clone_into(&mut caller.token);
        }
        grant
    }

    /// Logs in at the web site as a browser does.
    fn site_log_in(&mut self, caller: &Caller, number: &str, password: &str) -> u16 {
        let address = format!("{}/log-in", self.site);
        let mut page = caller.browser.get(&address).call().unwrap();
        let cookie = page.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let page = page.body_mut().read_to_string().unwrap();
        let token = page.split("name=\"token\" value=\"").nth(1).unwrap();
        let token = token.split('"').next().unwrap().to_owned();
        let mut answer = caller
            .browser
            .post(&address)
            .header("cookie", &cookie)
            .send_form([
                ("token", token.as_str()),
                ("user", &user(number)),
                ("password", password),
            ])
            .unwrap();
        let after = answer.headers().get_all("set-cookie");
        let cookies: Vec<String> = after
            .iter()
            .map(|cookie| cookie.to_str().unwrap().to_owned())
            .collect();
        for cookie in cookies.iter().chain([&cookie]) {
            let value = cookie.split(';').next().unwrap().split_once('=').unwrap().1;
            if value.len() > 20 {
                self.secret("a cookie", value);
            }
        }
        self.answers
            .push_str(&answer.body_mut().read_to_string().unwrap());
        answer.status().as_u16()
    }

    /// Asks the operators' listener.
    fn ask(&mut self, path: &str) {
        let mut stream = TcpStream::connect(&self.operations).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        stream.read_to_string(&mut self.answers).unwrap();
    }

    /// Ends the platform as its operator does; all it wrote.
    fn platform_log(&mut self) -> Vec<u8> {
        let number = self.platform.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &number]).status();
        assert!(killed.unwrap().success());
        assert!(self.platform.wait().unwrap().success());
        let mut written = fs::read(self.path("platform.log")).unwrap();
        self.told.read_to_end(&mut written).unwrap();
        written
    }

    /// The secrets that something written has.
    fn found_in(&self, written: &[u8]) -> Vec<&str> {
        self.secrets
            .iter()
            .filter(|(_, form)| memchr::memmem::find(written, form).is_some())
            .map(|(what, _)| what.as_str())
            .collect()
    }
}

/// An office with a program of its own.
struct Caller {
    agent: ureq::Agent,
    browser: ureq::Agent,
    signer: SoftwareSigner,
    token: String,
}

impl Caller {
    fn container(&self, files: &[(&str, &[u8])]) -> Vec<u8> {
        let options = WriterOptions::default();
        let mut writer = EnvelopeWriter::new(Cursor::new(Vec::new()), options).unwrap();
        for (name, content) in files {
            writer.add(name, &mut &content[..]).unwrap();
        }
        let (_, container) = writer.finish(&self.signer, chrono::Utc::now()).unwrap();
        container.into_inner()
    }
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../samples")
        .join(name)
}

fn copy(from: &Path, to: &Path, change: impl Fn(&str, Vec<u8>) -> Vec<u8>) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let file = entry.unwrap();
        let name = file.file_name().into_string().unwrap();
        let content = change(&name, fs::read(file.path()).unwrap());
        fs::write(to.join(name), content).unwrap();
    }
}

#[test]
fn a_month_leaves_no_person_and_no_secret_in_what_is_written() {
    let mut world = World::new();
    // The month, through the office's program.
    let month = sample("month-set");
    world.secret("a password", "not-the-password-Qz");
    assert_ne!(
        world.office_with(MANAGER, "not-the-password-Qz", &["send", path(&month)]),
        0
    );
    assert_eq!(world.office(MANAGER, &["sync"]), 0);
    assert_eq!(world.office(SERVICE, &["sync"]), 0);
    let imports = world.path("imports");
    assert_eq!(world.office(SERVICE, &["take", "--out", path(&imports)]), 0);
    assert_eq!(
        world.office(SERVICE, &["send", path(&sample("actual-set"))]),
        0
    );
    assert_eq!(world.office(MANAGER, &["sync"]), 0);
    for command in [
        &["status"][..],
        &["list", "sent"],
        &["list", "received"],
        &["show", "S1"],
    ] {
        assert_eq!(world.office(MANAGER, command), 0);
    }
    // Faults in the files: columns shifted, a number that is none, bytes that are no text.
    let faulty = world.path("faulty");
    copy(&month, &faulty, |name, mut content| {
        if name.starts_with("UPHOSOKU") {
            let at = memchr::memmem::find(&content, b"0462428004").unwrap();
            content.splice(at..at + 4, *b"9,\"\xff");
        }
        content
    });
    assert_ne!(world.office(MANAGER, &["send", path(&faulty)]), 0);
    let document = world.path(&format!("{}_{}.pdf", NAMED[0], NAMED[1]));
    fs::write(&document, "%PDF-1.7").unwrap();
    assert_eq!(
        world.office(MANAGER, &["send", "--to", SERVICE, path(&document)]),
        0
    );
    assert_eq!(world.office(SERVICE, &["sync"]), 0);

    // What no such program sends.
    let mut caller = world.caller(MANAGER);
    world.log_in(&mut caller, MANAGER, "not-the-password-Qz");
    let grant = world.log_in(&mut caller, MANAGER, &password(MANAGER));
    let refresh = json!({"refresh_token": grant["refresh_token"]}).to_string();
    for _ in 0..2 {
        let refresh = refresh.as_bytes();
        let body = world.call(
            &caller,
            "POST",
            "/v1/session/refresh",
            "application/json",
            refresh,
        );
        let fresh: Value = serde_json::from_slice(&body).unwrap();
        if let Some(token) = fresh["access_token"].as_str() {
            world.secret("a token", token);
        }
    }
    world.log_in(&mut caller, MANAGER, &password(MANAGER));
    let to = format!("/v1/offices/{SERVICE}/sendings");
    let kind = careplan_protocol::CONTAINER_TYPE;
    let named = format!("{}_{}.csv", NAMED[0], NAMED[1]);
    let upkihon = "UPPLAN_202610_1370948774_43_1375169671_11_20260921113320.CSV";
    let content = fs::read(month.join(upkihon)).unwrap();
    let good = caller.container(&[(upkihon, &content)]);
    let mut broken = good.clone();
    let middle = broken.len() / 2;
    broken[middle] ^= 1;
    for container in [
        caller.container(&[(&named, &content)]),
        caller.container(&[(upkihon, &content), (&named, &content)]),
        broken,
        good[..good.len() - 10].to_vec(),
        content.clone(),
    ] {
        world.call(&caller, "POST", &to, kind, &container);
    }
    // Secrets and names where they do not belong.
    for path in [
        format!("/v1/sendings/{}", caller.token),
        format!("/v1/sendings/received?state={}", caller.token),
        "/v1/offices/0462428004".to_owned(),
        "/v1/%E9%88%B4%E6%9C%A8%E4%B8%80%E4%BA%8C%E4%B8%89".to_owned(),
    ] {
        world.call(&caller, "GET", &path, "text/plain", b"");
    }
    let misplaced = json!({"password": password(MANAGER), "user_id": password(MANAGER)});
    for body in [misplaced.to_string(), password(MANAGER)] {
        world.call(
            &caller,
            "POST",
            "/v1/session",
            "application/json",
            body.as_bytes(),
        );
    }
    let change = json!({"user_id": user(MANAGER), "current": password(MANAGER), "new": "short"});
    world.call(
        &caller,
        "PUT",
        "/v1/password",
        "application/json",
        change.to_string().as_bytes(),
    );
    assert_eq!(
        world.site_log_in(&caller, MANAGER, "not-the-password-Qz"),
        200
    );
    assert_eq!(world.site_log_in(&caller, MANAGER, &password(MANAGER)), 303);
    for path in ["/metrics", "/ready"] {
        world.ask(path);
    }
    world.operator(&["office", "show", MANAGER]);
    world.operator(&["audit", "list"]);

    // The search, and first that it would find something.
    let marked = format!("{{\"user\":\"{}\"}}", PERSONS[0]);
    assert_eq!(
        world.found_in(marked.as_bytes()),
        ["a person: 加藤　よし子", "a person: 加藤　"]
    );
    let log = world.platform_log();
    let lines = String::from_utf8_lossy(&log).lines().count();
    assert!(lines > 50, "{lines} lines: not verbose");
    for problem in ["container_invalid", "log_in_failed", "token_invalid"] {
        assert!(
            String::from_utf8_lossy(&log).contains(problem),
            "no {problem}"
        );
    }
    assert_eq!(world.found_in(&log), [""; 0], "in the platform's log");
    // Offices' names for files are as little the log's as persons' numbers; user IDs neither.
    for name in ["UPPLAN_", "UPHOSOKU_", &user(MANAGER), &user(SERVICE)] {
        let found = memchr::memmem::find(&log, name.as_bytes());
        assert_eq!(found, None, "{name} in the platform's log");
    }
    let answers = world.answers.clone();
    assert_eq!(
        world.found_in(answers.as_bytes()),
        [""; 0],
        "in the platform's answers"
    );
    // An office's program tells the office the name of its own file, and nothing more.
    let office = world.office.replace(NAMED[0], "").replace(NAMED[1], "");
    assert_eq!(
        world.found_in(office.as_bytes()),
        [""; 0],
        "in what the office's program wrote"
    );
}
