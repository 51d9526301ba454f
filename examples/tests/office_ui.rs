//! `office ui` in a browser: a month by the page alone between two offices and a real platform,
//! what is refused, without scripts, in a narrow window, and held against WCAG by axe-core.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use careplan_client::{
    Client, ClientConfig, HttpsConfig, HttpsTransport, ListOptions, NewIdentity, PutInOptions,
    RetryPolicy, Settings as OfficeSettings, Setup, Status,
};
use careplan_core::OfficeNumber;
use careplan_envelope::sealing::Opener;
use careplan_envelope::{
    Authority, CertificateKind, CertificateSerial, Issued, KeyAlgorithm, PrivateKey,
    SoftwareSigner, Validity, Verifier, load,
};
use careplan_licence::EventKind;
use careplan_office_ui::{OfficePage, PageOptions, Watch};
use careplan_platform::{PasswordValidity, Platform, Settings, make_development_home};
use careplan_protocol::LogInRequest;
use chrono::{TimeDelta, Utc};
use fantoccini::Locator;
use fantoccini::wd::{PrintConfigurationBuilder, WebDriverCompatibleCommand};
use hyper::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_servers::browser::{Browser, Driver, Kind};
// Platform and client block, as their programs do; browsers are waited for.
use tokio::task::block_in_place;

/// The care manager's office of the sample month, and the two service offices it is for.
const MANAGER: &str = "1370948774";
const SERVICE: &str = "1375169671";
const OTHER_SERVICE: &str = "1374220867";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn month(folder: &str) -> PathBuf {
    repository().join("examples/month").join(folder)
}

/// Paths of a folder's files, as a file chooser takes them.
fn files(folder: &Path) -> String {
    let mut paths: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().canonicalize().unwrap())
        .map(|path| path.to_str().unwrap().to_owned())
        .collect();
    paths.sort();
    paths.join("\n")
}

/// A platform on loopback with offices.
struct World {
    root: TempDir,
    platform: Option<Platform>,
}

impl Drop for World {
    fn drop(&mut self) {
        let platform = self.platform.take();
        block_in_place(|| drop(platform));
    }
}

impl World {
    fn new() -> Self {
        block_in_place(|| Self::make(false))
    }

    /// With the platform's web site.
    fn with_site() -> Self {
        block_in_place(|| Self::make(true))
    }

    fn make(with_site: bool) -> Self {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("platform");
        make_development_home(&home, &["127.0.0.1"], Utc::now() - TimeDelta::hours(1)).unwrap();
        let settings = Settings::read(&home.join(Settings::FILE), [], []).unwrap();
        let mut config = settings.platform_config(&home).unwrap();
        config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        // Their ports are fixed, and tests run beside each other.
        config.site = config.site.filter(|_| with_site);
        if let Some(site) = &mut config.site {
            site.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        }
        config.operations = None;
        let platform = Platform::start(config).unwrap();
        Self {
            root,
            platform: Some(platform),
        }
    }

    /// The authority; the platform's site needs it too, and one has it at a time.
    fn authority(&self) -> Authority {
        Authority::open(&self.root.path().join("platform/authority")).unwrap()
    }

    /// Registers an office whose certificate is good for so many days; the configuration of its
    /// client.
    fn office(&mut self, number: &str, days: u32, licensed: bool) -> ClientConfig {
        block_in_place(|| self.register(number, days, licensed))
    }

    fn register(&mut self, number: &str, days: u32, licensed: bool) -> ClientConfig {
        self.account(number, licensed);
        let platform = self.platform.as_ref().unwrap();
        let office: OfficeNumber = number.parse().unwrap();
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let request = key.request_pem(office).unwrap();
        let mut authority = self.authority();
        let issued = issue(&mut authority, &request, number, days);
        let opener = Opener::new(&key, &issued.certificate).unwrap();
        let signer = Arc::new(SoftwareSigner::new(key, vec![issued.certificate]).unwrap());
        let authority = authority.certificate().clone();
        let address = format!("https://{}", platform.address());
        let transport = HttpsTransport::new(HttpsConfig::new(
            address,
            vec![authority.clone()],
            signer.clone(),
        ))
        .unwrap();
        let verifier = Verifier::builder()
            .trust_anchor(&authority)
            .unwrap()
            .build()
            .unwrap();
        let home = self.root.path().join("homes").join(number);
        let mut config =
            ClientConfig::new(home, office, signer, verifier, transport, log_in(number));
        config.openers = vec![opener];
        config.retry = RetryPolicy {
            attempts: 2.try_into().unwrap(),
            first_wait: Duration::from_millis(10),
            longest_wait: Duration::from_millis(10),
        };
        config
    }

    /// Lets an office log in, and send and receive if it is licensed.
    fn account(&self, number: &str, licensed: bool) {
        let office: OfficeNumber = number.parse().unwrap();
        let LogInRequest { user_id, password } = log_in(number);
        let operator = self.platform.as_ref().unwrap().administration();
        operator.register_office(office).unwrap();
        operator
            .set_password(office, user_id, &password, PasswordValidity::Unlimited)
            .unwrap();
        if licensed {
            let by = user_id;
            let years = 1.try_into().unwrap();
            let terms = "2026-04".parse().unwrap();
            let consented = EventKind::Consented {
                by,
                terms,
                read_to_end: true,
            };
            operator
                .record_licence_events(office, [EventKind::Applied { by, years }, consented])
                .unwrap();
        }
    }

