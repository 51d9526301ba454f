//! What operators rely on: health, readiness, metrics, retention, locks, backup and restore.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::io::{Cursor, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use careplan_envelope::evidence::{Receipt, ReceiptEvent};
use careplan_envelope::{KeyAlgorithm, PrivateKey, Validity};
use careplan_platform::{
    BackupError, OperationsConfig, ServerIdentity, SiteConfig, StartError, back_up, restore,
};
use careplan_protocol::{EvidenceEvent, ProblemCode, ReceiptList, SendingState, path};
use chrono::TimeDelta;
use common::{MANAGER, SERVICE, World, key, month_set};

/// Status and body of a plain GET at the operators' listener.
fn ask(world: &World, path: &str) -> (u16, String) {
    let address = world.platform().operations_address().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

fn observed() -> World {
    World::with(|config| {
        let mut operations = OperationsConfig::new("127.0.0.1:0".parse().unwrap());
        operations.least_free_bytes = 1;
        config.operations = Some(operations);
    })
}

/// The value of a metric's line.
fn metric(text: &str, line: &str) -> f64 {
    text.lines()
        .find_map(|found| found.strip_prefix(line)?.trim().parse().ok())
        .unwrap_or_else(|| panic!("no {line} in {text}"))
}

#[test]
fn a_platform_that_can_work_is_alive_and_ready() {
    let world = observed();
    assert_eq!(ask(&world, "/health").0, 200);
    let (status, body) = ask(&world, "/ready");
    assert_eq!(status, 200, "{body}");
    let ready: serde_json::Value = serde_json::from_str(&body).unwrap();
    let names: Vec<_> = ready["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "storage",
            "free_space",
            "server_certificate",
            "authorities",
            "revocation_lists",
            "access_log"
        ]
    );
    assert_eq!(ask(&world, "/v1/sendings/sent").0, 404);
}

#[test]
fn a_full_disk_makes_it_not_ready_but_it_lives() {
    let world = World::with(|config| {
        let mut operations = OperationsConfig::new("127.0.0.1:0".parse().unwrap());
        operations.least_free_bytes = u64::MAX;
        config.operations = Some(operations);
    });
    let (status, body) = ask(&world, "/ready");
    assert_eq!(status, 503, "{body}");
    let ready: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(ready["ready"], false);
    assert_eq!(ready["checks"][1]["ok"], false);
    assert_eq!(ask(&world, "/health").0, 200);
}

#[test]
fn an_outdated_certificate_makes_it_not_ready() {
    let world = observed();
    assert_eq!(ask(&world, "/ready").0, 200);
    world.clock.advance(TimeDelta::days(900));
    let (status, body) = ask(&world, "/ready");
    assert_eq!(status, 503, "{body}");
    let ready: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(ready["checks"][2]["ok"], false);
}

#[test]
fn a_delivery_is_counted_and_no_office_is_named() {
    let mut world = observed();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let sender = world.session(&manager);
    let receipt = sender.send_month_set();
    let receiver = world.session(&service);
    let bytes = receiver.fetch(&receipt).body.len();
    assert_eq!(receiver.confirm(&receipt).status, 200);
    assert_eq!(receiver.confirm(&receipt).status, 200);
    let (status, text) = ask(&world, "/metrics");
    assert_eq!(status, 200);
    let of = |event: &str| {
        metric(
            &text,
            &format!("careplan_sendings_total{{event=\"{event}\"}}"),
        )
    };
    assert_eq!((of("accept"), of("fetch"), of("confirm")), (1.0, 1.0, 1.0));
    assert_eq!(metric(&text, "careplan_uploaded_bytes_total"), bytes as f64);
    assert_eq!(metric(&text, "careplan_fetched_bytes_total"), bytes as f64);
    assert!(metric(&text, "careplan_commit_batch_count") >= 3.0);
    for secret in [MANAGER, SERVICE, receipt.sending.to_string().as_str()] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn what_was_confirmed_is_removed_after_its_time_and_nothing_else() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let confirmed = world.session(&manager).send_month_set();
    let waiting = world.session(&manager).send_month_set();
    assert_eq!(world.session(&service).fetch(&confirmed).status, 200);
    assert_eq!(world.session(&service).confirm(&confirmed).status, 200);
    // One moment before its time.
    world
        .clock
        .advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    world.platform().sweep().unwrap();
    assert_eq!(world.session(&service).fetch(&confirmed).status, 200);
    assert_eq!(world.files_below("containers").len(), 2);
    world.clock.advance(TimeDelta::seconds(1));
    world.platform().sweep().unwrap();
    let session = world.session(&service);
    assert_eq!(
        session.fetch(&confirmed).code(),
        ProblemCode::SendingRemoved
    );
    assert_eq!(session.show(&confirmed).state, SendingState::Confirmed);
    assert_eq!(world.files_below("containers").len(), 1);
    // What nobody has fetched stays until it expires, and that long again after.
    assert_eq!(session.fetch(&waiting).status, 200);
    world.clock.advance(TimeDelta::days(60));
    world.platform().sweep().unwrap();
    assert_eq!(
        world.session(&manager).show(&waiting).state,
        SendingState::Expired
    );
    assert_eq!(world.files_below("containers").len(), 1);
    world.clock.advance(TimeDelta::days(30));
    world.platform().sweep().unwrap();
    assert!(world.files_below("containers").is_empty());
}

