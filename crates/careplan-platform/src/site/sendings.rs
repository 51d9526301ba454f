//! The sending history (送受信の履歴): what became of what the office sent and received.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use careplan_core::Lang;
use careplan_protocol::{Cursor, ListQuery, SendingState, SendingSummary};
use maud::{Markup, html};
use serde::Deserialize;

use super::Site;
use super::page::{Page, Place, moment};
use super::refusal::Refusal;
use super::visit::Member;
use crate::storage::Direction;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    list: List,
    after: Option<String>,
}

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum List {
    #[default]
    Sent,
    Received,
}

impl List {
    fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::Sent => lang.pick("送信したもの", "Sent"),
            Self::Received => lang.pick("受信したもの", "Received"),
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Sent => "/sendings",
            Self::Received => "/sendings?list=received",
        }
    }
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Query(asked): Query<Asked>,
    member: Member,
) -> Result<Response, Refusal> {
    let lang = member.visit.lang;
    let after: Option<Cursor> = match asked.after.as_deref() {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| Refusal::NotFound)?),
    };
    let direction = match asked.list {
        List::Sent => Direction::Sent,
        List::Received => Direction::Received,
    };
    let query = ListQuery {
        after,
        ..ListQuery::default()
    };
    let page = site
        .api
        .delivery
        .list(member.office, direction, query)
        .await?;
    let title = lang.pick("送受信の履歴", "Sending history");
    let content = html! {
        h1 { (title) }
        nav.pages aria-label=(lang.pick("一覧の種類", "Which list")) {
            @for list in [List::Sent, List::Received] {
                a href=(list.path()) aria-current=[(list == asked.list).then_some("true")] {
                    (list.name(lang))
                }
            }
        }
        @if page.items.is_empty() {
            p { (lang.pick("まだありません。", "Nothing yet.")) }
        } @else {
            (table(&page.items, asked.list, lang))
        }
        @if let Some(next) = page.next {
            div.actions {
                a.button.second href={
                    (asked.list.path()) (if asked.list == List::Sent { "?" } else { "&" }) "after=" (next)
                } { (lang.pick("次のページ", "Next page")) }
            }
        }
    };
    Ok(Page::new(title, Some(Place::Sendings), content).show(&member.visit, &site))
}

fn table(items: &[SendingSummary], list: List, lang: Lang) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label=(list.name(lang)) {
            table.list {
                thead { tr {
                    th scope="col" { (lang.pick("受付日時", "Accepted")) }
                    th scope="col" { (lang.pick("相手先", "Other office")) }
                    th scope="col" { (lang.pick("種類", "What")) }
                    th scope="col" { (lang.pick("対象月", "Month")) }
                    th scope="col" { (lang.pick("状態", "State")) }
                } }
                tbody {
                    @for item in items {
                        tr {
                            td { (moment(item.accepted_at, lang)) }
                            td.mono { (match list { List::Sent => item.receiver, List::Received => item.sender }) }
                            td {
                                    @match item.contents.open() {
                                        Some(set) => { (set.set.name(lang)) }
                                        None => { (lang.pick("封緘（受信者のみ閲覧可能）", "sealed to the receiver")) }
                                    }
                                }
                            td { @if let Some(month) = item.contents.open().and_then(|set| set.month) { (month) } @else { "-" } }
                            td {
                                span class={ "tag " (tone(item.state)) } { (item.state.name(lang)) }
                                @if let Some(at) = item.settled_at {
                                    br; span.quiet { (moment(at, lang)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

const fn tone(state: SendingState) -> &'static str {
    match state {
        SendingState::Confirmed => "ok",
        SendingState::Expired | SendingState::Refused => "error",
        SendingState::Withdrawn => "warning",
        _ => "info",
    }
}
