//! A headless Chromium for tests of pages, and axe-core to hold them against WCAG.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr
)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The programs a test needs; `None`, said on standard error, if they are missing and need not be
/// there.
pub struct Tools {
    chromium: PathBuf,
    chromedriver: PathBuf,
    axe: String,
}

impl Tools {
    pub fn find() -> Option<Self> {
        let found = Self::look();
        if let Err(missing) = &found {
            let missing = format!("pages are not tested in a browser: {missing}");
            assert!(
                std::env::var_os("CAREPLAN_REQUIRE_PEERS").is_none(),
                "{missing}"
            );
            eprintln!("{missing}");
        }
        found.ok()
    }

    fn look() -> Result<Self, String> {
        let program = |name: &str| {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path)
                .map(|folder| folder.join(name))
                .find(|path| path.is_file())
                .ok_or_else(|| format!("there is no {name}"))
        };
        let python = std::env::var_os("CAREPLAN_PYTHON").ok_or("CAREPLAN_PYTHON is not set")?;
        let folder = Command::new(python)
            .args(["-c", "import axe_core_python as a; print(a.__path__[0])"])
            .output()
            .map_err(|error| error.to_string())?;
        let folder = String::from_utf8(folder.stdout).map_err(|error| error.to_string())?;
        let axe = std::fs::read_to_string(Path::new(folder.trim()).join("axe.min.js"))
            .map_err(|error| format!("axe.min.js: {error}"))?;
        Ok(Self {
            chromium: program("chromium")?,
            chromedriver: program("chromedriver")?,
            axe,
        })
    }
}

/// chromedriver, ended with its browsers when the test ends.
pub struct Driver {
    process: Child,
    address: String,
    tools: Tools,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Driver {
    pub fn start(tools: Tools) -> Self {
        let mut process = Command::new(&tools.chromedriver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines
            .find_map(|line| {
                let line = line.unwrap();
                let (_, rest) = line.split_once("started successfully on port ")?;
                Some(rest.trim_end_matches('.').to_owned())
            })
            .unwrap();
        // It stops when nobody reads what it writes.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            process,
            address: format!("http://127.0.0.1:{port}"),
            tools,
        }
    }

    /// A browser of its own, without anything from another.
    pub async fn browser(&self, kind: Kind) -> Browser {
        let profile = tempfile::tempdir().unwrap();
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--lang=ja".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
            "--window-size=1280,900".to_owned(),
        ];
        if let Kind::Resolving(name) = kind {
            arguments.push(format!("--host-resolver-rules=MAP {name} 127.0.0.1"));
        }
        let mut preferences = json!({});
        if kind == Kind::WithoutScripts {
            preferences["profile.managed_default_content_settings.javascript"] = json!(2);
        }
        let capabilities = json!({
            "goog:chromeOptions": {
                "binary": self.tools.chromium,
                "args": arguments,
                "prefs": preferences,
            },
        });
        let Value::Object(capabilities) = capabilities else {
            unreachable!()
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.address)
            .await
            .unwrap();
        Browser {
            client,
            axe: self.tools.axe.clone(),
            _profile: profile,
        }
    }
}

/// What a browser is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Usual,
    WithoutScripts,
    /// A name of somebody else's leads to this machine.
    Resolving(&'static str),
}

pub struct Browser {
    pub client: Client,
    axe: String,
    _profile: TempDir,
}

impl Browser {
    pub async fn go(&self, address: &str) {
        self.client.goto(address).await.unwrap();
    }

    #[track_caller]
    pub fn css<'a>(&'a self, selector: &'a str) -> impl Future<Output = Element> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let wait = self.client.wait().at_most(Duration::from_secs(20));
            match wait.for_element(Locator::Css(selector)).await {
                Ok(element) => element,
                Err(error) => panic!("{place}: {selector}: {error}\n{}", self.text().await),
            }
        }
    }

    pub async fn has(&self, selector: &str) -> bool {
        let found = self.client.find_all(Locator::Css(selector)).await.unwrap();
        !found.is_empty()
    }

    /// The texts of all such elements, as they are shown.
    pub async fn texts(&self, selector: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.client.find_all(Locator::Css(selector)).await.unwrap() {
            texts.push(element.text().await.unwrap());
        }
        texts
    }

    /// All text that is shown.
    pub async fn text(&self) -> String {
        let body = self.client.find(Locator::Css("body")).await.unwrap();
        body.text().await.unwrap()
    }

    /// Presses a link or button with this text, and waits for the next page.
    #[track_caller]
    pub fn press<'a>(&'a self, text: &'a str) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let path = format!(
                "//*[self::a or self::button][normalize-space(.)='{text}' or @aria-label='{text}']"
            );
            let Ok(element) = self.client.find(Locator::XPath(&path)).await else {
                panic!("{place}: no {text}\n{}", self.text().await);
            };
            let before = self.client.find(Locator::Css("html")).await.unwrap();
            element.click().await.unwrap();
            // The old page's elements are gone when the next page is there.
            for _ in 0..400 {
                if before.tag_name().await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            panic!("{place}: after {text} no other page came");
        }
    }

    /// Waits until the page says something.
    #[track_caller]
    pub fn says<'a>(&'a self, text: &'a str) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let path = format!("//body[contains(normalize-space(.), '{text}')]");
            let wait = self.client.wait().at_most(Duration::from_secs(20));
            if wait.for_element(Locator::XPath(&path)).await.is_err() {
                panic!("{place}: not said: {text}\n{}", self.text().await);
            }
        }
    }

    pub async fn size(&self, width: u32, height: u32) {
        self.client.set_window_size(width, height).await.unwrap();
    }

    /// Whether the page is wider than the window.
    pub async fn is_too_wide(&self) -> bool {
        let script = "const e = document.documentElement; return e.scrollWidth > e.clientWidth;";
        let wide = self.client.execute(script, Vec::new()).await.unwrap();
        wide.as_bool().unwrap()
    }

    /// Holds the page against WCAG 2.2 AA and good practice, by axe-core.
    #[track_caller]
    pub fn is_accessible(&self) -> impl Future<Output = ()> + '_ {
        let place = std::panic::Location::caller();
        async move {
            self.client.execute(&self.axe, Vec::new()).await.unwrap();
            let run = "const done = arguments[arguments.length - 1];
                const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
                axe.run(document, { runOnly: tags }).then((found) => done(found.violations.map((v) =>
                    v.id + ': ' + v.help + ' ' + v.nodes.map((n) => n.html).slice(0, 3).join(' | '))),
                    (error) => done(['axe: ' + error]));";
            let violations = self.client.execute_async(run, Vec::new()).await.unwrap();
            let address = self.client.current_url().await.unwrap();
            assert_eq!(violations, json!([]), "{place}: {address}");
        }
    }

    /// Keeps a picture of the page if `CAREPLAN_SCREENSHOTS` names a folder.
    pub async fn picture(&self, name: &str) {
        if let Some(folder) = std::env::var_os("CAREPLAN_SCREENSHOTS") {
            std::fs::create_dir_all(&folder).unwrap();
            let png = self.client.screenshot().await.unwrap();
            std::fs::write(Path::new(&folder).join(format!("{name}.png")), png).unwrap();
        }
    }

    pub async fn close(self) {
        self.client.close().await.unwrap();
    }
}
