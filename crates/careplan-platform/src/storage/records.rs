//! What storage keeps, and the decisions that have to be taken inside its transactions.

use careplan_core::OfficeNumber;
use careplan_protocol::{
    Event, Evidence, IdempotencyKey, Receipt, SendingSummary, SessionTimes, TransitionRefused,
    UserId,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::auth::{PasswordHash, TokenHash};

/// A log-in.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) user: UserId,
    pub(crate) office: OfficeNumber,
    pub(crate) password: PasswordHash,
    pub(crate) validity: PasswordValidity,
}

/// Whether a right password logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PasswordValidity {
    /// Until it is changed.
    Unlimited,
    /// Until an instant; refused as expired from then on.
    Until(DateTime<Utc>),
    /// Given by the operator, to be changed before the first log-in; refused as temporary.
    Temporary,
}

/// The hashes of a session's two tokens; the tokens themselves are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionTokens {
    pub(crate) access: TokenHash,
    pub(crate) refresh: TokenHash,
}

/// A session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredSession {
    pub(crate) id: Uuid,
    pub(crate) office: OfficeNumber,
    pub(crate) user: UserId,
    pub(crate) tokens: SessionTokens,
    pub(crate) times: SessionTimes,
}

impl StoredSession {
    /// The session with fresh tokens, for an office that presents the refresh token `now`.
    pub(crate) fn rotate(
        self,
        office: OfficeNumber,
        fresh: SessionTokens,
        now: DateTime<Utc>,
    ) -> Rotation {
        if self.office != office {
            return Rotation::Unknown;
        }
        match self.times.refreshed_at(now) {
            Some(times) => Rotation::Rotated(Self {
                tokens: fresh,
                times,
                ..self
            }),
            None => Rotation::Expired,
        }
    }
}

/// What became of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// The session with its fresh tokens.
    Rotated(StoredSession),
    /// The session is over.
    Expired,
    /// It was used before: it was copied, and the session is ended (RFC 9700 section 4.14.2).
    Reused,
    /// There is no such token, or it is another office's.
    Unknown,
}

/// Whether a list is of what was sent or of what was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Sent,
    Received,
}

/// A sending as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredSending {
    pub(crate) summary: SendingSummary,
    pub(crate) idempotency_key: IdempotencyKey,
}

impl StoredSending {
    /// The receipt, the same each time it is asked for; with the signed one.
    pub(crate) fn receipt(&self, evidence: Evidence) -> Receipt {
        let summary = &self.summary;
        Receipt {
            sending: summary.sending,
            idempotency_key: self.idempotency_key,
            sender: summary.sender,
            receiver: summary.receiver,
            set: summary.contents.open().map(|set| set.set),
            sha256: summary.sha256,
            bytes: summary.bytes,
            accepted_at: summary.accepted_at,
            expires_at: summary.expires_at,
            evidence,
        }
    }

    /// Whether its time for being confirmed is over.
    fn is_overdue(&self, at: DateTime<Utc>) -> bool {
        at >= self.summary.expires_at && !self.summary.state.is_settled()
    }

    /// Lets an event happen; whether it changed anything. What is overdue expires first.
    pub(crate) fn apply(
        &mut self,
        event: Event,
        at: DateTime<Utc>,
    ) -> Result<bool, TransitionRefused> {
        if event != Event::Expire && self.is_overdue(at) {
            return Err(TransitionRefused::Expired);
        }
        let transition = self.summary.state.after(event)?;
        if !transition.is_change() {
            return Ok(false);
        }
        self.summary.state = transition.state();
        if event == Event::Fetch {
            self.summary.fetched_at = Some(at);
        }
        if self.summary.state.is_settled() {
            self.summary.settled_at = Some(at);
        }
        Ok(true)
    }
}
