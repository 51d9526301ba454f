//! The page as a running thing: started with an open client, ended by the person or the program.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use careplan_client::{Client, RENEW_BEFORE_DAYS};
use careplan_core::{Explain, Lang};
use tokio::runtime;
use tokio::sync::watch;

use crate::Watch;
use crate::desk::Desk;
use crate::door::Door;
use crate::pages;

/// How the page is to be.
#[derive(Debug, Clone)]
pub struct PageOptions {
    /// The page's own folder, made if it is not there: files on their way to the outbox, and the
    /// names of offices. It holds personal data for as long as the page is open; put it beside or
    /// into the client's home.
    pub folder: PathBuf,
    /// Where received files are taken out to unless the person says otherwise.
    pub take_out: PathBuf,
    /// The language the page opens in.
    pub lang: Lang,
    /// The port on 127.0.0.1; 0 for any free one.
    pub port: u16,
    /// What the client's observer sees; see [`Watch`].
    pub watch: Watch,
    /// How many days before its end the certificate is to be renewed.
    pub remind_days: i64,
    /// How many bytes can be put in at once.
    pub most_bytes: u64,
}

impl PageOptions {
    /// In Japanese, on any free port, [`RENEW_BEFORE_DAYS`] for the certificate, 1 GiB at once.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, take_out: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            take_out: take_out.into(),
            lang: Lang::Ja,
            port: 0,
            watch: Watch::new(),
            remind_days: RENEW_BEFORE_DAYS,
            most_bytes: 1 << 30,
        }
    }
}

/// The page could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
#[non_exhaustive]
pub enum PageError {
    /// The page's folder cannot be made or written.
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The page cannot listen on this machine.
    Listen(#[source] io::Error),
    /// The system gives no random numbers or no thread.
    System(#[source] io::Error),
}

impl Explain for PageError {
    fn explain(&self, lang: Lang) -> String {
        match self {
            Self::Folder { folder, source } => {
                let folder = folder.display();
                lang.pick(
                    format!("{folder} に書き込めません（{source}）。フォルダーの権限と空き容量を確かめてください。"),
                    format!("{folder} cannot be written ({source}); check its permissions and the space on the disk"),
                )
            }
            Self::Listen(source) => lang.pick(
                format!("このパソコンで画面を開けません（{source}）。--port で別の番号を指定してください。"),
                format!("the page cannot be served on this machine ({source}); give another number with --port"),
            ),
            Self::System(source) => lang.pick(
                format!("画面を開けません（{source}）。パソコンを再起動して、もう一度実行してください。"),
                format!("the page cannot be opened ({source}); restart the computer and try again"),
            ),
        }
    }
}

/// A page that is open.
#[derive(Debug)]
pub struct OfficePage {
    entrance: String,
    listens_on: SocketAddr,
    folder: PathBuf,
    /// Leads the browser here; gone when the page is.
    launched: Option<tempfile::TempPath>,
    stopper: Stopper,
    serving: JoinHandle<Option<Client>>,
}

/// Ends a page from another thread.
#[derive(Debug, Clone)]
pub struct Stopper(Arc<watch::Sender<bool>>);

impl Stopper {
    /// Ends the page; work under way comes to its end first.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    pub(crate) async fn stopped(&self) {
        let mut receiver = self.0.subscribe();
        // The sender lives as long as `self`.
        let _ = receiver.wait_for(|stop| *stop).await;
    }
}

impl OfficePage {
    /// Opens the page of a client, in threads of its own.
    ///
    /// # Errors
    /// [`PageError`]; the client is closed then.
    pub fn start(client: Client, options: PageOptions) -> Result<Self, PageError> {
        let drafts = options.folder.join("drafts");
        empty(&drafts).map_err(|source| PageError::Folder {
            folder: drafts.clone(),
            source,
        })?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .map_err(PageError::Listen)?;
        let listens_on = listener.local_addr().map_err(PageError::Listen)?;
        let door = Door::new(listens_on)
            .map_err(|_| PageError::System(io::Error::other("no random numbers")))?;
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(8)
            .thread_name("office-page")
            .enable_all()
            .build()
            .map_err(PageError::System)?;
        let stopper = Stopper(Arc::new(watch::Sender::new(false)));
        let entrance = door.entrance();
        let folder = options.folder.clone();
        let desk = Arc::new(Desk::new(client, door, options, drafts, stopper.clone()));
        let serving = std::thread::Builder::new()
            .name("office-page".to_owned())
            .spawn(move || {
                runtime.block_on(serve(listener, Arc::clone(&desk)));
                let client = runtime.block_on(desk.close());
                drop(runtime);
                client
            })
            .map_err(PageError::System)?;
        Ok(Self {
            entrance,
            listens_on,
            folder,
            launched: None,
            stopper,
            serving,
        })
    }

    /// The one-time address, for one browser. It is a secret until it was opened: whoever opens it
    /// first works with the office's sets.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.entrance
    }

    /// Shows the page in the person's browser.
    ///
    /// # Errors
    /// If the system has no program that opens pages: give the person the
    /// [`address`](Self::address) instead.
    pub fn show(&mut self) -> io::Result<()> {
        self.launched = Some(crate::launch::open(&self.entrance, &self.folder)?);
        Ok(())
    }

    /// Where the page listens.
    #[must_use]
    pub const fn listens_on(&self) -> SocketAddr {
        self.listens_on
    }

    /// For ending the page from another thread.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Waits until the person ends the page, or [`Stopper::stop`], and gives the client back;
    /// `None` if the page ended in a way that lost it, which leaves the home as a crash does.
    #[must_use]
    pub fn wait(self) -> Option<Client> {
        self.serving.join().ok().flatten()
    }
}

/// How long requests under way may take once the page is to end.
const GRACE: Duration = Duration::from_secs(3);

async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let ended = {
        let stopper = desk.stopper().clone();
        async move { stopper.stopped().await }
    };
    let late = async {
        desk.stopper().stopped().await;
        tokio::time::sleep(GRACE).await;
    };
    let server = axum::serve(listener, pages::router(Arc::clone(&desk)));
    tokio::select! {
        _ = server.with_graceful_shutdown(ended) => {}
        () = late => {}
    }
}

/// An empty folder, whatever was left in it.
fn empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(folder),
    }
}
