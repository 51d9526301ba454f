//! What an office meets: refusals with their reasons, and homes that survive.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::result_large_err,
    clippy::type_complexity,
    reason = "a test fails by panicking, and may be long-winded"
)]

mod common;

use std::fs;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use careplan_client::{
    CheckedFile, Client, Clock, ConformanceCheck, Error, ErrorKind, FindingSeverity, Incoming,
    IncomingState, ListOptions, Observer, Outgoing, OutgoingState, Progress, PutInOptions,
    PutInRefusalKind, Refusal, SetHeader, Status, Step,
};
use careplan_core::{Explain, Lang, SetKind};
use careplan_envelope::{EnvelopeWriter, Signer, Verifier, WriterOptions, evidence};
use careplan_protocol::{Contents, EvidenceEvent, ProblemCode, SendingState};
use chrono::TimeDelta;
use common::double::{Fault, Shared, Trouble, Way, digest, platform};
use common::{
    MANAGER, OTHER_SERVICE, SERVICE, TestClock, actual_set, certificates, config, contents, folder,
    log_in, month_set, office, plan_set,
};
use tempfile::TempDir;

/// A platform and a place for homes.
struct World {
    root: TempDir,
    clock: TestClock,
    platform: Shared,
    trouble: Arc<Mutex<Trouble>>,
}

impl World {
    fn new() -> Self {
        let clock = TestClock::new();
        Self {
            root: common::temporary(),
            platform: platform(&clock),
            clock,
            trouble: Trouble::none(),
        }
    }

    fn home(&self, number: &str) -> PathBuf {
        self.root.path().join(number)
    }

    fn way(&self, number: &str) -> Way {
        Way::new(&self.platform, number, &self.trouble)
    }

    fn open(&self, number: &str) -> Client {
        self.open_with(number, ())
    }

    fn open_with(&self, number: &str, observer: impl Observer + 'static) -> Client {
        common::open(
            &self.home(number),
            number,
            self.way(number),
            &self.clock,
            observer,
        )
    }

    fn folder(&self, name: &str, files: &[(String, Vec<u8>)]) -> PathBuf {
        folder(self.root.path(), name, files)
    }

    /// A monthly set for the service office, put in and synchronised by the care manager.
    fn sent(&self) -> Outgoing {
        let mut manager = self.open(MANAGER);
        let files = month_set(SERVICE, "202610", "20261001090000", 1);
        let put = manager.put_in(&[self.folder("month", &files)]).unwrap();
        manager.sync().unwrap();
        manager.outgoing(put[0].id).unwrap()
    }
}

fn put_in_kinds(error: &Error) -> Vec<PutInRefusalKind> {
    match error.kind() {
        ErrorKind::PutIn(refusals) => refusals
            .iter()
            .map(|refusal| refusal.kind().clone())
            .collect(),
        other => panic!("not a refusal to put in: {other:?}"),
    }
}

fn only(client: &Client) -> Incoming {
    let received = client.received(ListOptions::default()).unwrap();
    assert_eq!(received.len(), 1);
    received.into_iter().next().unwrap()
}

// --- the way there and back

#[test]
fn a_set_with_a_pdf_arrives_as_it_was_sent() {
    let world = World::new();
    let mut manager = world.open(MANAGER);
    let mut files = plan_set(SERVICE, "20261001090000", 7);
    files.push(("週間計画.pdf".to_owned(), b"%PDF-1.7 \x00\xff".to_vec()));
    let export = world.folder("plan", &files);
    let put = manager.put_in(&[&export]).unwrap();
    assert_eq!(put.len(), 1);
    assert_eq!(
        put[0].header,
        SetHeader {
            sender: office(MANAGER),
            receiver: office(SERVICE),
            set: SetKind::CarePlan,
            month: None,
            sequence: "20261001090000".parse().unwrap(),
        }
    );
    assert_eq!(
        manager.outgoing(put[0].id).unwrap().state,
        OutgoingState::PutIn
    );
    let report = manager.sync().unwrap();
    assert_eq!(report.accepted, [put[0].id]);
    assert_eq!(
        manager.outgoing(put[0].id).unwrap().state,
        OutgoingState::Sent(SendingState::Available)
    );

    let mut service = world.open(SERVICE);
    let report = service.sync().unwrap();
    assert_eq!((report.received.len(), report.confirmed.len()), (1, 1));
    let imports = world.root.path().join("imports");
    let taken = service.take_out_new(&imports).unwrap();
    assert_eq!(taken[0].header, put[0].header);
    assert_eq!(contents(&imports), contents(&export));

    let report = manager.sync().unwrap();
    assert_eq!(report.changed, [(put[0].id, SendingState::Confirmed)]);
    // Nothing more to do, on either side.
    assert_eq!(manager.sync().unwrap(), Default::default());
    assert_eq!(service.sync().unwrap(), Default::default());
    assert!(service.take_out_new(&imports).unwrap().is_empty());
    let expected = Status {
        delivered: 1,
        ..Status::default()
    };
    assert_eq!(manager.status().unwrap(), expected);
}

#[test]
fn sets_put_in_together_go_in_the_order_of_their_sequence() {
    let world = World::new();
    let mut manager = world.open(MANAGER);
    let later = world.folder("a", &month_set(SERVICE, "202610", "20261001090001", 1));
    let earlier = world.folder("b", &plan_set(OTHER_SERVICE, "20261001090000", 1));
    let put = manager.put_in(&[later, earlier]).unwrap();
    let kinds: Vec<SetKind> = put.iter().map(|set| set.header.set).collect();
    assert_eq!(kinds, [SetKind::CarePlan, SetKind::MonthlyPlan]);
    let report = manager.sync().unwrap();
    assert_eq!(report.accepted, [put[0].id, put[1].id]);
}

