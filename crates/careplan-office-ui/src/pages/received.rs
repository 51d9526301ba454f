//! What was received: the list, one of them, and taking files out.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use careplan_client::{Client, Error, Incoming, IncomingState, KeptReceipt, TakenOut};
use careplan_core::{Explain, Lang};
use careplan_protocol::SendingId;
use careplan_tables::FileName;
use maud::{Markup, html};
use serde::Deserialize;

use super::documents::{Opened, open};
use super::front::{Front, Here, Visit, office_words};
use super::sets::{self, Before, Direction, Line, what};
use super::work::{self, Asked};
use super::{away, failed, see_other, to_store, trouble, written};
use crate::desk::{Desk, Outcome, Task};
use crate::drafts::NotLookedAt;
use crate::said::Said;
use crate::zipped::zipped;

/// What was received.
pub(super) struct Received;

impl Direction for Received {
    type Id = SendingId;
    const ADDRESS: &'static str = "/received";
    const HERE: Here = Here::Received;
    const RECEIVED: (&'static str, &'static str) = ("この事業所が受領", "received by this office");

    fn open(client: &Client, id: SendingId, number: usize) -> Result<Opened, Error> {
        let set = client.incoming(id)?;
        open(&set.files, number, |name, sink| {
            client.read_received(id, name, sink)
        })
    }

    fn receipts(
        client: &Client,
        id: SendingId,
    ) -> Result<(Option<SendingId>, Vec<KeptReceipt>), Error> {
        Ok((Some(id), client.receipts_received(id)?))
    }
}

/// Learns the names of offices from what came.
pub(super) fn learn(desk: &Desk, client: &Client, set: &Incoming) {
    for file in &set.files {
        let Ok(name) = file.name.parse::<FileName>() else {
            continue;
        };
        let mut bytes = Vec::new();
        if client.read_received(set.id, &file.name, &mut bytes).is_ok() {
            desk.names().learn(name.kind(), &bytes);
        }
    }
    desk.names().keep();
}

pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Query(before): Query<Before>,
) -> Response {
    let options = before.options();
    let seen = desk
        .with(move |client| Ok((client.received(options)?, client.status()?)))
        .await;
    let (sets, status) = match seen {
        Ok(Ok(seen)) => seen,
        Ok(Err(error)) => return failed(&desk, visit, &error),
        Err(reason) => return away(&desk, visit, reason),
    };
    let lang = visit.lang;
    let title = lang.pick("届いたもの", "Received");
    Front::new(&desk, visit, Here::Received, title).page(&html! {
        h1 { (title) }
        @if status.new > 0 {
            section.card {
                h2 { (lang.pick(
                    format!("まだ取り出していないものが{}件あります", status.new),
                    format!("{} not yet taken out", status.new),
                )) }
                p { (lang.pick(
                    "フォルダーに取り出して、介護ソフトに取り込んでください。",
                    "Take them out to a folder and import them into your care software.",
                )) }
                (folder_form(&desk, "/received/take", lang.pick("まとめて取り出す", "Take all of them out"), lang))
            }
        }
        @if status.quarantined > 0 {
            section.card {
                h2 { (lang.pick(
                    format!("確かめられず、隔離したものが{}件あります", status.quarantined),
                    format!("{} could not be verified and are kept aside", status.quarantined),
                )) }
                p { (lang.pick(
                    "なくなってはいません。理由は一覧から開くと分かります。理由（鍵、認証局の証明書、パソコンの時計など）を直した後に、もう一度確かめてください。",
                    "Nothing is lost. Open one to see why. When the reason (a key, an authority's certificate, the clock) was put right, look again.",
                )) }
                (recheck_form(lang))
            }
        }
        @if sets.is_empty() {
            div.card { p { (lang.pick("まだ何も届いていません。", "Nothing was received yet.")) } }
        } @else { (table(&desk, &sets, lang)) }
        div.actions {
            (sets::older::<Received>(sets.len(), sets.last().map(|set| set.number), lang))
            (work::sync_button(lang))
        }
    })
}

fn tag(set: &Incoming, lang: Lang) -> Markup {
    let class = match &set.state {
        IncomingState::Quarantined(_) | IncomingState::NotConfirmed(_) => "error",
        _ => "ok",
    };
    html! {
        span class={ "tag " (class) } { (set.state.name(lang)) }
        @if set.state.is_verified() {
            " "
            @if set.taken_out_at.is_some() { span.tag { (lang.pick("取り出し済", "taken out")) } }
            @else { span.tag.info { (lang.pick("新着", "new")) } }
        }
    }
}

