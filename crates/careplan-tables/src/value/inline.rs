//! Short ASCII values kept in place: digits that are text, postal codes, telephone numbers.

use std::fmt;
use std::str::FromStr;

use careplan_core::{Explain, Lang};

use super::{Refusal, Value, serde_as_text};
use crate::column::{Column, Kind};
use crate::fault::FaultKind;

/// A text that is not a value of this crate's types. It does not hold the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct ValueError {
    pub(crate) kind: Kind,
}

impl ValueError {
    /// The kind of value that was expected.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }
}

impl Explain for ValueError {
    fn explain(&self, lang: Lang) -> String {
        let form = self.kind.form(lang);
        match lang {
            Lang::En => format!("not a valid value; write {form}"),
            Lang::Ja => format!("値が正しくありません。{form}で記入してください。"),
        }
    }
}

/// Declares a short ASCII type: at most `$max` bytes that pass `$check`.
macro_rules! inline_ascii {
    ($(#[$doc:meta])* $name:ident[$max:literal], $kind:expr, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            bytes: [u8; $max],
            len: u8,
        }

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                // Parsing let only ASCII in, so this never takes the other branch.
                std::str::from_utf8(self.as_bytes()).unwrap_or_default()
            }

            /// The ASCII bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                self.bytes.get(..usize::from(self.len)).unwrap_or_default()
            }

            #[inline]
            pub(crate) fn from_bytes(text: &[u8]) -> Option<Self> {
                let check: fn(&[u8]) -> bool = $check;
                let mut bytes = [0; $max];
                if text.is_empty() || !check(text) {
                    return None;
                }
                bytes.get_mut(..text.len())?.copy_from_slice(text);
                Some(Self { bytes, len: text.len() as u8 })
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                Self::from_bytes(text.as_bytes()).ok_or(ValueError { kind: $kind })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl Value for $name {
            #[inline]
            fn parse(bytes: &[u8], _column: &Column) -> Result<Self, Refusal> {
                Self::from_bytes(bytes).ok_or(Refusal::Form)
            }

            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(self.as_bytes());
            }

            fn verify(&self, _column: &Column) -> Result<(), FaultKind> {
                Ok(())
            }
        }

        serde_as_text!($name);
    };
}
pub(crate) use inline_ascii;

inline_ascii! {
    /// Digits that are text (サテライト枝番 and the like): "01" is not "1". At most 10.
    Digits[10], Kind::Digits, |bytes| bytes.iter().all(u8::is_ascii_digit)
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digits({self})")
    }
}

inline_ascii! {
    /// Postal code (郵便番号), 999-9999.
    PostalCode[8], Kind::Postal, |bytes| match bytes {
        [head @ .., b'-', a, b, c, d] => {
            head.len() == 3
                && head.iter().chain([a, b, c, d]).all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

impl fmt::Debug for PostalCode {
    /// Hidden: part of an address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostalCode(hidden)")
    }
}

inline_ascii! {
    /// Telephone number (電話番号): digits and hyphens, at most 15.
    PhoneNumber[15], Kind::Phone,
    |bytes| bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-')
}

impl fmt::Debug for PhoneNumber {
    /// Hidden: personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postal_codes_have_a_hyphen() {
        assert_eq!(
            "154-0001".parse::<PostalCode>().unwrap().as_str(),
            "154-0001"
        );
        for bad in [
            "1540001",
            "154-001",
            "15-40001",
            "１５４-0001",
            "",
            "154-00011",
        ] {
            assert!(bad.parse::<PostalCode>().is_err(), "{bad}");
        }
    }

    #[test]
    fn telephone_numbers_are_digits_and_hyphens_up_to_15() {
        assert!("090-0000-0000".parse::<PhoneNumber>().is_ok());
        assert!("0120-000-000-00".parse::<PhoneNumber>().is_ok());
        for bad in ["", "0120-000-000-000", "(03)1234-5678", "03 1234 5678"] {
            assert!(bad.parse::<PhoneNumber>().is_err(), "{bad}");
        }
    }

    #[test]
    fn digits_keep_their_zeros() {
        let digits: Digits = "01".parse().unwrap();
        assert_eq!(digits.to_string(), "01");
        assert_ne!(digits, "1".parse().unwrap());
        assert!("0a".parse::<Digits>().is_err());
        assert!("12345678901".parse::<Digits>().is_err());
    }
}
