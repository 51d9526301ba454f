//! The web site without a browser: who is let in, which forms are believed, what the rules say, what
//! browsers are told, whose data is shown.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
mod site_common;

use careplan_core::Lang;
use careplan_envelope::{
    Authority, EnvelopeWriter, KeyAlgorithm, PrivateKey, SoftwareSigner, WriterOptions, pem,
};
use careplan_licence::{EventKind, Payment, Standing};
use careplan_platform::{PasswordValidity, PlatformConfig, SiteLimits};
use chrono::TimeDelta;
use common::{MANAGER, OUTSIDER, PASSWORD, SERVICE, World};
use site_common::{
    Answer, CLIENT, TERMS, Visitor, account, authority_folder, between, issue_password, operator,
    site, user_of, world_with_site, world_with_site_at,
};

const SESSION: &str = "__Host-careplan";

/// A world with an office that can log in.
fn office_at_site() -> World {
    let world = world_with_site();
    account(&world, MANAGER, PasswordValidity::Unlimited);
    world
}

/// A page without what differs from visitor to visitor.
fn without_tokens(answer: &Answer) -> String {
    let text = answer.text();
    let mut parts = text.split("name=\"token\" value=\"");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |all, part| all + &part[43..])
}

#[test]
fn every_page_tells_browsers_to_be_strict() {
    let world = office_at_site();
    let mut visitor = Visitor::logged_in(&world, MANAGER);
    visitor.apply("1");
    let mut stranger = Visitor::of(&world);
    let pages = [
        "/top",
        "/application",
        "/terms",
        "/licence",
        "/certificate",
        "/client",
        "/sendings",
        "/sendings?list=received",
        "/help",
        "/password",
    ];
    let mut answers: Vec<_> = pages.iter().map(|path| visitor.get(path)).collect();
    answers.push(stranger.get("/log-in"));
    answers.push(stranger.get("/help"));
    for answer in &answers {
        let text = answer.page();
        // Nothing inline that the policy would have to allow.
        for inline in ["<style", " style=", "javascript:", " onclick", " onload"] {
            assert!(!text.contains(inline), "{inline} in {text}");
        }
        assert_eq!(text.matches("<script").count(), 1);
        assert!(text.contains("<script src=\"/site.js\" defer></script>"));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(text.contains("lang=\"ja\""));
    }
    answers.push(stranger.get("/nowhere"));
    answers.push(stranger.get("/site.js"));
    answers.push(stranger.get("/look.css"));
    for answer in &answers {
        let policy = answer.header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split("; ").any(|found| found == rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert!(
            answer
                .header("strict-transport-security")
                .starts_with("max-age=31536000")
        );
    }
    assert_eq!(stranger.get("/nowhere").status, 404);
}

#[test]
fn the_cookie_is_for_this_host_over_tls_and_not_for_scripts() {
    let world = office_at_site();
    let mut visitor = Visitor::of(&world);
    let before = visitor.get("/log-in");
    let in_ = visitor.log_in(&user_of(MANAGER), PASSWORD);
    for answer in [before, in_] {
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with("__Host-careplan="), "{cookie}");
        for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
            assert!(
                cookie.split("; ").any(|found| found == attribute),
                "{cookie}"
            );
        }
        // It ends with the browser, and only this host gets it.
        assert!(!cookie.contains("Max-Age") && !cookie.contains("Domain"));
    }
}

#[test]
fn a_cookie_from_before_the_log_in_is_worth_nothing_after_it() {
    let world = office_at_site();
    let mut visitor = Visitor::of(&world);
    visitor.get("/log-in");
    let planted = visitor.cookie(SESSION).unwrap().to_owned();
    visitor.log_in(&user_of(MANAGER), PASSWORD);
    assert_ne!(visitor.cookie(SESSION).unwrap(), planted);
    let mut other = Visitor::of(&world);
    other.set_cookie(SESSION, &planted);
    assert_eq!(other.get("/top").leads_to(), "/log-in");
}

