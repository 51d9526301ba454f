//! The top page (トップページ): how things stand, and what to do next.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use careplan_core::{Lang, japan_date};
use careplan_licence::{OfficeState, Renewal, Standing};
use maud::{Markup, html};

use super::Site;
use super::page::{Page, Place, Tone, day, notice};
use super::refusal::Refusal;
use super::visit::Member;

/// How many days before the end of a licence its renewal is called to mind.
const REMIND: i64 = 60;

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    member: Member,
) -> Result<Response, Refusal> {
    let lang = member.visit.lang;
    let today = japan_date(site.now());
    let state = site.ledger(member.office).await?.on(today);
    let title = lang.pick("トップページ", "Top page");
    let card = |place: Place, text: &str| {
        html! {
            div.card {
                h2.small { a href=(place.path()) { (place.name(lang)) } }
                p { (text) }
            }
        }
    };
    let content = html! {
        h1 { (title) }
        (advice(&state, lang))
        div.card {
            h2 { (lang.pick("ライセンスの状態", "Your licence")) }
            dl.facts {
                dt { (lang.pick("状態", "State")) }
                dd { (standing_tag(state.standing, lang)) }
                (expiry(&state, lang))
            }
            div.actions {
                a.button.large href="/application" { (lang.pick("利用申請/更新", "Application/renewal")) }
                a.button.second href="/licence" { (lang.pick("ライセンスを見る", "See the licence")) }
            }
        }
        div.cards {
            (card(Place::Certificate, lang.pick(
                "電子証明書の発行と更新。電子請求の証明書をお持ちの事業所は不要です。",
                "Get or renew the certificate. Not needed with one for electronic claims.",
            )))
            (card(Place::Client, lang.pick(
                "送受信に使うソフトウェアのダウンロード。",
                "Download the software that sends and receives.",
            )))
            (card(Place::Sendings, lang.pick(
                "送信・受信したものの状態と受領証。",
                "What became of what was sent and received, with receipts.",
            )))
            (card(Place::Help, lang.pick(
                "よくある質問と、ライセンスの決まり。",
                "Common questions, and the rules of licences.",
            )))
        }
        p { a href="/password" { (lang.pick("パスワードを変更する", "Change the password")) } }
    };
    Ok(Page::new(title, Some(Place::Top), content).show(&member.visit, &site))
}

/// What to do next, if anything.
fn advice(state: &OfficeState, lang: Lang) -> Markup {
    match state.standing {
        Standing::None if state.applied.is_some() => notice(
            Tone::Info,
            lang.pick(
                "利用規約への同意が残っています。",
                "Consent to the terms is still to be given.",
            ),
            &html! { a href="/terms" { (lang.pick("利用規約に進む", "Go to the terms")) } },
        ),
        Standing::None => notice(
            Tone::Info,
            lang.pick("はじめての方へ。", "Welcome."),
            &html! { (lang.pick(
                "下の「利用申請/更新」から申請し、利用規約に同意すると、その日から利用できます。",
                "Apply with the button below and consent to the terms; you can use the system from that day on.",
            )) },
        ),
        Standing::Valid { until } if (until - state.day).num_days() < REMIND => match state.renewal
        {
            Renewal::ByHand | Renewal::Declined => notice(
                Tone::Warning,
                lang.pick("有効期限が近づいています。", "The licence ends soon."),
                &html! { (lang.pick(
                    format!("{}を過ぎると送受信できません。続けてお使いになるには更新してください。", day(until, lang)),
                    format!("After {} you cannot send or receive. Renew it to go on.", day(until, lang)),
                )) },
            ),
            Renewal::Automatic | Renewal::None => html! {},
        },
        Standing::Expired { .. } => notice(
            Tone::Warning,
            lang.pick(
                "ライセンスの有効期限が切れています。",
                "The licence has expired.",
            ),
            &html! { (lang.pick(
                "送受信するには、「利用申請/更新」からもう一度申請してください。受信済みのものは引き続き読めます。",
                "To send and receive, apply again. What was received stays readable.",
            )) },
        ),
        Standing::Revoked { .. } => notice(
            Tone::Error,
            lang.pick(
                "ライセンスが取り消されています。",
                "The licence is revoked.",
            ),
            &html! { (lang.pick("運用センターにお問い合わせください。", "Please ask the operations centre.")) },
        ),
        Standing::Valid { .. } | Standing::NotYetValid { .. } => html! {},
    }
}

/// A standing as a tag.
pub(super) fn standing_tag(standing: Standing, lang: Lang) -> Markup {
    let (class, text) = match standing {
        Standing::None => ("info", lang.pick("ライセンスなし", "no licence")),
        Standing::NotYetValid { .. } => ("info", lang.pick("開始前", "not yet valid")),
        Standing::Valid { .. } => ("ok", lang.pick("有効", "valid")),
        Standing::Expired { .. } => ("warning", lang.pick("有効期限切れ", "expired")),
        Standing::Revoked { .. } => ("error", lang.pick("取消", "revoked")),
    };
    html! { span class={ "tag " (class) } { (text) } }
}

/// The expiry of a licence and what happens then, as facts.
pub(super) fn expiry(state: &OfficeState, lang: Lang) -> Markup {
    let until = match state.standing {
        Standing::Valid { until } => until,
        Standing::Expired { last } => last,
        _ => return html! {},
    };
    html! {
        dt { (lang.pick("有効期限", "Valid until")) }
        dd { b { (day(until, lang)) } }
        @if state.renewal != Renewal::None {
            dt { (lang.pick("有効期限の後", "After that")) }
            dd { (state.renewal.in_words(lang)) }
        }
    }
}
