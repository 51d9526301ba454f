//! Names of documents (PDF) that travel alone: the standard lets PDFs accompany its files under any
//! name; one without such files needs a name that says who sends it to whom, for the signature to
//! cover that.

use std::fmt;
use std::str::FromStr;

use careplan_core::{OfficeNumber, Sequence};

use crate::name::{NameError, NameErrorKind, part, strip_extension};
use crate::value::serde_as_text;

/// The name of a PDF that travels without CSV files, such as table 3 on paper's form. Not of the
/// standard: it names its own files only.
///
/// ```
/// use careplan_tables::DocumentName;
///
/// let name: DocumentName = "PDF_1370948774_1375169671_20260921113320_第3表.pdf".parse()?;
/// assert_eq!(name.receiver().as_str(), "1375169671");
/// assert_eq!(name.title(), "第3表");
/// # Ok::<(), careplan_tables::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DocumentName {
    sender: OfficeNumber,
    receiver: OfficeNumber,
    sequence: Sequence,
    title: String,
}

impl DocumentName {
    const PREFIX: &str = "PDF_";

    /// The name of a document called `title`, without an extension.
    ///
    /// # Errors
    /// [`NameErrorKind::Parts`] if the title is empty or not a part of a file's name.
    pub fn new(
        sender: OfficeNumber,
        receiver: OfficeNumber,
        sequence: Sequence,
        title: impl Into<String>,
    ) -> Result<Self, NameError> {
        let title = title.into();
        if title.is_empty() || title.contains(['/', '\\']) {
            return Err(NameError::new(NameErrorKind::Parts));
        }
        Ok(Self {
            sender,
            receiver,
            sequence,
            title,
        })
    }

    /// Who sends it.
    #[must_use]
    pub const fn sender(&self) -> OfficeNumber {
        self.sender
    }

    /// Who receives it.
    #[must_use]
    pub const fn receiver(&self) -> OfficeNumber {
        self.receiver
    }

    /// When it was put together with the others of its sending.
    #[must_use]
    pub const fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// What the sender calls it.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }
}

impl fmt::Display for DocumentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sender,
            receiver,
            sequence,
            title,
        } = self;
        write!(
            f,
            "{}{sender}_{receiver}_{sequence}_{title}.pdf",
            Self::PREFIX
        )
    }
}

impl FromStr for DocumentName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let stem =
            strip_extension(name, &["pdf"]).ok_or(NameError::new(NameErrorKind::Extension))?;
        let rest = stem
            .strip_prefix(Self::PREFIX)
            .ok_or(NameError::new(NameErrorKind::Prefix))?;
        let parts: Vec<&str> = rest.splitn(4, '_').collect();
        let [sender, receiver, sequence, title] = parts.as_slice() else {
            return Err(NameError::new(NameErrorKind::Parts));
        };
        Self::new(part(sender)?, part(receiver)?, part(sequence)?, *title)
    }
}

serde_as_text!(DocumentName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_who_sends_it_to_whom() {
        let text = "PDF_1370948774_1375169671_20260921113320_第3表_修正_2.pdf";
        let name: DocumentName = text.parse().unwrap();
        assert_eq!(name.sender().as_str(), "1370948774");
        assert_eq!(name.receiver().as_str(), "1375169671");
        assert_eq!(name.sequence().to_string(), "20260921113320");
        assert_eq!(name.title(), "第3表_修正_2");
        assert_eq!(name.to_string(), text);
    }

    #[test]
    fn other_names_are_refused() {
        for (name, kind) in [
            (
                "PDF_1370948774_1375169671_20260921113320_a.csv",
                NameErrorKind::Extension,
            ),
            (
                "1370948774_1375169671_20260921113320_a.pdf",
                NameErrorKind::Prefix,
            ),
            (
                "PDF_1370948774_1375169671_20260921113320.pdf",
                NameErrorKind::Parts,
            ),
            (
                "PDF_1370948774_1375169671_20260921113320_.pdf",
                NameErrorKind::Parts,
            ),
            (
                "PDF_1370948774_1375169671_20260921113320_a/b.pdf",
                NameErrorKind::Parts,
            ),
        ] {
            assert_eq!(
                name.parse::<DocumentName>().unwrap_err().kind(),
                kind,
                "{name}"
            );
        }
        // A digit too few, a day that is none.
        for name in [
            "PDF_137094877_1375169671_20260921113320_a.pdf",
            "PDF_1370948774_1375169671_20260231113320_a.pdf",
        ] {
            let error = name.parse::<DocumentName>().unwrap_err();
            assert!(matches!(error.kind(), NameErrorKind::Part(_)), "{name}");
        }
    }
}
