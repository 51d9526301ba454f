//! The log-in page (ログインページ), logging out, and changing a password.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use careplan_core::Lang;
use careplan_protocol::{Password, SHORTEST_NEW_PASSWORD, UserId};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use super::page::{Page, Tone, go, notice, token_field};
use super::refusal::Refusal;
use super::visit::{Visit, VisitorsForm, remove_visit_cookie};
use super::{Secrets, Site};
use crate::auth::{PasswordIs, SiteLogIn};
use crate::problems::NotDone;
use crate::storage::{SiteScope, SiteSession};

/// What brought a visitor to the log-in page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Arrival {
    /// The session is over.
    ended: Option<String>,
    /// Logged out.
    out: Option<String>,
    /// The password was changed.
    changed: Option<String>,
}

/// Shows the log-in page.
pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Query(arrival): Query<Arrival>,
    visit: Visit,
) -> Response {
    let lang = visit.lang;
    if let Some(session) = visit.session {
        return go(match session.scope {
            SiteScope::Full => "/top",
            SiteScope::ChangePassword => "/password",
        });
    }
    let message = if arrival.changed.is_some() {
        Some(notice(
            Tone::Ok,
            lang.pick("パスワードを変更しました。", "The password is changed."),
            &html! { (lang.pick("新しいパスワードでログインしてください。", "Please log in with the new one.")) },
        ))
    } else if arrival.out.is_some() {
        Some(notice(
            Tone::Ok,
            lang.pick("ログアウトしました。", "You are logged out."),
            &html! {},
        ))
    } else if arrival.ended.is_some() {
        Some(notice(
            Tone::Info,
            lang.pick("もう一度ログインしてください。", "Please log in again."),
            &html! { (lang.pick(
                "操作がないまま30分たったか、ログインから8時間たったため、ログアウトしました。",
                "You were logged out after 30 minutes without a request, or 8 hours after logging in.",
            )) },
        ))
    } else {
        None
    };
    page(&visit, "", message).show(&visit, &site)
}

fn page(visit: &Visit, user: &str, message: Option<Markup>) -> Page {
    let lang = visit.lang;
    let title = lang.pick("ログインページ", "Log in");
    let content = html! {
        div.narrow {
            h1 { (title) }
            @if let Some(message) = message { (message) }
            form.card method="post" action="/log-in" {
                (token_field(visit))
                div.field {
                    label for="user" { (lang.pick("ユーザID", "User ID")) }
                    p.hint #user-hint {
                        (lang.pick(
                            "電子請求受付システムのユーザIDです。KJで始まる14文字です。",
                            "That of the electronic claims system: KJ and 12 more characters.",
                        ))
                    }
                    input #user name="user" type="text" value=(user) required
                        autocomplete="username" autocapitalize="characters" spellcheck="false"
                        aria-describedby="user-hint";
                }
                (password_field(lang, "password", lang.pick("パスワード", "Password"), "current-password", None))
                div.actions {
                    button.button.large { (lang.pick("ログイン", "Log in")) }
                }
            }
            p {
                (lang.pick(
                    "仮パスワードをお持ちの方も、ここからログインして新しいパスワードに変更します。",
                    "With a temporary password, too, log in here; you will then choose one of your own.",
                ))
            }
        }
    };
    Page::new(title, None, content)
}

/// A field for a password, with a button that shows it (表示). Without scripts there is no button.
fn password_field(
    lang: Lang,
    name: &str,
    label: &str,
    autocomplete: &str,
    hint: Option<&str>,
) -> Markup {
    let hint_id = format!("{name}-hint");
    html! {
        div.field {
            label for=(name) { (label) }
            @if let Some(hint) = hint { p.hint id=(hint_id) { (hint) } }
            div.secret {
                input id=(name) name=(name) type="password" required autocomplete=(autocomplete)
                    aria-describedby=[hint.map(|_| &hint_id)];
                button.button.second type="button" hidden data-shows=(name) aria-pressed="false"
                    aria-label=(format!("{}{}", label, lang.pick("を表示", ": show"))) {
                    (lang.pick("表示", "Show"))
                }
            }
        }
    }
}

/// What is typed into the log-in page.
#[derive(Deserialize)]
pub(super) struct LogIn {
    user: String,
    password: String,
}

