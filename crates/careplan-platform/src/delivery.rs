//! What happens to sendings: taking them in, listing, handing out, confirming, withdrawing.
//!
//! The rules are elsewhere: who may send to whom is the licence's, what may travel the standard's,
//! what may happen next the protocol's. Here they are asked in the right order.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use careplan_core::{OfficeNumber, Sha256Digest, japan_date};
use careplan_envelope::sealing::Sealer;
use careplan_licence::{Refusal, RefusalKind, Side};
use careplan_protocol::{
    CertificateBytes, Confirmation, DirectoryEntry, Event, Evidence, EvidenceEvent, IdempotencyKey,
    ListQuery, Page, Problem, ProblemCode, Receipt, SendingId, SendingState, SendingSummary,
};
use chrono::{DateTime, TimeDelta, Utc};
use rustls::pki_types::CertificateDer;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::EvidenceError;
use crate::container::{self, Form};
use crate::evidence::Notary;
use crate::licences::Licences;
use crate::metrics::Metrics;
use crate::problems::NotDone;
use crate::spool::{self, SpoolError, Spooled, UploadLimits};
use crate::storage::{
    Acceptance, ContainerReader, Direction, KnownLicence, NewReceipt, Prospect, ReceiptKey,
    Recorded, Storage, StorageError, StorageErrorKind, StoredSending,
};
use crate::trust::TrustStore;

/// How many overdue sendings one sweep expires.
const SWEEP: usize = 1000;
/// How many of them at a time, so that they are committed together but others get through.
const AT_A_TIME: usize = 64;

/// The delivery service.
pub(crate) struct Delivery {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) trust: Arc<TrustStore>,
    pub(crate) notary: Notary,
    pub(crate) licences: Licences,
    pub(crate) spool: PathBuf,
    pub(crate) upload: UploadLimits,
    pub(crate) keep: TimeDelta,
}

/// A sending as it is asked for: from whom to whom, under which key, in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) sender: OfficeNumber,
    pub(crate) receiver: OfficeNumber,
    pub(crate) key: IdempotencyKey,
    pub(crate) form: Form,
}

