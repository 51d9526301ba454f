//! What happens to sendings: taking them in, listing, handing out, confirming, withdrawing.
//!
//! The rules are elsewhere: who may send to whom is the licence's, what may travel the standard's,
//! what may happen next the protocol's. Here they are asked in the right order.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use careplan_core::{OfficeNumber, Sha256Digest, japan_date};
use careplan_licence::{FeeTable, Ledger, Refusal, RefusalKind, Side};
use careplan_protocol::{
    Confirmation, DirectoryEntry, Event, IdempotencyKey, ListQuery, Page, Problem, ProblemCode,
    Receipt, SendingId, SendingState, SendingSummary,
};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::container::{self, Contents};
use crate::problems::NotDone;
use crate::spool::{self, SpoolError, Spooled, UploadLimits};
use crate::storage::{
    Acceptance, ContainerReader, Direction, Recorded, Storage, StorageError, StoredSending,
};
use crate::trust::TrustStore;

/// The delivery service.
pub(crate) struct Delivery {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) trust: Arc<TrustStore>,
    pub(crate) fees: Arc<FeeTable>,
    pub(crate) spool: PathBuf,
    pub(crate) upload: UploadLimits,
    pub(crate) keep: TimeDelta,
}

/// A sending as it is asked for: from whom to whom, under which key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) sender: OfficeNumber,
    pub(crate) receiver: OfficeNumber,
    pub(crate) key: IdempotencyKey,
}

impl Delivery {
    /// Takes a container in. The receipt is given when it is on stable storage, and is the same
    /// for every attempt under the same key.
    pub(crate) async fn send(
        &self,
        order: Order,
        body: Body,
        now: DateTime<Utc>,
    ) -> Result<Receipt, NotDone> {
        let before = self.storage.sending_by_key(order.sender, order.key).await?;
        if before.is_none() {
            // Before the body, so that what may not be sent is not uploaded first.
            self.may_send(order.sender, order.receiver, now).await?;
        }
        let container = spool::receive(&self.spool, body, self.upload)
            .await
            .map_err(not_received)?;
        let sha256 = container.sha256;
        if let Some(before) = before {
            return same_again(&before, order, sha256);
        }
        let (container, contents) = self.open(order, container, now).await?;
        let sending = self.sending(order, &container, &contents, now)?;
        match self.storage.accept(sending, container).await? {
            Acceptance::Stored(sending) => Ok(sending.receipt()),
            // Another attempt under the same key was quicker.
            Acceptance::Before(before) => same_again(&before, order, sha256),
        }
    }

    /// Verifies a container and looks at what it carries.
    async fn open(
        &self,
        order: Order,
        container: Spooled,
        now: DateTime<Utc>,
    ) -> Result<(Spooled, Contents), NotDone> {
        let trust = self.trust.current();
        tokio::task::spawn_blocking(move || {
            let contents = container::open(&container, &trust.containers, now)?;
            contents.belong_to(order)?;
            Ok((container, contents))
        })
        .await?
    }

    /// The sending as it will be stored. The platform's checks are done by now, so it is released
    /// to the receiver at once.
    fn sending(
        &self,
        order: Order,
        container: &Spooled,
        contents: &Contents,
        now: DateTime<Utc>,
    ) -> Result<StoredSending, NotDone> {
        let mut sending = StoredSending {
            idempotency_key: order.key,
            summary: SendingSummary {
                sending: SendingId::new(number_at(now)),
                sender: order.sender,
                receiver: order.receiver,
                set: contents.set,
                month: contents.month,
                sequence: contents.sequence,
                files: contents.files,
                sha256: container.sha256,
                bytes: container.bytes,
                state: SendingState::Accepted,
                accepted_at: now,
                fetched_at: None,
                settled_at: None,
                expires_at: now
                    .checked_add_signed(self.keep)
                    .unwrap_or(DateTime::<Utc>::MAX_UTC),
            },
        };
        sending.apply(Event::Release, now)?;
        Ok(sending)
    }

    /// Whether an office may send to another today.
    async fn may_send(
        &self,
        sender: OfficeNumber,
        receiver: OfficeNumber,
        now: DateTime<Utc>,
    ) -> Result<(), NotDone> {
        let receiver = self
            .registered(receiver)
            .await?
            .ok_or(ProblemCode::OfficeUnknown)?;
        let sender = self.ledger(sender).await?;
        careplan_licence::may_send(&sender, &receiver, japan_date(now))
            .map_err(|refusal| not_licensed(&refusal).into())
    }

    /// Whether an office may receive today what it has not received before.
    async fn may_receive(&self, office: OfficeNumber, now: DateTime<Utc>) -> Result<(), NotDone> {
        let receiver = self.ledger(office).await?;
        careplan_licence::may_receive(&receiver, japan_date(now))
            .map_err(|_| ProblemCode::NotLicensedToReceive.into())
    }

    /// The licence ledger of an office; one that is not registered has no licence.
    async fn ledger(&self, office: OfficeNumber) -> Result<Ledger, StorageError> {
        let registered = self.registered(office).await?;
        Ok(registered.unwrap_or_else(|| Ledger::new(office, Arc::clone(&self.fees))))
    }

    /// The licence ledger of a registered office.
    async fn registered(&self, office: OfficeNumber) -> Result<Option<Ledger>, StorageError> {
        let Some(events) = self.storage.licence_events(office).await? else {
            return Ok(None);
        };
        Ledger::replay(office, Arc::clone(&self.fees), events)
            .map(Some)
            .map_err(StorageError::damaged("replaying a licence"))
    }