    /// Sets an office's home up as `office init` does; its certificate's serial number.
    fn set_up(&self, number: &str, home: &Path) -> (Setup, CertificateSerial) {
        self.account(number, true);
        let mut authority = self.authority();
        let settings = OfficeSettings {
            office: number.parse().unwrap(),
            user_id: log_in(number).user_id,
            platform: format!("https://{}", self.platform.as_ref().unwrap().address()),
            proxy: None,
            keep_months: None,
        };
        let anchors = authority.certificate_pem().unwrap();
        let key = NewIdentity::Request(KeyAlgorithm::EcdsaP256);
        let setup = Setup::create(home, settings, anchors.as_bytes(), key).unwrap();
        let request = fs::read_to_string(setup.pending_request().unwrap()).unwrap();
        let issued = issue(&mut authority, &request, number, 40);
        let installed = setup.install_certificate(&[issued.certificate]).unwrap();
        (setup, installed.serial)
    }

    fn import(&self, number: &str) -> PathBuf {
        self.root.path().join("imports").join(number)
    }

    /// Opens the page of an office.
    fn page(&mut self, number: &str) -> OfficePage {
        self.page_with(number, 365, true)
    }

    fn page_with(&mut self, number: &str, days: u32, licensed: bool) -> OfficePage {
        let mut config = self.office(number, days, licensed);
        let watch = Watch::new();
        config.observer = watch.observer();
        let mut options = PageOptions::new(config.home.join("page"), self.import(number));
        options.watch = watch;
        OfficePage::start(Client::open(config).unwrap(), options).unwrap()
    }
}

/// What a browser does for developers' tools, beyond `WebDriver`: real drags, downloads.
#[derive(Debug)]
struct DevTools(String);

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/goog/cdp/execute"))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.0.clone()))
    }
}

async fn dev_tools(browser: &Browser, command: &str, parameters: Value) {
    let body = json!({ "cmd": command, "params": parameters }).to_string();
    browser.client.issue_cmd(DevTools(body)).await.unwrap();
}

/// Drags files or folders from outside over an element and lets them go there.
async fn drop_on(browser: &Browser, selector: &str, paths: &[&Path]) {
    let (x, y, width, height) = browser.css(selector).await.rectangle().await.unwrap();
    let (x, y) = (x + width / 2.0, y + height / 2.0);
    for kind in ["dragEnter", "dragOver", "drop"] {
        let data = json!({ "items": [], "files": paths, "dragOperationsMask": 1 });
        let event = json!({ "type": kind, "x": x, "y": y, "data": data });
        dev_tools(browser, "Input.dispatchDragEvent", event).await;
    }
}

/// Lets the browser store what it downloads in a folder.
async fn downloads_to(browser: &Browser, folder: &Path) {
    let parameters = json!({ "behavior": "allow", "downloadPath": folder });
    dev_tools(browser, "Browser.setDownloadBehavior", parameters).await;
}