#[test]
fn a_client_killed_after_any_step_goes_on_from_there() {
    struct Dead;
    /// Dies at the step of this number.
    struct DieAt(Arc<Mutex<usize>>);
    impl Observer for DieAt {
        fn step(&mut self, _: Step) {
            let now = {
                let mut left = self.0.lock().unwrap();
                let now = *left == 0;
                *left = left.saturating_sub(1);
                now
            };
            if now {
                resume_unwind(Box::new(Dead));
            }
        }
    }

    let mut die_at = 0;
    loop {
        let world = World::new();
        let export = world.folder("month", &month_set(SERVICE, "202610", "20261001090000", 1));
        let imports = world.root.path().join("imports");
        let left = Arc::new(Mutex::new(die_at));
        let work = |number: &str, left: &Arc<Mutex<usize>>| {
            let mut client = world.open_with(number, DieAt(Arc::clone(left)));
            if number == MANAGER {
                client.put_in(&[&export]).unwrap();
            }
            client.sync().unwrap();
            client.take_out_new(&imports).unwrap();
        };
        let mut died = false;
        for number in [MANAGER, SERVICE, MANAGER] {
            let lived = catch_unwind(AssertUnwindSafe(|| work(number, &left)));
            if let Err(payload) = lived {
                assert!(payload.is::<Dead>(), "only the death that was asked for");
                died = true;
                // The next one lives as long as it needs.
                *left.lock().unwrap() = usize::MAX;
                work(number, &left);
            }
        }
        let manager = world.open(MANAGER);
        let sent = manager.sent(ListOptions::default()).unwrap();
        assert_eq!(sent.len(), 1, "died at step {die_at}");
        assert_eq!(sent[0].state, OutgoingState::Sent(SendingState::Confirmed));
        let received = only(&world.open(SERVICE));
        assert_eq!(received.state, IncomingState::Confirmed);
        assert!(received.taken_out_at.is_some());
        assert_eq!(contents(&imports), contents(&export));
        assert_eq!(world.platform.lock().unwrap().sendings.len(), 1);
        if !died {
            assert_eq!(
                die_at, 16,
                "each step once, and copying again the same files"
            );
            break;
        }
        die_at += 1;
    }
}

// --- opening

#[test]
fn a_second_client_on_a_home_is_refused_clearly() {
    let world = World::new();
    let _first = world.open(MANAGER);
    let second = config(
        &world.home(MANAGER),
        MANAGER,
        world.way(MANAGER),
        &world.clock,
    );
    let error = Client::open(second).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::HomeInUse { .. }));
    assert!(error.explain(Lang::Ja).contains("使用中"));
}

#[test]
fn another_offices_home_is_refused() {
    let world = World::new();
    drop(world.open(MANAGER));
    let other = config(
        &world.home(MANAGER),
        SERVICE,
        world.way(SERVICE),
        &world.clock,
    );
    let error = Client::open(other).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::OtherOffice { .. }),
        "{error}"
    );
    assert!(error.to_string().contains(MANAGER) && error.to_string().contains(SERVICE));
}

#[test]
fn a_home_of_a_later_version_is_left_alone() {
    let world = World::new();
    drop(world.open(MANAGER));
    let database = world.home(MANAGER).join("office.sqlite3");
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let again = config(
        &world.home(MANAGER),
        MANAGER,
        world.way(MANAGER),
        &world.clock,
    );
    let error = Client::open(again).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::LaterVersion { .. }),
        "{error}"
    );
}

#[test]
fn a_damaged_database_says_where() {
    let world = World::new();
    drop(world.open(MANAGER));
    let database = world.home(MANAGER).join("office.sqlite3");
    fs::write(
        &database,
        "this is no database, and long enough to be looked at as one",
    )
    .unwrap();
    let again = config(
        &world.home(MANAGER),
        MANAGER,
        world.way(MANAGER),
        &world.clock,
    );
    let error = Client::open(again).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Database { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("office.sqlite3"), "{error}");
}

#[test]
fn another_offices_certificate_is_refused() {
    let world = World::new();
    let mut wrong = config(
        &world.home(MANAGER),
        MANAGER,
        world.way(MANAGER),
        &world.clock,
    );
    wrong.signer = certificates().signer(SERVICE);
    let error = Client::open(wrong).unwrap_err();
    let ErrorKind::Certificate(refusal) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(refusal.code, "other-office");
    assert!(!world.home(MANAGER).exists(), "nothing was made");
}

#[cfg(unix)]
#[test]
fn a_home_that_cannot_be_written_says_so() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let home = world.home(MANAGER);
    drop(world.open(MANAGER));
    fs::set_permissions(&home, fs::Permissions::from_mode(0o555)).unwrap();
    let may_write_anyway = fs::write(home.join("probe"), "x").is_ok();
    let opened = Client::open(config(&home, MANAGER, world.way(MANAGER), &world.clock));
    fs::set_permissions(&home, fs::Permissions::from_mode(0o755)).unwrap();
    if may_write_anyway {
        // The superuser is not kept out by permissions; a file in the way keeps everybody out.
        let _ = fs::remove_file(home.join("probe"));
        let file = world.root.path().join("file");
        fs::write(&file, "x").unwrap();
        let other = config(
            &file.join("home"),
            MANAGER,
            world.way(MANAGER),
            &world.clock,
        );
        drop(opened);
        let error = Client::open(other).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Storage { .. }), "{error}");
        return;
    }
    let error = opened.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Storage { .. }), "{error}");
    assert!(
        error.to_string().contains(home.to_str().unwrap()),
        "{error}"
    );
}

// --- putting in

