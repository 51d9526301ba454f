//! The web site in Chromium, as the staff of an office use it.
//!
//! With `CAREPLAN_PICTURES` set to a folder, the pages of the first use are saved there
//! (docs/site/).

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

mod browser;
mod common;
mod site_common;

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use browser::Browser;
use careplan_envelope::{KeyAlgorithm, PrivateKey, SoftwareSigner, pem};
use careplan_licence::Standing;
use careplan_platform::PasswordValidity;
use careplan_protocol::ProblemCode;
use chrono::TimeDelta;
use common::{MANAGER, Office, PASSWORD, SERVICE, World};
use site_common::{
    Visitor, account, issue_password, operator, user_of, world_with_site, world_with_site_at,
};
use test_servers::browser::Kind;

fn browser(world: &World, kind: Kind) -> Option<Browser> {
    Browser::at(world.platform().site_address().unwrap(), kind)
}

fn log_in(browser: &Browser, office: &str, password: &str) {
    browser.go("/log-in");
    browser.fill("#user", &user_of(office));
    browser.fill("#password", password);
    browser.press("ログイン");
}

/// Applies and goes to the terms.
fn apply(browser: &Browser) {
    browser.press("利用申請/更新");
    browser.press("申請");
    assert_eq!(browser.place(), "/terms");
}

/// Reads the terms to their end with the wheel, as far as it takes.
fn scroll_to_end(browser: &Browser) {
    scroll_to_end_by(browser, || browser.wheel("#terms", 4000));
}

fn scroll_to_end_by(browser: &Browser, scroll: impl Fn()) {
    browser.until("document.querySelector('#consent').getAttribute('aria-disabled') === 'true'");
    let patience = Instant::now() + Duration::from_secs(60);
    while Instant::now() < patience {
        scroll();
        if browser.script(CONSENT_WORKS) == true {
            return;
        }
    }
    panic!("the end is not reached: {}", browser.text());
}

const CONSENT_WORKS: &str = "return !document.querySelector('#consent').hasAttribute('aria-disabled') \
     && !document.querySelector('#consent').disabled";

fn standing(world: &World, office: &str) -> Standing {
    operator(world)
        .licence(office.parse().unwrap())
        .unwrap()
        .standing
}

#[test]
fn the_first_use_from_the_letter_to_the_first_sending() {
    let mut world = world_with_site();
    let receiver = world.office(SERVICE);
    account(&world, MANAGER, PasswordValidity::Temporary);
    let Some(browser) = browser(&world, Kind::Usual) else {
        return;
    };

    // The password of the letter is to be changed.
    browser.go("/");
    assert_eq!(browser.place(), "/log-in");
    browser.is_well();
    browser.picture("01-log-in");
    // 表示 shows what is typed.
    browser.fill("#password", "abc");
    browser.click("[data-shows=password]");
    assert_eq!(
        browser.script("return document.querySelector('#password').type"),
        "text"
    );
    browser.click("[data-shows=password]");
    log_in(&browser, MANAGER, PASSWORD);
    assert_eq!(browser.place(), "/password?because=temporary");
    browser.shows("仮パスワードでログインしました。");
    browser.is_well();
    browser.picture("02-password");
    let fresh = "さくら みかん 電車";
    browser.fill("#current", PASSWORD);
    browser.fill("#fresh", fresh);
    browser.fill("#again", fresh);
    browser.press("変更する");
    assert_eq!(browser.place(), "/log-in?changed=yes");
    log_in(&browser, MANAGER, fresh);

    // トップページ, 利用申請ページ, 利用規約同意ページ, ライセンス.
    assert_eq!(browser.place(), "/top");
    browser.shows("トップページ");
    browser.is_well();
    browser.picture("03-top");
    browser.press("利用申請/更新");
    browser.shows("利用申請ページ");
    browser.shows("利用申請ができます。");
    browser.shows("21,000円");
    browser.is_well();
    browser.picture("04-application");
    browser.press("申請");
    browser.shows("利用規約同意ページ");
    browser.is_well();
    browser.picture("05-terms");
    // Pressed too early, nothing happens.
    browser.click("#consent");
    assert_eq!(browser.place(), "/terms");
    assert_eq!(standing(&world, MANAGER), Standing::None);
    scroll_to_end(&browser);
    browser.shows("最後まで表示されました。");
    browser.is_well();
    browser.picture("06-terms-read");
    browser.press("利用規約に同意する");
    assert_eq!(browser.place(), "/licence?done=consented");
    browser.shows("ライセンスが付与されました。");
    browser.is_well();
    browser.picture("07-licence");
    assert!(standing(&world, MANAGER).is_valid());

    // 電子証明書: the key stays here, the request goes out.
    let number = MANAGER.parse().unwrap();
    let password = issue_password(&world, MANAGER, world.now() + TimeDelta::days(7));
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let request = folder.path().join("request.csr");
    fs::write(&request, key.request_pem(number).unwrap()).unwrap();
    browser.press("電子証明書");
    browser.is_well();
    browser.picture("08-certificate");
    browser.choose_file("#request", &request);
    browser.fill("#password", &password);
    browser.press("発行する");
    browser.shows("電子証明書が発行されました。");
    browser.is_well();
    browser.picture("09-certificate-issued");
    let href = browser.script("return document.querySelector('a[download]').getAttribute('href')");
    browser.press("クライアント");
    browser.shows("SHA-256");
    browser.is_well();
    browser.picture("10-client");

    // The file as the browser would save it.
    let mut visitor = Visitor::of(&world);
    visitor.log_in(&user_of(MANAGER), fresh);
    let file = visitor.get(href.as_str().unwrap());
    let certificate = pem::certificates(&file.body).unwrap().remove(0);
    let office = Office {
        number,
        user: user_of(MANAGER).parse().unwrap(),
        serial: receiver.serial.clone(),
        agent: world.agent(Some((&certificate, &key))),
        certificate: certificate.clone(),
        signer: Arc::new(SoftwareSigner::new(key, vec![certificate]).unwrap()),
    };
    // The first sending, through the API, with that certificate and that password.
    let grant = world
        .try_log_in(&office, office.user, fresh)
        .json::<careplan_protocol::SessionGrant>();
    let session = common::Session {
        world: &world,
        office: &office,
        token: grant.access_token,
    };
    let receipt = session.send_month_set();
    assert_eq!(receipt.receiver.as_str(), SERVICE);
    browser.press("送受信の履歴");
    browser.shows(SERVICE);
    browser.is_well();
    browser.picture("11-sendings");
    browser.press("受領証を見る");
    browser.shows("受け付けました");
    browser.is_well();
    browser.press("よくある質問");
    browser.is_well();
}

