//! Offices, accounts, sessions, sendings, the site: what every storage does.

use std::collections::HashSet;
use std::sync::Arc;

use careplan_core::{SetKind, Sha256Digest};
use careplan_licence::{Event as LicenceEvent, EventKind};
use careplan_protocol::{
    Contents, Event, ListQuery, SendingId, SendingState, SessionTimes, UserId,
};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::fixture::{Fixture, content, key, noon, outsider, receiver, sender, sending, sha256};
use crate::auth::{PasswordHash, TokenHash};
use crate::storage::{
    Acceptance, Account, Attempted, Direction, PasswordValidity, Recorded, Rotation, SessionTokens,
    SiteScope, SiteSession, Storage, StorageChoice, StorageErrorKind, StoredSession, Terms,
    TermsNotice,
};

fn user() -> UserId {
    "KJ001370948774".parse().unwrap()
}

pub(super) async fn licence_events_are_appended_by_who_has_seen_all_of_them(fixture: Fixture) {
    let storage = fixture.open().await;
    let office = sender();
    assert_eq!(storage.licence_events(office).await.unwrap(), None);
    storage.register_office(office, noon()).await.unwrap();
    storage
        .register_office(office, noon() + TimeDelta::days(1))
        .await
        .unwrap();
    assert_eq!(storage.licence_events(office).await.unwrap(), Some(vec![]));
    let event = |minute| LicenceEvent {
        at: noon() + TimeDelta::minutes(minute),
        what: EventKind::Applied {
            by: user(),
            years: 1.try_into().unwrap(),
        },
    };
    let append = |seen, events| storage.append_licence_events(office, seen, events);
    assert!(append(0, vec![event(1), event(2)]).await.unwrap());
    assert!(!append(1, vec![event(3)]).await.unwrap());
    assert!(append(2, vec![event(4)]).await.unwrap());
    assert_eq!(
        storage.licence_events(office).await.unwrap(),
        Some(vec![event(1), event(2), event(4)])
    );
    // Of many who have seen the same, one appends.
    let mut attempts = JoinSet::new();
    for minute in 10..18 {
        let storage = Arc::clone(&storage);
        let event = event(minute);
        attempts.spawn(async move { storage.append_licence_events(office, 3, vec![event]).await });
    }
    let done = attempts.join_all().await;
    assert_eq!(
        done.into_iter()
            .filter(|done| *done.as_ref().unwrap())
            .count(),
        1
    );
    assert_eq!(
        storage.licence_events(office).await.unwrap().unwrap().len(),
        4
    );
}

pub(super) async fn an_account_is_replaced_whole(fixture: Fixture) {
    let storage = fixture.open().await;
    assert!(storage.account(user()).await.unwrap().is_none());
    let account = |office, hash: &str, validity| Account {
        user: user(),
        office,
        password: PasswordHash::from_storage(hash.to_owned()),
        validity,
    };
    for (hash, validity) in [
        ("first", PasswordValidity::Temporary),
        ("second", PasswordValidity::Until(noon())),
        ("third", PasswordValidity::Unlimited),
    ] {
        let stored = storage.put_account(account(sender(), hash, validity));
        assert!(stored.await.unwrap());
        let found = storage.account(user()).await.unwrap().unwrap();
        assert_eq!((found.user, found.office), (user(), sender()));
        assert_eq!(found.password.as_str(), hash);
        assert_eq!(found.validity, validity);
    }
    let stored = storage.put_account(account(receiver(), "fourth", PasswordValidity::Temporary));
    assert!(!stored.await.unwrap(), "a user ID stays with its office");
    let found = storage.account(user()).await.unwrap().unwrap();
    assert_eq!((found.office, found.password.as_str()), (sender(), "third"));
}

async fn begin(storage: &dyn Storage, at: DateTime<Utc>) -> Result<Uuid, DateTime<Utc>> {
    let office = Attempted::Office(sender());
    storage.begin_log_in(office, at).await.unwrap()
}

async fn end(storage: &dyn Storage, attempt: Uuid, right: bool, at: DateTime<Utc>) -> bool {
    let office = Attempted::Office(sender());
    storage
        .end_log_in(office, attempt, right, at)
        .await
        .unwrap()
}

