//! Tokens: 256 random bits in base64url. Only their hashes are kept.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use careplan_core::{OfficeNumber, ParseError, Sha256Digest};
use careplan_protocol::{AccessToken, RefreshToken, SessionGrant, SessionTimes};
use zeroize::Zeroizing;

use crate::storage::SessionTokens;

/// The operating system gave no randomness.
#[derive(Debug)]
pub(crate) struct NoRandomness;

/// SHA-256 of a token. A plain hash is enough, because a token cannot be guessed as a password can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenHash(Sha256Digest);

impl TokenHash {
    pub(crate) fn of(token: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(Sha256Digest::new(bytes))
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for TokenHash {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        text.parse().map(Self)
    }
}

/// The two tokens of a session, on their way to the office.
pub(super) struct NewTokens {
    access: AccessToken,
    refresh: RefreshToken,
}

impl NewTokens {
    pub(super) fn generate() -> Result<Self, NoRandomness> {
        Ok(Self {
            access: random()?,
            refresh: random()?,
        })
    }

    pub(super) fn hashes(&self) -> SessionTokens {
        SessionTokens {
            access: TokenHash::of(self.access.expose()),
            refresh: TokenHash::of(self.refresh.expose()),
        }
    }

    pub(super) fn grant(self, office: OfficeNumber, times: SessionTimes) -> SessionGrant {
        SessionGrant {
            office,
            access_token: self.access,
            refresh_token: self.refresh,
            times,
        }
    }
}

fn random<T: FromStr>() -> Result<T, NoRandomness> {
    random_text()?.parse().map_err(|_| NoRandomness)
}

/// 256 random bits in base64url: 43 characters.
pub(crate) fn random_text() -> Result<Zeroizing<String>, NoRandomness> {
    let mut bits = Zeroizing::new([0; 32]);
    aws_lc_rs::rand::fill(bits.as_mut_slice()).map_err(|_| NoRandomness)?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bits.as_slice())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_256_bits_and_never_the_same() {
        let tokens = NewTokens::generate().unwrap();
        assert_eq!(tokens.access.expose().len(), 43);
        assert_ne!(tokens.access.expose(), tokens.refresh.expose());
        assert_ne!(tokens.hashes(), NewTokens::generate().unwrap().hashes());
    }

    #[test]
    fn the_hash_is_sha_256() {
        // printf abc | sha256sum
        assert_eq!(
            TokenHash::of("abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