#[test]
fn pages_of_an_office_are_for_who_is_logged_in() {
    let world = world_with_site();
    let mut stranger = Visitor::of(&world);
    stranger.get("/log-in");
    for path in [
        "/top",
        "/application",
        "/terms",
        "/licence",
        "/certificate",
        "/certificate/0123456789abcdef",
        "/client",
        "/client/download",
        "/sendings",
        "/password",
    ] {
        assert_eq!(stranger.get(path).leads_to(), "/log-in", "{path}");
    }
    for (path, fields) in [
        ("/application", [("years", "1")].as_slice()),
        ("/terms", &[("edition", "第1版"), ("proof", "")]),
        ("/licence/renewal", &[("action", "decline")]),
        (
            "/licence/payment-method",
            &[("method", "invoice"), ("told", "yes")],
        ),
    ] {
        assert_eq!(stranger.post(path, fields).leads_to(), "/log-in", "{path}");
    }
    let request: (&str, &[u8]) = ("request", b"x");
    assert_eq!(
        stranger.upload("/certificate/issue", &[request]).leads_to(),
        "/log-in"
    );
    // Cookies that are none of ours.
    for cookie in ["", "s", &format!("s{}", "A".repeat(43)), &"s".repeat(5000)] {
        let mut stranger = Visitor::of(&world);
        stranger.set_cookie(SESSION, cookie);
        let answer = stranger.get("/top");
        assert!(answer.status == 303 || answer.status == 431, "{cookie}");
    }
}

#[test]
fn a_form_is_believed_only_from_a_page_of_ours_in_the_same_session() {
    let world = office_at_site();
    account(&world, SERVICE, PasswordValidity::Unlimited);
    let mut visitor = Visitor::logged_in(&world, MANAGER);
    let token = visitor.token.clone();
    let others = Visitor::logged_in(&world, SERVICE).token;
    for wrong in [
        vec![("years", "1")],
        vec![("token", ""), ("years", "1")],
        vec![("token", "x"), ("years", "1")],
        vec![("token", others.as_str()), ("years", "1")],
        vec![("token", &token[1..]), ("years", "1")],
    ] {
        let answer = visitor.post_as_it_is("/application", &wrong);
        assert_eq!(answer.status, 403, "{wrong:?}");
    }
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        visitor.headers = vec![(name, value.into())];
        let answer = visitor.post_as_it_is("/application", &[("token", &token), ("years", "1")]);
        assert_eq!(answer.status, 403, "{name}: {value}");
    }
    // Nothing happened.
    let state = operator(&world).licence(MANAGER.parse().unwrap()).unwrap();
    assert_eq!((state.applied, state.licences.len()), (None, 0));
    // As a browser does it.
    let address = world.platform().site_address().unwrap();
    visitor.headers = vec![
        ("origin", format!("https://{address}")),
        ("sec-fetch-site", "same-origin".into()),
    ];
    let answer = visitor.post_as_it_is("/application", &[("token", &token), ("years", "1")]);
    assert_eq!(answer.leads_to(), "/terms");
}

#[test]
fn an_unknown_user_id_looks_like_a_wrong_password_also_when_locked() {
    let world = office_at_site();
    let mut known = Visitor::of(&world);
    let mut unknown = Visitor::of(&world);
    let (user, nobody) = (user_of(MANAGER), user_of(OUTSIDER));
    for attempt in 1..=7 {
        let wrong = known.log_in(&user, "wrong wrong wrong");
        let missing = unknown.log_in(&nobody, "wrong wrong wrong");
        assert_eq!((wrong.status, missing.status), (200, 200));
        let wrong = without_tokens(&wrong);
        assert_eq!(wrong, without_tokens(&missing).replace(&nobody, &user));
        if attempt <= 5 {
            assert!(wrong.contains("ユーザIDまたはパスワードが違います。"));
        } else {
            assert!(wrong.contains("ロックされています。"), "{attempt}");
            assert!(wrong.contains("約1分"), "{wrong}");
        }
    }
    // Locked for the right password as well, until the time is over.
    let right = known.log_in(&user, PASSWORD);
    assert!(right.page().contains("ロックされています。"));
    world.clock.advance(TimeDelta::minutes(1));
    assert_eq!(known.log_in(&user, PASSWORD).leads_to(), "/top");
}

#[test]
fn guessing_at_the_site_does_not_lock_the_offices_programs_out() {
    let mut world = world_with_site();
    let office = world.registered(MANAGER);
    let mut stranger = Visitor::of(&world);
    for _ in 0..6 {
        stranger.log_in(office.user.as_str(), "wrong wrong wrong");
    }
    // The API counts for itself, by the office of the certificate.
    world.session(&office);
}

