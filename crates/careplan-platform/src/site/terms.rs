//! The terms page (利用規約同意ページ). The terms come in parts, and each part brings the proof with
//! which the next is given: whoever has the proof of the last part was shown all of them. A script
//! puts the parts together while the reader scrolls; without it they are pages.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use careplan_core::{Explain, Lang, japan_date};
use careplan_licence::{EventKind, TermsEdition};
use maud::{Markup, html};
use serde::Deserialize;

use super::Site;
use super::page::{Page, Place, Step, Tone, day, go, notice, steps, token_field};
use super::refusal::Refusal;
use super::terms_text::{Block, TermsText};
use super::visit::{Member, MembersForm};
use crate::licences::NotRecorded;
use crate::storage::{Terms, TermsNotice};

/// Which part is asked for, and the proof that the one before was shown.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    part: Option<usize>,
    #[serde(default)]
    proof: String,
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Query(asked): Query<Asked>,
    member: Member,
) -> Result<Response, Refusal> {
    let today = japan_date(site.now());
    if site
        .ledger(member.office)
        .await?
        .on(today)
        .applied
        .is_none()
    {
        return Ok(go("/application"));
    }
    let Some(terms) = site.terms_in_force(today).await? else {
        return Ok(go("/application"));
    };
    let text = TermsText::parse(&terms.text).map_err(|refused| Refusal::rule(&refused))?;
    let number = asked.part.unwrap_or(1);
    let Some(blocks) = number.checked_sub(1).and_then(|at| text.parts.get(at)) else {
        return Err(Refusal::NotFound);
    };
    if number > 1
        && !member
            .visit
            .is_sealed(&shown(&terms.notice, number - 1), &asked.proof)
    {
        // Not from the part before: from the beginning.
        return Ok(go("/terms"));
    }
    let shown_part = ShownPart {
        terms: &terms,
        text: &text,
        blocks,
        number,
        proof: member.visit.sealed(&shown(&terms.notice, number)),
    };
    Ok(shown_part.page(&member, None).show(&member.visit, &site))
}

/// What a proof says: that so many parts of an edition were shown.
fn shown(terms: &TermsNotice, part: usize) -> String {
    format!("terms {} {} part {part}", terms.sha256, terms.edition)
}

/// A part on its page.
struct ShownPart<'a> {
    terms: &'a Terms,
    text: &'a TermsText,
    blocks: &'a [Block],
    number: usize,
    proof: String,
}

impl ShownPart<'_> {
    fn page(&self, member: &Member, message: Option<Markup>) -> Page {
        let lang = member.visit.lang;
        let (number, count) = (self.number, self.text.parts.len());
        let is_last = number == count;
        let notice_of = &self.terms.notice;
        let title = lang.pick("利用規約同意ページ", "Terms of use");
        let content = html! {
            h1 { (title) }
            (steps(Step::Terms, lang))
            @if let Some(message) = message { (message) }
            p {
                (lang.pick(
                    "利用規約を最後までお読みください。最後まで表示すると「利用規約に同意する」を押せます。",
                    "Please read the terms to the end. Then you can press the button to consent. The Japanese text is the one that counts.",
                ))
            }
            p.quiet {
                (lang.pick(
                    format!("版: {}（{}から適用）", notice_of.edition, day(notice_of.in_force_from, lang)),
                    format!("Edition {}, in force from {}", notice_of.edition, day(notice_of.in_force_from, lang)),
                ))
            }
            section.terms #terms tabindex="0" role="region" aria-labelledby="terms-title" lang="ja" {
                h2 #terms-title { (self.text.title) }
                div data-part=(number) { (of_blocks(self.blocks)) }
                div data-more lang=(lang.code()) {
                    @if is_last {
                        p.end tabindex="0" data-end { (lang.pick("（利用規約は以上です）", "(This is the end of the terms.)")) }
                    } @else {
                        p {
                            a.button.second data-next href={ "/terms?part=" (number + 1) "&proof=" (self.proof) } {
                                (lang.pick("続きを読む", "Read on"))
                                " (" (number) "/" (count) ")"
                            }
                        }
                    }
                }
            }
            p #terms-state role="status" data-read=(lang.pick(
                "最後まで表示されました。「利用規約に同意する」を押せます。",
                "The end is reached. You can consent now.",
            )) data-unread=(lang.pick(
                "「利用規約に同意する」は、最後まで表示すると押せます。",
                "You can consent when you have reached the end.",
            )) {
                @if is_last {
                    (lang.pick("利用規約の最後のページです。", "This is the last page of the terms."))
                } @else {
                    (lang.pick(
                        "「利用規約に同意する」は、最後まで表示すると押せます。",
                        "You can consent when you have reached the end.",
                    ))
                }
            }
            form.actions method="post" action="/terms" {
                (token_field(&member.visit))
                input type="hidden" name="edition" value=(notice_of.edition);
                input type="hidden" name="proof" value=(if is_last { &self.proof } else { "" }) data-proof;
                button.button.large #consent disabled[!is_last] aria-describedby="terms-state" {
                    (lang.pick("利用規約に同意する", "Consent to the terms"))
                }
                a.button.second href="/application" {
                    (lang.pick("利用規約に同意しない", "Do not consent"))
                }
            }
        };
        Page::new(title, Some(Place::Application), content)
    }
}

