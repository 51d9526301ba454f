//! The way of a sending: sent, listed, fetched, confirmed; and what is refused on the way.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::Write;

use careplan_core::{Lang, SetKind, Sha256Digest};
use careplan_protocol::{
    CONTAINER_TYPE, DirectoryEntry, IDEMPOTENCY_KEY, ProblemCode, Receipt, SendingState,
    SendingSummary, path,
};
use chrono::TimeDelta;
use common::{
    Call, MANAGER, OUTSIDER, SERVICE, World, key, month_set, read_head, read_what_comes, sample,
};

fn sha256(bytes: &[u8]) -> Sha256Digest {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    Sha256Digest::new(digest.as_ref().try_into().unwrap())
}

#[test]
fn a_sending_goes_from_hand_to_hand() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let (sender, receiver) = (world.session(&manager), world.session(&service));
    let container = manager.seal(&month_set(), world.now());
    let key = key();

    let reply = sender.send(SERVICE, key, &container);
    assert_eq!(reply.status, 201);
    let receipt: Receipt = reply.json();
    assert_eq!(reply.headers["location"], path::show(receipt.sending));
    assert_eq!(receipt.idempotency_key, key);
    assert_eq!(receipt.sender.as_str(), MANAGER);
    assert_eq!(receipt.receiver.as_str(), SERVICE);
    assert_eq!(receipt.set, Some(SetKind::MonthlyPlan));
    assert_eq!(receipt.sha256, sha256(&container));
    assert_eq!(receipt.bytes, container.len() as u64);
    assert_eq!(receipt.accepted_at, world.now());
    assert_eq!(receipt.expires_at, world.now() + TimeDelta::days(90));

    let news = receiver.received("state=available");
    assert_eq!(news.items.len(), 1);
    assert_eq!(news.next, None);
    let summary = &news.items[0];
    assert_eq!(summary.sending, receipt.sending);
    let contents = summary.contents.open().unwrap();
    assert_eq!(contents.month.unwrap().to_string(), "202610");
    assert_eq!(contents.sequence.to_string(), "20260921113320");
    assert_eq!(contents.files, 3);
    assert_eq!(*summary, sender.show(&receipt));

    world.clock.advance(TimeDelta::minutes(5));
    let fetched = receiver.fetch(&receipt);
    assert_eq!(fetched.status, 200);
    assert_eq!(fetched.headers["content-type"], CONTAINER_TYPE);
    assert_eq!(fetched.body, container);
    assert_eq!(sender.show(&receipt).state, SendingState::Fetched);

    let confirmed: SendingSummary = receiver.confirm(&receipt).json();
    assert_eq!(confirmed.state, SendingState::Confirmed);
    assert_eq!(confirmed.fetched_at, Some(world.now()));
    assert_eq!(confirmed.settled_at, Some(world.now()));
    assert_eq!(sender.show(&receipt), confirmed);
    assert!(receiver.received("state=available").items.is_empty());
    assert!(receiver.received("state=fetched").items.is_empty());
}

#[test]
fn every_sample_set_travels() {
    for (folder, sender, receiver, set) in [
        ("plan-set", "1372254257", "1377541208", SetKind::CarePlan),
        ("actual-set", SERVICE, MANAGER, SetKind::Actuals),
        (
            "preventive-set",
            "1373992383",
            "1379745080",
            SetKind::BasicInformationAndSupportPlan,
        ),
        (
            "edition3-month-set",
            "1373960229",
            "1378034246",
            SetKind::MonthlyPlan,
        ),
        (
            "edition3-plan-set",
            "1373960229",
            "1378034246",
            SetKind::CarePlan,
        ),
    ] {
        let mut world = World::new();
        let office = world.office(sender);
        world.office(receiver);
        let container = office.seal(&sample(folder), world.now());
        let reply = world.session(&office).send(receiver, key(), &container);
        assert_eq!(reply.json::<Receipt>().set, Some(set), "{folder}");
    }
}

