//! What a platform is started with.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use careplan_envelope::evidence::EvidenceName;
use careplan_envelope::{CertificateProfile, Signer};
use careplan_licence::FeeTable;
use chrono::TimeDelta;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use tokio::sync::Semaphore;

use crate::{Clock, OperationsConfig, Rate, SiteConfig, StorageChoice, SystemClock};

/// What a platform is started with.
#[non_exhaustive]
pub struct PlatformConfig {
    /// Folder of the database and the containers, and of uploads under way; made if it is not there.
    pub home: PathBuf,
    /// Address to listen on; port 0 takes a free one, see
    /// [`Platform::address`](crate::Platform::address).
    pub listen: SocketAddr,
    /// What the platform shows to its callers.
    pub identity: ServerIdentity,
    /// Which offices' certificates it believes.
    pub trust: Trust,
    /// What receipts and the log's checkpoints are signed with.
    pub evidence: EvidenceConfig,
    /// Bounds on what callers can take.
    pub limits: Limits,
    /// How long a sending can be fetched and confirmed; 90 days by default.
    pub keep: TimeDelta,
    /// How long the container of a sending is kept after it was confirmed, expired or withdrawn;
    /// 30 days by default.
    pub keep_settled: TimeDelta,
    /// How long the lines of the access log are kept; 1,825 days by default.
    pub keep_accesses: TimeDelta,
    /// Where operators ask after health and metrics; nowhere by default.
    pub operations: Option<OperationsConfig>,
    /// Where sendings are kept; in the home by default.
    pub storage: StorageChoice,
    /// Connections that read the embedded database; 4 by default.
    pub readers: NonZeroUsize,
    /// Where the time comes from; the operating system by default.
    pub clock: Arc<dyn Clock>,
    /// What licences cost, by date; the public notices' table by default.
    pub fees: FeeTable,
    /// The web site, if the platform serves one; none by default.
    pub site: Option<SiteConfig>,
}

impl PlatformConfig {
    /// A platform on a free loopback port, everything else as by default.
    #[must_use]
    pub fn new(
        home: impl Into<PathBuf>,
        identity: ServerIdentity,
        trust: Trust,
        evidence: EvidenceConfig,
    ) -> Self {
        Self {
            home: home.into(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            identity,
            trust,
            evidence,
            limits: Limits::default(),
            keep: TimeDelta::days(90),
            storage: StorageChoice::default(),
            keep_settled: TimeDelta::days(30),
            keep_accesses: TimeDelta::days(1825),
            operations: None,
            readers: const { NonZeroUsize::new(4).unwrap() },
            clock: Arc::new(SystemClock),
            fees: FeeTable::standard(),
            site: None,
        }
    }
}

impl fmt::Debug for PlatformConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlatformConfig")
            .field("home", &self.home)
            .field("listen", &self.listen)
            .field("trust", &self.trust)
            .field("evidence", &self.evidence)
            .field("limits", &self.limits)
            .field("keep", &self.keep)
            .field("storage", &self.storage)
            .field("keep_settled", &self.keep_settled)
            .field("keep_accesses", &self.keep_accesses)
            .field("operations", &self.operations)
            .field("readers", &self.readers)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

/// The platform's TLS certificate and its key.
pub struct ServerIdentity {
    /// The certificate, then the intermediates up to but without the root.
    pub chain: Vec<CertificateDer<'static>>,
    /// The certificate's private key.
    pub key: PrivateKeyDer<'static>,
}

impl Clone for ServerIdentity {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

impl fmt::Debug for ServerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerIdentity(key hidden)")
    }
}

/// How evidence is made: receipts of what becomes of sendings, and the log of them.
#[derive(Clone)]
#[non_exhaustive]
pub struct EvidenceConfig {
    /// Signs with the operator's certificate, which must be valid under the [`Trust`] of the
    /// platform, so that offices can verify what it signs as they verify each other's containers.
    pub signer: Arc<dyn Signer>,
    /// The log's name, in every checkpoint; `evidence` by default. It stays the same for the life
    /// of the log.
    pub log: EvidenceName,
    /// How long a receipt may wait until the log takes it in; a second by default.
    pub merge_delay: Duration,
}

impl EvidenceConfig {
    /// Evidence signed by a signer, everything else as by default.
    ///
    /// # Panics
    /// Never: the log's default name is a name.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the text is a name")]
    pub fn signed_by(signer: Arc<dyn Signer>) -> Self {
        Self {
            signer,
            log: "evidence".parse().expect("a name of lower-case letters"),
            merge_delay: Duration::from_secs(1),
        }
    }
}

impl fmt::Debug for EvidenceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvidenceConfig")
            .field("log", &self.log)
            .field("merge_delay", &self.merge_delay)
            .finish_non_exhaustive()
    }
}

/// Which offices' certificates are believed, in the TLS handshake and in containers alike.
#[derive(Clone)]
pub struct Trust {
    /// The authorities that issue offices' certificates.
    pub anchors: Vec<CertificateDer<'static>>,
    /// Their revocation lists. If there is any, every certificate must be covered by one in date.
    pub revocation_lists: Vec<CertificateRevocationListDer<'static>>,
    /// Where kind and office number stand in a certificate.
    pub profile: CertificateProfile,
}

impl Trust {
    /// Believes one authority, whose certificates are as the default profile says.
    #[must_use]
    pub fn in_authority(anchor: CertificateDer<'static>) -> Self {
        Self {
            anchors: vec![anchor],
            revocation_lists: Vec::new(),
            profile: CertificateProfile::default(),
        }
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("anchors", &self.anchors.len())
            .field("revocation_lists", &self.revocation_lists.len())
            .field("profile", &self.profile)
            .finish()
    }
}

/// Bounds on what callers can take, so that none of them keeps the others from being served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections at a time; further ones wait to be accepted.
    pub connections: usize,
    /// Time for the TLS handshake.
    pub handshake: Duration,
    /// Time for the head of a request, counted from the end of the one before: also how long an
    /// idle connection is kept.
    pub head: Duration,
    /// Size of the head of a request, in bytes, at least 8,192.
    pub head_bytes: usize,
    /// Headers in a request.
    pub headers: usize,
    /// Size of a JSON body, in bytes.
    pub json_bytes: usize,
    /// Size of a container, in bytes.
    pub container_bytes: u64,
    /// The longest pause in a body, in either direction.
    pub pause: Duration,
    /// Time for a whole body; must stay below an hour.
    pub upload: Duration,
    /// Passwords hashed at a time; each takes a core and keeps about 60 MB.
    pub hashing: usize,
    /// Calls of an office.
    pub calls_per_office: Rate,
    /// Log-ins, refreshes and changes of passwords from an address.
    pub log_ins_per_address: Rate,
}

impl Limits {
    /// The limits, with values no server can work with replaced by the nearest that it can.
    pub(crate) fn within_reason(self) -> Self {
        Self {
            connections: self.connections.clamp(1, Semaphore::MAX_PERMITS),
            // What hyper takes as the least.
            head_bytes: self.head_bytes.max(8192),
            hashing: self.hashing.clamp(1, Semaphore::MAX_PERMITS),
            ..self
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(60),
            head_bytes: 16 * 1024,
            headers: 64,
            json_bytes: 16 * 1024,
            container_bytes: 512 * 1024 * 1024,
            pause: Duration::from_secs(30),
            upload: Duration::from_secs(30 * 60),
            hashing: 2,
            calls_per_office: Rate {
                burst: 2000,
                interval: Duration::from_millis(2),
            },
            log_ins_per_address: Rate {
                burst: 500,
                interval: Duration::from_millis(50),
            },
        }
    }
}