#[test]
fn what_is_no_user_id_is_told_and_typing_is_forgiven() {
    let world = office_at_site();
    let mut visitor = Visitor::of(&world);
    for typed in ["", "KJ", "XX001370948774", "KJ0013709487741", "<b>"] {
        let page = visitor.log_in(typed, PASSWORD).page();
        assert!(page.contains("ユーザIDの形が正しくありません。"), "{typed}");
        assert!(!page.contains("<b>\""), "escaped");
    }
    let full_width = "ｋｊ００１３７０９４８７７４";
    assert_eq!(visitor.log_in(full_width, PASSWORD).leads_to(), "/top");
}

#[test]
fn a_session_ends_when_idle_and_after_eight_hours() {
    let world = office_at_site();
    let mut visitor = Visitor::logged_in(&world, MANAGER);
    world.clock.advance(TimeDelta::minutes(29));
    visitor.get("/top").page();
    world.clock.advance(TimeDelta::minutes(29));
    visitor.get("/top").page();
    world.clock.advance(TimeDelta::minutes(31));
    assert_eq!(visitor.get("/top").leads_to(), "/log-in?ended=yes");
    let page = visitor.get("/log-in?ended=yes").page();
    assert!(page.contains("もう一度ログインしてください。"));

    let mut visitor = Visitor::logged_in(&world, MANAGER);
    for _ in 0..16 {
        visitor.get("/top").page();
        world.clock.advance(TimeDelta::minutes(29));
    }
    visitor.get("/top").page();
    world.clock.advance(TimeDelta::minutes(16));
    assert_eq!(visitor.get("/top").leads_to(), "/log-in?ended=yes");
    // What is over is forgotten.
    world.platform().sweep().unwrap();
    assert_eq!(visitor.get("/top").leads_to(), "/log-in?ended=yes");
}

#[test]
fn logging_out_and_a_new_password_end_sessions() {
    let world = office_at_site();
    let mut visitor = Visitor::logged_in(&world, MANAGER);
    let cookie = visitor.cookie(SESSION).unwrap().to_owned();
    assert_eq!(visitor.post("/log-out", &[]).leads_to(), "/log-in?out=yes");
    assert_eq!(visitor.cookie(SESSION), None);
    visitor.set_cookie(SESSION, &cookie);
    assert_eq!(visitor.get("/top").leads_to(), "/log-in?ended=yes");

    let mut one = Visitor::logged_in(&world, MANAGER);
    operator(&world)
        .set_password(
            MANAGER.parse().unwrap(),
            user_of(MANAGER).parse().unwrap(),
            &"another long password".parse().unwrap(),
            PasswordValidity::Unlimited,
        )
        .unwrap();
    assert_eq!(one.get("/top").leads_to(), "/log-in?ended=yes");
}

#[test]
fn a_temporary_password_opens_nothing_but_its_change() {
    let world = world_with_site();
    account(&world, MANAGER, PasswordValidity::Temporary);
    let mut visitor = Visitor::of(&world);
    let user = user_of(MANAGER);
    assert_eq!(
        visitor.log_in(&user, PASSWORD).leads_to(),
        "/password?because=temporary"
    );
    for path in ["/top", "/application", "/licence", "/client/download"] {
        assert_eq!(visitor.get(path).leads_to(), "/password", "{path}");
    }
    let page = visitor.get("/password?because=temporary").page();
    assert!(page.contains("仮パスワードでログインしました。"));
    let fresh = "さくら 犬 電車 みかん";
    let mut change = |current: &str, fresh: &str, again: &str| {
        visitor.get("/password");
        visitor.post(
            "/password",
            &[("current", current), ("fresh", fresh), ("again", again)],
        )
    };
    for (current, new, again, why) in [
        (PASSWORD, fresh, "さくら 犬 電車 りんご", "一致しません"),
        (PASSWORD, "short 1", "short 1", "8文字以上"),
        (PASSWORD, PASSWORD, PASSWORD, "使えません"),
        (PASSWORD, &user, &user, "使えません"),
    ] {
        let page = change(current, new, again).page();
        assert!(page.contains(why), "{why}: {page}");
    }
    let page = change("wrong wrong wrong", fresh, fresh);
    assert_eq!(page.status, 200);
    assert_eq!(
        change(PASSWORD, fresh, fresh).leads_to(),
        "/log-in?changed=yes"
    );
    assert_eq!(visitor.get("/password").leads_to(), "/log-in");
    let page = visitor.log_in(&user, PASSWORD).page();
    assert!(page.contains("ユーザIDまたはパスワードが違います。"));
    assert_eq!(visitor.log_in(&user, fresh).leads_to(), "/top");
}