/// Begins attempts until none may any more; how many.
async fn take_places(storage: &dyn Storage, at: DateTime<Utc>) -> usize {
    let mut taken = 0;
    while begin(storage, at).await.is_ok() {
        taken += 1;
    }
    taken
}

pub(super) async fn many_log_ins_at_once_do_not_slip_past_the_lock(fixture: Fixture) {
    let storage = fixture.open().await;
    let mut attempts = JoinSet::new();
    for _ in 0..16 {
        let storage = Arc::clone(&storage);
        attempts.spawn(async move { begin(&*storage, noon()).await });
    }
    let results = attempts.join_all().await;
    // As many at a time as may fail; the others may come again when those must be over.
    let lapse = noon() + TimeDelta::seconds(30);
    let (begun, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(begun.len(), 5);
    assert!(refused.iter().all(|result| *result == Err(lapse)));
    let storage = &*storage;
    for attempt in begun {
        assert!(end(storage, attempt.unwrap(), false, noon()).await);
    }
    // The fifth failure locks for a minute, this office alone, and until it is forgotten.
    let until = noon() + TimeDelta::minutes(1);
    assert_eq!(begin(storage, noon()).await, Err(until));
    for other in [Attempted::Office(receiver()), Attempted::User(user())] {
        assert!(storage.begin_log_in(other, noon()).await.unwrap().is_ok());
    }
    let office = Attempted::Office(sender());
    storage.forget_failures(office).await.unwrap();
    assert!(begin(storage, noon()).await.is_ok());
}

pub(super) async fn a_right_password_lets_failures_be_forgotten(fixture: Fixture) {
    let storage = fixture.open().await;
    let storage = &*storage;
    for _ in 0..3 {
        for _ in 0..4 {
            let attempt = begin(storage, noon()).await.unwrap();
            assert!(end(storage, attempt, false, noon()).await);
        }
        let attempt = begin(storage, noon()).await.unwrap();
        assert!(end(storage, attempt, true, noon()).await);
    }
}

pub(super) async fn an_attempt_whose_place_is_given_away_is_not_answered(fixture: Fixture) {
    let storage = fixture.open().await;
    let storage = &*storage;
    let mut slow = Vec::new();
    for _ in 0..5 {
        slow.push(begin(storage, noon()).await.unwrap());
    }
    let lapse = noon() + TimeDelta::seconds(30);
    let before = lapse - TimeDelta::milliseconds(1);
    assert_eq!(begin(storage, before).await, Err(lapse));
    // They lapse: others may begin, and what they find out must not be told, nor does it count.
    let attempt = begin(storage, lapse).await.unwrap();
    for lapsed in &slow {
        assert!(!end(storage, *lapsed, true, lapse).await);
        assert!(!end(storage, *lapsed, false, lapse).await);
    }
    assert!(end(storage, attempt, false, lapse).await);
    // An attempt ends once.
    assert!(!end(storage, attempt, true, lapse).await);
    // One failure, so four places.
    assert_eq!(take_places(storage, lapse).await, 4);
    // Old failures are forgotten, and no others.
    let a_day_later = lapse + TimeDelta::days(1);
    let before = a_day_later - TimeDelta::milliseconds(1);
    storage.forget_old_attempts(before).await.unwrap();
    assert_eq!(take_places(storage, before).await, 4);
    let later = a_day_later + TimeDelta::minutes(1);
    storage.forget_old_attempts(later).await.unwrap();
    assert_eq!(take_places(storage, later).await, 5);
}

pub(super) async fn what_a_crash_cut_off_is_no_attempt(fixture: Fixture) {
    let crashed = fixture.open().await;
    for _ in 0..3 {
        let attempt = begin(&*crashed, noon()).await.unwrap();
        assert!(end(&*crashed, attempt, false, noon()).await);
    }
    // Both remaining places are taken when it crashes.
    for _ in 0..2 {
        begin(&*crashed, noon()).await.unwrap();
    }
    drop(crashed);
    let storage = fixture.open().await;
    storage.recover().await.unwrap();
    // Beyond one machine others may be at them: there they have to lapse.
    let at = match fixture.choice {
        StorageChoice::Embedded => noon(),
        #[cfg(feature = "cluster")]
        StorageChoice::Cluster(_) => {
            let lapse = noon() + TimeDelta::seconds(30);
            assert_eq!(begin(&*storage, noon()).await, Err(lapse));
            lapse
        }
    };
    assert_eq!(take_places(&*storage, at).await, 2);
}

fn tokens(name: &str) -> SessionTokens {
    SessionTokens {
        access: TokenHash::of(&format!("access {name}")),
        refresh: TokenHash::of(&format!("refresh {name}")),
    }
}

fn session(name: &str, at: DateTime<Utc>) -> StoredSession {
    StoredSession {
        id: Uuid::now_v7(),
        office: sender(),
        user: user(),
        tokens: tokens(name),
        times: SessionTimes::starting_at(at),
    }
}

pub(super) async fn a_session_is_found_by_its_token_until_it_ends(fixture: Fixture) {
    let storage = fixture.open().await;
    let (first, second, old) = (
        session("first", noon()),
        session("second", noon()),
        session("old", noon() - TimeDelta::days(1)),
    );
    for session in [first, second, old] {
        storage.open_session(session).await.unwrap();
    }
    let find = |session: StoredSession| storage.session(session.tokens.access);
    assert_eq!(find(first).await.unwrap(), Some(first));
    let by_refresh = storage.session(first.tokens.refresh).await.unwrap();
    assert_eq!(by_refresh, None);
    storage.end_session(first.id).await.unwrap();
    assert_eq!(find(first).await.unwrap(), None);
    assert_eq!(find(second).await.unwrap(), Some(second));
    storage.forget_ended_sessions(noon()).await.unwrap();
    assert_eq!(find(old).await.unwrap(), None);
    assert_eq!(find(second).await.unwrap(), Some(second));
    storage.end_sessions_of(receiver()).await.unwrap();
    assert_eq!(find(second).await.unwrap(), Some(second));
    storage.end_sessions_of(sender()).await.unwrap();
    assert_eq!(find(second).await.unwrap(), None);
}

pub(super) async fn a_refresh_token_is_exchanged_once_however_many_try(fixture: Fixture) {
    let storage = fixture.open().await;
    let session = session("first", noon());
    let refresh = session.tokens.refresh;
    storage.open_session(session).await.unwrap();
    let later = noon() + TimeDelta::minutes(30);
    let rotate = |office, presented, name| {
        let storage = Arc::clone(&storage);
        let fresh = tokens(name);
        async move {
            storage
                .rotate_session(office, presented, fresh, later)
                .await
                .unwrap()
        }
    };
    assert_eq!(
        rotate(receiver(), refresh, "another office").await,
        Rotation::Unknown
    );
    assert_eq!(
        rotate(sender(), TokenHash::of("never given"), "x").await,
        Rotation::Unknown
    );
    let mut attempts = JoinSet::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        attempts.spawn(rotate(sender(), refresh, name));
    }
    let results = attempts.join_all().await;
    let rotated: Vec<StoredSession> = results
        .iter()
        .filter_map(|result| match result {
            Rotation::Rotated(session) => Some(*session),
            _ => None,
        })
        .collect();
    let [rotated] = rotated.try_into().unwrap();
    assert_eq!(rotated.id, session.id);
    assert_eq!(
        rotated.times.refresh_expires_at,
        session.times.refresh_expires_at
    );
    // The first that came too late ended the session, for whoever has it: it may be copied.
    assert!(results.contains(&Rotation::Reused));
    assert_eq!(storage.session(rotated.tokens.access).await.unwrap(), None);
    assert_eq!(
        rotate(sender(), rotated.tokens.refresh, "y").await,
        Rotation::Unknown
    );
}

