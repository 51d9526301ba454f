//! The licence page (ライセンス): until when, what is paid, what happened, and what can be changed.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use careplan_core::{Lang, japan_date};
use careplan_licence::{Event, EventKind, Grant, Licence, Payment, PaymentMethod, Renewal};
use chrono::NaiveDate;
use maud::{Markup, html};
use serde::Deserialize;

use super::Site;
use super::page::{Page, Place, Tone, day, go, moment, notice, token_field};
use super::refusal::Refusal;
use super::terms::path_of;
use super::top::{expiry, standing_tag};
use super::visit::{Member, MembersForm};

/// What was just done.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Done {
    done: Option<String>,
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Query(done): Query<Done>,
    member: Member,
) -> Result<Response, Refusal> {
    let lang = member.visit.lang;
    let today = japan_date(site.now());
    let ledger = site.ledger(member.office).await?;
    let state = ledger.on(today);
    let title = lang.pick("ライセンス", "Licence");
    let current = state
        .licences
        .iter()
        .find(|licence| licence.validity.contains(today));
    let content = html! {
        h1 { (title) }
        (done_notice(done.done.as_deref(), lang))
        div.card {
            dl.facts {
                dt { (lang.pick("事業所番号", "Office number")) } dd.mono { (member.office) }
                dt { (lang.pick("状態", "State")) } dd { (standing_tag(state.standing, lang)) }
                (expiry(&state, lang))
                @if let Some(licence) = current {
                    dt { (lang.pick("支払状況", "Payment")) }
                    dd { (payment(licence.payment, lang)) }
                }
                dt { (lang.pick("支払方法", "Way of payment")) }
                dd { (state.payment_method.in_words(lang)) }
            }
            div.actions {
                a.button href="/application" { (lang.pick("利用申請/更新", "Application/renewal")) }
            }
        }

        h2 { (lang.pick("ライセンスの一覧", "All licences")) }
        @if state.licences.is_empty() {
            p { (lang.pick("まだありません。", "There is none yet.")) }
        } @else {
            div.wide tabindex="0" role="region" aria-label=(lang.pick("ライセンスの一覧", "All licences")) {
                table.list {
                    thead { tr {
                        th scope="col" { (lang.pick("有効期間", "Valid")) }
                        th scope="col" { (lang.pick("付与", "Granted")) }
                        th.n scope="col" { (lang.pick("利用料", "Fee")) }
                        th scope="col" { (lang.pick("支払状況", "Payment")) }
                    } }
                    tbody { @for licence in &state.licences { (row(licence, lang)) } }
                }
            }
        }

        (renewal_form(&member, state.renewal, lang))
        (payment_form(&member, state.payment_method, lang))

        h2 { (lang.pick("手続きの履歴", "History")) }
        @if ledger.events().is_empty() {
            p { (lang.pick("まだありません。", "Nothing yet.")) }
        } @else {
            div.wide tabindex="0" role="region" aria-label=(lang.pick("手続きの履歴", "History")) {
                table.list {
                    thead { tr {
                        th scope="col" { (lang.pick("日時", "When")) }
                        th scope="col" { (lang.pick("内容", "What")) }
                    } }
                    tbody {
                        @for event in ledger.events().iter().rev() {
                            tr { td { (moment(event.at, lang)) } td { (happened(event, lang)) } }
                        }
                    }
                }
            }
        }
    };
    Ok(Page::new(title, Some(Place::Licence), content).show(&member.visit, &site))
}

fn done_notice(done: Option<&str>, lang: Lang) -> Markup {
    let text = match done {
        Some("consented") => lang.pick(
            "利用規約に同意し、ライセンスが付与されました。次は電子証明書とクライアントの準備です。電子請求の証明書をお持ちの方は、クライアントへ進んでください。",
            "You consented to the terms, and the licence is granted. Next come the certificate and the client software.",
        ),
        Some("declined") => lang.pick(
            "自動更新を停止しました。有効期限までは利用できます。",
            "Automatic renewal is declined. You can use the system up to the last day.",
        ),
        Some("resumed") => lang.pick(
            "自動更新の停止を取り消しました。",
            "The licence renews by itself again.",
        ),
        Some("method") => lang.pick(
            "支払方法を変更しました。次の請求から適用されます。",
            "The way of payment is changed, from the next charge on.",
        ),
        _ => return html! {},
    };
    notice(
        Tone::Ok,
        lang.pick("手続きが完了しました。", "Done."),
        &html! {
            (text)
            @if done == Some("consented") {
                " " a href="/certificate" { (Place::Certificate.name(lang)) }
                " / "
                a href="/client" { (Place::Client.name(lang)) }
            }
        },
    )
}

