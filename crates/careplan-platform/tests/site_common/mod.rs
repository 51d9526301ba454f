//! A platform with a web site, and a visitor without a browser: cookies, forms, what comes back.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use careplan_core::OfficeNumber;
use careplan_envelope::{Authority, CertificateKind, KeyAlgorithm, Validity};
use careplan_licence::FeeTable;
use careplan_platform::{
    Administration, ClientDownload, PasswordValidity, PlatformConfig, SiteConfig,
};
use careplan_protocol::UserId;
use chrono::{DateTime, TimeDelta, Utc};
use ureq::http::{HeaderMap, Request};

use crate::common::{PASSWORD, World};

/// A year for 21,000 yen, whenever it begins.
const FEES: &str = r#"
[[period]]
from = "2023-04-01"
fee = 21000
name_ja = "試験料金"
name_en = "test fee"
sources = ["made for these tests"]
"#;

/// The terms the repository has as an example.
pub const TERMS: &str = include_str!("../../data/terms.example.txt");

/// What the client file of these tests holds.
pub const CLIENT: &[u8] = b"MZ this is no program\n";

/// A world whose platform serves a site, with its authority, terms, a client and fees.
pub fn world_with_site() -> World {
    with_terms(World::with(site))
}

/// The same with the platform's clock somewhere else.
pub fn world_with_site_at(start: &str) -> World {
    with_terms(World::starting_at(site, start.parse().unwrap()))
}

fn with_terms(world: World) -> World {
    let operator = world.platform().administration();
    let from = "2023-04-01".parse().unwrap();
    operator
        .add_terms("第1版".parse().unwrap(), from, TERMS)
        .unwrap();
    world
}

/// Adds a site to a platform.
pub fn site(config: &mut PlatformConfig) {
    let folder = authority_folder(&config.home);
    if !folder.exists() {
        let from = config.clock.now() - TimeDelta::days(1);
        let validity = Validity::days(from, 5000).unwrap();
        let name = "Authority of the site";
        let mut authority = Authority::create(name, KeyAlgorithm::EcdsaP256, validity).unwrap();
        authority.save(&folder).unwrap();
    }
    let anchor = std::fs::read(folder.join("authority.pem")).unwrap();
    let anchor = careplan_envelope::pem::certificates(&anchor).unwrap();
    config.trust.anchors.extend(anchor);
    let client = config.home.join("careplan-client-1.0.exe");
    std::fs::write(&client, CLIENT).unwrap();
    let mut site = SiteConfig::new(config.identity.clone());
    site.authority = Some(folder);
    // As the real one: offered from 14 April 2023.
    site.client = Some(ClientDownload::new(
        client,
        "1.0",
        "2023-04-14".parse().unwrap(),
    ));
    site.contact = "運用センター 0120-000-000（平日 9:00～17:00）".into();
    config.site = Some(site);
    config.fees = FeeTable::from_toml(FEES).unwrap();
}

pub fn authority_folder(home: &std::path::Path) -> PathBuf {
    home.join("site-authority")
}

/// An issue password for an office, as the operator sends it.
pub fn issue_password(world: &World, office: &str, until: DateTime<Utc>) -> String {
    let folder = authority_folder(world.home.path());
    let mut authority = Authority::open(&folder).unwrap();
    let password = authority
        .invite(office.parse().unwrap(), CertificateKind::CareDx, until)
        .unwrap();
    password.to_string()
}

/// The user ID of an office in these tests.
pub fn user_of(office: &str) -> String {
    format!("KJ00{office}")
}

/// An office with an account and nothing else.
pub fn account(world: &World, office: &str, validity: PasswordValidity) {
    let number: OfficeNumber = office.parse().unwrap();
    let user: UserId = user_of(office).parse().unwrap();
    let operator = world.platform().administration();
    operator.register_office(number).unwrap();
    operator
        .set_password(number, user, &PASSWORD.parse().unwrap(), validity)
        .unwrap();
}

pub fn operator(world: &World) -> &Administration {
    world.platform().administration()
}