#[test]
fn a_repeated_attempt_is_answered_with_the_first_receipt() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let sender = world.session(&manager);
    let container = manager.seal(&month_set(), world.now());
    let key = key();
    let first = sender.send(SERVICE, key, &container);
    world.clock.advance(TimeDelta::minutes(1));
    let second = sender.send(SERVICE, key, &container);
    assert_eq!((second.status, &second.body), (201, &first.body));
    assert_eq!(world.session(&service).received("").items.len(), 1);
    assert_eq!(world.files_below("containers").len(), 1);

    let other = manager.seal(&month_set(), world.now());
    assert_ne!(other, container);
    let conflict = sender.send(SERVICE, key, &other);
    assert_eq!(conflict.code(), ProblemCode::IdempotencyConflict);
    let conflict = sender.send(OUTSIDER, key, &container);
    assert_eq!(conflict.code(), ProblemCode::IdempotencyConflict);
}

#[test]
fn a_repeated_attempt_is_answered_even_when_the_licence_is_gone() {
    let mut world = World::new();
    let manager = world.office(MANAGER);
    world.office(SERVICE);
    let container = manager.seal(&month_set(), world.now());
    let key = key();
    let first = world.session(&manager).send(SERVICE, key, &container);
    let reason = "test".to_owned();
    world
        .platform()
        .administration()
        .record_licence_event(
            manager.number,
            careplan_licence::EventKind::Revoked { reason },
        )
        .unwrap();
    let sender = world.session(&manager);
    assert_eq!(sender.send(SERVICE, key, &container).body, first.body);
    let refused = sender.send(SERVICE, common::key(), &container);
    assert_eq!(refused.code(), ProblemCode::SenderNotLicensed);
}

#[test]
fn attempts_under_one_key_at_the_same_time_make_one_sending() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let sender = world.session(&manager);
    let container = manager.seal(&month_set(), world.now());
    let key = key();
    let receipts: Vec<Receipt> = std::thread::scope(|threads| {
        let attempts: Vec<_> = (0..8)
            .map(|_| threads.spawn(|| sender.send(SERVICE, key, &container).json()))
            .collect();
        attempts
            .into_iter()
            .map(|attempt| attempt.join().unwrap())
            .collect()
    });
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]));
    assert_eq!(world.session(&service).received("").items.len(), 1);
    assert_eq!(world.files_below("containers").len(), 1);
    assert!(world.files_below("spool").is_empty());
}

#[test]
fn attempts_that_overtake_each_other_make_one_sending() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let sender = world.session(&manager);
    let container = manager.seal(&month_set(), world.now());
    let mut files = month_set();
    files.push(("document.pdf".to_owned(), b"%PDF-1.7".to_vec()));
    let other = manager.seal(&files, world.now());
    let key = key();
    // All have asked whether the key is new, and were told to go on, before the first is stored.
    let begin = |container: &[u8]| {
        let expect = "expect: 100-continue\r\nconnection: close\r\n";
        let head = world.head_of_sending(&sender, key, container.len(), expect);
        let mut connection = world.connect(&manager);
        connection.write_all(head.as_bytes()).unwrap();
        assert!(read_head(&mut connection).starts_with("HTTP/1.1 100 "));
        connection
    };
    let finish = |mut connection: common::RawConnection, container: &[u8]| {
        connection.write_all(container).unwrap();
        let answer = read_what_comes(&mut connection);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().to_owned();
        (status, body.to_owned())
    };
    let attempts = [begin(&container), begin(&container), begin(&other)];
    let [first, second, different] = attempts;
    let (status, receipt) = finish(first, &container);
    assert_eq!(status, "201");
    assert_eq!(finish(second, &container), (status, receipt));
    let (status, problem) = finish(different, &other);
    assert_eq!(status, "409");
    assert!(problem.contains("\"idempotency_conflict\""), "{problem}");
    assert_eq!(world.session(&service).received("").items.len(), 1);
    assert_eq!(world.files_below("containers").len(), 1);
    assert!(world.files_below("spool").is_empty());
}

