//! Connections to PostgreSQL: in TLS, verified with the host's name, or not at all.

#![cfg(all(feature = "cluster", unix))]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use careplan_envelope::{Authority, KeyAlgorithm, PrivateKey, Validity};
use careplan_platform::{
    Administration, AdministrationError, ClusterConfig, ClusterConfigError, StorageChoice,
    SystemClock,
};
use chrono::{TimeDelta, Utc};
use test_servers::Postgres;

fn authority(name: &str) -> Authority {
    Authority::create(name, KeyAlgorithm::EcdsaP256, days(2, 60)).unwrap()
}

/// From some hours ago on.
fn days(hours: i64, days: u32) -> Validity {
    Validity::days(Utc::now() - TimeDelta::hours(hours), days).unwrap()
}

fn open(
    home: &Path,
    database: &str,
    believed: Option<&Authority>,
) -> Result<Administration, AdministrationError> {
    let objects = format!("file://{}", home.display());
    let mut config = ClusterConfig::new(database, &objects).unwrap();
    config
        .database_authorities
        .extend(believed.map(|authority| authority.certificate().clone()));
    let choice = StorageChoice::Cluster(Box::new(config));
    Administration::open_with(choice, home, Arc::new(SystemClock))
}

#[test]
fn a_verified_database_is_used_and_no_other() {
    let (mut own, other) = (authority("Own"), authority("Other"));
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let issued = own.issue_server(&key, &["127.0.0.1"], days(1, 30)).unwrap();
    let (certificate, key) = (issued.to_pem().unwrap(), key.to_pem().unwrap());
    let Some(server) = Postgres::start_with_tls(&certificate, &key) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let database = server.database_at("127.0.0.1");
    // Whatever the URL asks for short of it.
    for mode in ["", "?sslmode=verify-full", "?sslmode=disable"] {
        let opened = open(home, &format!("{database}{mode}"), Some(&own)).unwrap();
        opened
            .register_office("1370948774".parse().unwrap())
            .unwrap();
    }
    let secured = server
        .client("psql")
        .args(["--no-align", "--tuples-only", "--command"])
        .arg("SELECT count(*) FROM office")
        .arg(database.rsplit('/').next().unwrap())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&secured.stdout).trim(), "1");

    let refused =
        |database: &str, believed| open(home, database, believed).unwrap_err().to_string();
    let unknown = refused(&database, Some(&other));
    assert!(unknown.contains("UnknownIssuer"), "{unknown}");
    // The same server under a name that its certificate does not have.
    let misnamed = refused(&server.database_at("localhost"), Some(&own));
    assert!(misnamed.contains("not valid for name"), "{misnamed}");
    // The server takes nothing in plain either; the platform does not fall back to that.
    let plain = refused(&database, None);
    assert!(plain.contains("no encryption"), "{plain}");
}

#[test]
fn to_a_server_without_tls_nothing_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        // SSLRequest: its length and its number (PostgreSQL's protocol, section 55.7).
        let mut request = [0; 8];
        connection.read_exact(&mut request).unwrap();
        assert_eq!(request, [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
        connection.write_all(b"N").unwrap();
        let mut rest = Vec::new();
        connection.read_to_end(&mut rest).unwrap();
        rest
    });
    let folder = tempfile::tempdir().unwrap();
    let url = format!("postgres://platform:secret@127.0.0.1:{port}/careplan");
    let error = open(folder.path(), &url, Some(&authority("Own"))).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("does not support TLS"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(server.join().unwrap(), b"");
}

#[test]
fn without_an_authority_only_this_machine_is_connected_to() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        "postgres://platform:secret@db.example.jp/careplan",
        "postgres://platform:secret@192.0.2.1/careplan",
        "postgres://platform:secret@127.0.0.1,192.0.2.1/careplan",
        // The address beside a name is what is connected to.
        "postgres://platform:secret@localhost/careplan?hostaddr=192.0.2.1",
        "postgres://platform:secret@127.0.0.1/careplan?sslmode=verify-full",
    ] {
        let error = open(folder.path(), url, None).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains("database_authorities"), "{url}: {text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn what_is_no_database_is_refused_without_repeating_it() {
    for url in [
        "postgres://platform:secret@/careplan",
        "postgres://platform:secret@host:port/careplan",
        "postgres://platform:secret@host/careplan?sslmode=perhaps",
        "http://platform:secret@host/careplan",
    ] {
        let error = ClusterConfig::new(url, "file:///").unwrap_err();
        assert!(matches!(error, ClusterConfigError::Database), "{url}");
        let text = format!("{error} {error:?}");
        assert!(!text.contains("secret"), "{text}");
    }
}