pub(super) async fn a_sending_is_kept_as_it_was_given(fixture: Fixture) {
    let storage = fixture.open().await;
    let key = key();
    let given = sending(key, b"a container", noon());
    let container = fixture.spool(b"a container").await;
    let accepted = storage.accept(given.clone(), Vec::new(), container).await;
    let Ok(Acceptance::Stored(stored)) = accepted else {
        panic!("{accepted:?}");
    };
    assert_eq!(stored, given);
    let number = given.summary.sending;
    for office in [sender(), receiver()] {
        let found = storage.sending(office, number).await.unwrap();
        assert_eq!(found.as_ref(), Some(&given));
    }
    assert_eq!(storage.sending(outsider(), number).await.unwrap(), None);
    let unknown = SendingId::new(Uuid::now_v7());
    assert_eq!(storage.sending(sender(), unknown).await.unwrap(), None);
    let by_key = storage.sending_by_key(sender(), key).await.unwrap();
    assert_eq!(by_key.as_ref(), Some(&given));
    assert_eq!(storage.sending_by_key(receiver(), key).await.unwrap(), None);
    let prospect = storage.prospect(sender(), receiver(), key).await.unwrap();
    assert_eq!(prospect.before.as_ref(), Some(&given));
    // Nobody registered them.
    assert_eq!((prospect.sender, prospect.receiver), (None, None));
    let received = storage.received(receiver(), number).await.unwrap();
    assert_eq!(received, Some((given.clone(), None)));
    assert_eq!(storage.received(sender(), number).await.unwrap(), None);
    assert_eq!(content(&*storage, &given).await, b"a container");
    // A container that is not as long as it was is not handed out.
    let mut shorter = given;
    shorter.summary.bytes -= 1;
    let refused = storage.open_container(&shorter).await.err().unwrap();
    assert_eq!(refused.kind(), StorageErrorKind::Damaged);
    shorter.summary.sending = unknown;
    let refused = storage.open_container(&shorter).await.err().unwrap();
    assert_eq!(refused.kind(), StorageErrorKind::Damaged);
}

