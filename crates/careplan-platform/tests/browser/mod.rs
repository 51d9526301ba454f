//! A Chromium of a test's own, driven over `WebDriver`, and axe-core to look at pages with.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    unreachable_pub
)]

use std::env;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::actions::{InputSource, KeyAction, KeyActions, WheelAction, WheelActions};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// How a page is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    Wide,
    /// A telephone's.
    Narrow,
    /// Wide, in a browser that runs no scripts.
    WithoutScripts,
}

/// A browser. It ends with the test, also with one that fails.
pub struct Browser {
    client: Option<Client>,
    driver: Child,
    port: u16,
    runtime: Runtime,
    base: String,
    _profile: TempDir,
}

/// Whether there is a program; with `CAREPLAN_REQUIRE_PEERS` set there has to be.
fn is_there(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    assert!(
        found || env::var_os("CAREPLAN_REQUIRE_PEERS").is_none(),
        "{program} is not there"
    );
    if !found {
        eprintln!("skipped: {program} is not there");
    }
    found
}

impl Browser {
    /// A browser at a site; `None` if there is none on this machine.
    pub fn at(site: std::net::SocketAddr, window: Window) -> Option<Self> {
        if !is_there("chromium") || !is_there("chromedriver") {
            return None;
        }
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            // The browser's own words, such as those of a file field.
            .env("LANGUAGE", "ja")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = loop {
            let line = said.next().expect("chromedriver says its port").unwrap();
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').parse().unwrap();
            }
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let mut options = json!({
            "binary": "/usr/bin/chromium",
            "args": [
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                "--force-prefers-reduced-motion",
                "--lang=ja",
                "--window-size=1100,800",
                format!("--user-data-dir={}", profile.path().display()),
            ],
        });
        if env::var_os("CAREPLAN_PICTURES").is_some() {
            // Pictures for a document, not for a test of the eyes.
            let smaller = json!("--force-device-scale-factor=0.8");
            options["args"].as_array_mut().unwrap().push(smaller);
        }
        match window {
            Window::Wide => {}
            Window::Narrow => {
                options["mobileEmulation"] =
                    json!({"deviceMetrics": {"width": 360, "height": 740, "pixelRatio": 1.0}});
            }
            Window::WithoutScripts => {
                options["prefs"] =
                    json!({"profile.managed_default_content_settings.javascript": 2});
            }
        }
        let mut browser = Self {
            client: None,
            driver,
            port,
            runtime,
            base: format!("https://{site}"),
            _profile: profile,
        };
        let capabilities = json!({
            // The test's own authority.
            "acceptInsecureCerts": true,
            "goog:chromeOptions": options,
        });
        let Value::Object(capabilities) = capabilities else {
            unreachable!("an object");
        };
        let connect = async {
            ClientBuilder::new(HttpConnector::new())
                .capabilities(capabilities)
                .connect(&format!("http://127.0.0.1:{port}"))
                .await
        };
        browser.client = Some(browser.runtime.block_on(connect).unwrap());
        Some(browser)
    }

    fn client(&self) -> &Client {
        self.client.as_ref().unwrap()
    }

    pub fn go(&self, path: &str) {
        let url = format!("{}{path}", self.base);
        self.runtime.block_on(self.client().goto(&url)).unwrap();
    }