#[test]
fn what_cannot_be_sent_is_refused_with_its_reason_and_nothing_is_taken() {
    type Files = Vec<(String, Vec<u8>)>;
    let good = || month_set(SERVICE, "202610", "20261001090000", 1);
    let file = |name: &str| (name.to_owned(), b"x".to_vec());
    let with = |mut files: Files, extra: &[&str]| {
        files.extend(extra.iter().map(|name| file(name)));
        files
    };
    let own = MANAGER;
    let table: Vec<(&str, Files, fn(&PutInRefusalKind) -> bool)> = vec![
        ("nothing", vec![], |kind| {
            matches!(kind, PutInRefusalKind::Nothing)
        }),
        (
            "not a standard file",
            with(good(), &["notes.csv"]),
            |kind| matches!(kind, PutInRefusalKind::NotStandard(_)),
        ),
        ("a table is missing", good()[1..].to_vec(), |kind| {
            matches!(kind, PutInRefusalKind::NotASet(_))
        }),
        (
            "from another office",
            actual_set(SERVICE, "202610", "20261001090000", 1),
            |kind| matches!(kind, PutInRefusalKind::OtherSender { .. }),
        ),
        (
            "to the office itself",
            month_set(own, "202610", "20261001090000", 1),
            |kind| matches!(kind, PutInRefusalKind::OwnNumber),
        ),
        ("a PDF alone", vec![file("plan.pdf")], |kind| {
            matches!(kind, PutInRefusalKind::PdfAlone)
        }),
        (
            "a PDF for one of several offices",
            with(
                [
                    good(),
                    month_set(OTHER_SERVICE, "202610", "20261001090000", 1),
                ]
                .concat(),
                &["plan.pdf"],
            ),
            |kind| matches!(kind, PutInRefusalKind::PdfForSeveral),
        ),
        (
            "a name not every system takes",
            with(good(), &["a?.pdf"]),
            |kind| matches!(kind, PutInRefusalKind::UnsafeName),
        ),
        (
            "names that differ in case only",
            with(good(), &["a.pdf", "A.pdf"]),
            |kind| matches!(kind, PutInRefusalKind::SameName),
        ),
    ];
    let world = World::new();
    let mut manager = world.open(MANAGER);
    for (at, (name, files, expected)) in table.into_iter().enumerate() {
        // Files that Windows cannot have.
        if cfg!(windows)
            && [
                "a name not every system takes",
                "names that differ in case only",
            ]
            .contains(&name)
        {
            continue;
        }
        // Whatever goes with it is not taken either.
        let good = world.folder(
            &format!("good {at}"),
            &plan_set(SERVICE, &format!("202610010900{at:02}"), 1),
        );
        let bad = world.folder(&format!("bad {at}"), &files);
        let paths = if files.is_empty() {
            vec![bad]
        } else {
            vec![good, bad]
        };
        let error = manager.put_in(&paths).unwrap_err();
        let kinds = put_in_kinds(&error);
        assert!(kinds.iter().all(expected), "{name}: {kinds:?}");
        for lang in [Lang::Ja, Lang::En] {
            assert!(!error.explain(lang).is_empty());
        }
        assert_eq!(manager.status().unwrap(), Status::default(), "{name}");
        assert!(
            contents_of_all(&world.home(MANAGER).join("outbox")).is_empty(),
            "{name}"
        );
    }
    let error = manager
        .put_in(&[world.root.path().join("not there")])
        .unwrap_err();
    assert!(matches!(
        put_in_kinds(&error)[..],
        [PutInRefusalKind::Unreadable(_)]
    ));
    assert!(error.to_string().contains("not there"), "{error}");
}

fn contents_of_all(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[test]
fn the_same_files_are_sent_once_however_often_they_are_put_in() {
    let world = World::new();
    let mut manager = world.open(MANAGER);
    let export = world.folder("month", &month_set(SERVICE, "202610", "20261001090000", 1));
    let copy = world.folder("copy", &month_set(SERVICE, "202610", "20261001090000", 1));
    let first = manager.put_in(&[&export]).unwrap().remove(0);
    assert!(!first.already);
    let again = manager.put_in(&[&export, &copy]).unwrap();
    assert!(again.iter().all(|set| set.already && set.id == first.id));
    manager.sync().unwrap();
    let sent = manager.put_in(&[&export]).unwrap().remove(0);
    assert!(sent.already && sent.id == first.id);
    manager.sync().unwrap();
    assert_eq!(world.platform.lock().unwrap().sendings.len(), 1);
    // The same names with other content: the sequence says which is newer, and it is the same.
    let other = world.folder("other", &month_set(SERVICE, "202610", "20261001090000", 2));
    let error = manager.put_in(&[&other]).unwrap_err();
    assert!(
        put_in_kinds(&error)
            .iter()
            .all(|kind| *kind == PutInRefusalKind::NameUsed)
    );
    // A correction has a new one.
    let correction = month_set(SERVICE, "202610", "20261001090500", 2);
    manager
        .put_in(&[world.folder("correction", &correction)])
        .unwrap();
}

/// A sample of the repository.
fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../samples")
        .join(name)
}

#[test]
fn the_standards_check_keeps_errors_out_and_warnings_with_the_set() {
    let world = World::new();
    let way = world.way(MANAGER);
    let mut config = config(&world.home(MANAGER), MANAGER, way, &world.clock);
    config.check = Some(Box::new(ConformanceCheck::new()));
    let mut manager = Client::open(config).unwrap();
    // The month of the samples is in order. One column fewer in one line of table 7 is not.
    let good: Vec<_> = contents(&sample("month-set")).into_iter().collect();
    let mut bad = good.clone();
    let table_7 = bad
        .iter_mut()
        .find(|(name, _)| name.starts_with("UPSIKYU"))
        .unwrap();
    let end = table_7.1.iter().position(|byte| *byte == b',').unwrap();
    table_7.1.drain(..=end);
    let bad = world.folder("bad", &bad);
    let error = manager.put_in(&[&bad]).unwrap_err();
    let kinds = put_in_kinds(&error);
    let [PutInRefusalKind::Findings(findings)] = &kinds[..] else {
        panic!("{kinds:?}")
    };
    let worst = findings.iter().find(|one| one.keeps_back()).unwrap();
    assert!(
        worst.file.starts_with("UPSIKYU") && worst.line == Some(1),
        "{worst:?}"
    );
    assert!(error.explain(Lang::Ja).contains("UPSIKYU"));
    assert_eq!(manager.status().unwrap(), Status::default());
    // Looking at it says the same and takes nothing either.
    let looked = manager.look_at(&[&bad], PutInOptions::default()).unwrap();
    assert!(looked[0].is_kept_back());
    assert_eq!(&looked[0].findings, findings);

    let put = manager.put_in(&[world.folder("good", &good)]).unwrap();
    let kept = manager.findings(put[0].id).unwrap();
    assert_eq!(kept, put[0].findings);
    assert!(kept.iter().all(|one| one.severity < FindingSeverity::Error));
}

#[test]
fn pdfs_alone_go_to_the_receiver_chosen() {
    let world = World::new();
    let mut manager = world.open(MANAGER);
    let pdfs = [
        ("第3表.pdf".to_owned(), b"%PDF-1.7 3".to_vec()),
        ("memo_1.PDF".to_owned(), b"%PDF-1.7 memo".to_vec()),
    ];
    let folder = world.folder("pdfs", &pdfs);
    let to = |number| {
        let mut options = PutInOptions::default();
        options.receiver = Some(office(number));
        options
    };
    let put = manager.put_in_with(&[&folder], to(SERVICE)).unwrap();
    let header = put[0].header;
    assert_eq!(
        (header.set, header.receiver),
        (SetKind::Documents, office(SERVICE))
    );
    // The same again is the same sending; to another office it is another.
    world.clock.advance(TimeDelta::minutes(5));
    let again = manager.put_in_with(&[&folder], to(SERVICE)).unwrap();
    assert!(again[0].already && again[0].id == put[0].id);
    let other = manager.put_in_with(&[&folder], to(OTHER_SERVICE)).unwrap();
    assert!(!other[0].already);
    manager.sync().unwrap();

    let mut service = world.open(SERVICE);
    service.sync().unwrap();
    let imports = world.root.path().join("imports");
    let taken = service.take_out_new(&imports).unwrap();
    assert_eq!(taken[0].header, header);
    let expected = pdfs.map(|(name, content)| {
        let title = name.split('.').next().unwrap();
        let sequence = header.sequence;
        (
            format!("PDF_{MANAGER}_{SERVICE}_{sequence}_{title}.pdf"),
            content,
        )
    });
    assert_eq!(contents(&imports), expected.into());
}

