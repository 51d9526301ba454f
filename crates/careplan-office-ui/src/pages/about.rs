//! The office, its certificate, the language, and the end.

use std::sync::Arc;

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, SET_COOKIE};
use axum::response::Response;
use careplan_core::Lang;
use maud::html;
use serde::Deserialize;

use super::front::{Front, Here, LANGUAGE, Visit, bare, office_words};
use super::{see_other, written};
use crate::desk::Desk;
use crate::said::Said;

pub(super) async fn about(State(desk): State<Arc<Desk>>, visit: Visit) -> Response {
    let lang = visit.lang;
    let title = lang.pick("この事業所", "This office");
    Front::new(&desk, visit, Here::About, title).page(&html! {
        h1 { (title) }
        section.card {
            dl.facts {
                dt { (lang.pick("事業所", "Office")) } dd { (office_words(&desk, desk.office, lang)) }
                dt { (lang.pick("証明書の期限", "The certificate ends")) } dd { (written::instant_in_full(desk.certificate_ends, lang)) }
                dt { (lang.pick("取り出し先のフォルダー", "Folder for taking out")) } dd.mono { (desk.options.take_out.display()) }
                dt { (lang.pick("版", "Version")) } dd { (env!("CARGO_PKG_VERSION")) }
            }
        }
        section.card #renewal {
            h2 { (lang.pick("証明書を更新するとき", "Renewing the certificate")) }
            ol {
                li {
                    (lang.pick("この画面を終了し、次のコマンドを実行します。", "End this page and run this command: "))
                    span.mono { "office renew" }
                    br;
                    (lang.pick("新しい鍵と、提出するファイル（renewal.asice）ができます。", "It makes a new key and the file to hand in (renewal.asice)."))
                }
                li { (lang.pick(
                    "センターのサイトの「電子証明書」の画面でそのファイルを提出し、発行された証明書を保存します。",
                    "Hand that file in on the certificate page of the platform's site, and store the certificate issued.",
                )) }
                li {
                    (lang.pick("保存したファイルを指定して、次のコマンドを実行します。", "Run this command with the file you stored: "))
                    span.mono { "office renew --finish " (lang.pick("ファイル", "FILE")) }
                }
            }
        }
        section.card {
            h2 { (lang.pick("終わるとき", "When you are done")) }
            p { (lang.pick(
                "この画面を終了すると、ほかの方がこの事業所のデータを扱えるようになります。送信待ちのものは、次に「送受信する」を押したときに送られます。",
                "When you end this page, others can work with the office's sets. What waits to be sent is sent with the next \"Send and receive\".",
            )) }
            form method="post" action="/quit" {
                button.button.second type="submit" { (lang.pick("画面を終了する", "End this page")) }
            }
        }
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct Language {
    lang: Lang,
    #[serde(default)]
    back: String,
}

pub(super) async fn language(Form(asked): Form<Language>) -> Response {
    // Only a page of this site: `//host` would lead to another.
    let here =
        asked.back.starts_with('/') && !asked.back.starts_with("//") && !asked.back.contains('\\');
    let mut response = see_other(if here { &asked.back } else { "/" });
    let cookie = format!(
        "{LANGUAGE}={}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict",
        asked.lang.code()
    );
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

pub(super) async fn quit(State(desk): State<Arc<Desk>>, visit: Visit) -> Response {
    desk.stopper().stop();
    bare(
        visit.lang,
        StatusCode::OK,
        &Said::new(
            "画面を終了しました。このタブは閉じてかまいません。",
            "The page has ended. You can close this tab.",
        ),
    )
}
