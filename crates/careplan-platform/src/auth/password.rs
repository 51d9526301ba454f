//! Passwords: argon2id (RFC 9106) with a salt of their own, in the PHC string format.

use std::fmt;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use careplan_protocol::Password;

/// Length of a salt in bytes, as RFC 9106 section 3.1 recommends.
const SALT: usize = 16;

/// A password could not be hashed: no randomness, no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password could not be hashed")]
pub(crate) struct HashingFailed;

/// The hash of a password: `$argon2id$…`.
#[derive(Clone)]
pub(crate) struct PasswordHash(String);

impl PasswordHash {
    /// Hashes a password with a fresh salt. Takes a core and about 20 MB for some ten milliseconds.
    pub(crate) fn of(password: &Password) -> Result<Self, HashingFailed> {
        Self::of_bytes(password.expose().as_bytes())
    }

    /// The hash of a password nobody knows, made at the same cost as any other.
    pub(super) fn of_nobody() -> Result<Self, HashingFailed> {
        let mut unknown = [0; 32];
        aws_lc_rs::rand::fill(&mut unknown).map_err(|_| HashingFailed)?;
        Self::of_bytes(&unknown)
    }

    fn of_bytes(password: &[u8]) -> Result<Self, HashingFailed> {
        let mut salt = [0; SALT];
        aws_lc_rs::rand::fill(&mut salt).map_err(|_| HashingFailed)?;
        Argon2::default()
            .hash_password_with_salt(password, &salt)
            .map(|hash| Self(hash.to_string()))
            .map_err(|_| HashingFailed)
    }

    /// A hash that was stored.
    pub(crate) fn from_storage(text: String) -> Self {
        Self(text)
    }

    /// The text to store.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the hash of a password; also no if it cannot be read.
    pub(super) fn verifies(&self, password: &Password) -> bool {
        Argon2::default()
            .verify_password(password.expose().as_bytes(), self.as_str())
            .is_ok()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        text.parse().unwrap()
    }

    #[test]
    fn only_the_same_password_verifies() {
        let hash = PasswordHash::of(&password("ひみつ 1")).unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$"));
        assert!(hash.verifies(&password("ひみつ 1")));
        assert!(!hash.verifies(&password("ひみつ 2")));
        assert!(!PasswordHash::from_storage("damaged".into()).verifies(&password("x")));
    }

    #[test]
    fn equal_passwords_have_different_hashes() {
        let one = PasswordHash::of(&password("x")).unwrap();
        assert_ne!(
            one.as_str(),
            PasswordHash::of(&password("x")).unwrap().as_str()
        );
    }

    /// The vector of the reference implementation (phc-winner-argon2, src/test.c).
    #[test]
    fn hashes_of_the_reference_implementation_are_read() {
        let hash = PasswordHash::from_storage(
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ\
             $CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
                .to_owned(),
        );
        assert!(hash.verifies(&password("password")));
        assert!(!hash.verifies(&password("Password")));
    }
}
