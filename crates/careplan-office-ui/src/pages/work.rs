//! Work that takes long: sending and receiving, how far it is, and what came of it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse, Response};
use careplan_client::{Client, Incoming, Outgoing};
use careplan_core::{Explain, Lang};
use careplan_protocol::{IdempotencyKey, SendingId};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::front::{Front, Here, Visit};
use super::{received, see_other, sent};
use crate::desk::{Desk, Outcome, Task, Work};
use crate::said::Said;

/// How long an answer is held back for work that is nearly done; longer work has a page.
const HELD: Duration = Duration::from_secs(15);

/// The one button.
pub(super) fn sync_button(lang: Lang) -> Markup {
    html! {
        form method="post" action="/sync" data-work {
            button.button.large type="submit" { (lang.pick("送受信する", "Send and receive")) }
        }
    }
}

/// A form whose answer may take long: with scripts it shows how far it is at once.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    pub(super) wait: Option<String>,
}

pub(super) async fn sync(State(desk): State<Arc<Desk>>, Form(asked): Form<Asked>) -> Response {
    desk.begin(Task::Sync, |desk, client| {
        let mut outcome = Outcome::default();
        run_sync(desk, client, Vec::new(), &mut outcome);
        outcome
    });
    held(&desk, asked.wait.as_deref()).await
}

/// Shows the work at once if the page can follow it, or when it is done.
pub(super) async fn held(desk: &Desk, wait: Option<&str>) -> Response {
    if wait != Some("0") {
        desk.work_ended(HELD).await;
    }
    see_other("/progress")
}

