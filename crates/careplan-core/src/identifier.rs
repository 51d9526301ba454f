//! Numbers that identify offices, insurers and insured persons.
//!
//! All are ASCII of a fixed length, kept as bytes: no allocation, cheap to copy, compare and hash.

use std::fmt;

use crate::{ParseError, Reason, Term};

/// Declares a fixed-length ASCII identifier: parsing, text, serde. `$check` finds the first bad
/// position; `Debug` is written by hand where the value is personal data.
macro_rules! ascii_identifier {
    ($(#[$doc:meta])* $name:ident[$len:literal], $term:expr, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in characters.
            pub const LEN: usize = $len;

            /// The text as the standard writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                // Parsing let only ASCII in, so this never takes the other branch.
                std::str::from_utf8(&self.0).unwrap_or_default()
            }

            /// The ASCII bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = $crate::ParseError;

            #[inline]
            fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
                let check: fn(&[u8; $len]) -> Result<(), $crate::Reason> = $check;
                let Ok(array) = <&[u8; $len]>::try_from(bytes) else {
                    let found = String::from_utf8_lossy(bytes).chars().count();
                    return Err($crate::ParseError::new($term, $crate::Reason::Length { found }));
                };
                check(array).map_err(|reason| $crate::ParseError::new($term, reason))?;
                Ok(Self(*array))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::ParseError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::try_from(text.as_bytes())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use ascii_identifier;

/// The first byte that fails `allowed`, as a reason.
pub(crate) fn all(bytes: &[u8], allowed: impl Fn(usize, u8) -> bool) -> Result<(), Reason> {
    match bytes
        .iter()
        .enumerate()
        .find(|&(at, &byte)| !allowed(at, byte))
    {
        None => Ok(()),
        Some((at, _)) => Err(Reason::Character { at }),
    }
}

ascii_identifier! {
    /// Office number (事業所番号): prefecture (2 digits), kind of office (1), the rest (7).
    ///
    /// The third character is the letter A for offices of the municipalities' comprehensive
    /// services (総合事業).
    OfficeNumber[10], Term::OfficeNumber,
    |bytes| all(bytes, |at, byte| byte.is_ascii_digit() || (at == 2 && byte == b'A'))
}

impl OfficeNumber {
    /// 9999999999: stands for no office in particular (grand total rows of table 7).
    pub const NONE: Self = Self(*b"9999999999");

    /// The prefecture's number (都道府県番号), 1 to 47 for real offices.
    #[must_use]
    pub const fn prefecture(&self) -> u8 {
        (self.0[0] - b'0') * 10 + (self.0[1] - b'0')
    }
}

impl fmt::Debug for OfficeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OfficeNumber({self})")
    }
}

ascii_identifier! {
    /// Insurer number (保険者番号): 6 digits, a municipality or a union of them.
    InsurerNumber[6], Term::InsurerNumber,
    |bytes| all(bytes, |_, byte| byte.is_ascii_digit())
}

impl fmt::Debug for InsurerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InsurerNumber({self})")
    }
}

ascii_identifier! {
    /// Insured number (被保険者番号): 10 digits, or H and 9 digits for persons on public
    /// assistance only (生保単独).
    ///
    /// Personal data: `Debug` hides it. `Display` and serde write it, because files need it.
    InsuredNumber[10], Term::InsuredNumber,
    |bytes| all(bytes, |at, byte| byte.is_ascii_digit() || (at == 0 && byte == b'H'))
}

impl InsuredNumber {
    /// Whether the person is on public assistance only (生保単独, numbers with H).
    #[must_use]
    pub const fn is_public_assistance_only(&self) -> bool {
        self.0[0] == b'H'
    }
}

impl fmt::Debug for InsuredNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InsuredNumber(hidden)")
    }
}

ascii_identifier! {
    /// User ID (ユーザID) of the electronic claims system: KJ and 12 letters or digits.
    ///
    /// It names a log-in, so `Debug` hides it. `Display` and serde write it, because a consent is
    /// evidence of who gave it.
    UserId[14], Term::UserId,
    |bytes| all(bytes, |at, byte| match at {
        0 => byte == b'K',
        1 => byte == b'J',
        _ => byte.is_ascii_alphanumeric(),
    })
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserId(hidden)")
    }
}

impl ParseError {
    /// Whether the text had the shape of a number that lost leading zeros is for the caller to
    /// see; this says only that its length was wrong.
    #[must_use]
    pub const fn is_length(&self) -> bool {
        matches!(self.reason(), Reason::Length { .. })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn office_numbers_are_ten_digits_or_have_a_third_letter_a() {
        for good in ["1370948774", "13A0948774", "0000000000"] {
            assert_eq!(good.parse::<OfficeNumber>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "137094877",
            "13709487740",
            "A370948774",
            "13a0948774",
            "13B0948774",
            "１３",
        ] {
            assert!(bad.parse::<OfficeNumber>().is_err(), "{bad}");
        }
    }

    #[test]
    fn insured_numbers_may_start_with_h_only() {
        assert!(
            "H386215698"
                .parse::<InsuredNumber>()
                .unwrap()
                .is_public_assistance_only()
        );
        assert!(
            !"0462428004"
                .parse::<InsuredNumber>()
                .unwrap()
                .is_public_assistance_only()
        );
        for bad in ["h386215698", "0H62428004", "462428004", " 462428004"] {
            assert!(bad.parse::<InsuredNumber>().is_err(), "{bad}");
        }
    }

    #[test]
    fn insured_numbers_do_not_show_in_debug_output() {
        let number: InsuredNumber = "0462428004".parse().unwrap();
        assert_eq!(format!("{number:?}"), "InsuredNumber(hidden)");
    }

    #[test]
    fn user_ids_are_kj_and_twelve_letters_or_digits() {
        for good in ["KJ000000000001", "KJ0123456789ab"] {
            assert_eq!(good.parse::<UserId>().unwrap().as_str(), good);
        }
        let bad_ones = [
            "",
            "KJ",
            "KJ00000000000",
            "KJ0000000000012",
            "kj000000000001",
            "AB000000000001",
            "KJ0000-0000001",
        ];
        for bad in bad_ones {
            assert!(bad.parse::<UserId>().is_err(), "{bad}");
        }
        let user: UserId = "KJ000000000001".parse().unwrap();
        assert_eq!(format!("{user:?}"), "UserId(hidden)");
    }

    #[test]
    fn serde_writes_the_text_and_refuses_what_parsing_refuses() {
        let office: OfficeNumber = serde_json::from_str("\"1370948774\"").unwrap();
        assert_eq!(serde_json::to_string(&office).unwrap(), "\"1370948774\"");
        assert!(serde_json::from_str::<OfficeNumber>("\"x\"").is_err());
        assert!(serde_json::from_str::<OfficeNumber>("1370948774").is_err());
    }

    proptest! {
        #[test]
        fn text_round_trips(text in "[0-9]{2}[0-9A][0-9]{7}") {
            let office: OfficeNumber = text.parse().unwrap();
            prop_assert_eq!(office.to_string(), text);
        }

        #[test]
        fn any_text_is_parsed_or_refused_without_panic(text in ".*") {
            let _ = text.parse::<OfficeNumber>();
            let _ = text.parse::<InsuredNumber>();
            let _ = text.parse::<InsurerNumber>();
        }
    }
}
