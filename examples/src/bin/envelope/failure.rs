//! The two ways a command can end badly: it looked and refuses, or it could not look.

use careplan_examples::say;
use std::io;
use std::path::Path;

use careplan_core::{Explain, Lang};
use serde_json::json;

/// Why a command did not succeed.
pub(crate) enum Failure {
    /// What was to be judged was judged: exit 1.
    Refused(Report),
    /// Something that was needed for it is missing or wrong: exit 2.
    CouldNotRun(Reason),
}

/// A refusal, for people or as JSON.
pub(crate) struct Report {
    code: &'static str,
    reason: Reason,
    json: bool,
}

/// A text in both languages, with the file it is about.
pub(crate) struct Reason {
    file: Option<String>,
    ja: String,
    en: String,
}

impl Reason {
    pub(crate) fn text(&self, lang: Lang) -> String {
        let text = lang.pick(&self.ja, &self.en);
        match &self.file {
            Some(file) => format!("{file}: {text}"),
            None => text.clone(),
        }
    }

    fn of(file: Option<&Path>, error: &impl Explain) -> Self {
        Self {
            file: file.map(|file| file.display().to_string()),
            ja: error.explain(Lang::Ja),
            en: error.explain(Lang::En),
        }
    }
}

impl Report {
    pub(crate) fn print(&self, lang: Lang) {
        if self.json {
            let detail = self.reason.text(lang);
            say!(
                "{}",
                json!({"valid": false, "reason": self.code, "detail": detail})
            );
        } else {
            let refused = lang.pick("不正", "refused");
            eprintln!("{refused} [{}]: {}", self.code, self.reason.text(lang));
        }
    }
}

impl Failure {
    /// A refusal with its reason's code.
    pub(crate) fn refused(code: &'static str, error: &impl Explain, json: bool) -> Self {
        let reason = Reason::of(None, error);
        Self::Refused(Report { code, reason, json })
    }

    /// For `map_err`: an error of the library about a file that is needed.
    pub(crate) fn needed<E: Explain>(file: &Path) -> impl Fn(E) -> Self {
        move |error| Self::CouldNotRun(Reason::of(Some(file), &error))
    }

    /// For `map_err`: an error of the library about no file in particular.
    pub(crate) fn other<E: Explain>(error: E) -> Self {
        Self::CouldNotRun(Reason::of(None, &error))
    }

    /// For `map_err`: a file that cannot be read or written.
    pub(crate) fn io(file: &Path) -> impl Fn(io::Error) -> Self {
        move |error| {
            Self::CouldNotRun(Reason {
                file: Some(file.display().to_string()),
                ja: format!(
                    "読み書きできません（{error}）。ファイル名、アクセス権、空き容量を確認してください。"
                ),
                en: format!(
                    "cannot be read or written ({error}); check the name, permissions and free space"
                ),
            })
        }
    }

    /// Something else that keeps the command from running.
    pub(crate) fn message(file: Option<&Path>, ja: &str, en: &str) -> Self {
        Self::CouldNotRun(Reason {
            file: file.map(|file| file.display().to_string()),
            ja: ja.to_owned(),
            en: en.to_owned(),
        })
    }
}
