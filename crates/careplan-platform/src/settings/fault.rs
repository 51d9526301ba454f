//! What is wrong with a configuration: every fault at once, each with its place and what to do.

use std::fmt;
use std::path::PathBuf;

use careplan_core::{Explain, Lang};

/// Everything that is wrong with a configuration.
///
/// `Display` and [`Explain`] give one line per fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    faults: Vec<Fault>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    place: Place,
    kind: FaultKind,
}

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// In the configuration file; line and column count from 1.
    File {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The column, in characters.
        column: usize,
    },
    /// In an environment variable.
    Environment(String),
    /// On the command line: the option's name.
    Option(&'static str),
    /// Nowhere: it is the built-in value of the named setting.
    BuiltIn(&'static str),
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The configuration file cannot be read; the operating system's reason.
    Unreadable(String),
    /// The configuration file is not TOML; the parser's reason.
    NotToml(String),
    /// There is no such setting; the nearest that there is, if one is near.
    Unknown {
        /// The name as it was written.
        name: String,
        /// What may have been meant.
        nearest: Option<&'static str>,
    },
    /// The value has not the form the setting takes. The value is not repeated: it may be secret.
    Form {
        /// The setting.
        name: &'static str,
        /// The form in Japanese and in English.
        form: (String, String),
    },
    /// A file that a setting names cannot be used.
    NamedFile {
        /// The setting.
        name: &'static str,
        /// The file.
        file: PathBuf,
        /// The reason in Japanese and in English.
        reason: (String, String),
    },
    /// The value has the form the setting takes, but cannot be used.
    Unusable {
        /// The setting.
        name: &'static str,
        /// Why, in Japanese and in English.
        reason: (String, String),
    },
    /// A setting does not go with another.
    Conflict {
        /// The setting.
        name: &'static str,
        /// Why, in Japanese and in English.
        reason: (&'static str, &'static str),
    },
}

impl SettingsError {
    /// What was made, if there were no faults on the way; nothing is made without a fault.
    pub(super) fn unless_faulty<T>(made: Option<T>, faults: Vec<Fault>) -> Result<T, Self> {
        match made {
            Some(made) if faults.is_empty() => Ok(made),
            _ => Err(Self { faults }),
        }
    }

    /// The faults, in the order of their places.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl Fault {
    pub(super) const fn new(place: Place, kind: FaultKind) -> Self {
        Self { place, kind }
    }

    /// Where it is.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> &FaultKind {
        &self.kind
    }
}

impl Explain for Place {
    fn explain(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::File { path, line, column }, _) => {
                format!("{}:{line}:{column}", path.display())
            }
            (Self::Environment(name), Lang::Ja) => format!("環境変数 {name}"),
            (Self::Environment(name), Lang::En) => format!("environment variable {name}"),
            (Self::Option(name), Lang::Ja) => format!("オプション {name}"),
            (Self::Option(name), Lang::En) => format!("option {name}"),
            (Self::BuiltIn(name), Lang::Ja) => format!("{name}（既定値）"),
            (Self::BuiltIn(name), Lang::En) => format!("{name} (built-in value)"),
        }
    }
}

impl Explain for FaultKind {
    fn explain(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Unreadable(reason), Lang::Ja) => format!(
                "設定ファイルを読み取れません（{reason}）。ファイル名とアクセス権を確かめてください。"
            ),
            (Self::Unreadable(reason), Lang::En) => {
                format!("the file cannot be read ({reason}); check its name and permissions")
            }
            (Self::NotToml(reason), Lang::Ja) => {
                format!("TOMLの書き方に誤りがあります（{reason}）。")
            }
            (Self::NotToml(reason), Lang::En) => format!("not valid TOML ({reason})"),
            (Self::Unknown { name, nearest }, Lang::Ja) => match nearest {
                Some(nearest) => {
                    format!("設定項目「{name}」はありません。「{nearest}」の誤りではありませんか。")
                }
                None => format!(
                    "設定項目「{name}」はありません。docs/operations.mdの一覧を確かめてください。"
                ),
            },
            (Self::Unknown { name, nearest }, Lang::En) => match nearest {
                Some(nearest) => format!("there is no setting `{name}`; is `{nearest}` meant?"),
                None => format!("there is no setting `{name}`; see the list in docs/operations.md"),
            },
            (Self::Form { name, form }, Lang::Ja) => {
                format!("「{name}」の値は{}で指定してください。", form.0)
            }
            (Self::Form { name, form }, Lang::En) => format!("`{name}` takes {}", form.1),
            (Self::NamedFile { name, file, reason }, Lang::Ja) => {
                format!("「{name}」のファイル {}: {}", file.display(), reason.0)
            }
            (Self::NamedFile { name, file, reason }, Lang::En) => {
                format!("the file {} of `{name}`: {}", file.display(), reason.1)
            }
            (Self::Unusable { name, reason }, Lang::Ja) => format!("「{name}」: {}", reason.0),
            (Self::Unusable { name, reason }, Lang::En) => format!("`{name}`: {}", reason.1),
            (Self::Conflict { name, reason }, Lang::Ja) => format!("「{name}」: {}", reason.0),
            (Self::Conflict { name, reason }, Lang::En) => format!("`{name}`: {}", reason.1),
        }
    }
}

impl Explain for Fault {
    fn explain(&self, lang: Lang) -> String {
        let (place, kind) = (self.place.explain(lang), self.kind.explain(lang));
        format!("{place}: {kind}")
    }
}

impl Explain for SettingsError {
    fn explain(&self, lang: Lang) -> String {
        let lines: Vec<String> = self
            .faults
            .iter()
            .map(|fault| fault.explain(lang))
            .collect();
        lines.join("\n")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain(Lang::En))
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain(Lang::En))
    }
}

impl std::error::Error for SettingsError {}
