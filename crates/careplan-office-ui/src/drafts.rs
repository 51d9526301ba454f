//! Files that were put down on the page and are not in the outbox yet: which sets they are, what
//! the checker says, and whether the receivers can be sent to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use careplan_client::{
    CancelHandle, Client, Error, ErrorKind, Finding, Proposal, PutInOptions, PutInRefusal,
    SetHeader,
};
use careplan_core::OfficeNumber;
use careplan_protocol::DirectoryEntry;
use careplan_tables::{FileName, group};
use tempfile::TempDir;
use uuid::Uuid;

use crate::learn::OfficeNames;
use crate::said::Said;

/// Files put down together.
pub(crate) struct Draft {
    pub(crate) id: Uuid,
    pub(crate) sets: Vec<DraftSet>,
    /// Documents of which the person has to say with which set they go, by place.
    pub(crate) loose: Vec<String>,
    /// There are documents and nothing else: the person has to say to whom they go.
    pub(crate) documents_only: bool,
    /// Why these files cannot be sent.
    pub(crate) refusals: Vec<PutInRefusal>,
    folder: TempDir,
}

/// A set among them.
pub(crate) struct DraftSet {
    pub(crate) header: SetHeader,
    pub(crate) paths: Vec<PathBuf>,
    /// What the client's check found: what [`Client::put_in`] would say.
    pub(crate) findings: Vec<Finding>,
    /// What the platform says of the receiver; `None` if it could not be asked now.
    pub(crate) receiver: Option<DirectoryEntry>,
    folder: PathBuf,
}

/// Why files could not be looked at.
#[derive(Debug)]
pub(crate) enum NotLookedAt {
    Client(Error),
    Said(Said),
}

impl From<Error> for NotLookedAt {
    fn from(error: Error) -> Self {
        Self::Client(error)
    }
}

impl From<io::Error> for NotLookedAt {
    fn from(error: io::Error) -> Self {
        Self::Said(Said::new(
            format!(
                "ファイルを読み書きできませんでした（{error}）。空き容量を確かめて、もう一度選んでください。"
            ),
            format!(
                "The files could not be read or written ({error}). Check the space on the disk and choose them again."
            ),
        ))
    }
}

/// The longest wait for what the platform says of receivers: the person can go on without.
const DIRECTORY_PATIENCE: Duration = Duration::from_secs(4);

impl Draft {
    /// Looks at the files in `folder`, of these names.
    pub(crate) fn look(
        folder: TempDir,
        names: &[String],
        client: &mut Client,
        offices: &mut OfficeNames,
    ) -> Result<Self, NotLookedAt> {
        let grouping = group(names.iter().cloned());
        let mut folders = Vec::new();
        for set in &grouping.sets {
            let names = set.names();
            folders.push(move_together(folder.path(), folders.len(), names)?);
        }
        let strangers = grouping.strangers.iter().map(|(name, _)| name.as_str());
        let rest = move_together(folder.path(), folders.len(), strangers)?;
        let loose = grouping.documents;
        let documents_only = folders.is_empty() && grouping.strangers.is_empty();
        if documents_only {
            move_into(folder.path(), &rest, loose.iter().map(String::as_str))?;
        }
        let mut refusals = Vec::new();
        let mut proposed: Vec<(Proposal, PathBuf)> = Vec::new();
        let with_strangers = (!grouping.strangers.is_empty()).then_some(&rest);
        for folder in folders.iter().chain(with_strangers) {
            match client.look_at(&[folder], PutInOptions::default()) {
                Ok(sets) => proposed.extend(sets.into_iter().map(|set| (set, folder.clone()))),
                Err(error) => match error.into_kind() {
                    ErrorKind::PutIn(found) => refusals.extend(found),
                    kind => return Err(Error::from(kind).into()),
                },
            }
        }
        let mut sets = Vec::with_capacity(proposed.len());
        for (set, folder) in proposed {
            for path in &set.files {
                learn(path, offices);
            }
            sets.push(DraftSet {
                header: set.header,
                paths: set.files,
                findings: set.findings,
                receiver: None,
                folder,
            });
        }
        offices.keep();
        if refusals.is_empty() {
            ask_directory(&mut sets, client);
        }
        Ok(Self {
            id: Uuid::new_v4(),
            sets,
            loose,
            documents_only,
            refusals,
            folder,
        })
    }

