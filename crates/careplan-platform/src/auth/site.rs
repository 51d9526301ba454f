//! Logging in at the web site, where no certificate says which office is calling.
//!
//! Attempts are counted by the user ID that was typed, whether or not it exists: so a lock tells
//! nothing about which user IDs there are, and whoever guesses at the site does not lock the
//! office's programs out of the API, which counts for itself.

use careplan_core::OfficeNumber;
use careplan_protocol::{LogInRequest, Password, ProblemCode, UserId};
use chrono::{DateTime, Utc};

use super::{Doorkeeper, PasswordHash};
use crate::problems::NotDone;
use crate::storage::{Account, PasswordValidity};

/// The shortest password somebody may choose, in characters (NIST SP 800-63B section 3.1.1.2, with
/// a certificate beside it).
pub(crate) const SHORTEST: usize = 8;

/// What became of a log-in at the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SiteLogIn {
    /// User ID and password are right.
    Right {
        office: OfficeNumber,
        /// Why the password has to be changed first, if it has.
        change: Option<PasswordIs>,
    },
    /// They are not; which of the two is not told.
    Wrong,
    /// Too many were wrong.
    Locked {
        /// Until when.
        until: DateTime<Utc>,
    },
}

/// Why a right password does not log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasswordIs {
    Temporary,
    Expired,
}

impl Doorkeeper {
    /// Logs in at the web site.
    pub(crate) async fn log_in_at_site(
        &self,
        user: UserId,
        password: Password,
        now: DateTime<Utc>,
    ) -> Result<SiteLogIn, NotDone> {
        if let Err(until) = self.storage.begin_site_log_in(user, now).await? {
            return Ok(SiteLogIn::Locked { until });
        }
        let account = self.storage.account(user).await?;
        let hash = match &account {
            Some(account) => account.password.clone(),
            None => self.nobody.clone(),
        };
        let request = LogInRequest {
            user_id: user,
            password,
        };
        let matches = self.verify(hash, request).await?;
        let Some(account) = account.filter(|_| matches) else {
            return Ok(SiteLogIn::Wrong);
        };
        self.storage.forget_site_attempts(user).await?;
        let change = match account.validity {
            PasswordValidity::Temporary => Some(PasswordIs::Temporary),
            PasswordValidity::Until(end) if now >= end => Some(PasswordIs::Expired),
            PasswordValidity::Until(_) | PasswordValidity::Unlimited => None,
        };
        Ok(SiteLogIn::Right {
            office: account.office,
            change,
        })
    }

    /// Changes a password and ends all sessions of the office. Wrong current passwords count and lock
    /// as log-ins do.
    pub(crate) async fn change_password(
        &self,
        office: OfficeNumber,
        user: UserId,
        current: Password,
        new: Password,
        now: DateTime<Utc>,
    ) -> Result<(), NotDone> {
        if self.storage.begin_site_log_in(user, now).await?.is_err() {
            return Err(ProblemCode::AccountLocked.into());
        }
        let account = self.storage.account(user).await?;
        let Some(account) = account.filter(|account| account.office == office) else {
            return Err(ProblemCode::LogInFailed.into());
        };
        let too_short = new.expose().chars().count() < SHORTEST;
        if too_short || new.expose() == current.expose() || new.expose() == user.as_str() {
            return Err(ProblemCode::MalformedRequest.into());
        }
        let request = LogInRequest {
            user_id: user,
            password: current,
        };
        if !self.verify(account.password.clone(), request).await? {
            return Err(ProblemCode::LogInFailed.into());
        }
        let password = tokio::task::spawn_blocking(move || PasswordHash::of(&new))
            .await?
            .map_err(|_| ProblemCode::ServiceUnavailable)?;
        self.storage
            .put_account(Account {
                password,
                validity: PasswordValidity::Unlimited,
                ..account
            })
            .await?;
        self.storage.forget_site_attempts(user).await?;
        Ok(self.storage.end_sessions_of(office).await?)
    }
}