/// Sends and receives, and notes what came of it, with what was let out of the quarantine before.
pub(super) fn run_sync(
    desk: &Desk,
    client: &mut Client,
    released: Vec<SendingId>,
    outcome: &mut Outcome,
) {
    outcome.synced = true;
    match client.sync() {
        Ok(report) => outcome.report = report,
        Err(error) => {
            outcome.report = error.report().clone();
            outcome.error = Some(Said::of(&error));
        }
    }
    outcome.report.received.splice(..0, released);
    let report = &outcome.report;
    let outgoing = |ids: &[IdempotencyKey]| -> Vec<Outgoing> {
        ids.iter()
            .filter_map(|id| client.outgoing(*id).ok())
            .collect()
    };
    let incoming = |ids: &[SendingId]| -> Vec<Incoming> {
        ids.iter()
            .filter_map(|id| client.incoming(*id).ok())
            .collect()
    };
    outcome.accepted = outgoing(&report.accepted);
    outcome.refused = outgoing(&report.refused);
    outcome.received = incoming(&report.received);
    outcome.quarantined = incoming(&report.quarantined);
    for set in &outcome.received {
        received::learn(desk, client, set);
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Look {
    #[serde(default)]
    wait: bool,
}

pub(super) async fn work(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Query(look): Query<Look>,
) -> Response {
    if look.wait {
        desk.work_ended(HELD).await;
    }
    let lang = visit.lang;
    match desk.work() {
        Work::None => see_other("/"),
        Work::Running(task) => {
            let title = match task {
                Task::PutIn => lang.pick("送る準備をしています", "Preparing to send"),
                Task::Sync => lang.pick("送受信しています", "Sending and receiving"),
            };
            Front::new(&desk, visit, Here::Nowhere, title).page(&running(&desk, title, lang))
        }
        Work::Done(outcome) => {
            let title = lang.pick("送受信の結果", "What was sent and received");
            Front::new(&desk, visit, Here::Nowhere, title).page(&done(&desk, &outcome, lang))
        }
    }
}

fn running(desk: &Desk, title: &str, lang: Lang) -> Markup {
    let (what, bytes) = words(desk, lang);
    html! {
        h1 { (title) }
        div.card #work data-progress="/progress/state" aria-live="polite" {
            p { span #work-what { (what) } " " span #work-bytes { (bytes) } }
            progress #work-bar aria-label=(title) hidden {}
            p.quiet { (lang.pick(
                "大きなファイルがあると時間がかかります。途中でやめても、次に続きから行います。",
                "Large files take a while. If you stop it, the next time goes on from there.",
            )) }
        }
        div.actions {
            a.button.second #work-again href="/progress?wait=true" { (lang.pick("様子を見る", "Look again")) }
            form method="post" action="/progress/stop" {
                button.button.second type="submit" { (lang.pick("中止する", "Stop")) }
            }
        }
    }
}

fn words(desk: &Desk, lang: Lang) -> (String, String) {
    let Some(seen) = desk.options.watch.seen() else {
        let what = lang.pick("センターにつないでいます", "connecting to the platform");
        return (what.to_owned(), String::new());
    };
    let bytes = seen.bytes.map_or_else(String::new, |(done, all)| {
        use super::written::size;
        format!("{} / {}", size(done), size(all))
    });
    (seen.what.pick(lang).to_owned(), bytes)
}

/// How far the work is, for the script.
#[derive(Debug, Serialize)]
struct State_ {
    running: bool,
    what: String,
    bytes: String,
    share: Option<f64>,
}

pub(super) async fn state(State(desk): State<Arc<Desk>>, visit: Visit) -> Response {
    let (what, bytes) = words(&desk, visit.lang);
    let share = desk.options.watch.seen().and_then(|seen| seen.bytes);
    #[expect(clippy::cast_precision_loss, reason = "the share of a bar")]
    let share = share.map(|(done, all)| done as f64 / all.max(1) as f64);
    Json(State_ {
        running: matches!(desk.work(), Work::Running(_)),
        what,
        bytes,
        share,
    })
    .into_response()
}

pub(super) async fn cancel(State(desk): State<Arc<Desk>>) -> Response {
    desk.cancel.cancel();
    desk.work_ended(HELD).await;
    see_other("/progress")
}

/// What came of it.
fn done(desk: &Desk, outcome: &Outcome, lang: Lang) -> Markup {
    let Outcome {
        put_in,
        not_put_in,
        synced,
        report,
        accepted,
        refused,
        received: came,
        quarantined,
        error,
    } = outcome;
    // What was just sent is told as sent.
    let changed = report.changed.iter();
    let changed = changed.filter(|(id, _)| !report.accepted.contains(id));
    let changed = changed.count();
    let nothing = put_in.is_empty()
        && not_put_in.is_empty()
        && accepted.is_empty()
        && refused.is_empty()
        && came.is_empty()
        && quarantined.is_empty()
        && changed == 0;
    let title = if !not_put_in.is_empty() {
        lang.pick("送れませんでした", "Not sent")
    } else if !refused.is_empty() || !quarantined.is_empty() {
        lang.pick(
            "確かめが必要なものがあります",
            "There is something to look at",
        )
    } else if error.is_some() {
        lang.pick(
            "最後まで送受信できませんでした",
            "Not everything was sent and received",
        )
    } else if *synced {
        lang.pick("送受信が終わりました", "Sent and received")
    } else {
        lang.pick("送信箱に入れました", "In the outbox")
    };
    html! {
        h1 { (title) }
        @if !not_put_in.is_empty() {
            div.notice.error {
                p { strong { (lang.pick("次の理由で送れません。何も送っていません。", "Nothing was sent, because:")) } }
                ul { @for refusal in not_put_in { li { (refusal.explain(lang)) } } }
            }
        }
        @if let Some(error) = error {
            div.notice.error { p { (error.pick(lang)) } }
        }
        @if !refused.is_empty() {
            h2 { (lang.pick("送れなかったもの", "Not accepted")) }
            (sent::table(desk, refused, lang))
        }
        @if !quarantined.is_empty() {
            h2 { (lang.pick("確かめられず隔離したもの", "Quarantined")) }
            (received::table(desk, quarantined, lang))
        }
        @if !accepted.is_empty() {
            h2 { (lang.pick(format!("送ったもの　{}件", accepted.len()), format!("Sent: {}", accepted.len()))) }
            div.notice.ok { p { (lang.pick(
                "センターが受け付けました。相手が受け取ると「受信確認済」になります。",
                "The platform has it. When the other office has received it, it is \"confirmed by the receiver\".",
            )) } }
            (sent::table(desk, accepted, lang))
        }
        @if !synced && !put_in.is_empty() {
            div.notice.info { p { (lang.pick(
                "まだ送っていません。「送受信する」を押すと送ります。",
                "Not sent yet: \"Send and receive\" sends it.",
            )) } }
            (sent::table(desk, put_in, lang))
        }
        @if !came.is_empty() {
            h2 { (lang.pick(format!("新しく届いたもの　{}件", came.len()), format!("Received: {}", came.len()))) }
            (received::table(desk, came, lang))
        }
        @if changed > 0 {
            p { (lang.pick(
                format!("前に送ったもののうち、{changed}件の状態が変わりました。"),
                format!("{changed} sent before changed their state."),
            )) " " a href="/sent" { (lang.pick("送ったものを見る", "Look at what was sent")) } }
        }
        @if nothing && *synced && error.is_none() {
            div.notice.info { p { (lang.pick("新しいものはありませんでした。", "There was nothing new.")) } }
        }
        div.actions {
            @if error.is_some() || (!*synced && !put_in.is_empty()) { (sync_button(lang)) }
            @if !came.is_empty() { a.button href="/received" { (lang.pick("届いたものを見る", "Look at what came")) } }
            @if !not_put_in.is_empty() { a.button href="/send" { (lang.pick("ファイルを選び直す", "Choose files again")) } }
            a.button.second href="/" { (lang.pick("最初の画面へ", "To the first page")) }
        }
    }
}