#[test]
fn a_receiver_chosen_that_the_names_do_not_have_keeps_the_set_out() {
    let world = World::new();
    let mut manager = world.open(MANAGER);
    let export = world.folder("month", &month_set(SERVICE, "202610", "20261001090000", 1));
    let mut options = PutInOptions::default();
    options.receiver = Some(office(OTHER_SERVICE));
    let error = manager.put_in_with(&[&export], options).unwrap_err();
    let expected = PutInRefusalKind::OtherReceiver {
        found: office(SERVICE),
        chosen: office(OTHER_SERVICE),
    };
    assert_eq!(put_in_kinds(&error), [expected]);
    options.receiver = Some(office(SERVICE));
    assert_eq!(manager.put_in_with(&[&export], options).unwrap().len(), 1);
}

#[test]
fn signed_receipts_are_kept_and_those_of_another_authority_are_told() {
    let world = World::new();
    let mut config = config(
        &world.home(MANAGER),
        MANAGER,
        world.way(MANAGER),
        &world.clock,
    );
    config.verifier = Verifier::builder()
        .trust_anchor(certificates().strange_authority())
        .unwrap()
        .build()
        .unwrap();
    let mut manager = Client::open(config).unwrap();
    let sets = [
        month_set(SERVICE, "202610", "20261001090000", 1),
        month_set(SERVICE, "202610", "20261001090100", 1),
    ];
    let [first, second] = sets.map(|files| world.folder(&files[0].0, &files));
    let first = manager.put_in(&[first]).unwrap().remove(0).id;
    // The platform has it all the same.
    let report = manager.sync().unwrap();
    assert_eq!(report.accepted, [first]);
    assert_eq!(report.doubtful_receipts, [first]);
    let doubt = manager.receipts(first).unwrap()[0].doubt.clone().unwrap();
    assert_eq!(doubt.code, "untrusted-issuer");
    drop(manager);

    let mut manager = world.open(MANAGER);
    let second = manager.put_in(&[second]).unwrap().remove(0).id;
    assert!(manager.sync().unwrap().doubtful_receipts.is_empty());
    let mut service = world.open(SERVICE);
    service.sync().unwrap();
    manager.sync().unwrap();
    let receipts = manager.receipts(second).unwrap();
    let events: Vec<_> = receipts.iter().map(|kept| kept.event).collect();
    assert_eq!(events, [EvidenceEvent::Accepted, EvidenceEvent::Received]);
    // The receiver has proof too: of both that it confirmed.
    for set in service.received(ListOptions::default()).unwrap() {
        let kept = service.receipts_received(set.id).unwrap();
        let [kept] = kept.as_slice() else {
            panic!("{kept:?}")
        };
        assert_eq!((kept.event, &kept.doubt), (EvidenceEvent::Received, &None));
        let container = std::io::Cursor::new(&kept.container);
        let verifier = certificates().verifier();
        let attested = evidence::Receipt::verify(&verifier, container, world.clock.now()).unwrap();
        attested.statement.is_for(&set.sha256).unwrap();
    }
    // What is handed out verifies elsewhere too, and is for what was sent.
    let sha256 = manager.outgoing(second).unwrap().receipt.unwrap().sha256;
    for kept in &receipts {
        assert_eq!(kept.doubt, None);
        let container = std::io::Cursor::new(&kept.container);
        let verifier = certificates().verifier();
        let attested = evidence::Receipt::verify(&verifier, container, world.clock.now()).unwrap();
        attested.statement.is_for(&sha256).unwrap();
    }
}

#[test]
fn a_vendors_check_keeps_sets_out() {
    let world = World::new();
    let mut config = config(
        &world.home(MANAGER),
        MANAGER,
        world.way(MANAGER),
        &world.clock,
    );
    let files = month_set(SERVICE, "202610", "20261001090000", 1);
    let export = world.folder("month", &files);
    config.check = Some(Box::new(
        move |header: &SetHeader, found: &[CheckedFile<'_>]| {
            assert_eq!((header.set, found.len()), (SetKind::MonthlyPlan, 3));
            for (name, content) in &files {
                let file = found.iter().find(|file| file.name == name).unwrap();
                for _ in 0..2 {
                    let mut read = Vec::new();
                    file.open().unwrap().read_to_end(&mut read).unwrap();
                    assert_eq!(read, *content, "{name}");
                }
            }
            Err(Refusal {
                code: "E1".to_owned(),
                ja: "だめ".to_owned(),
                en: "no".to_owned(),
            })
        },
    ));
    let mut manager = Client::open(config).unwrap();
    let error = manager.look_at(&[&export], PutInOptions::default());
    assert!(error.is_err());
    let error = manager.put_in(&[export]).unwrap_err();
    assert!(
        matches!(&put_in_kinds(&error)[..], [PutInRefusalKind::Check(refusal)] if refusal.code == "E1")
    );
    assert_eq!(manager.status().unwrap(), Status::default());
}

// --- sending

#[test]
fn an_unlicensed_receiver_is_a_reason_for_a_person_and_the_rest_goes_on() {
    let world = World::new();
    world
        .platform
        .lock()
        .unwrap()
        .licensed
        .remove(&office(SERVICE));
    let mut manager = world.open(MANAGER);
    let unlicensed = world.folder("a", &month_set(SERVICE, "202610", "20261001090000", 1));
    let licensed = world.folder(
        "b",
        &month_set(OTHER_SERVICE, "202610", "20261001090001", 1),
    );
    let put = manager.put_in(&[unlicensed, licensed]).unwrap();
    let report = manager.sync().unwrap();
    assert_eq!(report.refused, [put[0].id]);
    assert_eq!(report.accepted, [put[1].id]);
    let OutgoingState::Refused(refusal) = manager.outgoing(put[0].id).unwrap().state else {
        panic!("refused")
    };
    assert_eq!(refusal.code, "receiver_not_licensed");
    assert!(refusal.ja.contains("利用申請"), "{}", refusal.ja);
    // It is not tried again by itself…
    assert_eq!(manager.sync().unwrap().refused, []);
    // …but when a person says so.
    world
        .platform
        .lock()
        .unwrap()
        .licensed
        .insert(office(SERVICE));
    manager.retry(put[0].id).unwrap();
    assert_eq!(manager.sync().unwrap().accepted, [put[0].id]);
    let error = manager.retry(put[0].id).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WrongState { .. }));
}

