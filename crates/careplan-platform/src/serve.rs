//! A platform as a program runs it: started from settings, watching its certificates, until it is
//! told to end.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use careplan_core::{Explain, Lang};

use crate::{Platform, Settings, SettingsError, StartError};

/// How often it is looked whether certificates, keys or revocation lists have changed.
const LOOK: Duration = Duration::from_secs(60);

/// Why a platform did not serve.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
#[non_exhaustive]
pub enum ServeError {
    /// The settings are wrong.
    Settings(#[from] SettingsError),
    /// The platform did not start.
    Start(#[from] StartError),
    /// It cannot be noticed when it is told to end.
    Signal(#[source] std::io::Error),
}

impl Explain for ServeError {
    fn explain(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Settings(error), _) => error.explain(lang),
            (Self::Start(error), _) => error.explain(lang),
            (Self::Signal(error), Lang::Ja) => {
                format!("終了の合図を受け取る準備ができません（{error}）。")
            }
            (Self::Signal(error), Lang::En) => {
                format!("cannot listen for the signal to end: {error}")
            }
        }
    }
}

/// Runs a platform with its data in `home` until Ctrl-C or the system's request to end (SIGTERM),
/// then lets calls under way finish; whether all could. `started` is called when it listens.
///
/// On Unix the process's limit of open files is raised as far as the system lets it.
///
/// Certificates and keys of API and site, trust anchors and revocation lists are read again within
/// a minute after their files change, and at once on SIGHUP where there is such a signal; what
/// cannot be used then is logged, and the old ones stay in force. Another operator's certificate
/// for evidence, or another setting, needs a restart.
///
/// # Errors
/// If the settings or the home cannot be used.
pub fn serve(
    home: &Path,
    settings: &Settings,
    started: impl FnOnce(&Platform),
) -> Result<bool, ServeError> {
    let config = settings.platform_config(home)?;
    allow_many_connections(config.limits.connections);
    let platform = Platform::start(config)?;
    // Before anybody is told, so that no signal comes too early.
    let end = platform
        .block_on(async { end_signal() })
        .map_err(ServeError::Signal)?;
    let mut asked = platform
        .block_on(async { Asked::listen() })
        .map_err(ServeError::Signal)?;
    let mut trust = Watched::new(settings.trust_files());
    let mut identities = Watched::new(settings.identity_files());
    started(&platform);
    platform.block_on(async {
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => break,
                () = tokio::time::sleep(LOOK) => {
                    if trust.changed() {
                        renew_trust(&platform, settings);
                    }
                    if identities.changed() {
                        renew_identities(&platform, settings);
                    }
                }
                () = asked.again() => {
                    // What was written until now has been read.
                    trust.changed();
                    identities.changed();
                    renew_trust(&platform, settings);
                    renew_identities(&platform, settings);
                }
            }
        }
    });
    tracing::info!("asked to stop");
    Ok(platform.stop(settings.server.stop_seconds.seconds()))
}

fn renew_trust(platform: &Platform, settings: &Settings) {
    let renewed = settings
        .trust()
        .map_err(ServeError::from)
        .and_then(|trust| Ok(platform.replace_trust(trust)?));
    match renewed {
        Ok(()) => tracing::info!("read trust anchors and revocation lists again"),
        Err(error) => tracing::error!(%error, "the changed trust cannot be used; the old stays"),
    }
}

fn renew_identities(platform: &Platform, settings: &Settings) {
    let renewed = settings
        .identities()
        .map_err(ServeError::from)
        .and_then(|(api, site)| {
            platform.replace_identity(api)?;
            Ok(platform.replace_site_identity(site)?)
        });
    match renewed {
        Ok(()) => tracing::info!("read the certificates of API and site again"),
        Err(error) => {
            tracing::error!(%error, "the changed certificates cannot be used; the old stay");
        }
    }
}

/// Files and when they were last written.
struct Watched(Vec<(PathBuf, Option<SystemTime>)>);

impl Watched {
    fn new(files: Vec<PathBuf>) -> Self {
        Self(
            files
                .into_iter()
                .map(|file| (file.clone(), written(&file)))
                .collect(),
        )
    }

    /// Whether any was written since the last time this was asked.
    fn changed(&mut self) -> bool {
        let mut changed = false;
        for (file, before) in &mut self.0 {
            let now = written(file);
            changed |= now != *before;
            *before = now;
        }
        changed
    }
}

/// When a file was written; `None` while it is being replaced.
fn written(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).ok()?.modified().ok()
}

/// Requests to read everything again: SIGHUP, where there is such a signal.
#[cfg(unix)]
struct Asked(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Asked {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::hangup()).map(Self)
    }

    async fn again(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// Requests to read everything again: there are none here, changed files are noticed.
#[cfg(windows)]
struct Asked;

#[cfg(windows)]
impl Asked {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn again(&mut self) {
        std::future::pending().await
    }
}

/// Lets this process open as many files and connections as the system lets it: what a shell allows
/// without being asked is often a tenth of `limits.connections`.
#[cfg(unix)]
fn allow_many_connections(wanted: usize) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it was");
    }
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    // A connection is one; storage and logs take some more.
    if allowed < (wanted as u64).saturating_add(100) {
        tracing::warn!(
            allowed,
            connections = wanted,
            "fewer open files are allowed than connections; raise it (ulimit -n, LimitNOFILE)"
        );
    }
}

/// Windows has no such limit.
#[cfg(not(unix))]
const fn allow_many_connections(_: usize) {}

/// Becomes ready when the process is asked to end.
#[cfg(unix)]
fn end_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Becomes ready when the process is asked to end.
#[cfg(windows)]
fn end_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::windows::{ctrl_c, ctrl_close, ctrl_shutdown};
    let (mut c, mut close, mut shutdown) = (ctrl_c()?, ctrl_close()?, ctrl_shutdown()?);
    Ok(async move {
        tokio::select! {
            _ = c.recv() => {}
            _ = close.recv() => {}
            _ = shutdown.recv() => {}
        }
    })
}
