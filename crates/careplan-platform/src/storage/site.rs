//! What the web site keeps: browsers' sessions, the terms, certificates to download.

use async_trait::async_trait;
use careplan_core::{OfficeNumber, Sha256Digest};
use careplan_licence::TermsEdition;
use careplan_protocol::UserId;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::StorageError;
use crate::auth::TokenHash;

/// What a browser's session may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SiteScope {
    /// The whole site.
    Full,
    /// Changing the password and nothing else: it is temporary or expired.
    ChangePassword,
}

/// A browser's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SiteSession {
    /// The hash of the cookie; the cookie itself is not kept.
    pub(crate) token: TokenHash,
    pub(crate) office: OfficeNumber,
    pub(crate) user: UserId,
    pub(crate) scope: SiteScope,
    /// It is over when nothing was asked for until then,
    pub(crate) idle_until: DateTime<Utc>,
    /// and at the latest then.
    pub(crate) ends_at: DateTime<Utc>,
}

impl SiteSession {
    /// How long a session lasts without a request.
    pub(crate) const IDLE: TimeDelta = TimeDelta::minutes(30);
    /// How long a session lasts at most, as one of the API does.
    pub(crate) const LONGEST: TimeDelta = TimeDelta::hours(8);
    /// How much of the time without a request may pass before it is counted anew, so that not every
    /// request writes.
    const RENEW_AFTER: TimeDelta = TimeDelta::minutes(1);

    /// Whether it is not over.
    pub(crate) fn is_good(&self, now: DateTime<Utc>) -> bool {
        now < self.idle_until && now < self.ends_at
    }

    /// Until when it lasts from now on, if that is worth writing down.
    pub(crate) fn renewed(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let until = now + Self::IDLE;
        (until - self.idle_until >= Self::RENEW_AFTER).then_some(until)
    }
}

/// An edition of the terms, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TermsNotice {
    /// The name of the edition.
    pub edition: TermsEdition,
    /// The first day on which it is the one to consent to.
    pub in_force_from: NaiveDate,
    /// SHA-256 of the text as it was handed in, UTF-8.
    pub sha256: Sha256Digest,
}

/// An edition of the terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) notice: TermsNotice,
    pub(crate) text: String,
}

/// What an implementation of storage keeps for the web site.
#[async_trait]
pub(crate) trait SiteStorage: Send + Sync + 'static {
    /// Stores a new session. [`SessionStorage::end_sessions_of`](super::SessionStorage::end_sessions_of) ends it
    /// with the office's others.
    async fn open_site_session(&self, session: SiteSession) -> Result<(), StorageError>;

    /// The session of a cookie.
    async fn site_session(&self, token: TokenHash) -> Result<Option<SiteSession>, StorageError>;

    /// Lets a session last until an instant, if nothing is asked for before.
    async fn renew_site_session(
        &self,
        token: TokenHash,
        idle_until: DateTime<Utc>,
    ) -> Result<(), StorageError>;

    /// Ends a session.
    async fn end_site_session(&self, token: TokenHash) -> Result<(), StorageError>;

    /// Forgets sessions that are over.
    async fn forget_ended_site_sessions(&self, now: DateTime<Utc>) -> Result<(), StorageError>;

    /// Stores an edition of the terms. `false`, and nothing is stored, if there is one of this name
    /// with another text or day.
    async fn add_terms(&self, terms: Terms) -> Result<bool, StorageError>;

    /// All editions, by the day from which they are in force.
    async fn terms_notices(&self) -> Result<Vec<TermsNotice>, StorageError>;

    /// An edition.
    async fn terms(&self, edition: TermsEdition) -> Result<Option<Terms>, StorageError>;

    /// Keeps a certificate for an office to download.
    async fn keep_certificate(
        &self,
        office: OfficeNumber,
        serial: String,
        pem: String,
    ) -> Result<(), StorageError>;

    /// A certificate kept for an office, PEM.
    async fn kept_certificate(
        &self,
        office: OfficeNumber,
        serial: String,
    ) -> Result<Option<String>, StorageError>;
}
