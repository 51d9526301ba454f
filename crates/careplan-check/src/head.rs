//! What the first bytes of a file tell before it is read: that it is no Shift_JIS, or no CSV.

/// How much is looked at.
pub(crate) const LENGTH: usize = 64 * 1024;

/// What a file seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guess {
    /// Nothing speaks against MS932.
    Ms932,
    /// UTF-8 with a byte order mark.
    Utf8Marked,
    /// UTF-8 without one.
    Utf8 {
        /// The first character beyond ASCII, in bytes from 0.
        first: u64,
    },
    /// UTF-16 with a byte order mark.
    Utf16Marked,
    /// Not to be read as CSV at all; what it is.
    Foreign(&'static str),
}

impl Guess {
    /// Looks at the beginning of a file; `whole` if there is no more of it.
    pub(crate) fn from(head: &[u8], whole: bool) -> Self {
        match head {
            [0xEF, 0xBB, 0xBF, ..] => return Self::Utf8Marked,
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => return Self::Utf16Marked,
            [b'P', b'K', 3, 4, ..] => return Self::Foreign("Excel (xlsx) / ZIP"),
            [0xD0, 0xCF, 0x11, 0xE0, ..] => return Self::Foreign("Excel (xls)"),
            [b'%', b'P', b'D', b'F', b'-', ..] => return Self::Foreign("PDF"),
            [0, 0x20..=0x7E, 0, 0x20..=0x7E, ..] | [0x20..=0x7E, 0, 0x20..=0x7E, 0, ..] => {
                return Self::Foreign("UTF-16");
            }
            _ => {}
        }
        let Some(first) = head.iter().position(|byte| !byte.is_ascii()) else {
            return Self::Ms932;
        };
        // A character may be cut off at the end of what is looked at.
        let valid = match std::str::from_utf8(head) {
            Ok(_) => head.len(),
            Err(error) if error.error_len().is_none() && !whole => error.valid_up_to(),
            Err(_) => return Self::Ms932,
        };
        // Half-width kana of MS932 can pass for two-byte characters of UTF-8; kanji and kana of
        // UTF-8 have three.
        let three_bytes = head
            .get(first..valid)
            .unwrap_or_default()
            .iter()
            .any(|byte| matches!(byte, 0xE0..=0xEF));
        if three_bytes {
            Self::Utf8 {
                first: first as u64,
            }
        } else {
            Self::Ms932
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_utf8_from_ms932() {
        // 山本 in UTF-8, and in MS932.
        let utf8 = b"202407,\xE5\xB1\xB1\xE6\x9C\xAC\r\n";
        assert_eq!(Guess::from(utf8, true), Guess::Utf8 { first: 7 });
        assert_eq!(
            Guess::from(b"202407,\x8E\x52\x96\x7B\r\n", true),
            Guess::Ms932
        );
        // ﾃｱ in MS932 is a two-byte character of UTF-8.
        assert_eq!(Guess::from(b"\xC3\xB1", true), Guess::Ms932);
        assert_eq!(Guess::from(b"202407\r\n", true), Guess::Ms932);
        assert_eq!(Guess::from(b"", true), Guess::Ms932);
    }

    #[test]
    fn a_character_cut_off_is_still_utf8_if_more_follows() {
        let cut = b"\xE5\xB1\xB1\xE6\x9C";
        assert_eq!(Guess::from(cut, false), Guess::Utf8 { first: 0 });
        assert_eq!(Guess::from(cut, true), Guess::Ms932);
    }

    #[test]
    fn knows_what_is_no_csv() {
        assert_eq!(Guess::from(b"\xEF\xBB\xBF2", true), Guess::Utf8Marked);
        assert_eq!(Guess::from(b"\xFF\xFE2\0", true), Guess::Utf16Marked);
        for bytes in [&b"PK\x03\x04.."[..], b"%PDF-1.7", b"2\x000\x002\x00"] {
            assert!(matches!(Guess::from(bytes, true), Guess::Foreign(_)));
        }
    }
}
