//! The home a command works on, and how it tells what it did.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use careplan_core::Lang;
use careplan_platform::{Administration, Settings, SystemClock};
use serde_json::Value;

use crate::Everywhere;
use crate::failure::Failure;

/// A platform's folder and configuration, as the command line names them.
pub(crate) struct Home {
    folder: PathBuf,
    config: Option<PathBuf>,
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
        Ok(Self {
            folder,
            config: arguments
                .config
                .clone()
                .or_else(|| variable("CAREPLAN_PLATFORM_CONFIG")),
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

    /// The configuration, checked whole.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let file = self
            .config
            .clone()
            .unwrap_or_else(|| self.folder.join(Settings::FILE));
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Settings::read(&file, variables).map_err(Failure::of)
    }

    /// Opens the home for administration.
    pub(crate) fn administration(&self) -> Result<Administration, Failure> {
        if self.is_new() && !self.folder.join("platform.sqlite").exists() {
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
        let clock = Arc::new(SystemClock);
        if self.is_new() {
            return Administration::open(&self.folder, clock).map_err(Failure::of);
        }
        // Storage and fees as the platform serves with, or the two would disagree.
        let settings = self.settings()?;
        let storage = settings.storage_choice().map_err(Failure::of)?;
        let fees = settings.fee_table().map_err(Failure::of)?;
        let administration =
            Administration::open_with(storage, &self.folder, clock).map_err(Failure::of)?;
        Ok(administration.with_fees(fees))
    }

    /// Tells what was done: a sentence in the person's language, or JSON.
    pub(crate) fn tell(&self, json: &Value, ja: &str, en: &str) {
        if self.json {
            println!("{json}");
        } else {
            println!("{}", self.lang.pick(ja, en));
        }
    }
}