fn row(licence: &Licence, lang: Lang) -> Markup {
    let (first, last) = (licence.validity.first(), licence.validity.last());
    html! {
        tr {
            td {
                span.together { (day(first, lang)) (lang.pick("から", " to")) } " "
                span.together { (day(last, lang)) (lang.pick("まで", "")) }
            }
            td {
                @match &licence.grant {
                    Grant::Consent(consent) => {
                        (lang.pick("利用規約に同意", "consent to the terms"))
                        br;
                        span.quiet {
                            (moment(consent.at, lang)) " " (consent.by)
                            br;
                            (lang.pick("規約の版: ", "edition "))
                            a href=(path_of(&consent.terms)) { (consent.terms) }
                        }
                    }
                    Grant::Automatic => { (lang.pick("自動更新", "renewed by itself")) }
                }
            }
            td.n { (lang.pick(format!("{}円", licence.fee), format!("{} yen", licence.fee))) }
            td { (payment(licence.payment, lang)) }
        }
    }
}

/// The payment state, with the day that belongs to it.
fn payment(payment: Payment, lang: Lang) -> Markup {
    let (class, text, detail) = match payment {
        Payment::NoFee => ("ok", lang.pick("無料", "no fee"), None),
        Payment::NotCharged => ("info", lang.pick("未請求", "not charged"), None),
        Payment::Charged { due, .. } => (
            "info",
            lang.pick("請求済", "charged"),
            Some(due_by(due, lang)),
        ),
        Payment::Overdue { due, .. } => (
            "error",
            lang.pick("支払期限超過", "overdue"),
            Some(due_by(due, lang)),
        ),
        Payment::Paid { at, .. } => (
            "ok",
            lang.pick("支払済", "paid"),
            Some(day(japan_date(at), lang)),
        ),
    };
    html! {
        span class={ "tag " (class) } { (text) }
        @if let Some(detail) = detail { " " span.together { (detail) } }
    }
}

fn due_by(due: NaiveDate, lang: Lang) -> String {
    let due = day(due, lang);
    lang.pick(format!("支払期限 {due}"), format!("due {due}"))
}

fn renewal_form(member: &Member, renewal: Renewal, lang: Lang) -> Markup {
    let (text, action, label) = match renewal {
        Renewal::Automatic => (
            lang.pick(
                "このライセンスは自動で更新されます。続けない場合は、有効期限までに停止してください。",
                "This licence renews by itself. If you do not want that, decline before its last day.",
            ),
            "decline",
            lang.pick("自動更新を停止する", "Decline automatic renewal"),
        ),
        Renewal::Declined => (
            lang.pick(
                "自動更新は停止されています。有効期限までは取り消せます。",
                "Automatic renewal is declined. You can take that back up to the last day.",
            ),
            "resume",
            lang.pick("停止を取り消す", "Take it back"),
        ),
        Renewal::ByHand => {
            return html! {
                h2 { (lang.pick("更新", "Renewal")) }
                p { (lang.pick(
                    "このライセンスは自動で更新されません。有効期限までに「利用申請/更新」から手続きしてください。",
                    "This licence does not renew by itself. Apply again before its last day.",
                )) }
            };
        }
        Renewal::None => return html! {},
    };
    html! {
        h2 { (lang.pick("自動更新", "Automatic renewal")) }
        p { (text) }
        form.actions method="post" action="/licence/renewal" {
            (token_field(&member.visit))
            input type="hidden" name="action" value=(action);
            button.button.second { (label) }
        }
    }
}