/// Logs in.
pub(super) async fn log_in(
    State(site): State<Arc<Site>>,
    _turn: Secrets,
    form: VisitorsForm<LogIn>,
) -> Result<Response, Refusal> {
    let VisitorsForm { visit, fields } = form;
    let (lang, now) = (visit.lang, site.now());
    let typed = as_typed(&fields.user);
    let Ok(user) = typed.parse::<UserId>() else {
        let message = notice(
            Tone::Error,
            lang.pick("ユーザIDの形が正しくありません。", "That is not a user ID."),
            &html! { (lang.pick(
                "KJで始まる14文字の半角の英数字です。通知の書類で確かめてください。",
                "It is KJ and 12 letters or digits; check the letter you got.",
            )) },
        );
        return Ok(page(&visit, &typed, Some(message)).show(&visit, &site));
    };
    // What cannot be a password at all is a wrong one, and counts as such.
    let password = fields.password.parse().or_else(|_| "?".parse::<Password>());
    let Ok(password) = password else {
        return Err(Refusal::Form);
    };
    let message = match site
        .api
        .doorkeeper
        .log_in_at_site(user, password, now)
        .await?
    {
        SiteLogIn::Right { office, change } => {
            let scope = match change {
                None => SiteScope::Full,
                Some(_) => SiteScope::ChangePassword,
            };
            // A new cookie: one from before the log-in may be known to somebody else.
            let visit = visit.for_session()?;
            site.storage
                .open_site_session(SiteSession {
                    token: visit.cookie_hash(),
                    office,
                    user,
                    scope,
                    idle_until: now + SiteSession::IDLE,
                    ends_at: now + SiteSession::LONGEST,
                })
                .await?;
            tracing::Span::current().record("office", office.as_str());
            let mut response = go(match change {
                None => "/top",
                Some(PasswordIs::Temporary) => "/password?because=temporary",
                Some(PasswordIs::Expired) => "/password?because=expired",
            });
            visit.give_cookie(&mut response);
            return Ok(response);
        }
        SiteLogIn::Wrong => notice(
            Tone::Error,
            lang.pick(
                "ユーザIDまたはパスワードが違います。",
                "User ID or password is wrong.",
            ),
            &html! { (lang.pick(
                "大文字と小文字を確かめて、もう一度入力してください。5回続けて間違えると、しばらくログインできなくなります。",
                "Check capital and small letters and try again. After five wrong attempts in a row you have to wait.",
            )) },
        ),
        SiteLogIn::Locked { until } => locked(until, now, lang),
    };
    Ok(page(&visit, &typed, Some(message)).show(&visit, &site))
}

fn locked(until: DateTime<Utc>, now: DateTime<Utc>, lang: Lang) -> Markup {
    let minutes = ((until - now).num_seconds().max(1) + 59) / 60;
    notice(
        Tone::Error,
        lang.pick(
            "続けて間違えたため、ロックされています。",
            "Locked after too many wrong attempts.",
        ),
        &html! { (lang.pick(
            format!("約{minutes}分たってからもう一度お試しください。パスワードが分からないときは運用センターにお問い合わせください。"),
            format!("Please try again in about {minutes} minutes. If you do not know the password, ask the operations centre."),
        )) },
    )
}

/// A user ID as people type it: full-width and small letters are those meant, spaces do not count.
fn as_typed(user: &str) -> String {
    user.chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| match character {
            '\u{ff01}'..='\u{ff5e}' => {
                char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
            }
            other => other,
        })
        .map(|character| character.to_ascii_uppercase())
        .take(40)
        .collect()
}

/// A form without fields of its own.
#[derive(Deserialize)]
pub(super) struct Nothing {}

/// Logs out.
pub(super) async fn log_out(
    State(site): State<Arc<Site>>,
    form: VisitorsForm<Nothing>,
) -> Result<Response, Refusal> {
    site.storage
        .end_site_session(form.visit.cookie_hash())
        .await?;
    let mut response = go("/log-in?out=yes");
    remove_visit_cookie(&mut response);
    Ok(response)
}

/// Why a visitor changes the password.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Because {
    because: Option<String>,
}

/// Shows the page on which a password is changed, to who is logged in in whichever way.
pub(super) async fn show_password(
    State(site): State<Arc<Site>>,
    Query(because): Query<Because>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let lang = visit.lang;
    let session = visit.session.ok_or(Refusal::LogInFirst { was_in: false })?;
    let message = match (because.because.as_deref(), session.scope) {
        (Some("expired"), SiteScope::ChangePassword) => Some(notice(
            Tone::Warning,
            lang.pick(
                "パスワードの有効期限が切れています。",
                "The password has expired.",
            ),
            &html! { (lang.pick("新しいパスワードに変更してください。", "Please choose a new one.")) },
        )),
        (_, SiteScope::ChangePassword) => Some(notice(
            Tone::Warning,
            lang.pick(
                "仮パスワードでログインしました。",
                "This is a temporary password.",
            ),
            &html! { (lang.pick(
                "続けるには、ご自分のパスワードに変更してください。",
                "To go on, choose one of your own.",
            )) },
        )),
        (_, SiteScope::Full) => None,
    };
    Ok(password_page(&visit, message).show(&visit, &site))
}