#[test]
fn an_unlicensed_sender_keeps_everything_waiting() {
    let world = World::new();
    world
        .platform
        .lock()
        .unwrap()
        .licensed
        .remove(&office(MANAGER));
    let mut manager = world.open(MANAGER);
    let export = world.folder("a", &month_set(SERVICE, "202610", "20261001090000", 1));
    let put = manager.put_in(&[&export]).unwrap();
    let error = manager.sync().unwrap_err();
    let ErrorKind::Refused(problem) = error.error().kind() else {
        panic!("{error}")
    };
    assert_eq!(problem.known_code(), Some(ProblemCode::SenderNotLicensed));
    assert_eq!(
        manager.outgoing(put[0].id).unwrap().state,
        OutgoingState::Signed
    );
    world
        .platform
        .lock()
        .unwrap()
        .licensed
        .insert(office(MANAGER));
    assert_eq!(manager.sync().unwrap().accepted, [put[0].id]);
}

#[test]
fn a_wrong_password_is_tried_once() {
    let world = World::new();
    let mut config = config(
        &world.home(MANAGER),
        MANAGER,
        world.way(MANAGER),
        &world.clock,
    );
    let mut wrong = log_in(MANAGER);
    wrong.password = "wrong".parse().unwrap();
    config.credentials = Box::new(wrong);
    let mut manager = Client::open(config).unwrap();
    let error = manager.sync().unwrap_err().into_error();
    assert!(matches!(error.kind(), ErrorKind::LogIn(_)), "{error}");
    assert!(!error.may_pass());
    assert_eq!(
        world.platform.lock().unwrap().log_ins,
        1,
        "failures are counted and lock"
    );
    assert!(!format!("{error:?}{error}").contains("wrong\""));
}

#[test]
fn a_session_is_refreshed_and_then_begun_anew() {
    let world = World::new();
    let mut manager = world.open(MANAGER);
    for _ in 0..30 {
        manager.sync().unwrap();
        world.clock.advance(TimeDelta::minutes(31));
    }
    // Fifteen and a half hours: two sessions of eight hours.
    assert_eq!(world.platform.lock().unwrap().log_ins, 2);
}

#[test]
fn a_platform_that_is_not_there_is_said_and_what_waits_is_kept() {
    let world = World::new();
    let mut manager = world.open(MANAGER);
    let export = world.folder("a", &month_set(SERVICE, "202610", "20261001090000", 1));
    let put = manager.put_in(&[&export]).unwrap();
    world.trouble.lock().unwrap().percent = 100;
    let error = manager.sync().unwrap_err().into_error();
    assert!(error.may_pass(), "{error:?}");
    assert!(!error.explain(Lang::Ja).is_empty());
    world.trouble.lock().unwrap().percent = 0;
    assert_eq!(manager.sync().unwrap().accepted, [put[0].id]);
}

#[test]
fn a_sending_is_withdrawn_until_it_is_fetched() {
    let world = World::new();
    let sent = world.sent();
    let mut manager = world.open(MANAGER);
    let discard = manager.discard(sent.id).unwrap_err();
    assert!(discard.to_string().contains("withdraw"), "{discard}");
    assert_eq!(manager.withdraw(sent.id).unwrap(), SendingState::Withdrawn);
    assert_eq!(
        manager.outgoing(sent.id).unwrap().state,
        OutgoingState::Sent(SendingState::Withdrawn)
    );
    let mut service = world.open(SERVICE);
    assert!(service.sync().unwrap().received.is_empty());
    // The same files may be sent again after that.
    let again = manager
        .put_in(&[world.root.path().join("month")])
        .unwrap()
        .remove(0);
    assert!(!again.already);
    manager.sync().unwrap();
    service.sync().unwrap();
    let error = manager.withdraw(again.id).unwrap_err();
    let ErrorKind::Refused(problem) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(
        problem.known_code(),
        Some(ProblemCode::SendingAlreadyConfirmed)
    );
}

#[test]
fn what_the_platform_does_not_have_is_discarded() {
    let world = World::new();
    let mut manager = world.open(MANAGER);
    let export = world.folder("a", &month_set(SERVICE, "202610", "20261001090000", 1));
    let put = manager.put_in(&[&export]).unwrap().remove(0);
    let error = manager.withdraw(put.id).unwrap_err();
    assert!(error.to_string().contains("discard"), "{error}");
    manager.discard(put.id).unwrap();
    assert_eq!(
        manager.outgoing(put.id).unwrap().state,
        OutgoingState::Discarded
    );
    assert!(contents_of_all(&world.home(MANAGER).join("outbox")).is_empty());
    manager.sync().unwrap();
    assert!(world.platform.lock().unwrap().sendings.is_empty());
}

#[test]
fn a_set_somebody_damaged_does_not_hold_up_the_others() {
    let world = World::new();
    let outbox =
        |id: &dyn std::fmt::Display| world.home(MANAGER).join("outbox").join(id.to_string());
    let mut manager = world.open(MANAGER);
    let folders = [0, 1, 2, 3].map(|at| {
        let files = month_set(SERVICE, "202610", &format!("2026100109000{at}"), at);
        world.folder(&at.to_string(), &files)
    });
    let put = manager.put_in(&folders).unwrap();
    // Before it is signed…
    fs::remove_file(outbox(&put[0].id).join("files")).unwrap();
    world.trouble.lock().unwrap().script = [("log in", Fault::NotThere); 3].into();
    manager.sync().unwrap_err();
    // …and after.
    for set in [&put[1], &put[3]] {
        fs::write(outbox(&set.id).join("container.asice"), "cut").unwrap();
    }
    let report = manager.sync().unwrap();
    assert_eq!(
        (report.accepted, report.refused),
        (vec![put[2].id], vec![put[1].id, put[3].id])
    );
    for set in [&put[0], &put[1], &put[3]] {
        let OutgoingState::Refused(refusal) = manager.outgoing(set.id).unwrap().state else {
            panic!("refused")
        };
        assert_eq!(refusal.code, "damaged");
    }
    // Putting the files in anew is the way out for the first; the second is signed again.
    manager.discard(put[0].id).unwrap();
    assert!(!manager.put_in(&folders[..1]).unwrap()[0].already);
    manager.retry(put[1].id).unwrap();
    assert_eq!(manager.sync().unwrap().accepted.len(), 2);
    // The platform cannot have the one whose turn was next.
    manager.discard(put[3].id).unwrap();
}

