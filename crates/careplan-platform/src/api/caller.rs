//! Who calls: extractors that let nobody past who did not show enough.

use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use careplan_core::OfficeNumber;
use careplan_protocol::{AccessToken, ProblemCode};

use super::App;
use crate::accept::CallerAddress;
use crate::problems::NotDone;
use crate::storage::StoredSession;
use crate::trust::Peer;

/// The office of the connection's certificate.
pub(super) struct Caller(pub(super) OfficeNumber);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = NotDone;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, NotDone> {
        let peer = parts
            .extensions
            .get::<Arc<Peer>>()
            .ok_or(ProblemCode::CertificateRefused)?;
        let office = peer.office(&app.trust, app.now())?;
        tracing::Span::current().record("office", office.as_str());
        if let Some(known) = parts.extensions.get::<KnownOffice>() {
            // Set once: it is the same for all of the call.
            let _ = known.0.set(office);
        }
        app.rates.call(office)?;
        Ok(Self(office))
    }
}

/// Where the office of a call is told to what goes on around it.
#[derive(Clone, Default)]
pub(super) struct KnownOffice(Arc<OnceLock<OfficeNumber>>);

impl KnownOffice {
    pub(super) fn office(&self) -> Option<OfficeNumber> {
        self.0.get().copied()
    }
}

/// A caller at the door, with a password or a refresh token: so often from one address.
pub(super) struct AtTheDoor(pub(super) OfficeNumber);

impl FromRequestParts<Arc<App>> for AtTheDoor {
    type Rejection = NotDone;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, NotDone> {
        let Caller(office) = Caller::from_request_parts(parts, app).await?;
        let address = parts.extensions.get::<CallerAddress>();
        if let Some(CallerAddress(address)) = address {
            app.rates.log_in(*address)?;
        }
        Ok(Self(office))
    }
}

/// The session of the access token, which is of the certificate's office.
pub(super) struct LoggedIn(pub(super) StoredSession);

impl FromRequestParts<Arc<App>> for LoggedIn {
    type Rejection = NotDone;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, NotDone> {
        let Caller(office) = Caller::from_request_parts(parts, app).await?;
        let token = bearer(parts)?;
        let session = app.doorkeeper.session(office, &token, app.now()).await?;
        Ok(Self(session))
    }
}

/// The token of the Authorization header (RFC 6750 section 2.1).
fn bearer(parts: &Parts) -> Result<AccessToken, ProblemCode> {
    let header = parts
        .headers
        .get(AUTHORIZATION)
        .ok_or(ProblemCode::TokenMissing)?;
    header
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .and_then(|(_, token)| token.trim_start().parse().ok())
        .ok_or(ProblemCode::TokenInvalid)
}