fn password_page(visit: &Visit, message: Option<Markup>) -> Page {
    let lang = visit.lang;
    let title = lang.pick("パスワードの変更", "Change the password");
    let content = html! {
        div.narrow {
            h1 { (title) }
            @if let Some(message) = message { (message) }
            form.card method="post" action="/password" {
                (token_field(visit))
                @if let Some(session) = visit.session {
                    // For the browser's store of passwords.
                    input type="hidden" name="user" value=(session.user) autocomplete="username";
                }
                (password_field(lang, "current", lang.pick("今のパスワード", "Current password"), "current-password", None))
                (password_field(
                    lang, "fresh", lang.pick("新しいパスワード", "New password"), "new-password",
                    Some(lang.pick(
                        "8文字以上。長い言葉や、いくつかの単語を続けたものが覚えやすく安全です。",
                        "At least 8 characters. Several words in a row are safe and easy to remember.",
                    )),
                ))
                (password_field(lang, "again", lang.pick("新しいパスワード（確認）", "New password again"), "new-password", None))
                div.actions {
                    button.button.large { (lang.pick("変更する", "Change")) }
                }
            }
        }
    };
    Page::new(title, None, content)
}

/// What is typed into the page for changing the password.
#[derive(Deserialize)]
pub(super) struct NewPassword {
    current: String,
    fresh: String,
    again: String,
}

/// Changes the password; everybody who uses the account logs in anew.
pub(super) async fn change_password(
    State(site): State<Arc<Site>>,
    _turn: Secrets,
    form: VisitorsForm<NewPassword>,
) -> Result<Response, Refusal> {
    let VisitorsForm { visit, fields } = form;
    let lang = visit.lang;
    let session = visit.session.ok_or(Refusal::LogInFirst { was_in: false })?;
    let again = |strong: &str, text: &str| {
        let message = notice(Tone::Error, strong, &html! { (text) });
        Ok(password_page(&visit, Some(message)).show(&visit, &site))
    };
    if fields.fresh != fields.again {
        return again(
            lang.pick(
                "新しいパスワードが一致しません。",
                "The two new passwords differ.",
            ),
            lang.pick(
                "2回とも同じものを入力してください。",
                "Type the same one twice.",
            ),
        );
    }
    let too_short = fields.fresh.chars().count() < SHORTEST_NEW_PASSWORD;
    if too_short || fields.fresh == fields.current || fields.fresh == session.user.as_str() {
        return again(
            lang.pick(
                "このパスワードは使えません。",
                "This password cannot be used.",
            ),
            lang.pick(
                "8文字以上で、今のパスワードやユーザIDとは違うものにしてください。",
                "It must have at least 8 characters and differ from the current one and the user ID.",
            ),
        );
    }
    let (Ok(current), Ok(fresh)) = (fields.current.parse(), fields.fresh.parse()) else {
        return again(
            lang.pick(
                "パスワードが長すぎるか空です。",
                "The password is empty or too long.",
            ),
            lang.pick("入力し直してください。", "Please type it again."),
        );
    };
    let changed = site
        .api
        .doorkeeper
        .change_password_at_site(session.user, current, fresh, site.now())
        .await;
    match changed {
        Ok(()) => {
            site.storage.end_sessions_of(session.office).await?;
            let mut response = go("/log-in?changed=yes");
            remove_visit_cookie(&mut response);
            Ok(response)
        }
        Err(NotDone::Refused(problem)) if problem.status < 500 => {
            let wording = problem.wording(lang);
            again(&wording.detail, &wording.action)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::as_typed;

    #[test]
    fn user_ids_are_read_as_people_type_them() {
        for typed in [
            "KJ000000000001",
            "kj000000000001",
            " ＫＪ０００００００００００１ ",
            "KJ 0000 0000 0001",
        ] {
            assert_eq!(as_typed(typed), "KJ000000000001", "{typed}");
        }
        assert_eq!(as_typed(&"x".repeat(1000)).len(), 40);
    }
}