/// Presses a link or button that stores a file, and gives the file.
async fn store(browser: &Browser, folder: &Path, path: &str) -> PathBuf {
    let before = fs::read_dir(folder).unwrap().count();
    let link = browser.client.find(Locator::XPath(path)).await.unwrap();
    link.click().await.unwrap();
    for _ in 0..400 {
        let files: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        let under_way = files.iter().any(|file| {
            let extension = file.extension().unwrap_or_default();
            extension == "crdownload" || extension == "tmp"
        });
        if files.len() > before && !under_way {
            return files
                .into_iter()
                .max_by_key(|file| file.metadata().unwrap().modified().unwrap())
                .unwrap();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing was stored: {path}");
}

/// An answer of the page to bytes no browser sends.
fn raw(page: &OfficePage, head: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(page.listens_on()).unwrap();
    write!(stream, "{head}connection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

const PASSWORD: &str = "correct horse battery staple";

fn log_in(number: &str) -> LogInRequest {
    LogInRequest {
        user_id: format!("KJ00{number}").parse().unwrap(),
        password: PASSWORD.parse().unwrap(),
    }
}

/// A certificate for so many days.
fn issue(authority: &mut Authority, request: &str, number: &str, days: u32) -> Issued {
    let validity = Validity::days(Utc::now() - TimeDelta::minutes(1), days).unwrap();
    let kind = CertificateKind::CareDx;
    authority
        .issue_office(request.as_bytes(), number.parse().unwrap(), kind, validity)
        .unwrap()
}

/// What a person of an office does on the page.
trait OnPage {
    /// Opens the page by its one-time address.
    async fn enter(&self, page: &OfficePage);
    /// Chooses files and goes on to what was found in them.
    async fn choose(&self, paths: &str);
    /// The numbers on the first page, as `office status --json` has them.
    async fn status(&self) -> Status;
    /// Sends and fetches.
    async fn sync(&self);
}

impl OnPage for Browser {
    async fn enter(&self, page: &OfficePage) {
        self.go(page.address()).await;
        self.css("header.top").await;
    }

    async fn choose(&self, paths: &str) {
        self.press("送る").await;
        self.css("#files").await.send_keys(paths).await.unwrap();
        self.press("内容を確かめる").await;
    }

    async fn status(&self) -> Status {
        self.press("はじめ").await;
        let mut status = Status::default();
        let elements = self.client.find_all(Locator::Css("[data-status]")).await;
        for element in elements.unwrap() {
            let name = element.attr("data-status").await.unwrap().unwrap();
            let count = element.text().await.unwrap().parse().unwrap();
            *match name.as_str() {
                "waiting" => &mut status.waiting,
                "under_way" => &mut status.under_way,
                "delivered" => &mut status.delivered,
                "ended" => &mut status.ended,
                "refused" => &mut status.refused,
                "new" => &mut status.new,
                "taken_out" => &mut status.taken_out,
                "quarantined" => &mut status.quarantined,
                other => panic!("{other}"),
            } = count;
        }
        status
    }

    async fn sync(&self) {
        self.press("送受信する").await;
        self.css("main .actions a[href='/']").await;
    }
}

fn run(test: impl AsyncFnOnce(Driver)) {
    let Some(driver) = Driver::start() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(test(driver));
}

#[test]
fn a_month_by_the_page_alone() {
    run(async |driver| {
        let mut world = World::new();
        let manager_page = world.page(MANAGER);
        let service_page = world.page(SERVICE);
        let other_page = world.page(OTHER_SERVICE);
        let manager = driver.browser(Kind::Usual).await;
        manager.enter(&manager_page).await;
        manager.picture("home-empty").await;
        manager.is_accessible().await;

        // The care manager puts in the month for both offices at once.
        manager.press("送る").await;
        manager.is_accessible().await;
        manager.picture("send").await;
        let both = format!(
            "{}\n{}",
            files(&month("month-for-1375169671")),
            files(&month("month-for-1374220867"))
        );
        manager.choose(&both).await;
        manager.says("送る内容の確認").await;
        // By the name that table 6 calls the office.
        let receivers = manager.texts("section.card > h2").await;
        assert_eq!(receivers.len(), 2);
        assert!(receivers[0].contains(OTHER_SERVICE) || receivers[1].contains(OTHER_SERVICE));
        assert_eq!(manager.texts(".tag.ok").await, ["受け取れます"; 2]);
        manager.is_accessible().await;
        manager.picture("check").await;
        manager.press("送る").await;
        // The menu's entry of the same name leads to the chooser: the button is in the form.
        manager.choose(&both).await;
        manager
            .css("button[value=send]")
            .await
            .click()
            .await
            .unwrap();
        manager.says("センターが受け付けました").await;
        manager.is_accessible().await;
        manager.picture("sent").await;
        let status = manager.status().await;
        assert_eq!((status.under_way, status.waiting), (2, 0));

        // The service office receives, opens the form, takes the files out.
        let service = driver.browser(Kind::Usual).await;
        service.enter(&service_page).await;
        service.sync().await;
        service.says("新しく届いたもの").await;
        service.is_accessible().await;
        assert_eq!(service.status().await.new, 1);
        service.picture("home-new").await;
        service.is_accessible().await;
        service.press("届いたもの").await;
        service.is_accessible().await;
        service.picture("received").await;
        service.css("table.sets a").await.click().await.unwrap();
        service.says("電子署名を確かめました").await;
        service.is_accessible().await;
        service.picture("received-one").await;
        service.press("このフォルダーに取り出す").await;
        service.says("3個のファイルを").await;
        let taken = fs::read_dir(world.import(SERVICE)).unwrap();
        let mut names: Vec<_> = taken.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names.len(), 3);
        for name in names {
            let sent = month("month-for-1375169671").join(&name);
            let taken = world.import(SERVICE).join(&name);
            assert_eq!(fs::read(taken).unwrap(), fs::read(sent).unwrap());
        }

        service.press("2026年10月の利用票・別表を開く").await;
        service.is_accessible().await;
        let persons = service.texts("tbody th a").await;
        assert_eq!(persons.len(), 3);
        service.css("tbody th a").await.click().await.unwrap();
        service.css("table.grid").await;
        service.is_accessible().await;
        service.picture("grid").await;
        for lang in ["English", "日本語"] {
            assert_eq!(service.texts_that_do_not_fit().await, [""; 0]);
            service.press(lang).await;
        }
        check_plan(&service).await;

        // After the month it sends the actuals.
        service
            .choose(&files(&month("actuals-of-1375169671")))
            .await;
        // So that not even the platform can read it.
        let seal = service.css("input[name=seal]").await;
        seal.click().await.unwrap();
        service
            .css("button[value=send]")
            .await
            .click()
            .await
            .unwrap();
        service.says("センターが受け付けました").await;
        let other = driver.browser(Kind::Usual).await;
        other.enter(&other_page).await;
        other.sync().await;
        other.choose(&files(&month("actuals-of-1374220867"))).await;
        other.css("button[value=send]").await.click().await.unwrap();
        other.says("センターが受け付けました").await;
        other.close().await;

        // The care manager receives them and compares.
        manager.sync().await;
        manager.says("新しく届いたもの").await;
        manager.press("予定と実績").await;
        manager.is_accessible().await;
        manager.press("予定と実績の違い 2026年10月").await;
        manager.says("予定と違うところが7件あります").await;
        // By hand from the files: docs/cookbook/compare.md.
        let not_done = manager.css("[data-outcome='not done']").await;
        assert_eq!(not_done.text().await.unwrap(), "7");
        assert_eq!(manager.texts("table.list tbody tr").await.len(), 7);
        manager.is_accessible().await;
        manager.picture("compare").await;
        manager
            .css("table.list tbody a")
            .await
            .click()
            .await
            .unwrap();
        // Not done: one visit of each of two services, and one of the other office's.
        assert_eq!(manager.texts("td.differs").await.len(), 3);
        manager.is_accessible().await;
        manager.picture("grid-actuals").await;

        // Proof that both sets arrived, signed by the platform.
        manager.press("送ったもの").await;
        manager.css("table.sets a").await.click().await.unwrap();
        manager.says("受領証").await;
        manager.says("相手が受領").await;
        manager.is_accessible().await;
        manager.picture("receipts").await;

        // What the page says is what the client says.
        let shown = manager.status().await;
        manager.picture("home").await;
        manager.press("English").await;
        manager.says("newly received").await;
        manager.is_accessible().await;
        manager.press("This office").await;
        manager.is_accessible().await;
        manager.press("End this page").await;
        manager.says("The page has ended").await;
        let client = manager_page.wait().unwrap();
        assert_eq!(client.status().unwrap(), shown);
        assert_eq!(shown.new, 2);
        assert_eq!(client.sent(ListOptions::default()).unwrap().len(), 2);
        client.close();

        let shown = service.status().await;
        service_page.stopper().stop();
        assert_eq!(service_page.wait().unwrap().status().unwrap(), shown);
        assert_eq!((shown.taken_out, shown.new), (1, 0));
        other_page.stopper().stop();
        assert!(other_page.wait().is_some());
        manager.close().await;
        service.close().await;
    });
}

/// The first person of the form, as UPPLAN and UPSIKYU have 0974689258 (read by hand).
async fn check_plan(browser: &Browser) {
    assert!(browser.texts(".who").await[0].starts_with("伊藤　文子"));
    let planned: [(&str, &[u8], &str); 6] = [
        ("9:00～9:30", &[1, 5, 8, 12, 15, 19, 22, 26, 29], "9"),
        ("10:30～11:30", &[2, 9, 16, 23, 30], "5"),
        ("14:00～15:00", &[7, 14, 21, 28], "4"),
        ("－", &[1], "1"),
        ("－", &[1], "1"),
        ("－", &[1], "1"),
    ];
    let script = "return [...document.querySelectorAll('table.grid tbody')].map((body) => {
        const row = body.rows[0];
        const days = [...row.querySelectorAll('td.day')].map((day) => day.textContent);
        return [row.cells[0].textContent, days, row.querySelector('td.n').textContent];
    });";
    let shown = browser.client.execute(script, Vec::new()).await.unwrap();
    let expected: Vec<Value> = planned
        .iter()
        .map(|(time, days, sum)| {
            let cells = (1..=31).map(|day| if days.contains(&day) { "1" } else { "" });
            json!([time, cells.collect::<Vec<_>>(), sum])
        })
        .collect();
    assert_eq!(shown, Value::Array(expected));
    let total = browser.texts("table.costs tr.total td").await;
    let amounts: Vec<&str> = total
        .iter()
        .map(String::as_str)
        .filter(|text| !text.is_empty())
        .collect();
    assert_eq!(
        amounts,
        ["8,791", "8,791", "8,791", "97,977", "88,178", "9,799"]
    );
}

#[test]
fn what_may_not_be_sent_is_refused_in_words() {
    run(async |driver| {
        let mut world = World::new();
        let page = world.page_with(MANAGER, 20, true);
        world.office(SERVICE, 365, false);
        let browser = driver.browser(Kind::Usual).await;
        browser.enter(&page).await;
        // The certificate ends within two months.
        browser.says("証明書の期限まであと").await;
        browser.is_accessible().await;

        // Nothing of the standard.
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("名簿.csv"), "x").unwrap();
        browser.choose(&files(folder.path())).await;
        browser.says("このままでは送れません").await;
        assert!(!browser.has("button[value=send]").await);
        browser.is_accessible().await;

        // A table of the set is missing.
        let set = month("month-for-1375169671");
        let plan = files(&set)
            .lines()
            .find(|path| path.contains("UPPLAN"))
            .unwrap()
            .to_owned();
        browser.choose(&plan).await;
        browser.says("このままでは送れません").await;
        assert!(!browser.has("button[value=send]").await);

        // A fault in a table: the hour 25 (time_invalid).
        let faulty = tempfile::tempdir().unwrap();
        for path in files(&set).lines().map(Path::new) {
            let mut bytes = fs::read(path).unwrap();
            if path.to_str().unwrap().contains("UPPLAN") {
                let at = bytes.windows(6).position(|six| six == b",0900,").unwrap();
                bytes[at + 1..at + 5].copy_from_slice(b"2500");
            }
            fs::write(faulty.path().join(path.file_name().unwrap()), bytes).unwrap();
        }
        browser.choose(&files(faulty.path())).await;
        browser.says("直すところが").await;
        assert!(!browser.has("button[value=send]").await);
        browser.is_accessible().await;
        browser.picture("faulty").await;
        let report = browser.css("a[target=_blank]").await;
        let report = report.prop("href").await.unwrap().unwrap();
        browser.go(&report).await;
        browser.says("2500").await;
        // Its style sheet is let through: the marked cell has its colour.
        let mark = browser.css("td.error").await;
        assert_eq!(
            mark.css_value("background-color").await.unwrap(),
            "rgba(251, 213, 210, 1)"
        );

        // An office without licence: seen before sending, and refused by the platform.
        browser.go(&format!("http://{}/", page.listens_on())).await;
        browser.choose(&files(&set)).await;
        browser.says("今は受け取れません").await;
        browser
            .css("button[value=send]")
            .await
            .click()
            .await
            .unwrap();
        browser.says("送れなかったもの").await;
        browser.is_accessible().await;
        browser.css("table.sets a").await.click().await.unwrap();
        browser.says("もう一度送る").await;
        browser.is_accessible().await;
        browser.picture("refused").await;
        browser.press("破棄する").await;
        browser.is_accessible().await;
        browser.press("破棄する").await;
        browser.says("破棄しました").await;
        let shown = browser.status().await;
        assert_eq!((shown.refused, shown.ended), (0, 1));
        page.stopper().stop();
        assert_eq!(page.wait().unwrap().status().unwrap(), shown);
        browser.close().await;
    });
}