pub(super) fn table(desk: &Desk, sets: &[Incoming], lang: Lang) -> Markup {
    let heads = [
        lang.pick("送信元・内容", "From, what"),
        lang.pick("届いた日時", "Received"),
    ];
    let lines = sets.iter().map(|set| Line {
        id: set.id,
        office: set.header.sender(),
        header: set.header,
        at: set.received_at,
        state: tag(set, lang),
    });
    sets::table::<Received>(desk, heads, lines, lang)
}

/// Looks at what is quarantined again.
fn recheck_form(lang: Lang) -> Markup {
    html! {
        form method="post" action="/received/recheck" data-work {
            button.button.second type="submit" { (lang.pick("もう一度確かめる", "Look again")) }
        }
    }
}

/// Those that verify now are confirmed at once.
pub(super) async fn recheck(State(desk): State<Arc<Desk>>, Form(asked): Form<Asked>) -> Response {
    desk.begin(Task::Sync, |desk, client| {
        let mut outcome = Outcome::default();
        match client.recheck_quarantine() {
            Ok(released) => work::run_sync(desk, client, released, &mut outcome),
            Err(error) => outcome.error = Some(Said::of(&error)),
        }
        outcome
    });
    work::held(&desk, asked.wait.as_deref()).await
}

/// A folder of this machine, and the button.
fn folder_form(desk: &Desk, address: &str, button: &str, lang: Lang) -> Markup {
    html! {
        form method="post" action=(address) {
            div.field {
                label for="folder" { (lang.pick("取り出し先のフォルダー", "Folder")) }
                p.hint #folder-hint { (lang.pick(
                    "介護ソフトが取り込むフォルダーです。ファイルが上書きされることはありません。",
                    "Where your care software imports from. No file is ever overwritten.",
                )) }
                input #folder name="folder" value=(desk.options.take_out.display()) required aria-describedby="folder-hint" autocomplete="off" spellcheck="false";
            }
            button.button type="submit" { (button) }
        }
    }
}