pub(super) async fn a_sealed_sending_has_no_set(fixture: Fixture) {
    let storage = fixture.open().await;
    let mut given = sending(key(), b"sealed", noon());
    given.summary.contents = Contents::Sealed;
    let container = fixture.spool(b"sealed").await;
    storage
        .accept(given.clone(), Vec::new(), container)
        .await
        .unwrap();
    let found = storage.sending(receiver(), given.summary.sending).await;
    assert_eq!(found.unwrap(), Some(given));
}

pub(super) async fn one_idempotency_key_stores_once_however_many_try(fixture: Fixture) {
    let storage = fixture.open().await;
    let key = key();
    let mut attempts = JoinSet::new();
    for _ in 0..8 {
        let storage = Arc::clone(&storage);
        let container = fixture.spool(b"a container").await;
        let sending = sending(key, b"a container", noon());
        attempts.spawn(async move { storage.accept(sending, Vec::new(), container).await });
    }
    let (mut stored, mut before) = (HashSet::new(), HashSet::new());
    for result in attempts.join_all().await {
        match result.unwrap() {
            Acceptance::Stored(sending) => stored.insert(sending.summary.sending),
            Acceptance::Before(sending) => before.insert(sending.summary.sending),
        };
    }
    assert_eq!(stored.len(), 1);
    assert_eq!(before, stored);
    let by_key = storage
        .sending_by_key(sender(), key)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(content(&*storage, &by_key).await, b"a container");
    // The containers of the others are gone already.
    let later = noon() + TimeDelta::hours(3);
    assert_eq!(storage.remove_orphans(later).await.unwrap(), 0);
    let listed = storage
        .list(sender(), Direction::Sent, ListQuery::default())
        .await;
    assert_eq!(listed.unwrap().items.len(), 1);
}

pub(super) async fn pages_have_everything_once_and_in_order(fixture: Fixture) {
    let storage = fixture.open().await;
    let mut numbers = Vec::new();
    for _ in 0..23 {
        let sending = fixture.stored(&*storage, b"a container").await;
        numbers.push(sending.summary.sending);
    }
    numbers.sort_unstable_by_key(ToString::to_string);
    for (office, direction) in [
        (sender(), Direction::Sent),
        (receiver(), Direction::Received),
    ] {
        let mut query = ListQuery {
            limit: 10.try_into().unwrap(),
            ..ListQuery::default()
        };
        let (mut listed, mut pages) = (Vec::new(), Vec::new());
        loop {
            let page = storage
                .list(office, direction, query.clone())
                .await
                .unwrap();
            pages.push(page.items.len());
            listed.extend(page.items.iter().map(|item| item.summary.sending));
            let Some(next) = page.next else { break };
            query.after = Some(next);
        }
        assert_eq!(pages, [10, 10, 3]);
        assert_eq!(listed, numbers);
        // Nothing of it on the other side, or with others.
        for (office, direction) in [
            (receiver(), Direction::Sent),
            (sender(), Direction::Received),
            (outsider(), Direction::Received),
        ] {
            let page = storage.list(office, direction, ListQuery::default()).await;
            assert!(page.unwrap().items.is_empty());
        }
    }
}

