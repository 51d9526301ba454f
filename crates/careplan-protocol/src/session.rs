//! Logging in, refreshing, logging out: the secrets and how long they live.
//!
//! The client certificate in the handshake says which office calls; user ID and password say who
//! at the office. A session is two tokens: a short-lived one for every call, and a longer-lived one
//! that is exchanged for a new pair and works once.

use std::fmt;
use std::str::FromStr;

use careplan_core::{OfficeNumber, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::text::{check, deserialize_from_text};
use crate::{InvalidText, TextKind};

/// How long an access token is good for: 60 minutes.
pub const ACCESS_LIFETIME: TimeDelta = TimeDelta::minutes(60);

/// How long after logging in tokens can be refreshed: 8 hours, then one logs in again.
pub const REFRESH_LIFETIME: TimeDelta = TimeDelta::hours(8);

/// Declares a text that is a secret: no `Display`, hidden in `Debug`, wiped when dropped, and not
/// comparable, so that nobody compares it byte by byte in a time that tells how much was right.
macro_rules! secret_text {
    ($(#[$doc:meta])* $name:ident, $kind:expr, $lengths:expr, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// The secret itself, for the wire and for hashing. Do not log it.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidText;

            fn from_str(text: &str) -> Result<Self, InvalidText> {
                check(text, $kind, $lengths, $allowed)?;
                Ok(Self(Zeroizing::new(text.to_owned())))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(hidden)"))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.expose())
            }
        }

        deserialize_from_text!($name);
    };
}

secret_text! {
    /// Password (パスワード): 1 to 128 characters without control characters.
    Password, TextKind::Password, (1, 128), |c| !c.is_control()
}

/// The alphabet of base64url (RFC 4648 section 5).
fn is_base64url(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

secret_text! {
    /// Access token: goes with every call, `Authorization: Bearer …` (RFC 6750); good for
    /// [`ACCESS_LIFETIME`].
    AccessToken, TextKind::AccessToken, (16, 256), is_base64url
}

secret_text! {
    /// Refresh token: exchanged for a new pair of tokens, once; good until [`REFRESH_LIFETIME`]
    /// after logging in.
    ///
    /// A token that comes a second time was copied: the platform then ends the session.
    RefreshToken, TextKind::RefreshToken, (16, 256), is_base64url
}

/// Logging in: the body of [`Endpoint::LogIn`](crate::Endpoint::LogIn).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogInRequest {
    /// The user ID; its office must be that of the client certificate.
    #[schemars(with = "crate::schema::UserIdText")]
    pub user_id: UserId,
    /// The password.
    pub password: Password,
}

/// Choosing a new password: the body of
/// [`Endpoint::ChangePassword`](crate::Endpoint::ChangePassword).
///
/// Works with a password that is temporary or expired too; every session of the office ends.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordRequest {
    /// The user ID; its office must be that of the client certificate.
    #[schemars(with = "crate::schema::UserIdText")]
    pub user_id: UserId,
    /// The password as it is.
    pub password: Password,
    /// The password as it is to be: at least [`SHORTEST_NEW_PASSWORD`] characters, neither the
    /// present one nor the user ID.
    pub new_password: Password,
}

/// How many characters a new password has at least: eight, as NIST SP 800-63B asks for one that
/// goes with a second factor, here the certificate.
pub const SHORTEST_NEW_PASSWORD: usize = 8;

/// Exchanging a refresh token: the body of [`Endpoint::Refresh`](crate::Endpoint::Refresh).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The latest refresh token.
    pub refresh_token: RefreshToken,
}

/// A session, new or refreshed: the answer to logging in and to refreshing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SessionGrant {
    /// The office the session is for, as the platform knows it.
    #[schemars(with = "crate::schema::OfficeNumberText")]
    pub office: OfficeNumber,
    /// For every call until [`times.access_expires_at`](SessionTimes::access_expires_at).
    pub access_token: AccessToken,
    /// For one refresh until [`times.refresh_expires_at`](SessionTimes::refresh_expires_at).
    pub refresh_token: RefreshToken,
    /// When they end.
    #[serde(flatten)]
    pub times: SessionTimes,
}

/// When the tokens of a session end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SessionTimes {
    /// The access token is refused from this instant.
    pub access_expires_at: DateTime<Utc>,
    /// The refresh token is refused from this instant; refreshing does not move it.
    pub refresh_expires_at: DateTime<Utc>,
}

impl SessionTimes {
    /// The times of a session that starts `now`.
    #[must_use]
    pub fn starting_at(now: DateTime<Utc>) -> Self {
        Self {
            access_expires_at: now + ACCESS_LIFETIME,
            refresh_expires_at: now + REFRESH_LIFETIME,
        }
    }

    /// The times after refreshing `now`; `None` if it is too late to.
    ///
    /// The access token never outlives the session.
    #[must_use]
    pub fn refreshed_at(self, now: DateTime<Utc>) -> Option<Self> {
        (now < self.refresh_expires_at).then(|| Self {
            access_expires_at: (now + ACCESS_LIFETIME).min(self.refresh_expires_at),
            ..self
        })
    }

    /// Whether the access token is still good `now`.
    #[must_use]
    pub fn access_is_good(self, now: DateTime<Utc>) -> bool {
        now < self.access_expires_at
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let request = LogInRequest {
            user_id: "KJ0123456789ab".parse().unwrap(),
            password: "ひみつ no 1".parse().unwrap(),
        };
        assert_eq!(
            format!("{request:?}"),
            "LogInRequest { user_id: UserId(hidden), password: Password(hidden) }"
        );
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"user_id":"KJ0123456789ab","password":"ひみつ no 1"}"#
        );
        let refused =
            serde_json::from_str::<RefreshRequest>(r#"{"refresh_token":"not a token!!!!!!"}"#);
        assert!(!refused.unwrap_err().to_string().contains("not a token!"));
    }

    #[test]
    fn requests_with_unknown_members_are_refused() {
        assert!(
            serde_json::from_str::<LogInRequest>(
                r#"{"user_id":"KJ0123456789ab","password":"x","office":"1370948774"}"#
            )
            .is_err()
        );
    }

    #[test]
    fn a_session_lasts_eight_hours_however_often_it_is_refreshed() {
        let start = Utc.with_ymd_and_hms(2026, 9, 30, 0, 0, 0).unwrap();
        let times = SessionTimes::starting_at(start);
        assert!(times.access_is_good(start + TimeDelta::seconds(3599)));
        assert!(!times.access_is_good(start + TimeDelta::seconds(3600)));
        let late = times.refreshed_at(start + TimeDelta::minutes(450)).unwrap();
        assert_eq!(late.access_expires_at, start + TimeDelta::hours(8));
        assert_eq!(late.refresh_expires_at, start + TimeDelta::hours(8));
        assert_eq!(late.refreshed_at(start + TimeDelta::hours(8)), None);
    }
}