#[test]
fn a_removal_is_stated_by_a_signed_receipt() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let confirmed = world.session(&manager).send_month_set();
    world.session(&service).fetch(&confirmed);
    world.session(&service).confirm(&confirmed);
    let events = |world: &World, office| -> Vec<EvidenceEvent> {
        let session = world.session(office);
        let list: ReceiptList = session.get(&path::list_receipts(confirmed.sending)).json();
        list.items.iter().map(|receipt| receipt.event).collect()
    };
    let before = [
        EvidenceEvent::Accepted,
        EvidenceEvent::MadeAvailable,
        EvidenceEvent::Received,
    ];
    assert_eq!(events(&world, &manager), before);
    world.clock.advance(TimeDelta::days(30));
    world.platform().sweep().unwrap();
    let removed_at = world.now();
    for office in [&manager, &service] {
        let after = [before.as_slice(), &[EvidenceEvent::Removed]].concat();
        assert_eq!(events(&world, office), after);
    }
    // Once, however often is looked.
    world.clock.advance(TimeDelta::days(1));
    world.platform().sweep().unwrap();
    world.platform().take_in_evidence().unwrap();
    let session = world.session(&service);
    let receipt = session.get(&path::fetch_receipt(
        confirmed.sending,
        EvidenceEvent::Removed,
    ));
    let verifier = careplan_envelope::Verifier::builder()
        .trust_anchor(world.authority.certificate())
        .unwrap()
        .build()
        .unwrap();
    let stated = Receipt::verify(&verifier, Cursor::new(&receipt.body), world.now()).unwrap();
    assert_eq!(stated.statement.event, ReceiptEvent::Removed);
    assert_eq!(stated.statement.container, confirmed.sha256);
    assert_eq!(stated.statement.at, removed_at);
    let proof = path::prove_receipt(confirmed.sending, EvidenceEvent::Removed);
    assert_eq!(session.get(&proof).status, 200);
}

#[test]
fn the_evidence_log_is_measured() {
    let mut world = World::with(|config| {
        // Taken in when the test says so.
        config.evidence.merge_delay = std::time::Duration::from_secs(3600);
    });
    let manager = world.office(MANAGER);
    world.office(SERVICE);
    let values = |world: &World| {
        let text = world.platform().metrics();
        [
            "careplan_evidence_log_entries",
            "careplan_evidence_waiting",
            "careplan_evidence_waiting_seconds",
            "careplan_evidence_checkpoint_timestamp_seconds",
        ]
        .map(|name| metric(&text, &format!("{name} ")) as i64)
    };
    world.platform().take_in_evidence().unwrap();
    let begun = values(&world);
    assert_eq!(begun[..3], [0, 0, 0]);
    world.session(&manager).send_month_set();
    world.clock.advance(TimeDelta::minutes(5));
    world.platform().measure_evidence().unwrap();
    assert_eq!(values(&world), [0, 2, 300, begun[3]]);
    world.platform().take_in_evidence().unwrap();
    assert_eq!(values(&world), [2, 0, 0, begun[3] + 300]);
}

#[test]
fn lines_of_the_access_log_are_removed_after_their_time() {
    let mut world = World::with(|config| config.keep_accesses = TimeDelta::days(10));
    let manager = world.office(MANAGER);
    world.session(&manager).sent("");
    world.platform().write_access_log();
    let lines = |world: &World| {
        let operator = world.platform().administration();
        operator.accesses(None, None, 10).unwrap().len()
    };
    assert_eq!(lines(&world), 2);
    // Numbers of calls are given by the machine's clock, which the platform's is a moment behind.
    world.clock.advance(TimeDelta::days(9));
    world.platform().sweep().unwrap();
    assert_eq!(lines(&world), 2);
    world.clock.advance(TimeDelta::days(2));
    world.platform().sweep().unwrap();
    assert_eq!(lines(&world), 0);
}

