//! Who is visiting: language, browser's session, and the proof that a form came from a page of ours.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use careplan_core::{Lang, OfficeNumber};
use careplan_protocol::UserId;
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::Site;
use super::refusal::Refusal;
use crate::auth::{NoRandomness, TokenHash, random_text};
use crate::storage::{SiteScope, SiteSession};

/// The cookie of a session, or of a visit that is not logged in. `__Host-`: only over TLS, only to
/// this host (RFC 6265bis section 4.1.3.2).
const VISIT_COOKIE: &str = "__Host-careplan";
/// How the cookie of a session begins, and that of a visitor who is not logged in.
const OF_SESSION: char = 's';
const OF_VISITOR: char = 'v';
/// The cookie of the language.
const LANGUAGE_COOKIE: &str = "__Host-language";
/// The longest form, in bytes.
const FORM: usize = 16 * 1024;
/// How long a form may take to arrive.
const FORM_TIME: Duration = Duration::from_secs(30);
/// A year, in seconds.
const YEAR: u32 = 365 * 24 * 60 * 60;

/// A visitor: everything about a request but what it asks for.
pub(super) struct Visit {
    pub(super) lang: Lang,
    /// The session of the cookie, if it is good.
    pub(super) session: Option<SiteSession>,
    /// The secret of the browser's cookie.
    secret: Secret,
    /// Path and query, to come back to after changing the language.
    pub(super) place: String,
}

/// The value of a visit's cookie: 256 random bits behind a letter that says whether a session was
/// opened for it.
struct Secret {
    value: Zeroizing<String>,
    /// The browser does not have it yet.
    fresh: bool,
}

impl Secret {
    fn fresh(letter: char) -> Result<Self, NoRandomness> {
        let random = random_text()?;
        Ok(Self {
            value: Zeroizing::new(format!("{letter}{}", *random)),
            fresh: true,
        })
    }

    /// As the browser sent it; anything not of our form is not ours.
    fn sent(value: &str) -> Option<Self> {
        let ours = value.len() == 44 && value.starts_with([OF_SESSION, OF_VISITOR]);
        ours.then(|| Self {
            value: Zeroizing::new(value.to_owned()),
            fresh: false,
        })
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.value.as_bytes())
    }
}

impl Visit {
    /// The token that forms carry: derived from the cookie, which other sites' pages cannot read.
    pub(super) fn form_token(&self) -> String {
        self.sealed("form")
    }

    /// A proof that this browser got something from us.
    pub(super) fn sealed(&self, what: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.secret.key(), what.as_bytes()))
    }

    /// Whether a proof is ours, for this browser and this thing. Takes the same time either way.
    pub(super) fn is_sealed(&self, what: &str, proof: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(proof)
            .is_ok_and(|proof| hmac::verify(&self.secret.key(), what.as_bytes(), &proof).is_ok())
    }

    /// The hash of the browser's cookie.
    pub(super) fn cookie_hash(&self) -> TokenHash {
        TokenHash::of(&self.secret.value)
    }

    /// Whether the browser was logged in when it got its cookie.
    fn was_in(&self) -> bool {
        self.secret.value.starts_with(OF_SESSION)
    }

    /// A visit with a new cookie, for a session.
    pub(super) fn for_session(self) -> Result<Self, NoRandomness> {
        Ok(Self {
            secret: Secret::fresh(OF_SESSION)?,
            ..self
        })
    }

    /// Sets the cookie if the browser does not have it yet. It ends with the browser.
    pub(super) fn give_cookie(&self, response: &mut Response) {
        if self.secret.fresh {
            let secret = &*self.secret.value;
            set_cookie(
                response,
                &format!("{VISIT_COOKIE}={secret}; Path=/; Secure; HttpOnly; SameSite=Strict"),
            );
        }
    }
}

