//! What was sent: the list, one of them, and what can be done about it.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use careplan_client::{Client, Error, KeptReceipt, Outgoing, OutgoingState};
use careplan_core::{Explain, Lang};
use careplan_protocol::{IdempotencyKey, SendingId, SendingState};
use maud::{Markup, html};
use serde::Deserialize;

use super::documents::{Opened, open};
use super::front::{Front, Here, Visit, office_words};
use super::sets::{self, Before, Direction, Line, what};
use super::{away, failed, not_found, see_other, written};
use crate::desk::Desk;
use crate::said::Said;

/// What was sent.
pub(super) struct Sent;

impl Direction for Sent {
    type Id = IdempotencyKey;
    const ADDRESS: &'static str = "/sent";
    const HERE: Here = Here::Sent;
    const RECEIVED: (&'static str, &'static str) = ("相手が受領", "received by the other office");

    fn open(client: &Client, id: IdempotencyKey, number: usize) -> Result<Opened, Error> {
        let set = client.outgoing(id)?;
        open(&set.files, number, |name, sink| {
            client.read_sent(id, name, sink)
        })
    }

    fn receipts(
        client: &Client,
        id: IdempotencyKey,
    ) -> Result<(Option<SendingId>, Vec<KeptReceipt>), Error> {
        let answer = client.outgoing(id)?.receipt;
        Ok((answer.map(|answer| answer.sending), client.receipts(id)?))
    }
}

pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Query(before): Query<Before>,
) -> Response {
    let options = before.options();
    let sets = match desk.with(move |client| client.sent(options)).await {
        Ok(Ok(sets)) => sets,
        Ok(Err(error)) => return failed(&desk, visit, &error),
        Err(reason) => return away(&desk, visit, reason),
    };
    let lang = visit.lang;
    let title = lang.pick("送ったもの", "Sent");
    Front::new(&desk, visit, Here::Sent, title).page(&html! {
        h1 { (title) }
        @if sets.is_empty() {
            div.card { p { (lang.pick("まだ何も送っていません。", "Nothing was sent yet.")) } }
        } @else { (table(&desk, &sets, lang)) }
        div.actions {
            (sets::older::<Sent>(sets.len(), sets.last().map(|set| set.number), lang))
            a.button href="/send" { (lang.pick("ファイルを送る", "Send files")) }
        }
    })
}

/// A state as people see it, with a colour that repeats what the words say.
pub(super) fn tag(state: &OutgoingState, lang: Lang) -> Markup {
    let class = match state {
        OutgoingState::Sent(SendingState::Confirmed) => "ok",
        OutgoingState::Sent(SendingState::Expired | SendingState::Refused)
        | OutgoingState::Refused(_) => "error",
        OutgoingState::Sent(SendingState::Withdrawn) | OutgoingState::Discarded => "",
        _ => "info",
    };
    html! { span class={ "tag " (class) } { (state.name(lang)) } }
}

pub(super) fn table(desk: &Desk, sets: &[Outgoing], lang: Lang) -> Markup {
    let heads = [
        lang.pick("送信先・内容", "To, what"),
        lang.pick("登録日時", "Put in"),
    ];
    let lines = sets.iter().map(|set| Line {
        id: set.id,
        office: set.header.receiver,
        header: set.header.into(),
        at: set.put_in_at,
        state: tag(&set.state, lang),
    });
    sets::table::<Sent>(desk, heads, lines, lang)
}

#[derive(Debug, Deserialize)]
pub(super) struct Sure {
    /// What the person is asked about before it is done.
    #[serde(default)]
    sure: Option<String>,
}

