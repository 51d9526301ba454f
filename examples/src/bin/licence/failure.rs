//! Why there is no answer, with what to do.

use std::io;
use std::path::PathBuf;

use careplan_core::{Explain, Lang, OfficeNumber};
use careplan_licence::{FeeTableError, LedgerFileError, QuoteError};

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    Read(PathBuf, io::Error),
    Fees(PathBuf, FeeTableError),
    Ledger(PathBuf, LedgerFileError),
    NotInLedger(PathBuf, OfficeNumber),
    Quote(QuoteError),
    Json(serde_json::Error),
}

impl From<QuoteError> for Failure {
    fn from(error: QuoteError) -> Self {
        Self::Quote(error)
    }
}

impl Explain for Failure {
    fn explain(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Read(path, error), Lang::Ja) => format!(
                "{} を読み込めません（{error}）。ファイルの場所を確かめてください。",
                path.display()
            ),
            (Self::Read(path, error), Lang::En) => format!(
                "{} cannot be read: {error}; check where the file is",
                path.display()
            ),
            (Self::Fees(path, error), _) => format!("{}: {}", path.display(), error.explain(lang)),
            (Self::Ledger(path, error), _) => {
                format!("{}: {}", path.display(), error.explain(lang))
            }
            (Self::NotInLedger(path, office), Lang::Ja) => format!(
                "{} に事業所{office}の記録がありません。事業所番号を確かめてください。",
                path.display()
            ),
            (Self::NotInLedger(path, office), Lang::En) => format!(
                "{} has no event of office {office}; check the office number",
                path.display()
            ),
            (Self::Quote(error), _) => error.explain(lang),
            (Self::Json(error), Lang::Ja) => format!("JSONを書き出せません（{error}）。"),
            (Self::Json(error), Lang::En) => format!("the JSON cannot be written: {error}"),
        }
    }
}
