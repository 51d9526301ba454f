//! Putting files in: choosing them, seeing what was found in them, sending.

use std::sync::Arc;

use aws_lc_rs::digest;
use axum::extract::{Form, Multipart, Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use careplan_check::{Checker, Source, report};
use careplan_client::{ErrorKind, Finding, FindingSeverity, PutInOptions};
use careplan_core::{Explain, Lang, OfficeNumber};
use careplan_tables::FileName;
use maud::{Markup, html};
use uuid::Uuid;

use super::front::{Front, Here, Visit, office_words};
use super::work::{held, run_sync};
use super::{away, failed, not_found, see_other, trouble, written};
use crate::desk::{Desk, Outcome, Task};
use crate::drafts::{Draft, DraftSet, NotLookedAt};
use crate::said::Said;
use crate::upload;

pub(super) async fn choose(State(desk): State<Arc<Desk>>, visit: Visit) -> Response {
    chooser(&desk, visit, StatusCode::OK, None)
}

fn steps(lang: Lang, at: usize) -> Markup {
    let steps = [
        lang.pick("ファイルを選ぶ", "Choose files"),
        lang.pick("内容を確かめる", "Look at them"),
        lang.pick("送る", "Send"),
    ];
    html! {
        ol.steps aria-label=(lang.pick("手順", "Steps")) {
            @for (number, step) in steps.into_iter().enumerate() {
                li aria-current=[(number == at).then_some("step")] { (step) }
            }
        }
    }
}

fn chooser(desk: &Desk, visit: Visit, status: StatusCode, wrong: Option<&Said>) -> Response {
    let lang = visit.lang;
    let title = lang.pick("ファイルを送る", "Send files");
    let content = html! {
        h1 { (title) }
        (steps(lang, 0))
        @if let Some(wrong) = wrong {
            div.notice.error role="alert" { p { (wrong.pick(lang)) } }
        }
        form.card #choose method="post" action="/send" enctype="multipart/form-data" {
            div.drop #drop {
                div.field {
                    label for="files" { (lang.pick("送るファイル", "Files to send")) }
                    p.hint #files-hint { (lang.pick(
                        "介護ソフトから出力したCSVファイルを、PDFなどの添付ファイルも一緒に、全部選びます。まだ送信されません。",
                        "Choose all the CSV files that your care software exported, with the PDFs that go with them. Nothing is sent yet.",
                    )) }
                    input #files type="file" name="files" multiple aria-describedby="files-hint" required;
                    p.dropping #dropping hidden { (lang.pick(
                        "ここにファイルをドラッグして置くこともできます。",
                        "You can also drop files here.",
                    )) }
                }
                ul.chosen #chosen aria-live="polite" {}
            }
            div.actions {
                button.button.large type="submit" { (lang.pick("内容を確かめる", "Look at them")) }
            }
            p #sending .quiet role="status" hidden { (lang.pick("ファイルを読み込んでいます。そのままお待ちください。", "Reading the files. Please wait.")) }
        }
    };
    Front::new(desk, visit, Here::Send, title).page_with(status, &content)
}

pub(super) async fn upload(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    form: Multipart,
) -> Response {
    let taken = upload::take(form, desk.drafts_folder(), desk.options.most_bytes).await;
    let uploaded = match taken {
        Ok(uploaded) => uploaded,
        Err(said) => return chooser(&desk, visit, StatusCode::UNPROCESSABLE_ENTITY, Some(&said)),
    };
    let inner = Arc::clone(&desk);
    let looked = desk
        .with(move |client| {
            Draft::look(uploaded.folder, &uploaded.names, client, &mut inner.names())
        })
        .await;
    match looked {
        Ok(Ok(draft)) => see_other(&format!("/send/{}", desk.put_down(draft))),
        Ok(Err(NotLookedAt::Client(error))) => failed(&desk, visit, &error),
        Ok(Err(NotLookedAt::Said(said))) => {
            chooser(&desk, visit, StatusCode::UNPROCESSABLE_ENTITY, Some(&said))
        }
        Err(reason) => away(&desk, visit, reason),
    }
}