#[test]
fn what_was_acknowledged_is_there_after_a_crash() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let container = manager.seal(&month_set(), world.now());
    let key = key();
    let receipt: Receipt = world
        .session(&manager)
        .send(SERVICE, key, &container)
        .json();
    let token = world.log_in(&service).access_token;
    world.kill();
    world.start();
    // Even the session.
    let receiver = common::Session {
        world: &world,
        office: &service,
        token,
    };
    assert_eq!(receiver.fetch(&receipt).body, container);
    // And the key: the attempt of a sender that never saw its receipt.
    let again = world.session(&manager).send(SERVICE, key, &container);
    assert_eq!(again.json::<Receipt>(), receipt);
    assert_eq!(receiver.received("").items.len(), 1);
}

#[test]
fn a_receiver_that_crashed_before_confirming_gets_it_again() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let receipt = world.session(&manager).send_month_set();
    let first = world.session(&service).fetch(&receipt).body;
    world.kill();
    world.start();
    let receiver = world.session(&service);
    let waiting = receiver.received("state=fetched").items;
    assert_eq!(waiting.len(), 1);
    assert_eq!(receiver.fetch(&receipt).body, first);
    let confirmed: SendingSummary = receiver.confirm(&receipt).json();
    assert_eq!(confirmed.state, SendingState::Confirmed);
}

#[test]
fn looking_at_the_head_of_a_container_does_not_fetch_it() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let receipt = world.session(&manager).send_month_set();
    let receiver = world.session(&service);
    let reply = receiver.call(Call::new("HEAD", &path::fetch(receipt.sending)));
    assert_eq!(reply.status, 405);
    assert_eq!(receiver.show(&receipt).state, SendingState::Available);
}

#[test]
fn confirming_is_idempotent_and_needs_the_right_digest() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let receipt = world.session(&manager).send_month_set();
    let receiver = world.session(&service);
    assert_eq!(
        receiver.confirm(&receipt).code(),
        ProblemCode::SendingNotFetched
    );
    receiver.fetch(&receipt);
    let wrong = Receipt {
        sha256: sha256(b"something else"),
        ..receipt.clone()
    };
    assert_eq!(receiver.confirm(&wrong).code(), ProblemCode::DigestMismatch);
    let first: SendingSummary = receiver.confirm(&receipt).json();
    world.clock.advance(TimeDelta::minutes(1));
    assert_eq!(receiver.confirm(&receipt).json::<SendingSummary>(), first);
    // A receiver that lost its copy afterwards still gets it.
    assert_eq!(sha256(&receiver.fetch(&receipt).body), receipt.sha256);
}

#[test]
fn what_was_not_fetched_can_be_withdrawn_and_then_not_fetched() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let (sender, receiver) = (world.session(&manager), world.session(&service));
    let receipt = sender.send_month_set();
    let withdrawn: SendingSummary = sender.withdraw(&receipt).json();
    assert_eq!(withdrawn.state, SendingState::Withdrawn);
    assert_eq!(
        sender.withdraw(&receipt).json::<SendingSummary>(),
        withdrawn
    );
    assert_eq!(
        receiver.fetch(&receipt).code(),
        ProblemCode::SendingWithdrawn
    );

    let receipt = sender.send_month_set();
    receiver.fetch(&receipt);
    assert_eq!(
        sender.withdraw(&receipt).code(),
        ProblemCode::SendingAlreadyFetched
    );
}

#[test]
fn what_is_overdue_expires() {
    let mut world = World::with(|config| config.keep = TimeDelta::hours(2));
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let (late, swept) = {
        let sender = world.session(&manager);
        (sender.send_month_set(), sender.send_month_set())
    };
    world.clock.advance(TimeDelta::hours(2));
    let (sender, receiver) = (world.session(&manager), world.session(&service));
    // Whether or not the sweep has come by.
    assert_eq!(receiver.fetch(&late).code(), ProblemCode::SendingExpired);
    assert_eq!(world.platform().sweep().unwrap(), 2);
    assert_eq!(world.platform().sweep().unwrap(), 0);
    assert_eq!(sender.show(&swept).state, SendingState::Expired);
    assert_eq!(receiver.fetch(&swept).code(), ProblemCode::SendingExpired);
}

