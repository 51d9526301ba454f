//! The access log: every call is in it, with who, what, about which sending, and the outcome.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::Write as _;
use std::time::Duration;

use careplan_envelope::CertificateKind;
use careplan_platform::Access;
use careplan_protocol::path;
use common::{MANAGER, OUTSIDER, PASSWORD, SERVICE, World, key, month_set, read_head};

fn lines(world: &World, office: Option<&str>) -> Vec<Access> {
    world.platform().write_access_log();
    let office = office.map(|number| number.parse().unwrap());
    let operator = world.platform().administration();
    operator.accesses(office, None, 100).unwrap()
}

#[test]
fn every_call_is_in_the_log_with_its_outcome() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let agent = world.certified(OUTSIDER, CertificateKind::Agent);
    let sender = world.session(&manager);
    let receipt = sender.send_month_set();
    world.session(&service).fetch(&receipt);
    sender.withdraw(&receipt);
    sender.get("/v1/nothing");
    world.try_log_in(&agent, agent.user, PASSWORD);

    let told: Vec<_> = lines(&world, None)
        .into_iter()
        .map(|line| {
            assert_eq!(line.at, world.now());
            let office = line.office.map(|office| office.to_string());
            (office, line.call, line.sending, line.status, line.problem)
        })
        .collect();
    let sending = Some(receipt.sending);
    let by = |office: &str| Some(office.to_owned());
    let code = |code: &str| Some(code.to_owned());
    let expected = [
        (by(MANAGER), "POST /v1/session", None, 200, None),
        (
            by(MANAGER),
            "POST /v1/offices/{office}/sendings",
            sending,
            201,
            None,
        ),
        (by(SERVICE), "POST /v1/session", None, 200, None),
        (
            by(SERVICE),
            "GET /v1/sendings/{sending}/container",
            sending,
            200,
            None,
        ),
        (
            by(MANAGER),
            "PUT /v1/sendings/{sending}/withdrawal",
            sending,
            409,
            code("sending_already_fetched"),
        ),
        (None, "GET unknown", None, 404, code("not_found")),
        (
            None,
            "POST /v1/session",
            None,
            403,
            code("certificate_refused"),
        ),
    ]
    .map(|(office, call, sending, status, problem)| {
        (office, call.to_owned(), sending, status, problem)
    });
    assert_eq!(told, expected);
}

#[test]
fn one_offices_lines_can_be_read_alone_and_page_by_page() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    world.session(&service).get(&path::list_sent());
    let session = world.session(&manager);
    for _ in 0..4 {
        session.get(&path::list_sent());
    }
    let all = lines(&world, Some(MANAGER));
    assert_eq!(all.len(), 5);
    assert!(all.iter().all(|line| line.office == Some(manager.number)));
    let operator = world.platform().administration();
    let rest = operator
        .accesses(Some(manager.number), Some(all[1].request), 2)
        .unwrap();
    assert_eq!(rest, all[2..4]);
}

#[test]
fn a_call_whose_caller_left_is_in_the_log() {
    let mut world = World::new();
    let (manager, _) = (world.office(MANAGER), world.office(SERVICE));
    {
        let session = world.session(&manager);
        let head = world.head_of_sending(&session, key(), 1_000, "expect: 100-continue\r\n");
        let mut connection = world.connect(&manager);
        connection.write_all(head.as_bytes()).unwrap();
        // Now the call is under way, and waits for a body.
        assert!(read_head(&mut connection).starts_with("HTTP/1.1 100 "));
    }
    // Stopping waits until the platform is done with the connection.
    assert!(world.platform.take().unwrap().stop(Duration::from_secs(60)));
    world.start();
    let lines = lines(&world, Some(MANAGER));
    let calls: Vec<_> = lines.iter().map(|line| &*line.call).collect();
    assert_eq!(
        calls,
        ["POST /v1/session", "POST /v1/offices/{office}/sendings"]
    );
    // It depends on who notices first: who reads the body, or who serves the connection.
    assert!([400, Access::CUT_OFF].contains(&lines[1].status));
}

#[test]
fn the_log_of_what_was_answered_is_there_after_stopping() {
    let mut world = World::new();
    let (manager, _) = (world.office(MANAGER), world.office(SERVICE));
    {
        let container = manager.seal(&month_set(), world.now());
        let session = world.session(&manager);
        session.send(SERVICE, key(), &container);
    }
    assert!(world.platform.take().unwrap().stop(Duration::from_secs(60)));
    world.start();
    assert_eq!(lines(&world, Some(MANAGER)).len(), 2);
}