#[test]
fn an_expired_password_is_told_apart_from_a_wrong_one() {
    let world = world_with_site();
    let end = world.now() + TimeDelta::days(1);
    account(&world, MANAGER, PasswordValidity::Until(end));
    Visitor::logged_in(&world, MANAGER);
    world.clock.advance(TimeDelta::days(1));
    let mut visitor = Visitor::of(&world);
    assert_eq!(
        visitor.log_in(&user_of(MANAGER), PASSWORD).leads_to(),
        "/password?because=expired"
    );
    let page = visitor.get("/password?because=expired").page();
    assert!(page.contains("パスワードの有効期限が切れています。"));
    let page = visitor.log_in(&user_of(MANAGER), "wrong wrong wrong");
    // Still logged in for the change; a wrong one does not say that it is expired.
    assert!(!page.text().contains("有効期限が切れています"));
}

#[test]
fn consent_needs_the_terms_shown_to_their_end() {
    let world = office_at_site();
    account(&world, SERVICE, PasswordValidity::Unlimited);
    let office = MANAGER.parse().unwrap();
    let standing = || operator(&world).licence(office).unwrap().standing;
    let mut visitor = Visitor::logged_in(&world, MANAGER);
    // Not before the application.
    assert_eq!(visitor.get("/terms").leads_to(), "/application");
    visitor.apply("1");
    let first = visitor.get("/terms");
    assert!(first.page().contains("disabled"), "the button waits");
    assert_eq!(first.hidden("proof"), "");
    let second = between(&first.text(), "data-next href=\"", "\"")
        .unwrap()
        .replace("&amp;", "&");
    let proof_of_first = second.split_once("proof=").unwrap().1.to_owned();

    // Parts cannot be skipped.
    for path in [
        "/terms?part=2".to_owned(),
        "/terms?part=2&proof=x".to_owned(),
        format!("/terms?part=3&proof={proof_of_first}"),
    ] {
        assert_eq!(visitor.get(&path).leads_to(), "/terms", "{path}");
    }
    assert_eq!(visitor.get("/terms?part=99").status, 404);
    assert_eq!(visitor.get("/terms?part=0").status, 404);

    // Nor consented to without the last part's proof, whatever else is sent.
    let edition = first.hidden("edition");
    let mut other = Visitor::logged_in(&world, SERVICE);
    other.apply("1");
    let others = other.read_terms().hidden("proof");
    for proof in ["", "x", &proof_of_first, &others] {
        visitor.get("/terms");
        let answer = visitor.post("/terms", &[("edition", &edition), ("proof", proof)]);
        assert_eq!(answer.status, 409, "{proof}");
        assert!(
            answer
                .text()
                .contains("利用規約が最後まで表示されていません。")
        );
        assert_eq!(standing(), Standing::None);
    }

    // A new edition comes into force while the old one is read.
    let last = visitor.read_terms();
    let today = careplan_core::japan_date(world.now());
    operator(&world)
        .add_terms(
            "第2版".parse().unwrap(),
            today,
            &TERMS.replace("一年間", "1年間"),
        )
        .unwrap();
    assert_eq!(visitor.consent(&last).status, 409);
    assert_eq!(standing(), Standing::None);

    // All of it, in order.
    let last = visitor.read_terms();
    assert!(last.text().contains("第2版"));
    assert!(last.text().contains("附則"));
    assert_eq!(visitor.consent(&last).leads_to(), "/licence?done=consented");
    assert!(standing().is_valid());
    let state = operator(&world).licence(office).unwrap();
    let careplan_licence::Grant::Consent(consent) = &state.licences[0].grant else {
        panic!("granted by consent");
    };
    assert_eq!(consent.terms.as_str(), "第2版");
    assert_eq!(consent.by.as_str(), user_of(MANAGER));
    assert_eq!(consent.at, world.now());
    let page = visitor.get("/licence?done=consented").page();
    assert!(page.contains("ライセンスが付与されました。"));
    // What was consented to can be read again.
    let path = between(&page, "/terms/edition?", "\"").unwrap().to_owned();
    let again = visitor.get(&format!("/terms/edition?{path}")).page();
    assert!(again.contains("第13条") && again.contains("1年間"));
    assert_eq!(visitor.get("/terms/edition?edition=none").status, 404);
    // Once is enough.
    assert_eq!(visitor.consent(&last).status, 409);
    assert_eq!(operator(&world).licence(office).unwrap().licences.len(), 1);
}

