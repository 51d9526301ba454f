//! The platform that is measured: one that runs, or one of our own in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use careplan_envelope::pem;
use chrono::Utc;
use rustls_pki_types::CertificateDer;

use crate::failure::Failure;

/// What is measured.
pub(crate) struct Subject {
    home: PathBuf,
    url: String,
    /// Whether it is at somebody else's address.
    runs: bool,
    /// The platform we started.
    process: Option<Child>,
    _temporary: Option<tempfile::TempDir>,
}

impl Subject {
    /// A platform's home; made for development if it is not there.
    pub(crate) fn prepare(url: Option<&str>, home: Option<&Path>) -> Result<Self, Failure> {
        let (home, temporary) = match home {
            Some(home) => (home.to_owned(), None),
            None => {
                let folder = tempfile::Builder::new()
                    .prefix("careplan-load-")
                    .tempdir()
                    .map_err(Failure::system)?;
                (folder.path().join("home"), Some(folder))
            }
        };
        if url.is_none() && !home.join(careplan_platform::Settings::FILE).exists() {
            careplan_platform::make_development_home(&home, &["127.0.0.1"], Utc::now())
                .map_err(Failure::of)?;
        }
        Ok(Self {
            home,
            url: url.unwrap_or_default().trim_end_matches('/').to_owned(),
            runs: url.is_some(),
            process: None,
            _temporary: temporary,
        })
    }

    /// Starts the platform, unless one runs already: the program `platform` beside this one.
    pub(crate) fn start(&mut self) -> Result<(), Failure> {
        if self.runs {
            return Ok(());
        }
        let program = std::env::current_exe()
            .map_err(Failure::system)?
            .with_file_name(format!("platform{}", std::env::consts::EXE_SUFFIX));
        if !program.exists() {
            return Err(Failure::message(format!(
                "{} is not there; build it: cargo build --release -p careplan-examples --bins",
                program.display()
            )));
        }
        let mut process = Command::new(&program)
            .arg("--home")
            .arg(&self.home)
            .env("CAREPLAN_PLATFORM_SERVER_LISTEN", "127.0.0.1:0")
            .env("CAREPLAN_PLATFORM_WEB_LISTEN", "off")
            .env("CAREPLAN_PLATFORM_OPERATIONS_LISTEN", "off")
            .env("CAREPLAN_PLATFORM_LOG_LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Failure::system)?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output)
                .read_line(&mut line)
                .map_err(Failure::system)?;
        }
        self.process = Some(process);
        self.url = line
            .split_whitespace()
            .find(|word| word.starts_with("https://"))
            .ok_or_else(|| Failure::message("the platform did not start; its reason is above"))?
            .to_owned();
        Ok(())
    }

    /// Ends the platform we started.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // What it acknowledged is safe; a home of our own goes away with us.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The authority the platform's certificate is of.
    pub(crate) fn anchor(&self) -> Result<CertificateDer<'static>, Failure> {
        let file = self.home.join("certificates/authority.pem");
        let text = std::fs::read(&file)
            .map_err(|error| Failure::message(format!("{}: {error}", file.display())))?;
        let certificates = pem::certificates(&text).map_err(Failure::of)?;
        certificates
            .into_iter()
            .next()
            .ok_or_else(|| Failure::message("no certificate of an authority"))
    }

    /// The process of the platform we started.
    pub(crate) fn watched(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        self.stop();
    }
}
