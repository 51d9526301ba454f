//! Who is calling: logging in, refreshing, and the session every other call needs.
//!
//! The TLS handshake has shown which office the connection's certificate is for; user ID and
//! password, or the tokens that came from them, must belong to that same office.

mod hashing;
mod password;
mod site;
mod token;

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use careplan_core::OfficeNumber;
use careplan_protocol::{
    AccessToken, LogInRequest, Password, Problem, ProblemCode, RefreshToken, SHORTEST_NEW_PASSWORD,
    SessionGrant, SessionTimes, UserId,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use self::hashing::HashingThreads;
pub(crate) use self::password::PasswordHash;
pub(crate) use self::site::{PasswordIs, SiteLogIn};
use self::token::NewTokens;
pub(crate) use self::token::{NoRandomness, TokenHash, random_text};
use crate::problems::NotDone;
use crate::storage::{Account, Attempted, PasswordValidity, Rotation, Storage, StoredSession};

/// Lets offices in.
#[derive(Clone)]
pub(crate) struct Doorkeeper {
    storage: Arc<dyn Storage>,
    hashing: HashingThreads,
    /// Compared against where there is no account, so that an unknown user ID costs the same.
    nobody: PasswordHash,
}

/// What came of trying a password.
enum Attempt {
    /// It is the account's.
    Right(Box<Account>),
    /// It is not, or there is no such account; which of the two is not told.
    Wrong,
    /// Too many were wrong, or too many are being tried.
    NotNow {
        /// When to come again.
        until: DateTime<Utc>,
    },
}

impl Doorkeeper {
    pub(crate) fn new(storage: Arc<dyn Storage>, hashing_at_once: usize) -> io::Result<Self> {
        let hashing_at_once = NonZeroUsize::new(hashing_at_once).unwrap_or(NonZeroUsize::MIN);
        Ok(Self {
            storage,
            hashing: HashingThreads::start(hashing_at_once)?,
            nobody: PasswordHash::of_nobody().map_err(io::Error::other)?,
        })
    }

    /// Logs in: a new session for the office of the certificate.
    pub(crate) async fn log_in(
        &self,
        office: OfficeNumber,
        request: LogInRequest,
        now: DateTime<Utc>,
    ) -> Result<SessionGrant, NotDone> {
        let account = self
            .authenticate(office, request.user_id, request.password, now)
            .await?;
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

    /// Gives an account a new password; whoever is logged in at its office has to log in again.
    ///
    /// The present one must be right, and counts as an attempt to log in; that it is temporary or
    /// expired does not matter, for this is how one gets out of that.
    pub(crate) async fn change_password(
        &self,
        office: OfficeNumber,
        user: UserId,
        current: Password,
        new: Password,
        now: DateTime<Utc>,
    ) -> Result<(), NotDone> {
        let same = new.expose() == current.expose();
        let account = self.authenticate(office, user, current, now).await?;
        if same {
            return Err(ProblemCode::PasswordUnsuitable.into());
        }
        self.replace_password(account, new).await
    }

    /// Replaces the password of an account whose present one was shown, wherever that was.
    async fn replace_password(&self, account: Account, new: Password) -> Result<(), NotDone> {
        if !is_suitable(&new, account.user) {
            return Err(ProblemCode::PasswordUnsuitable.into());
        }
        let office = account.office;
        let password = self.hashed(move || PasswordHash::of(&new)).await?;
        let password = password.map_err(|error| {
            tracing::error!(%error, "a new password");
            ProblemCode::ServiceUnavailable
        })?;
        let account = Account {
            password,
            validity: PasswordValidity::Unlimited,
            ..account
        };
        if !self.storage.put_account(account).await? {
            return Err(ProblemCode::LogInFailed.into());
        }
        self.storage.end_sessions_of(office).await?;
        tracing::info!(%office, "an office changed its password");
        Ok(())
    }

    /// The account of a user ID and its right password; counts the attempt.
    pub(crate) async fn authenticate(
        &self,
        office: OfficeNumber,
        user: UserId,
        password: Password,
        now: DateTime<Utc>,
    ) -> Result<Account, NotDone> {
        let attempted = Attempted::Office(office);
        let account = match self.attempt(attempted, user, password, now).await? {
            Attempt::Right(account) => *account,
            Attempt::Wrong => return Err(ProblemCode::LogInFailed.into()),
            Attempt::NotNow { until } => {
                let wait = (until - now).num_seconds().max(1);
                return Err(Problem::new(ProblemCode::AccountLocked)
                    .retry_after(u32::try_from(wait).unwrap_or(u32::MAX))
                    .into());
            }
        };
        // Only who knows the password learns that an operator locked it.
        if self.storage.account_lock(account.user).await?.is_some() {
            return Err(ProblemCode::AccountLocked.into());
        }
        Ok(account)
    }

    /// Tries a password. Once begun it is brought to its end, whatever becomes of the caller: who
    /// hangs up does not get out of being counted.
    async fn attempt(
        &self,
        attempted: Attempted,
        user: UserId,
        password: Password,
        now: DateTime<Utc>,
    ) -> Result<Attempt, NotDone> {
        let doorkeeper = self.clone();
        tokio::spawn(async move {
            doorkeeper
                .attempt_to_the_end(attempted, user, password, now)
                .await
        })
        .await?
    }

    async fn attempt_to_the_end(
        &self,
        attempted: Attempted,
        user: UserId,
        password: Password,
        now: DateTime<Utc>,
    ) -> Result<Attempt, NotDone> {
        let attempt = match self.storage.begin_log_in(attempted, now).await? {
            Ok(attempt) => attempt,
            Err(until) => return Ok(Attempt::NotNow { until }),
        };
        let account = self.storage.account(user).await?;
        let account = account.filter(|account| match attempted {
            Attempted::Office(office) => account.office == office,
            Attempted::User(_) => true,
        });
        let hash = match &account {
            Some(account) => account.password.clone(),
            None => self.nobody.clone(),
        };
        let matches = self.hashed(move || hash.verifies(&password)).await?;
        let account = account.filter(|_| matches);
        let right = account.is_some();
        // Counted before anybody learns what came of it; and not told if it has no place any more.
        if !self
            .storage
            .end_log_in(attempted, attempt, right, now)
            .await?
        {
            return Err(ProblemCode::ServiceUnavailable.into());
        }
        Ok(account.map_or(Attempt::Wrong, |account| Attempt::Right(Box::new(account))))
    }

    /// Runs work with a password when it is its turn.
    async fn hashed<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        self.hashing
            .run(work)
            .await
            .map_err(|hashing::Stopped| ProblemCode::ServiceUnavailable.into())
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

/// Whether a password may be a new one of an account.
fn is_suitable(password: &Password, user: UserId) -> bool {
    let text = password.expose();
    text.chars().count() >= SHORTEST_NEW_PASSWORD && !text.eq_ignore_ascii_case(user.as_str())
}

fn unavailable(_: NoRandomness) -> NotDone {
    ProblemCode::ServiceUnavailable.into()
}
