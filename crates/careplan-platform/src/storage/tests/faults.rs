//! An engine in which something fails, before or after it was done.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use careplan_core::{Explain as _, Lang};
use careplan_protocol::{Event, IdempotencyKey, SendingState};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::fixture::{Fixture, content, key, noon, receiver, sender};
use super::operations::access;
use crate::audit::AccessLog;
use crate::spool::Spooled;
use crate::storage::containers::{ContainerPlace, ContainerStore};
use crate::storage::sql::{Connection, Engine};
use crate::storage::{
    Acceptance, ContainerReader, Direction, Recorded, Storage, StorageError, StorageErrorKind,
    StoredSending,
};

/// What fails.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// How many operations there were.
    operations: AtomicUsize,
    /// Which one fails, from 0.
    failing: AtomicUsize,
    /// Whether those after it fail too.
    for_good: AtomicBool,
    /// Whether it fails only after it was done: an answer that was lost.
    after: AtomicBool,
}

impl Faults {
    /// From now on, the operation of this number, counted from now, fails.
    pub(super) fn set(&self, failing: usize, after: bool, for_good: bool) {
        self.failing.store(failing, Ordering::SeqCst);
        self.after.store(after, Ordering::SeqCst);
        self.for_good.store(for_good, Ordering::SeqCst);
        self.operations.store(0, Ordering::SeqCst);
    }

    /// How many operations there were since.
    pub(super) fn operations(&self) -> usize {
        self.operations.load(Ordering::SeqCst)
    }

    pub(super) fn none(&self) {
        self.set(usize::MAX, false, false);
    }

    async fn around<T>(
        &self,
        operation: impl Future<Output = Result<T, StorageError>>,
    ) -> Result<T, StorageError> {
        let number = self.operations.fetch_add(1, Ordering::SeqCst);
        let failing = self.failing.load(Ordering::SeqCst);
        let fails = number == failing || (number > failing && self.for_good.load(Ordering::SeqCst));
        let error = StorageError::new(
            StorageErrorKind::Unavailable,
            "a test",
            "No space left on device",
        );
        if fails && !self.after.load(Ordering::SeqCst) {
            return Err(error);
        }
        let done = operation.await?;
        if fails { Err(error) } else { Ok(done) }
    }
}

/// An engine in which something fails.
pub(super) struct Faulty<E: Engine> {
    engine: E,
    containers: FaultyContainers<E::Containers>,
    faults: Arc<Faults>,
}

impl<E: Engine<Containers: Clone>> Faulty<E> {
    pub(super) fn new(engine: E, faults: Arc<Faults>) -> Self {
        Self {
            containers: FaultyContainers {
                containers: engine.containers().clone(),
                faults: Arc::clone(&faults),
            },
            engine,
            faults,
        }
    }
}

impl<E: Engine> Engine for Faulty<E> {
    type Containers = FaultyContainers<E::Containers>;