pub(super) async fn one(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(id): Path<SendingId>,
) -> Response {
    let seen = desk
        .with(move |client| Ok((client.incoming(id)?, client.receipts_received(id)?)))
        .await;
    let (set, receipts) = match seen {
        Ok(Ok(seen)) => seen,
        Ok(Err(error)) => return failed(&desk, visit, &error),
        Err(reason) => return away(&desk, visit, reason),
    };
    let lang = visit.lang;
    let from = office_words(&desk, set.header.sender(), lang);
    let title = lang.pick(
        format!("{from} から届いたもの"),
        format!("Received from {from}"),
    );
    let readable = set.state.is_verified() && set.files_kept;
    Front::new(&desk, visit, Here::Received, title.clone()).page(&html! {
        h1 { (title) }
        @match &set.state {
            IncomingState::Quarantined(refusal) => {
                div.notice.error {
                    p { strong { (lang.pick("確かめられなかったため、隔離しています。取り込まないでください。", "It could not be verified and is kept aside. Do not use it.")) } }
                    p { (refusal.explain(lang)) }
                    (recheck_form(lang))
                }
            },
            IncomingState::NotConfirmed(refusal) => div.notice.error { p { (refusal.explain(lang)) } },
            _ => {},
        }
        section.card {
            dl.facts {
                dt { (lang.pick("状態", "State")) } dd { (tag(&set, lang)) }
                dt { (lang.pick("内容", "What")) } dd { (what(&set.header, lang)) }
                dt { (lang.pick("送信元", "From")) } dd {
                    (from)
                    @if set.state.is_verified() { br; span.quiet { (lang.pick("電子署名を確かめました。途中で変わっていません。", "The signature is this office's, and nothing changed on the way.")) } }
                }
                dt { (lang.pick("届いた日時", "Received")) } dd { (written::instant_in_full(set.received_at, lang)) }
                @if set.sealed && set.state.is_verified() { dt { (lang.pick("封", "Sealed")) } dd { (lang.pick("あり（この事業所だけが読めます）", "yes: only this office can read it")) } }
                @if let Some(at) = set.taken_out_at {
                    dt { (lang.pick("取り出した日時", "Taken out")) } dd { (written::instant_in_full(at, lang)) }
                }
                dt { (lang.pick("受付番号", "Number")) } dd.mono { (set.id) }
            }
        }
        @if let Some(month) = set.header.month().filter(|_| readable) {
            p { a.button href={ "/months/" (month) } { (lang.pick(
                format!("{}の利用票・別表を開く", written::month(month, lang)),
                format!("Open the plans and actuals of {}", written::month(month, lang)),
            )) } }
        }
        @if readable {
            section.card {
                h2 { (lang.pick("取り出す", "Take out")) }
                (folder_form(&desk, &format!("/received/{}/take", set.id), lang.pick("このフォルダーに取り出す", "Take out to this folder"), lang))
                hr;
                form method="post" action={ "/received/" (set.id) "/download" } {
                    p { (lang.pick("フォルダーが分からないときは、1つのファイル（ZIP）にまとめて保存できます。", "If you do not know the folder, you can store all files as one (ZIP).")) }
                    button.button.second type="submit" { (lang.pick("ZIPで保存する", "Store as ZIP")) }
                }
            }
        }
        @if set.state.is_verified() {
            (super::documents::list(&format!("/received/{}", set.id), &set.files, readable, lang))
        }
        (sets::receipts::<Received>(set.id, &receipts, lang))
        div.actions { a.button.second href="/received" { (lang.pick("一覧へ", "To the list")) } }
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct Folder {
    folder: String,
}

pub(super) async fn take_new(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Form(asked): Form<Folder>,
) -> Response {
    let Some(folder) = absolute(&asked.folder) else {
        return no_folder(&desk, visit);
    };
    let to = folder.clone();
    let taken = desk.with(move |client| client.take_out_new(to)).await;
    taken_out(&desk, visit, &folder, taken, "/received")
}

pub(super) async fn take(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(id): Path<SendingId>,
    Form(asked): Form<Folder>,
) -> Response {
    let Some(folder) = absolute(&asked.folder) else {
        return no_folder(&desk, visit);
    };
    let to = folder.clone();
    let taken = desk.with(move |client| client.take_out(&[id], to)).await;
    taken_out(&desk, visit, &folder, taken, &format!("/received/{id}"))
}

/// Where the program was started is nothing the person knows.
fn absolute(folder: &str) -> Option<PathBuf> {
    let folder = folder.trim().trim_matches('"');
    let path = FilePath::new(folder);
    path.is_absolute().then(|| path.to_owned())
}

fn no_folder(desk: &Desk, visit: Visit) -> Response {
    let said = Said::new(
        format!(
            "フォルダーを最初から書いてください。例：{}",
            desk.options.take_out.display()
        ),
        format!(
            "Write the whole path of the folder, such as {}",
            desk.options.take_out.display()
        ),
    );
    trouble(desk, visit, StatusCode::UNPROCESSABLE_ENTITY, &said)
}

fn taken_out(
    desk: &Desk,
    visit: Visit,
    folder: &FilePath,
    taken: Result<Result<Vec<TakenOut>, Error>, crate::desk::Away>,
    back: &str,
) -> Response {
    let folder = folder.display();
    match taken {
        Ok(Ok(sets)) => {
            let files: usize = sets.iter().map(|set| set.files.len()).sum();
            desk.say(
                true,
                Said::new(
                    format!("{files}個のファイルを {folder} に取り出しました。"),
                    format!("{files} files are in {folder}."),
                ),
            );
        }
        Ok(Err(error)) => desk.say(false, Said::of(&error)),
        Err(reason) => return away(desk, visit, reason),
    }
    see_other(back)
}

/// All files as one; the set counts as taken out.
pub(super) async fn download(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(id): Path<SendingId>,
) -> Response {
    let place = desk.drafts_folder().to_owned();
    let packed = desk
        .with(move |client| -> Result<_, NotLookedAt> {
            let folder = tempfile::tempdir_in(place)?;
            let taken = client.take_out(&[id], folder.path())?;
            let name = taken.first().map_or_else(
                || format!("{id}.zip"),
                |set| format!("{}_{}.zip", set.header.sender, set.header.sequence),
            );
            let files: Vec<PathBuf> = taken.into_iter().flat_map(|set| set.files).collect();
            Ok((zipped(&files)?, name))
        })
        .await;
    match packed {
        Ok(Ok((archive, name))) => to_store(archive, &name, "application/zip"),
        Ok(Err(NotLookedAt::Client(error))) => failed(&desk, visit, &error),
        Ok(Err(NotLookedAt::Said(said))) => {
            trouble(&desk, visit, StatusCode::INTERNAL_SERVER_ERROR, &said)
        }
        Err(reason) => away(&desk, visit, reason),
    }
}
