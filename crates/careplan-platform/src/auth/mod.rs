//! Who is calling: logging in, refreshing, and the session every other call needs.
//!
//! The TLS handshake has shown which office the connection's certificate is for; user ID and
//! password, or the tokens that came from them, must belong to that same office.

mod password;
mod site;
mod token;

use std::sync::Arc;

use careplan_core::OfficeNumber;
use careplan_protocol::{
    AccessToken, LogInRequest, Problem, ProblemCode, RefreshToken, SessionGrant, SessionTimes,
};
use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;
use uuid::Uuid;

pub(crate) use self::password::PasswordHash;
pub(crate) use self::site::{PasswordIs, SHORTEST as SHORTEST_PASSWORD, SiteLogIn};
use self::token::NewTokens;
pub(crate) use self::token::{NoRandomness, TokenHash, random_text};
use crate::problems::NotDone;
use crate::storage::{PasswordValidity, Rotation, Storage, StoredSession};

/// Lets offices in.
pub(crate) struct Doorkeeper {
    storage: Arc<dyn Storage>,
    /// Hashing a password takes much memory and a core; so many at a time.
    hashing: Semaphore,
    /// Compared against where there is no account, so that an unknown user ID costs the same.
    nobody: PasswordHash,
}

impl Doorkeeper {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        hashing_at_once: usize,
    ) -> Result<Self, password::HashingFailed> {
        Ok(Self {
            storage,
            hashing: Semaphore::new(hashing_at_once),
            nobody: PasswordHash::of_nobody()?,
        })
    }

    /// Logs in: a new session for the office of the certificate.
    pub(crate) async fn log_in(
        &self,
        office: OfficeNumber,
        request: LogInRequest,
        now: DateTime<Utc>,
    ) -> Result<SessionGrant, NotDone> {
        if let Err(until) = self.storage.begin_log_in(office, now).await? {
            let wait = (until - now).num_seconds().max(1);
            return Err(Problem::new(ProblemCode::AccountLocked)
                .retry_after(u32::try_from(wait).unwrap_or(u32::MAX))
                .into());
        }
        let account = self
            .storage
            .account(request.user_id)
            .await?
            .filter(|account| account.office == office);
        let hash = match &account {
            Some(account) => account.password.clone(),
            None => self.nobody.clone(),
        };
        let matches = self.verify(hash, request).await?;
        let Some(account) = account.filter(|_| matches) else {
            return Err(ProblemCode::LogInFailed.into());
        };
        self.storage.forget_attempts(office).await?;
        match account.validity {
            PasswordValidity::Temporary => return Err(ProblemCode::PasswordTemporary.into()),
            PasswordValidity::Until(end) if now >= end => {
                return Err(ProblemCode::PasswordExpired.into());
            }
            PasswordValidity::Until(_) | PasswordValidity::Unlimited => {}
        }
        let tokens = NewTokens::generate().map_err(unavailable)?;
        let session = StoredSession {
            id: Uuid::now_v7(),
            office,
            user: account.user,
            tokens: tokens.hashes(),
            times: SessionTimes::starting_at(now),
        };
        self.storage.open_session(session).await?;
        Ok(tokens.grant(office, session.times))
    }

    async fn verify(&self, hash: PasswordHash, request: LogInRequest) -> Result<bool, NotDone> {
        let _turn = self
            .hashing
            .acquire()
            .await
            .map_err(|_| ProblemCode::ServiceUnavailable)?;
        let work = move || hash.verifies(&request.password);
        Ok(tokio::task::spawn_blocking(work).await?)
    }

    /// Exchanges a refresh token.
    pub(crate) async fn refresh(
        &self,
        office: OfficeNumber,
        presented: &RefreshToken,
        now: DateTime<Utc>,
    ) -> Result<SessionGrant, NotDone> {
        let fresh = NewTokens::generate().map_err(unavailable)?;
        let presented = TokenHash::of(presented.expose());
        let rotation = self
            .storage
            .rotate_session(office, presented, fresh.hashes(), now)
            .await?;
        match rotation {
            Rotation::Rotated(session) => Ok(fresh.grant(office, session.times)),
            Rotation::Expired => Err(ProblemCode::TokenExpired.into()),
            Rotation::Reused => {
                tracing::warn!(%office, "a refresh token was used twice; its session is ended");
                Err(ProblemCode::TokenInvalid.into())
            }
            Rotation::Unknown => Err(ProblemCode::TokenInvalid.into()),
        }
    }

    /// The session of an access token, presented over a connection of `office`.
    pub(crate) async fn session(
        &self,
        office: OfficeNumber,
        token: &AccessToken,
        now: DateTime<Utc>,
    ) -> Result<StoredSession, NotDone> {
        let session = self
            .storage
            .session(TokenHash::of(token.expose()))
            .await?
            .filter(|session| session.office == office)
            .ok_or(ProblemCode::TokenInvalid)?;
        if !session.times.access_is_good(now) {
            return Err(ProblemCode::TokenExpired.into());
        }
        Ok(session)
    }

    /// Logs out.
    pub(crate) async fn log_out(&self, session: &StoredSession) -> Result<(), NotDone> {
        Ok(self.storage.end_session(session.id).await?)
    }
}

fn unavailable(_: NoRandomness) -> NotDone {
    ProblemCode::ServiceUnavailable.into()
}