#[test]
fn what_the_platform_may_have_is_not_discarded() {
    let world = World::new();
    let mut manager = world.open(MANAGER);
    let export = world.folder("a", &month_set(SERVICE, "202610", "20261001090000", 1));
    let put = manager.put_in(&[&export]).unwrap().remove(0);
    // Every answer to the first round's attempts gets lost on the way back.
    world.trouble.lock().unwrap().script = [("send", Fault::AnswerLost); 3].into();
    let error = manager.sync().unwrap_err();
    assert!(error.error().may_pass(), "{error}");
    assert_eq!(
        manager.outgoing(put.id).unwrap().state,
        OutgoingState::Signed
    );
    let error = manager.discard(put.id).unwrap_err();
    assert!(error.to_string().contains("sync"), "{error}");
    assert_eq!(manager.sync().unwrap().accepted, [put.id]);
    assert_eq!(world.platform.lock().unwrap().sendings.len(), 1);
}

#[test]
fn a_refusal_after_a_lost_answer_does_not_change_the_container() {
    let world = World::new();
    let mut manager = world.open(MANAGER);
    let export = world.folder("a", &month_set(SERVICE, "202610", "20261001090000", 1));
    let put = manager.put_in(&[&export]).unwrap().remove(0);
    world.trouble.lock().unwrap().script = [("send", Fault::RequestLost); 3].into();
    manager.sync().unwrap_err();
    world
        .platform
        .lock()
        .unwrap()
        .licensed
        .remove(&office(SERVICE));
    assert_eq!(manager.sync().unwrap().refused, [put.id]);
    // The platform said no, but before that it did not say anything: who knows what it has.
    let error = manager.discard(put.id).unwrap_err();
    assert!(error.to_string().contains("sync"), "{error}");
    world
        .platform
        .lock()
        .unwrap()
        .licensed
        .insert(office(SERVICE));
    manager.retry(put.id).unwrap();
    assert_eq!(
        manager.outgoing(put.id).unwrap().state,
        OutgoingState::Signed
    );
    assert_eq!(manager.sync().unwrap().accepted, [put.id]);
}

#[test]
fn a_receipt_for_something_else_is_none() {
    let world = World::new();
    let mut manager = world.open(MANAGER);
    let export = world.folder("a", &month_set(SERVICE, "202610", "20261001090000", 1));
    let put = manager.put_in(&[&export]).unwrap().remove(0);
    world.trouble.lock().unwrap().script = [("send", Fault::Garbled); 3].into();
    let error = manager.sync().unwrap_err();
    assert!(error.to_string().contains("receipt"), "{error}");
    assert_eq!(manager.outgoing(put.id).unwrap().receipt, None);
    assert_eq!(manager.sync().unwrap().accepted, [put.id]);
}

// --- receiving

/// Puts another container in the place of the only one at the platform.
fn replace(world: &World, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let mut platform = world.platform.lock().unwrap();
    let sending = platform.sendings.values_mut().next().unwrap();
    sending.container = change(std::mem::take(&mut sending.container));
    sending.summary.sha256 = digest(&sending.container);
    sending.summary.bytes = sending.container.len() as u64;
}

fn container(signer: &dyn Signer, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let out = std::io::Cursor::new(Vec::new());
    let mut writer = EnvelopeWriter::new(out, WriterOptions::default()).unwrap();
    for (name, bytes) in files {
        writer.add(name, &mut bytes.as_slice()).unwrap();
    }
    writer
        .finish(signer, common::start())
        .unwrap()
        .1
        .into_inner()
}

#[test]
fn containers_that_are_not_what_they_say_are_quarantined_and_not_confirmed() {
    let honest = || month_set(SERVICE, "202610", "20261001090000", 1);
    let certificates = certificates();
    let signer = certificates.signer(MANAGER);
    let other_files = |files: Vec<(String, Vec<u8>)>| container(&*signer, &files);
    let table: Vec<(&str, Box<dyn FnOnce(Vec<u8>) -> Vec<u8>>, &str)> = vec![
        (
            "no container at all",
            Box::new(|_| b"this is not a container".to_vec()),
            "not-a-container",
        ),
        (
            "signed with a certificate of another authority",
            Box::new(|_| container(&*certificates.strange_signer(MANAGER), &honest())),
            "untrusted-issuer",
        ),
        (
            "signed by another office",
            Box::new(|_| container(&*certificates.signer(OTHER_SERVICE), &honest())),
            "signer-mismatch",
        ),
        (
            "files of another sender",
            Box::new(|_| other_files(actual_set(OTHER_SERVICE, "202610", "20261001090000", 1))),
            "sender-mismatch",
        ),
        (
            "files for another receiver",
            Box::new(|_| other_files(month_set(OTHER_SERVICE, "202610", "20261001090000", 1))),
            "receiver-mismatch",
        ),
        (
            "another set",
            Box::new(|_| other_files(plan_set(SERVICE, "20261001090000", 1))),
            "set-mismatch",
        ),
        (
            "another month",
            Box::new(|_| other_files(month_set(SERVICE, "202611", "20261001090000", 1))),
            "set-mismatch",
        ),
        (
            "half a set",
            Box::new(|_| other_files(honest()[..2].to_vec())),
            "not-a-set",
        ),
    ];
    for (name, change, code) in table {
        let world = World::new();
        let sent = world.sent();
        let honest = {
            let platform = world.platform.lock().unwrap();
            platform.sendings.values().next().unwrap().container.clone()
        };
        replace(&world, change);
        let mut service = world.open(SERVICE);
        let report = service.sync().unwrap();
        assert_eq!(
            (report.quarantined.len(), report.received.len()),
            (1, 0),
            "{name}"
        );
        assert!(report.confirmed.is_empty(), "{name}");
        let set = only(&service);
        let IncomingState::Quarantined(refusal) = &set.state else {
            panic!("{name}: {:?}", set.state)
        };
        assert_eq!(refusal.code, code, "{name}");
        assert!(!refusal.ja.is_empty() && !refusal.en.is_empty());
        // Its files are not handed out.
        let imports = world.root.path().join("imports");
        assert!(service.take_out_new(&imports).unwrap().is_empty());
        let error = service.take_out(&[set.id], &imports).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Quarantined(_)), "{error}");
        assert!(contents(&imports).is_empty());
        // The sender does not read that it arrived.
        world.open(MANAGER).sync().unwrap();
        let state = world.open(MANAGER).outgoing(sent.id).unwrap().state;
        assert_eq!(state, OutgoingState::Sent(SendingState::Fetched), "{name}");
        // It is not fetched again and again, but kept as evidence.
        assert_eq!(service.sync().unwrap(), Default::default());
        let kept = common::double::all(service.received_container(set.id).unwrap()).unwrap();
        assert_eq!(digest(&kept), set.sha256);
        assert!(service.recheck_quarantine().unwrap().is_empty());
        // When the platform delivers what it accepted, all is well.
        replace(&world, |_| honest);
        let report = service.sync().unwrap();
        assert_eq!(
            (report.received.len(), report.confirmed.len()),
            (1, 1),
            "{name}"
        );
        assert_eq!(only(&service).state, IncomingState::Confirmed);
        assert!(contents_of_all(&world.home(SERVICE).join("quarantine")).is_empty());
    }
}