#[test]
fn the_terms_hold_everything_that_was_handed_in() {
    let world = office_at_site();
    let mut visitor = Visitor::logged_in(&world, MANAGER);
    visitor.apply("1");
    let mut shown = String::new();
    let mut page = visitor.get("/terms");
    loop {
        shown += &page.page();
        let text = page.text();
        let Some(next) = between(&text, "data-next href=\"", "\"") else {
            break;
        };
        page = visitor.get(&next.replace("&amp;", "&"));
    }
    for line in TERMS.lines() {
        let line = line.trim_start_matches("## ");
        assert!(shown.contains(line), "{line}");
    }
    // An edition is kept as it is.
    let notices = operator(&world).terms().unwrap();
    assert_eq!(notices.len(), 1);
    let changed = operator(&world).add_terms(
        "第1版".parse().unwrap(),
        notices[0].in_force_from,
        "別の規約\n\n本文",
    );
    assert!(changed.is_err());
    assert_eq!(operator(&world).terms().unwrap(), notices);
}

#[test]
fn without_terms_in_force_nobody_can_apply() {
    let world = World::with(site);
    account(&world, MANAGER, PasswordValidity::Unlimited);
    let tomorrow = careplan_core::japan_date(world.now() + TimeDelta::days(1));
    operator(&world)
        .add_terms("第1版".parse().unwrap(), tomorrow, TERMS)
        .unwrap();
    let mut visitor = Visitor::logged_in(&world, MANAGER);
    let page = visitor.get("/application").page();
    assert!(page.contains("申請できません。"), "{page}");
    assert!(!page.contains("action=\"/application\""));
}

#[test]
fn the_licence_page_shows_payment_and_changes_what_may_be_changed() {
    let world = world_with_site_at("2026-05-10T01:00:00Z");
    account(&world, MANAGER, PasswordValidity::Unlimited);
    let office = MANAGER.parse().unwrap();
    let mut visitor = Visitor::logged_in(&world, MANAGER);
    visitor.apply("2");
    let last = visitor.read_terms();
    visitor.consent(&last);
    let page = visitor.get("/licence").page();
    assert!(
        page.contains("2028年5月9日"),
        "until the eve of the second anniversary"
    );
    assert!(page.contains("未請求"));
    let first_day = "2026-05-10".parse().unwrap();
    let due = "2026-08-31".parse().unwrap();
    let amount = operator(&world).charge(office, first_day, due).unwrap();
    assert_eq!(amount.amount(), 21_000);
    assert!(visitor.get("/licence").page().contains("請求済"));
    world.clock.advance(TimeDelta::days(114));
    let mut visitor = Visitor::logged_in(&world, MANAGER);
    let page = visitor.get("/licence").page();
    assert!(page.contains("支払期限超過"), "on 2026-09-01");
    operator(&world).paid(office, first_day).unwrap();
    assert!(visitor.get("/licence").page().contains("支払済"));
    assert!(matches!(
        operator(&world).licence(office).unwrap().licences[0].payment,
        Payment::Paid { .. }
    ));

    // Declining, and taking that back.
    let mut post = |path: &str, fields: &[(&str, &str)]| visitor.post(path, fields);
    let answer = post("/licence/renewal", &[("action", "decline")]);
    assert_eq!(answer.leads_to(), "/licence?done=declined");
    let again = post("/licence/renewal", &[("action", "decline")]);
    assert_eq!(again.status, 409);
    assert!(again.text().contains("自動更新はすでに停止されています。"));
    let answer = post("/licence/renewal", &[("action", "resume")]);
    assert_eq!(answer.leads_to(), "/licence?done=resumed");

    // The way of payment, after the federation was told.
    let answer = post("/licence/payment-method", &[("method", "invoice")]);
    assert_eq!(answer.status, 409);
    let answer = post(
        "/licence/payment-method",
        &[("method", "invoice"), ("told", "yes")],
    );
    assert_eq!(answer.leads_to(), "/licence?done=method");
    assert!(
        post(
            "/licence/payment-method",
            &[("method", "gift"), ("told", "yes")]
        )
        .status
            == 400
    );
    assert!(visitor.get("/licence").page().contains("請求書による振込"));
}