/// Somebody at the site, without a browser.
pub struct Visitor {
    agent: ureq::Agent,
    base: String,
    cookies: BTreeMap<String, String>,
    /// The token of the forms of the last page.
    pub token: String,
    /// Headers to send along.
    pub headers: Vec<(&'static str, String)>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Where a form leads to when it was done.
    #[track_caller]
    pub fn leads_to(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.text());
        self.header("location")
    }

    #[track_caller]
    pub fn page(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text());
        self.text()
    }

    /// The value of a hidden field.
    #[track_caller]
    pub fn hidden(&self, name: &str) -> String {
        let text = self.text();
        between(&text, &format!("name=\"{name}\" value=\""), "\"")
            .unwrap_or_else(|| panic!("no {name} in {text}"))
            .to_owned()
    }
}

pub fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

impl Visitor {
    pub fn of(world: &World) -> Self {
        let base = format!("https://{}", world.platform().site_address().unwrap());
        Self {
            agent: world.agent(None),
            base,
            cookies: BTreeMap::new(),
            token: String::new(),
            headers: Vec::new(),
        }
    }

    /// Somebody logged in.
    pub fn logged_in(world: &World, office: &str) -> Self {
        let mut visitor = Self::of(world);
        assert_eq!(
            visitor.log_in(&user_of(office), PASSWORD).leads_to(),
            "/top"
        );
        visitor.get("/top");
        visitor
    }

    pub fn log_in(&mut self, user: &str, password: &str) -> Answer {
        self.get("/log-in");
        self.post("/log-in", &[("user", user), ("password", password)])
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    /// Submits a form with the token of the last page.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token.clone();
        let mut all = vec![("token", token.as_str())];
        all.extend_from_slice(fields);
        self.post_as_it_is(path, &all)
    }

    /// Submits a form with these fields and no others.
    pub fn post_as_it_is(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(fields).unwrap().into_bytes();
        let content = ("application/x-www-form-urlencoded".to_owned(), body);
        self.send("POST", path, Some(content))
    }

    /// Submits a form with a file.
    pub fn upload(&mut self, path: &str, fields: &[(&str, &[u8])]) -> Answer {
        let token = self.token.clone();
        let mut body = Vec::new();
        let mut part = |name: &str, content: &[u8]| {
            let file = if name == "request" {
                "; filename=\"request.csr\""
            } else {
                ""
            };
            let head =
                format!("--limit\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        };
        part("token", token.as_bytes());
        for (name, content) in fields {
            part(name, content);
        }
        body.extend_from_slice(b"--limit--\r\n");
        let content = ("multipart/form-data; boundary=limit".to_owned(), body);
        self.send("POST", path, Some(content))
    }

    fn send(&mut self, method: &str, path: &str, content: Option<(String, Vec<u8>)>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        if !self.cookies.is_empty() {
            let cookies: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = match content {
            Some((kind, body)) => {
                let request = request.header("content-type", kind);
                self.agent.run(request.body(body.as_slice()).unwrap())
            }
            None => self.agent.run(request.body(()).unwrap()),
        }
        .unwrap();
        let (parts, mut body) = response.into_parts();
        for cookie in parts.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (pair, _) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        let answer = Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.read_to_vec().unwrap(),
        };
        if answer.header("content-type").starts_with("text/html")
            && let Some(token) = between(&answer.text(), "name=\"token\" value=\"", "\"")
        {
            token.clone_into(&mut self.token);
        }
        answer
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.into(), value.into());
    }

    /// Applies for some years and goes to the terms.
    pub fn apply(&mut self, years: &str) {
        self.get("/application");
        let answer = self.post("/application", &[("years", years)]);
        assert_eq!(answer.leads_to(), "/terms");
    }

    /// Reads the terms part by part; the last page.
    pub fn read_terms(&mut self) -> Answer {
        let mut page = self.get("/terms");
        loop {
            let text = page.page();
            let Some(next) = between(&text, "data-next href=\"", "\"") else {
                return page;
            };
            let next = next.replace("&amp;", "&");
            page = self.get(&next);
        }
    }

    /// Consents with what the last page of the terms holds.
    pub fn consent(&mut self, last: &Answer) -> Answer {
        let (edition, proof) = (last.hidden("edition"), last.hidden("proof"));
        self.post("/terms", &[("edition", &edition), ("proof", &proof)])
    }
}