pub(super) async fn look(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(draft): Path<Uuid>,
) -> Response {
    match desk.draft(draft) {
        Some(draft) => looked(&desk, visit, &draft, None),
        None => not_found(&desk, visit),
    }
}

fn looked(desk: &Desk, visit: Visit, draft: &Draft, wrong: Option<&Said>) -> Response {
    let lang = visit.lang;
    let can = draft.can_be_sent();
    let title = if can {
        lang.pick("送る内容の確認", "What is to be sent")
    } else {
        lang.pick("このままでは送れません", "This cannot be sent as it is")
    };
    let content = html! {
        h1 { (title) }
        (steps(lang, 1))
        @if let Some(wrong) = wrong {
            div.notice.error role="alert" { p { (wrong.pick(lang)) } }
        }
        @if !draft.refusals.is_empty() {
            div.notice.error {
                p { strong { (lang.pick("次の理由で送れません。", "They cannot be sent, because:")) } }
                ul { @for refusal in &draft.refusals { li { (refusal.explain(lang)) } } }
            }
        }
        form method="post" action={ "/send/" (draft.id) } data-work {
            @for (number, set) in draft.sets.iter().enumerate() {
                (one(desk, draft, number, set, lang))
            }
            @if draft.documents_only { (addressing(desk, draft, lang)) }
            @for (number, document) in draft.loose.iter().enumerate() {
                @if draft.sets.len() > 1 { (placing(desk, draft, number, document, lang)) }
            }
            @if can {
                label.choice {
                    input type="checkbox" name="seal" value="yes";
                    span {
                        (lang.pick("封をして送る", "Send it sealed")) br;
                        span.hint { (lang.pick(
                            "送信先だけが中を読めます。センターも読めないため、センターでの確認は行われません。",
                            "Only the other office can read it: the platform cannot, and does not check it.",
                        )) }
                    }
                }
            }
            div.actions {
                @if can {
                    button.button.large name="act" value="send" { (lang.pick("送る", "Send")) }
                    button.button.second name="act" value="keep" { (lang.pick("送信箱に入れて、あとで送る", "Put in the outbox, send later")) }
                }
                button.button.second name="act" value="drop" { (lang.pick("やめる（ファイルを選び直す）", "Choose other files")) }
            }
        }
    };
    let status = if wrong.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    Front::new(desk, visit, Here::Send, title).page_with(status, &content)
}

fn one(desk: &Desk, draft: &Draft, number: usize, set: &DraftSet, lang: Lang) -> Markup {
    let header = &set.header;
    html! {
        section.card {
            h2 { (lang.pick("送信先：", "To: ")) (office_words(desk, header.receiver, lang)) }
            dl.facts {
                dt { (lang.pick("内容", "What")) }
                dd { (header.set.name(lang)) @if let Some(month) = header.month { " " (written::month(month, lang)) } }
                dt { (lang.pick("ファイル", "Files")) }
                dd { ul.plain { @for file in set.names() { li { (file_words(&file, lang)) " " span.mono.quiet { (file) } } } } }
                dt { (lang.pick("送信先の状態", "The other office")) }
                dd { @match &set.receiver {
                    None => (lang.pick("今は確かめられません。送るときに確かめます。", "Could not be asked now; it is when you send.")),
                    Some(entry) if entry.reachable => { span.tag.ok { (lang.pick("受け取れます", "can receive")) } },
                    Some(entry) => {
                        span.tag.warning { (lang.pick("今は受け取れません", "cannot receive now")) }
                        @if let Some(reason) = &entry.reason { p { (reason.explain(lang)) } }
                    },
                } }
            }
            h3 { (lang.pick("確かめた結果", "What was found")) }
            (found(&set.findings, lang))
            @if !set.findings.is_empty() {
                p { a href={ "/send/" (draft.id) "/report/" (number) } target="_blank" rel="noopener" {
                    (lang.pick("くわしい結果を別の画面で見る", "The whole report, in another window"))
                } }
            }
        }
    }
}