impl FromRequestParts<Arc<Site>> for Visit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Refusal> {
        let (secret, session) = match cookie(&parts.headers, VISIT_COOKIE).and_then(Secret::sent) {
            Some(secret) => {
                let session = site.session(TokenHash::of(&secret.value)).await?;
                (secret, session)
            }
            None => (Secret::fresh(OF_VISITOR)?, None),
        };
        if let Some(session) = &session {
            tracing::Span::current().record("office", session.office.as_str());
        }
        // What a form was sent to is often no page.
        let place = parts
            .uri
            .path_and_query()
            .filter(|_| parts.method == Method::GET)
            .map_or("/", |place| place.as_str())
            .to_owned();
        Ok(Self {
            lang: language(&parts.headers),
            session,
            secret,
            place,
        })
    }
}

/// The language the visitor chose; Japanese before.
pub(super) fn language(headers: &HeaderMap) -> Lang {
    cookie(headers, LANGUAGE_COOKIE)
        .and_then(|lang| lang.parse().ok())
        .unwrap_or_default()
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

pub(super) fn remove_visit_cookie(response: &mut Response) {
    set_cookie(
        response,
        &format!("{VISIT_COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"),
    );
}

pub(super) fn set_language_cookie(response: &mut Response, lang: Lang) {
    let lang = lang.code();
    set_cookie(
        response,
        &format!(
            "{LANGUAGE_COOKIE}={lang}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={YEAR}"
        ),
    );
}

fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// A visitor who is logged in to the whole site. Others are sent to the log-in page, or to change
/// their password.
pub(super) struct Member {
    pub(super) visit: Visit,
    pub(super) office: OfficeNumber,
    pub(super) user: UserId,
}

impl Member {
    fn of(visit: Visit) -> Result<Self, Refusal> {
        match visit.session {
            Some(session) if session.scope == SiteScope::Full => Ok(Self {
                office: session.office,
                user: session.user,
                visit,
            }),
            Some(_) => Err(Refusal::ChangePasswordFirst),
            None => Err(Refusal::LogInFirst {
                was_in: visit.was_in(),
            }),
        }
    }
}

impl FromRequestParts<Arc<Site>> for Member {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Refusal> {
        Self::of(Visit::from_request_parts(parts, site).await?)
    }
}

/// A form of a member. The form's token is checked before anybody sees the fields.
pub(super) struct MembersForm<T> {
    pub(super) member: Member,
    pub(super) fields: T,
}

impl<T: DeserializeOwned> FromRequest<Arc<Site>> for MembersForm<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let member = Member::from_request_parts(&mut parts, site).await?;
        let fields = read_form(body, &member.visit).await?;
        Ok(Self { member, fields })
    }
}

/// A form of anybody.
pub(super) struct VisitorsForm<T> {
    pub(super) visit: Visit,
    pub(super) fields: T,
}

impl<T: DeserializeOwned> FromRequest<Arc<Site>> for VisitorsForm<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, site).await?;
        let fields = read_form(body, &visit).await?;
        Ok(Self { visit, fields })
    }
}

/// The token of a form, whatever else is in it.
#[derive(serde::Deserialize)]
struct Token {
    #[serde(default)]
    token: String,
}

async fn read_form<T: DeserializeOwned>(body: Body, visit: &Visit) -> Result<T, Refusal> {
    let reading = tokio::time::timeout(FORM_TIME, Limited::new(body, FORM).collect());
    let bytes = reading
        .await
        .map_err(|_| Refusal::Form)?
        .map_err(|_| Refusal::Form)?
        .to_bytes();
    let Token { token } = serde_urlencoded::from_bytes(&bytes).map_err(|_| Refusal::Form)?;
    check_token(visit, &token)?;
    serde_urlencoded::from_bytes(&bytes).map_err(|_| Refusal::Form)
}

/// Whether a form came from a page of ours, in this browser.
pub(super) fn check_token(visit: &Visit, token: &str) -> Result<(), Refusal> {
    if visit.is_sealed("form", token) {
        Ok(())
    } else {
        Err(Refusal::Foreign)
    }
}
