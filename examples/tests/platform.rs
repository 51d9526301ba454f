//! The program `platform` as an operator's shell sees it.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use careplan_envelope::{Authority, KeyAlgorithm, PrivateKey, Validity};

use serde_json::Value;

fn platform(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_platform"))
        .args(["--lang", "en", "--json", "--home"])
        .arg(home)
        .args(arguments)
        .output()
        .unwrap()
}

fn told(output: &Output) -> Value {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn terms_are_added_once_and_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    told(&platform(&home, &["init"]));
    let text = folder.path().join("terms.txt");
    std::fs::write(&text, "abc\n\nabc\n").unwrap();
    let file = text.to_str().unwrap();
    let add = [
        "terms",
        "add",
        "--edition",
        "2026-04",
        "--from",
        "2026-04-01",
        file,
    ];
    let added = told(&platform(&home, &add));
    // printf 'abc\n\nabc\n' | sha256sum
    assert_eq!(
        added["sha256"],
        "d066bf65e15259afb5561c7429a79058d05f2549e5ba54550368997698c57228"
    );
    assert_eq!(told(&platform(&home, &add)), added);

    std::fs::write(&text, "abc\n\nabd\n").unwrap();
    let refused = platform(&home, &add);
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.stdout.is_empty());
    assert!(!refused.stderr.is_empty());
    let listed = told(&platform(&home, &["terms", "list"]));
    assert_eq!(listed["terms"], Value::Array(vec![added]));
}

#[test]
fn a_platform_nobody_called_has_an_empty_access_log() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    told(&platform(&home, &["init"]));
    let log = told(&platform(&home, &["audit", "list"]));
    assert_eq!(log["accesses"], Value::Array(Vec::new()));
}

#[test]
fn a_folder_that_is_no_home_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = platform(folder.path(), &["terms", "list"]);
    assert_eq!(refused.status.code(), Some(2));
    let reason = String::from_utf8(refused.stderr).unwrap();
    assert!(reason.contains("no platform's home"), "{reason}");
}

/// Runs a platform until it is told to end; where it listens.
struct Serving {
    child: Child,
    address: SocketAddr,
    roots: rustls::RootCertStore,
}

