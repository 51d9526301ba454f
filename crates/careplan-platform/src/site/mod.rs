//! The web site: log-in, applications, terms, licences, certificates, the client's download, the
//! sending history, help.
//!
//! Pages are HTML from the server; a small script makes some of them more comfortable and none of
//! them work. Every rule is asked elsewhere: licences of `careplan-licence` through
//! [`Licences`], passwords of the API's doorkeeper, certificates of `careplan-envelope`.

mod application;
mod around;
mod assets;
mod certificate;
mod client;
mod config;
mod help;
mod licence;
mod log_in;
mod page;
mod refusal;
mod sendings;
mod terms;
mod terms_text;
mod top;
mod upload;
mod visit;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use careplan_core::{Lang, OfficeNumber};
use careplan_licence::Ledger;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use self::around::Secrets;
use self::around::Turns;
use self::client::OfferedClient;
pub use self::config::{ClientDownload, SiteConfig, SiteLimits};
use self::page::go;
use self::refusal::Refusal;
pub use self::terms_text::TermsRefused;
pub(crate) use self::terms_text::TermsText;
use self::visit::{Visit, VisitorsForm, set_language_cookie};
use crate::api::App;
use crate::auth::TokenHash;
use crate::clock::recorded_now;
use crate::licences::Licences;
use crate::storage::{SiteSession, Storage, StorageError, Terms};

/// What the pages work with.
pub(crate) struct Site {
    storage: Arc<dyn Storage>,
    /// What the API works with: passwords and sendings are the same here and there.
    api: Arc<App>,
    licences: Licences,
    authority: Option<PathBuf>,
    certificate_days: u16,
    client: Option<Arc<OfferedClient>>,
    contact: String,
    turns: Turns,
}

impl Site {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        api: Arc<App>,
        licences: Licences,
        config: SiteConfig,
    ) -> Self {
        Self {
            storage,
            api,
            licences,
            authority: config.authority,
            certificate_days: config.certificate_days,
            client: config
                .client
                .map(|client| Arc::new(OfferedClient::new(client))),
            contact: config.contact,
            turns: Turns::new(config.limits),
        }
    }

    fn now(&self) -> DateTime<Utc> {
        recorded_now(&*self.api.clock)
    }

    /// The session of a cookie, if it is not over; being asked for, it lasts on.
    async fn session(&self, token: TokenHash) -> Result<Option<SiteSession>, StorageError> {
        let now = self.now();
        let session = self.storage.site_session(token).await?;
        let Some(session) = session.filter(|session| session.is_good(now)) else {
            return Ok(None);
        };
        if let Some(until) = session.renewed(now) {
            self.storage.renew_site_session(token, until).await?;
        }
        Ok(Some(session))
    }

    /// The licence ledger of an office.
    async fn ledger(&self, office: OfficeNumber) -> Result<Ledger, Refusal> {
        // An office whose account can log in is registered.
        self.licences.ledger(office).await?.ok_or(Refusal::NotFound)
    }

    /// The edition of the terms to consent to on a day: the latest that is in force.
    async fn terms_in_force(&self, on: NaiveDate) -> Result<Option<Terms>, StorageError> {
        let notices = self.storage.terms_notices().await?;
        let current = notices
            .into_iter()
            .rev()
            .find(|notice| notice.in_force_from <= on);
        match current {
            Some(notice) => self.storage.terms(notice.edition).await,
            None => Ok(None),
        }
    }

    /// Forgets callers' turns that no longer matter, so that they do not fill the memory.
    pub(crate) fn tidy(&self) {
        self.turns.tidy();
    }
}

/// All pages.
pub(crate) fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(start))
        .route("/log-in", get(log_in::show).post(log_in::log_in))
        .route("/log-out", post(log_in::log_out))
        .route(
            "/password",
            get(log_in::show_password).post(log_in::change_password),
        )
        .route("/top", get(top::show))
        .route(
            "/application",
            get(application::show).post(application::apply),
        )
        .route("/terms", get(terms::show).post(terms::consent))
        .route("/terms/edition", get(terms::read))
        .route("/licence", get(licence::show))
        .route("/licence/renewal", post(licence::change_renewal))
        .route("/licence/payment-method", post(licence::change_payment))
        .route("/certificate", get(certificate::show))
        .route("/certificate/issue", post(certificate::issue))
        .route("/certificate/renew", post(certificate::renew))
        .route("/certificate/{serial}", get(certificate::download))
        .route("/client", get(client::show))
        .route("/client/download", get(client::download))
        .route("/sendings", get(sendings::show))
        .route("/sendings/{sending}", get(sendings::show_one))
        .route(
            "/sendings/{sending}/receipts/{event}",
            get(sendings::receipt),
        )
        .route("/help", get(help::show))
        .route("/language", post(change_language))
        .route("/look.css", get(assets::look))
        .route("/site.css", get(assets::style))
        .route("/site.js", get(assets::script))
        .route("/icon.svg", get(assets::icon))
        .fallback(async || Refusal::NotFound)
        .method_not_allowed_fallback(async || Refusal::NotFound)
        .layer(middleware::from_fn_with_state(
            Arc::clone(&site),
            around::answer,
        ))
        .with_state(site)
}

async fn start(visit: Visit) -> Response {
    go(if visit.session.is_some() {
        "/top"
    } else {
        "/log-in"
    })
}

/// The language a visitor chose, and where.
#[derive(Deserialize)]
struct ChosenLanguage {
    to: Lang,
    #[serde(default)]
    back: String,
}

async fn change_language(
    State(_): State<Arc<Site>>,
    form: VisitorsForm<ChosenLanguage>,
) -> Response {
    let ChosenLanguage { to, back } = form.fields;
    // Only to a page of ours: neither to another host nor up and away.
    let is_ours = back.starts_with('/') && !back.starts_with("//") && !back.contains('\\');
    let mut response = go(if is_ours { &back } else { "/" });
    set_language_cookie(&mut response, to);
    response
}
