//! Forms with files (multipart/form-data, RFC 7578).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use bytes::Bytes;
use http_body_util::Limited;

use super::Site;
use super::refusal::Refusal;
use super::visit::{Member, check_token};

/// The longest form with files, in bytes.
const LONGEST: usize = 512 * 1024;
/// How long it may take to arrive.
const TIME: Duration = Duration::from_secs(60);
/// How many fields it may have.
const FIELDS: usize = 8;

/// A member's form with files. The form's token is checked before anybody sees the fields.
pub(super) struct MembersUpload {
    pub(super) member: Member,
    pub(super) fields: Fields,
}

/// What a form with files brought.
pub(super) struct Fields(BTreeMap<String, Bytes>);

impl Fields {
    /// A file; refused if none was chosen.
    pub(super) fn file(&self, name: &str) -> Result<Bytes, Refusal> {
        self.0
            .get(name)
            .filter(|content| !content.is_empty())
            .cloned()
            .ok_or(Refusal::Form)
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Result<String, Refusal> {
        let bytes = self.0.get(name).ok_or(Refusal::Form)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| Refusal::Form)
    }
}

impl FromRequest<Arc<Site>> for MembersUpload {
    type Rejection = Refusal;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let member = Member::from_request_parts(&mut parts, site).await?;
        let body = Body::new(Limited::new(body, LONGEST));
        let request = Request::from_parts(parts, body);
        let fields = tokio::time::timeout(TIME, read(request, site))
            .await
            .map_err(|_| Refusal::Form)??;
        check_token(&member.visit, &fields.text("token")?)?;
        Ok(Self { member, fields })
    }
}

async fn read(request: Request, site: &Arc<Site>) -> Result<Fields, Refusal> {
    let mut multipart = Multipart::from_request(request, site)
        .await
        .map_err(|_| Refusal::Form)?;
    let mut fields = BTreeMap::new();
    while let Some(field) = multipart.next_field().await.map_err(|_| Refusal::Form)? {
        let name = field.name().ok_or(Refusal::Form)?.to_owned();
        let content = field.bytes().await.map_err(|_| Refusal::Form)?;
        if fields.len() == FIELDS || fields.insert(name, content).is_some() {
            return Err(Refusal::Form);
        }
    }
    Ok(Fields(fields))
}
