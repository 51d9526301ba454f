//! One round with the platform: send, hear, receive, confirm.

use careplan_core::{Explain, Lang};
use careplan_protocol::{IdempotencyKey, SendingId, SendingState};
use serde::Serialize;

use crate::receipts::KeptReceipt;
use crate::{Client, Error, ErrorKind};

/// What a [`sync`](Client::sync) did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SyncReport {
    /// Sets the platform took.
    pub accepted: Vec<IdempotencyKey>,
    /// Sets that were not accepted: a person has to do something.
    pub refused: Vec<IdempotencyKey>,
    /// What became of sets sent before.
    pub changed: Vec<(IdempotencyKey, SendingState)>,
    /// Sets received, verified and stored, in the order in which they are to be imported.
    pub received: Vec<SendingId>,
    /// Received containers that do not verify and are kept aside.
    pub quarantined: Vec<SendingId>,
    /// Sets of which the platform was told that they arrived.
    pub confirmed: Vec<SendingId>,
    /// Sendings with a signed receipt that does not verify: no proof of anything, to be reported
    /// to the operations centre. See [`Client::receipts`].
    pub doubtful_receipts: Vec<IdempotencyKey>,
    /// The same for sets received. See [`Client::receipts_received`].
    pub doubtful_receipts_received: Vec<SendingId>,
}

/// A [`sync`](Client::sync) that did not get to its end. What it did is done; the next one goes on.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct SyncError {
    report: Box<SyncReport>,
    #[source]
    error: Error,
}

impl SyncError {
    /// What was done.
    #[must_use]
    pub const fn report(&self) -> &SyncReport {
        &self.report
    }

    /// Why it ended.
    #[must_use]
    pub const fn error(&self) -> &Error {
        &self.error
    }

    /// Takes the error out.
    #[must_use]
    pub fn into_error(self) -> Error {
        self.error
    }
}

impl From<SyncError> for Error {
    fn from(error: SyncError) -> Self {
        error.error
    }
}

impl Explain for SyncError {
    fn explain(&self, lang: Lang) -> String {
        self.error.explain(lang)
    }
}

/// A report being written, and the first thing that has to wait for the next time.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) report: SyncReport,
    postponed: Option<Error>,
}

impl Findings {
    /// Notes a receipt that does not verify.
    pub(crate) fn receipt(&mut self, id: IdempotencyKey, kept: &KeptReceipt) {
        if kept.doubt.is_some() {
            self.report.doubtful_receipts.push(id);
        }
    }

    /// The same for a set received.
    pub(crate) fn receipt_received(&mut self, id: SendingId, kept: &KeptReceipt) {
        if kept.doubt.is_some() {
            self.report.doubtful_receipts_received.push(id);
        }
    }

    pub(crate) fn postponed(&mut self, error: Error) {
        self.postponed.get_or_insert(error);
    }
}

impl Client {
    /// One round with the platform: signs and sends what was put in, hears what became of what
    /// was sent, fetches what is new, verifies and stores it, and confirms.
    ///
    /// Can be called as often as one likes, also right after a failure: nothing is sent, stored or
    /// confirmed twice.
    ///
    /// # Errors
    /// The first thing that kept the round from its end, with the report of what was done. Sets
    /// the platform refuses and containers that do not verify are no errors: they are in the
    /// report and keep their reasons.
    pub fn sync(&mut self) -> Result<SyncReport, SyncError> {
        self.caller.cancel.reset();
        let mut findings = Findings::default();
        let ended = self.round(&mut findings);
        let Findings { report, postponed } = findings;
        match ended.err().or(postponed) {
            None => Ok(report),
            Some(error) => Err(SyncError {
                report: Box::new(report),
                error,
            }),
        }
    }

    fn round(&mut self, findings: &mut Findings) -> Result<(), Error> {
        type Phase = fn(&mut Client, &mut Findings) -> Result<(), Error>;
        let phases: [Phase; 6] = [
            Self::sign_waiting,
            Self::send_waiting,
            Self::confirm_stored,
            Self::fetch_news,
            // After sending, so that it tells of what was just sent too.
            Self::hear,
            // After confirming, so that what was just received has its receipt.
            Self::fetch_receipts,
        ];
        for phase in phases {
            match phase(self, findings) {
                // An office that may not send may still receive, and so on.
                Err(error) if matches!(error.kind(), ErrorKind::Refused(_)) => {
                    findings.postponed(error);
                }
                ended => ended?,
            }
        }
        Ok(())
    }
}
