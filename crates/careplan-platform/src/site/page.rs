//! What all pages have in common: head, navigation, foot; and how days and times are written.

use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect, Response};
use careplan_core::{Lang, japan_date, japan_time};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use maud::{DOCTYPE, Markup, html};

use super::Site;
use super::visit::Visit;
use crate::storage::SiteScope;

/// A page of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Top,
    Application,
    Licence,
    Certificate,
    Client,
    Sendings,
    Help,
}

impl Place {
    const ALL: [Self; 7] = [
        Self::Top,
        Self::Application,
        Self::Licence,
        Self::Certificate,
        Self::Client,
        Self::Sendings,
        Self::Help,
    ];

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Top => "/top",
            Self::Application => "/application",
            Self::Licence => "/licence",
            Self::Certificate => "/certificate",
            Self::Client => "/client",
            Self::Sendings => "/sendings",
            Self::Help => "/help",
        }
    }

    pub(super) fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::Top => lang.pick("トップ", "Top page"),
            Self::Application => lang.pick("利用申請/更新", "Application/renewal"),
            Self::Licence => lang.pick("ライセンス", "Licence"),
            Self::Certificate => lang.pick("電子証明書", "Certificate"),
            Self::Client => lang.pick("クライアント", "Client software"),
            Self::Sendings => lang.pick("送受信の履歴", "Sending history"),
            Self::Help => lang.pick("よくある質問", "Help"),
        }
    }
}

/// A page to be written.
pub(super) struct Page {
    pub(super) title: String,
    /// Where it stands in the navigation.
    pub(super) place: Option<Place>,
    pub(super) content: Markup,
}

impl Page {
    pub(super) fn new(title: impl Into<String>, place: Option<Place>, content: Markup) -> Self {
        Self {
            title: title.into(),
            place,
            content,
        }
    }

    /// The whole page for a visitor.
    pub(super) fn show(&self, visit: &Visit, site: &Site) -> Response {
        let markup = self.markup(visit, site).into_string();
        let mut response = markup.into_response();
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        visit.give_cookie(&mut response);
        response
    }

    fn markup(&self, visit: &Visit, site: &Site) -> Markup {
        let lang = visit.lang;
        let name = system_name(lang);
        let full = visit
            .session
            .filter(|session| session.scope == SiteScope::Full);
        html! {
            (DOCTYPE)
            html lang=(lang.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) " - " (name) }
                    link rel="stylesheet" href="/look.css";
                    link rel="stylesheet" href="/site.css";
                    link rel="icon" href="/icon.svg" type="image/svg+xml";
                    script src="/site.js" defer {}
                }
                body {
                    a.skip href="#content" { (lang.pick("本文へ移動", "Skip to the content")) }
                    header.top {
                        div {
                            a.brand href=(if full.is_some() { "/top" } else { "/log-in" }) {
                                (name)
                                small { (lang.pick("利用申請・ライセンスのサイト", "Applications and licences")) }
                            }
                            (language_switch(visit))
                            @if let Some(session) = visit.session {
                                div.who {
                                    span { (lang.pick("事業所番号 ", "Office ")) b.mono { (session.office) } }
                                    form.language method="post" action="/log-out" {
                                        (token_field(visit))
                                        button { (lang.pick("ログアウト", "Log out")) }
                                    }
                                }
                            }
                        }
                        @if full.is_some() {
                            div {
                                nav.main aria-label=(lang.pick("メニュー", "Menu")) {
                                    ul {
                                        @for place in Place::ALL {
                                            li {
                                                a href=(place.path()) aria-current=[(self.place == Some(place)).then_some("page")] {
                                                    (place.name(lang))
                                                }
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                    main #content tabindex="-1" { (self.content) }
                    footer.bottom {
                        @if full.is_none() {
                            p { a href="/help" { (Place::Help.name(lang)) } }
                        }
                        @if !site.contact.is_empty() {
                            p { (lang.pick("お問い合わせ: ", "Contact: ")) (site.contact) }
                        }
                        p { (name) }
                    }
                }
            }
        }
    }
}

fn system_name(lang: Lang) -> &'static str {
    lang.pick("ケアプランデータ連携システム", "Care Plan Data Exchange")
}

fn language_switch(visit: &Visit) -> Markup {
    let (to, label) = visit.lang.pick(("en", "English"), ("ja", "日本語"));
    html! {
        form.language method="post" action="/language" {
            (token_field(visit))
            input type="hidden" name="to" value=(to);
            input type="hidden" name="back" value=(visit.place);
            button lang=(to) { (label) }
        }
    }
}

/// The proof of a form that it stood on one of our pages.
pub(super) fn token_field(visit: &Visit) -> Markup {
    html! { input type="hidden" name="token" value=(visit.form_token()); }
}

/// How something to know begins.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tone {
    Ok,
    Info,
    Warning,
    Error,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something to know, on top of a page. An error is read out at once.
pub(super) fn notice(tone: Tone, strong: &str, text: &Markup) -> Markup {
    let role = match tone {
        Tone::Error => "alert",
        Tone::Ok | Tone::Info | Tone::Warning => "status",
    };
    html! {
        div class={ "notice " (tone.class()) } role=(role) {
            strong { (strong) }
            " " (text)
        }
    }
}

/// Goes on to another page after a form was done, so that reloading does not do it again.
pub(super) fn go(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// A day: `2026年11月22日`.
pub(super) fn day(on: NaiveDate, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!("{}年{}月{}日", on.year(), on.month(), on.day()),
        Lang::En => on.format("%-d %B %Y").to_string(),
    }
}

/// An instant, to the minute, in Japan.
pub(super) fn moment(at: DateTime<Utc>, lang: Lang) -> String {
    let time = japan_time(at);
    format!("{} {}", day(japan_date(at), lang), time.format("%H:%M"))
}

/// The steps of the first use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Application,
    Terms,
    Certificate,
    Client,
}

pub(super) fn steps(here: Step, lang: Lang) -> Markup {
    let all = [
        (Step::Application, lang.pick("利用申請", "Application")),
        (Step::Terms, lang.pick("利用規約への同意", "Terms of use")),
        (Step::Certificate, lang.pick("電子証明書", "Certificate")),
        (
            Step::Client,
            lang.pick("クライアントの導入", "Client software"),
        ),
    ];
    html! {
        ol.steps aria-label=(lang.pick("はじめての方の手順", "Steps of the first use")) {
            @for (step, name) in all {
                li aria-current=[(step == here).then_some("step")] { (name) }
            }
        }
    }
}
