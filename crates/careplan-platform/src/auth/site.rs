//! Logging in at the web site, where no certificate says which office is calling.
//!
//! Attempts are counted by the user ID that was typed, whether or not it exists: so a lock tells
//! nothing about which user IDs there are, and whoever guesses at the site does not lock the
//! office's programs out of the API, which counts for itself.

use careplan_core::OfficeNumber;
use careplan_protocol::{Password, ProblemCode, UserId};
use chrono::{DateTime, TimeDelta, Utc};

use super::{Attempt, Doorkeeper};
use crate::problems::NotDone;
use crate::storage::{Attempted, PasswordValidity};

/// For how long an account that an operator locked is told to be locked, each time anew.
const OPERATORS_LOCK: TimeDelta = TimeDelta::days(1);

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
        let attempted = Attempted::User(user);
        let account = match self.attempt(attempted, user, password, now).await? {
            Attempt::Right(account) => *account,
            Attempt::Wrong => return Ok(SiteLogIn::Wrong),
            Attempt::NotNow { until } => return Ok(SiteLogIn::Locked { until }),
        };
        if self.storage.account_lock(user).await?.is_some() {
            // An operator's lock has no end of its own; until then nothing changes by waiting.
            let until = now + OPERATORS_LOCK;
            return Ok(SiteLogIn::Locked { until });
        }
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

    /// Gives an account a new password at the web site, as
    /// [`change_password`](Self::change_password) does at the API; wrong present passwords count
    /// as log-ins at the site do.
    pub(crate) async fn change_password_at_site(
        &self,
        user: UserId,
        current: Password,
        new: Password,
        now: DateTime<Utc>,
    ) -> Result<(), NotDone> {
        let same = new.expose() == current.expose();
        let attempted = Attempted::User(user);
        let account = match self.attempt(attempted, user, current, now).await? {
            Attempt::Right(account) => *account,
            Attempt::Wrong => return Err(ProblemCode::LogInFailed.into()),
            Attempt::NotNow { .. } => return Err(ProblemCode::AccountLocked.into()),
        };
        if same {
            return Err(ProblemCode::PasswordUnsuitable.into());
        }
        self.replace_password(account, new).await
    }
}