    /// Where the browser is, without the host.
    pub fn place(&self) -> String {
        let url = self.runtime.block_on(self.client().current_url()).unwrap();
        match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        }
    }

    #[track_caller]
    pub fn click(&self, css: &str) {
        let click = async {
            let element = self.client().find(Locator::Css(css)).await?;
            element.click().await
        };
        if let Err(error) = self.runtime.block_on(click) {
            panic!("{css} at {}: {error}\n{}", self.place(), self.text());
        }
    }

    /// Presses the button or follows the link with these words, and waits for the page it leads to.
    #[track_caller]
    pub fn press(&self, words: &str) {
        let path = format!(
            "//main//*[self::a or self::button][normalize-space()='{words}'] \
             | //nav//a[normalize-space()='{words}']"
        );
        self.follow_to_page(Locator::XPath(&path));
    }

    /// Clicks what leads to another page, and waits for that.
    #[track_caller]
    pub fn follow(&self, css: &str) {
        self.follow_to_page(Locator::Css(css));
    }

    #[track_caller]
    fn follow_to_page(&self, what: Locator<'_>) {
        // The next page has another document, without this mark.
        self.script("document.before = true");
        let click = async {
            let element = self.client().find(what).await?;
            element.click().await
        };
        if let Err(error) = self.runtime.block_on(click) {
            panic!("{what:?} at {}: {error}\n{}", self.place(), self.text());
        }
        self.until("!document.before && document.readyState === 'complete'");
    }

    /// Types into a field, in place of what is there.
    #[track_caller]
    pub fn fill(&self, css: &str, text: &str) {
        let fill = async {
            let element = self.client().find(Locator::Css(css)).await?;
            element.clear().await?;
            element.send_keys(text).await
        };
        self.runtime.block_on(fill).unwrap();
    }

    /// Chooses a file in a field.
    #[track_caller]
    pub fn choose_file(&self, css: &str, path: &std::path::Path) {
        let choose = async {
            let element = self.client().find(Locator::Css(css)).await?;
            element.send_keys(path.to_str().unwrap()).await
        };
        self.runtime.block_on(choose).unwrap();
    }

    /// What a script gives.
    #[track_caller]
    pub fn script(&self, script: &str) -> Value {
        self.runtime
            .block_on(self.client().execute(script, vec![]))
            .unwrap()
    }

    /// Waits, for at most half a minute, until an expression is true, also on a page that is just
    /// coming.
    #[track_caller]
    pub fn until(&self, expression: &str) {
        let script = format!("try {{ return Boolean({expression}); }} catch {{ return false; }}");
        let waited = self.runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(30), async {
                // A page that goes away breaks the script off; the next one is asked again.
                while !matches!(
                    self.client().execute(&script, vec![]).await,
                    Ok(Value::Bool(true))
                ) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            })
            .await
        });
        assert!(waited.is_ok(), "not so: {expression}\n{}", self.text());
    }

    /// What is to be read on the page.
    pub fn text(&self) -> String {
        let text = async {
            let body = self.client().find(Locator::Css("body")).await?;
            body.text().await
        };
        self.runtime.block_on(text).unwrap()
    }

    #[track_caller]
    pub fn shows(&self, words: &str) {
        let text = self.text();
        assert!(text.contains(words), "no `{words}` in: {text}");
    }

    /// Turns the wheel over the middle of an element.
    pub fn wheel(&self, css: &str, by: i64) {
        let middle = self.script(&format!(
            "const of = document.querySelector('{css}'); of.scrollIntoView({{block: 'nearest'}}); \
             const box = of.getBoundingClientRect(); \
             return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)]"
        ));
        let wheel = WheelActions::new("wheel".into()).then(WheelAction::Scroll {
            duration: None,
            x: middle[0].as_i64().unwrap(),
            y: middle[1].as_i64().unwrap(),
            delta_x: 0,
            delta_y: by,
        });
        self.runtime
            .block_on(self.client().perform_actions(wheel))
            .unwrap();
    }

    /// Presses a key of the keyboard, wherever the focus is.
    pub fn key(&self, key: char) {
        let keys = KeyActions::new("keys".into())
            .then(KeyAction::Down { value: key })
            .then(KeyAction::Up { value: key });
        self.runtime
            .block_on(self.client().perform_actions(keys))
            .unwrap();
    }

    /// Saves what is to be seen, all the way down.
    pub fn save_picture(&self, path: &std::path::Path, width: u32) {
        let size = |height: u32| {
            // The window's own frame is a part of its size.
            let set = self.client().set_window_size(width, height + 150);
            self.runtime.block_on(set).unwrap();
            self.until(&format!("innerHeight >= {height}"));
        };
        size(600);
        let height =
            self.script("return Math.ceil(document.body.getBoundingClientRect().bottom + scrollY)");
        size(u32::try_from(height.as_u64().unwrap()).unwrap());
        let picture = self.runtime.block_on(async {
            let body = self.client().find(Locator::Css("body")).await?;
            body.screenshot().await
        });
        std::fs::write(path, picture.unwrap()).unwrap();
        let set = self.client().set_window_size(1100, 800);
        self.runtime.block_on(set).unwrap();
    }

    /// Saves what the window shows.
    pub fn save_window(&self, path: &std::path::Path) {
        let picture = self.runtime.block_on(self.client().screenshot()).unwrap();
        std::fs::write(path, picture).unwrap();
    }

    /// What axe-core finds on the page against WCAG 2.0 to 2.2, A and AA; `None` if it is not
    /// there.
    pub fn accessibility_faults(&self) -> Option<Vec<String>> {
        let axe = axe()?;
        self.script(&axe);
        let script = "const done = arguments[0]; \
            axe.run(document, {runOnly: {type: 'tag', values: \
            ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa']}}) \
            .then(found => done(found.violations.map(fault => fault.id + ': ' + fault.help + ' ' \
            + fault.nodes.map(node => node.html).join(' '))), error => done(['axe: ' + error]));";
        let faults = self
            .runtime
            .block_on(self.client().execute_async(script, vec![]))
            .unwrap();
        Some(serde_json::from_value(faults).unwrap())
    }

    /// Holds the page to what every page has to be.
    #[track_caller]
    pub fn is_well(&self) {
        let place = self.place();
        if let Some(faults) = self.accessibility_faults() {
            assert!(faults.is_empty(), "{place}: {faults:#?}");
        }
        let wide = self.script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        assert_eq!(wide, json!(0), "{place} scrolls sideways");
    }
}

/// The source of axe-core, from the Python package that carries it.
fn axe() -> Option<String> {
    let python = env::var_os("CAREPLAN_PYTHON");
    assert!(
        python.is_some() || env::var_os("CAREPLAN_REQUIRE_PEERS").is_none(),
        "CAREPLAN_PYTHON is not set"
    );
    let Some(python) = python else {
        eprintln!("skipped: without CAREPLAN_PYTHON pages are not looked at with axe-core");
        return None;
    };
    let place = "import axe_core_python; print(axe_core_python.__path__[0])";
    let output = Command::new(python).args(["-c", place]).output().unwrap();
    assert!(output.status.success(), "axe-core-python is not there");
    let folder = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim_end());
    Some(std::fs::read_to_string(folder.join("axe.min.js")).unwrap())
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            // Then the browser is gone; a failure is the next line's to mend.
            let _ = self.runtime.block_on(client.close());
        }
        // Ends the driver and whatever browser it still has.
        let shutdown = format!("http://127.0.0.1:{}/shutdown", self.port);
        if ureq::get(&shutdown).call().is_err() {
            let _ = self.driver.kill();
        }
        let _ = self.driver.wait();
    }
}