/// What the check found, worst first.
fn found(findings: &[Finding], lang: Lang) -> Markup {
    use FindingSeverity as Severity;
    let of = |severity| {
        findings
            .iter()
            .filter(move |finding| finding.severity == severity)
    };
    let (errors, warnings) = (of(Severity::Error).count(), of(Severity::Warning).count());
    html! {
        @if errors > 0 {
            div.notice.error { p {
                strong { (lang.pick(format!("直すところが{errors}か所あります。"), format!("{errors} to correct. "))) }
                (lang.pick("このままでは相手が取り込めません。介護ソフトで直して、出力し直してください。", "The other office could not import this. Correct it in your care software and export again."))
            } }
        } @else if warnings > 0 {
            div.notice.warning { p {
                strong { (lang.pick(format!("確かめていただきたいところが{warnings}か所あります。"), format!("{warnings} to look at. "))) }
                (lang.pick("このまま送ることもできます。", "It can be sent as it is."))
            } }
        } @else {
            div.notice.ok { p { strong { (lang.pick("問題は見つかりませんでした。", "Nothing is wrong.")) } } }
        }
        @for severity in [Severity::Error, Severity::Warning, Severity::Info] {
            @if of(severity).next().is_some() {
                ul.found { @for finding in of(severity) { (one_finding(finding, lang)) } }
            }
        }
    }
}

fn one_finding(finding: &Finding, lang: Lang) -> Markup {
    let (class, name) = match finding.severity {
        FindingSeverity::Error => ("error", lang.pick("直す", "correct")),
        FindingSeverity::Warning => ("warning", lang.pick("確かめる", "look at")),
        FindingSeverity::Info => ("info", lang.pick("参考", "to know")),
    };
    let advice = lang.pick(&finding.advice_ja, &finding.advice_en);
    html! {
        li {
            span class={ "tag " (class) } { (name) } " "
            (lang.pick(&finding.message_ja, &finding.message_en))
            @if !advice.is_empty() { br; "→ " (advice) }
            br; small.quiet {
                (file_words(&finding.file, lang))
                @if let Some(line) = finding.line { (lang.pick(format!("　{line}行目"), format!(", line {line}"))) }
                @if let Some(column) = finding.column { (lang.pick(format!("　{column}項目"), format!(", column {column}"))) }
            }
        }
    }
}

/// Documents alone: to whom they go. Offices are known by what was exchanged before.
fn addressing(desk: &Desk, draft: &Draft, lang: Lang) -> Markup {
    let known = desk.names().all();
    html! {
        section.card {
            h2 { (lang.pick("どこに送りますか", "To whom do they go?")) }
            ul { @for document in &draft.loose { li { (document) } } }
            @if !known.is_empty() {
                div.field {
                    label for="receiver" { (lang.pick("事業所を選ぶ", "Choose an office")) }
                    select #receiver name="receiver" {
                        option value="" { (lang.pick("（選んでください）", "(choose)")) }
                        @for (office, name) in known.iter().filter(|(office, _)| *office != desk.office) {
                            option value=(office) { (name) " " (office) }
                        }
                    }
                }
            }
            div.field {
                label for="receiver-number" { (lang.pick("または、事業所番号（10桁）", "or its number of 10 digits")) }
                input #receiver-number name="receiver-number" inputmode="numeric" autocomplete="off" maxlength="10";
            }
        }
    }
}

/// A file in the words of the form: "第7表".
fn file_words(name: &str, lang: Lang) -> String {
    match name.parse::<FileName>() {
        Ok(name) => name.kind().name(lang).to_owned(),
        Err(_) => lang.pick("添付ファイル", "attachment").to_owned(),
    }
}

/// With which set a document goes, if the names do not say.
fn placing(desk: &Desk, draft: &Draft, number: usize, document: &str, lang: Lang) -> Markup {
    html! {
        fieldset.field.card {
            legend { (lang.pick(format!("「{document}」をどこに送りますか"), format!("To whom does \"{document}\" go?"))) }
            @for (place, set) in draft.sets.iter().enumerate() {
                label.choice {
                    input type="radio" name={ "document-" (number) } value=(place) required;
                    span { (office_words(desk, set.header.receiver, lang)) " " (set.header.set.name(lang)) }
                }
            }
            label.choice {
                input type="radio" name={ "document-" (number) } value="none";
                span { (lang.pick("送らない", "It is not sent")) }
            }
        }
    }
}

