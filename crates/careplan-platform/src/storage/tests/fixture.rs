//! Storages to test, each empty and of its own, and things to store.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use careplan_core::{OfficeNumber, SetKind, Sha256Digest};
use careplan_protocol::{
    Contents, Event, IdempotencyKey, SendingId, SendingState, SendingSummary, SetContents,
};
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use uuid::Uuid;

use super::faults::{Faults, Faulty};
use crate::metrics::Metrics;
use crate::spool::{self, Spooled, UploadLimits};
use crate::storage::sqlite::SqliteStorage;
use crate::storage::{Acceptance, NewReceipt, Storage, StorageChoice, StorageError, StoredSending};

const READERS: std::num::NonZeroUsize = std::num::NonZeroUsize::new(2).unwrap();

/// The care manager's office.
pub(super) fn sender() -> OfficeNumber {
    "1370948774".parse().unwrap()
}

/// The service office.
pub(super) fn receiver() -> OfficeNumber {
    "1375169671".parse().unwrap()
}

/// An office that has nothing to do with them.
pub(super) fn outsider() -> OfficeNumber {
    "1310000003".parse().unwrap()
}

pub(super) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).unwrap()
}

pub(super) fn key() -> IdempotencyKey {
    IdempotencyKey::new(Uuid::now_v7())
}

fn metrics() -> Arc<Metrics> {
    Arc::new(Metrics::new())
}

/// A place for storage, which can be opened more than once.
pub(super) struct Fixture {
    pub(super) choice: StorageChoice,
    pub(super) home: TempDir,
    _objects: Option<TempDir>,
}

impl Fixture {
    pub(super) fn embedded() -> Self {
        Self::new(StorageChoice::Embedded, None)
    }

    fn new(choice: StorageChoice, objects: Option<TempDir>) -> Self {
        Self {
            choice,
            home: tempfile::tempdir().unwrap(),
            _objects: objects,
        }
    }

    pub(super) async fn open(&self) -> Arc<dyn Storage> {
        crate::storage::open(self.choice.clone(), self.home.path(), READERS, metrics())
            .await
            .unwrap()
    }

    /// The storage, over an engine in which some things fail.
    pub(super) async fn open_with(&self, faults: &Arc<Faults>) -> Arc<dyn Storage> {
        let (home, faults) = (self.home.path(), Arc::clone(faults));
        match self.choice.clone() {
            StorageChoice::Embedded => {
                let engine = SqliteStorage::open(home, READERS, metrics()).unwrap();
                Arc::new(Faulty::new(engine, faults))
            }
            #[cfg(feature = "cluster")]
            StorageChoice::Cluster(config) => {
                let engine =
                    crate::storage::cluster::ClusterStorage::open(*config, home, metrics())
                        .await
                        .unwrap();
                Arc::new(Faulty::new(engine, faults))
            }
        }
    }

    /// An upload that is ready to be accepted.
    pub(super) async fn spool(&self, content: &[u8]) -> Spooled {
        let limits = UploadLimits {
            bytes: u64::MAX,
            pause: Duration::from_secs(60),
            total: Duration::from_secs(600),
        };
        let body = Body::from(content.to_owned());
        spool::receive(&crate::storage::spool(self.home.path()), body, limits)
            .await
            .unwrap()
    }

    /// Stores a sending from [`sender`] to [`receiver`].
    pub(super) async fn accept(
        &self,
        storage: &dyn Storage,
        key: IdempotencyKey,
        content: &[u8],
        receipts: Vec<NewReceipt>,
    ) -> Result<Acceptance, StorageError> {
        let sending = sending(key, content, noon());
        storage
            .accept(sending, receipts, self.spool(content).await)
            .await
    }

    /// Stores one that must be stored.
    pub(super) async fn stored(&self, storage: &dyn Storage, content: &[u8]) -> StoredSending {
        match self.accept(storage, key(), content, Vec::new()).await {
            Ok(Acceptance::Stored(sending)) => sending,
            other => panic!("{other:?}"),
        }
    }
}

#[cfg(all(feature = "cluster", unix))]
mod servers {
    use std::sync::{Arc, OnceLock};

    use object_store::aws::AmazonS3Builder;
    use object_store::path::Path;
    use test_servers::{Postgres, S3};

    use super::{Fixture, StorageChoice};
    use crate::storage::ClusterConfig;

    /// One for all tests of this process, with which it ends.
    static S3_SERVER: OnceLock<Option<S3>> = OnceLock::new();
    const BUCKET: &str = "containers";

    impl Fixture {
        pub(in super::super) fn postgresql_and_folder() -> Option<Self> {
            let postgres = Postgres::shared()?;
            let objects = tempfile::tempdir().unwrap();
            let url = format!("file://{}", objects.path().display());
            let config = ClusterConfig::new(&postgres.database(), &url).unwrap();
            Some(Self::new(
                StorageChoice::Cluster(Box::new(config)),
                Some(objects),
            ))
        }

        pub(in super::super) fn postgresql_and_s3() -> Option<Self> {
            let postgres = Postgres::shared()?;
            let started = || {
                let server = S3::start()?;
                server.make_bucket(BUCKET);
                Some(server)
            };
            let s3 = S3_SERVER.get_or_init(started).as_ref()?;
            let store = AmazonS3Builder::new()
                .with_endpoint(s3.endpoint())
                .with_allow_http(true)
                .with_region("ap-northeast-1")
                .with_access_key_id("test")
                .with_secret_access_key("test")
                .with_bucket_name(BUCKET)
                .build()
                .unwrap();
            // A prefix each, as the tests run beside one another.
            let prefix = Path::from(uuid::Uuid::now_v7().to_string());
            let config =
                ClusterConfig::with_store(&postgres.database(), Arc::new(store), prefix).unwrap();
            Some(Self::new(StorageChoice::Cluster(Box::new(config)), None))
        }
    }
}

/// A sending as the platform makes it, released to the receiver.
pub(super) fn sending(key: IdempotencyKey, content: &[u8], at: DateTime<Utc>) -> StoredSending {
    let seconds = u64::try_from(at.timestamp()).unwrap();
    let number = uuid::Timestamp::from_unix(uuid::NoContext, seconds, at.timestamp_subsec_nanos());
    let mut sending = StoredSending {
        idempotency_key: key,
        summary: SendingSummary {
            sending: SendingId::new(Uuid::new_v7(number)),
            sender: sender(),
            receiver: receiver(),
            contents: Contents::Open(SetContents {
                set: SetKind::MonthlyPlan,
                month: Some("202610".parse().unwrap()),
                sequence: "20260921113320".parse().unwrap(),
                files: 3,
            }),
            sha256: sha256(content),
            bytes: content.len() as u64,
            state: SendingState::Accepted,
            accepted_at: at,
            fetched_at: None,
            settled_at: None,
            expires_at: at + TimeDelta::days(90),
        },
    };
    sending.apply(Event::Release, at).unwrap();
    sending
}

pub(super) fn sha256(content: &[u8]) -> Sha256Digest {
    Sha256Digest::new(digest(&SHA256, content).as_ref().try_into().unwrap())
}

/// The content of a stored container.
pub(super) async fn content(storage: &dyn Storage, sending: &StoredSending) -> Vec<u8> {
    let mut content = Vec::new();
    let mut container = storage.open_container(sending).await.unwrap();
    container.read_to_end(&mut content).await.unwrap();
    content
}
