//! A platform that ends in the middle of things, and starts again on the same home.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::sync::mpsc;
use std::time::Duration;

use careplan_core::Explain as _;
use careplan_core::Lang;
use careplan_platform::{Administration, Platform, StartError, StorageErrorKind};
use careplan_protocol::{IdempotencyKey, Receipt, SendingId, SendingSummary};
use common::{MANAGER, SERVICE, World, key, month_set, read_head, read_what_comes};

/// Long enough for anything that works; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn an_upload_cut_off_by_a_crash_leaves_nothing() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let container = manager.seal(&month_set(), world.now());
    {
        let session = world.session(&manager);
        let expect = "expect: 100-continue\r\n";
        let head = world.head_of_sending(&session, key(), container.len(), expect);
        let mut connection = world.connect(&manager);
        connection.write_all(head.as_bytes()).unwrap();
        // The platform is waiting for the body: half of it.
        assert!(read_head(&mut connection).starts_with("HTTP/1.1 100 "));
        connection
            .write_all(&container[..container.len() / 2])
            .unwrap();
        connection.flush().unwrap();
        world.platform.take().unwrap().kill();
        let rest = read_what_comes(&mut connection);
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }
    world.start();
    assert!(world.session(&manager).sent("").items.is_empty());
    assert!(world.session(&service).received("").items.is_empty());
    assert!(world.files_below("containers").is_empty());
    assert!(world.files_below("spool").is_empty());
}

#[test]
fn what_a_crash_left_half_done_is_removed_at_the_start() {
    let mut world = World::new();
    let manager = world.office(MANAGER);
    let service = world.office(SERVICE);
    let receipt = world.session(&manager).send_month_set();
    let [stored] = world.files_below("containers").try_into().unwrap();
    world.kill();
    // As a crash leaves them: an upload under way, and a container moved to its place whose row
    // was not committed.
    let spooled = world.home.path().join("spool/upload-x.part");
    fs::write(&spooled, b"half a container").unwrap();
    let number = receipt.sending.to_string();
    let orphan = stored
        .to_str()
        .unwrap()
        .replace(&number, &format!("{}ffff", &number[..number.len() - 4]));
    fs::write(&orphan, b"a container without a row").unwrap();
    world.start();
    assert!(!spooled.exists());
    assert!(!fs::exists(&orphan).unwrap());
    assert_eq!(world.files_below("containers"), [stored]);
    assert_eq!(world.session(&service).fetch(&receipt).status, 200);
}

#[test]
fn crashes_under_load_lose_and_double_nothing() {
    const SENDERS: usize = 4;
    const EACH: usize = 12;
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let containers: Vec<(IdempotencyKey, Vec<u8>)> = (0..SENDERS * EACH)
        .map(|_| (key(), manager.seal(&month_set(), world.now())))
        .collect();
    let mut acknowledged: HashMap<IdempotencyKey, Receipt> = HashMap::new();
    let mut crashes = 0;
    while acknowledged.len() < containers.len() {
        // Kill when a few more are acknowledged, while the others are somewhere on their way.
        let enough = acknowledged.len() + 7;
        let (tell, told) = mpsc::channel::<Receipt>();
        let platform = world.platform.take().unwrap();
        let address = platform.address();
        let token = {
            world.platform = Some(platform);
            world.log_in(&manager).access_token
        };
        let platform = world.platform.take().unwrap();
        std::thread::scope(|threads| {
            for chunk in containers.chunks(EACH) {
                let (tell, token, manager) = (tell.clone(), token.clone(), &manager);
                let todo: Vec<_> = chunk
                    .iter()
                    .filter(|(key, _)| !acknowledged.contains_key(key))
                    .collect();
                let url = format!(
                    "https://{address}{}",
                    careplan_protocol::path::send(service.number)
                );
                threads.spawn(move || {
                    for (key, container) in todo {
                        let sent = manager
                            .agent
                            .post(&url)
                            .header("authorization", format!("Bearer {}", token.expose()))
                            .header("content-type", careplan_protocol::CONTAINER_TYPE)
                            .header(careplan_protocol::IDEMPOTENCY_KEY, key.to_string())
                            .send(container.as_slice())
                            .and_then(|mut reply| {
                                Ok((reply.status(), reply.body_mut().read_to_vec()?))
                            });
                        match sent {
                            Ok((status, body)) if status == 201 => {
                                let _ = tell.send(serde_json::from_slice(&body).unwrap());
                            }
                            // The platform is going, or gone.
                            Ok((status, _)) => {
                                assert_eq!(status, 503);
                                return;
                            }
                            Err(_) => return,
                        }
                    }
                });
            }
            drop(tell);
            for receipt in &told {
                acknowledged.insert(receipt.idempotency_key, receipt);
                if acknowledged.len() == enough {
                    break;
                }
            }
            platform.kill();
            // Those that were answered just before count too.
            for receipt in told {
                acknowledged.insert(receipt.idempotency_key, receipt);
            }
        });
        crashes += 1;
        world.start();
        let receiver = world.session(&service);
        let listed: HashMap<SendingId, SendingSummary> = receiver
            .received("limit=500")
            .items
            .into_iter()
            .map(|item| (item.sending, item))
            .collect();
        for receipt in acknowledged.values() {
            assert_eq!(listed[&receipt.sending].sha256, receipt.sha256);
            assert_eq!(receiver.fetch(receipt).body.len() as u64, receipt.bytes);
        }
        // Each container there is belongs to a sending: nothing half-done is left.
        assert_eq!(world.files_below("containers").len(), listed.len());
        assert!(world.files_below("spool").is_empty());
    }
    assert!(crashes >= 3, "{crashes}");
    let listed = world.session(&service).received("limit=500").items;
    assert_eq!(listed.len(), containers.len());
}