#[test]
fn what_the_rules_refuse_is_refused_in_their_words() {
    let world = office_at_site();
    let office = MANAGER.parse().unwrap();
    let mut visitor = Visitor::logged_in(&world, MANAGER);
    let answer = visitor.post("/licence/renewal", &[("action", "decline")]);
    assert_eq!(answer.status, 409);
    assert!(answer.text().contains("ライセンスがありません。"));
    for years in ["0", "6", "255", "256", "-1", "x", ""] {
        visitor.get("/application");
        let answer = visitor.post("/application", &[("years", years)]);
        assert_eq!(answer.status, 400, "{years}");
    }
    visitor.get("/application");
    visitor.apply("1");
    let last = visitor.read_terms();
    visitor.consent(&last);
    operator(&world)
        .record_licence_event(
            office,
            EventKind::Revoked {
                reason: "<script>規約違反</script>".into(),
            },
        )
        .unwrap();
    let page = visitor.get("/application").page();
    assert!(page.contains("ライセンスが取り消されています。"));
    let answer = visitor.post("/application", &[("years", "1")]);
    assert_eq!(answer.status, 409);
    // The operator's words are text.
    let page = visitor.get("/licence").page();
    assert!(page.contains("&lt;script&gt;規約違反&lt;/script&gt;"));
}

/// A request for a certificate, with its key.
fn request(office: &str) -> (PrivateKey, String) {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let request = key.request_pem(office.parse().unwrap()).unwrap();
    (key, request)
}

#[test]
fn a_certificate_is_issued_to_who_knows_the_issue_password() {
    let world = office_at_site();
    account(&world, SERVICE, PasswordValidity::Unlimited);
    let mut visitor = Visitor::logged_in(&world, MANAGER);
    let password = issue_password(&world, MANAGER, world.now() + TimeDelta::days(7));
    let (key, asked) = request(MANAGER);
    let (_, for_another) = request(SERVICE);
    let mut issue = |request: &str, password: &str| {
        visitor.get("/certificate");
        let fields = [
            ("request", request.as_bytes()),
            ("password", password.as_bytes()),
        ];
        visitor.upload("/certificate/issue", &fields)
    };
    for (request, password, why) in [
        (
            asked.as_str(),
            "AAAA-AAAA-AAAA-AAAA",
            "発行用パスワードが正しくない",
        ),
        ("no request", &password, "発行できませんでした。"),
        (&for_another, &password, "発行できませんでした。"),
    ] {
        let page = issue(request, password).page();
        assert!(page.contains(why), "{why}: {page}");
    }
    assert_eq!(issue("", &password).status, 400);
    // Typed as people type it.
    let typed = password.to_lowercase().replace('-', " ");
    let answer = issue(&asked, &typed);
    let serial = answer
        .leads_to()
        .strip_prefix("/certificate?issued=")
        .unwrap()
        .to_owned();
    let page = visitor.get(answer.leads_to()).page();
    assert!(page.contains("電子証明書が発行されました。"));
    assert!(page.contains(&serial));
    let file = visitor.get(&format!("/certificate/{serial}"));
    assert!(file.header("content-disposition").contains("attachment"));
    let certificates = pem::certificates(&file.body).unwrap();
    // It goes with the key, or this would refuse.
    let signer = SoftwareSigner::new(key, certificates).unwrap();

    // Nobody else gets it.
    let mut other = Visitor::logged_in(&world, SERVICE);
    assert_eq!(other.get(&format!("/certificate/{serial}")).status, 404);
    assert!(!other.get("/certificate").page().contains(&serial));

    // A renewal comes signed with the one there is.
    let (_, renewal) = request(MANAGER);
    let sealed = |signer: &SoftwareSigner, name: &str, content: &str| {
        let buffer = std::io::Cursor::new(Vec::new());
        let mut writer = EnvelopeWriter::new(buffer, WriterOptions::default()).unwrap();
        writer.add(name, &mut content.as_bytes()).unwrap();
        writer.finish(signer, world.now()).unwrap().1.into_inner()
    };
    let mut renew = |container: &[u8]| {
        visitor.get("/certificate");
        visitor.upload("/certificate/renew", &[("request", container)])
    };
    let good = sealed(&signer, "renewal.csr", &renewal);
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    for wrong in [b"PK".as_slice(), &bad, renewal.as_bytes()] {
        assert!(renew(wrong).page().contains("発行できませんでした。"));
    }
    let answer = renew(&good);
    assert!(answer.leads_to().starts_with("/certificate?issued="));
    // Once.
    assert!(renew(&good).page().contains("発行できませんでした。"));
    // And not with somebody else's.
    let theirs = {
        let mut authority = Authority::open(&authority_folder(world.home.path())).unwrap();
        let (key, request) = request(SERVICE);
        let validity = careplan_envelope::Validity::days(world.now(), 100).unwrap();
        let kind = careplan_envelope::CertificateKind::CareDx;
        let issued = authority
            .issue_office(request.as_bytes(), SERVICE.parse().unwrap(), kind, validity)
            .unwrap();
        SoftwareSigner::new(key, vec![issued.certificate]).unwrap()
    };
    let page = renew(&sealed(&theirs, "renewal.csr", &renewal)).page();
    assert!(page.contains("この事業所の証明書で署名されていません。"));
}