#[test]
fn care_plans_can_be_read_and_documents_go_where_the_person_says() {
    run(async |driver| {
        let mut world = World::new();
        let manager_page = world.page(MANAGER);
        let service_page = world.page(SERVICE);
        let manager = driver.browser(Kind::Usual).await;
        manager.enter(&manager_page).await;
        manager.choose(&files(&month("plan-for-1375169671"))).await;
        let send = manager.css("button[value=send]").await;
        send.click().await.unwrap();
        manager.says("センターが受け付けました").await;

        // A PDF alone has no receiver in its name.
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("連絡票.pdf"), b"%PDF-1.7\n%%EOF\n").unwrap();
        manager.choose(&files(folder.path())).await;
        manager.says("どこに送りますか").await;
        manager.is_accessible().await;
        manager.picture("documents").await;
        let send = manager.css("button[value=send]").await;
        send.click().await.unwrap();
        manager.says("10桁の事業所番号を入れてください").await;
        manager.is_accessible().await;
        let number = manager.css("#receiver-number").await;
        number.send_keys(SERVICE).await.unwrap();
        let send = manager.css("button[value=send]").await;
        send.click().await.unwrap();
        manager.says("センターが受け付けました").await;
        manager.close().await;

        let service = driver.browser(Kind::Usual).await;
        service.enter(&service_page).await;
        service.sync().await;
        service.press("届いたもの").await;
        let sets = service.texts("table.sets tbody tr").await;
        assert_eq!(sets.len(), 2, "{sets:?}");
        let plan = service.client.find(Locator::XPath(
            "//table//tr[contains(., '居宅サービス計画書')]//a",
        ));
        plan.await.unwrap().click().await.unwrap();
        service.css("a[aria-label$='を見る']").await;
        let views: Vec<String> = {
            let links = service
                .client
                .find_all(Locator::Css("a[aria-label$='を見る']"));
            let mut views = Vec::new();
            for link in links.await.unwrap() {
                views.push(link.prop("href").await.unwrap().unwrap());
            }
            views
        };
        // Tables 1, 2, 3 and the supplement.
        assert_eq!(views.len(), 4);
        for (number, view) in views.iter().enumerate() {
            service.go(view).await;
            service.css("article.document").await;
            service.is_accessible().await;
            service.picture(&format!("document-{number}")).await;
        }
        // The last is table 3, as UP3KYO has it.
        let week = service.texts(".week section").await;
        assert_eq!(week, ["月曜日\n9:00～9:30\n訪問介護"]);
        service.says("通院（月1回）・福祉用具貸与").await;
        service_page.stopper().stop();
        assert!(service_page.wait().is_some());
        manager_page.stopper().stop();
        assert!(manager_page.wait().is_some());
        service.close().await;
    });
}

