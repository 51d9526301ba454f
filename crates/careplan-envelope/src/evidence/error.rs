//! What can be wrong with evidence: receipts, proofs, logs.

use std::io;

use careplan_core::{Explain, Lang};

/// Declares the kinds: variant, code, Japanese, English in one place.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident, $code:literal, $ja:literal, $en:literal;)+) => {
        /// What is wrong with a piece of evidence or a log.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EvidenceErrorKind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl EvidenceErrorKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// A short name that stays the same from release to release.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// Japanese, English.
            const fn text(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($ja, $en),)+ }
            }
        }
    };
}

kinds! {
    /// Reading or writing failed.
    Io, "io",
        "ファイルの読み書きに失敗しました。空き容量とアクセス権を確認してください。",
        "reading or writing failed; check free space and permissions";

    // Proofs.
    /// The proof was made for trees of other sizes.
    ProofOfOtherTree, "proof-of-other-tree",
        "この証明は、指定されたツリーヘッドのものではありません。同じ時点の証明を入手してください。",
        "the proof is not for these tree heads; get one that was made for their sizes";
    /// An index or size beyond the log's.
    NoSuchEntry, "no-such-entry",
        "指定された番号の記録は存在しません。番号を確認してください。",
        "the log has no such entry; check the number";
    /// A path of hashes that is too long or too short.
    PathLength, "path-length",
        "証明の長さが正しくありません。証明を入手し直してください。",
        "the proof is too long or too short; get it again";
    /// The entry is not the one at that place of the log.
    NotIncluded, "not-included",
        "この記録は証拠ログのその位置にありません。記録が改ざんされたか、ログから除かれた可能性があります。運用者に照会してください。",
        "the entry is not at that place of the log: it, or the log, was changed; take it up with the operator";
    /// The later log has fewer entries.
    Shrunk, "shrunk",
        "新しい証拠ログの件数が以前より少なくなっています。記録が削除された可能性があります。運用者に照会してください。",
        "the later log has fewer entries than the earlier: entries were removed; take it up with the operator";
    /// The later log does not begin with the earlier one.
    Rewritten, "rewritten",
        "証拠ログの過去の記録が変更されています。運用者に照会してください。",
        "the log was rewritten: it does not begin with what it held before; take it up with the operator";

    // The log's storage.
    /// The log's file or nodes are damaged.
    Damaged, "log-damaged",
        "証拠ログのファイルが壊れています。バックアップから復元してください。",
        "the log's storage is damaged; restore it from a backup";
    /// The file is not a log.
    NotALog, "not-a-log",
        "証拠ログのファイルではありません。正しいファイルを指定してください。",
        "the file is not an evidence log; give the right file";
    /// The file is open for appending elsewhere.
    LogInUse, "log-in-use",
        "証拠ログは別のプログラムが使用中です。終了してからもう一度実行してください。",
        "another program has the log open; close it and try again";
    /// An entry larger than a log takes.
    EntryTooLarge, "entry-too-large",
        "記録が大きすぎて証拠ログに追加できません（上限16MiB）。",
        "the entry is larger than a log takes (16 MiB)";
}

/// An error with evidence: a proof that does not hold, a log that is damaged.
///
/// Never holds contents of entries.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct EvidenceError {
    kind: EvidenceErrorKind,
    /// The entry of the log the error is about, from 0.
    entry: Option<u64>,
    #[source]
    source: Option<io::Error>,
}

impl EvidenceError {
    pub(super) const fn at(kind: EvidenceErrorKind, entry: u64) -> Self {
        Self {
            kind,
            entry: Some(entry),
            source: None,
        }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> EvidenceErrorKind {
        self.kind
    }

    /// [`EvidenceErrorKind::code`] of its kind.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// The entry of a log the error is about, from 0.
    #[must_use]
    pub const fn entry(&self) -> Option<u64> {
        self.entry
    }

    /// Whether reading or writing failed, which says nothing about the evidence.
    #[must_use]
    pub const fn is_io(&self) -> bool {
        matches!(self.kind, EvidenceErrorKind::Io)
    }
}

impl From<EvidenceErrorKind> for EvidenceError {
    fn from(kind: EvidenceErrorKind) -> Self {
        Self {
            kind,
            entry: None,
            source: None,
        }
    }
}

impl From<io::Error> for EvidenceError {
    fn from(error: io::Error) -> Self {
        Self {
            kind: EvidenceErrorKind::Io,
            entry: None,
            source: Some(error),
        }
    }
}

impl Explain for EvidenceError {
    fn explain(&self, lang: Lang) -> String {
        let (ja, en) = self.kind.text();
        let mut text = lang.pick(ja, en).to_owned();
        if let Some(entry) = self.entry {
            text = match lang {
                Lang::Ja => format!("記録番号{entry}: {text}"),
                Lang::En => format!("entry {entry}: {text}"),
            };
        }
        match &self.source {
            Some(source) => format!("{text} ({source})"),
            None => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique() {
        let codes: HashSet<&str> = EvidenceErrorKind::ALL
            .iter()
            .map(|kind| kind.code())
            .collect();
        assert_eq!(codes.len(), EvidenceErrorKind::ALL.len());
    }

    #[test]
    fn names_the_entry_in_both_languages() {
        let error = EvidenceError::at(EvidenceErrorKind::Damaged, 7);
        assert_eq!(
            error.to_string(),
            "entry 7: the log's storage is damaged; restore it from a backup"
        );
        assert_eq!(
            error.explain(Lang::Ja),
            "記録番号7: 証拠ログのファイルが壊れています。バックアップから復元してください。"
        );
    }
}