#[test]
fn stopping_lets_a_sending_under_way_finish() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let container = manager.seal(&month_set(), world.now());
    let mut connection = {
        let session = world.session(&manager);
        let expect = "expect: 100-continue\r\n";
        let head = world.head_of_sending(&session, key(), container.len(), expect);
        let mut connection = world.connect(&manager);
        connection.write_all(head.as_bytes()).unwrap();
        assert!(read_head(&mut connection).starts_with("HTTP/1.1 100 "));
        connection
    };
    let address = world.platform().address();
    let platform = world.platform.take().unwrap();
    std::thread::scope(|threads| {
        let stopping = threads.spawn(move || platform.stop(PATIENCE));
        // It takes no more connections …
        while std::net::TcpStream::connect(address).is_ok() {
            std::thread::yield_now();
        }
        // … but the one under way finishes.
        connection.write_all(&container).unwrap();
        let answer = read_what_comes(&mut connection);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
        assert!(stopping.join().unwrap());
    });
    world.start();
    assert_eq!(world.session(&service).received("").items.len(), 1);
}

#[test]
fn only_one_platform_serves_from_a_home() {
    let mut world = World::new();
    let StartError::Storage(error) = Platform::start(world.config()).unwrap_err() else {
        panic!("not a failure of the storage");
    };
    assert_eq!(error.kind(), StorageErrorKind::InUse);
    assert!(error.explain(Lang::Ja).contains("別のプラットフォーム"));
    // Administering beside it is fine.
    let clock = std::sync::Arc::clone(&world.clock);
    let operator = Administration::open(world.home.path(), clock).unwrap();
    operator.register_office(SERVICE.parse().unwrap()).unwrap();
    let manager = world.office(MANAGER);
    let session = world.session(&manager);
    let entry = session.get(&careplan_protocol::path::directory(
        SERVICE.parse().unwrap(),
    ));
    assert_eq!(entry.status, 200);
    assert!(world.platform.take().unwrap().stop(PATIENCE));
}

#[test]
fn a_container_damaged_on_disk_is_not_handed_out() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let receipt = world.session(&manager).send_month_set();
    let [stored] = world.files_below("containers").try_into().unwrap();
    let content = fs::read(&stored).unwrap();
    fs::write(&stored, &content[..content.len() - 1]).unwrap();
    let receiver = world.session(&service);
    let reply = receiver.fetch(&receipt);
    assert_eq!(reply.code(), careplan_protocol::ProblemCode::InternalError);
    let text = String::from_utf8_lossy(&reply.body);
    assert!(
        !text.contains(world.home.path().to_str().unwrap()),
        "{text}"
    );
    fs::write(&stored, &content).unwrap();
    assert_eq!(receiver.fetch(&receipt).body, content);
}