#[test]
fn files_are_dropped_documents_placed_and_everything_can_be_stored() {
    run(async |driver| {
        let mut world = World::new();
        let manager_page = world.page(MANAGER);
        let service_page = world.page(SERVICE);
        let other = world.office(OTHER_SERVICE, 365, true);
        let manager = driver.browser(Kind::Usual).await;
        manager.enter(&manager_page).await;
        manager.press("送る").await;
        let folder = tempfile::tempdir().unwrap();
        let letter = folder.path().join("連絡票.pdf");
        fs::write(&letter, b"%PDF-1.7\n%%EOF\n").unwrap();
        // Two folders and a file, from outside the browser.
        let first = month("month-for-1375169671").canonicalize().unwrap();
        let second = month("month-for-1374220867").canonicalize().unwrap();
        drop_on(&manager, "#drop", &[&first, &second, &letter]).await;
        manager.css("#chosen li:nth-child(7)").await;
        let chosen = manager.texts("#chosen li").await;
        assert_eq!(chosen.len(), 7, "{chosen:?}");
        assert!(chosen.contains(&"連絡票.pdf".to_owned()));
        manager.is_accessible().await;
        manager.picture("dropped").await;
        manager.press("内容を確かめる").await;
        manager.says("「連絡票.pdf」をどこに送りますか").await;
        manager.is_accessible().await;
        manager.picture("placing").await;
        let choices = manager.texts("fieldset label").await;
        assert_eq!(choices.len(), 3, "{choices:?}");
        let to_service = choices.iter().position(|choice| choice.contains(SERVICE));
        let choice = format!("fieldset input[value='{}']", to_service.unwrap());
        manager.css(&choice).await.click().await.unwrap();
        let send = manager.css("button[value=send]").await;
        send.click().await.unwrap();
        manager.says("センターが受け付けました").await;

        // It came to the one that was chosen, and to nobody else.
        let service = driver.browser(Kind::Usual).await;
        service.enter(&service_page).await;
        service.sync().await;
        service.press("届いたもの").await;
        service.css("table.sets a").await.click().await.unwrap();
        service.says("電子署名を確かめました").await;
        let downloads = folder.path().join("downloads");
        fs::create_dir(&downloads).unwrap();
        downloads_to(&service, &downloads).await;
        let archive = store(&service, &downloads, "//button[.='ZIPで保存する']").await;
        let names = zip_names(&archive);
        assert_eq!(names.len(), 4, "{names:?}");
        assert!(names.contains(&"連絡票.pdf".to_owned()), "{names:?}");
        let letter_again = store(
            &service,
            &downloads,
            "//a[contains(@href, '/file/')][contains(@aria-label, '添付')]",
        )
        .await;
        assert_eq!(fs::read(letter_again).unwrap(), fs::read(&letter).unwrap());
        // The receiver's proof; others' programs check it.
        service.picture("received-receipt").await;
        let receipt = store(
            &service,
            &downloads,
            "//a[contains(@href, '/receipt/received')]",
        )
        .await;
        check_receipt(&world, &receipt);
        let other = block_in_place(|| {
            let mut other = Client::open(other).unwrap();
            other.sync().unwrap();
            other.received(ListOptions::default()).unwrap()
        });
        assert_eq!(other[0].files.len(), 3);

        // And the sender's.
        manager.press("はじめ").await;
        manager.sync().await;
        manager.press("送ったもの").await;
        let confirmed = "//table//tr[contains(., '受信確認済')]//a";
        let confirmed = manager.client.find(Locator::XPath(confirmed)).await;
        confirmed.unwrap().click().await.unwrap();
        manager.says("相手が受領").await;
        downloads_to(&manager, &downloads).await;
        let receipt = store(
            &manager,
            &downloads,
            "//a[contains(@href, '/receipt/accepted')]",
        )
        .await;
        check_receipt(&world, &receipt);
        manager_page.stopper().stop();
        service_page.stopper().stop();
        assert!(manager_page.wait().is_some() && service_page.wait().is_some());
        manager.close().await;
        service.close().await;
    });
}