impl Serving {
    fn start(home: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_platform"))
            .args(["--lang", "en", "--home"])
            .arg(home)
            .args(arguments)
            .env("CAREPLAN_PLATFORM_SERVER_LISTEN", "127.0.0.1:0")
            .env("CAREPLAN_PLATFORM_WEB_LISTEN", "off")
            .env("CAREPLAN_PLATFORM_OPERATIONS_LISTEN", "off")
            .env("CAREPLAN_PLATFORM_LOG_LEVEL", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let mut roots = rustls::RootCertStore::empty();
        let authority = std::fs::read(home.join("certificates/authority.pem")).unwrap();
        for certificate in careplan_envelope::pem::certificates(&authority).unwrap() {
            roots.add(certificate).unwrap();
        }
        let address = line.rsplit("https://").next().unwrap().trim();
        Self {
            address: address.parse().unwrap_or_else(|_| panic!("{line}")),
            child,
            roots,
        }
    }

    /// The certificate that a new connection is shown.
    fn shown(&self) -> Vec<u8> {
        let mut connection = TcpStream::connect(self.address).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        let name = "localhost".try_into().unwrap();
        let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        while client.peer_certificates().is_none() {
            client.complete_io(&mut connection).unwrap();
        }
        client.peer_certificates().unwrap()[0].to_vec()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How often to look whether a signal was heeded, and how long between: more than enough.
#[cfg(unix)]
const LOOKS: (u32, Duration) = (600, Duration::from_millis(50));

#[cfg(unix)]
#[test]
fn a_renewed_certificate_is_shown_after_a_hangup_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let serving = Serving::start(&home, &[]);
    let first = serving.shown();
    let hangup = || {
        let pid = serving.child.id().to_string();
        let sent = Command::new("kill").args(["-HUP", &pid]).status().unwrap();
        assert!(sent.success());
    };
    let now = chrono::Utc::now();
    let mut authority = Authority::open(&home.join("authority")).unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let validity = Validity::days(now, 30).unwrap();
    let issued = authority
        .issue_server(&key, &["localhost"], validity)
        .unwrap();
    let certificates = home.join("certificates");
    // The certificate alone, without its key: the old pair stays.
    std::fs::write(certificates.join("server.pem"), issued.to_pem().unwrap()).unwrap();
    hangup();
    assert_eq!(serving.shown(), first);
    std::fs::write(certificates.join("server.key.pem"), key.to_pem().unwrap()).unwrap();
    hangup();
    let mut looks = 0;
    while serving.shown() != issued.certificate.as_ref() {
        looks += 1;
        assert!(looks < LOOKS.0, "the old certificate is still shown");
        std::thread::sleep(LOOKS.1);
    }
}

#[cfg(all(unix, feature = "cluster"))]
#[test]
fn options_name_another_storage_for_serving_and_for_administration() {
    let Some(postgres) = test_servers::Postgres::shared() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (home, objects) = (folder.path().join("home"), folder.path().join("objects"));
    std::fs::create_dir(&objects).unwrap();
    let (database, store) = (postgres.database(), format!("file://{}", objects.display()));
    let there = ["--database-url", &database, "--object-store", &store];
    let serving = Serving::start(&home, &there);
    let with = |arguments: &[&str]| platform(&home, &[&there, arguments].concat());
    told(&with(&["office", "add", "1370948774"]));
    // Anywhere on the command line, and from another machine's folder.
    let elsewhere = folder.path().join("elsewhere");
    let listed = told(&platform(
        &elsewhere,
        &[&["office", "list"], there.as_slice()].concat(),
    ));
    assert_eq!(listed["offices"][0]["office"], "1370948774");
    let found = told(&with(&["verify"]));
    assert_eq!((&found["offices"], &found["wrong"]), (&1.into(), &0.into()));
    // A backup of the home alone would be none.
    let to = folder.path().join("backup");
    let refused = with(&["backup", "--to", to.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("pg_dump"));
    assert!(!to.exists());
    drop(serving);
    // Without the options it is the home's own storage, where there is no office.
    let own = told(&platform(&home, &["office", "list"]));
    assert_eq!(own["offices"], Value::Array(Vec::new()));
}

#[test]
fn a_password_in_a_url_is_never_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    told(&platform(&home, &["init"]));
    let url = |rest: &str| format!("postgres://platform:secret-word@{rest}");
    for (database, object_store) in [
        (url("host:port/careplan"), "file:///"),
        (url("127.0.0.1:1/careplan"), "file:///"),
        (url("host/careplan"), "file:///nowhere/at/all"),
        (
            url("host/careplan").replace("postgres", "mysql"),
            "file:///",
        ),
    ] {
        let options = ["--database-url", &database, "--object-store", object_store];
        for command in [&["office", "list"][..], &["verify"], &[]] {
            let refused = platform(&home, &[&options, command].concat());
            assert_eq!(refused.status.code(), Some(2), "{command:?}");
            let said = [refused.stdout, refused.stderr].concat();
            let said = String::from_utf8(said).unwrap();
            assert!(
                said.contains("CAREPLAN_PLATFORM_STORAGE_DATABASE_URL"),
                "{said}"
            );
            assert!(!said.contains("secret-word"), "{said}");
        }
    }
    // One of the two alone is refused, by the name it was given under.
    let refused = platform(&home, &["--object-store", "file:///", "office", "list"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("option --object-store"), "{said}");
}

#[test]
fn a_home_is_verified_after_a_backup_and_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    told(&platform(&home, &["init"]));
    told(&platform(&home, &["office", "add", "1370948774"]));
    let (to, restored) = (folder.path().join("backup"), folder.path().join("restored"));
    told(&platform(&home, &["backup", "--to", to.to_str().unwrap()]));
    told(&platform(
        &restored,
        &["restore", "--from", to.to_str().unwrap()],
    ));
    // Configuration and certificates are not in a backup.
    std::fs::copy(home.join("platform.toml"), restored.join("platform.toml")).unwrap();
    let certificates = home.join("certificates");
    std::fs::create_dir(restored.join("certificates")).unwrap();
    for file in std::fs::read_dir(&certificates).unwrap() {
        let file = file.unwrap();
        std::fs::copy(
            file.path(),
            restored.join("certificates").join(file.file_name()),
        )
        .unwrap();
    }
    for arguments in [&["verify"][..], &["verify", "--quick"]] {
        let found = told(&platform(&restored, arguments));
        assert_eq!((&found["offices"], &found["wrong"]), (&1.into(), &0.into()));
    }
}
