//! What all requests share: the client behind one lock, the work under way, and what was put down
//! between two requests.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use careplan_client::{CancelHandle, Client, Incoming, Outgoing, PutInRefusal, SyncReport};
use careplan_core::OfficeNumber;
use chrono::{DateTime, Utc};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, watch};
use uuid::Uuid;

use crate::door::Door;
use crate::drafts::Draft;
use crate::learn::OfficeNames;
use crate::said::Said;
use crate::{PageOptions, Stopper};

/// How long a page waits for the client before it says that there is work under way.
const PATIENCE: Duration = Duration::from_secs(3);

/// Uploads that are looked at and neither sent nor thrown away; an older one is forgotten.
const MOST_DRAFTS: usize = 8;

pub(crate) struct Desk {
    pub(crate) door: Door,
    pub(crate) options: PageOptions,
    pub(crate) office: OfficeNumber,
    pub(crate) certificate_ends: DateTime<Utc>,
    pub(crate) cancel: CancelHandle,
    drafts_folder: PathBuf,
    stopper: Stopper,
    client: Arc<AsyncMutex<Option<Client>>>,
    work: watch::Sender<Work>,
    flash: Mutex<Option<Flash>>,
    drafts: Mutex<Vec<Arc<Draft>>>,
    names: Mutex<OfficeNames>,
}

/// Work that takes long: there is one at a time.
#[derive(Clone, Default)]
pub(crate) enum Work {
    #[default]
    None,
    Running(Task),
    Done(Arc<Outcome>),
}

/// What the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// Putting files in, and sending unless they are only to be put in.
    PutIn,
    /// Sending and receiving.
    Sync,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Sets that were taken into the outbox, or were there before.
    pub(crate) put_in: Vec<Outgoing>,
    /// Why files were not taken.
    pub(crate) not_put_in: Vec<PutInRefusal>,
    /// Whether the platform was asked.
    pub(crate) synced: bool,
    pub(crate) report: SyncReport,
    /// Sets the platform took, and those it did not.
    pub(crate) accepted: Vec<Outgoing>,
    pub(crate) refused: Vec<Outgoing>,
    pub(crate) received: Vec<Incoming>,
    pub(crate) quarantined: Vec<Incoming>,
    /// What kept the work from its end.
    pub(crate) error: Option<Said>,
}

/// Something to be said on the next page.
#[derive(Debug, Clone)]
pub(crate) struct Flash {
    pub(crate) good: bool,
    pub(crate) said: Said,
}

/// The client cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Away {
    /// It works.
    Working,
    /// The page is ending.
    Ended,
}

impl Desk {
    pub(crate) fn new(
        client: Client,
        door: Door,
        options: PageOptions,
        drafts_folder: PathBuf,
        stopper: Stopper,
    ) -> Self {
        let names = OfficeNames::open(&options.folder);
        Self {
            door,
            office: client.office(),
            certificate_ends: client.certificate().not_after,
            cancel: client.cancel_handle(),
            client: Arc::new(AsyncMutex::new(Some(client))),
            options,
            drafts_folder,
            stopper,
            work: watch::Sender::new(Work::None),
            flash: Mutex::default(),
            drafts: Mutex::default(),
            names: Mutex::new(names),
        }
    }

    pub(crate) const fn stopper(&self) -> &Stopper {
        &self.stopper
    }

    pub(crate) fn drafts_folder(&self) -> &Path {
        &self.drafts_folder
    }

    /// Does something with the client, in a thread where it may block.
    pub(crate) async fn with<T, F>(&self, act: F) -> Result<T, Away>
    where
        T: Send + 'static,
        F: FnOnce(&mut Client) -> T + Send + 'static,
    {
        let waiting = Arc::clone(&self.client).lock_owned();
        let guard = tokio::time::timeout(PATIENCE, waiting)
            .await
            .map_err(|_| Away::Working)?;
        in_thread(guard, act).await.ok_or(Away::Ended)
    }

    /// Begins work, unless there is some.
    pub(crate) fn begin<F>(self: &Arc<Self>, task: Task, act: F)
    where
        F: FnOnce(&Desk, &mut Client) -> Outcome + Send + 'static,
    {
        let begun = self.work.send_if_modified(|work| {
            let free = !matches!(work, Work::Running(_));
            if free {
                *work = Work::Running(task);
            }
            free
        });
        if !begun {
            return;
        }
        self.options.watch.forget();
        let desk = Arc::clone(self);
        tokio::spawn(async move {
            let guard = Arc::clone(&desk.client).lock_owned().await;
            let inner = Arc::clone(&desk);
            let outcome = in_thread(guard, move |client| act(&inner, client)).await;
            let outcome = outcome.unwrap_or_else(|| Outcome {
                error: Some(Said::new(
                    "作業が途中で止まりました。何も失われていません。もう一度「送受信する」を押してください。",
                    "The work stopped on the way. Nothing is lost; press \"Send and receive\" again.",
                )),
                ..Outcome::default()
            });
            desk.work.send_replace(Work::Done(Arc::new(outcome)));
        });
    }

    pub(crate) fn work(&self) -> Work {
        self.work.borrow().clone()
    }

    /// Waits for the end of the work, but not longer than that.
    pub(crate) async fn work_ended(&self, longest: Duration) {
        let mut receiver = self.work.subscribe();
        let ended = receiver.wait_for(|work| !matches!(work, Work::Running(_)));
        // Either it ended or the time is over; the caller looks.
        let _ = tokio::time::timeout(longest, ended).await;
    }

    /// Leaves something to be said on the next page.
    pub(crate) fn say(&self, good: bool, said: Said) {
        *lock(&self.flash) = Some(Flash { good, said });
    }

    pub(crate) fn heard(&self) -> Option<Flash> {
        lock(&self.flash).take()
    }

    pub(crate) fn put_down(&self, draft: Draft) -> Uuid {
        let id = draft.id;
        let mut drafts = lock(&self.drafts);
        if drafts.len() >= MOST_DRAFTS {
            drafts.remove(0);
        }
        drafts.push(Arc::new(draft));
        id
    }

    pub(crate) fn draft(&self, id: Uuid) -> Option<Arc<Draft>> {
        let drafts = lock(&self.drafts);
        drafts.iter().find(|draft| draft.id == id).cloned()
    }

    /// Forgets a draft; its files go when nobody uses it any more.
    pub(crate) fn forget(&self, id: Uuid) {
        lock(&self.drafts).retain(|draft| draft.id != id);
    }

    pub(crate) fn names(&self) -> MutexGuard<'_, OfficeNames> {
        lock(&self.names)
    }

    /// Waits for the client's work to end and gives it back.
    pub(crate) async fn close(&self) -> Option<Client> {
        lock(&self.drafts).clear();
        self.client.lock().await.take()
    }
}

/// Blocks in a thread made for it; `None` if there is no client any more, or it panicked.
async fn in_thread<T, F>(mut guard: OwnedMutexGuard<Option<Client>>, act: F) -> Option<T>
where
    T: Send + 'static,
    F: FnOnce(&mut Client) -> T + Send + 'static,
{
    let done = tokio::task::spawn_blocking(move || guard.as_mut().map(act));
    done.await.ok().flatten()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
