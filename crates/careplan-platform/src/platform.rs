//! Starting and stopping a platform, from a program that need not be async itself.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use careplan_licence::FeeTable;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::accept::{self, Reception};
use crate::administration::Administration;
use crate::api::{self, App};
use crate::auth::Doorkeeper;
use crate::clock::recorded_now;
use crate::delivery::Delivery;
use crate::spool::UploadLimits;
use crate::storage::sqlite::{ServingLock, SqliteStorage};
use crate::storage::{Storage, StorageError};
use crate::trust::TrustStore;
use crate::{Clock, PlatformConfig, StartError, Trust, tls};

/// How often sendings that are overdue are expired and sessions that are over forgotten.
const SWEEP: Duration = Duration::from_secs(60);
/// How long a kill waits for a thread that is in the middle of a system call.
const LAST_SYSTEM_CALL: Duration = Duration::from_secs(10);

/// A platform that serves.
///
/// Dropping it is [`kill`](Self::kill): what it acknowledged is safe, what was under way is cut
/// off. [`stop`](Self::stop) lets calls under way finish first.
pub struct Platform {
    address: SocketAddr,
    administration: Administration,
    storage: Arc<dyn Storage>,
    trust: Arc<TrustStore>,
    clock: Arc<dyn Clock>,
    stopping: watch::Sender<Option<Duration>>,
    serving: JoinHandle<bool>,
    handle: Handle,
    // The last fields, dropped in this order: first the threads end, then the home is free.
    _runtime: RunningRuntime,
    _lock: ServingLock,
}

/// A runtime whose tasks are cut off when it is dropped.
struct RunningRuntime(Option<Runtime>);

impl Drop for RunningRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(LAST_SYSTEM_CALL);
        }
    }
}

impl Platform {
    /// Starts a platform and returns when it listens.
    ///
    /// What a crash left of uploads under way is removed first; what was acknowledged is there.
    ///
    /// # Errors
    /// If the home, the address, the identity or the trust cannot be used.
    pub fn start(mut config: PlatformConfig) -> Result<Self, StartError> {
        config.limits = config.limits.within_reason();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("platform")
            .enable_all()
            .build()
            .map_err(StartError::system)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let trust = Arc::new(TrustStore::new(config.trust, provider)?);
        // Tried once before anything is touched; made anew when the trust is replaced.
        tls::server_config(
            &config.identity,
            &trust.current(),
            Arc::clone(&config.clock),
        )?;
        let sqlite = SqliteStorage::open(&config.home, config.readers)?;
        let lock = sqlite.lock_for_serving()?;
        let spool = sqlite.spool();
        let storage: Arc<dyn Storage> = Arc::new(sqlite);
        let removed = runtime.block_on(storage.recover())?;
        if removed > 0 {
            tracing::info!(removed, "removed what interrupted uploads had left");
        }
        let fees = Arc::new(FeeTable::standard());
        let app = App {
            doorkeeper: Doorkeeper::new(Arc::clone(&storage), config.limits.hashing)
                .map_err(StartError::system)?,
            delivery: Delivery {
                storage: Arc::clone(&storage),
                trust: Arc::clone(&trust),
                fees: Arc::clone(&fees),
                spool,
                upload: UploadLimits {
                    bytes: config.limits.container_bytes,
                    pause: config.limits.pause,
                    total: config.limits.upload,
                },
                keep: config.keep,
            },
            trust: Arc::clone(&trust),
            clock: Arc::clone(&config.clock),
            limits: config.limits,
        };
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind(config.listen))
            .map_err(StartError::Listen)?;
        let address = listener.local_addr().map_err(StartError::Listen)?;
        let (stopping, stop) = watch::channel(None);
        let serving = runtime.spawn(accept::serve(
            listener,
            Arc::new(Reception {
                identity: config.identity,
                trust: Arc::clone(&trust),
                clock: Arc::clone(&config.clock),
                limits: config.limits,
                router: api::router(Arc::new(app)),
            }),
            stop,
        ));
        runtime.spawn(sweep_again_and_again(
            Arc::clone(&storage),
            Arc::clone(&config.clock),
        ));
        tracing::info!(%address, "the platform serves");
        Ok(Self {
            address,
            administration: Administration::of_platform(
                Arc::clone(&storage),
                Arc::clone(&config.clock),
                fees,
                runtime.handle().clone(),
            ),
            storage,
            trust,
            clock: config.clock,
            stopping,
            serving,
            handle: runtime.handle().clone(),
            _runtime: RunningRuntime(Some(runtime)),
            _lock: lock,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Offices, accounts and licences.
    #[must_use]
    pub const fn administration(&self) -> &Administration {
        &self.administration
    }

    /// Replaces trust anchors and revocation lists; connections already open are judged by the
    /// new ones from their next call on.
    ///
    /// # Errors
    /// If they cannot be used; then the old ones stay in force.
    pub fn replace_trust(&self, trust: Trust) -> Result<(), StartError> {
        self.trust.replace(trust)
    }

    /// Expires what is overdue and forgets sessions that are over, as happens every minute anyway;
    /// how many sendings expired. Blocks, so not to be called from inside an async task.
    ///
    /// # Errors
    /// If the storage cannot be used.
    pub fn sweep(&self) -> Result<usize, StorageError> {
        let now = recorded_now(&*self.clock);
        self.handle.block_on(self.storage.sweep(now))
    }

    /// Takes no more connections, lets calls under way finish for at most `patience`, and ends;
    /// whether all could finish. Blocks, so not to be called from inside an async task.
    #[must_use]
    pub fn stop(mut self, patience: Duration) -> bool {
        // Nobody listens only if serving has ended already.
        let _ = self.stopping.send(Some(patience));
        let finished = self.handle.block_on(&mut self.serving).unwrap_or(false);
        tracing::info!(finished, "the platform stopped");
        finished
    }

    /// Runs something on the platform's threads and waits for it.
    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.handle.block_on(work)
    }

    /// Ends at once: connections are cut, uploads under way are lost, nothing acknowledged is.
    pub fn kill(self) {
        drop(self);
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

async fn sweep_again_and_again(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) {
    let mut turns = tokio::time::interval(SWEEP);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        match storage.sweep(recorded_now(&*clock)).await {
            Ok(0) => {}
            Ok(expired) => tracing::info!(expired, "sendings expired"),
            Err(error) => tracing::error!(%error, "sweeping failed"),
        }
    }
}
