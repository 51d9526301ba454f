//! A headless Chromium for tests of pages, and axe-core to hold them against WCAG.

mod driver;

use std::panic::Location;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::Value;

pub use driver::{Driver, Kind};

/// How long a page may take to become what is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where pictures of pages go, if `CAREPLAN_PICTURES` names a folder: for documents, or to look at
/// what a test sees.
#[must_use]
pub fn pictures() -> Option<PathBuf> {
    std::env::var_os("CAREPLAN_PICTURES").map(PathBuf::from)
}

fn keep(folder: &Path, name: &str, png: Vec<u8>) {
    std::fs::create_dir_all(folder).expect("the folder for pictures");
    std::fs::write(folder.join(format!("{name}.png")), png).expect("the folder for pictures");
}

/// A browser, in which a test does what a person would.
#[derive(Debug)]
pub struct Browser {
    /// The connection to it, for what there is no word for here.
    pub client: Client,
    axe: String,
}

impl Browser {
    const fn new(client: Client, axe: String) -> Self {
        Self { client, axe }
    }

    /// Goes to an address.
    pub async fn go(&self, address: &str) {
        self.client.goto(address).await.expect("an answer");
    }

    /// What a script gives.
    pub async fn script(&self, script: &str) -> Value {
        let answer = self.client.execute(script, Vec::new()).await;
        answer.expect("an answer to a script")
    }

    /// Waits until an expression is true, also on a page that is just coming.
    #[track_caller]
    pub fn until<'a>(&'a self, expression: &'a str) -> impl Future<Output = ()> + 'a {
        let place = Location::caller();
        async move {
            let script =
                format!("try {{ return Boolean({expression}); }} catch {{ return false; }}");
            let asking = async {
                // A page that goes away breaks the script off; the next one is asked again.
                while !matches!(
                    self.client.execute(&script, Vec::new()).await,
                    Ok(Value::Bool(true))
                ) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            if tokio::time::timeout(PATIENCE, asking).await.is_err() {
                panic!("{place}: not so: {expression}\n{}", self.text().await);
            }
        }
    }

    /// Waits for an element.
    #[track_caller]
    pub fn css<'a>(&'a self, selector: &'a str) -> impl Future<Output = Element> + 'a {
        let place = Location::caller();
        async move {
            let wait = self.client.wait().at_most(PATIENCE);
            match wait.for_element(Locator::Css(selector)).await {
                Ok(element) => element,
                Err(error) => panic!("{place}: {selector}: {error}\n{}", self.text().await),
            }
        }
    }

    /// Whether there is such an element now.
    pub async fn has(&self, selector: &str) -> bool {
        let found = self.client.find_all(Locator::Css(selector)).await;
        !found.expect("an answer").is_empty()
    }

    /// The texts of all such elements, as they are shown.
    pub async fn texts(&self, selector: &str) -> Vec<String> {
        let mut texts = Vec::new();
        let found = self.client.find_all(Locator::Css(selector)).await;
        for element in found.expect("an answer") {
            texts.push(element.text().await.expect("its text"));
        }
        texts
    }

    /// All text that is shown.
    pub async fn text(&self) -> String {
        let text = async { self.client.find(Locator::Css("body")).await?.text().await };
        text.await.expect("a page")
    }

    /// Presses a link or button with this text, and waits for the next page.
    #[track_caller]
    pub fn press<'a>(&'a self, text: &'a str) -> impl Future<Output = ()> + 'a {
        let place = Location::caller();
        async move {
            let path = format!(
                "//*[self::a or self::button][normalize-space(.)='{text}' or @aria-label='{text}']"
            );
            self.follow_from(place, Locator::XPath(&path)).await;
        }
    }

    /// Clicks what leads to another page, and waits for that.
    #[track_caller]
    pub fn follow<'a>(&'a self, what: Locator<'a>) -> impl Future<Output = ()> + 'a {
        self.follow_from(Location::caller(), what)
    }

    async fn follow_from(&self, place: &Location<'_>, what: Locator<'_>) {
        // The next page has another document, without this mark.
        self.script("document.before = true").await;
        let click = async { self.client.find(what).await?.click().await };
        if let Err(error) = click.await {
            panic!("{place}: {what:?}: {error}\n{}", self.text().await);
        }
        self.until("!document.before && document.readyState === 'complete'")
            .await;
    }

    /// Waits until the page says something.
    #[track_caller]
    pub fn says<'a>(&'a self, text: &'a str) -> impl Future<Output = ()> + 'a {
        let place = Location::caller();
        async move {
            let path = format!("//body[contains(normalize-space(.), '{text}')]");
            let wait = self.client.wait().at_most(PATIENCE);
            if wait.for_element(Locator::XPath(&path)).await.is_err() {
                panic!("{place}: not said: {text}\n{}", self.text().await);
            }
        }
    }

    /// Sets the window's size.
    pub async fn size(&self, width: u32, height: u32) {
        let set = self.client.set_window_size(width, height).await;
        set.expect("an answer");
    }

    /// Whether the page is wider than the window.
    pub async fn is_too_wide(&self) -> bool {
        let script = "const e = document.documentElement; return e.scrollWidth > e.clientWidth;";
        self.script(script).await == true
    }

    /// Cells of tables whose text runs over their edge, into that of the next.
    pub async fn texts_that_do_not_fit(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('th, td')]
            .filter((cell) => cell.scrollWidth > cell.clientWidth + 1)
            .map((cell) => cell.innerText);";
        let found = self.script(script).await;
        serde_json::from_value(found).expect("a list of texts")
    }