pub(super) async fn filters_choose(fixture: Fixture) {
    let storage = fixture.open().await;
    let first = fixture.stored(&*storage, b"first").await;
    let mut second = sending(key(), b"second", noon() + TimeDelta::hours(1));
    if let Contents::Open(set) = &mut second.summary.contents {
        set.set = SetKind::CarePlan;
        set.month = None;
    }
    let container = fixture.spool(b"second").await;
    storage
        .accept(second.clone(), Vec::new(), container)
        .await
        .unwrap();
    let all = ListQuery::default();
    let (one, other) = (first.summary.sending, second.summary.sending);
    for (query, expected) in [
        (all.clone(), vec![one, other]),
        (
            ListQuery {
                set: Some(SetKind::CarePlan),
                ..all.clone()
            },
            vec![other],
        ),
        (
            ListQuery {
                month: Some("202610".parse().unwrap()),
                ..all.clone()
            },
            vec![one],
        ),
        (
            ListQuery {
                accepted_from: Some(noon() + TimeDelta::hours(1)),
                ..all.clone()
            },
            vec![other],
        ),
        (
            ListQuery {
                accepted_before: Some(noon() + TimeDelta::hours(1)),
                ..all.clone()
            },
            vec![one],
        ),
        (
            ListQuery {
                state: Some(SendingState::Available),
                office: Some(sender()),
                ..all.clone()
            },
            vec![one, other],
        ),
        (
            ListQuery {
                state: Some(SendingState::Fetched),
                ..all.clone()
            },
            vec![],
        ),
        (
            ListQuery {
                office: Some(outsider()),
                ..all
            },
            vec![],
        ),
    ] {
        let page = storage.list(receiver(), Direction::Received, query.clone());
        let listed: Vec<SendingId> = page
            .await
            .unwrap()
            .items
            .iter()
            .map(|item| item.summary.sending)
            .collect();
        assert_eq!(listed, expected, "{query:?}");
    }
}

async fn record(storage: &dyn Storage, number: SendingId, event: Event) -> Recorded {
    storage
        .record(receiver(), number, event, noon(), None)
        .await
        .unwrap()
}

pub(super) async fn what_is_not_released_is_not_in_the_receivers_list(fixture: Fixture) {
    let storage = fixture.open().await;
    let mut given = sending(key(), b"a", noon());
    given.summary.state = SendingState::Accepted;
    let number = given.summary.sending;
    let container = fixture.spool(b"a").await;
    storage.accept(given, Vec::new(), container).await.unwrap();
    let all = ListQuery::default;
    let received = storage.list(receiver(), Direction::Received, all()).await;
    assert!(received.unwrap().items.is_empty());
    let sent = storage
        .list(sender(), Direction::Sent, all())
        .await
        .unwrap();
    assert_eq!(sent.items[0].summary.state, SendingState::Accepted);
    for event in [Event::Release, Event::Withdraw] {
        assert!(matches!(
            record(&*storage, number, event).await,
            Recorded::Done(_)
        ));
    }
    let received = storage.list(receiver(), Direction::Received, all()).await;
    let [withdrawn] = received.unwrap().items.try_into().unwrap();
    assert_eq!(withdrawn.summary.state, SendingState::Withdrawn);
    assert_eq!(withdrawn.summary.settled_at, Some(noon()));
    let unknown = SendingId::new(Uuid::now_v7());
    assert!(matches!(
        record(&*storage, unknown, Event::Fetch).await,
        Recorded::Unknown
    ));
}

