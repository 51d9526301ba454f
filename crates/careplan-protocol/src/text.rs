//! Short texts on the wire that are parsed once: what is wrong with one that is not such a text.

use careplan_core::{Explain, Lang};

/// The kind of text that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextKind {
    /// パスワード
    Password,
    /// アクセストークン
    AccessToken,
    /// リフレッシュトークン
    RefreshToken,
    /// 冪等キー
    IdempotencyKey,
    /// 送信番号
    SendingId,
    /// 一覧の続きの位置
    Cursor,
    /// 送信の状態
    SendingState,
    /// 受領証の種類
    EvidenceEvent,
}

impl TextKind {
    /// The name and the expected form in a language.
    const fn describe(self, lang: Lang) -> (&'static str, &'static str) {
        let (en, ja) = match self {
            Self::Password => (
                ("password", "1 to 128 characters without control characters"),
                ("パスワード", "制御文字を除く1～128文字"),
            ),
            Self::AccessToken => (
                ("access token", "the text received at log-in"),
                ("アクセストークン", "ログイン時に受け取った文字列"),
            ),
            Self::RefreshToken => (
                ("refresh token", "the text received at log-in"),
                ("リフレッシュトークン", "ログイン時に受け取った文字列"),
            ),
            Self::IdempotencyKey => (
                ("idempotency key", "a UUID, the same for each attempt"),
                ("冪等キー", "再送でも同じUUID"),
            ),
            Self::SendingId => (
                ("sending ID", "the UUID of the receipt"),
                ("送信番号", "受付票のUUID"),
            ),
            Self::Cursor => (
                ("cursor", "the text of `next` in the page before"),
                ("続きの位置", "前のページのnextの文字列"),
            ),
            Self::SendingState => (
                ("state of a sending", "one of the documented states"),
                ("送信の状態", "文書にある状態の名前"),
            ),
            Self::EvidenceEvent => (
                ("kind of receipt", "one of the documented events"),
                ("受領証の種類", "文書にある種類の名前"),
            ),
        };
        match lang {
            Lang::En => en,
            Lang::Ja => ja,
        }
    }
}

/// Why the text is not of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextReason {
    /// Too short or too long, in characters.
    Length {
        /// How many characters were found.
        found: usize,
    },
    /// A character that may not stand there, or a form that is not the expected one.
    Form,
}

/// A text that is not of the expected kind.
///
/// It never holds the text itself, which may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct InvalidText {
    kind: TextKind,
    reason: TextReason,
}

impl InvalidText {
    pub(crate) const fn new(kind: TextKind, reason: TextReason) -> Self {
        Self { kind, reason }
    }

    /// What was expected.
    #[must_use]
    pub const fn kind(&self) -> TextKind {
        self.kind
    }

    /// What is wrong.
    #[must_use]
    pub const fn reason(&self) -> TextReason {
        self.reason
    }
}

impl Explain for InvalidText {
    fn explain(&self, lang: Lang) -> String {
        let (name, form) = self.kind.describe(lang);
        match (lang, self.reason) {
            (Lang::En, TextReason::Length { found }) => {
                format!("not a valid {name}: {found} characters; write {form}")
            }
            (Lang::En, TextReason::Form) => format!("not a valid {name}; write {form}"),
            (Lang::Ja, TextReason::Length { found }) => {
                format!(
                    "{name}の文字数が正しくありません（{found}文字）。{form}を指定してください。"
                )
            }
            (Lang::Ja, TextReason::Form) => {
                format!("{name}の形式が正しくありません。{form}を指定してください。")
            }
        }
    }
}

/// Checks that a text has `min` to `max` characters, all of them allowed.
pub(crate) fn check(
    text: &str,
    kind: TextKind,
    (min, max): (usize, usize),
    allowed: impl Fn(char) -> bool,
) -> Result<(), InvalidText> {
    let found = text.chars().count();
    if !(min..=max).contains(&found) {
        return Err(InvalidText::new(kind, TextReason::Length { found }));
    }
    if !text.chars().all(allowed) {
        return Err(InvalidText::new(kind, TextReason::Form));
    }
    Ok(())
}

/// Serde as the text that `FromStr` reads and `Display` writes.
macro_rules! serde_as_text {
    ($name:ty) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        $crate::text::deserialize_from_text!($name);
    };
}
pub(crate) use serde_as_text;

/// Deserializing through `FromStr`.
macro_rules! deserialize_from_text {
    ($name:ty) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use deserialize_from_text;