    /// What axe-core finds on the page against WCAG 2.0 to 2.2, A and AA, and good practice.
    pub async fn accessibility_faults(&self) -> Vec<String> {
        // In one call: between two, another page may come.
        let run = "; const done = arguments[arguments.length - 1];
            const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa',
                'best-practice'];
            axe.run(document, { runOnly: tags }).then((found) => done(found.violations.map((v) =>
                v.id + ': ' + v.help + ' ' + v.nodes.map((n) => n.html).slice(0, 3).join(' | '))),
                (error) => done(['axe: ' + error]));";
        let script = format!("{}{run}", self.axe);
        let found = self.client.execute_async(&script, Vec::new()).await;
        serde_json::from_value(found.expect("axe-core's answer")).expect("a list of faults")
    }

    /// Fails if axe-core finds anything.
    #[track_caller]
    pub fn is_accessible(&self) -> impl Future<Output = ()> + '_ {
        let place = Location::caller();
        async move {
            let faults = self.accessibility_faults().await;
            let address = self.client.current_url().await.expect("an address");
            assert!(faults.is_empty(), "{place}: {address}: {faults:#?}");
        }
    }

    /// Keeps a picture of the whole page, all the way down, as `NAME.png` in the folder that
    /// [`pictures`] gives, if they are wanted.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = pictures() else {
            return;
        };
        let size = self.client.get_window_size().await.expect("an answer");
        let [width, height] = [size.0, size.1].map(|side| u32::try_from(side).expect("a side"));
        self.tall(width, 600).await;
        let below = "return Math.ceil(document.body.getBoundingClientRect().bottom + scrollY);";
        let all = self.script(below).await.as_u64();
        let all = all.and_then(|all| all.try_into().ok());
        self.tall(width, all.expect("a page's height")).await;
        let body = self.css("body").await;
        keep(&folder, name, body.screenshot().await.expect("a picture"));
        self.size(width, height).await;
    }

    /// As [`picture`](Self::picture), of what the window shows.
    pub async fn picture_of_window(&self, name: &str) {
        if let Some(folder) = pictures() {
            keep(
                &folder,
                name,
                self.client.screenshot().await.expect("a picture"),
            );
        }
    }

    /// Makes the window so tall that a page so high fits in.
    async fn tall(&self, width: u32, height: u32) {
        // The window's own frame is a part of its size.
        self.size(width, height + 150).await;
        self.until(&format!("innerHeight >= {height}")).await;
    }

    /// Ends it. (One that is not closed ends with the driver.)
    pub async fn close(self) {
        self.client.close().await.expect("an answer");
    }
}