#[test]
fn others_do_not_learn_that_a_sending_exists() {
    let mut world = World::new();
    let manager = world.office(MANAGER);
    world.office(SERVICE);
    let outsider = world.office(OUTSIDER);
    let (sender, other) = (world.session(&manager), world.session(&outsider));
    let receipt = sender.send_month_set();
    let mut unknown = receipt.clone();
    unknown.sending = "0192f0a0-7c00-7000-8000-000000000001".parse().unwrap();
    for reply in [
        |session: &common::Session<'_>, receipt: &Receipt| {
            session.get(&path::show(receipt.sending))
        },
        |session: &common::Session<'_>, receipt: &Receipt| session.fetch(receipt),
        |session: &common::Session<'_>, receipt: &Receipt| session.confirm(receipt),
        |session: &common::Session<'_>, receipt: &Receipt| session.withdraw(receipt),
    ] {
        let foreign = reply(&other, &receipt).problem();
        let mut none = reply(&other, &unknown).problem();
        none.instance.clone_from(&foreign.instance);
        assert_eq!(foreign, none);
        assert_eq!(foreign.known_code(), Some(ProblemCode::SendingNotFound));
    }
    // The sender may look, but not receive; the receiver may not withdraw.
    assert_eq!(sender.fetch(&receipt).code(), ProblemCode::SendingNotFound);
    assert_eq!(
        sender.confirm(&receipt).code(),
        ProblemCode::SendingNotFound
    );
    assert!(other.received("").items.is_empty());
    assert!(other.sent("").items.is_empty());
    assert_eq!(sender.show(&receipt).state, SendingState::Available);
}

#[test]
fn lists_have_filters_and_pages() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let actuals = service.seal(&sample("actual-set"), world.now());
    world
        .session(&service)
        .send(MANAGER, key(), &actuals)
        .json::<Receipt>();
    let mut receipts = Vec::new();
    let start = world.now();
    for _ in 0..5 {
        receipts.push(world.session(&manager).send_month_set().sending);
        world.clock.advance(TimeDelta::minutes(1));
    }
    let (sender, receiver) = (world.session(&manager), world.session(&service));
    for list in [
        &(|query: &str| sender.sent(query)) as &dyn Fn(&str) -> _,
        &|query: &str| receiver.received(query),
    ] {
        let ids =
            |query: &str| -> Vec<_> { list(query).items.iter().map(|item| item.sending).collect() };
        assert_eq!(ids(""), receipts);
        let (mut walked, mut query) = (Vec::new(), "limit=2".to_owned());
        loop {
            let page = list(&query);
            walked.push(page.items.len());
            match page.next {
                Some(next) => query = format!("limit=2&after={next}"),
                None => break,
            }
        }
        assert_eq!(walked, [2, 2, 1]);
        assert_eq!(ids("limit=5"), receipts);
        assert_eq!(list("limit=5").next, None);
        let from = start + TimeDelta::minutes(3);
        let from = from.format("%Y-%m-%dT%H:%M:%SZ");
        assert_eq!(ids(&format!("accepted_from={from}")), receipts[3..]);
        assert_eq!(ids(&format!("accepted_before={from}")), receipts[..3]);
        assert_eq!(ids("set=monthly_plan&month=202610"), receipts);
        assert!(ids("set=actuals").is_empty());
        assert!(ids("month=202611").is_empty());
        assert!(ids("state=confirmed").is_empty());
        assert!(ids(&format!("office={OUTSIDER}")).is_empty());
    }
    assert_eq!(sender.sent(&format!("office={SERVICE}")).items.len(), 5);
    assert_eq!(
        receiver.received(&format!("office={MANAGER}")).items.len(),
        5
    );
    for bad in [
        "limit=0",
        "limit=501",
        "state=lost",
        "unknown=1",
        "after=%20",
    ] {
        let reply = sender.get(&format!("{}?{bad}", path::list_sent()));
        assert_eq!(reply.code(), ProblemCode::MalformedRequest, "{bad}");
    }
}