/// A container that passed, as the sending it will be stored as, with its first receipts.
struct Passed {
    container: Spooled,
    sending: StoredSending,
    /// That it was accepted, and that it is available.
    receipts: (NewReceipt, Option<NewReceipt>),
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
        let Prospect {
            before,
            sender,
            receiver,
        } = self
            .storage
            .prospect(order.sender, order.receiver, order.key)
            .await?;
        if before.is_none() {
            // Before the body, so that what may not be sent is not uploaded first.
            let sides = ((order.sender, sender), (order.receiver, receiver));
            self.judge_sending(sides, now)?;
        }
        let container = spool::receive(&self.spool, body, self.upload)
            .await
            .map_err(not_received)?;
        let sha256 = container.sha256;
        if let Some(before) = before {
            return self.same_again(&before, order, sha256).await;
        }
        let Passed {
            container,
            sending,
            receipts,
        } = self.pass(order, container, now).await?;
        let (accepted, further) = receipts;
        let signed = Evidence::new(accepted.container.clone());
        let receipts = std::iter::once(accepted).chain(further).collect();
        match self.storage.accept(sending, receipts, container).await? {
            Acceptance::Stored(sending) => {
                self.metrics.happened("accept");
                self.metrics.uploaded_bytes.inc_by(sending.summary.bytes);
                Ok(sending.receipt(signed))
            }
            // Another attempt under the same key was quicker.
            Acceptance::Before(before) => self.same_again(&before, order, sha256).await,
        }
    }

    /// Checks a container and makes the sending of it, with the receipts for its being accepted
    /// and available.
    async fn pass(
        &self,
        order: Order,
        container: Spooled,
        now: DateTime<Utc>,
    ) -> Result<Passed, NotDone> {
        let (trust, notary, keep) = (self.trust.current(), self.notary.clone(), self.keep);
        tokio::task::spawn_blocking(move || {
            let contents = container::inspect(&container, order, &trust.containers, now)?;
            let mut sending = StoredSending {
                idempotency_key: order.key,
                summary: SendingSummary {
                    sending: SendingId::new(number_at(now)),
                    sender: order.sender,
                    receiver: order.receiver,
                    contents,
                    sha256: container.sha256,
                    bytes: container.bytes,
                    state: SendingState::Accepted,
                    accepted_at: now,
                    fetched_at: None,
                    settled_at: None,
                    expires_at: now
                        .checked_add_signed(keep)
                        .unwrap_or(DateTime::<Utc>::MAX_UTC),
                },
            };
            let accepted = notary.receipt(&sending.summary, EvidenceEvent::Accepted, now)?;
            // The platform's checks are done by now, so it is released to the receiver at once.
            let available = notary.receipt_of(&sending, Event::Release, now)?;
            let receipts = (accepted, available);
            sending.apply(Event::Release, now)?;
            Ok(Passed {
                container,
                sending,
                receipts,
            })
        })
        .await?
    }

    /// The answer to a further attempt under a key: the first receipt, if it is for the same
    /// thing.
    async fn same_again(
        &self,
        before: &StoredSending,
        order: Order,
        sha256: Sha256Digest,
    ) -> Result<Receipt, NotDone> {
        if before.summary.sha256 == sha256 && before.summary.receiver == order.receiver {
            self.receipt_for(before).await
        } else {
            Err(ProblemCode::IdempotencyConflict.into())
        }
    }

    /// The receipt of a stored sending, with the signed one.
    async fn receipt_for(&self, sending: &StoredSending) -> Result<Receipt, NotDone> {
        let key = ReceiptKey {
            receiver: sending.summary.receiver,
            sending: sending.summary.sending,
            event: EvidenceEvent::Accepted,
        };
        let signed = self.storage.receipt(key).await?.ok_or_else(|| {
            StorageError::without_source(
                StorageErrorKind::Damaged,
                "a sending has no signed receipt",
            )
        })?;
        Ok(sending.receipt(Evidence::new(signed.container)))
    }

    /// Whether an office may send to another today.
    async fn may_send(
        &self,
        sender: OfficeNumber,
        receiver: OfficeNumber,
        now: DateTime<Utc>,
    ) -> Result<(), NotDone> {
        let sides = (
            (sender, self.storage.licence_events(sender).await?),
            (receiver, self.storage.licence_events(receiver).await?),
        );
        self.judge_sending(sides, now)
    }

    /// Whether the first office may send to the second today.
    fn judge_sending(
        &self,
        (sender, receiver): ((OfficeNumber, KnownLicence), (OfficeNumber, KnownLicence)),
        now: DateTime<Utc>,
    ) -> Result<(), NotDone> {
        if receiver.1.is_none() {
            return Err(ProblemCode::OfficeUnknown.into());
        }
        let sender = self.licences.replayed(sender.0, sender.1)?;
        let receiver = self.licences.replayed(receiver.0, receiver.1)?;
        careplan_licence::may_send(&sender, &receiver, japan_date(now))
            .map_err(|refusal| not_licensed(&refusal).into())
    }

    /// Whether an office may receive today what it has not received before.
    fn judge_receiving(
        &self,
        office: OfficeNumber,
        known: KnownLicence,
        now: DateTime<Utc>,
    ) -> Result<(), NotDone> {
        let receiver = self.licences.replayed(office, known)?;
        careplan_licence::may_receive(&receiver, japan_date(now))
            .map_err(|_| ProblemCode::NotLicensedToReceive.into())
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
            sealing: self.sealing_chain(office, now).await?,
        })
    }

    /// The certificate an office last logged in with, if it is still good and can be sealed to.
    async fn sealing_chain(
        &self,
        office: OfficeNumber,
        now: DateTime<Utc>,
    ) -> Result<Vec<CertificateBytes>, NotDone> {
        let chain = self.storage.certificate_chain(office).await?;
        let good = self.trust.current().is_office(&chain, office, now)
            && chain
                .first()
                .is_some_and(|own| Sealer::to(std::slice::from_ref(own)).is_ok());
        if !good {
            return Ok(Vec::new());
        }
        let bytes = |der: &CertificateDer<'_>| CertificateBytes::new(der.to_vec());
        Ok(chain.iter().map(bytes).collect())
    }

    /// Keeps the certificate an office logged in with, for others to seal to.
    pub(crate) async fn keep_certificate(
        &self,
        office: OfficeNumber,
        chain: &[CertificateDer<'static>],
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        // Most often it is the one of the last time.
        if self.storage.certificate_chain(office).await? != chain {
            let chain = chain.to_vec();
            self.storage
                .put_certificate_chain(office, chain, now)
                .await?;
        }
        Ok(())
    }

    /// Expires what was not confirmed in time; how many.
    pub(crate) async fn expire_overdue(
        self: Arc<Self>,
        now: DateTime<Utc>,
    ) -> Result<usize, StorageError> {
        let overdue = self.storage.overdue(now, SWEEP).await?;
        let mut expired = 0;
        for some in overdue.chunks(AT_A_TIME) {
            let mut together = JoinSet::new();
            for sending in some {
                let (delivery, sending) = (Arc::clone(&self), sending.clone());
                together.spawn(async move { delivery.record(&sending, Event::Expire, now).await });
            }
            while let Some(done) = together.join_next().await {
                match done {
                    Ok(Ok(_)) => expired += 1,
                    // Confirmed at the last moment, or taken back.
                    Ok(Err(NotDone::Refused(_))) => {}
                    Ok(Err(NotDone::Storage(error))) => return Err(error),
                    Err(error) => {
                        return Err(StorageError::unavailable("expiring a sending")(error));
                    }
                }
            }
        }
        Ok(expired)
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
        let (received, licence) = self
            .storage
            .received(office, sending)
            .await?
            .filter(|(found, _)| found.summary.state.is_visible_to_receiver())
            .ok_or(ProblemCode::SendingNotFound)?;
        self.still_kept(&received).await?;
        // What was received while licensed stays readable; nothing new is handed out after.
        if received.summary.fetched_at.is_none() {
            self.judge_receiving(office, licence, now)?;
        }
        let summary = self.record(&received, Event::Fetch, now).await?;
        let container = match self.storage.open_container(&received).await {
            Ok(container) => container,
            Err(error) => {
                // It may have been removed since it was looked for.
                self.still_kept(&received).await?;
                return Err(error.into());
            }
        };
        self.metrics.fetched_bytes.inc_by(summary.bytes);
        Ok((summary, container))
    }

    /// Whether the container of a sending has not been removed after its time.
    async fn still_kept(&self, sending: &StoredSending) -> Result<(), NotDone> {
        let summary = &sending.summary;
        if !summary.state.is_settled() {
            return Ok(());
        }
        match self
            .storage
            .removed_at(summary.receiver, summary.sending)
            .await?
        {
            Some(_) => Err(ProblemCode::SendingRemoved.into()),
            None => Ok(()),
        }
    }

    /// Notes that the receiver has a sending safely.
    pub(crate) async fn confirm(
        &self,
        office: OfficeNumber,
        sending: SendingId,
        confirmation: Confirmation,
        now: DateTime<Utc>,
    ) -> Result<SendingSummary, NotDone> {
        let received = self
            .storage
            .sending(office, sending)
            .await?
            .filter(|found| {
                found.summary.receiver == office && found.summary.state.is_visible_to_receiver()
            })
            .ok_or(ProblemCode::SendingNotFound)?;
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

    async fn record(
        &self,
        sending: &StoredSending,
        event: Event,
        now: DateTime<Utc>,
    ) -> Result<SendingSummary, NotDone> {
        let receipt = self.receipt_of(sending, event, now).await?;
        let summary = &sending.summary;
        match self
            .storage
            .record(summary.receiver, summary.sending, event, now, receipt)
            .await?
        {
            Recorded::Done(after) => {
                if after.summary.state != summary.state {
                    self.metrics.happened(event_name(event));
                }
                Ok(after.summary)
            }
            Recorded::Refused(refused) => Err(refused.into()),
            Recorded::Unknown => Err(ProblemCode::SendingNotFound.into()),
        }
    }

    /// The receipt to store with an event, if it makes one. Signed before the event is recorded,
    /// so that nothing waits for a signature inside a transaction.
    async fn receipt_of(
        &self,
        sending: &StoredSending,
        event: Event,
        now: DateTime<Utc>,
    ) -> Result<Option<NewReceipt>, EvidenceError> {
        if event.evidence().is_none() {
            return Ok(None);
        }
        let (notary, sending) = (self.notary.clone(), sending.clone());
        tokio::task::spawn_blocking(move || notary.receipt_of(&sending, event, now)).await?
    }
}

/// A number for a sending, from the time and random bits.
pub(crate) fn number_at(now: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let timestamp = uuid::Timestamp::from_unix(
        uuid::timestamp::context::NoContext,
        seconds,
        now.timestamp_subsec_nanos(),
    );
    Uuid::new_v7(timestamp)
}

/// The name of an event among the metrics.
const fn event_name(event: Event) -> &'static str {
    match event {
        Event::Release => "release",
        Event::Fetch => "fetch",
        Event::Confirm => "confirm",
        Event::Withdraw => "withdraw",
        Event::Expire => "expire",
        Event::Refuse => "refuse",
    }
}

/// The problem of a licence's refusal, in the licence rules' words.
fn not_licensed(refusal: &Refusal) -> Problem {
    let code = match (refusal.kind(), refusal.side()) {
        (RefusalKind::SameOffice, _) => ProblemCode::OwnNumber,
        (_, Side::Sender) => ProblemCode::SenderNotLicensed,
        (_, Side::Receiver) => ProblemCode::ReceiverNotLicensed,
    };
    Problem::new(code).in_words(|lang| (refusal.reason(lang), refusal.advice(lang)))
}

fn not_received(error: SpoolError) -> NotDone {
    match error {
        SpoolError::TooLarge => ProblemCode::ContainerTooLarge.into(),
        SpoolError::TooSlow => ProblemCode::RequestTimeout.into(),
        SpoolError::Interrupted => ProblemCode::UploadInterrupted.into(),
        SpoolError::Storage(error) => StorageError::unavailable("writing an upload")(error).into(),
    }
}
