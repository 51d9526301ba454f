//! Starting and stopping a platform, from a program that need not be async itself.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::net::TcpListener;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::accept::{self, Callers, Reception};
use crate::administration::Administration;
use crate::api::{self, App};
use crate::audit::AccessLog;
use crate::auth::Doorkeeper;
use crate::clock::recorded_now;
use crate::delivery::Delivery;
use crate::evidence::{EvidenceLog, Evidences, Notary};
use crate::licences::Licences;
use crate::metrics::Metrics;
use crate::operations::{self, Watch};
use crate::rates::Rates;
use crate::site::{self, Site};
use crate::spool::UploadLimits;
use crate::storage::{self, ServingLock, Storage};
use crate::tls::{self, Shown};
use crate::trust::TrustStore;
use crate::{
    Clock, EvidenceError, PlatformConfig, ServerIdentity, SiteConfig, StartError, Trust, retention,
};

/// How often sendings that are overdue are expired and sessions that are over forgotten.
const SWEEP: Duration = Duration::from_secs(60);
/// How often the evidence log is measured, at most.
const MEASURE: Duration = Duration::from_secs(10);
/// How often containers are looked for that belong to no sending.
const ORPHANS: Duration = Duration::from_secs(60 * 60);
/// How long a stop waits for the access log to be written.
const LAST_LINES: Duration = Duration::from_secs(10);
/// How long a kill waits for a thread that is in the middle of a system call.
const LAST_SYSTEM_CALL: Duration = Duration::from_secs(10);

