//! The types a setting can have, each with the form an operator writes it in.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use careplan_envelope::evidence::EvidenceName;
use chrono::{NaiveDate, TimeDelta};
use toml::de::DeValue;

/// A value as it was written.
#[derive(Clone, Copy)]
pub(super) enum Written<'a> {
    /// In the configuration file.
    Toml(&'a DeValue<'a>),
    /// In an environment variable.
    Text(&'a str),
}

impl Written<'_> {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Toml(value) => value.as_str(),
            Self::Text(text) => Some(text),
        }
    }

    fn number(&self) -> Option<u64> {
        match self {
            Self::Toml(value) => {
                let integer = value.as_integer()?;
                u64::from_str_radix(integer.as_str(), integer.radix()).ok()
            }
            Self::Text(text) => text.parse().ok(),
        }
    }
}

/// A type of settings.
pub(super) trait Value: Sized {
    /// The form in Japanese and in English, as it goes into a sentence.
    fn form() -> (String, String);
    /// Reads what was written; relative paths are below `folder`.
    fn read(written: Written<'_>, folder: &Path) -> Option<Self>;
    /// As it would be written in the configuration file; `None` if it is not set.
    fn show(&self) -> Option<String>;
}

/// A whole number between bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Number<MIN, MAX> {
    /// Nearest number within the bounds.
    pub(super) const fn near(number: u64) -> Self {
        if number < MIN {
            Self(MIN)
        } else if number > MAX {
            Self(MAX)
        } else {
            Self(number)
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number as a count of things in memory.
    #[must_use]
    pub fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// The number as seconds.
    #[must_use]
    pub const fn seconds(self) -> Duration {
        Duration::from_secs(self.0)
    }

    /// The number as days.
    #[must_use]
    pub fn days(self) -> TimeDelta {
        i64::try_from(self.0)
            .ok()
            .and_then(TimeDelta::try_days)
            .unwrap_or(TimeDelta::MAX)
    }
}

impl<const MIN: u64, const MAX: u64> Value for Number<MIN, MAX> {
    fn form() -> (String, String) {
        (
            format!("{MIN}から{MAX}までの整数"),
            format!("a whole number from {MIN} to {MAX}"),
        )
    }

    fn read(written: Written<'_>, _: &Path) -> Option<Self> {
        let number = written.number()?;
        (MIN..=MAX).contains(&number).then_some(Self(number))
    }

    fn show(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

impl Value for SocketAddr {
    fn form() -> (String, String) {
        (
            "「127.0.0.1:8443」の形のIPアドレスとポート".to_owned(),
            "an IP address and a port, like \"127.0.0.1:8443\"".to_owned(),
        )
    }

    fn read(written: Written<'_>, _: &Path) -> Option<Self> {
        written.text()?.parse().ok()
    }

    fn show(&self) -> Option<String> {
        Some(format!("\"{self}\""))
    }
}

/// An address to listen on, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener(pub(super) Option<SocketAddr>);

impl Listener {
    /// The address; `None` if nobody listens.
    #[must_use]
    pub const fn address(self) -> Option<SocketAddr> {
        self.0
    }
}

impl Value for Listener {
    fn form() -> (String, String) {
        (
            "「127.0.0.1:9464」の形のIPアドレスとポート、または「off」".to_owned(),
            "an IP address and a port, like \"127.0.0.1:9464\", or \"off\"".to_owned(),
        )
    }

    fn read(written: Written<'_>, _: &Path) -> Option<Self> {
        match written.text()? {
            "off" => Some(Self(None)),
            text => text.parse().ok().map(|address| Self(Some(address))),
        }
    }

    fn show(&self) -> Option<String> {
        Some(match self.0 {
            Some(address) => format!("\"{address}\""),
            None => "\"off\"".to_owned(),
        })
    }
}

/// A text in the quotes of TOML. What is shown are words and names without quotes of their own.
fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

impl Value for PathBuf {
    fn form() -> (String, String) {
        ("ファイル名".to_owned(), "the name of a file".to_owned())
    }

    fn read(written: Written<'_>, folder: &Path) -> Option<Self> {
        let text = written.text().filter(|text| !text.is_empty())?;
        Some(folder.join(text))
    }

    fn show(&self) -> Option<String> {
        // Forward slashes read the same on every system.
        Some(quoted(&self.to_string_lossy().replace('\\', "/")))
    }
}

impl Value for Vec<PathBuf> {
    fn form() -> (String, String) {
        (
            "ファイル名の配列（環境変数では「,」区切り）".to_owned(),
            "a list of names of files (in the environment, divided by commas)".to_owned(),
        )
    }

    fn read(written: Written<'_>, folder: &Path) -> Option<Self> {
        match written {
            Written::Toml(value) => value
                .as_array()?
                .iter()
                .map(|item| PathBuf::read(Written::Toml(item.get_ref()), folder))
                .collect(),
            Written::Text("") => Some(Self::new()),
            Written::Text(text) => text
                .split(',')
                .map(|item| PathBuf::read(Written::Text(item.trim()), folder))
                .collect(),
        }
    }

    fn show(&self) -> Option<String> {
        let items: Vec<_> = self.iter().filter_map(Value::show).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}

impl<T: Value> Value for Option<T> {
    fn form() -> (String, String) {
        T::form()
    }

    fn read(written: Written<'_>, folder: &Path) -> Option<Self> {
        T::read(written, folder).map(Some)
    }

    fn show(&self) -> Option<String> {
        self.as_ref()?.show()
    }
}

impl Value for String {
    fn form() -> (String, String) {
        ("文字列".to_owned(), "a text".to_owned())
    }

    fn read(written: Written<'_>, _: &Path) -> Option<Self> {
        written.text().map(str::to_owned)
    }

    fn show(&self) -> Option<String> {
        Some(quoted(self))
    }
}

impl Value for EvidenceName {
    fn form() -> (String, String) {
        (
            "「evidence-2」の形の名前（英小文字、数字、「.」「_」「-」、64文字まで）".to_owned(),
            "a name like \"evidence-2\": up to 64 lower-case letters, digits, dots, hyphens, underscores".to_owned(),
        )
    }

    fn read(written: Written<'_>, _: &Path) -> Option<Self> {
        written.text()?.parse().ok()
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

impl Value for NaiveDate {
    fn form() -> (String, String) {
        (
            "「2026-04-14」の形の日付".to_owned(),
            "a day, like \"2026-04-14\"".to_owned(),
        )
    }

    fn read(written: Written<'_>, _: &Path) -> Option<Self> {
        written.text()?.parse().ok()
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

/// What log lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogForm {
    /// One JSON object per line, for programs.
    Json,
    /// Text, for people.
    Text,
}

impl Value for LogForm {
    fn form() -> (String, String) {
        (
            "「json」または「text」".to_owned(),
            "\"json\" or \"text\"".to_owned(),
        )
    }

    fn read(written: Written<'_>, _: &Path) -> Option<Self> {
        match written.text()? {
            "json" => Some(Self::Json),
            "text" => Some(Self::Text),
            _ => None,
        }
    }

    fn show(&self) -> Option<String> {
        Some(quoted(match self {
            Self::Json => "json",
            Self::Text => "text",
        }))
    }
}

/// From which severity on something is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLevel(pub(super) tracing::Level);

impl LogLevel {
    /// The severity.
    #[must_use]
    pub const fn level(self) -> tracing::Level {
        self.0
    }
}

impl Value for LogLevel {
    fn form() -> (String, String) {
        (
            "「error」「warn」「info」「debug」のいずれか".to_owned(),
            "one of \"error\", \"warn\", \"info\", \"debug\"".to_owned(),
        )
    }

    fn read(written: Written<'_>, _: &Path) -> Option<Self> {
        Some(Self(match written.text()? {
            "error" => tracing::Level::ERROR,
            "warn" => tracing::Level::WARN,
            "info" => tracing::Level::INFO,
            "debug" => tracing::Level::DEBUG,
            _ => return None,
        }))
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.0.as_str().to_ascii_lowercase()))
    }
}

/// An address with credentials in it, which are shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// The address, credentials and all.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretUrl(hidden)")
    }
}

impl Value for SecretUrl {
    fn form() -> (String, String) {
        (
            "「postgres://…」「s3://…」「file://…」の形のURL".to_owned(),
            "a URL like \"postgres://…\", \"s3://…\" or \"file://…\"".to_owned(),
        )
    }

    fn read(written: Written<'_>, _: &Path) -> Option<Self> {
        let text = written.text()?;
        let (scheme, _) = text.split_once("://")?;
        ["postgres", "postgresql", "s3", "file"]
            .contains(&scheme)
            .then(|| Self(text.to_owned()))
    }

    fn show(&self) -> Option<String> {
        None
    }
}
