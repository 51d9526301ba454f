//! What callers cannot do to others: sizes, times, half-open connections.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use careplan_protocol::{CONTAINER_TYPE, IDEMPOTENCY_KEY, ProblemCode, Receipt, path};
use common::{MANAGER, SERVICE, World, key, month_set, read_head, read_what_comes};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_container_may_have_the_largest_size_and_no_more() {
    let mut world = World::with(|config| config.limits.container_bytes = 20_000);
    let manager = world.office(MANAGER);
    world.office(SERVICE);
    let session = world.session(&manager);
    let at_most = session.send(SERVICE, key(), &vec![0; 20_000]);
    assert_eq!(at_most.code(), ProblemCode::ContainerInvalid);
    let announced = session.send(SERVICE, key(), &vec![0; 20_001]);
    assert_eq!(announced.code(), ProblemCode::ContainerTooLarge);
    // Without an announced length.
    let reply = manager
        .agent
        .post(world.url(&path::send(SERVICE.parse().unwrap())))
        .header(
            "authorization",
            format!("Bearer {}", session.token.expose()),
        )
        .header("content-type", CONTAINER_TYPE)
        .header(IDEMPOTENCY_KEY, key().to_string())
        .send(ureq::SendBody::from_reader(&mut std::io::Read::take(
            std::io::repeat(0),
            30_000,
        )))
        .unwrap();
    assert_eq!(reply.status(), 413);
    assert!(session.sent("").items.is_empty());
    assert!(world.files_below("spool").is_empty());
}

#[test]
fn a_truncated_upload_leaves_nothing() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let container = manager.seal(&month_set(), world.now());
    {
        let session = world.session(&manager);
        let head = world.head_of_sending(&session, key(), container.len(), "");
        let mut connection = world.connect(&manager);
        connection.write_all(head.as_bytes()).unwrap();
        connection
            .write_all(&container[..container.len() - 1])
            .unwrap();
        connection.flush().unwrap();
        connection.conn.send_close_notify();
        connection.flush().unwrap();
        connection.sock.shutdown(std::net::Shutdown::Write).unwrap();
        read_what_comes(&mut connection);
    }
    // Stopping waits until the platform is done with the connection.
    assert!(world.platform.take().unwrap().stop(PATIENCE));
    assert!(world.files_below("spool").is_empty());
    assert!(world.files_below("containers").is_empty());
    world.start();
    assert!(world.session(&service).received("").items.is_empty());
}

#[test]
fn an_upload_that_pauses_too_long_is_refused() {
    let mut world = World::with(|config| config.limits.pause = Duration::from_secs(1));
    let manager = world.office(MANAGER);
    world.office(SERVICE);
    let session = world.session(&manager);
    let head = world.head_of_sending(&session, key(), 1000, "");
    let mut connection = world.connect(&manager);
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(&[0; 10]).unwrap();
    connection.flush().unwrap();
    let answer = read_what_comes(&mut connection);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"request_timeout\""), "{answer}");
    assert!(world.files_below("spool").is_empty());
}

#[test]
fn whoever_says_nothing_is_let_go() {
    let mut world = World::with(|config| {
        config.limits.handshake = Duration::from_millis(200);
        config.limits.head = Duration::from_millis(200);
    });
    let office = world.registered(MANAGER);
    // No handshake.
    let silent = TcpStream::connect(world.platform().address()).unwrap();
    assert_eq!(read_what_comes(&silent), b"");
    // A handshake and half a head.
    let mut slow = world.connect(&office);
    slow.write_all(b"GET /v1/sendings/sent HTTP/1.1\r\nhost: x\r\n")
        .unwrap();
    slow.flush().unwrap();
    let answer = read_what_comes(&mut slow);
    assert!(!answer.starts_with(b"HTTP/1.1 2"), "{answer:?}");
}

#[test]
fn a_head_has_a_largest_size() {
    let mut world = World::new();
    let office = world.registered(MANAGER);
    let mut connection = world.connect(&office);
    let long = "x".repeat(64 * 1024);
    // The platform may close before all of it is written.
    let _ = write!(
        connection,
        "GET /v1/sendings/sent HTTP/1.1\r\nhost: x\r\nlong: {long}\r\n\r\n"
    );
    let answer = read_what_comes(&mut connection);
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431 "),
        "{answer}"
    );
}

