//! Around every request: a turn for its address, where a form came from, headers that keep the
//! browser strict, pages for refusals, the log line.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use maud::html;
use tracing::{Instrument, field};
use uuid::Uuid;

use super::page::Page;
use super::refusal::Refusal;
use super::visit::Visit;
use super::{Site, SiteLimits};
use crate::accept::CallerAddress;
use crate::api::request::lend_body;

/// Nothing from elsewhere, nothing inline, in nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// How many requests each address may make.
pub(super) struct Turns {
    requests: DefaultKeyedRateLimiter<IpAddr>,
    secrets: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
}

/// So many at once, then one each interval. An interval of nothing is no limit.
fn pace(at_once: NonZeroU32, interval: Duration) -> Quota {
    Quota::with_period(interval)
        .unwrap_or(Quota::per_second(NonZeroU32::MAX))
        .allow_burst(at_once)
}

impl Turns {
    pub(super) fn new(limits: SiteLimits) -> Self {
        Self {
            requests: RateLimiter::keyed(pace(limits.requests, limits.request_interval)),
            secrets: RateLimiter::keyed(pace(limits.secrets, limits.secret_interval)),
            clock: DefaultClock::default(),
        }
    }

    pub(super) fn tidy(&self) {
        self.requests.retain_recent();
        self.secrets.retain_recent();
    }

    fn take(
        &self,
        of: &DefaultKeyedRateLimiter<IpAddr>,
        parts: &axum::http::Extensions,
    ) -> Result<(), Refusal> {
        let Some(CallerAddress(address)) = parts.get::<CallerAddress>() else {
            return Err(Refusal::Internal);
        };
        of.check_key(&one_caller(*address)).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now()).as_secs() + 1;
            Refusal::TooMany {
                seconds: u32::try_from(wait).unwrap_or(u32::MAX),
            }
        })
    }
}

/// What counts as one caller: an IPv6 network of 64 bits belongs to one.
fn one_caller(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let mut octets = address.octets();
            octets[8..].fill(0);
            IpAddr::V6(Ipv6Addr::from(octets))
        }
    }
}

/// A turn at something that tries a secret: a password, an issue password.
pub(super) struct Secrets;

impl FromRequestParts<Arc<Site>> for Secrets {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Refusal> {
        let turns = &site.turns;
        turns.take(&turns.secrets, &parts.extensions).map(|()| Self)
    }
}

/// Runs a request.
pub(super) async fn answer(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = Uuid::now_v7();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let path = path.as_ref().map_or("unknown", MatchedPath::as_str);
    let span = tracing::info_span!("page", %id, %method, path, office = field::Empty);
    async {
        let (parts, body) = request.into_parts();
        // Looked up once more for the page of a refusal, which is rare.
        let mut visitor = parts.clone();
        let turn = site.turns.take(&site.turns.requests, &parts.extensions);
        let allowed = turn.and_then(|()| from_our_pages(&parts.method, &parts.headers));
        let mut response = match allowed {
            Ok(()) => {
                let (request, rest) = lend_body(Request::from_parts(parts, body));
                let response = next.run(request).await;
                rest.discard(&site.api).await;
                response
            }
            Err(refusal) => {
                let (_, rest) = lend_body(Request::from_parts(parts, body));
                rest.discard(&site.api).await;
                refusal.into_response()
            }
        };
        let refusal = response.extensions_mut().remove::<Refusal>();
        if let Some(refusal) = &refusal
            && !response.status().is_redirection()
        {
            response = page_of(refusal, response, &mut visitor, &site).await;
        }
        add_headers(response.headers_mut());
        let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
        let status = response.status().as_u16();
        match refusal {
            Some(refusal) => {
                tracing::info!(status, milliseconds, refusal = refusal.code(), "refused");
            }
            None => tracing::info!(status, milliseconds, "done"),
        }
        response
    }
    .instrument(span)
    .await
}

/// Whether a form comes from a page of ours, by what the browser says of itself (Fetch Metadata,
/// RFC 6454). The token in the form proves it; this refuses earlier.
fn from_our_pages(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    if *method == Method::GET || *method == Method::HEAD {
        return Ok(());
    }
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(&HeaderName::from_static("sec-fetch-site"))
        && !matches!(site, "same-origin" | "none")
    {
        return Err(Refusal::Foreign);
    }
    if let Some(origin) = text(&ORIGIN) {
        let ours = text(&HOST).map(|host| format!("https://{host}"));
        if ours.as_deref() != Some(origin) {
            return Err(Refusal::Foreign);
        }
    }
    Ok(())
}

/// The page of a refusal, with the refusal's status and headers.
async fn page_of(
    refusal: &Refusal,
    response: Response,
    visitor: &mut Parts,
    site: &Arc<Site>,
) -> Response {
    // If not even the session can be looked up, what remains is the bare status.
    let Ok(visit) = Visit::from_request_parts(visitor, site).await else {
        return response;
    };
    let lang = visit.lang;
    let (title, text) = refusal.words(lang);
    let content = html! {
        div.narrow {
            h1 { (title) }
            p { (text) }
            div.actions {
                a.button href="/" { (lang.pick("トップページへ", "To the top page")) }
            }
        }
    };
    let mut page = Page::new(title, None, content).show(&visit, site);
    *page.status_mut() = response.status();
    for (name, value) in response.headers() {
        if name != CONTENT_TYPE {
            page.headers_mut().insert(name.clone(), value.clone());
        }
    }
    page
}

fn add_headers(headers: &mut HeaderMap) {
    let fixed = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // Not "no-referrer": then browsers would hide the origin of our own forms too.
        (REFERRER_POLICY, "same-origin"),
        (
            STRICT_TRANSPORT_SECURITY,
            "max-age=31536000; includeSubDomains",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Pages are about an office; only the files of the site may be kept.
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_is_one_caller() {
        let caller = |address: &str| one_caller(address.parse().unwrap());
        assert_eq!(caller("2001:db8:1:2::1"), caller("2001:db8:1:2:ffff::9"));
        assert_ne!(caller("2001:db8:1:2::1"), caller("2001:db8:1:3::1"));
        assert_ne!(caller("192.0.2.1"), caller("192.0.2.2"));
    }

    #[test]
    fn forms_of_other_sites_are_foreign() {
        let asked = |headers: &[(&'static str, &'static str)]| {
            let headers = headers
                .iter()
                .map(|(name, value)| {
                    (
                        HeaderName::from_static(name),
                        HeaderValue::from_static(value),
                    )
                })
                .collect();
            from_our_pages(&Method::POST, &headers).is_ok()
        };
        assert!(asked(&[]));
        assert!(asked(&[("sec-fetch-site", "same-origin")]));
        assert!(!asked(&[("sec-fetch-site", "cross-site")]));
        assert!(!asked(&[("sec-fetch-site", "same-site")]));
        assert!(asked(&[
            ("host", "a.example"),
            ("origin", "https://a.example")
        ]));
        assert!(!asked(&[
            ("host", "a.example"),
            ("origin", "https://b.example")
        ]));
        assert!(!asked(&[
            ("host", "a.example"),
            ("origin", "http://a.example")
        ]));
        assert!(!asked(&[("host", "a.example"), ("origin", "null")]));
    }
}
