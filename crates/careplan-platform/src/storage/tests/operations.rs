//! The access log, registers, locks, signs of life and retention: what every storage does.

use careplan_core::{OfficeNumber, Sha256Digest};
use careplan_protocol::{Event, EvidenceEvent, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::fixture::{Fixture, content, noon, outsider, receiver, sender};
use crate::auth::PasswordHash;
use crate::storage::{
    Access, Account, KeptCheckpoint, LogBatch, NewReceipt, PasswordValidity, Recorded, Removal,
    Storage, StorageErrorKind, StoredSending,
};

/// A call at an instant; `number` tells those of one instant apart.
pub(super) fn access(office: Option<OfficeNumber>, at: DateTime<Utc>, number: u8) -> Access {
    let milliseconds = u64::try_from(at.timestamp_millis()).unwrap();
    let request = uuid::Builder::from_unix_timestamp_millis(milliseconds, &[number; 10]);
    Access {
        at,
        request: request.into_uuid(),
        office,
        call: "GET /v1/sendings/{sending}".to_owned(),
        sending: None,
        status: 200,
        problem: None,
    }
}

pub(super) async fn accesses_are_kept_once_and_listed_in_their_order(fixture: Fixture) {
    let storage = fixture.open().await;
    let stored = fixture.stored(&*storage, b"a container").await;
    let first = access(Some(sender()), noon(), 1);
    let mut second = access(None, noon(), 2);
    (second.status, second.problem) = (403, Some("certificate_refused".to_owned()));
    let mut third = access(Some(receiver()), noon() + TimeDelta::seconds(1), 1);
    third.sending = Some(stored.summary.sending);
    let fourth = access(Some(sender()), noon() + TimeDelta::minutes(1), 1);
    let append = |lines: &[&Access]| {
        let lines = lines.iter().map(|line| (*line).clone()).collect();
        storage.append_accesses(lines)
    };
    append(&[&third, &first]).await.unwrap();
    append(&[]).await.unwrap();
    // Again with more, as after an attempt whose answer was lost.
    append(&[&first, &second, &third, &fourth]).await.unwrap();
    let list = async |office, after: Option<&Access>, limit| {
        let after = after.map(|line| line.request);
        storage.accesses(office, after, limit).await.unwrap()
    };
    let all = [&first, &second, &third, &fourth].map(Clone::clone);
    assert_eq!(list(None, None, 10).await, all);
    assert_eq!(list(None, None, 2).await, all[..2]);
    assert_eq!(list(None, Some(&second), 10).await, all[2..]);
    let own = list(Some(sender()), None, 10).await;
    assert_eq!(own, [first.clone(), fourth.clone()]);
    let later = list(Some(sender()), Some(&first), 10).await;
    assert_eq!(later, [fourth]);
    assert!(list(Some(outsider()), None, 10).await.is_empty());
    assert!(list(None, Some(&all[3]), 10).await.is_empty());
}

pub(super) async fn accesses_are_removed_after_their_time_the_oldest_first(fixture: Fixture) {
    let storage = fixture.open().await;
    let lines: Vec<_> = (0_u8..5)
        .map(|second| {
            let at = noon() + TimeDelta::seconds(second.into());
            access(Some(sender()).filter(|_| second % 2 == 0), at, 0xff)
        })
        .collect();
    storage.append_accesses(lines.clone()).await.unwrap();
    let left = async || storage.accesses(None, None, 10).await.unwrap();
    assert_eq!(storage.remove_accesses(noon(), 10).await.unwrap(), 0);
    assert_eq!(left().await, lines);
    let fourth = noon() + TimeDelta::seconds(3);
    assert_eq!(storage.remove_accesses(fourth, 2).await.unwrap(), 2);
    assert_eq!(left().await, lines[2..]);
    assert_eq!(storage.remove_accesses(fourth, 2).await.unwrap(), 1);
    assert_eq!(storage.remove_accesses(fourth, 2).await.unwrap(), 0);
    assert_eq!(left().await, lines[3..]);
}

fn account(user: &str, office: OfficeNumber) -> Account {
    Account {
        user: user.parse().unwrap(),
        office,
        password: PasswordHash::from_storage("hash".to_owned()),
        validity: PasswordValidity::Temporary,
    }
}

pub(super) async fn registers_are_read_in_order_and_in_pages(fixture: Fixture) {
    let storage = fixture.open().await;
    assert!(storage.offices(None, 10).await.unwrap().is_empty());
    let day = |days| noon() + TimeDelta::days(days);
    // Registered in another order than that of their numbers.
    for (office, at) in [
        (receiver(), day(0)),
        (outsider(), day(1)),
        (sender(), day(2)),
    ] {
        storage.register_office(office, at).await.unwrap();
    }
    let all = [
        (outsider(), day(1)),
        (sender(), day(2)),
        (receiver(), day(0)),
    ];
    assert_eq!(storage.offices(None, 10).await.unwrap(), all);
    assert_eq!(storage.offices(None, 2).await.unwrap(), all[..2]);
    assert_eq!(storage.offices(Some(sender()), 2).await.unwrap(), all[2..]);
    assert!(
        storage
            .offices(Some(receiver()), 2)
            .await
            .unwrap()
            .is_empty()
    );

    let (later, earlier) = ("KJ000000000002", "KJ000000000001");
    for (user, office) in [
        (later, sender()),
        (earlier, sender()),
        ("KJ000000000003", receiver()),
    ] {
        assert!(storage.put_account(account(user, office)).await.unwrap());
    }
    let users = |accounts: Vec<Account>| -> Vec<String> {
        let names = accounts.iter().map(|account| account.user.to_string());
        names.collect()
    };
    let found = users(storage.accounts_of(sender()).await.unwrap());
    assert_eq!(found, [earlier, later]);
    assert!(storage.accounts_of(outsider()).await.unwrap().is_empty());
}

pub(super) async fn a_locked_account_keeps_its_first_time_until_it_is_unlocked(fixture: Fixture) {
    let storage = fixture.open().await;
    let (one, other): (UserId, UserId) = (
        "KJ000000000001".parse().unwrap(),
        "KJ000000000002".parse().unwrap(),
    );
    let lock = async |user| storage.account_lock(user).await.unwrap();
    assert_eq!(lock(one).await, None);
    for minutes in [0, 1] {
        let at = noon() + TimeDelta::minutes(minutes);
        storage.set_account_lock(one, Some(at)).await.unwrap();
        assert_eq!(lock(one).await, Some(noon()));
    }
    assert_eq!(lock(other).await, None);
    for _ in 0..2 {
        storage.set_account_lock(one, None).await.unwrap();
        assert_eq!(lock(one).await, None);
    }
    let again = noon() + TimeDelta::minutes(2);
    storage.set_account_lock(one, Some(again)).await.unwrap();
    assert_eq!(lock(one).await, Some(again));
}

pub(super) async fn a_sign_of_life_is_written_again_and_again(fixture: Fixture) {
    let storage = fixture.open().await;
    for seconds in [0, 5, 3] {
        let at = noon() + TimeDelta::seconds(seconds);
        storage.beat(at).await.unwrap();
    }
    // Free space is known where it is this machine's, and there is some or no test would run.
    if let Some(free) = storage.free_bytes().await.unwrap() {
        assert!(free > 0);
    }
}

fn receipt(event: EvidenceEvent, at: DateTime<Utc>) -> NewReceipt {
    NewReceipt {
        event,
        at,
        container: event.as_str().as_bytes().to_vec(),
        leaf: Sha256Digest::new([9; 32]),
    }
}

fn removal(sending: &StoredSending, at: DateTime<Utc>) -> Removal {
    Removal {
        receiver: sending.summary.receiver,
        sending: sending.summary.sending,
        receipt: receipt(EvidenceEvent::Removed, at),
    }
}

async fn settle(storage: &dyn Storage, sending: &StoredSending, at: DateTime<Utc>) {
    for event in [Event::Fetch, Event::Confirm] {
        let done = storage
            .record(receiver(), sending.summary.sending, event, at, None)
            .await;
        assert!(matches!(done, Ok(Recorded::Done(_))));
    }
}

pub(super) async fn what_is_settled_is_removed_with_a_receipt_and_nothing_else(fixture: Fixture) {
    let storage = fixture.open().await;
    let mut sendings = Vec::new();
    for content in [b"1", b"2", b"3", b"4"] {
        sendings.push(fixture.stored(&*storage, content).await);
    }
    let [late, early, waiting, withdrawn] = sendings.try_into().unwrap();
    let hour = |hours| noon() + TimeDelta::hours(hours);
    settle(&*storage, &late, hour(2)).await;
    settle(&*storage, &early, hour(1)).await;
    let taken_back = storage
        .record(
            receiver(),
            withdrawn.summary.sending,
            Event::Withdraw,
            hour(3),
            None,
        )
        .await;
    assert!(matches!(taken_back, Ok(Recorded::Done(_))));
    let removable = async |by, limit| -> Vec<_> {
        let found = storage.removable(by, limit).await.unwrap();
        found.iter().map(|found| found.summary.sending).collect()
    };
    let number = |sending: &StoredSending| sending.summary.sending;
    assert!(
        removable(hour(1) - TimeDelta::milliseconds(1), 9)
            .await
            .is_empty()
    );
    assert_eq!(removable(hour(2), 9).await, [number(&early), number(&late)]);
    assert_eq!(removable(hour(9), 1).await, [number(&early)]);
    assert_eq!(removable(hour(9), 9).await.len(), 3);

    let removed_at = async |sending| {
        let of = storage.removed_at(receiver(), number(sending)).await;
        of.unwrap()
    };
    assert_eq!(storage.delete_marked().await.unwrap(), 0);
    // One that is not settled is left alone, whoever asks.
    let asked = vec![removal(&early, hour(9)), removal(&waiting, hour(9))];
    assert_eq!(storage.mark_removed(asked).await.unwrap(), 1);
    let again = vec![removal(&early, hour(10)), removal(&late, hour(10))];
    assert_eq!(storage.mark_removed(again).await.unwrap(), 1);
    assert_eq!(removed_at(&early).await, Some(hour(9)));
    assert_eq!(removed_at(&late).await, Some(hour(10)));
    assert_eq!(removed_at(&waiting).await, None);
    assert_eq!(removable(hour(9), 9).await, [number(&withdrawn)]);

    // As after a crash between marking and deleting: the next turn deletes.
    assert_eq!(content(&*storage, &early).await, b"2");
    assert_eq!(storage.delete_marked().await.unwrap(), 2);
    assert_eq!(storage.delete_marked().await.unwrap(), 0);
    for gone in [&early, &late] {
        let error = storage.open_container(gone).await.err().unwrap();
        assert_eq!(error.kind(), StorageErrorKind::Damaged);
        let kept = storage.receipts(receiver(), number(gone)).await.unwrap();
        let [kept] = kept.try_into().unwrap();
        assert_eq!(kept.event, EvidenceEvent::Removed);
        assert_eq!(kept.container, b"removed");
    }
    for (there, bytes) in [(&waiting, b"3"), (&withdrawn, b"4")] {
        assert_eq!(content(&*storage, there).await, bytes);
        let kept = storage.receipts(receiver(), number(there)).await.unwrap();
        assert!(kept.is_empty());
    }
    let unknown = careplan_protocol::SendingId::new(Uuid::now_v7());
    let none = storage.removed_at(receiver(), unknown).await.unwrap();
    assert_eq!(none, None);
}

pub(super) async fn the_backlog_of_the_log_is_counted_with_its_age(fixture: Fixture) {
    let storage = fixture.open().await;
    let backlog = async || {
        let backlog = storage.backlog().await.unwrap();
        (backlog.receipts, backlog.oldest)
    };
    assert_eq!(backlog().await, (0, None));
    for minutes in [7, 3, 5] {
        let at = noon() + TimeDelta::minutes(minutes);
        let receipts = vec![receipt(EvidenceEvent::Accepted, at)];
        fixture
            .accept(&*storage, super::fixture::key(), b"a", receipts)
            .await
            .unwrap();
    }
    let oldest = noon() + TimeDelta::minutes(3);
    assert_eq!(backlog().await, (3, Some(oldest)));
}

pub(super) async fn everything_is_handed_over_page_by_page(fixture: Fixture) {
    let storage = fixture.open().await;
    let mut sendings = Vec::new();
    for number in 0..3 {
        let receipts = vec![receipt(EvidenceEvent::Accepted, noon())];
        let mut given = super::fixture::sending(super::fixture::key(), b"a", noon());
        // Mailboxes in another order than their sendings.
        given.summary.receiver = [receiver(), outsider(), receiver()][number];
        let container = fixture.spool(b"a").await;
        storage
            .accept(given.clone(), receipts, container)
            .await
            .unwrap();
        sendings.push(given);
    }
    settle(&*storage, &sendings[0], noon()).await;
    let gone = vec![removal(&sendings[0], noon() + TimeDelta::days(1))];
    assert_eq!(storage.mark_removed(gone).await.unwrap(), 1);

    let mut expected: Vec<_> = sendings
        .iter()
        .map(|given| (given.summary.receiver, given.summary.sending))
        .collect();
    expected.sort_by_key(|(office, sending)| (office.to_string(), sending.to_string()));
    let mut found = Vec::new();
    loop {
        let after = found.last().copied();
        let page = storage.all_sendings(after, 2).await.unwrap();
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        for one in page {
            let summary = &one.sending.summary;
            let removed = summary.sending == sendings[0].summary.sending;
            let at = Some(noon() + TimeDelta::days(1)).filter(|_| removed);
            assert_eq!(one.removed_at, at);
            found.push((summary.receiver, summary.sending));
        }
    }
    assert_eq!(found, expected);

    assert!(storage.log_entries(0, 9).await.unwrap().is_empty());
    let waiting = storage.waiting_receipts(9).await.unwrap();
    let batch = LogBatch {
        first_entry: 0,
        receipts: waiting.iter().map(|one| one.key).collect(),
        first_node: 0,
        nodes: vec![Sha256Digest::new([1; 32]); 7],
    };
    assert!(storage.append_to_log(batch).await.unwrap());
    let all = storage.log_entries(0, 9).await.unwrap();
    let places: Vec<_> = all.iter().map(|one| (one.entry, one.key)).collect();
    let keys = waiting.iter().map(|one| one.key);
    assert_eq!(places, (0..).zip(keys).collect::<Vec<_>>());
    assert_eq!(storage.log_entries(1, 2).await.unwrap(), all[1..3]);
    assert!(storage.log_entries(4, 2).await.unwrap().is_empty());

    for size in [0, 4, 2] {
        let checkpoint = KeptCheckpoint {
            size,
            at: noon(),
            container: vec![0],
        };
        storage.put_checkpoint(checkpoint, None).await.unwrap();
    }
    let sizes = async |after, limit| -> Vec<u64> {
        let page = storage.checkpoints_after(after, limit).await.unwrap();
        page.iter().map(|one| one.size).collect()
    };
    assert_eq!(sizes(None, 9).await, [0, 2, 4]);
    assert_eq!(sizes(None, 1).await, [0]);
    assert_eq!(sizes(Some(0), 9).await, [2, 4]);
    assert!(sizes(Some(4), 9).await.is_empty());
}
