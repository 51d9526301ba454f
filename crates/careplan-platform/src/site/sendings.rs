//! The sending history (送受信の履歴): what became of what the office sent and received, with the
//! platform's signed receipts (受領証).

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use careplan_core::{Lang, OfficeNumber, YearMonth};
use careplan_protocol::{
    Cursor, EvidenceEvent, ListQuery, SendingId, SendingState, SendingSummary,
};
use maud::{Markup, html};
use serde::Deserialize;

use super::Site;
use super::page::{Page, Place, moment};
use super::refusal::Refusal;
use super::visit::Member;
use crate::problems::NotDone;
use crate::storage::Direction;

/// The media type of a receipt, that of a container (ETSI EN 319 162-1).
const RECEIPT_TYPE: &str = careplan_protocol::CONTAINER_TYPE;

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
                    th scope="col" { (lang.pick("受領証", "Receipts")) }
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
                            td { @if let Some(month) = item.contents.open().and_then(|set| set.month) { (month_in_words(month, lang)) } @else { "-" } }
                            td {
                                span class={ "tag " (tone(item.state)) } { (item.state.name(lang)) }
                                @if let Some(at) = item.settled_at {
                                    br; span.quiet { (moment(at, lang)) }
                                }
                            }
                            td {
                                a.together href={ "/sendings/" (item.sending) } {
                                    (lang.pick("受領証を見る", "See receipts"))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A month: `2026年10月`.
fn month_in_words(month: YearMonth, lang: Lang) -> String {
    let (year, month) = (month.year(), month.month());
    lang.pick(format!("{year}年{month}月"), format!("{year}-{month:02}"))
}

const fn tone(state: SendingState) -> &'static str {
    match state {
        SendingState::Confirmed => "ok",
        SendingState::Expired | SendingState::Refused => "error",
        SendingState::Withdrawn => "warning",
        _ => "info",
    }
}

/// Shows a sending and its receipts.
pub(super) async fn show_one(
    State(site): State<Arc<Site>>,
    Path(sending): Path<String>,
    member: Member,
) -> Result<Response, Refusal> {
    let sending: SendingId = sending.parse().map_err(|_| Refusal::NotFound)?;
    let lang = member.visit.lang;
    let summary = site.api.delivery.show(member.office, sending).await;
    let summary = summary.map_err(not_there)?;
    let receipts = site.api.evidence.receipts(member.office, sending).await;
    let receipts = receipts.map_err(not_there)?;
    let title = lang.pick("受領証", "Receipts");
    let content = html! {
        h1 { (title) }
        div.card {
            dl.facts {
                dt { (lang.pick("送信側", "From")) } dd.mono { (summary.sender) }
                dt { (lang.pick("受信側", "To")) } dd.mono { (summary.receiver) }
                dt { (lang.pick("受付日時", "Accepted")) } dd { (moment(summary.accepted_at, lang)) }
                dt { (lang.pick("状態", "State")) }
                dd { span class={ "tag " (tone(summary.state)) } { (summary.state.name(lang)) } }
                dt { (lang.pick("送信番号", "Number")) } dd.mono { (summary.sending) }
                dt { "SHA-256" } dd.mono { (summary.sha256) }
            }
        }
        @if receipts.is_empty() {
            p { (lang.pick("まだありません。", "There is none yet.")) }
        } @else {
            div.wide tabindex="0" role="region" aria-label=(title) {
                table.list {
                    thead { tr {
                        th scope="col" { (lang.pick("内容", "What")) }
                        th scope="col" { (lang.pick("日時", "When")) }
                        th scope="col" { (lang.pick("ファイル", "File")) }
                    } }
                    tbody {
                        @for receipt in &receipts {
                            tr {
                                td { (happened(receipt.event, lang)) }
                                td { (moment(receipt.at, lang)) }
                                td {
                                    a.together download href={
                                        "/sendings/" (sending) "/receipts/" (receipt.event.as_str())
                                    } { (lang.pick("ダウンロード", "Download")) }
                                }
                            }
                        }
                    }
                }
            }
            p.quiet { (lang.pick(
                "受領証は運用センターが署名した電子ファイル（ASiC-E）です。クライアントや一般の検証ソフトで確かめられます。",
                "Receipts are files signed by the operations centre (ASiC-E). The client and other verifiers can check them.",
            )) }
        }
        div.actions {
            a.button.second href=(list_of(&summary, member.office).path()) {
                (lang.pick("一覧に戻る", "Back to the list"))
            }
        }
    };
    Ok(Page::new(title, Some(Place::Sendings), content).show(&member.visit, &site))
}

fn list_of(summary: &SendingSummary, office: OfficeNumber) -> List {
    if summary.sender == office {
        List::Sent
    } else {
        List::Received
    }
}

/// Hands out a receipt.
pub(super) async fn receipt(
    State(site): State<Arc<Site>>,
    Path((sending, event)): Path<(String, String)>,
    member: Member,
) -> Result<Response, Refusal> {
    let sending: SendingId = sending.parse().map_err(|_| Refusal::NotFound)?;
    let event: EvidenceEvent = event.parse().map_err(|_| Refusal::NotFound)?;
    let receipt = site
        .api
        .evidence
        .receipt(member.office, sending, event)
        .await
        .map_err(not_there)?;
    let mut response = receipt.container.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(RECEIPT_TYPE));
    let name = format!(
        "attachment; filename=\"receipt-{sending}-{}.asice\"",
        event.as_str()
    );
    headers.insert(
        CONTENT_DISPOSITION,
        HeaderValue::from_str(&name).map_err(|_| Refusal::Internal)?,
    );
    Ok(response)
}

/// What another office's number leads to is as if it was not there.
fn not_there(error: NotDone) -> Refusal {
    match error {
        NotDone::Refused(problem) if problem.status == 404 => Refusal::NotFound,
        error => error.into(),
    }
}

const fn happened(event: EvidenceEvent, lang: Lang) -> &'static str {
    match (event, lang) {
        (EvidenceEvent::Accepted, Lang::Ja) => "受け付けました",
        (EvidenceEvent::Accepted, Lang::En) => "accepted by the platform",
        (EvidenceEvent::MadeAvailable, Lang::Ja) => "相手が受信できるようになりました",
        (EvidenceEvent::MadeAvailable, Lang::En) => "made available to the receiver",
        (EvidenceEvent::Received, Lang::Ja) => "相手が受領しました",
        (EvidenceEvent::Received, Lang::En) => "received by the other office",
        (EvidenceEvent::Withdrawn, Lang::Ja) => "送信側が取り消しました",
        (EvidenceEvent::Withdrawn, Lang::En) => "withdrawn by the sender",
        (EvidenceEvent::Refused, Lang::Ja) => "連携基盤が拒否しました",
        (EvidenceEvent::Refused, Lang::En) => "refused by the platform",
        (EvidenceEvent::Expired, Lang::Ja) => "期限内に受領されませんでした",
        (EvidenceEvent::Expired, Lang::En) => "not received in time",
        (EvidenceEvent::Removed, Lang::Ja) => "保存期間が過ぎたためデータを削除しました",
        (EvidenceEvent::Removed, Lang::En) => "data removed after its time",
        (_, Lang::Ja) => "その他",
        (_, Lang::En) => "something else",
    }
}