#[test]
fn a_renewed_certificate_is_shown_from_the_next_connection_on() {
    let mut world = World::new();
    let manager = world.office(MANAGER);
    let mut open = world.connect(&manager);
    let shown = |connection: &mut common::RawConnection| {
        let address = connection.sock.peer_addr().unwrap();
        write!(
            connection,
            "GET /v1/log/checkpoint HTTP/1.1\r\nhost: {address}\r\n\r\n"
        )
        .unwrap();
        common::read_head(connection);
        connection.conn.peer_certificates().unwrap()[0]
            .clone()
            .into_owned()
    };
    let old = shown(&mut open);
    let mut config = world.config();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let validity = Validity::days(world.now() - TimeDelta::hours(1), 30).unwrap();
    let renewed = world
        .authority
        .issue_server(&key, &["127.0.0.1"], validity)
        .unwrap();
    config.identity.chain = vec![renewed.certificate.clone()];
    // Certificate and key that do not belong together change nothing.
    let half = config.identity.clone();
    let error = world.platform().replace_identity(half).unwrap_err();
    assert!(matches!(error, StartError::Identity(_)), "{error}");
    assert_eq!(shown(&mut world.connect(&manager)), old);
    config.identity.key = key.to_rustls().unwrap();
    world.platform().replace_identity(config.identity).unwrap();
    assert_eq!(shown(&mut world.connect(&manager)), renewed.certificate);
    let text = world.platform().metrics();
    let renewals = |reason: &str| {
        metric(
            &text,
            &format!("careplan_certificate_renewals_total{{reason=\"{reason}\"}}"),
        )
    };
    assert_eq!((renewals("done"), renewals("failed")), (1.0, 1.0));
}

#[test]
fn the_sites_renewed_certificate_is_shown_to_browsers() {
    let mut world = World::with(|config| {
        config.site = Some(SiteConfig::new(config.identity.clone()));
    });
    let mut roots = rustls::RootCertStore::empty();
    roots.add(world.authority.certificate().clone()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // A browser shows no certificate of its own.
    let browser = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let browser = std::sync::Arc::new(browser);
    let shown = |world: &World| {
        let mut stream = TcpStream::connect(world.platform().site_address().unwrap()).unwrap();
        let name = "127.0.0.1".try_into().unwrap();
        let browser = std::sync::Arc::clone(&browser);
        let mut client = rustls::ClientConnection::new(browser, name).unwrap();
        while client.is_handshaking() {
            client.complete_io(&mut stream).unwrap();
        }
        client.peer_certificates().unwrap()[0].clone().into_owned()
    };
    assert_eq!(shown(&world), world.config().identity.chain[0]);
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let validity = Validity::days(world.now() - TimeDelta::hours(1), 30).unwrap();
    let renewed = world
        .authority
        .issue_server(&key, &["127.0.0.1"], validity)
        .unwrap();
    let identity = ServerIdentity {
        chain: vec![renewed.certificate.clone()],
        key: key.to_rustls().unwrap(),
    };
    world.platform().replace_site_identity(identity).unwrap();
    assert_eq!(shown(&world), renewed.certificate);
}

#[test]
fn a_locked_account_does_not_log_in_until_it_is_unlocked() {
    let mut world = World::new();
    let manager = world.office(MANAGER);
    let session = world.session(&manager);
    let operator = world.platform().administration();
    assert_eq!(operator.lock_account(manager.user).unwrap(), manager.number);
    assert_eq!(
        session.get("/v1/sendings/sent").code(),
        ProblemCode::TokenInvalid
    );
    let refused = |password: &str| world.try_log_in(&manager, manager.user, password).code();
    assert_eq!(refused(common::PASSWORD), ProblemCode::AccountLocked);
    // Without the password nobody learns of the lock.
    assert_eq!(refused("another password"), ProblemCode::LogInFailed);
    assert!(
        operator.accounts(manager.number).unwrap()[0]
            .locked_at
            .is_some()
    );
    operator.unlock_account(manager.user).unwrap();
    world.log_in(&manager);
}

/// A folder beside the home.
fn beside(world: &World, name: &str) -> PathBuf {
    let home = world.home.path();
    let name = format!("{}-{name}", home.file_name().unwrap().to_str().unwrap());
    home.with_file_name(name)
}

/// Removes a folder when the test ends, also when it fails.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn everything_acknowledged_before_a_backup_is_there_after_a_restore() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let confirmed = world.session(&manager).send_month_set();
    world.session(&service).fetch(&confirmed);
    world.session(&service).confirm(&confirmed);
    let idempotency = key();
    let container = manager.seal(&month_set(), world.now());
    let waiting: careplan_protocol::Receipt = world
        .session(&manager)
        .send(SERVICE, idempotency, &container)
        .json();

    let to = Removed(beside(&world, "backup"));
    let summary = back_up(world.home.path(), &to.0, &*world.clock).unwrap();
    assert_eq!((summary.sendings, summary.containers), (2, 2));
    let after = world.session(&manager).send_month_set();

    world.kill();
    fs::remove_dir_all(world.home.path()).unwrap();
    restore(&to.0, world.home.path()).unwrap();
    world.start();

    let receiver = world.session(&service);
    assert_eq!(receiver.show(&confirmed).state, SendingState::Confirmed);
    assert_eq!(receiver.fetch(&waiting).body, container);
    assert_eq!(receiver.confirm(&waiting).status, 200);
    assert_eq!(
        receiver.get(&path::show(after.sending)).code(),
        ProblemCode::SendingNotFound
    );
    // The sender goes on: the same attempt gets the same receipt, and new ones are taken.
    let again: careplan_protocol::Receipt = world
        .session(&manager)
        .send(SERVICE, idempotency, &container)
        .json();
    assert_eq!(again.sending, waiting.sending);
    world.session(&manager).send_month_set();
}

