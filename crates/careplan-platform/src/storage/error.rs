//! Why storage did not do what it was asked.

use std::error::Error as StdError;
use std::fmt;

use careplan_core::{Explain, Lang};

/// A failure of storage, for the operator: what was being done and the cause below it.
#[derive(Debug)]
pub struct StorageError {
    kind: StorageErrorKind,
    what: &'static str,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StorageErrorKind {
    /// It may pass: full, busy, an I/O error.
    Unavailable,
    /// What is stored cannot be read: damaged, or written by something else.
    Damaged,
    /// It was written by a later version of the platform.
    Newer,
    /// Another platform serves from the same home.
    InUse,
}

impl StorageError {
    pub(crate) fn new(
        kind: StorageErrorKind,
        what: &'static str,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            what,
            source: Some(source.into()),
        }
    }

    pub(crate) const fn without_source(kind: StorageErrorKind, what: &'static str) -> Self {
        Self {
            kind,
            what,
            source: None,
        }
    }

    /// For `map_err`: a failure that may pass while doing `what`.
    pub(crate) fn unavailable<E: Into<Box<dyn StdError + Send + Sync>>>(
        what: &'static str,
    ) -> impl FnOnce(E) -> Self {
        move |source| Self::new(StorageErrorKind::Unavailable, what, source)
    }

    /// For `map_err`: something stored cannot be read.
    pub(crate) fn damaged<E: Into<Box<dyn StdError + Send + Sync>>>(
        what: &'static str,
    ) -> impl FnOnce(E) -> Self {
        move |source| Self::new(StorageErrorKind::Damaged, what, source)
    }

    /// What kind of failure.
    #[must_use]
    pub const fn kind(&self) -> StorageErrorKind {
        self.kind
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain(Lang::En))
    }
}

impl StdError for StorageError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl Explain for StorageError {
    fn explain(&self, lang: Lang) -> String {
        let mut cause = String::new();
        let mut deeper = self.source();
        // Some errors repeat their causes, some leave them out.
        while let Some(error) = deeper {
            let text = error.to_string();
            if !cause.contains(&text) {
                cause = format!("{cause}: {text}");
            }
            deeper = error.source();
        }
        let (what, kind) = (self.what, self.kind);
        let (ja, en) = match kind {
            StorageErrorKind::Unavailable => (
                "保存先を使用できません。空き容量とアクセス権、データベースとオブジェクトストアへの接続を確かめてください",
                "the storage cannot be used; check free space and permissions, and whether database and object store can be reached",
            ),
            StorageErrorKind::Damaged => (
                "保存内容を読み取れません。バックアップから復元してください",
                "what is stored cannot be read; restore it from a backup",
            ),
            StorageErrorKind::Newer => (
                "新しい版のソフトウェアで作成された保存先です。新しい版を使用してください",
                "the storage was written by a later version; use that version",
            ),
            StorageErrorKind::InUse => (
                "同じ保存先で別のプラットフォームが動作しています。停止するか、別の保存先を指定してください",
                "another platform serves from the same home; stop it or use another home",
            ),
        };
        match lang {
            Lang::Ja => format!("{ja}（{what}{cause}）。"),
            Lang::En => format!("{en} ({what}{cause})"),
        }
    }
}