#[test]
fn the_client_is_offered_from_its_day_with_its_sum() {
    let world = world_with_site_at("2023-04-13T14:59:00Z");
    account(&world, MANAGER, PasswordValidity::Unlimited);
    let mut visitor = Visitor::logged_in(&world, MANAGER);
    // 23:59 on the 13th in Japan.
    assert!(visitor.get("/client").page().contains("2023年4月14日"));
    assert_eq!(visitor.get("/client/download").status, 404);
    world.clock.advance(TimeDelta::minutes(1));
    // printf 'MZ this is no program\n' | sha256sum
    const SUM: &str = "78840b7d82e680522bdcb6f744ac54e3b6db5d494079a2f6f5541ea39b0cea51";
    assert!(visitor.get("/client").page().contains(SUM));
    let file = visitor.get("/client/download");
    assert_eq!(file.body, CLIENT);
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"careplan-client-1.0.exe\""
    );
    // The operator puts another file there.
    let path = world.home.path().join("careplan-client-1.0.exe");
    std::fs::write(path, b"MZ another\n").unwrap();
    let page = visitor.get("/client").page();
    assert!(!page.contains(SUM));
    assert_eq!(visitor.get("/client/download").body, b"MZ another\n");
}

#[test]
fn whoever_asks_too_often_has_to_wait() {
    fn few(config: &mut PlatformConfig) {
        site(config);
        let mut limits = SiteLimits::default();
        limits.secrets = 3.try_into().unwrap();
        limits.secret_interval = std::time::Duration::from_secs(3600);
        limits.requests = 12.try_into().unwrap();
        limits.request_interval = std::time::Duration::from_secs(3600);
        config.site.as_mut().unwrap().limits = limits;
    }
    let world = World::with(few);
    account(&world, MANAGER, PasswordValidity::Unlimited);
    let mut visitor = Visitor::of(&world);
    let nobody = user_of(OUTSIDER);
    for _ in 0..3 {
        assert_eq!(visitor.log_in(&nobody, "wrong wrong wrong").status, 200);
    }
    // Six requests so far. The right password has to wait too.
    let answer = visitor.log_in(&user_of(MANAGER), PASSWORD);
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 60);
    assert!(answer.text().contains("しばらくお待ちください"));
    // Other pages are still there, and then they are not.
    for _ in 8..12 {
        assert_eq!(visitor.get("/help").status, 200);
    }
    assert_eq!(visitor.get("/help").status, 429);
}