pub(super) async fn confirming_many_times_at_once_happens_once(fixture: Fixture) {
    let storage = fixture.open().await;
    let number = fixture.stored(&*storage, b"a").await.summary.sending;
    record(&*storage, number, Event::Fetch).await;
    let mut attempts = JoinSet::new();
    for minute in 1..=8 {
        let storage = Arc::clone(&storage);
        let at = noon() + TimeDelta::minutes(minute);
        attempts.spawn(async move {
            storage
                .record(receiver(), number, Event::Confirm, at, None)
                .await
        });
    }
    let mut settled = HashSet::new();
    for result in attempts.join_all().await {
        let Recorded::Done(sending) = result.unwrap() else {
            panic!("not confirmed");
        };
        assert_eq!(sending.summary.state, SendingState::Confirmed);
        settled.insert(sending.summary.settled_at);
    }
    assert_eq!(settled.len(), 1);
}

pub(super) async fn withdrawing_and_fetching_at_once_one_of_them_wins(fixture: Fixture) {
    let storage = fixture.open().await;
    for _ in 0..8 {
        let number = fixture.stored(&*storage, b"a").await.summary.sending;
        let (fetched, withdrawn) = tokio::join!(
            record(&*storage, number, Event::Fetch),
            record(&*storage, number, Event::Withdraw)
        );
        let found = storage.sending(sender(), number).await.unwrap().unwrap();
        match (fetched, withdrawn) {
            (Recorded::Done(_), Recorded::Refused(_)) => {
                assert_eq!(found.summary.state, SendingState::Fetched);
                assert_eq!(found.summary.fetched_at, Some(noon()));
            }
            (Recorded::Refused(_), Recorded::Done(_)) => {
                assert_eq!(found.summary.state, SendingState::Withdrawn);
                assert_eq!(found.summary.fetched_at, None);
            }
            _ => panic!("both, or neither"),
        }
    }
}

pub(super) async fn what_is_overdue_is_found_and_expires(fixture: Fixture) {
    let storage = fixture.open().await;
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.push(fixture.stored(&*storage, b"a").await.summary.sending);
    }
    record(&*storage, numbers[0], Event::Fetch).await;
    record(&*storage, numbers[0], Event::Confirm).await;
    let end = noon() + TimeDelta::days(90);
    let before = storage.overdue(end - TimeDelta::seconds(1), 10).await;
    assert!(before.unwrap().is_empty());
    assert_eq!(storage.overdue(end, 1).await.unwrap().len(), 1);
    let overdue = storage.overdue(end, 10).await.unwrap();
    let found: HashSet<SendingId> = overdue.iter().map(|item| item.summary.sending).collect();
    assert_eq!(found, numbers[1..].iter().copied().collect());
    for number in &numbers[1..] {
        let expired = storage
            .record(receiver(), *number, Event::Expire, end, None)
            .await;
        let Recorded::Done(expired) = expired.unwrap() else {
            panic!("not expired");
        };
        assert_eq!(expired.summary.state, SendingState::Expired);
    }
    assert!(storage.overdue(end, 10).await.unwrap().is_empty());
}

pub(super) async fn long_containers_come_back_whole(fixture: Fixture) {
    const MIB: usize = 1024 * 1024;
    let storage = fixture.open().await;
    // Around the length from which an object store gets it in parts, and several of them.
    for length in [0, 8 * MIB - 1, 8 * MIB, 20 * MIB + 3] {
        let bytes: Vec<u8> = (0..length)
            .map(|place| u8::try_from(place * 31 % 251).unwrap())
            .collect();
        let stored = fixture.stored(&*storage, &bytes).await;
        assert_eq!(sha256(&content(&*storage, &stored).await), sha256(&bytes));
    }
}

pub(super) async fn a_container_without_a_row_is_removed_once_nobody_can_be_storing_it(
    fixture: Fixture,
) {
    let storage = fixture.open().await;
    let key = key();
    let kept = fixture.accept(&*storage, key, b"kept", Vec::new()).await;
    let Ok(Acceptance::Stored(kept)) = kept else {
        panic!("{kept:?}");
    };
    let faults = Arc::default();
    let faulty = fixture.open_with(&faults).await;
    super::faults::fail_the_row(&faults);
    let lost = fixture
        .accept(&*faulty, super::fixture::key(), b"lost", Vec::new())
        .await;
    assert!(lost.is_err());
    for hours in [0, 1] {
        let now = noon() + TimeDelta::hours(hours);
        assert_eq!(storage.remove_orphans(now).await.unwrap(), 0);
    }
    let now = noon() + TimeDelta::hours(3);
    assert_eq!(storage.remove_orphans(now).await.unwrap(), 1);
    assert_eq!(storage.remove_orphans(now).await.unwrap(), 0);
    assert_eq!(content(&*storage, &kept).await, b"kept");
}