#[test]
fn connections_beyond_the_limit_wait_for_a_place() {
    let mut world = World::with(|config| config.limits.connections = 1);
    let office = world.registered(MANAGER);
    let idle = world.connect(&office);
    let waiting = world.connect(&office);
    drop(idle);
    // Now there is a place.
    let mut waiting = waiting;
    write!(
        waiting,
        "GET /v1/nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let answer = read_what_comes(&mut waiting);
    assert!(answer.starts_with(b"HTTP/1.1 404 "));
}

#[test]
fn whoever_does_not_read_the_answer_is_let_go() {
    let mut world = World::with(|config| config.limits.pause = Duration::from_secs(1));
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let mut files = month_set();
    // Random, so that it stays larger than the buffers of a connection when it is compressed.
    let mut document = vec![0; 16 * 1024 * 1024];
    aws_lc_rs::rand::fill(&mut document).unwrap();
    files.push(("document.pdf".to_owned(), document));
    let container = manager.seal(&files, world.now());
    let receipt: Receipt = world
        .session(&manager)
        .send(SERVICE, key(), &container)
        .json();
    let mut connection = world.connect(&service);
    let token = world.log_in(&service).access_token;
    write!(
        connection,
        "GET {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        path::fetch(receipt.sending),
        token.expose()
    )
    .unwrap();
    assert!(read_head(&mut connection).starts_with("HTTP/1.1 200 "));
    // Stopping waits for the connection, which nobody reads from: it ends by itself.
    assert!(world.platform.take().unwrap().stop(PATIENCE));
    assert!(read_what_comes(&mut connection).len() < container.len());
}

#[test]
fn an_office_that_calls_too_often_is_told_when_to_come_again() {
    let mut world = World::with(|config| {
        config.limits.calls_per_office = careplan_platform::Rate {
            burst: 4,
            interval: Duration::from_secs(3600),
        };
    });
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let session = world.session(&manager);
    let list = path::list_sent();
    for _ in 0..3 {
        assert_eq!(session.get(&list).status, 200);
    }
    let reply = session.get(&list);
    assert_eq!(reply.code(), ProblemCode::TooManyRequests);
    let seconds: u32 = reply.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((3500..=3601).contains(&seconds), "{seconds}");
    assert_eq!(reply.problem().retry_after_seconds, Some(seconds));
    // Others go on.
    assert_eq!(world.session(&service).get(&list).status, 200);
}

#[test]
fn logging_in_has_a_limit_by_address_and_other_calls_go_on() {
    let mut world = World::with(|config| {
        config.limits.log_ins_per_address = careplan_platform::Rate {
            burst: 2,
            interval: Duration::from_secs(3600),
        };
    });
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let session = world.session(&manager);
    let reply = world.try_log_in(&manager, manager.user, "wrong");
    assert_eq!(reply.code(), ProblemCode::LogInFailed);
    // Whichever office, from the same address, even with the right password.
    let reply = world.try_log_in(&service, service.user, common::PASSWORD);
    assert_eq!(reply.code(), ProblemCode::TooManyRequests);
    assert!(reply.headers.contains_key("retry-after"));
    assert_eq!(session.get(&path::list_sent()).status, 200);
}

#[test]
fn a_head_has_a_largest_number_of_headers() {
    let mut world = World::with(|config| config.limits.headers = 20);
    let office = world.registered(MANAGER);
    let ask = |headers: usize| {
        let mut connection = world.connect(&office);
        let more: String = (0..headers).map(|at| format!("x-{at}: y\r\n")).collect();
        let _ = write!(
            connection,
            "GET /v1/nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n"
        );
        String::from_utf8(read_what_comes(&mut connection)).unwrap()
    };
    assert!(ask(18).starts_with("HTTP/1.1 404 "));
    assert!(ask(19).starts_with("HTTP/1.1 431 "));
}