/// The names in a ZIP archive, as Python reads it.
fn zip_names(archive: &Path) -> Vec<String> {
    let script = "import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
sys.stdout.buffer.write('\\n'.join(archive.namelist()).encode())";
    let python = std::env::var_os("CAREPLAN_PYTHON").unwrap();
    let mut python = Command::new(python);
    let output = python.args(["-c", script]).arg(archive).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let names = String::from_utf8(output.stdout).unwrap();
    names.lines().map(str::to_owned).collect()
}

/// A receipt verifies against the authority, by the program that others have.
fn check_receipt(world: &World, receipt: &Path) {
    let authority = world
        .root
        .path()
        .join("platform/certificates/authority.pem");
    let output = Command::new(env!("CARGO_BIN_EXE_envelope"))
        .args(["receipt", "verify", "--trust"])
        .args([&authority, receipt])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

#[test]
fn forms_print_on_sheets_and_long_lists_have_pages() {
    run(async |driver| {
        let mut world = World::new();
        let mut config = world.office(MANAGER, 365, true);
        let folder = tempfile::tempdir().unwrap();
        let home = config.home.clone();
        let watch = Watch::new();
        config.observer = watch.observer();
        let client = block_in_place(|| {
            let mut client = Client::open(config).unwrap();
            client.put_in(&[month("month-for-1375169671")]).unwrap();
            let mut options = PutInOptions::default();
            options.receiver = Some(SERVICE.parse().unwrap());
            for number in 0..60 {
                let letter = folder.path().join(format!("連絡票{number}.pdf"));
                fs::write(&letter, format!("%PDF-1.7\n{number}\n%%EOF\n")).unwrap();
                client.put_in_with(&[letter], options).unwrap();
            }
            client
        });
        let mut options = PageOptions::new(home.join("page"), world.import(MANAGER));
        options.watch = watch;
        let page = OfficePage::start(client, options).unwrap();
        let browser = driver.browser(Kind::Usual).await;
        browser.enter(&page).await;

        // Sixty-one sets: fifty, and eleven.
        browser.press("送ったもの").await;
        assert_eq!(browser.texts("table.sets tbody tr").await.len(), 50);
        browser.is_accessible().await;
        browser.press("前のもの").await;
        assert_eq!(browser.texts("table.sets tbody tr").await.len(), 11);
        assert!(!browser.text().await.contains("前のもの"));
        browser.says("利用票・別表").await;

        // The form and the cost table: a sheet each, A4 across, whole.
        browser.press("予定と実績").await;
        browser.press("利用票・別表 2026年10月").await;
        browser.css("tbody th a").await.click().await.unwrap();
        browser.css("table.grid").await;
        let sheets = PrintConfigurationBuilder::default().build().unwrap();
        let pdf = browser.client.print(sheets).await.unwrap();
        if let Some(folder) = test_servers::browser::pictures() {
            fs::write(folder.join("sheets.pdf"), &pdf).unwrap();
        }
        let pdf = String::from_utf8_lossy(&pdf);
        assert_eq!(pdf.matches("/Type /Page\n").count(), 2);
        page.stopper().stop();
        assert!(page.wait().is_some());
        browser.close().await;
    });
}

#[test]
fn what_cannot_be_opened_is_kept_aside_until_the_key_is_there() {
    run(async |driver| {
        let mut world = World::new();
        let home = world.root.path().join("homes").join(SERVICE);
        let (setup, _) = block_in_place(|| world.set_up(SERVICE, &home));
        let manager = world.office(MANAGER, 365, true);
        let page = |key: bool| {
            let mut config = setup.client_config(log_in(SERVICE)).unwrap();
            if !key {
                config.openers.clear();
            }
            let watch = Watch::new();
            config.observer = watch.observer();
            let mut options = PageOptions::new(home.join("page"), world.import(SERVICE));
            options.watch = watch;
            OfficePage::start(Client::open(config).unwrap(), options).unwrap()
        };
        block_in_place(|| {
            // So that there is a certificate to seal to.
            let mut service = Client::open(setup.client_config(log_in(SERVICE)).unwrap()).unwrap();
            service.sync().unwrap();
            service.close();
            let mut manager = Client::open(manager).unwrap();
            let mut options = PutInOptions::default();
            options.seal = true;
            let set = month("month-for-1375169671");
            manager.put_in_with(&[set], options).unwrap();
            manager.sync().unwrap();
        });
        let blind = page(false);
        let browser = driver.browser(Kind::Usual).await;
        browser.enter(&blind).await;
        browser.sync().await;
        browser.says("確かめられず隔離したもの").await;
        browser.css("table.sets a").await.click().await.unwrap();
        browser.says("取り込まないでください").await;
        browser.says("封緘されたデータ（開けません）").await;
        browser.is_accessible().await;
        browser.picture("quarantined").await;
        browser.press("もう一度確かめる").await;
        browser.says("新しいものはありませんでした").await;
        assert_eq!(browser.status().await.quarantined, 1);
        blind.stopper().stop();
        assert!(blind.wait().is_some());

        let seeing = page(true);
        browser.enter(&seeing).await;
        browser.press("届いたもの").await;
        browser.says("隔離したものが1件あります").await;
        browser.is_accessible().await;
        browser.press("もう一度確かめる").await;
        browser.says("新しく届いたもの").await;
        let status = browser.status().await;
        assert_eq!((status.quarantined, status.new), (0, 1));
        seeing.stopper().stop();
        assert!(seeing.wait().is_some());
        browser.close().await;
    });
}

#[test]
fn a_certificate_is_renewed_on_the_platforms_site() {
    run(async |driver| {
        let world = World::with_site();
        let home = world.root.path().join("homes").join(MANAGER);
        let (setup, first) = block_in_place(|| world.set_up(MANAGER, &home));
        let renewal = setup.renew(KeyAlgorithm::EcdsaP256).unwrap();

        let browser = driver.browser(Kind::Usual).await;
        // The development authority's certificate, which no browser knows.
        let ignore = json!({ "ignore": true });
        dev_tools(&browser, "Security.setIgnoreCertificateErrors", ignore).await;
        let site = world.platform.as_ref().unwrap().site_address().unwrap();
        browser.go(&format!("https://{site}/log-in")).await;
        let user = format!("KJ00{MANAGER}");
        browser.css("#user").await.send_keys(&user).await.unwrap();
        let password = browser.css("#password").await;
        password.send_keys(PASSWORD).await.unwrap();
        browser.press("ログイン").await;
        browser.go(&format!("https://{site}/certificate")).await;
        let signed = renewal.signed.unwrap();
        let file = browser.css("#request").await;
        file.send_keys(signed.to_str().unwrap()).await.unwrap();
        browser.press("更新する").await;
        browser.says("電子証明書が発行されました").await;
        let downloads = world.root.path().join("downloads");
        fs::create_dir(&downloads).unwrap();
        downloads_to(&browser, &downloads).await;
        let link = "//a[.='電子証明書をダウンロード']";
        let issued = store(&browser, &downloads, link).await;
        browser.close().await;

        let chain = load::certificates(&fs::read(issued).unwrap()).unwrap();
        let second = setup.install_certificate(&chain).unwrap();
        assert_ne!(second.serial, first);
        assert_eq!(setup.pending_request(), None);
        // The platform takes it.
        block_in_place(|| {
            let mut client = Client::open(setup.client_config(log_in(MANAGER)).unwrap()).unwrap();
            assert_eq!(client.certificate().serial, second.serial);
            client.sync().unwrap();
            client.close();
        });
    });
}

#[test]
fn without_scripts_and_in_a_narrow_window() {
    run(async |driver| {
        let mut world = World::new();
        let manager = world.page(MANAGER);
        let service = world.page(SERVICE);
        let browser = driver.browser(Kind::WithoutScripts).await;
        browser.enter(&manager).await;
        browser.choose(&files(&month("month-for-1375169671"))).await;
        browser
            .css("button[value=keep]")
            .await
            .click()
            .await
            .unwrap();
        browser.says("まだ送っていません").await;
        browser.press("送受信する").await;
        browser.says("センターが受け付けました").await;
        // Taken back before the other office fetched it.
        browser.css("table.sets a").await.click().await.unwrap();
        browser.press("取り消す").await;
        browser.press("取り消す").await;
        browser.says("取り消しました").await;
        browser.close().await;

        let browser = driver.browser(Kind::Usual).await;
        browser.size(360, 800).await;
        browser.enter(&service).await;
        for address in [
            "/",
            "/send",
            "/sent",
            "/received",
            "/months",
            "/about",
            "/nothing",
        ] {
            browser
                .go(&format!("http://{}{address}", service.listens_on()))
                .await;
            assert!(!browser.is_too_wide().await, "{address}");
            browser.is_accessible().await;
            browser
                .picture(&format!("narrow{}", address.replace('/', "-")))
                .await;
        }
        browser
            .choose(&files(&month("actuals-of-1375169671")))
            .await;
        assert!(!browser.is_too_wide().await);
        browser.is_accessible().await;
        browser.picture("narrow").await;
        browser.close().await;
        for page in [manager, service] {
            page.stopper().stop();
            assert!(page.wait().is_some());
        }
    });
}

#[test]
fn nobody_else_can_use_the_page() {
    run(async |driver| {
        let mut world = World::new();
        let page = world.page(MANAGER);
        let listens_on = page.listens_on();
        assert!(listens_on.ip().is_loopback());
        let host = format!("host: {listens_on}\r\n");

        // A wrong token, and none.
        let wrong = format!("GET /enter/{} HTTP/1.1\r\n{host}", "0".repeat(64));
        assert_eq!(raw(&page, &wrong).0, 403);
        assert_eq!(raw(&page, &format!("GET / HTTP/1.1\r\n{host}")).0, 401);

        // Another name that leads here: not even the token helps.
        let entrance = page.address().to_owned();
        let path = entrance.split_once(&listens_on.to_string()).unwrap().1;
        let rebound = format!("GET {path} HTTP/1.1\r\nhost: evil.example\r\n");
        assert_eq!(raw(&page, &rebound).0, 421);
        let evil = driver.browser(Kind::Resolving("evil.example")).await;
        evil.go(&format!("http://evil.example:{}{path}", listens_on.port()))
            .await;
        evil.says("このアドレスでは開けません").await;

        // The one browser enters; the address is used up.
        let browser = driver.browser(Kind::Usual).await;
        browser.enter(&page).await;
        evil.go(&entrance).await;
        evil.says("一度しか使えず").await;
        evil.go(&format!("http://{listens_on}/")).await;
        evil.says("もう一度実行し").await;
        evil.close().await;

        // With the cookie, but from elsewhere.
        let cookies = browser.client.get_all_cookies().await.unwrap();
        let session = cookies
            .iter()
            .find(|cookie| cookie.name().starts_with("careplan-office-"));
        let session = session.unwrap();
        assert_eq!(session.http_only(), Some(true));
        let cookie = format!("cookie: {}={}\r\n", session.name(), session.value());
        let inside = format!("GET / HTTP/1.1\r\n{host}{cookie}");
        let (status, answer) = raw(&page, &inside);
        assert_eq!(status, 200);
        let answer = answer.to_lowercase();
        for header in [
            "content-security-policy: default-src 'none'; style-src 'self'; script-src 'self'",
            "frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: same-origin",
            "cache-control: no-store",
        ] {
            assert!(answer.contains(header), "{header}: {answer}");
        }
        assert!(!answer.contains("style=\"") && !answer.contains("<style"));
        let post = format!(
            "POST /sync HTTP/1.1\r\n{host}{cookie}content-length: 0\r\n\
            content-type: application/x-www-form-urlencoded\r\n"
        );
        assert_eq!(raw(&page, &post).0, 403);
        for origin in [
            "null",
            "http://evil.example",
            "http://localhost",
            "http://127.0.0.1:1",
        ] {
            assert_eq!(
                raw(&page, &format!("{post}origin: {origin}\r\n")).0,
                403,
                "{origin}"
            );
        }
        let own = format!("origin: http://{listens_on}\r\n");
        assert_eq!(
            raw(&page, &format!("{post}{own}sec-fetch-site: cross-site\r\n")).0,
            403
        );
        assert_eq!(raw(&page, &format!("{post}{own}")).0, 303);

        // A page of another site that posts a form here.
        let trap = tempfile::Builder::new().suffix(".html").tempfile().unwrap();
        fs::write(
            trap.path(),
            format!(
                "<form method=post action='http://{listens_on}/quit'><button>x</button></form>"
            ),
        )
        .unwrap();
        browser
            .go(&format!("file://{}", trap.path().display()))
            .await;
        browser.press("x").await;
        browser.says("受け付けませんでした").await;
        page.stopper().stop();
        assert!(page.wait().is_some());
        browser.close().await;
    });
}