#[test]
fn what_may_not_travel_is_refused_and_nothing_is_kept() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let outsider = world.office(OUTSIDER);
    let unlicensed = world.registered("1310000011");
    let stranger_authority = World::new();
    let foreign = {
        // The same office, certified by an authority the platform does not know.
        let mut stranger = stranger_authority;
        stranger.certified(MANAGER, careplan_envelope::CertificateKind::CareDx)
    };
    let sender = world.session(&manager);
    let now = world.now();
    let good = manager.seal(&month_set(), now);

    let mut tampered = good.clone();
    // Several bytes: compressed data has single bits that do not matter.
    let middle = tampered.len() / 2;
    for byte in &mut tampered[middle..middle + 8] {
        *byte ^= 0xff;
    }
    let mut cut = good.clone();
    cut.truncate(good.len() - 100);
    let mut appended = good.clone();
    appended.extend_from_slice(b"more");
    let mut incomplete = month_set();
    incomplete.pop();
    let mut with_stranger = month_set();
    with_stranger.push(("notes.txt".to_owned(), b"notes".to_vec()));
    let to_another = month_set()
        .into_iter()
        .map(|(name, content)| (name.replace(SERVICE, OUTSIDER), content))
        .collect::<Vec<_>>();

    for (what, receiver, container, code) in [
        ("tampered", SERVICE, tampered, ProblemCode::ContainerInvalid),
        ("cut", SERVICE, cut, ProblemCode::ContainerInvalid),
        (
            "appended to",
            SERVICE,
            appended,
            ProblemCode::ContainerInvalid,
        ),
        (
            "no container",
            SERVICE,
            b"PK".to_vec(),
            ProblemCode::ContainerInvalid,
        ),
        ("empty", SERVICE, Vec::new(), ProblemCode::ContainerInvalid),
        (
            "signed under another authority",
            SERVICE,
            foreign.seal(&month_set(), now),
            ProblemCode::ContainerInvalid,
        ),
        (
            "signed by another office",
            SERVICE,
            service.seal(&month_set(), now),
            ProblemCode::SignerMismatch,
        ),
        (
            "incomplete",
            SERVICE,
            manager.seal(&incomplete, now),
            ProblemCode::SetNotStandard,
        ),
        (
            "with a stranger",
            SERVICE,
            manager.seal(&with_stranger, now),
            ProblemCode::SetNotStandard,
        ),
        (
            "two sets",
            SERVICE,
            manager.seal(&[month_set(), to_another.clone()].concat(), now),
            ProblemCode::SetNotStandard,
        ),
        (
            "another's files",
            SERVICE,
            manager.seal(&sample("plan-set"), now),
            ProblemCode::SenderMismatch,
        ),
        (
            "for another office",
            SERVICE,
            manager.seal(&to_another, now),
            ProblemCode::ReceiverMismatch,
        ),
        ("to oneself", MANAGER, good.clone(), ProblemCode::OwnNumber),
        (
            "to nobody",
            "1399999999",
            good.clone(),
            ProblemCode::OfficeUnknown,
        ),
        (
            "to one without licence",
            unlicensed.number.as_str(),
            good.clone(),
            ProblemCode::ReceiverNotLicensed,
        ),
    ] {
        let problem = sender.send(receiver, key(), &container).problem();
        assert_eq!(problem.known_code(), Some(code), "{what}: {problem}");
    }
    let without_licence = world.session(&unlicensed).send(SERVICE, key(), &good);
    assert_eq!(without_licence.code(), ProblemCode::SenderNotLicensed);

    assert!(sender.sent("").items.is_empty());
    assert!(world.session(&service).received("").items.is_empty());
    assert!(world.session(&outsider).received("").items.is_empty());
    assert!(world.files_below("containers").is_empty());
    assert!(world.files_below("spool").is_empty());
}

