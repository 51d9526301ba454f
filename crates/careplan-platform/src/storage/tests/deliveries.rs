//! The delivery service and the evidence log over a storage in which every operation fails once: what
//! was acknowledged holds, whoever got no answer asks again, and each sending has its evidence once.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use careplan_core::Sha256Digest;
use careplan_envelope::{
    Authority, CertificateKind, EnvelopeWriter, KeyAlgorithm, PrivateKey, SoftwareSigner, Validity,
    WriterOptions,
};
use careplan_licence::{Event as LicenceEvent, EventKind, FeeTable};
use careplan_protocol::{
    Confirmation, EvidenceEvent, IdempotencyKey, ListQuery, ProblemCode, Receipt, SendingId,
    SendingState,
};
use chrono::TimeDelta;
use tokio::io::AsyncReadExt;

use super::faults::Faults;
use super::fixture::{Fixture, key, noon, receiver, sender, sha256};
use crate::container::Form;
use crate::delivery::{Delivery, Order};
use crate::evidence::{EvidenceLog, Evidences, Notary};
use crate::licences::Licences;
use crate::metrics::Metrics;
use crate::problems::NotDone;
use crate::spool::UploadLimits;
use crate::storage::{Direction, Storage};
use crate::trust::TrustStore;
use crate::{ManualClock, Trust};

/// A delivery service over a storage, and a container to send.
struct Centre {
    delivery: Arc<Delivery>,
    log: Arc<EvidenceLog>,
    evidences: Evidences,
    container: Vec<u8>,
}

impl Centre {
    async fn new(fixture: &Fixture, storage: Arc<dyn Storage>) -> Self {
        let validity = Validity::days(noon() - TimeDelta::days(1), 100).unwrap();
        let mut authority =
            Authority::create("Test authority", KeyAlgorithm::EcdsaP256, validity).unwrap();
        let generate = || PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let key = generate();
        let operator = authority
            .issue_operator(&key, "Operations centre", validity)
            .unwrap();
        let operator = Arc::new(SoftwareSigner::new(key, vec![operator.certificate]).unwrap());
        let key = generate();
        let request = key.request_pem(sender()).unwrap();
        let kind = CertificateKind::CareDx;
        let issued = authority
            .issue_office(request.as_bytes(), sender(), kind, validity)
            .unwrap();
        let office = SoftwareSigner::new(key, vec![issued.certificate]).unwrap();
        for office in [sender(), receiver()] {
            register(&*storage, office).await;
        }
        let trust = Trust::in_authority(authority.certificate().clone());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let signer: Arc<dyn careplan_envelope::Signer> = operator;
        let delivery = Arc::new(Delivery {
            storage: Arc::clone(&storage),
            metrics: Arc::new(Metrics::new()),
            trust: Arc::new(TrustStore::new(trust, provider).unwrap()),
            notary: Notary::new(Arc::clone(&signer)),
            licences: Licences::new(Arc::clone(&storage), Arc::new(FeeTable::standard())),
            spool: crate::storage::spool(fixture.home.path()),
            upload: UploadLimits {
                bytes: u64::MAX,
                pause: Duration::from_secs(60),
                total: Duration::from_secs(600),
            },
            keep: TimeDelta::days(90),
        });
        let clock = Arc::new(ManualClock::at(noon()));
        let name = "evidence".parse().unwrap();
        let log = Arc::new(EvidenceLog::new(Arc::clone(&storage), signer, name, clock));
        log.begin(&delivery.trust.current().containers)
            .await
            .unwrap();
        Self {
            evidences: Evidences::new(storage, Arc::clone(&delivery), Arc::clone(&log)),
            delivery,
            log,
            container: container(&office),
        }
    }

    async fn send(&self, key: IdempotencyKey) -> Result<Receipt, NotDone> {
        let order = Order {
            sender: sender(),
            receiver: receiver(),
            key,
            form: Form::Open,
        };
        let body = Body::from(self.container.clone());
        self.delivery.send(order, body, noon()).await
    }

    async fn fetch(&self, sending: SendingId) -> Result<Vec<u8>, NotDone> {
        let (_, mut container) = self.delivery.fetch(receiver(), sending, noon()).await?;
        let mut content = Vec::new();
        container.read_to_end(&mut content).await.unwrap();
        Ok(content)
    }

    async fn confirm(&self, sending: SendingId, sha256: Sha256Digest) -> Result<(), NotDone> {
        let confirmation = Confirmation { sha256 };
        let confirmed = self
            .delivery
            .confirm(receiver(), sending, confirmation, noon())
            .await?;
        assert_eq!(confirmed.state, SendingState::Confirmed);
        Ok(())
    }

