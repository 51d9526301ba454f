//! Why a command did not do its work, and the exit status that says so.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use careplan_client::{Error, PutInRefusal, PutInRefusalKind, SetupError, SyncError};
use careplan_core::{Explain, Lang};
use serde_json::{Value, json};

use crate::office::Office;

/// Why a command did not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    ja: String,
    en: String,
    exit: Exit,
    /// For programs: each file or set that cannot be sent.
    refusals: Vec<Value>,
}

/// The exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Files cannot be sent, or are otherwise not in order: 1.
    LookAtIt,
    /// Something is missing or wrong: 2.
    CouldNot,
    /// The platform or the home is not to be had just now; nothing is lost: 3.
    NotNow,
}

impl Exit {
    const fn code(self) -> u8 {
        match self {
            Self::LookAtIt => 1,
            Self::CouldNot => 2,
            Self::NotNow => 3,
        }
    }
}

impl Failure {
    pub(crate) fn new(exit: Exit, ja: impl Into<String>, en: impl Into<String>) -> Self {
        let (ja, en) = (ja.into(), en.into());
        Self {
            ja,
            en,
            exit,
            refusals: Vec::new(),
        }
    }

    fn of(exit: Exit, error: &impl Explain) -> Self {
        Self::new(exit, error.explain(Lang::Ja), error.explain(Lang::En))
    }

    /// For `map_err`: an error of a library that a person has to do something about.
    pub(crate) fn other(error: impl Explain) -> Self {
        Self::of(Exit::CouldNot, &error)
    }

    /// For `map_err`: a file that is not what it should be.
    pub(crate) fn about<E: Explain>(path: &Path) -> impl FnOnce(E) -> Self {
        move |error| {
            let path = path.display();
            Self::new(
                Exit::CouldNot,
                format!("{path}: {}", error.explain(Lang::Ja)),
                format!("{path}: {}", error.explain(Lang::En)),
            )
        }
    }

    /// For `map_err`: a file that cannot be read or written.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| {
            let path = path.display();
            Self::new(
                Exit::CouldNot,
                format!(
                    "{path} を読み書きできません（{error}）。場所、権限、空き容量を確かめてください。"
                ),
                format!(
                    "{path} cannot be read or written ({error}); check the place, permissions and free space"
                ),
            )
        }
    }

    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    /// Adds what a person should know about what was done before.
    pub(crate) fn after(mut self, ja: &str, en: &str) -> Self {
        self.ja += ja;
        self.en = format!("{}; {en}", self.en);
        self
    }

    pub(crate) fn text(&self, lang: Lang) -> &str {
        lang.pick(&self.ja, &self.en)
    }

    /// Tells it and gives the exit status.
    pub(crate) fn tell(&self, office: &Office) -> ExitCode {
        let code = self.exit.code();
        if office.json {
            let (ja, en) = (&self.ja, &self.en);
            let refusals = &self.refusals;
            office.print_json(
                &json!({"error": {"exit": code, "ja": ja, "en": en, "refusals": refusals}}),
            );
        } else {
            let error = office.lang.pick("エラー", "error");
            eprintln!("{error}: {}", self.text(office.lang));
        }
        ExitCode::from(code)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        use careplan_client::ErrorKind;
        let exit = match error.kind() {
            ErrorKind::PutIn(_) | ErrorKind::Quarantined(_) => Exit::LookAtIt,
            _ if error.may_pass() => Exit::NotNow,
            _ => Exit::CouldNot,
        };
        let mut failure = Self::of(exit, &error);
        if let ErrorKind::PutIn(refusals) = error.kind() {
            failure.refusals = refusals.iter().map(refusal_json).collect();
        }
        failure
    }
}

/// A refusal for programs.
pub(crate) fn refusal_json(refusal: &PutInRefusal) -> Value {
    let findings = match refusal.kind() {
        PutInRefusalKind::Findings(findings) => json!(findings),
        _ => json!([]),
    };
    json!({
        "path": refusal.path(),
        "ja": refusal.explain(Lang::Ja),
        "en": refusal.explain(Lang::En),
        "findings": findings,
    })
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        Error::from(error).into()
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        Self::other(error)
    }
}