#[test]
fn a_sending_needs_its_headers() {
    let mut world = World::new();
    let manager = world.office(MANAGER);
    world.office(SERVICE);
    let sender = world.session(&manager);
    let container = manager.seal(&month_set(), world.now());
    let path = path::send(SERVICE.parse().unwrap());
    let call = || Call::post(&path).body(&container);
    let reply = sender.call(call().header(IDEMPOTENCY_KEY, key()));
    assert_eq!(reply.code(), ProblemCode::UnsupportedMediaType);
    for bad in ["", "1", "{0192f0a0-7c00-7000-8000-000000000001}"] {
        let reply = sender.call(
            call()
                .header("content-type", CONTAINER_TYPE)
                .header(IDEMPOTENCY_KEY, bad),
        );
        assert_eq!(reply.code(), ProblemCode::IdempotencyKeyInvalid, "{bad}");
    }
    let reply = sender.send("1375169671", key(), &container);
    assert_eq!(reply.status, 201);
}

#[test]
fn a_licence_ends_with_its_last_day_in_japan() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let operator = world.platform().administration();
    let by = service.user;
    operator
        .record_licence_event(
            service.number,
            careplan_licence::EventKind::RenewalDeclined { by },
        )
        .unwrap();
    let licence = operator.licence(service.number).unwrap().licences[0].clone();
    // Midnight in Japan is 15:00 of the day before in UTC.
    let end = licence
        .validity
        .last()
        .and_hms_opt(15, 0, 0)
        .unwrap()
        .and_utc();
    world
        .clock
        .advance(end - world.now() - TimeDelta::seconds(1));

    let (fetched, waiting) = {
        let sender = world.session(&manager);
        let entry: DirectoryEntry = sender.get(&path::directory(service.number)).json();
        assert_eq!((entry.reachable, entry.reason), (true, None));
        (sender.send_month_set(), sender.send_month_set())
    };
    let receiver = world.session(&service);
    let content = receiver.fetch(&fetched).body;
    world.clock.advance(TimeDelta::seconds(1));

    let container = manager.seal(&month_set(), world.now());
    let refused = world.session(&manager).send(SERVICE, key(), &container);
    assert_eq!(refused.code(), ProblemCode::ReceiverNotLicensed);
    assert!(refused.problem().ja.detail.contains(SERVICE));
    // What it received stays readable and can be confirmed; nothing new comes.
    assert_eq!(receiver.fetch(&fetched).body, content);
    assert_eq!(receiver.confirm(&fetched).status, 200);
    assert_eq!(
        receiver.fetch(&waiting).code(),
        ProblemCode::NotLicensedToReceive
    );
}

#[test]
fn the_directory_says_whether_and_why_not() {
    let mut world = World::new();
    let manager = world.office(MANAGER);
    let unlicensed = world.registered(SERVICE);
    let session = world.session(&manager);
    let entry: DirectoryEntry = session.get(&path::directory(unlicensed.number)).json();
    assert!(!entry.reachable);
    let reason = entry.reason.unwrap();
    assert_eq!(reason.known_code(), Some(ProblemCode::ReceiverNotLicensed));
    let said = reason.wording(Lang::Ja);
    assert!(said.detail.contains(SERVICE));
    // What to do is said once.
    assert!(!said.detail.contains("ください"), "{}", said.detail);
    assert_eq!(said.action, "この事業所に利用申請を依頼してください。");
    let entry: DirectoryEntry = session.get(&path::directory(manager.number)).json();
    assert_eq!(
        entry.reason.unwrap().known_code(),
        Some(ProblemCode::OwnNumber)
    );
    let nobody = session.get(&path::directory("1399999999".parse().unwrap()));
    assert_eq!(nobody.code(), ProblemCode::OfficeUnknown);
}