/// Which edition is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Edition {
    edition: TermsEdition,
}

/// The path on which an edition can be read again.
pub(super) fn path_of(edition: &TermsEdition) -> String {
    let query = serde_urlencoded::to_string([("edition", edition.as_str())]);
    format!("/terms/edition?{}", query.unwrap_or_default())
}

/// Shows an edition in one piece, to who consented to it.
pub(super) async fn read(
    State(site): State<Arc<Site>>,
    Query(asked): Query<Edition>,
    member: Member,
) -> Result<Response, Refusal> {
    let lang = member.visit.lang;
    let terms = site
        .storage
        .terms(asked.edition)
        .await?
        .ok_or(Refusal::NotFound)?;
    let text = TermsText::parse(&terms.text).map_err(|refused| Refusal::rule(&refused))?;
    let of_edition = &terms.notice;
    let title = lang.pick("利用規約", "Terms of use");
    let content = html! {
        div.narrow {
            h1 { (title) }
            dl.facts {
                dt { (lang.pick("版", "Edition")) } dd { (of_edition.edition) }
                dt { (lang.pick("適用日", "In force from")) } dd { (day(of_edition.in_force_from, lang)) }
                dt { "SHA-256" } dd.mono { (of_edition.sha256) }
            }
            div.card lang="ja" {
                h2 { (text.title) }
                @for part in &text.parts { (of_blocks(part)) }
            }
        }
    };
    Ok(Page::new(title, None, content).show(&member.visit, &site))
}

fn of_blocks(blocks: &[Block]) -> Markup {
    html! {
        @for block in blocks {
            @match block {
                Block::Heading(heading) => { h3 { (heading) } }
                Block::Paragraph(lines) => {
                    p {
                        @for (at, line) in lines.iter().enumerate() {
                            @if at > 0 { br; }
                            (line)
                        }
                    }
                }
            }
        }
    }
}

/// What the consent brings.
#[derive(Deserialize)]
pub(super) struct ConsentForm {
    edition: String,
    #[serde(default)]
    proof: String,
}

/// Takes the consent: the licence is granted.
pub(super) async fn consent(
    State(site): State<Arc<Site>>,
    form: MembersForm<ConsentForm>,
) -> Result<Response, Refusal> {
    let MembersForm { member, fields } = form;
    let lang = member.visit.lang;
    let now = site.now();
    let terms = site
        .terms_in_force(japan_date(now))
        .await?
        .ok_or(Refusal::NotFound)?;
    let text = TermsText::parse(&terms.text).map_err(|refused| Refusal::rule(&refused))?;
    let last = shown(&terms.notice, text.parts.len());
    // Only the edition in force can be consented to; the proof names it.
    let read_to_end = fields.edition == terms.notice.edition.as_str()
        && member.visit.is_sealed(&last, &fields.proof);
    let consented = EventKind::Consented {
        by: member.user,
        terms: terms.notice.edition.clone(),
        read_to_end,
    };
    match site.licences.record(member.office, [consented], now).await {
        Ok(_) => Ok(go("/licence?done=consented")),
        Err(NotRecorded::Refused(refused)) => {
            // From the beginning again, with the rule's words.
            let Some(blocks) = text.parts.first() else {
                return Err(Refusal::NotFound);
            };
            let again = ShownPart {
                terms: &terms,
                text: &text,
                blocks,
                number: 1,
                proof: member.visit.sealed(&shown(&terms.notice, 1)),
            };
            let message = notice(
                Tone::Error,
                not_recorded(lang),
                &html! { (refused.explain(lang)) },
            );
            let page = again.page(&member, Some(message));
            let mut response = page.show(&member.visit, &site);
            *response.status_mut() = axum::http::StatusCode::CONFLICT;
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

fn not_recorded(lang: Lang) -> &'static str {
    lang.pick(
        "同意は記録されていません。",
        "The consent was not recorded.",
    )
}