#[test]
fn english_is_one_press_away_and_leads_nowhere_else() {
    let world = office_at_site();
    let mut visitor = Visitor::of(&world);
    visitor.get("/help");
    let answer = visitor.post("/language", &[("to", "en"), ("back", "/help")]);
    assert_eq!(answer.leads_to(), "/help");
    let page = visitor.get("/help").page();
    assert!(page.contains("lang=\"en\"") && page.contains("How do we begin?"));
    for back in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "",
    ] {
        let answer = visitor.post("/language", &[("to", "ja"), ("back", back)]);
        assert_eq!(answer.leads_to(), "/", "{back}");
    }
    assert_eq!(visitor.post("/language", &[("to", "fr")]).status, 400);
    // The words of the rules too.
    visitor.post("/language", &[("to", "en"), ("back", "/")]);
    visitor.log_in(&user_of(MANAGER), PASSWORD);
    visitor.get("/licence");
    let answer = visitor.post("/licence/renewal", &[("action", "decline")]);
    assert!(
        answer
            .text()
            .contains("there is no licence; apply for one first")
    );
    let _ = Lang::En;
}

#[test]
fn forms_that_are_too_large_or_broken_are_refused() {
    let world = office_at_site();
    let mut visitor = Visitor::logged_in(&world, MANAGER);
    let large = "x".repeat(20_000);
    let answer = visitor.post("/application", &[("years", &large)]);
    assert_eq!(answer.status, 400);
    let large = vec![b'x'; 600 * 1024];
    let answer = visitor.upload(
        "/certificate/issue",
        &[("request", large.as_slice()), ("password", b"x")],
    );
    assert_eq!(answer.status, 400);
    let answer = visitor.upload("/certificate/issue", &[("password", b"x")]);
    assert_eq!(answer.status, 400);
    let answer = visitor.post_as_it_is("/certificate/issue", &[("password", "x")]);
    assert_eq!(answer.status, 400);
}

#[test]
fn the_history_shows_an_office_its_own_sendings() {
    let mut world = world_with_site();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    world.registered(OUTSIDER);
    let session = world.session(&manager);
    let receipt = session.send_month_set();
    let mut visitor = Visitor::logged_in(&world, MANAGER);
    let sent = visitor.get("/sendings").page();
    assert!(sent.contains(SERVICE), "{sent}");
    assert!(
        !visitor
            .get("/sendings?list=received")
            .page()
            .contains(SERVICE)
    );
    let mut receiver = Visitor::logged_in(&world, SERVICE);
    assert!(
        receiver
            .get("/sendings?list=received")
            .page()
            .contains(MANAGER)
    );
    let theirs = world.session(&service);
    theirs.fetch(&receipt);
    theirs.confirm(&receipt);
    // Both have the receipts, which say what they are about and are the operator's.
    let path = format!("/sendings/{}", receipt.sending);
    for office in [&mut visitor, &mut receiver] {
        let page = office.get(&path).page();
        assert!(page.contains("受け付けました") && page.contains("相手が受領しました"));
        let file = office.get(&format!("{path}/receipts/received"));
        assert!(file.header("content-disposition").contains(".asice"));
        assert_eq!(&file.body[..2], b"PK");
        let text = String::from_utf8_lossy(&file.body);
        assert!(text.contains("mimetype"));
        for missing in ["withdrawn", "nothing"] {
            let answer = office.get(&format!("{path}/receipts/{missing}"));
            assert_eq!(answer.status, 404);
        }
    }
    let confirmed = careplan_protocol::SendingState::Confirmed.name(Lang::Ja);
    assert!(visitor.get("/sendings").page().contains(confirmed));
    let mut outsider = Visitor::logged_in(&world, OUTSIDER);
    for path in ["/sendings", "/sendings?list=received"] {
        assert!(outsider.get(path).page().contains("まだありません。"));
    }
    for path in [path.clone(), format!("{path}/receipts/accepted")] {
        assert_eq!(outsider.get(&path).status, 404, "{path}");
    }
    for path in [
        "/sendings/x",
        "/sendings/0192f0a0-7c00-7000-8000-000000000001",
    ] {
        assert_eq!(outsider.get(path).status, 404, "{path}");
    }
}
