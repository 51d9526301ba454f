//! Whom the platform believes: the verifier of client certificates in the handshake and the one of
//! containers, made from the same anchors and revocation lists, replaceable while serving.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use careplan_core::{Explain, OfficeNumber};
use careplan_envelope::Verifier;
use careplan_protocol::{Problem, ProblemCode};
use chrono::{DateTime, TimeDelta, Utc};
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use crate::dates::Dates;
use crate::{StartError, Trust};

/// How long a connection is believed before its certificate is looked at again: it may have
/// expired since the handshake.
const RECHECK: TimeDelta = TimeDelta::minutes(5);

/// Anchors and revocation lists as they are used.
pub(crate) struct TrustInForce {
    pub(crate) clients: Arc<dyn ClientCertVerifier>,
    pub(crate) containers: Verifier,
    trust: Trust,
    anchor_dates: Dates,
    list_dates: Dates,
    generation: u64,
}

impl TrustInForce {
    fn new(
        trust: Trust,
        provider: &Arc<CryptoProvider>,
        generation: u64,
    ) -> Result<Self, StartError> {
        let mut roots = RootCertStore::empty();
        for anchor in &trust.anchors {
            roots.add(anchor.clone()).map_err(StartError::trust)?;
        }
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
                .with_crls(trust.revocation_lists.iter().cloned())
                // As the verifier of containers does: an outdated list says nothing.
                .enforce_revocation_expiration()
                .build()
                .map_err(StartError::trust)?;
        let mut containers = Verifier::builder().profile(trust.profile.clone());
        for anchor in &trust.anchors {
            containers = containers.trust_anchor(anchor).map_err(StartError::trust)?;
        }
        for list in &trust.revocation_lists {
            containers = containers.crl(list).map_err(StartError::trust)?;
        }
        Ok(Self {
            clients,
            containers: containers.build().map_err(StartError::trust)?,
            anchor_dates: Dates::of_certificates(&trust.anchors),
            list_dates: Dates::of_lists(&trust.revocation_lists),
            trust,
            generation,
        })
    }

    /// Whether a chain is valid now, and its certificate an office's that may be used here.
    pub(crate) fn is_office(
        &self,
        chain: &[CertificateDer<'_>],
        office: OfficeNumber,
        now: DateTime<Utc>,
    ) -> bool {
        self.is_valid(chain, now)
            && chain.first().is_some_and(|end_entity| {
                let certificate = self.trust.profile.office_of(end_entity);
                certificate.is_ok_and(|certificate| certificate.office == office)
            })
    }

    fn is_valid(&self, chain: &[CertificateDer<'_>], now: DateTime<Utc>) -> bool {
        chain
            .split_first()
            .zip(unix_time(now))
            .is_some_and(|((end_entity, intermediates), now)| {
                self.clients
                    .verify_client_cert(end_entity, intermediates, now)
                    .is_ok()
            })
    }
}

impl TrustInForce {
    /// When all anchors are good.
    pub(crate) const fn anchor_dates(&self) -> Dates {
        self.anchor_dates
    }

    /// When all revocation lists are good.
    pub(crate) const fn list_dates(&self) -> Dates {
        self.list_dates
    }
}

/// The trust in force now.
pub(crate) struct TrustStore {
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<TrustInForce>>,
}

impl TrustStore {
    pub(crate) fn new(trust: Trust, provider: Arc<CryptoProvider>) -> Result<Self, StartError> {
        let current = TrustInForce::new(trust, &provider, 0)?;
        Ok(Self {
            provider,
            current: RwLock::new(Arc::new(current)),
        })
    }

    pub(crate) fn current(&self) -> Arc<TrustInForce> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the trust; open connections are judged by the new one from their next request on.
    pub(crate) fn replace(&self, trust: Trust) -> Result<(), StartError> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(TrustInForce::new(
            trust,
            &self.provider,
            current.generation + 1,
        )?);
        Ok(())
    }
}

/// Who is at the other end of a connection.
pub(crate) struct Peer {
    chain: Vec<CertificateDer<'static>>,
    checked: Mutex<Checked>,
}

/// What was found when the certificate was last looked at.
#[derive(Clone)]
struct Checked {
    generation: u64,
    at: DateTime<Utc>,
    office: Result<OfficeNumber, Box<Problem>>,
}

impl Peer {
    /// The peer of a connection whose chain the handshake has just accepted under `trust`.
    pub(crate) fn after_handshake(
        chain: Vec<CertificateDer<'static>>,
        trust: &TrustInForce,
        now: DateTime<Utc>,
    ) -> Self {
        let checked = Checked {
            generation: trust.generation,
            at: now,
            office: office_of(&chain, trust),
        };
        Self {
            chain,
            checked: Mutex::new(checked),
        }
    }

    /// What the connection showed: the certificate first.
    pub(crate) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The office of the certificate, or the problem to answer with.
    ///
    /// The certificate's path is validated again after the trust was replaced, and every few
    /// minutes.
    pub(crate) fn office(
        &self,
        trust: &TrustStore,
        now: DateTime<Utc>,
    ) -> Result<OfficeNumber, Box<Problem>> {
        let trust = trust.current();
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.generation != trust.generation || now - checked.at >= RECHECK {
            *checked = Checked {
                generation: trust.generation,
                at: now,
                office: self.still_valid(&trust, now),
            };
        }
        checked.office.clone()
    }

    fn still_valid(
        &self,
        trust: &TrustInForce,
        now: DateTime<Utc>,
    ) -> Result<OfficeNumber, Box<Problem>> {
        if trust.is_valid(&self.chain, now) {
            office_of(&self.chain, trust)
        } else {
            Err(Box::new(ProblemCode::CertificateRefused.into()))
        }
    }
}

fn office_of(
    chain: &[CertificateDer<'static>],
    trust: &TrustInForce,
) -> Result<OfficeNumber, Box<Problem>> {
    let Some(end_entity) = chain.first() else {
        return Err(Box::new(ProblemCode::CertificateRefused.into()));
    };
    match trust.trust.profile.office_of(end_entity) {
        Ok(certificate) => Ok(certificate.office),
        Err(refused) => Err(Box::new(refused_because(&refused))),
    }
}

fn refused_because(reason: &impl Explain) -> Problem {
    Problem::new(ProblemCode::CertificateRefused).because(reason)
}

/// The time as rustls takes it; `None` before 1970.
pub(crate) fn unix_time(at: DateTime<Utc>) -> Option<UnixTime> {
    let seconds = u64::try_from(at.timestamp()).ok()?;
    Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
        seconds,
    )))
}
