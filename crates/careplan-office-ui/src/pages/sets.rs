//! What lists and pages of sets have in common, sent and received: tables, pages of a list, files,
//! receipts.

use std::fmt::Display;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use careplan_client::{Client, Error, KeptReceipt, ListOptions, ReceivedHeader};
use careplan_core::{Explain, Lang, OfficeNumber};
use careplan_protocol::{EvidenceEvent, SendingId};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::documents::{Opened, shown, stored};
use super::front::{Here, Visit, office_words};
use super::{away, failed, not_found, small_to_store, written};
use crate::desk::Desk;

/// Sets on a page of a list.
const PAGE: u32 = 50;

/// Sets sent, or sets received.
pub(super) trait Direction {
    /// What a set of them is called by.
    type Id: Copy + Display + DeserializeOwned + Send + 'static;

    /// The page's own address, and the place in the menu.
    const ADDRESS: &'static str;
    const HERE: Here;

    /// What the receipt of receiving says, in Japanese and English.
    const RECEIVED: (&'static str, &'static str);

    /// Copies a file of a set aside.
    fn open(client: &Client, id: Self::Id, number: usize) -> Result<Opened, Error>;

    /// A set's signed receipts, and the platform's number of the sending, if it has one.
    fn receipts(
        client: &Client,
        id: Self::Id,
    ) -> Result<(Option<SendingId>, Vec<KeptReceipt>), Error>;
}

/// Which page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Before {
    #[serde(default)]
    before: Option<u64>,
}

impl Before {
    pub(super) const fn options(&self) -> ListOptions {
        ListOptions {
            before: self.before,
            limit: PAGE,
        }
    }
}

/// The way to the sets before a page's last, if the page is full.
pub(super) fn older<D: Direction>(sets: usize, last: Option<u64>, lang: Lang) -> Markup {
    let last = last.filter(|_| sets >= PAGE as usize);
    html! {
        @if let Some(last) = last {
            a.button.second href={ (D::ADDRESS) "?before=" (last) } { (lang.pick("前のもの", "Older")) }
        }
    }
}

/// A line of a list.
pub(super) struct Line<I> {
    pub(super) id: I,
    /// The other office.
    pub(super) office: OfficeNumber,
    pub(super) header: ReceivedHeader,
    pub(super) at: DateTime<Utc>,
    pub(super) state: Markup,
}

/// A list; `heads` are those of the office and of the time.
pub(super) fn table<D: Direction>(
    desk: &Desk,
    heads: [&str; 2],
    lines: impl Iterator<Item = Line<D::Id>>,
    lang: Lang,
) -> Markup {
    html! {
        table.list.sets {
            thead { tr {
                th scope="col" { (heads[0]) }
                th scope="col" { (heads[1]) }
                th scope="col" { (lang.pick("状態", "State")) }
            } }
            tbody { @for line in lines { tr {
                td { a href={ (D::ADDRESS) "/" (line.id) } { (office_words(desk, line.office, lang)) } br; (what(&line.header, lang)) }
                td { (written::instant(line.at, lang)) }
                td { (line.state) }
            } } }
        }
    }
}

/// What a set is, in the words of the standard.
pub(super) fn what(header: &ReceivedHeader, lang: Lang) -> Markup {
    html! { (header.name(lang)) @if let Some(month) = header.month() { " " (written::month(month, lang)) } }
}

/// The platform's signed receipts: proof of what was sent and received, and when.
pub(super) fn receipts<D: Direction>(id: D::Id, receipts: &[KeptReceipt], lang: Lang) -> Markup {
    html! {
        @if !receipts.is_empty() {
            section.card {
                h2 { (lang.pick("受領証", "Receipts")) }
                p.hint { (lang.pick("センターが電子署名した証明です。保存して、第三者に示すことができます。", "Signed by the platform: store them to show them to others.")) }
                ul.files {
                    @for receipt in receipts {
                        @let event = event_name::<D>(receipt.event, lang);
                        li {
                            span {
                                strong { (event) } br; span.quiet { (written::instant_in_full(receipt.at, lang)) }
                                @if let Some(doubt) = &receipt.doubt { br; span.tag.error { (lang.pick("確かめられません", "does not verify")) } " " (doubt.explain(lang)) }
                            }
                            span.does {
                                a.button.second download href={ (D::ADDRESS) "/" (id) "/receipt/" (receipt.event) } aria-label=(lang.pick(format!("受領証（{event}）を保存する"), format!("Store the receipt: {event}"))) { (lang.pick("保存", "Store")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn event_name<D: Direction>(event: EvidenceEvent, lang: Lang) -> &'static str {
    let (ja, en) = match event {
        EvidenceEvent::Accepted => ("センターが受付", "accepted by the platform"),
        EvidenceEvent::MadeAvailable => ("配信可能", "made available"),
        EvidenceEvent::Received => D::RECEIVED,
        EvidenceEvent::Withdrawn => ("取消", "withdrawn"),
        EvidenceEvent::Refused => ("配信不可", "refused"),
        EvidenceEvent::Expired => ("期限切れ", "expired"),
        EvidenceEvent::Removed => ("保存期間の終了", "no longer kept"),
        _ => (event.as_str(), event.as_str()),
    };
    lang.pick(ja, en)
}

/// Gives a receipt to the browser to store.
pub(super) async fn receipt<D: Direction>(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path((id, event)): Path<(D::Id, EvidenceEvent)>,
) -> Response {
    let (sending, receipts) = match desk.with(move |client| D::receipts(client, id)).await {
        Ok(Ok(seen)) => seen,
        Ok(Err(error)) => return failed(&desk, visit, &error),
        Err(reason) => return away(&desk, visit, reason),
    };
    let found = receipts.into_iter().find(|receipt| receipt.event == event);
    let Some((receipt, sending)) = found.zip(sending) else {
        return not_found(&desk, visit);
    };
    small_to_store(
        receipt.container,
        &format!("receipt-{sending}-{event}.asice"),
    )
}

/// Gives a file of a set to the browser to store.
pub(super) async fn file<D: Direction>(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path((id, number)): Path<(D::Id, usize)>,
) -> Response {
    let opened = desk.with(move |client| D::open(client, id, number)).await;
    stored(&desk, visit, opened)
}

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    person: Option<String>,
}

/// Shows a file of a set, of one person if there are several.
pub(super) async fn view<D: Direction>(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path((id, number)): Path<(D::Id, usize)>,
    Query(which): Query<Which>,
) -> Response {
    let opened = desk.with(move |client| D::open(client, id, number)).await;
    let back = format!("{}/{id}", D::ADDRESS);
    let person = which.person.as_deref();
    shown(&desk, visit, D::HERE, &back, number, opened, person)
}
