//! Who may use the page: the person who has the one-time address, in one browser, and no other
//! web page that the person happens to visit.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{digest, hmac, rand};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, Request};

use crate::said::Said;

/// Random bytes of tokens: 256 bits cannot be guessed.
const TOKEN_BYTES: usize = 32;

/// The door of one page: made when it starts, gone when it ends.
pub(crate) struct Door {
    host: String,
    origin: String,
    cookie: String,
    /// Good once.
    entrance: String,
    entered: AtomicBool,
    session: String,
    /// For names that stand for persons in addresses.
    alias: hmac::Key,
}

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The name in the request is not the page's: somebody's name leads to this machine.
    OtherHost,
    /// It comes from another web page.
    OtherOrigin,
    /// No session, or that of another page.
    NoSession,
    /// The one-time address was used already, or never was one.
    NoEntrance,
}

impl Closed {
    pub(crate) fn said(self) -> Said {
        match self {
            Self::OtherHost => Said::new(
                "このアドレスでは開けません。「office ui」が表示したアドレスを開いてください。",
                "This is not the page's address. Open the address that \"office ui\" shows.",
            ),
            Self::OtherOrigin => Said::new(
                "ほかのページからの操作のため、受け付けませんでした。この画面の中から操作してください。",
                "This came from another web page and was not done. Use the buttons of this page.",
            ),
            Self::NoSession => Said::new(
                "この画面を開くには、「office ui」をもう一度実行し、表示されたアドレスを開いてください。",
                "To open this page, run \"office ui\" again and open the address that it shows.",
            ),
            Self::NoEntrance => Said::new(
                "このアドレスは一度しか使えず、すでに使われたか、正しくありません。「office ui」をいったん終了し、もう一度実行してください。",
                "This address is good once: it was used already, or it is wrong. End \"office ui\" and run it again.",
            ),
        }
    }
}

impl Door {
    pub(crate) fn new(address: SocketAddr) -> Result<Self, Unspecified> {
        let host = address.to_string();
        let mut key = [0; TOKEN_BYTES];
        rand::fill(&mut key)?;
        Ok(Self {
            origin: format!("http://{host}"),
            host,
            cookie: format!("careplan-office-{}", address.port()),
            entrance: token()?,
            entered: AtomicBool::new(false),
            session: token()?,
            alias: hmac::Key::new(hmac::HMAC_SHA256, &key),
        })
    }

    /// The one-time address.
    pub(crate) fn entrance(&self) -> String {
        format!("{}/enter/{}", self.origin, self.entrance)
    }

    /// Exchanges the one-time token for the session's cookie.
    pub(crate) fn enter(&self, presented: &str) -> Result<HeaderValue, Closed> {
        if !same(presented, &self.entrance) || self.entered.swap(true, Ordering::SeqCst) {
            return Err(Closed::NoEntrance);
        }
        let cookie = format!(
            "{}={}; Path=/; HttpOnly; SameSite=Strict",
            self.cookie, self.session
        );
        HeaderValue::from_str(&cookie).map_err(|_| Closed::NoEntrance)
    }

    /// Whether the request is meant for this page: what every request must pass.
    pub(crate) fn meant<B>(&self, request: &Request<B>) -> Result<(), Closed> {
        let headers = request.headers();
        // Another name that was made to lead here (DNS rebinding) stands in `Host`.
        let host = only(headers, &header::HOST);
        if host != Some(self.host.as_str()) {
            return Err(Closed::OtherHost);
        }
        Ok(())
    }

    /// Whether the request comes from the page itself, in the browser that entered.
    pub(crate) fn admits<B>(&self, request: &Request<B>) -> Result<(), Closed> {
        let headers = request.headers();
        let safe = matches!(*request.method(), Method::GET | Method::HEAD);
        let site = HeaderName::from_static("sec-fetch-site");
        let from_here = match only(headers, &site) {
            Some(site) => site == "same-origin" || (safe && site == "none"),
            None => !headers.contains_key(&site),
        };
        let origin = match only(headers, &header::ORIGIN) {
            Some(origin) => origin == self.origin,
            // Browsers say it with everything that changes something.
            None => safe && !headers.contains_key(header::ORIGIN),
        };
        if !from_here || !origin {
            return Err(Closed::OtherOrigin);
        }
        if self.has_session(headers) {
            Ok(())
        } else {
            Err(Closed::NoSession)
        }
    }

    fn has_session(&self, headers: &HeaderMap) -> bool {
        cookies(headers).any(|(name, value)| name == self.cookie && same(value, &self.session))
    }

