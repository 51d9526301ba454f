//! What the web site is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveDate;

use crate::ServerIdentity;

/// What the web site is started with.
#[derive(Debug)]
#[non_exhaustive]
pub struct SiteConfig {
    /// Address to listen on; port 0 takes a free one, see
    /// [`Platform::site_address`](crate::Platform::site_address).
    pub listen: SocketAddr,
    /// What the site shows to browsers: a certificate they trust.
    pub identity: ServerIdentity,
    /// Folder of the authority that issues certificates at the site; without one, offices are told
    /// to ask the operations centre.
    pub authority: Option<PathBuf>,
    /// For how many days a certificate is issued; 730 by default.
    pub certificate_days: u16,
    /// The office client to download; none by default.
    pub client: Option<ClientDownload>,
    /// How to reach the operations centre, in words, for the bottom of every page.
    pub contact: String,
    /// Bounds on what one caller can take.
    pub limits: SiteLimits,
}

impl SiteConfig {
    /// A site on a free loopback port, everything else as by default.
    #[must_use]
    pub fn new(identity: ServerIdentity) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            identity,
            authority: None,
            certificate_days: 730,
            client: None,
            contact: String::new(),
            limits: SiteLimits::default(),
        }
    }
}

/// The office client that is offered for download.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientDownload {
    /// The file. Its SHA-256 sum is taken by the site and shown.
    pub file: PathBuf,
    /// The version, as it is shown.
    pub version: String,
    /// The first day on which it is offered.
    pub from: NaiveDate,
}

impl ClientDownload {
    /// A file that is offered from a day on.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>, version: impl Into<String>, from: NaiveDate) -> Self {
        Self {
            file: file.into(),
            version: version.into(),
            from,
        }
    }
}

/// Bounds on what one address can take of the site: so many requests at once, and then one each
/// time the interval has passed.
///
/// Several offices may share an address, so these are far above what one person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SiteLimits {
    /// Requests of any kind at once; 300 by default.
    pub requests: NonZeroU32,
    /// The interval of further ones; 50 milliseconds by default.
    pub request_interval: Duration,
    /// Log-ins, password changes and issue passwords at once; 30 by default.
    pub secrets: NonZeroU32,
    /// The interval of further ones; 4 seconds by default.
    pub secret_interval: Duration,
}

impl Default for SiteLimits {
    fn default() -> Self {
        Self {
            requests: const { NonZeroU32::new(300).unwrap() },
            request_interval: Duration::from_millis(50),
            secrets: const { NonZeroU32::new(30).unwrap() },
            secret_interval: Duration::from_secs(4),
        }
    }
}