#[test]
fn what_is_no_whole_backup_is_refused_and_the_home_stays_as_it_was() {
    let mut world = World::new();
    let manager = world.office(MANAGER);
    world.office(SERVICE);
    world.session(&manager).send_month_set();
    let to = Removed(beside(&world, "backup"));
    back_up(world.home.path(), &to.0, &*world.clock).unwrap();
    let home = Removed(beside(&world, "restored"));
    let refused = |home: &Path| restore(&to.0, home).unwrap_err();

    assert!(matches!(
        refused(world.home.path()),
        BackupError::NotEmpty(_)
    ));
    assert!(matches!(
        back_up(world.home.path(), &to.0, &*world.clock).unwrap_err(),
        BackupError::NotEmpty(_)
    ));

    let container = common::files_in(&to.0.join("containers")).remove(0);
    let good = fs::read(&container).unwrap();
    let mut bad = good.clone();
    bad[10] ^= 1;
    fs::write(&container, &bad).unwrap();
    assert!(matches!(refused(&home.0), BackupError::Altered(_)));
    fs::remove_file(&container).unwrap();
    assert!(matches!(refused(&home.0), BackupError::Altered(_)));
    fs::write(&container, &good).unwrap();

    let database = to.0.join("platform.sqlite");
    let good = fs::read(&database).unwrap();
    fs::write(&database, &good[..good.len() - 1]).unwrap();
    assert!(matches!(refused(&home.0), BackupError::Altered(_)));
    fs::write(&database, &good).unwrap();

    let manifest = to.0.join("backup.json");
    let good = fs::read(&manifest).unwrap();
    fs::remove_file(&manifest).unwrap();
    assert!(matches!(refused(&home.0), BackupError::Incomplete(_)));
    assert!(!home.0.exists());
    fs::write(&manifest, &good).unwrap();
    restore(&to.0, &home.0).unwrap();
}

#[test]
fn a_damaged_store_is_noticed_when_it_is_backed_up() {
    let mut world = World::new();
    let manager = world.office(MANAGER);
    world.office(SERVICE);
    world.session(&manager).send_month_set();
    let container = world.files_below("containers").remove(0);
    let mut bytes = fs::read(&container).unwrap();
    bytes[10] ^= 1;
    fs::write(&container, bytes).unwrap();
    let to = Removed(beside(&world, "backup"));
    let error = back_up(world.home.path(), &to.0, &*world.clock).unwrap_err();
    assert!(matches!(error, BackupError::Damaged(_)), "{error}");
    let home = Removed(beside(&world, "restored"));
    assert!(matches!(
        restore(&to.0, &home.0).unwrap_err(),
        BackupError::Incomplete(_)
    ));
}

#[test]
fn hundreds_of_idle_connections_do_not_keep_others_from_being_served() {
    // The long form: CAREPLAN_IDLE_CONNECTIONS=10000, with as many file handles allowed.
    let count: usize = std::env::var("CAREPLAN_IDLE_CONNECTIONS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(300);
    let mut world = World::with(|config| config.limits.connections = 20_000);
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let address = world.platform().address();
    // Half-open: no handshake. And a few that have finished it and say nothing.
    let _silent: Vec<_> = (0..count)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let _idle: Vec<_> = (0..20)
        .map(|_| {
            let mut connection = world.connect(&manager);
            connection.flush().unwrap();
            connection
        })
        .collect();
    let receipt = world.session(&manager).send_month_set();
    let receiver = world.session(&service);
    assert_eq!(receiver.fetch(&receipt).status, 200);
    assert_eq!(receiver.confirm(&receipt).status, 200);
}