    async fn read<T, W>(&self, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, StorageError> + Send + 'static,
    {
        self.faults.around(self.engine.read(work)).await
    }

    async fn write<T, W>(&self, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, StorageError> + Send + 'static,
    {
        self.faults.around(self.engine.write(work)).await
    }

    async fn write_after<T, W>(
        &self,
        container: <Self::Containers as ContainerStore>::Stored,
        work: W,
    ) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, StorageError> + Send + 'static,
    {
        self.faults
            .around(self.engine.write_after(container, work))
            .await
    }

    fn serves_alone(&self) -> bool {
        self.engine.serves_alone()
    }

    fn containers(&self) -> &Self::Containers {
        &self.containers
    }

    fn spool(&self) -> PathBuf {
        self.engine.spool()
    }
}

/// A place for containers in which something fails.
pub(super) struct FaultyContainers<C> {
    containers: C,
    faults: Arc<Faults>,
}

#[async_trait]
impl<C: ContainerStore> ContainerStore for FaultyContainers<C> {
    type Stored = C::Stored;

    async fn store(
        &self,
        place: ContainerPlace,
        container: Spooled,
    ) -> Result<C::Stored, StorageError> {
        self.faults
            .around(self.containers.store(place, container))
            .await
    }

    async fn open(
        &self,
        place: ContainerPlace,
        bytes: u64,
    ) -> Result<ContainerReader, StorageError> {
        self.faults.around(self.containers.open(place, bytes)).await
    }

    async fn remove(&self, place: ContainerPlace) -> Result<(), StorageError> {
        self.faults.around(self.containers.remove(place)).await
    }

    async fn of_hour(&self, hour: DateTime<Utc>) -> Result<Vec<ContainerPlace>, StorageError> {
        self.faults.around(self.containers.of_hour(hour)).await
    }

    async fn abandoned_by_a_crash(&self) -> Result<Vec<ContainerPlace>, StorageError> {
        self.faults
            .around(self.containers.abandoned_by_a_crash())
            .await
    }
}

const CONTENT: &[u8] = b"a container";

/// What a sender and a receiver do until each step is acknowledged; the sending at its end.
async fn whole_way(fixture: &Fixture, storage: &dyn Storage, key: IdempotencyKey) -> StoredSending {
    let accepted = loop {
        match fixture.accept(storage, key, CONTENT, Vec::new()).await {
            Ok(Acceptance::Stored(sending) | Acceptance::Before(sending)) => break sending,
            Err(error) => assert!(error.explain(Lang::Ja).contains("空き容量")),
        }
    };
    for event in [Event::Fetch, Event::Confirm] {
        loop {
            let number = accepted.summary.sending;
            match storage
                .record(receiver(), number, event, noon(), None)
                .await
            {
                Ok(Recorded::Done(_)) => break,
                Ok(Recorded::Refused(refused)) => panic!("{refused:?}"),
                Ok(Recorded::Unknown) => panic!("an acknowledged sending is not there"),
                Err(_) => {}
            }
        }
    }
    loop {
        if let Ok(Some(found)) = storage.sending(sender(), accepted.summary.sending).await {
            return found;
        }
    }
}

pub(super) async fn whatever_fails_once_nothing_acknowledged_is_lost_or_doubled(fixture: Fixture) {
    let faults = Arc::new(Faults::default());
    let storage = fixture.open_with(&faults).await;
    let storage = &*storage;
    faults.none();
    whole_way(&fixture, storage, key()).await;
    let operations = faults.operations.load(Ordering::SeqCst);
    // Container and row, two events, and the look at it.
    assert!(operations >= 5, "{operations}");
    let mut ways = 1;
    for failing in 0..operations {
        for after in [false, true] {
            let key = key();
            faults.set(failing, after, false);
            let sending = whole_way(&fixture, storage, key).await;
            faults.none();
            ways += 1;
            assert_eq!(sending.summary.state, SendingState::Confirmed);
            let by_key = storage.sending_by_key(sender(), key).await.unwrap();
            assert_eq!(by_key.as_ref(), Some(&sending));
        }
    }
    // What failed attempts left is removed, and nothing else.
    let later = noon() + TimeDelta::hours(3);
    assert!(storage.remove_orphans(later).await.unwrap() > 0);
    assert_eq!(storage.remove_orphans(later).await.unwrap(), 0);
    let query = careplan_protocol::ListQuery::default();
    for (office, direction) in [
        (sender(), Direction::Sent),
        (receiver(), Direction::Received),
    ] {
        let all = storage
            .list(office, direction, query.clone())
            .await
            .unwrap();
        assert_eq!(all.items.len(), ways);
        for sending in &all.items {
            assert_eq!(content(storage, sending).await, CONTENT);
        }
    }
}

pub(super) async fn what_fails_and_stays_broken_is_refused_and_leaves_no_trace(fixture: Fixture) {
    let faults = Arc::new(Faults::default());
    let storage = fixture.open_with(&faults).await;
    let storage = &*storage;
    for failing in 0..2 {
        let key = key();
        faults.set(failing, false, true);
        let refused = fixture.accept(storage, key, CONTENT, Vec::new()).await;
        assert_eq!(refused.unwrap_err().kind(), StorageErrorKind::Unavailable);
        faults.none();
        assert_eq!(storage.sending_by_key(sender(), key).await.unwrap(), None);
    }
    let query = careplan_protocol::ListQuery::default();
    let listed = storage.list(receiver(), Direction::Received, query).await;
    assert!(listed.unwrap().items.is_empty());
    // The second failure came after the container was stored.
    let later = noon() + TimeDelta::hours(3);
    assert_eq!(storage.remove_orphans(later).await.unwrap(), 1);
}

pub(super) async fn lines_of_calls_wait_while_they_cannot_be_written_and_none_is_lost(
    fixture: Fixture,
) {
    let faults = Arc::new(Faults::default());
    let storage: Arc<dyn Storage> = fixture.open_with(&faults).await;
    let (log, writing) = AccessLog::new(Arc::clone(&storage), 0);
    let writing = tokio::spawn(writing);
    assert!(!log.is_failing());
    faults.set(0, false, true);
    let mut noted = 0;
    let mut line = access(Some(sender()), noon(), 1);
    loop {
        match log.place() {
            Some(place) => {
                line.request = Uuid::now_v7();
                place.note(line.clone());
                noted += 1;
            }
            None if log.is_failing() => break,
            None => tokio::task::yield_now().await,
        }
    }
    assert!(noted > 1_000, "{noted}");
    assert!(log.place().is_none());
    faults.none();
    log.written().await;
    assert!(!log.is_failing());
    assert!(log.place().is_some());
    let written = storage.accesses(None, None, usize::from(u16::MAX)).await;
    assert_eq!(written.unwrap().len(), noted);
    drop(log);
    writing.await.unwrap();
}

/// Lets the row of the next sending fail, after its container is stored.
pub(super) fn fail_the_row(faults: &Faults) {
    faults.set(1, false, false);
}