pub(super) async fn everything_is_there_after_opening_again(fixture: Fixture) {
    let storage = fixture.open().await;
    storage.register_office(sender(), noon()).await.unwrap();
    let session = session("first", noon());
    storage.open_session(session).await.unwrap();
    let stored = fixture.stored(&*storage, b"a container").await;
    // Long enough to be in a file while it is under way.
    let under_way = fixture.spool(&[b'h'; 300_000]).await;
    drop(storage);
    let again = fixture.open().await;
    std::mem::forget(under_way);
    assert_eq!(again.recover().await.unwrap(), 1);
    assert_eq!(again.licence_events(sender()).await.unwrap(), Some(vec![]));
    let found = again.session(session.tokens.access).await.unwrap();
    assert_eq!(found, Some(session));
    let found = again.sending(receiver(), stored.summary.sending).await;
    assert_eq!(found.unwrap().as_ref(), Some(&stored));
    assert_eq!(content(&*again, &stored).await, b"a container");
}

pub(super) async fn the_site_keeps_sessions_terms_and_certificates(fixture: Fixture) {
    let storage = fixture.open().await;
    let session = SiteSession {
        token: TokenHash::of("cookie"),
        office: sender(),
        user: user(),
        scope: SiteScope::ChangePassword,
        idle_until: noon() + TimeDelta::minutes(30),
        ends_at: noon() + TimeDelta::hours(8),
    };
    storage.open_site_session(session).await.unwrap();
    let renewed = noon() + TimeDelta::minutes(45);
    storage
        .renew_site_session(session.token, renewed)
        .await
        .unwrap();
    let find = || storage.site_session(session.token);
    let found = find().await.unwrap().unwrap();
    assert_eq!(
        (found.idle_until, found.ends_at),
        (renewed, session.ends_at)
    );
    assert_eq!(found.scope, SiteScope::ChangePassword);
    let ended = renewed - TimeDelta::seconds(1);
    storage.forget_ended_site_sessions(ended).await.unwrap();
    assert!(find().await.unwrap().is_some());
    storage.forget_ended_site_sessions(renewed).await.unwrap();
    assert!(find().await.unwrap().is_none());
    storage.open_site_session(session).await.unwrap();
    storage.end_site_session(session.token).await.unwrap();
    assert!(find().await.unwrap().is_none());

    let terms = |edition: &str, day: &str, text: &str| Terms {
        notice: TermsNotice {
            edition: edition.parse().unwrap(),
            in_force_from: day.parse().unwrap(),
            sha256: Sha256Digest::new([7; 32]),
        },
        text: text.to_owned(),
    };
    let (newer, older) = (
        terms("2026-04", "2026-04-01", "利用規約"),
        terms("2025-06", "2025-06-01", "terms"),
    );
    for edition in [&newer, &older, &newer] {
        assert!(storage.add_terms(edition.clone()).await.unwrap());
    }
    let other = terms("2026-04", "2026-04-01", "other terms");
    assert!(!storage.add_terms(other).await.unwrap());
    assert_eq!(
        storage.terms_notices().await.unwrap(),
        [older.notice.clone(), newer.notice.clone()]
    );
    let found = storage.terms(newer.notice.edition.clone()).await.unwrap();
    assert_eq!(found, Some(newer));

    for pem in ["first", "second"] {
        storage
            .keep_certificate(sender(), "0a".to_owned(), pem.to_owned())
            .await
            .unwrap();
    }
    let kept = storage.kept_certificate(sender(), "0a".to_owned()).await;
    assert_eq!(kept.unwrap().as_deref(), Some("first"));
    let others = storage.kept_certificate(receiver(), "0a".to_owned()).await;
    assert_eq!(others.unwrap(), None);
}
