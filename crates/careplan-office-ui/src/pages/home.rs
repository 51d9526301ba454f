//! The first page: what is new, what waits, and one button.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use careplan_client::{Incoming, ListOptions, Outgoing, Status};
use careplan_core::Lang;
use maud::{Markup, html};

use super::front::{Front, Here, Visit};
use super::{away, failed, received, sent, work};
use crate::desk::Desk;

/// How many of the newest are shown.
const NEWEST: u32 = 5;

pub(super) async fn home(State(desk): State<Arc<Desk>>, visit: Visit) -> Response {
    let seen = desk
        .with(|client| {
            let newest = ListOptions {
                before: None,
                limit: NEWEST,
            };
            Ok((
                client.status()?,
                client.received(newest)?,
                client.sent(newest)?,
            ))
        })
        .await;
    let (status, arrived, gone) = match seen {
        Ok(Ok(seen)) => seen,
        Ok(Err(error)) => return failed(&desk, visit, &error),
        Err(reason) => return away(&desk, visit, reason),
    };
    let lang = visit.lang;
    let title = lang.pick("はじめ", "Start");
    Front::new(&desk, visit, Here::Home, title).page(&html! {
        h1 { (headline(&status, lang)) }
        div.actions { (work::sync_button(lang)) a.button.second.large href="/send" { (lang.pick("ファイルを送る", "Send files")) } }
        (numbers(&status, lang))
        (newest(&desk, &arrived, &gone, lang))
    })
}

/// What the person looks for first, in one sentence.
fn headline(status: &Status, lang: Lang) -> String {
    let troubled = status.refused + status.quarantined;
    match status {
        _ if troubled > 0 => lang.pick(
            format!("確かめが必要なものが{troubled}件あります"),
            format!("{troubled} to look at"),
        ),
        Status { new: 1.., .. } => lang.pick(
            format!("新しく届いたものが{}件あります", status.new),
            format!("{} newly received", status.new),
        ),
        Status { waiting: 1.., .. } => lang.pick(
            format!("送信待ちが{}件あります", status.waiting),
            format!("{} waiting to be sent", status.waiting),
        ),
        _ => lang
            .pick("新しく届いたものはありません", "Nothing new")
            .to_owned(),
    }
}

/// The numbers of `office status`.
fn numbers(status: &Status, lang: Lang) -> Markup {
    let troubled = status.refused + status.quarantined;
    html! {
        section.cards aria-label=(lang.pick("件数", "Numbers")) {
            (number("new", status.new, lang.pick("新しく届いたもの", "newly received"), "/received", lang))
            (number("waiting", status.waiting, lang.pick("送信待ち", "waiting to be sent"), "/sent", lang))
            (number("under_way", status.under_way, lang.pick("相手の受信待ち", "not yet received by the other office"), "/sent", lang))
            @if troubled > 0 {
                div.card.count.troubled {
                    p { strong { (troubled) } " " (lang.pick("件", "")) br; (lang.pick("確かめが必要なもの", "to look at")) }
                    @if status.refused > 0 { p { a href="/sent" { (lang.pick("送れなかったもの", "not accepted")) " " span data-status="refused" { (status.refused) } } } }
                    @if status.quarantined > 0 { p { a href="/received" { (lang.pick("隔離したもの", "quarantined")) " " span data-status="quarantined" { (status.quarantined) } } } }
                }
            }
        }
        dl.totals.quiet {
            dt { (lang.pick("これまでに届けたもの", "delivered so far")) } dd data-status="delivered" { (status.delivered) }
            dt { (lang.pick("取り出したもの", "taken out so far")) } dd data-status="taken_out" { (status.taken_out) }
            dt { (lang.pick("取消・破棄・期限切れ", "withdrawn, discarded or expired")) } dd data-status="ended" { (status.ended) }
        }
    }
}

fn number(key: &str, count: u64, what: &str, address: &str, lang: Lang) -> Markup {
    html! {
        a.card.count href=(address) {
            strong data-status=(key) { (count) } " " (lang.pick("件", "")) br; (what)
        }
    }
}

fn newest(desk: &Desk, arrived: &[Incoming], gone: &[Outgoing], lang: Lang) -> Markup {
    html! {
        @if !arrived.is_empty() {
            h2 { (lang.pick("最近届いたもの", "Received lately")) }
            (received::table(desk, arrived, lang))
        }
        @if !gone.is_empty() {
            h2 { (lang.pick("最近送ったもの", "Sent lately")) }
            (sent::table(desk, gone, lang))
        }
        @if arrived.is_empty() && gone.is_empty() {
            div.card {
                h2 { (lang.pick("使い方", "How to use it")) }
                ol {
                    li { (lang.pick("介護ソフトから、ケアプランデータのCSVファイルを出力します。", "Export the care plan files (CSV) from your care software.")) }
                    li { (lang.pick("「ファイルを送る」で、そのファイルを選びます。確かめた結果が表示されます。", "Choose them under \"Send files\". You see what was found in them.")) }
                    li { (lang.pick("「送受信する」を押すと、送ったものの様子が分かり、届いたものを受け取ります。", "\"Send and receive\" tells what became of what you sent and fetches what is new.")) }
                    li { (lang.pick("届いたものを取り出し、介護ソフトに取り込みます。", "Take out what came, and import it into your care software.")) }
                }
            }
        }
    }
}