    /// A name for a person that can stand in an address: browsers keep those.
    pub(crate) fn alias(&self, person: &[u8]) -> String {
        let tag = hmac::sign(&self.alias, person);
        hex::encode(tag.as_ref().get(..8).unwrap_or_default())
    }
}

/// The cookies of a request.
pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

/// A header's value if it stands there once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).into_iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn token() -> Result<String, Unspecified> {
    let mut bytes = [0; TOKEN_BYTES];
    rand::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

/// Compared by digests, so that the time taken tells nothing.
fn same(presented: &str, secret: &str) -> bool {
    let digest = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
    verify_slices_are_equal(digest(presented).as_ref(), digest(secret).as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> Door {
        Door::new("127.0.0.1:4711".parse().unwrap()).unwrap()
    }

    fn other_door() -> Door {
        door()
    }

    fn request(method: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    fn session(door: &Door) -> String {
        let cookie = door.enter(&door.entrance.clone()).unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
        cookie.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn the_entrance_is_good_once() {
        let door = door();
        let (origin, token) = door
            .entrance()
            .rsplit_once("/enter/")
            .map(|(o, t)| (o.to_owned(), t.to_owned()))
            .unwrap();
        assert_eq!(origin, "http://127.0.0.1:4711");
        assert_eq!(token.len(), 64);
        assert_eq!(door.enter("").unwrap_err(), Closed::NoEntrance);
        assert_eq!(door.enter(&token[..63]).unwrap_err(), Closed::NoEntrance);
        door.enter(&token).unwrap();
        assert_eq!(door.enter(&token).unwrap_err(), Closed::NoEntrance);
        assert_ne!(other_door().entrance(), door.entrance());
    }

    #[test]
    fn only_the_pages_own_name_is_answered() {
        let door = door();
        door.meant(&request("GET", &[("host", "127.0.0.1:4711")]))
            .unwrap();
        for host in [
            &[][..],
            &[("host", "localhost:4711")],
            &[("host", "evil.example:4711")],
            &[("host", "127.0.0.1")],
            &[("host", "127.0.0.1:4712")],
            &[("host", "127.0.0.1:4711"), ("host", "evil.example")],
        ] {
            let refused = door.meant(&request("GET", host)).unwrap_err();
            assert_eq!(refused, Closed::OtherHost, "{host:?}");
        }
    }

    #[test]
    fn another_pages_request_is_refused() {
        let door = door();
        let cookie = session(&door);
        let cookie = ("cookie", cookie.as_str());
        let own = ("origin", "http://127.0.0.1:4711");
        let same = ("sec-fetch-site", "same-origin");
        for admitted in [
            request("GET", &[cookie]),
            request("GET", &[cookie, ("sec-fetch-site", "none")]),
            request("GET", &[cookie, same]),
            request("POST", &[cookie, own, same]),
            request("POST", &[cookie, own]),
        ] {
            assert_eq!(door.admits(&admitted), Ok(()), "{admitted:?}");
        }
        for (refused, why) in [
            (request("GET", &[]), Closed::NoSession),
            (
                request("GET", &[("cookie", "careplan-office-4711=")]),
                Closed::NoSession,
            ),
            (request("POST", &[own, same]), Closed::NoSession),
            (request("POST", &[cookie]), Closed::OtherOrigin),
            (request("POST", &[cookie, same]), Closed::OtherOrigin),
            (
                request("POST", &[cookie, ("origin", "http://127.0.0.1:8080")]),
                Closed::OtherOrigin,
            ),
            (
                request("POST", &[cookie, ("origin", "null")]),
                Closed::OtherOrigin,
            ),
            (request("POST", &[cookie, own, own]), Closed::OtherOrigin),
            (
                request("POST", &[cookie, own, ("sec-fetch-site", "none")]),
                Closed::OtherOrigin,
            ),
            (
                request("GET", &[cookie, ("sec-fetch-site", "cross-site")]),
                Closed::OtherOrigin,
            ),
            (
                request("GET", &[cookie, ("sec-fetch-site", "same-site")]),
                Closed::OtherOrigin,
            ),
            (
                request("GET", &[cookie, ("origin", "https://evil.example")]),
                Closed::OtherOrigin,
            ),
        ] {
            assert_eq!(door.admits(&refused), Err(why), "{refused:?}");
        }
    }

    #[test]
    fn persons_have_names_that_tell_nothing() {
        let door = door();
        assert_eq!(
            door.alias(b"1335940462428004"),
            door.alias(b"1335940462428004")
        );
        assert_ne!(
            door.alias(b"1335940462428004"),
            door.alias(b"1335940462428005")
        );
        assert_ne!(
            door.alias(b"1335940462428004"),
            other_door().alias(b"1335940462428004")
        );
    }
}