pub(super) async fn act(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let Some(draft) = desk.draft(id) else {
        return not_found(&desk, visit);
    };
    let field = |name: &str| {
        let found = fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    };
    let send = match field("act") {
        Some("send") => true,
        Some("keep") => false,
        _ => {
            desk.forget(id);
            return see_other("/send");
        }
    };
    if !draft.can_be_sent() {
        return looked(&desk, visit, &draft, None);
    }
    let mut options = PutInOptions::default();
    options.seal = field("seal").is_some();
    let mut chosen = Vec::with_capacity(draft.loose.len());
    if draft.documents_only {
        let number = ["receiver-number", "receiver"]
            .into_iter()
            .filter_map(field)
            .map(str::trim)
            .find(|number| !number.is_empty());
        let Some(receiver) = number.and_then(|number| number.parse::<OfficeNumber>().ok()) else {
            let said = Said::new(
                "送り先の事業所を選ぶか、10桁の事業所番号を入れてください。",
                "Choose the office, or enter its number of 10 digits.",
            );
            return looked(&desk, visit, &draft, Some(&said));
        };
        options.receiver = Some(receiver);
    }
    let placed = if draft.documents_only {
        0
    } else {
        draft.loose.len()
    };
    for number in 0..placed {
        match field(&format!("document-{number}")) {
            Some("none") => chosen.push(None),
            Some(place)
                if place
                    .parse::<usize>()
                    .is_ok_and(|place| place < draft.sets.len()) =>
            {
                chosen.push(place.parse().ok());
            }
            _ => {
                let said = Said::new(
                    "添付ファイルをどこに送るか選んでください。",
                    "Choose to whom the attached files go.",
                );
                return looked(&desk, visit, &draft, Some(&said));
            }
        }
    }
    let wait = field("wait").map(str::to_owned);
    desk.begin(Task::PutIn, move |desk, client| {
        let mut outcome = Outcome::default();
        let folders = match draft.folders(&chosen) {
            Ok(folders) => folders,
            Err(error) => {
                if let NotLookedAt::Said(said) = error.into() {
                    outcome.error = Some(said);
                }
                return outcome;
            }
        };
        match client.put_in_with(&folders, options) {
            Ok(sets) => {
                outcome.put_in = sets
                    .iter()
                    .filter_map(|set| client.outgoing(set.id).ok())
                    .collect();
                desk.forget(draft.id);
                if send {
                    run_sync(desk, client, Vec::new(), &mut outcome);
                }
            }
            Err(error) => match error.into_kind() {
                ErrorKind::PutIn(refusals) => outcome.not_put_in = refusals,
                kind => outcome.error = Some(Said::of(&careplan_client::Error::from(kind))),
            },
        }
        outcome
    });
    held(&desk, wait.as_deref()).await
}

/// The checker's own report on a set: tables 6 and 7 with the places marked.
pub(super) async fn report(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path((id, number)): Path<(Uuid, usize)>,
) -> Response {
    let draft = desk.draft(id);
    let set = draft.as_ref().and_then(|draft| draft.sets.get(number));
    let Some(set) = set else {
        return not_found(&desk, visit);
    };
    // The page is the office's own: it may see whom a notice is about.
    let paths = set.paths.clone();
    let checked = tokio::task::spawn_blocking(move || {
        Checker::new()
            .show_values(true)
            .tables(true)
            .check_sending(paths.iter().map(Source::file))
            .map_err(|error| Said::of(&error))
    });
    let checked = match checked.await {
        Ok(Ok(checked)) => checked,
        Ok(Err(said)) => {
            return trouble(&desk, visit, StatusCode::INTERNAL_SERVER_ERROR, &said);
        }
        Err(_) => return not_found(&desk, visit),
    };
    let page = report::html(&checked, visit.lang);
    // Its style sheet stands in it, as it is a file to be mailed: that one and no other.
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        STANDARD.encode(digest::digest(
            &digest::SHA256,
            report::HTML_STYLE.as_bytes()
        ))
    );
    let mut response = Html(page).into_response();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}
