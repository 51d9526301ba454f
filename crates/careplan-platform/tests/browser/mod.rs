//! A browser at the web site for tests that block.

#![allow(dead_code, clippy::unwrap_used, clippy::panic, unreachable_pub)]

use fantoccini::actions::{InputSource, KeyAction, KeyActions, WheelAction, WheelActions};
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use test_servers::browser::{Browser as Page, Driver, Kind};
use tokio::runtime::Runtime;

/// A browser. It ends with the test, also with one that fails.
pub struct Browser {
    page: Page,
    // Ends the browser.
    _driver: Driver,
    runtime: Runtime,
    base: String,
}

impl Browser {
    /// A browser at a site; `None` if there is none on this machine.
    pub fn at(site: std::net::SocketAddr, kind: Kind) -> Option<Self> {
        let driver = Driver::start()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        Some(Self {
            page: runtime.block_on(driver.browser(kind)),
            _driver: driver,
            runtime,
            base: format!("https://{site}"),
        })
    }

    fn client(&self) -> &Client {
        &self.page.client
    }

    pub fn go(&self, path: &str) {
        let url = format!("{}{path}", self.base);
        self.runtime.block_on(self.page.go(&url));
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
        self.runtime
            .block_on(self.page.follow(Locator::XPath(&path)));
    }

    /// Clicks what leads to another page, and waits for that.
    #[track_caller]
    pub fn follow(&self, css: &str) {
        self.runtime.block_on(self.page.follow(Locator::Css(css)));
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
        self.runtime.block_on(self.page.script(script))
    }

    /// Waits, for at most half a minute, until an expression is true, also on a page that is just
    /// coming.
    #[track_caller]
    pub fn until(&self, expression: &str) {
        self.runtime.block_on(self.page.until(expression));
    }

    /// What is to be read on the page.
    pub fn text(&self) -> String {
        self.runtime.block_on(self.page.text())
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

    /// Keeps a picture of the whole page, if they are wanted.
    pub fn picture(&self, name: &str) {
        self.runtime.block_on(self.page.picture(name));
    }

    /// Keeps a picture of what the window shows, if they are wanted.
    pub fn picture_of_window(&self, name: &str) {
        self.runtime.block_on(self.page.picture_of_window(name));
    }

    /// Holds the page to what every page has to be.
    #[track_caller]
    pub fn is_well(&self) {
        let place = self.place();
        self.runtime.block_on(self.page.is_accessible());
        let wide = self.script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        assert_eq!(wide, json!(0), "{place} scrolls sideways");
    }
}
