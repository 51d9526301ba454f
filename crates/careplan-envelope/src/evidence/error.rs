//! What can be wrong with evidence: receipts, proofs, logs.

use std::io;

use careplan_core::{Explain, Lang};

use crate::VerifyError;
use crate::kinds::error_kinds;

error_kinds! {
    /// What is wrong with a piece of evidence or a log.
    EvidenceErrorKind;

    /// Reading or writing failed.
    Io, "io",
        "ファイルの読み書きに失敗しました。空き容量とアクセス権を確認してください。",
        "reading or writing failed; check free space and permissions";

    // Receipts and checkpoints.
    /// The container is refused; [`EvidenceError::refusal`] says why.
    Refused, "refused",
        "証拠の署名を確認できません。",
        "the evidence's signature is refused";
    /// A container that holds something else than one receipt or checkpoint.
    OtherEvidence, "other-evidence",
        "確認したい種類の証拠（受領証またはツリーヘッド）ではありません。正しいファイルを指定してください。",
        "not the kind of evidence asked for (receipt or checkpoint); give the right file";
    /// Signed, but not as the format asks for.
    Malformed, "malformed",
        "証拠の内容が規定の形式ではありません。運用者に照会してください。",
        "the evidence is not of the format; take it up with the operator";
    /// It says another time than its signature.
    TimeMismatch, "time-mismatch",
        "証拠に書かれた日時と署名日時が一致しません。運用者に照会してください。",
        "the evidence says another time than its signature; take it up with the operator";
    /// The receipt is for another container.
    OtherContainer, "other-container",
        "この受領証は、指定されたコンテナのものではありません。",
        "the receipt is not for this container";
    /// Checkpoints of two logs.
    OtherLog, "other-log",
        "別の証拠ログのツリーヘッドです。同じログのものを指定してください。",
        "the checkpoints are of different logs; give those of one";
    /// A text that is not a name or code: 1 to 64 lower-case letters, digits, `.`, `_` and `-`.
    Name, "name",
        "名称に使用できない文字があります。半角英小文字、数字、「.」「_」「-」の1～64文字で指定してください。",
        "not a name; give 1 to 64 lower-case letters, digits, dots, underscores and hyphens";

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
    cause: Option<Cause>,
}

#[derive(Debug)]
enum Cause {
    Io(io::Error),
    Refused(VerifyError),
}

impl EvidenceError {
    pub(super) const fn at(kind: EvidenceErrorKind, entry: u64) -> Self {
        Self {
            kind,
            entry: Some(entry),
            cause: None,
        }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> EvidenceErrorKind {
        self.kind
    }

    /// [`EvidenceErrorKind::code`] of its kind; of a refused container the code of its refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match &self.cause {
            Some(Cause::Refused(refused)) => refused.code(),
            _ => self.kind.code(),
        }
    }

    /// Why the container was refused, if it was.
    #[must_use]
    pub const fn refusal(&self) -> Option<&VerifyError> {
        match &self.cause {
            Some(Cause::Refused(refused)) => Some(refused),
            _ => None,
        }
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
            cause: None,
        }
    }
}

impl From<io::Error> for EvidenceError {
    fn from(error: io::Error) -> Self {
        Self {
            kind: EvidenceErrorKind::Io,
            entry: None,
            cause: Some(Cause::Io(error)),
        }
    }
}

impl From<VerifyError> for EvidenceError {
    fn from(error: VerifyError) -> Self {
        Self {
            kind: if error.is_io() {
                EvidenceErrorKind::Io
            } else {
                EvidenceErrorKind::Refused
            },
            entry: None,
            cause: Some(Cause::Refused(error)),
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
        match &self.cause {
            Some(Cause::Io(source)) => format!("{text} ({source})"),
            Some(Cause::Refused(refused)) => format!("{text} {}", refused.explain(lang)),
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
