//! File names that may stand in a container, the same for writing and verifying.
//!
//! A name has to mean the same file on every system it is taken out on, Windows included: no
//! folders, no characters or device names that Windows reserves, no invisible direction marks.

/// Longest name in bytes of UTF-8: what common file systems hold.
const MAX_BYTES: usize = 255;

/// What is wrong with a file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameProblem {
    /// It has a path.
    Path,
    /// It is empty, too long, reserved, or has a character that may not stand there.
    Forbidden,
}

/// Whether a file of this name may be put into a container.
///
/// Names have no path, at most 255 bytes of UTF-8, none of `\\ / : * ? " < > |`, no control or
/// invisible characters, no space or full stop at the end, and are no device of Windows.
///
/// ```
/// assert!(careplan_envelope::is_file_name("第3表.pdf"));
/// assert!(!careplan_envelope::is_file_name("../第3表.pdf"));
/// assert!(!careplan_envelope::is_file_name("nul.csv"));
/// ```
#[must_use]
pub fn is_file_name(name: &str) -> bool {
    check(name).is_ok()
}

/// Checks a file's name.
pub(crate) fn check(name: &str) -> Result<(), NameProblem> {
    if name.contains(['/', '\\']) || matches!(name, "." | "..") {
        return Err(NameProblem::Path);
    }
    let good_ends = !name.starts_with(' ') && !name.ends_with([' ', '.']);
    if name.is_empty()
        || name.len() > MAX_BYTES
        || !good_ends
        || name.contains(forbidden)
        || is_reserved(name)
    {
        return Err(NameProblem::Forbidden);
    }
    Ok(())
}

/// The form in which two names are the same file where letter case does not count.
pub(crate) fn folded(name: &str) -> String {
    name.to_lowercase()
}

fn forbidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '<' | '>' | ':' | '"' | '|' | '?' | '*')
        // Marks that hide or reorder what is shown: "photo\u{202e}gpj.exe" looks like a picture.
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// The container's own names, and the names of devices on Windows, with any extension.
fn is_reserved(name: &str) -> bool {
    let folded = folded(name);
    if matches!(folded.as_str(), "mimetype" | "meta-inf") {
        return true;
    }
    let stem = folded.split('.').next().unwrap_or_default().trim_end();
    if matches!(stem, "con" | "prn" | "aux" | "nul" | "conin$" | "conout$") {
        return true;
    }
    let mut characters = stem.chars();
    let device = characters.by_ref().take(3).collect::<String>();
    matches!(device.as_str(), "com" | "lpt")
        && matches!(characters.next(), Some('0'..='9' | '¹' | '²' | '³'))
        && characters.next().is_none()
}

/// A name as the manifest's URI: UTF-8, percent-encoded but for RFC 3986's unreserved characters.
pub(crate) fn to_uri(name: &str) -> String {
    use std::fmt::Write;
    let mut uri = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            uri.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// The name of a manifest's URI; `None` if the percent-encoding is broken or not UTF-8.
///
/// Characters beyond ASCII may stand as they are: XML Schema's anyURI allows it.
pub(crate) fn from_uri(uri: &str) -> Option<String> {
    let mut name = Vec::with_capacity(uri.len());
    let mut bytes = uri.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            let value = digit()? * 16 + digit()?;
            name.push(u8::try_from(value).ok()?);
        } else {
            name.push(byte);
        }
    }
    String::from_utf8(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_standard_and_of_attachments_are_fine() {
        for name in [
            "UP1KYO_1372254257_43_1377541208_11_20260921141741.CSV",
            "第3表　週間サービス計画表（10月）.pdf",
            "a b.c-d_e~1.PDF",
            "communication.pdf",
            "com10.txt",
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn paths_are_told_from_other_trouble() {
        for name in ["a/b", "/a", "..", ".", "a\\b", "C:\\a"] {
            assert_eq!(check(name), Err(NameProblem::Path), "{name}");
        }
        for name in [
            "",
            " a",
            "a ",
            "a.",
            "a:b",
            "a\0b",
            "a\nb",
            "CON",
            "con.csv",
            "Lpt1.pdf",
            "COM¹",
            "mimetype",
            "MIMETYPE",
            "Meta-Inf",
            "a\u{202e}b",
            "a*",
            "nul .txt",
        ] {
            assert_eq!(check(name), Err(NameProblem::Forbidden), "{name:?}");
        }
        assert_eq!(check(&"あ".repeat(86)), Err(NameProblem::Forbidden));
        assert_eq!(check(&"あ".repeat(85)), Ok(()));
    }

    #[test]
    fn uris_are_percent_encoded_utf8() {
        // RFC 3986 section 2.5: "A" with grave is %C3%80, katakana letter A is %E3%82%A2.
        assert_eq!(to_uri("À ア.csv"), "%C3%80%20%E3%82%A2.csv");
        assert_eq!(from_uri("%c3%80%20ア.csv").unwrap(), "À ア.csv");
        for bad in ["%", "%4", "%GG", "%FF", "%+1"] {
            assert_eq!(from_uri(bad), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn uris_round_trip(name in ".*") {
            proptest::prop_assert_eq!(from_uri(&to_uri(&name)).unwrap(), name);
        }
    }
}
