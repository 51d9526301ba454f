//! chromedriver, and how a browser of its is to be.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use super::Browser;
use crate::guard::Guarded;
use crate::missing;

/// A running chromedriver. Its browsers end with it.
#[derive(Debug)]
pub struct Driver {
    server: Guarded,
    address: String,
    profiles: PathBuf,
    chromium: PathBuf,
    axe: String,
}

/// What a browser is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// That of an office's computer.
    Usual,
    /// A telephone's window.
    Narrow,
    /// It runs no scripts.
    WithoutScripts,
    /// A name of somebody else's leads to this machine.
    Resolving(&'static str),
}

impl Driver {
    /// Starts chromedriver on a free port; `None`, with a message, if it, Chromium or axe-core (a
    /// Python package of the Python that `CAREPLAN_PYTHON` names) is not there.
    #[must_use]
    pub fn start() -> Option<Self> {
        let needed = || Ok((program("chromium")?, program("chromedriver")?, axe()?));
        let (chromium, chromedriver, axe) = match needed() {
            Ok(found) => found,
            Err(reason) => {
                let reason: String = reason;
                missing(&format!("pages are not tested in a browser: {reason}"));
                return None;
            }
        };
        let profiles = tempfile::Builder::new()
            .prefix("browsers-")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        // LANGUAGE is for the browser's own words, such as those of a file field.
        let chromedriver = chromedriver.to_str().expect("a path in UTF-8");
        let line = ["env", "LANGUAGE=ja", chromedriver, "--port=0"];
        let mut server = Guarded::start(&line, "TERM", &profiles);
        let told = server.shell.stderr.take().expect("its output");
        let mut lines = BufReader::new(told).lines();
        let port = lines
            .find_map(|line| {
                let line = line.expect("its output");
                let (_, port) = line.split_once("started successfully on port ")?;
                Some(port.trim_end_matches('.').to_owned())
            })
            .expect("chromedriver says its port");
        // It stops when nobody reads what it writes.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self {
            server,
            address: format!("http://127.0.0.1:{port}"),
            profiles,
            chromium,
            axe,
        })
    }

    /// A browser of its own, without anything from another. It takes any server's certificate, as
    /// those of tests are from authorities that no browser knows.
    pub async fn browser(&self, kind: Kind) -> Browser {
        let profile = tempfile::tempdir_in(&self.profiles)
            .expect("a temporary folder")
            .keep();
        let mut arguments = vec![
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--hide-scrollbars".to_owned(),
            "--force-prefers-reduced-motion".to_owned(),
            "--lang=ja".to_owned(),
            "--window-size=1280,900".to_owned(),
            format!("--user-data-dir={}", profile.display()),
        ];
        if super::pictures().is_some() {
            // Pictures for a document, not for a test of the eyes.
            arguments.push("--force-device-scale-factor=0.8".to_owned());
        }
        let mut options = json!({ "binary": self.chromium });
        match kind {
            Kind::Usual => {}
            Kind::Narrow => {
                options["mobileEmulation"] =
                    json!({"deviceMetrics": {"width": 360, "height": 740, "pixelRatio": 1.0}});
            }
            Kind::WithoutScripts => {
                options["prefs"] =
                    json!({"profile.managed_default_content_settings.javascript": 2});
            }
            Kind::Resolving(name) => {
                arguments.push(format!("--host-resolver-rules=MAP {name} 127.0.0.1"));
            }
        }
        options["args"] = json!(arguments);
        let capabilities = json!({
            "acceptInsecureCerts": true,
            "goog:chromeOptions": options,
        });
        let Value::Object(capabilities) = capabilities else {
            unreachable!("an object");
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.address)
            .await
            .expect("a browser");
        Browser::new(client, self.axe.clone())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Ends the browsers too, which its own end by a signal would leave behind. If it does not
        // answer it is gone already.
        let _ = ureq::get(format!("{}/shutdown", self.address)).call();
        // The guard, next in turn, waits for its end.
        let _ = &self.server;
    }
}

/// A program in `PATH`.
fn program(name: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| format!("there is no {name}"))
}

/// The source of axe-core, from the Python package that carries it.
fn axe() -> Result<String, String> {
    let python = std::env::var_os("CAREPLAN_PYTHON").ok_or("CAREPLAN_PYTHON is not set")?;
    let place = "import axe_core_python; print(axe_core_python.__path__[0])";
    let output = Command::new(python)
        .args(["-c", place])
        .output()
        .map_err(|error| error.to_string())?;
    let folder = String::from_utf8(output.stdout).map_err(|error| error.to_string())?;
    std::fs::read_to_string(Path::new(folder.trim()).join("axe.min.js"))
        .map_err(|error| format!("axe.min.js: {error}"))
}
