//! What every command works with: the office's home, the language, the way of telling, and the
//! client opened on the home.

use careplan_examples::say;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use careplan_client::{Client, ClientConfig, ErrorKind, Observer, Refusal, Session, Setup};
use careplan_core::{Lang, UserId};
use careplan_protocol::LogInRequest;
use etcetera::BaseStrategy as _;
use serde::Serialize;

use crate::Common;
use crate::failure::{Exit, Failure};
use crate::password;
use crate::progress::Bars;

/// How long another terminal that works on the home is waited for: a round of `office watch` or
/// another command is mostly over by then.
const PATIENCE: Duration = Duration::from_secs(5);

/// The office a command is for, and how it tells what it did.
pub(crate) struct Office {
    home: Option<PathBuf>,
    pub(crate) lang: Lang,
    pub(crate) json: bool,
    password_file: Option<PathBuf>,
    /// What was entered, so that a program that works on is not asked twice.
    log_in: Arc<Mutex<Option<LogInRequest>>>,
}

impl Office {
    pub(crate) fn new(common: Common) -> Self {
        Self {
            home: common.home.or_else(usual_home),
            lang: common.lang.unwrap_or_else(system_language),
            json: common.json,
            password_file: common.password_file,
            log_in: Arc::default(),
        }
    }

    /// The home's folder.
    pub(crate) fn home(&self) -> Result<&Path, Failure> {
        self.home.as_deref().ok_or_else(|| {
            Failure::new(
                Exit::CouldNot,
                "保管場所が決められません。--home で指定してください。",
                "there is no usual place for the home; name one with --home",
            )
        })
    }

    /// The home's settings, key and certificate.
    pub(crate) fn setup(&self) -> Result<Setup, Failure> {
        Ok(Setup::open(self.home()?)?)
    }

    /// What a client is opened with: the home's settings, and the password when it is needed.
    pub(crate) fn config(&self) -> Result<ClientConfig, Failure> {
        let setup = self.setup()?;
        let (user_id, lang) = (setup.settings().user_id, self.lang);
        let (file, known) = (self.password_file.clone(), Arc::clone(&self.log_in));
        let ask = move || log_in_once(&known, user_id, file.as_deref(), lang);
        Ok(setup.client_config(ask)?)
    }

    /// Asks for the password now, for a program whose person looks elsewhere later.
    pub(crate) fn ask_log_in(&self) -> Result<(), Failure> {
        let user_id = self.setup()?.settings().user_id;
        log_in_once(
            &self.log_in,
            user_id,
            self.password_file.as_deref(),
            self.lang,
        )
        .map(drop)
        .map_err(Failure::other)
    }

    /// The client, with progress shown on the terminal.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        self.client_with(None)
    }

    /// The client, going on with a session.
    pub(crate) fn client_with(&self, session: Option<Session>) -> Result<Client, Failure> {
        self.client_observed(session, || Box::new(Bars::new(self.lang)))
    }

    /// The client, with progress shown by another.
    pub(crate) fn client_observed(
        &self,
        session: Option<Session>,
        observer: impl Fn() -> Box<dyn Observer>,
    ) -> Result<Client, Failure> {
        let begun = Instant::now();
        loop {
            let mut config = self.config()?;
            config.session.clone_from(&session);
            config.observer = observer();
            match Client::open(config) {
                Err(error)
                    if matches!(error.kind(), ErrorKind::HomeInUse { .. })
                        && begun.elapsed() < PATIENCE =>
                {
                    std::thread::sleep(Duration::from_millis(100));
                }
                opened => return Ok(opened?),
            }
        }
    }

    /// Prints a result for programs.
    pub(crate) fn print_json(&self, value: &impl Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => say!("{text}"),
            Err(error) => eprintln!("{error}"),
        }
    }

    /// Prints one line for programs that read on.
    pub(crate) fn print_line(&self, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(text) => say!("{text}"),
            Err(error) => eprintln!("{error}"),
        }
    }

    /// Tells of something while it goes on: a line for people or for programs.
    pub(crate) fn event(&self, text: &str, value: &impl Serialize) {
        if self.json {
            self.print_line(value);
        } else {
            say!("{text}");
        }
    }

    /// Prints a line for people, unless programs read.
    pub(crate) fn say(&self, ja: impl AsRef<str>, en: impl AsRef<str>) {
        if !self.json {
            say!("{}", self.lang.pick(ja.as_ref(), en.as_ref()));
        }
    }
}

/// The password as it was given before, or asked for.
fn log_in_once(
    known: &Mutex<Option<LogInRequest>>,
    user_id: UserId,
    file: Option<&Path>,
    lang: Lang,
) -> Result<LogInRequest, Refusal> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(log_in) = &*known {
        return Ok(log_in.clone());
    }
    let log_in = password::log_in(user_id, file, lang)?;
    Ok(known.insert(log_in).clone())
}

/// `careplan` in the user's own data folder: `%LOCALAPPDATA%` on Windows, `~/.local/share` or
/// `XDG_DATA_HOME` elsewhere.
fn usual_home() -> Option<PathBuf> {
    #[cfg(windows)]
    let folder = etcetera::choose_base_strategy().ok()?.cache_dir();
    #[cfg(not(windows))]
    let folder = etcetera::choose_base_strategy().ok()?.data_dir();
    Some(folder.join("careplan"))
}

/// Japanese, unless the system speaks another language.
fn system_language() -> Lang {
    match sys_locale::get_locale() {
        Some(locale) if !locale.to_lowercase().starts_with("ja") => Lang::En,
        _ => Lang::Ja,
    }
}