    /// Whether an office can be sent to.
    pub(crate) async fn directory(
        &self,
        caller: OfficeNumber,
        office: OfficeNumber,
        now: DateTime<Utc>,
    ) -> Result<DirectoryEntry, NotDone> {
        let reason = match self.may_send(caller, office, now).await {
            Ok(()) => None,
            Err(NotDone::Refused(problem))
                if problem.known_code() != Some(ProblemCode::OfficeUnknown) =>
            {
                Some(*problem)
            }
            Err(error) => return Err(error),
        };
        Ok(DirectoryEntry {
            office,
            reachable: reason.is_none(),
            reason,
        })
    }

    /// A page of what an office sent or received.
    pub(crate) async fn list(
        &self,
        office: OfficeNumber,
        direction: Direction,
        query: ListQuery,
    ) -> Result<Page<SendingSummary>, NotDone> {
        let page = self.storage.list(office, direction, query).await?;
        Ok(Page {
            items: page
                .items
                .into_iter()
                .map(|sending| sending.summary)
                .collect(),
            next: page.next,
        })
    }

    /// A sending the office sent or received.
    pub(crate) async fn show(
        &self,
        office: OfficeNumber,
        sending: SendingId,
    ) -> Result<SendingSummary, NotDone> {
        let found = self.storage.sending(office, sending).await?;
        found
            .map(|found| found.summary)
            .filter(|found| found.sender == office || found.state.is_visible_to_receiver())
            .ok_or(ProblemCode::SendingNotFound.into())
    }

    /// Hands out the container of a sending the office received.
    pub(crate) async fn fetch(
        &self,
        office: OfficeNumber,
        sending: SendingId,
        now: DateTime<Utc>,
    ) -> Result<(SendingSummary, ContainerReader), NotDone> {
        let received = self.received(office, sending).await?;
        // What was received while licensed stays readable; nothing new is handed out after.
        if received.summary.fetched_at.is_none() {
            self.may_receive(office, now).await?;
        }
        let summary = self.record(&received, Event::Fetch, now).await?;
        let container = self.storage.open_container(&received).await?;
        Ok((summary, container))
    }

    /// Notes that the receiver has a sending safely.
    pub(crate) async fn confirm(
        &self,
        office: OfficeNumber,
        sending: SendingId,
        confirmation: Confirmation,
        now: DateTime<Utc>,
    ) -> Result<SendingSummary, NotDone> {
        let received = self.received(office, sending).await?;
        if received.summary.sha256 != confirmation.sha256 {
            return Err(ProblemCode::DigestMismatch.into());
        }
        self.record(&received, Event::Confirm, now).await
    }

    /// Takes back a sending of the office.
    pub(crate) async fn withdraw(
        &self,
        office: OfficeNumber,
        sending: SendingId,
        now: DateTime<Utc>,
    ) -> Result<SendingSummary, NotDone> {
        let sent = self
            .storage
            .sending(office, sending)
            .await?
            .filter(|found| found.summary.sender == office)
            .ok_or(ProblemCode::SendingNotFound)?;
        self.record(&sent, Event::Withdraw, now).await
    }

    /// A sending in the office's mailbox, as far as its state shows it.
    async fn received(
        &self,
        office: OfficeNumber,
        sending: SendingId,
    ) -> Result<StoredSending, NotDone> {
        self.storage
            .sending(office, sending)
            .await?
            .filter(|found| {
                found.summary.receiver == office && found.summary.state.is_visible_to_receiver()
            })
            .ok_or(ProblemCode::SendingNotFound.into())
    }

    async fn record(
        &self,
        sending: &StoredSending,
        event: Event,
        now: DateTime<Utc>,
    ) -> Result<SendingSummary, NotDone> {
        let summary = &sending.summary;
        match self
            .storage
            .record(summary.receiver, summary.sending, event, now)
            .await?
        {
            Recorded::Done(sending) => Ok(sending.summary),
            Recorded::Refused(refused) => Err(refused.into()),
            Recorded::Unknown => Err(ProblemCode::SendingNotFound.into()),
        }
    }
}

/// A number for a sending, from the time and random bits.
fn number_at(now: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let timestamp = uuid::Timestamp::from_unix(
        uuid::timestamp::context::NoContext,
        seconds,
        now.timestamp_subsec_nanos(),
    );
    Uuid::new_v7(timestamp)
}

/// The answer to a further attempt under a key: the first receipt, if it is for the same thing.
fn same_again(
    before: &StoredSending,
    order: Order,
    sha256: Sha256Digest,
) -> Result<Receipt, NotDone> {
    if before.summary.sha256 == sha256 && before.summary.receiver == order.receiver {
        Ok(before.receipt())
    } else {
        Err(ProblemCode::IdempotencyConflict.into())
    }
}

/// The problem of a licence's refusal, in the licence rules' words.
fn not_licensed(refusal: &Refusal) -> Problem {
    let code = match (refusal.kind(), refusal.side()) {
        (RefusalKind::SameOffice, _) => ProblemCode::OwnNumber,
        (_, Side::Sender) => ProblemCode::SenderNotLicensed,
        (_, Side::Receiver) => ProblemCode::ReceiverNotLicensed,
    };
    Problem::new(code).because(refusal)
}

fn not_received(error: SpoolError) -> NotDone {
    match error {
        SpoolError::TooLarge => ProblemCode::ContainerTooLarge.into(),
        SpoolError::TooSlow => ProblemCode::RequestTimeout.into(),
        SpoolError::Interrupted => ProblemCode::UploadInterrupted.into(),
        SpoolError::Storage(error) => StorageError::unavailable("writing an upload")(error).into(),
    }
}
