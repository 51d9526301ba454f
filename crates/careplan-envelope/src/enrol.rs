//! Issue passwords (発行用パスワード): an office gets its certificate with a password that the
//! operator sent it, once.
//!
//! The authority makes the passwords itself, of 80 random bits, and keeps only a derived key of
//! them (PBKDF2, RFC 8018), so its register tells nobody a password.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use careplan_core::OfficeNumber;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{CertificateKind, Error, ErrorKind};

/// Letters and digits that are not mistaken for one another (Crockford's Base32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a password, of 5 bits each.
const LENGTH: usize = 16;
/// Characters written together.
const GROUP: usize = 4;
/// How many wrong passwords end an invitation.
const MAX_FAILURES: u8 = 5;
/// Enough against guessing; the passwords being random, nobody could guess them anyway.
const ITERATIONS: NonZeroU32 = match NonZeroU32::new(100_000) {
    Some(iterations) => iterations,
    None => NonZeroU32::MIN,
};

/// An office that may request a certificate with its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invitation {
    pub(crate) office: OfficeNumber,
    pub(crate) kind: CertificateKind,
    /// The last instant at which the password is good.
    until: DateTime<Utc>,
    /// Random, so that equal passwords have different keys; hexadecimal.
    salt: String,
    /// The key derived from the password; hexadecimal.
    key: String,
    failures: u8,
}

impl Invitation {
    /// A new invitation, and its password.
    pub(crate) fn new(
        office: OfficeNumber,
        kind: CertificateKind,
        until: DateTime<Utc>,
    ) -> Result<(Self, Zeroizing<String>), Error> {
        let mut random = Zeroizing::new([0_u8; LENGTH]);
        let mut salt = [0; 16];
        for bytes in [random.as_mut_slice(), &mut salt] {
            aws_lc_rs::rand::fill(bytes).map_err(|_| ErrorKind::Crypto)?;
        }
        let characters: Zeroizing<String> = Zeroizing::new(
            random
                .iter()
                .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
                .map(|&character| char::from(character))
                .collect(),
        );
        let invitation = Self {
            office,
            kind,
            until,
            key: hex::encode(derive(&salt, &characters).as_slice()),
            salt: hex::encode(salt),
            failures: 0,
        };
        let mut password = Zeroizing::new(String::with_capacity(LENGTH + LENGTH / GROUP));
        for (at, character) in characters.chars().enumerate() {
            if at > 0 && at % GROUP == 0 {
                password.push('-');
            }
            password.push(character);
        }
        Ok((invitation, password))
    }

    /// Whether this password is the invitation's, and still good. Counts wrong ones.
    pub(crate) fn admits(&mut self, password: &str, at: DateTime<Utc>) -> bool {
        if self.failures >= MAX_FAILURES || at > self.until {
            return false;
        }
        let (Ok(salt), Ok(key)) = (hex::decode(&self.salt), hex::decode(&self.key)) else {
            return false;
        };
        let password = as_written(password);
        let same = pbkdf2::verify(
            pbkdf2::PBKDF2_HMAC_SHA256,
            ITERATIONS,
            &salt,
            password.as_bytes(),
            &key,
        );
        if same.is_err() {
            self.failures += 1;
        }
        same.is_ok()
    }
}

fn derive(salt: &[u8], password: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        ITERATIONS,
        salt,
        password.as_bytes(),
        key.as_mut_slice(),
    );
    key
}

/// A password as people type it: letter case, spaces and hyphens do not count, and letters that
/// look like digits are those digits.
fn as_written(password: &str) -> Zeroizing<String> {
    Zeroizing::new(
        password
            .chars()
            .filter(|character| !matches!(character, ' ' | '-'))
            .map(|character| match character.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn invitation() -> (Invitation, Zeroizing<String>) {
        let office = "1370948774".parse().unwrap();
        let until = time("2026-12-31T15:00:00Z");
        Invitation::new(office, CertificateKind::CareDx, until).unwrap()
    }

    #[test]
    fn passwords_are_four_groups_and_forgive_how_they_are_typed() {
        let (mut invitation, password) = invitation();
        let groups: Vec<&str> = password.split('-').collect();
        assert_eq!(groups.len(), 4);
        assert!(groups.iter().all(|group| group.len() == 4));
        let now = time("2026-12-01T00:00:00Z");
        let typed = password.to_lowercase().replace('-', " ").replace('0', "o");
        assert!(invitation.admits(&typed.replace('1', "l"), now));
        assert!(invitation.admits(&password, now));
    }

    #[test]
    fn five_wrong_ones_and_the_last_day_end_it() {
        let (mut invitation, password) = invitation();
        assert!(invitation.admits(&password, time("2026-12-31T15:00:00Z")));
        assert!(!invitation.admits(&password, time("2026-12-31T15:00:01Z")));
        let now = time("2026-12-01T00:00:00Z");
        for _ in 0..4 {
            assert!(!invitation.admits("0000-0000-0000-0000", now));
        }
        assert!(invitation.admits(&password, now));
        assert!(!invitation.admits("", now));
        assert!(!invitation.admits(&password, now));
    }

    #[test]
    fn what_is_kept_is_not_the_password() {
        let (invitation, password) = invitation();
        let kept = serde_json::to_string(&invitation).unwrap();
        let bare = password.replace('-', "");
        assert!(!kept.contains(&bare));
        assert!(!kept.contains(password.as_str()));
        assert!(!kept.contains(&hex::encode(bare)));
    }
}
