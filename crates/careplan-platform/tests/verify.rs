//! Looking through everything that is kept: what agrees is passed, what does not is named.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;

use careplan_platform::{DiscrepancyKind, Trust, Verification};
use chrono::TimeDelta;
use common::{MANAGER, SERVICE, World};

fn verify(world: &World, quickly: bool) -> Verification {
    let trust = Trust::in_authority(world.authority.certificate().clone());
    let operator = world.platform().administration();
    operator.verify(&trust, quickly).unwrap()
}

/// A world with a sending that is confirmed, one withdrawn, one waiting and one removed.
fn lived_in() -> World {
    let mut world = World::with(|config| {
        // Taken in when the test says so.
        config.evidence.merge_delay = std::time::Duration::from_secs(3600);
    });
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let old = world.session(&manager).send_month_set();
    assert_eq!(world.session(&manager).withdraw(&old).status, 200);
    world.clock.advance(TimeDelta::days(31));
    world.platform().sweep().unwrap();
    world.platform().take_in_evidence().unwrap();
    let confirmed = world.session(&manager).send_month_set();
    world.session(&service).fetch(&confirmed);
    assert_eq!(world.session(&service).confirm(&confirmed).status, 200);
    let withdrawn = world.session(&manager).send_month_set();
    assert_eq!(world.session(&manager).withdraw(&withdrawn).status, 200);
    world.session(&manager).send_month_set();
    world
}

fn kinds(found: &Verification) -> Vec<DiscrepancyKind> {
    let mut kinds: Vec<_> = found.discrepancies.iter().map(|one| one.kind).collect();
    kinds.dedup();
    kinds
}

#[test]
fn what_a_platform_keeps_agrees_with_itself_while_it_serves_and_after() {
    let world = lived_in();
    for quickly in [false, true] {
        let found = verify(&world, quickly);
        assert_eq!(found.discrepancies, []);
        assert_eq!((found.offices, found.sendings, found.containers), (2, 4, 3));
        // Accepted and available of each; received, twice withdrawn, removed.
        assert_eq!(found.receipts, 8 + 4);
        // Of the first sending: the others' wait.
        assert_eq!(found.log_entries, 4);
    }
    world.platform().take_in_evidence().unwrap();
    let found = verify(&world, false);
    assert_eq!((found.wrong, found.log_entries), (0, 12));
    assert!(found.checkpoints >= 2, "{found:?}");
}

#[test]
fn what_is_wrong_is_named_one_by_one() {
    let world = lived_in();
    world.platform().take_in_evidence().unwrap();
    // A container that was changed, one that was shortened.
    let mut containers = world.files_below("containers");
    containers.sort();
    let [first, second, _] = containers.try_into().unwrap();
    let mut bytes = fs::read(&first).unwrap();
    bytes[10] ^= 1;
    fs::write(&first, &bytes).unwrap();
    assert_eq!(kinds(&verify(&world, true)), []);
    assert_eq!(
        kinds(&verify(&world, false)),
        [DiscrepancyKind::ContainerAltered]
    );
    bytes[10] ^= 1;
    fs::write(&first, &bytes).unwrap();
    let whole = fs::read(&second).unwrap();
    fs::write(&second, &whole[1..]).unwrap();
    assert_eq!(
        kinds(&verify(&world, true)),
        [DiscrepancyKind::ContainerMissing]
    );
    fs::remove_file(&second).unwrap();
    assert_eq!(
        kinds(&verify(&world, true)),
        [DiscrepancyKind::ContainerMissing]
    );
    fs::write(&second, &whole).unwrap();
    assert_eq!(verify(&world, false).wrong, 0);

    // A node of the tree: both later checkpoints and proofs would be of another log.
    world.alter_database(&format!(
        "UPDATE log_node SET hash = '{}' WHERE number = 3",
        "0".repeat(64)
    ));
    let found = verify(&world, true);
    assert_eq!(kinds(&found), [DiscrepancyKind::LogNodeWrong]);
    assert_eq!(found.discrepancies[0].about, "3");
}

#[test]
fn lost_rows_are_named() {
    use DiscrepancyKind as Kind;
    let world = lived_in();
    world.platform().take_in_evidence().unwrap();
    let mut before = kinds(&verify(&world, false));
    assert_eq!(before, []);
    // One after the other, each beside those before it.
    for (sql, expected) in [
        (
            "UPDATE licence_event SET event = '{}' WHERE office = '1370948774' AND number = 0",
            Kind::LicenceUnreadable,
        ),
        (
            "DELETE FROM receipt WHERE event = 'received'",
            Kind::ReceiptMissing,
        ),
        (
            "UPDATE sending SET byte_count = 1 WHERE state = 'available'",
            Kind::ContainerMissing,
        ),
        (
            "UPDATE sent SET sending = 'x' WHERE sending = \
             (SELECT sending FROM sending WHERE state = 'confirmed')",
            Kind::NotListedForSender,
        ),
        (
            "UPDATE sending SET sender = '1310000003' WHERE state = 'confirmed'",
            Kind::ReceiptNotBelieved,
        ),
        (
            "UPDATE checkpoint SET container = \
             (SELECT container FROM receipt ORDER BY at LIMIT 1) WHERE size = 12",
            Kind::CheckpointNotBelieved,
        ),
        (
            "UPDATE checkpoint SET size = 99 WHERE size = 12",
            Kind::CheckpointOfOtherLog,
        ),
        ("DELETE FROM log_node WHERE number > 20", Kind::LogSizeWrong),
        (
            "UPDATE receipt_place SET entry = NULL WHERE entry = 5",
            Kind::LogEntryMissing,
        ),
        (
            "UPDATE receipt SET container = \
             (SELECT container FROM checkpoint ORDER BY size LIMIT 1)",
            Kind::ReceiptAltered,
        ),
    ] {
        world.alter_database(sql);
        let found = kinds(&verify(&world, false));
        assert!(!before.contains(&expected), "{sql}: {before:?}");
        assert!(found.contains(&expected), "{sql}: {found:?}");
        before = found;
    }
}