    /// Whether nothing keeps the files from being sent.
    pub(crate) fn can_be_sent(&self) -> bool {
        self.refusals.is_empty()
            && (self.documents_only || !self.sets.is_empty())
            && !self.sets.iter().any(DraftSet::is_kept_back)
    }

    /// The folders to put in, documents placed as chosen: the set's place for each of
    /// [`loose`](Self::loose), `None` to leave it out.
    pub(crate) fn folders(&self, chosen: &[Option<usize>]) -> io::Result<Vec<PathBuf>> {
        if self.documents_only {
            return Ok(vec![set_folder(self.folder.path(), 0)]);
        }
        for (name, set) in self.loose.iter().zip(chosen) {
            let from = self.folder.path().join(name);
            if let Some(set) = set.and_then(|set| self.sets.get(set)) {
                // It was moved already if the person came back and sends again.
                if from.exists() {
                    fs::rename(&from, set.folder.join(name))?;
                }
            }
        }
        Ok(self.sets.iter().map(|set| set.folder.clone()).collect())
    }
}

impl DraftSet {
    pub(crate) fn is_kept_back(&self) -> bool {
        self.findings.iter().any(Finding::keeps_back)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.paths.iter().map(|path| name_of(path))
    }
}

fn learn(path: &Path, offices: &mut OfficeNames) {
    let Ok(name) = name_of(path).parse::<FileName>() else {
        return;
    };
    if let Ok(bytes) = fs::read(path) {
        offices.learn(name.kind(), &bytes);
    }
}

/// Asks the platform whether the receivers can be sent to, for as long as a person waits gladly.
fn ask_directory(sets: &mut [DraftSet], client: &mut Client) {
    let enough = Alarm::after(DIRECTORY_PATIENCE, client.cancel_handle());
    let mut asked: Vec<(OfficeNumber, Option<DirectoryEntry>)> = Vec::new();
    for set in sets {
        let office = set.header.receiver;
        let known = asked.iter().find(|(other, _)| *other == office);
        let entry = match known {
            Some((_, entry)) => entry.clone(),
            None if enough.rang() => None,
            None => {
                let entry = client.directory(office).ok();
                asked.push((office, entry.clone()));
                entry
            }
        };
        set.receiver = entry;
    }
}

/// Cancels what the client does when the time is over, unless it is dropped before.
struct Alarm {
    rang: std::sync::Arc<std::sync::atomic::AtomicBool>,
    _stop: std::sync::mpsc::Sender<()>,
}

impl Alarm {
    fn after(time: Duration, cancel: CancelHandle) -> Self {
        use std::sync::atomic::Ordering;
        let rang = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let ringing = std::sync::Arc::clone(&rang);
        std::thread::spawn(move || {
            let waited = stopped.recv_timeout(time);
            if waited == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                ringing.store(true, Ordering::SeqCst);
                cancel.cancel();
            }
        });
        Self { rang, _stop: stop }
    }

    fn rang(&self) -> bool {
        self.rang.load(std::sync::atomic::Ordering::SeqCst)
    }
}

fn set_folder(draft: &Path, number: usize) -> PathBuf {
    draft.join(format!("set.{number}"))
}

/// Moves files into a folder of their own, so that sets are put in one by one.
fn move_together<'n>(
    from: &Path,
    number: usize,
    names: impl IntoIterator<Item = &'n str>,
) -> io::Result<PathBuf> {
    let to = set_folder(from, number);
    fs::create_dir(&to)?;
    move_into(from, &to, names)?;
    Ok(to)
}

fn move_into<'n>(
    from: &Path,
    to: &Path,
    names: impl IntoIterator<Item = &'n str>,
) -> io::Result<()> {
    for name in names {
        fs::rename(from.join(name), to.join(name))?;
    }
    Ok(())
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