/// Lets the only sending at the platform be a sealed one.
fn seal(world: &World, sealed: Vec<u8>) {
    replace(world, |_| sealed);
    let mut platform = world.platform.lock().unwrap();
    let sending = platform.sendings.values_mut().next().unwrap();
    sending.summary.contents = Contents::Sealed;
}

/// The service office, with the keys of these offices for opening.
fn opening(world: &World, keys: &[&str], observer: impl Observer + 'static) -> Client {
    let way = world.way(SERVICE);
    let mut config = config(&world.home(SERVICE), SERVICE, way, &world.clock);
    let certificates = certificates();
    config.openers = keys.iter().map(|key| certificates.opener(key)).collect();
    config.observer = Box::new(observer);
    Client::open(config).unwrap()
}

#[test]
fn sealed_sendings_that_do_not_open_are_kept_aside_once_and_as_they_came() {
    let certificates = certificates();
    let honest = month_set(SERVICE, "202610", "20261001090000", 1);
    let signed = container(&*certificates.signer(MANAGER), &honest);
    let broken = {
        let mut sealed = certificates.sealed(SERVICE, &signed);
        let middle = sealed.len() / 2;
        sealed[middle] ^= 1;
        sealed
    };
    let forged = container(&*certificates.strange_signer(MANAGER), &honest);
    for (sealed, code) in [
        (b"nothing sealed".to_vec(), "not-sealed"),
        (broken, "broken-seal"),
        (
            certificates.sealed(MANAGER, &signed),
            "not-for-this-certificate",
        ),
        (
            certificates.sealed(SERVICE, b"no container"),
            "not-a-container",
        ),
        (certificates.sealed(SERVICE, &forged), "untrusted-issuer"),
    ] {
        let world = World::new();
        let sent = world.sent();
        seal(&world, sealed.clone());
        let mut service = opening(&world, &[SERVICE], ());
        let report = service.sync().unwrap();
        assert_eq!(report.quarantined.len(), 1, "{code}");
        assert!(report.received.is_empty() && report.confirmed.is_empty());
        drop(service);
        // After a restart it is still there, and nothing is fetched again.
        let mut service = opening(&world, &[SERVICE], Unfetched);
        assert_eq!(service.sync().unwrap(), Default::default());
        let set = only(&service);
        assert!(
            matches!(&set.state, IncomingState::Quarantined(why) if why.code == code),
            "{code}: {:?}",
            set.state
        );
        assert_eq!(set.header.sender(), office(MANAGER));
        let kept = common::double::all(service.received_container(set.id).unwrap()).unwrap();
        assert_eq!(kept, sealed);
        // Not even what was opened and did not verify lies about.
        let quarantine = contents_of_all(&world.home(SERVICE).join("quarantine"));
        assert_eq!(quarantine.len(), 1, "{quarantine:?}");
        assert_eq!(service.recheck_quarantine().unwrap(), []);
        let error = service
            .take_out(&[set.id], world.root.path().join("imports"))
            .unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Quarantined(_)), "{error}");
        world.open(MANAGER).sync().unwrap();
        let state = world.open(MANAGER).outgoing(sent.id).unwrap().state;
        assert_eq!(state, OutgoingState::Sent(SendingState::Fetched), "{code}");
    }
}

/// Fails the test if a container is fetched.
struct Unfetched;

impl Observer for Unfetched {
    fn step(&mut self, step: Step) {
        assert_ne!(step, Step::Fetched);
    }
}

#[test]
fn a_sealed_sending_is_opened_with_a_key_that_comes_later_also_after_a_crash() {
    struct Dead;
    struct DieAt(Step);
    impl Observer for DieAt {
        fn step(&mut self, step: Step) {
            if step == self.0 {
                resume_unwind(Box::new(Dead));
            }
        }
    }
    for step in [Step::Fetched, Step::Placed, Step::Stored] {
        let world = World::new();
        world.sent();
        let honest = month_set(SERVICE, "202610", "20261001090000", 1);
        let certificates = certificates();
        let signed = container(&*certificates.signer(MANAGER), &honest);
        // To a certificate the office had before it was renewed.
        seal(&world, certificates.sealed(OTHER_SERVICE, &signed));
        let dies = |keys: &[&str], recheck: bool| {
            let died = catch_unwind(AssertUnwindSafe(|| {
                let mut service = opening(&world, keys, DieAt(step));
                if recheck {
                    service.recheck_quarantine().unwrap();
                }
                service.sync().unwrap();
            }));
            if let Err(payload) = died {
                assert!(payload.is::<Dead>());
            }
        };
        dies(&[SERVICE], false);
        let mut service = opening(&world, &[SERVICE], ());
        service.sync().unwrap();
        assert_eq!(service.status().unwrap().quarantined, 1, "{step:?}");
        drop(service);
        dies(&[SERVICE, OTHER_SERVICE], true);
        let mut service = opening(&world, &[SERVICE, OTHER_SERVICE], Unfetched);
        service.recheck_quarantine().unwrap();
        service.sync().unwrap();
        let set = only(&service);
        assert_eq!(set.state, IncomingState::Confirmed, "{step:?}");
        assert_eq!(service.status().unwrap().quarantined, 0);
        assert!(contents_of_all(&world.home(SERVICE).join("quarantine")).is_empty());
        let imports = world.root.path().join("imports");
        service.take_out_new(&imports).unwrap();
        assert_eq!(contents(&imports), honest.into_iter().collect());
    }
}