    /// What a sender and a receiver do, each asking until it is answered, then the log.
    async fn whole_way(&self) {
        let key = key();
        let receipt = loop {
            match self.send(key).await {
                Ok(receipt) => break receipt,
                Err(error) => passes(&error),
            }
        };
        // The same answer to who asks again.
        loop {
            match self.send(key).await {
                Ok(again) => break assert_eq!(again, receipt),
                Err(error) => passes(&error),
            }
        }
        loop {
            match self.fetch(receipt.sending).await {
                Ok(content) => break assert_eq!(content, self.container),
                Err(error) => passes(&error),
            }
        }
        while let Err(error) = self.confirm(receipt.sending, receipt.sha256).await {
            passes(&error);
        }
        while let Err(error) = self.log.take_in().await {
            // The fault, however deep below.
            assert!(error.to_string().contains("No space left"), "{error}");
        }
    }

    /// The places in the log that the receipts of a sending have.
    async fn entries(&self, sending: SendingId) -> Vec<u64> {
        let list = self.evidences.list(sender(), sending).await.unwrap();
        let events: Vec<_> = list.items.iter().map(|item| item.event).collect();
        let whole_way = [
            EvidenceEvent::Accepted,
            EvidenceEvent::MadeAvailable,
            EvidenceEvent::Received,
        ];
        assert_eq!(events, whole_way);
        list.items.iter().map(|item| item.entry.unwrap()).collect()
    }
}

/// What a caller is told while something fails: to come again.
fn passes(error: &NotDone) {
    match error {
        NotDone::Storage(_) => {}
        NotDone::Refused(problem) => {
            assert_eq!(problem.known_code(), Some(ProblemCode::ServiceUnavailable));
        }
    }
}

async fn register(storage: &dyn Storage, office: careplan_core::OfficeNumber) {
    let by = format!("KJ00{}", office.as_str()).parse().unwrap();
    let at = noon() - TimeDelta::days(1);
    let events = [
        EventKind::Applied {
            by,
            years: 1.try_into().unwrap(),
        },
        EventKind::Consented {
            by,
            terms: "2026-04".parse().unwrap(),
            read_to_end: true,
        },
    ]
    .map(|what| LicenceEvent { at, what });
    storage.register_office(office, at).await.unwrap();
    let appended = storage
        .append_licence_events(office, 0, events.into())
        .await;
    assert!(appended.unwrap());
}

/// The sample month set, signed.
fn container(signer: &SoftwareSigner) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/month-set");
    let mut writer =
        EnvelopeWriter::new(Cursor::new(Vec::new()), WriterOptions::default()).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let content = std::fs::read(&path).unwrap();
        writer.add(name, &mut content.as_slice()).unwrap();
    }
    writer.finish(signer, noon()).unwrap().1.into_inner()
}

pub(super) async fn whatever_fails_once_every_delivery_comes_to_its_end(fixture: Fixture) {
    let faults = Arc::new(Faults::default());
    faults.none();
    let centre = Centre::new(&fixture, fixture.open_with(&faults).await).await;
    faults.none();
    centre.whole_way().await;
    let operations = faults.operations();
    // Sending twice, fetching, confirming, the log: none of them with fewer than two.
    assert!(operations >= 10, "{operations}");
    let mut ways = 1;
    for failing in 0..operations {
        for after in [false, true] {
            faults.set(failing, after, false);
            centre.whole_way().await;
            faults.none();
            ways += 1;
        }
    }
    assert_eq!(centre.log.take_in().await.unwrap(), 0);
    let query = ListQuery {
        limit: careplan_protocol::PageSize::MAX,
        ..ListQuery::default()
    };
    let received = centre.delivery.list(receiver(), Direction::Received, query);
    let received = received.await.unwrap().items;
    assert_eq!(received.len(), ways);
    let mut entries = BTreeSet::new();
    for sending in &received {
        assert_eq!(sending.state, SendingState::Confirmed);
        assert_eq!(sending.sha256, sha256(&centre.container));
        let content = centre.fetch(sending.sending).await.unwrap();
        assert_eq!(content, centre.container);
        entries.extend(centre.entries(sending.sending).await);
    }
    // Every receipt has a place of its own, and there are no others.
    let all: BTreeSet<u64> = (0..).take(3 * ways).collect();
    assert_eq!(entries, all);
}