fn payment_form(member: &Member, method: PaymentMethod, lang: Lang) -> Markup {
    let choice = |value: &str, this: PaymentMethod, text: &str| {
        html! {
            label.choice {
                input type="radio" name="method" value=(value) checked[this == method] required;
                span { b { (this.in_words(lang)) } br; (text) }
            }
        }
    };
    html! {
        h2 { (lang.pick("支払方法の変更", "Changing the way of payment")) }
        form.card method="post" action="/licence/payment-method" {
            (token_field(&member.visit))
            fieldset.field {
                legend { (lang.pick("支払方法", "Way of payment")) }
                div {
                (choice("deduction", PaymentMethod::Deduction, lang.pick(
                    "国保連合会が支払う介護給付費から差し引きます。",
                    "Taken from what the prefectural federation pays the office.",
                )))
                (choice("invoice", PaymentMethod::Invoice, lang.pick(
                    "届いた請求書で振り込みます。",
                    "By bank transfer when the invoice has come.",
                )))
                }
            }
            label.choice {
                input type="checkbox" name="told" value="yes" required;
                span { (lang.pick(
                    "国保連合会に支払方法の変更を申し出ました",
                    "We have told the prefectural federation (国保連合会)",
                )) }
            }
            div.actions { button.button.second { (lang.pick("支払方法を変更する", "Change")) } }
        }
    }
}

/// An event in words.
fn happened(event: &Event, lang: Lang) -> String {
    match &event.what {
        EventKind::Applied { years, .. } => lang.pick(
            format!("利用申請（{years}年分）"),
            format!("application for {years} year(s)"),
        ),
        EventKind::Consented { terms, .. } => lang.pick(
            format!("利用規約に同意（版: {terms}）"),
            format!("consent to the terms, edition {terms}"),
        ),
        EventKind::RenewalDeclined { .. } => lang
            .pick("自動更新を停止", "automatic renewal declined")
            .to_owned(),
        EventKind::RenewalDeclineWithdrawn { .. } => lang
            .pick("自動更新の停止を取り消し", "declining taken back")
            .to_owned(),
        EventKind::PaymentMethodChosen { method } => {
            let method = method.in_words(lang);
            lang.pick(
                format!("支払方法を変更: {method}"),
                format!("way of payment: {method}"),
            )
        }
        EventKind::BenefitsChanged { available: true } => lang
            .pick("差し引ける給付費あり", "care benefits to deduct from")
            .to_owned(),
        EventKind::BenefitsChanged { available: false } => lang
            .pick(
                "差し引ける給付費なし（請求書による振込）",
                "no care benefits to deduct from: invoice",
            )
            .to_owned(),
        EventKind::Charged { amount, due, .. } => lang.pick(
            format!("請求 {amount}円（支払期限 {}）", day(*due, lang)),
            format!("charged {amount} yen, due {}", day(*due, lang)),
        ),
        EventKind::Paid { amount, .. } => {
            lang.pick(format!("支払 {amount}円"), format!("paid {amount} yen"))
        }
        EventKind::Revoked { reason } => lang.pick(
            format!("ライセンスの取消: {reason}"),
            format!("licence revoked: {reason}"),
        ),
        EventKind::Reinstated => lang.pick("取消の解除", "revocation lifted").to_owned(),
        _ => lang.pick("その他の手続き", "something else").to_owned(),
    }
}

/// Declining automatic renewal, or taking that back.
#[derive(Deserialize)]
pub(super) struct RenewalForm {
    action: RenewalAction,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RenewalAction {
    Decline,
    Resume,
}

pub(super) async fn change_renewal(
    State(site): State<Arc<Site>>,
    form: MembersForm<RenewalForm>,
) -> Result<Response, Refusal> {
    let MembersForm { member, fields } = form;
    let by = member.user;
    let (what, done) = match fields.action {
        RenewalAction::Decline => (EventKind::RenewalDeclined { by }, "declined"),
        RenewalAction::Resume => (EventKind::RenewalDeclineWithdrawn { by }, "resumed"),
    };
    site.licences
        .record(member.office, [what], site.now())
        .await?;
    Ok(go(&format!("/licence?done={done}")))
}

/// A way of payment.
#[derive(Deserialize)]
pub(super) struct PaymentForm {
    method: PaymentMethod,
    #[serde(default)]
    told: String,
}

pub(super) async fn change_payment(
    State(site): State<Arc<Site>>,
    form: MembersForm<PaymentForm>,
) -> Result<Response, Refusal> {
    let MembersForm { member, fields } = form;
    if fields.told != "yes" {
        return Err(Refusal::Rule {
            ja: "支払方法の変更は、国保連合会に申し出てから行ってください。".into(),
            en: "Tell the prefectural federation first, then change the way of payment here."
                .into(),
        });
    }
    let chosen = EventKind::PaymentMethodChosen {
        method: fields.method,
    };
    site.licences
        .record(member.office, [chosen], site.now())
        .await?;
    Ok(go("/licence?done=method"))
}
