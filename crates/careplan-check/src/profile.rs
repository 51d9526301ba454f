//! Profiles: severities changed and rules switched off by configuration.
//!
//! A profile is a TOML file:
//!
//! ```toml
//! name = "our receivers"
//!
//! [rules]
//! cost_mismatch = "error"
//! unused_column_filled = "off"
//! ```

use std::collections::BTreeMap;

use careplan_core::{Explain, Lang};
use careplan_tables::Severity;
use serde::Deserialize;

use crate::notice::severity_code;
use crate::rule::Rule;

/// What a profile does to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Setting {
    /// Reported as an error.
    Error,
    /// Reported as a warning.
    Warning,
    /// Reported for information.
    Info,
    /// Not reported.
    Off,
}

impl Setting {
    /// The severity; `None` if the rule is off.
    #[must_use]
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Info => Some(Severity::Info),
            Self::Off => None,
        }
    }

    /// The word in the TOML file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self.severity() {
            Some(severity) => severity_code(severity),
            None => "off",
        }
    }
}

/// Changes to the rules' severities. The empty one is the standard's catalogue as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    name: Option<String>,
    rules: BTreeMap<&'static str, Setting>,
}

/// The TOML file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileFile {
    name: Option<String>,
    #[serde(default)]
    rules: BTreeMap<String, Setting>,
}

impl Profile {
    /// The catalogue unchanged.
    #[must_use]
    pub fn standard() -> Self {
        Self::default()
    }

    /// Reads a profile from the text of a TOML file.
    ///
    /// # Errors
    /// If it is no TOML, has keys other than `name` and `rules`, a rule that does not exist, or a
    /// setting other than `error`, `warning`, `info` and `off`.
    pub fn from_toml(text: &str) -> Result<Self, ProfileError> {
        let file: ProfileFile = toml::from_str(text).map_err(|error| ProfileError {
            kind: ProfileErrorKind::Syntax {
                line: error
                    .span()
                    .and_then(|span| text.get(..span.start))
                    .map(|before| before.matches('\n').count() + 1),
                message: error.message().to_owned(),
            },
        })?;
        let mut profile = Self {
            name: file.name,
            rules: BTreeMap::new(),
        };
        for (code, setting) in file.rules {
            let Some(rule) = Rule::of(&code) else {
                return Err(ProfileError {
                    kind: ProfileErrorKind::UnknownRule(code),
                });
            };
            profile = profile.with(rule, setting);
        }
        Ok(profile)
    }

    /// The profile with one rule set.
    #[must_use]
    pub fn with(mut self, rule: &'static Rule, setting: Setting) -> Self {
        self.rules.insert(rule.code, setting);
        self
    }

    /// The profile's name, for reports.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_standard(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules it sets, by code.
    pub fn settings(&self) -> impl Iterator<Item = (&'static Rule, Setting)> {
        self.rules
            .iter()
            .filter_map(|(code, setting)| Some((Rule::of(code)?, *setting)))
    }

    /// The severity of a finding; `None` if its rule is off. A finding that is milder than its
    /// rule stays as mild as it is.
    pub(crate) fn severity(&self, rule: &Rule, found: Severity) -> Option<Severity> {
        match self.rules.get(rule.code) {
            None => Some(found),
            Some(setting) if found == rule.severity => setting.severity(),
            Some(setting) => setting.severity().map(|set| set.min(found)),
        }
    }
}

/// A profile that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct ProfileError {
    kind: ProfileErrorKind,
}

/// Why a profile cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileErrorKind {
    /// Not the TOML of a profile.
    Syntax {
        /// The line, from 1.
        line: Option<usize>,
        /// What the TOML reader says, in English.
        message: String,
    },
    /// There is no such rule.
    UnknownRule(String),
}

impl ProfileError {
    /// Why.
    #[must_use]
    pub const fn kind(&self) -> &ProfileErrorKind {
        &self.kind
    }
}

impl Explain for ProfileError {
    fn explain(&self, lang: Lang) -> String {
        match (&self.kind, lang) {
            (ProfileErrorKind::Syntax { line, message }, _) => {
                let place = match (line, lang) {
                    (None, _) => String::new(),
                    (Some(line), Lang::Ja) => format!("{line}行目: "),
                    (Some(line), Lang::En) => format!("line {line}: "),
                };
                match lang {
                    Lang::Ja => format!(
                        "{place}プロファイルを読めません（{message}）。[rules] の下に コード = \"error\"・\"warning\"・\"info\"・\"off\" の形で書いてください。"
                    ),
                    Lang::En => format!(
                        "{place}the profile cannot be read: {message}; under [rules] write CODE = \"error\", \"warning\", \"info\" or \"off\""
                    ),
                }
            }
            (ProfileErrorKind::UnknownRule(code), Lang::Ja) => format!(
                "プロファイルにある規則「{code}」はありません。docs/rules.md にあるコードを書いてください。"
            ),
            (ProfileErrorKind::UnknownRule(code), Lang::En) => {
                format!(
                    "the profile names a rule {code:?} that does not exist; docs/rules.md lists the codes"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_severities_and_switches_rules_off() {
        let profile = Profile::from_toml(
            "name = \"ours\"\n[rules]\norder = \"error\"\nblank_line = \"off\"\n",
        )
        .unwrap();
        assert_eq!(profile.name(), Some("ours"));
        let severity = |code| {
            let rule = Rule::of(code).unwrap();
            profile.severity(rule, rule.severity)
        };
        assert_eq!(severity("order"), Some(Severity::Error));
        assert_eq!(severity("blank_line"), None);
        assert_eq!(severity("same_office"), Some(Severity::Error));
    }

    #[test]
    fn a_milder_case_of_a_rule_is_never_made_worse() {
        let rule = Rule::of("too_long").unwrap();
        let profile = Profile::standard().with(rule, Setting::Warning);
        assert_eq!(
            profile.severity(rule, Severity::Error),
            Some(Severity::Warning)
        );
        assert_eq!(profile.severity(rule, Severity::Info), Some(Severity::Info));
        let off = Profile::standard().with(rule, Setting::Off);
        assert_eq!(off.severity(rule, Severity::Info), None);
    }

    #[test]
    fn refuses_what_it_does_not_know_with_the_place() {
        let error = Profile::from_toml("[rules]\nno_such_rule = \"off\"\n").unwrap_err();
        assert!(error.to_string().contains("no_such_rule"));
        for bad in [
            "[rules]\norder = \"loud\"\n",
            "[rulez]\n",
            "name = 1\n",
            "[",
        ] {
            let error = Profile::from_toml(bad).unwrap_err();
            assert!(
                matches!(error.kind(), ProfileErrorKind::Syntax { line: Some(_), .. }),
                "{bad}: {error}"
            );
        }
    }
}