pub(super) async fn one(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(id): Path<IdempotencyKey>,
    Query(sure): Query<Sure>,
) -> Response {
    let seen = desk
        .with(move |client| Ok((client.outgoing(id)?, client.receipts(id)?)))
        .await;
    let (set, receipts) = match seen {
        Ok(Ok(seen)) => seen,
        Ok(Err(error)) => return failed(&desk, visit, &error),
        Err(reason) => return away(&desk, visit, reason),
    };
    let lang = visit.lang;
    let to = office_words(&desk, set.header.receiver, lang);
    let title = lang.pick(format!("{to} 宛てのもの"), format!("For {to}"));
    let content = html! {
        h1 { (title) }
        @if let Some(act) = sure.sure.as_deref().and_then(Act::of) {
            (act.question(&set, lang))
        }
        section.card {
            dl.facts {
                dt { (lang.pick("状態", "State")) } dd { (tag(&set.state, lang)) }
                dt { (lang.pick("内容", "What")) } dd { (what(&set.header.into(), lang)) }
                dt { (lang.pick("送信先", "To")) } dd { (to) }
                @if set.sealed { dt { (lang.pick("封", "Sealed")) } dd { (lang.pick("あり（送信先だけが読めます）", "yes: only the other office can read it")) } }
                dt { (lang.pick("登録日時", "Put in")) } dd { (written::instant_in_full(set.put_in_at, lang)) }
                @if let Some(receipt) = &set.receipt {
                    dt { (lang.pick("受付日時", "Accepted")) } dd { (written::instant_in_full(receipt.accepted_at, lang)) }
                    dt { (lang.pick("受信期限", "To be received by")) } dd { (written::instant_in_full(receipt.expires_at, lang)) }
                    dt { (lang.pick("受付番号", "Number")) } dd.mono { (receipt.sending) }
                }
            }
            @if let OutgoingState::Refused(refusal) = &set.state {
                div.notice.error { p { (refusal.explain(lang)) } }
            }
        }
        (super::documents::list(&format!("/sent/{}", set.id), &set.files, set.files_kept, lang))
        (sets::receipts::<Sent>(set.id, &receipts, lang))
        @if let Some(month) = set.header.month {
            p { a.button.second href={ "/months/" (month) } { (lang.pick(
                format!("{}の予定と実績を見る", written::month(month, lang)),
                format!("Plans and actuals of {}", written::month(month, lang)),
            )) } }
        }
        (acts(&set, lang))
    };
    Front::new(&desk, visit, Here::Sent, title.clone()).page(&content)
}

/// What can be done about a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Withdraw,
    Discard,
    Retry,
}

impl Act {
    fn of(name: &str) -> Option<Self> {
        [Self::Withdraw, Self::Discard, Self::Retry]
            .into_iter()
            .find(|act| act.name() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Withdraw => "withdraw",
            Self::Discard => "discard",
            Self::Retry => "retry",
        }
    }

    fn words(self, lang: Lang) -> &'static str {
        match self {
            Self::Withdraw => lang.pick("取り消す", "Withdraw"),
            Self::Discard => lang.pick("破棄する", "Discard"),
            Self::Retry => lang.pick("もう一度送る", "Send again"),
        }
    }

    fn question(self, set: &Outgoing, lang: Lang) -> Markup {
        let question = match self {
            Self::Withdraw => lang.pick(
                "送信を取り消しますか。相手がまだ受け取っていなければ取り消せます。",
                "Withdraw it? That works as long as the other office has not fetched it.",
            ),
            Self::Discard => lang.pick(
                "送らずに破棄しますか。元のファイルは介護ソフトに残っています。",
                "Discard it without sending? The files are still in your care software.",
            ),
            Self::Retry => lang.pick("もう一度送りますか。", "Send it again?"),
        };
        html! {
            div.notice.warning {
                p { strong { (question) } }
                div.actions {
                    form method="post" action={ "/sent/" (set.id) "/" (self.name()) } data-work {
                        button.button.danger type="submit" { (self.words(lang)) }
                    }
                    a.button.second href={ "/sent/" (set.id) } { (lang.pick("やめる", "No")) }
                }
            }
        }
    }
}

fn acts(set: &Outgoing, lang: Lang) -> Markup {
    let can: &[Act] = match &set.state {
        OutgoingState::PutIn | OutgoingState::Signed => &[Act::Discard],
        OutgoingState::Sent(SendingState::Accepted | SendingState::Available) => &[Act::Withdraw],
        OutgoingState::Refused(_) => &[Act::Retry, Act::Discard],
        _ => &[],
    };
    html! {
        div.actions {
            @for act in can {
                @let class = if *act == Act::Retry { "" } else { "danger" };
                a class={ "button " (class) } href={ "/sent/" (set.id) "?sure=" (act.name()) } { (act.words(lang)) }
            }
            a.button.second href="/sent" { (lang.pick("一覧へ", "To the list")) }
        }
    }
}

pub(super) async fn act(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path((id, act)): Path<(IdempotencyKey, String)>,
) -> Response {
    let Some(act) = Act::of(&act) else {
        return not_found(&desk, visit);
    };
    let done = desk
        .with(move |client| match act {
            Act::Withdraw => client.withdraw(id).map(|_| ()),
            Act::Discard => client.discard(id),
            Act::Retry => client.retry(id),
        })
        .await;
    match done {
        Ok(Ok(())) => desk.say(
            true,
            match act {
                Act::Withdraw => Said::new("取り消しました。", "Withdrawn."),
                Act::Discard => Said::new("破棄しました。", "Discarded."),
                Act::Retry => Said::new(
                    "送信待ちに戻しました。「送受信する」を押すと送ります。",
                    "It waits to be sent: press \"Send and receive\".",
                ),
            },
        ),
        Ok(Err(error)) => desk.say(false, Said::of(&error)),
        Err(reason) => return away(&desk, visit, reason),
    }
    see_other(&format!("/sent/{id}"))
}
