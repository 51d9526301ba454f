//! The application page (利用申請ページ): who applies, whether that is possible, what it costs.

use std::num::{NonZeroU8, NonZeroU32};
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use careplan_core::{Explain, japan_date};
use careplan_licence::{Event, EventKind, Quote, Renewal, Standing};
use maud::html;
use serde::Deserialize;

use super::Site;
use super::page::{Page, Place, Step, Tone, day, go, notice, steps, token_field};
use super::refusal::Refusal;
use super::visit::{Member, MembersForm};

/// For how many years can be applied at once here.
const MOST_YEARS: u8 = 5;

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    member: Member,
) -> Result<Response, Refusal> {
    let lang = member.visit.lang;
    let now = site.now();
    let today = japan_date(now);
    let ledger = site.ledger(member.office).await?;
    let state = ledger.on(today);
    let title = lang.pick("利用申請ページ", "Application");
    // Asked of the rules as the application itself will be.
    let trial = ledger.clone().apply(Event {
        at: now,
        what: EventKind::Applied {
            by: member.user,
            years: NonZeroU8::MIN,
        },
    });
    let impossible = match trial {
        Err(refused) => Some(refused.explain(lang)),
        Ok(()) if site.terms_in_force(today).await?.is_none() => Some(
            lang.pick(
                "利用規約が用意されていません。運用センターにお問い合わせください。",
                "There are no terms of use yet; please ask the operations centre.",
            )
            .to_owned(),
        ),
        Ok(()) => None,
    };
    let renews = matches!(state.standing, Standing::Valid { .. });
    let first = match state.standing {
        Standing::Valid { until } => until.succ_opt().unwrap_or(until),
        _ => today,
    };
    let quotes: Vec<(u8, Quote)> = (1..=MOST_YEARS)
        .filter_map(|years| {
            let quote = site
                .licences
                .fees()
                .quote(NonZeroU32::MIN, NonZeroU8::new(years)?, first);
            Some((years, quote.ok()?))
        })
        .collect();
    let content = html! {
        h1 { (title) }
        (steps(Step::Application, lang))
        @if let Some(why) = &impossible {
            (notice(Tone::Error, lang.pick("申請できません。", "You cannot apply."), &html! { (why) }))
        } @else if renews {
            (notice(Tone::Info, lang.pick("更新の申請ができます。", "You can renew."), &html! {
                (lang.pick(
                    format!("今のライセンスに続けて、{}から始まります。", day(first, lang)),
                    format!("The new licence follows the one you have, from {}.", day(first, lang)),
                ))
                @if state.renewal == Renewal::Automatic {
                    " " (lang.pick(
                        "自動で更新されるため、この手続きをしなくても続けて利用できます。",
                        "It renews by itself too; you need not do anything.",
                    ))
                }
            }))
        } @else {
            (notice(Tone::Ok, lang.pick("利用申請ができます。", "You can apply."), &html! { (lang.pick(
                "下の内容を確かめて「申請」を押し、次のページで利用規約に同意してください。",
                "Check what is written below, press Apply, and consent to the terms on the next page.",
            )) }))
        }
        div.card {
            dl.facts {
                dt { (lang.pick("ユーザID", "User ID")) } dd.mono { (member.user) }
                dt { (lang.pick("事業所番号", "Office number")) } dd.mono { (member.office) }
                dt { (lang.pick("今の状態", "State now")) } dd { (state.standing.in_words(lang)) }
            }
            @if impossible.is_none() {
                form method="post" action="/application" {
                    (token_field(&member.visit))
                    fieldset.field {
                        legend { (lang.pick("申請する年数", "For how many years")) }
                        p.hint { (lang.pick(
                            "利用料は、各年の開始日の料金表によります（税込）。",
                            "The fee goes by the first day of each year, tax included.",
                        )) }
                        div {
                            @for (years, quote) in &quotes {
                                label.choice {
                                    input type="radio" name="years" value=(years) checked[*years == 1] required;
                                    span {
                                        b { (lang.pick(format!("{years}年"), format!("{years} year(s)"))) }
                                        @if let Some(line) = quote.lines.last() {
                                            " " (lang.pick(
                                                format!("{}まで", day(line.validity.last(), lang)),
                                                format!("until {}", day(line.validity.last(), lang)),
                                            ))
                                        }
                                        ": "
                                        @if quote.total.is_zero() {
                                            (lang.pick("無料", "no fee"))
                                        } @else {
                                            (lang.pick(format!("{}円", quote.total), format!("{} yen", quote.total)))
                                        }
                                    }
                                }
                            }
                        }
                    }
                    div.actions {
                        button.button.large { (lang.pick("申請", "Apply")) }
                        a.button.second href="/top" { (lang.pick("戻る", "Back")) }
                    }
                }
            }
        }
    };
    Ok(Page::new(title, Some(Place::Application), content).show(&member.visit, &site))
}

/// What is chosen on the application page.
#[derive(Deserialize)]
pub(super) struct Application {
    years: NonZeroU8,
}

pub(super) async fn apply(
    State(site): State<Arc<Site>>,
    form: MembersForm<Application>,
) -> Result<Response, Refusal> {
    let MembersForm { member, fields } = form;
    if fields.years.get() > MOST_YEARS {
        return Err(Refusal::Form);
    }
    let applied = EventKind::Applied {
        by: member.user,
        years: fields.years,
    };
    site.licences
        .record(member.office, [applied], site.now())
        .await?;
    Ok(go("/terms"))
}