#[test]
fn the_terms_are_read_by_keyboard_and_by_links_alone() {
    let world = world_with_site();
    account(&world, MANAGER, PasswordValidity::Unlimited);
    let Some(browser) = browser(&world, Kind::Usual) else {
        return;
    };
    log_in(&browser, MANAGER, PASSWORD);
    apply(&browser);
    // Keyboard: the frame has the focus, End goes down part by part.
    browser.script("document.querySelector('#terms').focus()");
    // At a person's pace: each key starts a scroll that takes some frames.
    scroll_to_end_by(&browser, || {
        browser.key('\u{e010}');
        std::thread::sleep(Duration::from_millis(100));
    });
    browser.shows("附則");

    // As a screen reader does it: links are followed and elements get the focus; nothing scrolls.
    browser.go("/terms");
    browser.until("document.querySelector('#consent').getAttribute('aria-disabled') === 'true'");
    let parts = "document.querySelectorAll('[data-part]').length";
    for _ in 0..20 {
        if browser.script("return !document.querySelector('[data-next]')") == true {
            break;
        }
        let before = browser.script(&format!("return {parts}"));
        browser
            .script("const next = document.querySelector('[data-next]'); if (next) next.click()");
        browser.until(&format!("{parts} > {before}"));
    }
    browser.script("document.querySelector('[data-end]').focus({preventScroll: true})");
    browser.until("!document.querySelector('#consent').hasAttribute('aria-disabled')");
    assert_eq!(
        browser.script("return document.querySelector('#terms-state').textContent"),
        "最後まで表示されました。「利用規約に同意する」を押せます。"
    );
    browser.press("利用規約に同意する");
    assert_eq!(browser.place(), "/licence?done=consented");
}

#[test]
fn a_button_forced_open_grants_nothing() {
    let world = world_with_site();
    account(&world, MANAGER, PasswordValidity::Unlimited);
    let Some(browser) = browser(&world, Kind::Usual) else {
        return;
    };
    log_in(&browser, MANAGER, PASSWORD);
    apply(&browser);
    browser.until("document.querySelector('#consent').getAttribute('aria-disabled') === 'true'");
    browser.script("document.querySelector('form[action=\"/terms\"]').submit()");
    browser.until("document.body.textContent.includes('同意は記録されていません。')");
    browser.is_well();
    assert_eq!(standing(&world, MANAGER), Standing::None);
    // 利用規約に同意しない goes back.
    browser.press("利用規約に同意しない");
    assert_eq!(browser.place(), "/application");
}

#[test]
fn everything_works_without_scripts() {
    let world = world_with_site();
    account(&world, MANAGER, PasswordValidity::Unlimited);
    let Some(browser) = browser(&world, Kind::WithoutScripts) else {
        return;
    };
    log_in(&browser, MANAGER, PASSWORD);
    assert_eq!(browser.place(), "/top");
    apply(&browser);
    let mut parts = 1;
    while browser.text().contains("続きを読む") {
        browser.follow("[data-next]");
        parts += 1;
    }
    assert!(parts > 2, "{parts}");
    browser.shows("利用規約の最後のページです。");
    browser.press("利用規約に同意する");
    assert_eq!(browser.place(), "/licence?done=consented");
    assert!(standing(&world, MANAGER).is_valid());
    browser.press("自動更新を停止する");
    browser.shows("自動更新を停止しました。");
    browser.follow("form.language[action='/language'] button");
    browser.shows("Automatic renewal is declined.");
}

