//! The home a command works on, and how it tells what it did.

use careplan_examples::say;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use careplan_core::Lang;
use careplan_platform::{Administration, Settings, StorageChoice, SystemClock};
use serde_json::Value;

use crate::Everywhere;
use crate::failure::Failure;

/// A platform's folder and configuration, as the command line names them.
pub(crate) struct Home {
    folder: PathBuf,
    config: Option<PathBuf>,
    /// Settings given as options.
    options: Vec<(&'static str, String)>,
    pub(crate) lang: Lang,
    json: bool,
}

impl Home {
    pub(crate) fn of(arguments: &Everywhere) -> Result<Self, Failure> {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let folder = arguments
            .home
            .clone()
            .or_else(|| variable("CAREPLAN_PLATFORM_HOME"))
            .ok_or_else(|| {
                Failure::message(
                    "保存先フォルダーを --home DIR で指定してください。",
                    "name the folder of the platform's data: --home DIR",
                )
            })?;
        if arguments.database_url.as_deref().is_some_and(has_password) {
            eprintln!(
                "{}",
                arguments.lang.pick(
                    "警告: コマンドラインのパスワードは、この機械の他の利用者から見えます。環境変数 CAREPLAN_PLATFORM_STORAGE_DATABASE_URL を使用してください。",
                    "warning: a password on the command line is seen by everybody on this machine; use the variable CAREPLAN_PLATFORM_STORAGE_DATABASE_URL",
                )
            );
        }
        Ok(Self {
            folder,
            config: arguments
                .config
                .clone()
                .or_else(|| variable("CAREPLAN_PLATFORM_CONFIG")),
            options: [
                ("--database-url", &arguments.database_url),
                ("--object-store", &arguments.object_store),
            ]
            .into_iter()
            .filter_map(|(option, text)| Some((option, text.clone()?)))
            .collect(),
            lang: arguments.lang,
            json: arguments.json,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether nothing is configured yet: no file was named, and the home has none.
    pub(crate) fn is_new(&self) -> bool {
        self.config.is_none() && !self.folder.join(Settings::FILE).exists()
    }

    /// The configuration, checked whole; of a home without one what is built in.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let options = self.options.iter().cloned();
        if self.is_new() {
            return Settings::without_file(&self.folder, variables, options).map_err(Failure::of);
        }
        let file = self
            .config
            .clone()
            .unwrap_or_else(|| self.folder.join(Settings::FILE));
        Settings::read(&file, variables, options).map_err(Failure::of)
    }

    /// Opens the home for administration: storage and fees as the platform serves with, or the two
    /// would disagree.
    pub(crate) fn administration(&self) -> Result<Administration, Failure> {
        let settings = self.settings()?;
        let storage = settings.storage_choice().map_err(Failure::of)?;
        if self.is_new()
            && matches!(storage, StorageChoice::Embedded)
            && !self.folder.join("platform.sqlite").exists()
        {
            let folder = self.folder.display();
            return Err(Failure::message(
                format!(
                    "{folder} は連携基盤の保存先ではありません。--home を確かめるか、platform init で作成してください。"
                ),
                format!(
                    "{folder} is no platform's home; check --home, or make one with platform init"
                ),
            ));
        }
        let fees = settings.fee_table().map_err(Failure::of)?;
        let administration =
            Administration::open_with(storage, &self.folder, Arc::new(SystemClock))
                .map_err(Failure::of)?;
        Ok(administration.with_fees(fees))
    }

    /// For what concerns files of the home alone: refuses a home whose platform keeps sendings in
    /// PostgreSQL and an object store.
    pub(crate) fn must_be_embedded(&self) -> Result<(), Failure> {
        let storage = self.settings()?.storage_choice().map_err(Failure::of)?;
        if matches!(storage, StorageChoice::Embedded) {
            return Ok(());
        }
        Err(Failure::message(
            "この連携基盤のデータはPostgreSQLとオブジェクトストアにあります。pg_dumpなどによる手順は docs/operations.md を参照してください。確認は platform verify で行えます。",
            "this platform keeps its data in PostgreSQL and an object store; docs/operations.md has the steps with pg_dump, and platform verify checks the outcome",
        ))
    }

    /// Tells what was done: a sentence in the person's language, or JSON. An empty list is no line.
    pub(crate) fn tell(&self, json: &Value, ja: &str, en: &str) {
        let words = self.lang.pick(ja, en);
        if self.json {
            say!("{json}");
        } else if !words.is_empty() {
            say!("{words}");
        }
    }
}

/// Whether the URL of a database has a password in it.
fn has_password(url: &str) -> bool {
    let (before, parameters) = url.split_once('?').unwrap_or((url, ""));
    let user = before
        .split_once("://")
        .and_then(|(_, rest)| rest.rsplit_once('@'));
    user.is_some_and(|(user, _)| user.contains(':'))
        || parameters
            .split('&')
            .any(|parameter| parameter.starts_with("password="))
}