#[test]
fn a_quarantined_container_is_released_when_the_trust_is_put_right() {
    let world = World::new();
    world.sent();
    let mut config = config(
        &world.home(SERVICE),
        SERVICE,
        world.way(SERVICE),
        &world.clock,
    );
    // This office's configuration has another authority.
    let strange = certificates().strange_authority();
    config.verifier = Verifier::builder()
        .trust_anchor(strange)
        .unwrap()
        .build()
        .unwrap();
    let mut service = Client::open(config).unwrap();
    assert_eq!(service.sync().unwrap().quarantined.len(), 1);
    drop(service);
    let mut service = world.open(SERVICE);
    let released = service.recheck_quarantine().unwrap();
    assert_eq!(released, [only(&service).id]);
    assert_eq!(service.sync().unwrap().confirmed, released);
    assert_eq!(only(&service).state, IncomingState::Confirmed);
}

#[test]
fn nothing_is_fetched_without_a_trace_when_the_platform_withdraws_it_meanwhile() {
    let world = World::new();
    let sent = world.sent();
    // The list of an instant ago still has it.
    let receipt = sent.receipt.unwrap();
    world
        .platform
        .lock()
        .unwrap()
        .sendings
        .remove(&receipt.sending);
    let mut service = world.open(SERVICE);
    assert_eq!(service.sync().unwrap(), Default::default());
}

// --- taking out

#[test]
fn nothing_is_overwritten_silently() {
    let world = World::new();
    let mut manager = world.open(MANAGER);
    for (at, salt) in [(0, 1), (1, 2)] {
        let mut files = plan_set(SERVICE, &format!("2026100109000{at}"), salt);
        files.push(("plan.pdf".to_owned(), format!("%PDF {salt}").into_bytes()));
        manager
            .put_in(&[world.folder(&format!("plan {at}"), &files)])
            .unwrap();
    }
    manager.sync().unwrap();
    let mut service = world.open(SERVICE);
    service.sync().unwrap();
    let imports = world.root.path().join("imports");
    let taken = service.take_out_new(&imports).unwrap();
    // The second PDF of the same name gets one of its own.
    let files = contents(&imports);
    assert_eq!(files["plan.pdf"], b"%PDF 1");
    assert_eq!(
        files[&format!("plan_{MANAGER}_20261001090001.pdf")],
        b"%PDF 2"
    );
    assert_eq!(files.len(), 10);
    // Once more changes nothing.
    let ids: Vec<_> = taken.iter().map(|set| set.id).collect();
    assert_eq!(service.take_out(&ids, &imports).unwrap(), taken);
    assert_eq!(contents(&imports), files);
    // A file of the standard that is there with other content stays, and is named.
    let name = &plan_set(SERVICE, "20261001090000", 1)[0].0;
    fs::write(imports.join(name), "somebody's changes").unwrap();
    let error = service.take_out(&ids[..1], &imports).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::FileExists { path } if path.ends_with(name)));
    assert_eq!(fs::read(imports.join(name)).unwrap(), b"somebody's changes");
}

#[test]
fn files_are_removed_when_their_time_is_over_and_only_then() {
    let world = World::new();
    let sent = world.sent();
    let (mut manager, mut service) = (world.open(MANAGER), world.open(SERVICE));
    let later = common::start() + TimeDelta::days(400);
    let earlier = common::start() - TimeDelta::days(1);
    service.sync().unwrap();
    // Under way, and not taken out: kept whatever the time.
    assert_eq!(manager.remove_files_before(later).unwrap(), 0);
    assert_eq!(service.remove_files_before(later).unwrap(), 0);
    let imports = world.root.path().join("imports");
    service.take_out_new(&imports).unwrap();
    manager.sync().unwrap();
    assert_eq!(manager.remove_files_before(earlier).unwrap(), 0);
    assert_eq!(service.remove_files_before(earlier).unwrap(), 0);
    assert_eq!(manager.remove_files_before(later).unwrap(), 1);
    assert_eq!(service.remove_files_before(later).unwrap(), 1);
    for (number, shelf) in [(MANAGER, "outbox"), (SERVICE, "inbox")] {
        assert!(contents_of_all(&world.home(number).join(shelf)).is_empty());
    }
    // The history stays, with the receipt.
    let kept = manager.outgoing(sent.id).unwrap();
    assert!(!kept.files_kept && kept.receipt.is_some());
    let set = only(&service);
    assert_eq!((set.files_kept, set.files.len()), (false, 3));
    let error = service.take_out(&[set.id], &imports).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::FilesRemoved(_)),
        "{error}"
    );
    // It is still known to have been sent and received.
    assert!(manager.put_in(&[world.root.path().join("month")]).unwrap()[0].already);
    assert!(service.sync().unwrap().received.is_empty());
}

#[test]
fn the_certificates_last_day_is_told() {
    let world = World::new();
    let certificate = world.open(MANAGER).certificate().clone();
    assert_eq!(certificate.office, office(MANAGER));
    assert!(certificate.not_after > common::start() + TimeDelta::days(2900));
}

#[test]
fn a_damaged_inbox_is_noticed() {
    let world = World::new();
    world.sent();
    let mut service = world.open(SERVICE);
    service.sync().unwrap();
    let set = only(&service);
    let copy = world
        .home(SERVICE)
        .join("inbox")
        .join(set.id.to_string())
        .join("1");
    fs::write(&copy, "rotten").unwrap();
    let imports = world.root.path().join("imports");
    let error = service.take_out_new(&imports).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Damaged { .. }), "{error}");
    assert!(contents(&imports).is_empty(), "no half set is handed out");
}

#[test]
fn cancelling_ends_at_the_next_step_and_nothing_is_lost() {
    struct CancelAtOnce(Arc<Mutex<Option<careplan_client::CancelHandle>>>);
    impl Observer for CancelAtOnce {
        fn progress(&mut self, progress: &Progress<'_>) {
            if let (Progress::Signed { .. }, Some(handle)) = (progress, &*self.0.lock().unwrap()) {
                handle.cancel();
            }
        }
    }
    let world = World::new();
    let handle = Arc::new(Mutex::new(None));
    let mut manager = world.open_with(MANAGER, CancelAtOnce(Arc::clone(&handle)));
    *handle.lock().unwrap() = Some(manager.cancel_handle());
    let export = world.folder("a", &month_set(SERVICE, "202610", "20261001090000", 1));
    let put = manager.put_in(&[&export]).unwrap().remove(0);
    let error = manager.sync().unwrap_err().into_error();
    assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error}");
    assert_eq!(
        manager.outgoing(put.id).unwrap().state,
        OutgoingState::Signed
    );
    assert_eq!(manager.sync().unwrap().accepted, [put.id]);
}
