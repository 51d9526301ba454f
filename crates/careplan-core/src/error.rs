//! What is wrong with a text that is not a value of the vocabulary.

use crate::{Explain, Lang};

/// The kind of value that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Term {
    /// 事業所番号
    OfficeNumber,
    /// 保険者番号
    InsurerNumber,
    /// 被保険者番号
    InsuredNumber,
    /// サービス種類コード
    ServiceType,
    /// サービスコード
    ServiceCode,
    /// 年月
    YearMonth,
    /// 年月日
    Date,
    /// 時刻
    TimeOfDay,
    /// 作成日時
    Sequence,
    /// CSVバージョン
    CsvVersion,
    /// SHA-256 ハッシュ値
    Sha256Digest,
    /// 送信単位の種類
    SetKind,
    /// ユーザID
    UserId,
}

impl Term {
    /// The term in the given language; Japanese as the standard prints it.
    #[must_use]
    pub const fn name(self, lang: Lang) -> &'static str {
        let (en, ja) = match self {
            Self::OfficeNumber => ("office number", "事業所番号"),
            Self::InsurerNumber => ("insurer number", "保険者番号"),
            Self::InsuredNumber => ("insured number", "被保険者番号"),
            Self::ServiceType => ("service type", "サービス種類コード"),
            Self::ServiceCode => ("service code", "サービスコード"),
            Self::YearMonth => ("month", "年月"),
            Self::Date => ("date", "年月日"),
            Self::TimeOfDay => ("time of day", "時刻"),
            Self::Sequence => ("sequence", "作成日時"),
            Self::CsvVersion => ("CSV version", "CSVバージョン"),
            Self::Sha256Digest => ("SHA-256 digest", "SHA-256ハッシュ値"),
            Self::SetKind => ("set kind", "送信単位の種類"),
            Self::UserId => ("user ID", "ユーザID"),
        };
        match lang {
            Lang::En => en,
            Lang::Ja => ja,
        }
    }

    /// The written form the standard asks for.
    const fn form(self, lang: Lang) -> &'static str {
        let (en, ja) = match self {
            Self::OfficeNumber => (
                "10 digits; the third may be the letter A",
                "数字10桁（3桁目は英字Aも可）",
            ),
            Self::InsurerNumber => ("6 digits", "数字6桁"),
            Self::InsuredNumber => ("10 digits, or H and 9 digits", "数字10桁、またはHと数字9桁"),
            Self::ServiceType => (
                "2 characters of the service type table",
                "サービス種類コード表の2文字",
            ),
            Self::ServiceCode => ("6 characters 0-9 and A-Z", "半角英大文字・数字6文字"),
            Self::YearMonth => ("YYYYMM", "YYYYMM（西暦）"),
            Self::Date => ("YYYYMMDD", "YYYYMMDD（西暦）"),
            Self::TimeOfDay => ("HHMM, 0000 to 2400", "HHMM（0000～2400）"),
            Self::Sequence => ("YYYYMMDDHHMMSS", "YYYYMMDDHHMMSS"),
            Self::CsvVersion => (
                "201910, 202003, 202208 or 202407",
                "201910、202003、202208、202407のいずれか",
            ),
            Self::Sha256Digest => ("64 hexadecimal digits", "16進数64桁"),
            Self::SetKind => (
                "the name of a set of the standard",
                "標準仕様の送信単位の名称",
            ),
            Self::UserId => ("KJ and 12 letters or digits", "KJと半角英数字12文字"),
        };
        match lang {
            Lang::En => en,
            Lang::Ja => ja,
        }
    }
}

/// Why the text is not such a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Too short or too long, in characters.
    Length {
        /// How many characters were found.
        found: usize,
    },
    /// A character that may not stand there.
    Character {
        /// Position of the first such character, in bytes from 0.
        at: usize,
    },
    /// Digits that are no day, month or time of the calendar.
    NotInCalendar,
    /// Well-formed, but not in the standard's table.
    Unknown,
}

/// A text that is not a value of the vocabulary.
///
/// It says what was expected and what is wrong, and never holds the text itself, which may be
/// personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct ParseError {
    term: Term,
    reason: Reason,
}

impl ParseError {
    pub(crate) const fn new(term: Term, reason: Reason) -> Self {
        Self { term, reason }
    }

    /// What was expected.
    #[must_use]
    pub const fn term(&self) -> Term {
        self.term
    }

    /// What is wrong.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }
}

impl Explain for ParseError {
    fn explain(&self, lang: Lang) -> String {
        let (name, form) = (self.term.name(lang), self.term.form(lang));
        match (lang, self.reason) {
            (Lang::En, Reason::Length { found }) => {
                format!("not a valid {name}: {found} characters; write {form}")
            }
            (Lang::En, Reason::Character { at }) => {
                format!(
                    "not a valid {name}: character {} is not allowed; write {form}",
                    at + 1
                )
            }
            (Lang::En, Reason::NotInCalendar) => {
                format!("not a valid {name}: not in the calendar; write {form}")
            }
            (Lang::En, Reason::Unknown) => {
                format!("not a valid {name}: not in the standard's table; write {form}")
            }
            (Lang::Ja, Reason::Length { found }) => {
                format!("{name}の桁数が正しくありません（{found}文字）。{form}で記入してください。")
            }
            (Lang::Ja, Reason::Character { at }) => format!(
                "{name}の{}文字目に使えない文字があります。{form}で記入してください。",
                at + 1
            ),
            (Lang::Ja, Reason::NotInCalendar) => {
                format!("{name}が暦にありません。{form}で記入してください。")
            }
            (Lang::Ja, Reason::Unknown) => {
                format!("{name}が標準仕様の表にありません。{form}で記入してください。")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OfficeNumber;

    #[test]
    fn says_what_is_wrong_and_what_to_write_in_both_languages() {
        let error = "137094877".parse::<OfficeNumber>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "not a valid office number: 9 characters; write 10 digits; the third may be the letter A"
        );
        assert_eq!(
            error.explain(Lang::Ja),
            "事業所番号の桁数が正しくありません（9文字）。数字10桁（3桁目は英字Aも可）で記入してください。"
        );
    }

    #[test]
    fn never_repeats_the_text() {
        let error = "１３７０９４８７７４".parse::<OfficeNumber>().unwrap_err();
        assert!(!error.to_string().contains('１'));
    }
}