/// A platform that serves.
///
/// Dropping it is [`kill`](Self::kill): what it acknowledged is safe, what was under way is cut
/// off. [`stop`](Self::stop) lets calls under way finish first.
pub struct Platform {
    address: SocketAddr,
    site_address: Option<SocketAddr>,
    identity: Arc<Shown>,
    site_identity: Option<Arc<Shown>>,
    administration: Administration,
    operations: Option<SocketAddr>,
    metrics: Arc<Metrics>,
    sweeper: Sweeper,
    log: Arc<EvidenceLog>,
    audit: AccessLog,
    trust: Arc<TrustStore>,
    clock: Arc<dyn Clock>,
    stopping: watch::Sender<Option<Duration>>,
    serving: JoinHandle<bool>,
    serving_site: Option<JoinHandle<bool>>,
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
        let identity = Arc::new(Shown::new(config.identity)?);
        // Tried once before anything is touched; made anew when the trust is replaced.
        tls::server_config(
            Arc::clone(&identity),
            &trust.current(),
            Arc::clone(&config.clock),
        )?;
        let lock = ServingLock::take(&config.home)?;
        let metrics = Arc::new(Metrics::new());
        let storage = runtime.block_on(storage::open(
            config.storage,
            &config.home,
            config.readers,
            Arc::clone(&metrics),
        ))?;
        let removed = runtime.block_on(storage.recover())?;
        if removed > 0 {
            tracing::info!(removed, "removed what interrupted uploads had left");
        }
        let log = Arc::new(EvidenceLog::new(
            Arc::clone(&storage),
            Arc::clone(&config.evidence.signer),
            config.evidence.log,
            Arc::clone(&config.clock),
        ));
        // Before anything is accepted it is known that receipts can be signed and will be believed.
        runtime
            .block_on(log.begin(&trust.current().containers))
            .map_err(StartError::Evidence)?;
        let licences = Licences::new(Arc::clone(&storage), Arc::new(config.fees));
        let delivery = Arc::new(Delivery {
            storage: Arc::clone(&storage),
            metrics: Arc::clone(&metrics),
            trust: Arc::clone(&trust),
            notary: Notary::new(config.evidence.signer),
            licences: licences.clone(),
            spool: storage::spool(&config.home),
            upload: UploadLimits {
                bytes: config.limits.container_bytes,
                pause: config.limits.pause,
                total: config.limits.upload,
            },
            keep: config.keep,
        });
        let (audit, writing) = AccessLog::new(Arc::clone(&storage), config.limits.connections);
        runtime.spawn(writing);
        let app = Arc::new(App {
            doorkeeper: Doorkeeper::new(Arc::clone(&storage), config.limits.hashing)
                .map_err(StartError::system)?,
            delivery: Arc::clone(&delivery),
            evidence: Evidences::new(
                Arc::clone(&storage),
                Arc::clone(&delivery),
                Arc::clone(&log),
            ),
            trust: Arc::clone(&trust),
            metrics: Arc::clone(&metrics),
            clock: Arc::clone(&config.clock),
            limits: config.limits,
            rates: Rates::new(&config.limits),
            audit: audit.clone(),
        });
        let (listener, address) = listen(&runtime, config.listen)?;
        let operations = match config.operations {
            Some(operations) => {
                let (listener, address) = listen(&runtime, operations.listen)?;
                let watch = Watch {
                    storage: Arc::clone(&storage),
                    clock: Arc::clone(&config.clock),
                    trust: Arc::clone(&trust),
                    metrics: Arc::clone(&metrics),
                    server: Arc::clone(&identity),
                    audit: audit.clone(),
                    least_free_bytes: operations.least_free_bytes,
                    last: tokio::sync::Mutex::default(),
                };
                runtime.spawn(operations::serve(listener, Arc::new(watch)));
                Some(address)
            }
            None => None,
        };
        let (stopping, stop) = watch::channel(None);
        let serving = runtime.spawn(accept::serve(
            listener,
            Arc::new(Reception {
                identity: Arc::clone(&identity),
                callers: Callers::WithCertificate(Arc::clone(&trust)),
                clock: Arc::clone(&config.clock),
                limits: config.limits,
                metrics: Arc::clone(&metrics),
                router: api::router(Arc::clone(&app)),
            }),
            stop.clone(),
        ));
        let site = match config.site {
            Some(site) => Some(ServingSite::start(
                &runtime,
                site,
                (Arc::clone(&storage), Arc::clone(&app), licences.clone()),
                stop,
            )?),
            None => None,
        };
        runtime.spawn(remove_orphans_again_and_again(
            Arc::clone(&storage),
            Arc::clone(&config.clock),
        ));
        let sweeper = Sweeper {
            delivery: Arc::clone(&delivery),
            metrics: Arc::clone(&metrics),
            keep_settled: config.keep_settled,
            keep_accesses: config.keep_accesses,
        };
        runtime.spawn(sweep_again_and_again(
            sweeper.clone(),
            Arc::clone(&config.clock),
            app,
            site.as_ref().map(|site| Arc::clone(&site.site)),
        ));
        runtime.spawn(take_in_again_and_again(
            Arc::clone(&log),
            Arc::clone(&metrics),
            config.evidence.merge_delay,
        ));
        tracing::info!(%address, "the platform serves");
        Ok(Self {
            address,
            site_address: site.as_ref().map(|site| site.address),
            identity,
            site_identity: site.as_ref().map(|site| Arc::clone(&site.identity)),
            serving_site: site.map(|site| site.serving),
            administration: Administration::of_platform(
                storage,
                Arc::clone(&config.clock),
                licences,
                runtime.handle().clone(),
            ),
            operations,
            metrics,
            sweeper,
            log,
            audit,
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

    /// Where its web site listens, if it serves one.
    #[must_use]
    pub const fn site_address(&self) -> Option<SocketAddr> {
        self.site_address
    }

    /// Where operators ask after health and metrics, if anywhere.
    #[must_use]
    pub const fn operations_address(&self) -> Option<SocketAddr> {
        self.operations
    }

    /// What was counted and measured so far, in Prometheus' text format.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.metrics.text()
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
        let replaced = self.trust.replace(trust);
        self.metrics.trust_renewed(replaced.is_ok());
        replaced
    }

    /// Replaces the certificate that the API shows, for connections from now on.
    ///
    /// # Errors
    /// If certificate and key cannot be used together; then the old ones stay.
    pub fn replace_identity(&self, identity: ServerIdentity) -> Result<(), StartError> {
        self.renewed(self.identity.replace(identity))
    }

    /// Replaces the certificate that the web site shows, for connections from now on; without a
    /// site nothing happens.
    ///
    /// # Errors
    /// If certificate and key cannot be used together; then the old ones stay.
    pub fn replace_site_identity(&self, identity: ServerIdentity) -> Result<(), StartError> {
        match &self.site_identity {
            Some(shown) => self.renewed(shown.replace(identity)),
            None => Ok(()),
        }
    }

    fn renewed(&self, replaced: Result<(), StartError>) -> Result<(), StartError> {
        self.metrics.certificate_renewed(replaced.is_ok());
        replaced
    }

    /// Expires what is overdue, removes what was kept long enough and forgets sessions that are
    /// over, as happens every minute anyway; how many sendings expired. Blocks, so not to be called
    /// from inside an async task.
    ///
    /// # Errors
    /// If the storage or the evidence key cannot be used.
    pub fn sweep(&self) -> Result<usize, EvidenceError> {
        let now = recorded_now(&*self.clock);
        self.handle.block_on(self.sweeper.sweep(now))
    }

    /// Waits until the access log has every call answered so far. Blocks, so not to be called from
    /// inside an async task.
    pub fn write_access_log(&self) {
        self.handle.block_on(self.audit.written());
    }

    /// Lets the evidence log take in the receipts that wait, as happens all the time anyway; how
    /// many. Blocks, so not to be called from inside an async task.
    ///
    /// # Errors
    /// If the storage or the evidence key cannot be used.
    pub fn take_in_evidence(&self) -> Result<usize, EvidenceError> {
        self.handle.block_on(async {
            let taken_in = self.log.take_in().await?;
            self.log.measure(&self.metrics).await?;
            Ok(taken_in)
        })
    }

    /// Measures the evidence log for [`metrics`](Self::metrics), as happens every ten seconds
    /// anyway. Blocks, so not to be called from inside an async task.
    ///
    /// # Errors
    /// If the storage cannot be used.
    pub fn measure_evidence(&self) -> Result<(), EvidenceError> {
        self.handle.block_on(self.log.measure(&self.metrics))
    }

    /// Takes no more connections, lets calls under way finish for at most `patience`, and ends;
    /// whether all could finish, and the access log has all of them. Blocks, so not to be called
    /// from inside an async task.
    #[must_use]
    pub fn stop(mut self, patience: Duration) -> bool {
        // Nobody listens only if serving has ended already.
        let _ = self.stopping.send(Some(patience));
        let finished = self.handle.block_on(async {
            let api = (&mut self.serving).await.unwrap_or(false);
            let site = match &mut self.serving_site {
                Some(serving) => serving.await.unwrap_or(false),
                None => true,
            };
            api && site
        });
        let logged = self.handle.block_on(async {
            let written = tokio::time::timeout(LAST_LINES, self.audit.written());
            written.await.is_ok()
        });
        if !logged {
            tracing::error!("the last lines of the access log are lost: the storage takes none");
        }
        tracing::info!(finished, logged, "the platform stopped");
        finished && logged
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

fn listen(runtime: &Runtime, address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let listener = runtime
        .block_on(TcpListener::bind(address))
        .map_err(StartError::Listen)?;
    let address = listener.local_addr().map_err(StartError::Listen)?;
    Ok((listener, address))
}

/// A web site that serves.
struct ServingSite {
    address: SocketAddr,
    identity: Arc<Shown>,
    serving: JoinHandle<bool>,
    site: Arc<Site>,
}

impl ServingSite {
    fn start(
        runtime: &Runtime,
        config: SiteConfig,
        (storage, api, licences): (Arc<dyn Storage>, Arc<App>, Licences),
        stop: watch::Receiver<Option<Duration>>,
    ) -> Result<Self, StartError> {
        let identity = Arc::new(Shown::new(config.identity.clone())?);
        // Tried once before anybody connects.
        tls::site_config(Arc::clone(&identity))?;
        let (listener, address) = listen(runtime, config.listen)?;
        let (clock, limits) = (Arc::clone(&api.clock), api.limits);
        let metrics = Arc::clone(&api.metrics);
        let site = Arc::new(Site::new(storage, api, licences, config));
        let serving = runtime.spawn(accept::serve(
            listener,
            Arc::new(Reception {
                identity: Arc::clone(&identity),
                callers: Callers::Anyone,
                clock,
                limits,
                metrics,
                router: site::router(Arc::clone(&site)),
            }),
            stop,
        ));
        tracing::info!(%address, "the web site serves");
        Ok(Self {
            address,
            identity,
            serving,
            site,
        })
    }
}

/// What has to be done from time to time.
#[derive(Clone)]
struct Sweeper {
    delivery: Arc<Delivery>,
    metrics: Arc<Metrics>,
    keep_settled: TimeDelta,
    keep_accesses: TimeDelta,
}

impl Sweeper {
    /// Expires, removes and forgets what is due; how many sendings expired.
    async fn sweep(&self, now: DateTime<Utc>) -> Result<usize, EvidenceError> {
        let storage = &self.delivery.storage;
        storage.forget_ended_sessions(now).await?;
        storage.forget_ended_site_sessions(now).await?;
        storage.forget_old_attempts(now).await?;
        let expired = Arc::clone(&self.delivery).expire_overdue(now).await?;
        let notary = &self.delivery.notary;
        let removed = retention::run(&**storage, notary, self.keep_settled, now).await?;
        self.metrics.happened_to("remove", removed);
        if removed > 0 {
            tracing::info!(removed, "containers kept long enough were removed");
        }
        let lines = retention::forget_accesses(&**storage, self.keep_accesses, now).await?;
        if lines > 0 {
            tracing::info!(
                lines,
                "lines of the access log kept long enough were removed"
            );
        }
        Ok(expired)
    }
}

async fn take_in_again_and_again(log: Arc<EvidenceLog>, metrics: Arc<Metrics>, pause: Duration) {
    // An interval of nothing would be a panic.
    let mut turns = tokio::time::interval(pause.max(Duration::from_millis(1)));
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut measured: Option<Instant> = None;
    loop {
        turns.tick().await;
        match log.take_in().await {
            Ok(0) => {}
            Ok(receipts) => tracing::debug!(receipts, "the evidence log took receipts in"),
            Err(error) => tracing::error!(%error, "the evidence log took nothing in"),
        }
        if measured.is_none_or(|at| at.elapsed() >= MEASURE) {
            measured = Some(Instant::now());
            if let Err(error) = log.measure(&metrics).await {
                tracing::error!(%error, "the evidence log was not measured");
            }
        }
    }
}

async fn remove_orphans_again_and_again(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) {
    let mut turns = tokio::time::interval(ORPHANS);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        match storage.remove_orphans(recorded_now(&*clock)).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "removed containers without a sending"),
            Err(error) => {
                tracing::error!(%error, "looking for containers without a sending failed");
            }
        }
    }
}

async fn sweep_again_and_again(
    sweeper: Sweeper,
    clock: Arc<dyn Clock>,
    app: Arc<App>,
    site: Option<Arc<Site>>,
) {
    let mut turns = tokio::time::interval(SWEEP);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        app.rates.tidy();
        if let Some(site) = &site {
            site.tidy();
        }
        match sweeper.sweep(recorded_now(&*clock)).await {
            Ok(0) => {}
            Ok(expired) => tracing::info!(expired, "sendings expired"),
            Err(error) => tracing::error!(%error, "sweeping failed"),
        }
    }
}
