//! What stands around every page: the head with the menu, the language, what was left to be said.

use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use careplan_core::{Lang, OfficeNumber};
use chrono::Utc;
use maud::{DOCTYPE, Markup, html};

use crate::desk::Desk;
use crate::door::cookies;
use crate::said::Said;

/// The cookie of the language; no secret.
pub(super) const LANGUAGE: &str = "careplan-lang";

/// Who looks, and in which language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit {
    pub(super) lang: Lang,
}

impl Visit {
    pub(super) fn of(headers: &HeaderMap, otherwise: Lang) -> Self {
        let chosen = cookies(headers)
            .find(|(name, _)| *name == LANGUAGE)
            .and_then(|(_, value)| value.parse().ok());
        Self {
            lang: chosen.unwrap_or(otherwise),
        }
    }
}

impl axum::extract::FromRequestParts<std::sync::Arc<Desk>> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        desk: &std::sync::Arc<Desk>,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers, desk.options.lang))
    }
}

/// Where in the menu a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Here {
    Home,
    Send,
    Received,
    Sent,
    Months,
    About,
    Nowhere,
}

impl Here {
    const MENU: [Self; 6] = [
        Self::Home,
        Self::Send,
        Self::Received,
        Self::Sent,
        Self::Months,
        Self::About,
    ];

    const fn entry(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Home | Self::Nowhere => ("/", "はじめ", "Start"),
            Self::Send => ("/send", "送る", "Send"),
            Self::Received => ("/received", "届いたもの", "Received"),
            Self::Sent => ("/sent", "送ったもの", "Sent"),
            Self::Months => ("/months", "予定と実績", "Plans and actuals"),
            Self::About => ("/about", "この事業所", "This office"),
        }
    }
}

/// A page being made.
pub(super) struct Front<'d> {
    desk: &'d Desk,
    visit: Visit,
    here: Here,
    title: String,
}

impl<'d> Front<'d> {
    pub(super) fn new(desk: &'d Desk, visit: Visit, here: Here, title: impl Into<String>) -> Self {
        Self {
            desk,
            visit,
            here,
            title: title.into(),
        }
    }

    /// The page.
    pub(super) fn page(&self, content: &Markup) -> Response {
        self.page_with(StatusCode::OK, content)
    }

    /// The page, saying that something is not as asked.
    pub(super) fn page_with(&self, status: StatusCode, content: &Markup) -> Response {
        let lang = self.visit.lang;
        let flash = self.desk.heard();
        let markup = document(
            lang,
            &self.title,
            &html! {
                a.skip href="#content" { (lang.pick("本文へ", "To the content")) }
                header.top { div {
                    a.brand href="/" {
                        (lang.pick("ケアプランデータ連携", "Care plan exchange"))
                        small { (office_words(self.desk, self.desk.office, lang)) }
                    }
                    nav.main aria-label=(lang.pick("メニュー", "Menu")) { ul {
                        @for entry in Here::MENU {
                            @let (address, ja, en) = entry.entry();
                            li { a href=(address) aria-current=[(entry == self.here).then_some("page")] {
                                (lang.pick(ja, en))
                            } }
                        }
                    } }
                    (language(lang))
                } }
                main #content tabindex="-1" {
                    @if let Some(flash) = flash {
                        div.notice.ok[flash.good].error[!flash.good] role="status" {
                            p { (flash.said.pick(lang)) }
                        }
                    }
                    (self.reminder())
                    (content)
                }
                footer.bottom { p {
                    (lang.pick(
                        "この画面は、このパソコンの中だけで動いています。",
                        "This page runs on this computer only.",
                    ))
                } }
            },
        );
        (status, Html(markup.into_string())).into_response()
    }

    /// In time before the certificate ends.
    fn reminder(&self) -> Markup {
        let lang = self.visit.lang;
        let ends = self.desk.certificate_ends;
        let days = (ends - Utc::now()).num_days();
        let day = super::written::day(careplan_core::japan_date(ends), lang);
        html! {
            @if ends < Utc::now() {
                div.notice.error { p {
                    strong { (lang.pick("証明書の有効期限が切れています。", "The certificate has ended. ")) }
                    (lang.pick(
                        format!("{day}までのものでした。送受信するには、証明書を更新してください。"),
                        format!("It was good until {day}. Renew it to send and receive."),
                    ))
                    " " a href="/about#renewal" { (lang.pick("更新のしかた", "How")) }
                } }
            } @else if days < self.desk.options.remind_days {
                div.notice.warning { p {
                    strong { (lang.pick(
                        format!("証明書の期限まであと{days}日です。"),
                        format!("The certificate ends in {days} days. "),
                    )) }
                    (lang.pick(
                        format!("{day}を過ぎると送受信できません。早めに更新してください。"),
                        format!("After {day} nothing can be sent or received. Renew it in time."),
                    ))
                    " " a href="/about#renewal" { (lang.pick("更新のしかた", "How")) }
                } }
            }
        }
    }
}

/// Changes the language; the script sends back to the page one is on.
fn language(lang: Lang) -> Markup {
    let (other, name) = lang.pick((Lang::En, "English"), (Lang::Ja, "日本語"));
    html! {
        form.language method="post" action="/language" {
            input type="hidden" name="lang" value=(other.code());
            input type="hidden" name="back" value="/";
            button type="submit" lang=(other.code()) { (name) }
        }
    }
}

/// An office by its name, if it is known, and number.
pub(super) fn office_words(desk: &Desk, office: OfficeNumber, lang: Lang) -> String {
    match (desk.names().of(office), lang) {
        (Some(name), Lang::Ja) => format!("{name}（{office}）"),
        (Some(name), Lang::En) => format!("{name} ({office})"),
        (None, Lang::Ja) => format!("事業所 {office}"),
        (None, Lang::En) => format!("Office {office}"),
    }
}

/// A page without the menu, for whoever is not let in.
pub(super) fn bare(lang: Lang, status: StatusCode, said: &Said) -> Response {
    let title = lang.pick("ケアプランデータ連携", "Care plan exchange");
    let markup = document(
        lang,
        title,
        &html! {
            main.narrow { h1 { (title) } div.notice.info { p { (said.pick(lang)) } } }
        },
    );
    (status, Html(markup.into_string())).into_response()
}

/// The way in: goes on by itself, and by hand where the browser does not.
pub(super) fn entered(lang: Lang) -> Response {
    let title = lang.pick("ケアプランデータ連携", "Care plan exchange");
    let markup = html! {
        (DOCTYPE)
        html lang=(lang.code()) {
            head {
                (head(title))
                meta http-equiv="refresh" content="0; url=/";
            }
            body { main.narrow {
                h1 { (title) }
                p { a.button.large href="/" { (lang.pick("画面を開く", "Open the page")) } }
            } }
        }
    };
    Html(markup.into_string()).into_response()
}

fn document(lang: Lang, title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(lang.code()) {
            head {
                (head(title))
                script src="/page.js" defer {}
            }
            body { (body) }
        }
    }
}

fn head(title: &str) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1";
        meta name="robots" content="noindex";
        title { (title) }
        link rel="stylesheet" href="/look.css";
        link rel="stylesheet" href="/page.css";
        link rel="icon" href="/icon.svg";
    }
}

/// `Content-Disposition` of a file to be stored (RFC 6266, RFC 8187).
pub(super) fn disposition(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_of_downloads_are_encoded() {
        assert_eq!(
            super::disposition("第3表 \"x\".pdf"),
            "attachment; filename*=UTF-8''%E7%AC%AC3%E8%A1%A8%20%22x%22.pdf"
        );
    }
}
