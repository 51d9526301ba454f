//! The servers start, can be reached, and leave nothing behind.
#![cfg(unix)]

use std::io::{Read, Write};
use std::net::TcpStream;

use test_servers::{Postgres, S3};

#[test]
fn a_cluster_has_databases_and_leaves_nothing() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let (first, second) = (postgres.database(), postgres.database());
    assert_ne!(first, second);
    let folder = first
        .strip_prefix("postgres://platform@")
        .and_then(|rest| rest.split_once(":5432/d"))
        .map(|(folder, _)| folder.replace("%2F", "/"))
        .unwrap();
    assert!(std::fs::exists(&folder).unwrap());
    drop(postgres);
    assert!(!std::fs::exists(&folder).unwrap());
}

#[test]
fn a_bucket_takes_and_gives_objects() {
    let Some(s3) = S3::start() else {
        return;
    };
    s3.make_bucket("containers");
    let endpoint = s3.endpoint();
    let address = endpoint.strip_prefix("http://").unwrap();
    // Objects are their owner's only; the server asks who calls, but checks no signature.
    const CALLER: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, \
                          SignedHeaders=host, Signature=none";
    let call = |head: &str, body: &str| {
        let mut connection = TcpStream::connect(address).unwrap();
        write!(
            connection,
            "{head} HTTP/1.1\r\nhost: {address}\r\nauthorization: {CALLER}\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(call("PUT /containers/a", "content").starts_with("HTTP/1.1 200 "));
    assert!(call("GET /containers/a", "").starts_with("HTTP/1.1 200 "));
    assert!(call("GET /containers/b", "").starts_with("HTTP/1.1 404 "));
    drop(s3);
    assert!(TcpStream::connect(address).is_err());
}