#[test]
fn a_narrow_window_needs_no_scrolling_sideways() {
    let world = world_with_site();
    account(&world, MANAGER, PasswordValidity::Unlimited);
    let Some(browser) = browser(&world, Kind::Narrow) else {
        return;
    };
    browser.go("/log-in");
    browser.is_well();
    log_in(&browser, MANAGER, PASSWORD);
    apply(&browser);
    browser.is_well();
    // WebDriver has no wheel where it plays a telephone.
    scroll_to_end_by(&browser, || {
        browser.script("document.querySelector('#terms').scrollBy(0, 4000)");
    });
    browser.press("利用規約に同意する");
    for path in [
        "/top",
        "/application",
        "/licence",
        "/certificate",
        "/client",
        "/sendings",
        "/help",
        "/password",
        "/nowhere",
    ] {
        browser.go(path);
        browser.is_well();
        // English words are longer.
        browser.follow("form.language[action='/language'] button");
        browser.is_well();
        browser.follow("form.language[action='/language'] button");
    }
    for (path, name) in [("/top", "13-narrow-top"), ("/licence", "14-narrow-licence")] {
        browser.go(path);
        browser.picture_of_window(name);
    }
}

#[test]
fn a_licence_that_renews_by_hand_expires_and_is_renewed() {
    // Before licences renewed by themselves; 29 February.
    let mut world = world_with_site_at("2024-02-29T01:00:00Z");
    let receiver = world.office(SERVICE);
    let sender = world.registered(MANAGER);
    let Some(browser) = browser(&world, Kind::Usual) else {
        return;
    };
    log_in(&browser, MANAGER, PASSWORD);
    apply(&browser);
    scroll_to_end(&browser);
    browser.press("利用規約に同意する");
    browser.shows("2025年2月28日");
    // Two months before the end it is called to mind; renewed early, no day is lost.
    world.clock.advance(TimeDelta::days(330));
    log_in(&browser, MANAGER, PASSWORD);
    browser.shows("有効期限が近づいています。");
    browser.is_well();
    browser.press("利用申請/更新");
    browser.shows("更新の申請ができます。");
    browser.shows("2025年3月1日から始まります。");
    browser.press("申請");
    scroll_to_end(&browser);
    browser.press("利用規約に同意する");
    browser.shows("2026年2月28日");
    assert!(standing(&world, MANAGER).is_valid());

    // The receiver did not renew: nothing can be sent to it on 1 March 2025.
    world.clock.advance(TimeDelta::days(36));
    assert_eq!(
        careplan_core::japan_date(world.now()).to_string(),
        "2025-03-01"
    );
    let session = world.session(&sender);
    let container = sender.seal(&common::month_set(), world.now());
    let refused = session.send(SERVICE, common::key(), &container);
    assert_eq!(refused.code(), ProblemCode::ReceiverNotLicensed);
    log_in(&browser, SERVICE, PASSWORD);
    browser.shows("ライセンスの有効期限が切れています。");
    browser.is_well();
    let last = "2025-02-28".parse().unwrap();
    assert_eq!(standing(&world, SERVICE), Standing::Expired { last });
    // It applies again on the site, and the sending goes through: the same rules decide.
    apply(&browser);
    scroll_to_end(&browser);
    browser.press("利用規約に同意する");
    let receipt = session.send(SERVICE, common::key(), &container);
    assert_eq!(receipt.status, 201);
    drop(receiver);
}

#[test]
fn a_locked_account_waits() {
    let world = world_with_site();
    account(&world, MANAGER, PasswordValidity::Unlimited);
    let Some(browser) = browser(&world, Kind::Usual) else {
        return;
    };
    for _ in 0..5 {
        log_in(&browser, MANAGER, "wrong wrong wrong");
        browser.shows("ユーザIDまたはパスワードが違います。");
    }
    browser.is_well();
    log_in(&browser, MANAGER, PASSWORD);
    browser.shows("ロックされています。");
    browser.is_well();
    browser.picture("12-locked");
    world.clock.advance(TimeDelta::minutes(1));
    log_in(&browser, MANAGER, PASSWORD);
    assert_eq!(browser.place(), "/top");
    // Half an hour later the session is over.
    world.clock.advance(TimeDelta::minutes(31));
    browser.go("/licence");
    assert_eq!(browser.place(), "/log-in?ended=yes");
    browser.shows("もう一度ログインしてください。");
}
