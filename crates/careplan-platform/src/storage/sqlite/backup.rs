//! Backups of the embedded storage: taken while a platform serves, verified when they are restored.
//!
//! ```text
//! BACKUP/platform.sqlite    a snapshot of the database, of one moment
//! BACKUP/containers/…       the containers its sendings have
//! BACKUP/containers.sha256  their digests, as `sha256sum --check` reads them
//! BACKUP/backup.json        when and of what, with the digests of the two files; written last
//! ```
//!
//! Containers never change and are there before their rows, so copying those the snapshot names
//! gives the state of that moment. Keys, certificates and the configuration are not in it: they
//! belong where secrets are kept.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use careplan_core::{Explain, Lang, Sha256Digest};
use chrono::{DateTime, SubsecRound, Utc};
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};

use super::containers::ContainerFolder;
use super::{connections, containers};
use crate::Clock;
use crate::storage::containers::ContainerPlace;
use crate::storage::sql::{self, count_sendings};

/// The file that makes a folder a backup.
const MANIFEST: &str = "backup.json";
const DATABASE: &str = "platform.sqlite";
const DIGESTS: &str = "containers.sha256";
const CONTAINERS: &str = "containers";
/// The form written by this version.
const FORMAT: u32 = 1;
/// How much is copied at a time.
const PIECE: usize = 256 * 1024;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BackupSummary {
    /// Form of the backup.
    format: u32,
    /// The moment it is of.
    pub made_at: DateTime<Utc>,
    /// Sendings in the database, also those whose containers were removed after their time.
    pub sendings: u64,
    /// Containers.
    pub containers: u64,
    /// Bytes of the containers.
    pub container_bytes: u64,
    /// Digest of the database's snapshot.
    pub database_sha256: Sha256Digest,
    /// Digest of the list of the containers' digests.
    pub digests_sha256: Sha256Digest,
}

/// Why a backup was not made or not restored.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
#[non_exhaustive]
pub enum BackupError {
    /// The home is no platform's.
    NoHome(PathBuf),
    /// The folder to write to is not empty; nothing was written.
    NotEmpty(PathBuf),
    /// The folder is no complete backup: its last file is missing or cannot be read.
    Incomplete(PathBuf),
    /// The backup was made by a later version.
    Newer(PathBuf),
    /// A file is not what the backup's digests say, or not there.
    Altered(PathBuf),
    /// A container of the home is damaged or missing. The backup was not completed.
    Damaged(PathBuf),
    /// A file cannot be read or written.
    File {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
    /// The database cannot be read.
    Database {
        /// The file.
        path: PathBuf,
        /// The database's reason.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Explain for BackupError {
    fn explain(&self, lang: Lang) -> String {
        let (path, ja, en) = match self {
            Self::NoHome(path) => (
                path,
                "連携基盤の保存先ではありません。--home を確かめてください。".to_owned(),
                "is no platform's home; check --home".to_owned(),
            ),
            Self::NotEmpty(path) => (
                path,
                "空ではありません。新しいフォルダーを指定してください。何も書き込んでいません。".to_owned(),
                "is not empty; name a new folder. Nothing was written".to_owned(),
            ),
            Self::Incomplete(path) => (
                path,
                "完全なバックアップではありません（backup.jsonがないか、読み取れません）。別のバックアップを使用してください。".to_owned(),
                "is no complete backup (backup.json is missing or cannot be read); use another".to_owned(),
            ),
            Self::Newer(path) => (
                path,
                "新しい版のソフトウェアで作成されたバックアップです。新しい版を使用してください。".to_owned(),
                "was made by a later version; use that version".to_owned(),
            ),
            Self::Altered(path) => (
                path,
                "バックアップの作成後に変更されたか、失われています。別のバックアップを使用してください。".to_owned(),
                "was altered or lost since the backup was made; use another backup".to_owned(),
            ),
            Self::Damaged(path) => (
                path,
                "保存されているコンテナが壊れているか、失われています。バックアップは完了していません。ディスクを確かめ、以前のバックアップを残してください。".to_owned(),
                "a stored container is damaged or missing; the backup is not complete. Check the disk and keep the earlier backups".to_owned(),
            ),
            Self::File { path, source } => (
                path,
                format!("読み書きできません（{source}）。アクセス権と空き容量を確かめてください。"),
                format!("cannot be read or written ({source}); check permissions and free space"),
            ),
            Self::Database { path, source } => (
                path,
                format!("データベースを読み取れません（{source}）。"),
                format!("the database cannot be read ({source})"),
            ),
        };
        format!("{}: {}", path.display(), lang.pick(&ja, &en))
    }
}

fn file(path: &Path) -> impl Fn(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::File {
        path: path.clone(),
        source,
    }
}

fn database<E>(path: &Path) -> impl Fn(E) -> BackupError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let path = path.to_owned();
    move |source| BackupError::Database {
        path: path.clone(),
        source: source.into(),
    }
}

/// Backs up the home of a platform into a new or empty folder, whether or not one serves from it.
///
/// # Errors
/// If the home is none, the folder is not empty, something cannot be read or written, or a
/// container is not what its sending says. What was written until then is no backup: [`restore`]
/// refuses it.
pub fn back_up(home: &Path, to: &Path, clock: &dyn Clock) -> Result<BackupSummary, BackupError> {
    let source = home.join(DATABASE);
    if !source.is_file() {
        return Err(BackupError::NoHome(home.to_owned()));
    }
    make_empty(to)?;
    // Until this is dropped nothing that is marked as removed is deleted.
    let _kept = containers::keep_all(home).map_err(file(home))?;
    let made_at = clock.now().trunc_subsecs(3);
    let snapshot = to.join(DATABASE);
    take_snapshot(&source, &snapshot)?;
    let db = open_snapshot(&snapshot)?;
    let folder = ContainerFolder::at(home);
    let target = ContainerFolder::at(to);
    let digests = to.join(DIGESTS);
    let mut list = Digesting::create(&digests)?;
    let mut summary = BackupSummary {
        format: FORMAT,
        made_at,
        sendings: count(&db, &snapshot)?,
        containers: 0,
        container_bytes: 0,
        database_sha256: digest_of(&snapshot)?,
        digests_sha256: Sha256Digest::new([0; 32]),
    };
    each_container(&db, &snapshot, |place, sha256, bytes| {
        let from = folder
            .path(place)
            .map_err(|_| BackupError::Damaged(home.to_owned()))?;
        let into = target
            .path(place)
            .map_err(|_| BackupError::Damaged(home.to_owned()))?;
        let copied = match copy(&from, &into) {
            Err(BackupError::File { path, source })
                if path == from && source.kind() == io::ErrorKind::NotFound =>
            {
                return Err(BackupError::Damaged(from));
            }
            copied => copied?,
        };
        if copied != (sha256, bytes) {
            return Err(BackupError::Damaged(from));
        }
        summary.containers += 1;
        summary.container_bytes += bytes;
        let name = into.strip_prefix(to).unwrap_or(&into);
        let name = name.to_string_lossy().replace('\\', "/");
        list.line(&format!("{sha256}  {name}\n"))
    })?;
    summary.digests_sha256 = list.finish()?;
    sync_folders(to)?;
    write_manifest(to, &summary)?;
    Ok(summary)
}

/// Restores a backup into a new or empty folder, which is the home of a platform afterwards. Every
/// file is compared with the backup's digests; the home appears only when all of it is there.
///
/// # Errors
/// If the backup is not complete or was altered, the home is not empty, or something cannot be
/// read or written; then the home is as it was.
pub fn restore(from: &Path, home: &Path) -> Result<BackupSummary, BackupError> {
    let summary = read_manifest(from)?;
    if !is_empty(home)? {
        return Err(BackupError::NotEmpty(home.to_owned()));
    }
    let parent = match home.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(file(parent))?;
    // Beside the home, so that it becomes the home in one step; removed if it does not get so far.
    let building = tempfile::Builder::new()
        .prefix(".restoring-")
        .tempdir_in(parent)
        .map_err(file(parent))?;
    let at = building.path();
    expect(from, DATABASE, at, summary.database_sha256)?;
    expect(from, DIGESTS, at, summary.digests_sha256)?;
    let mut containers = 0;
    let list = File::open(at.join(DIGESTS)).map_err(file(from))?;
    for line in BufReader::new(list).lines() {
        let line = line.map_err(file(from))?;
        let entry = line.split_once("  ").and_then(|(sha256, name)| {
            let inside = Path::new(name)
                .components()
                .all(|part| matches!(part, std::path::Component::Normal(_)));
            Some((sha256.parse().ok()?, name)).filter(|_| inside)
        });
        let Some((sha256, name)) = entry else {
            return Err(BackupError::Altered(from.join(DIGESTS)));
        };
        expect(from, name, at, sha256)?;
        containers += 1;
    }
    if containers != summary.containers {
        return Err(BackupError::Altered(from.join(DIGESTS)));
    }
    check_rows(at)?;
    fs::remove_file(at.join(DIGESTS)).map_err(file(at))?;
    sync_folders(at)?;
    if home.exists() {
        fs::remove_dir(home).map_err(file(home))?;
    }
    let built = building.keep();
    fs::rename(&built, home).map_err(file(home))?;
    connections::sync_folder_of(parent).map_err(file(parent))?;
    Ok(summary)
}

/// Copies a file of a backup and compares it with its digest.
fn expect(from: &Path, name: &str, to: &Path, sha256: Sha256Digest) -> Result<(), BackupError> {
    let path = from.join(name);
    let copied = match copy(&path, &to.join(name)) {
        Err(BackupError::File { path: at, source })
            if at == path && source.kind() == io::ErrorKind::NotFound =>
        {
            return Err(BackupError::Altered(path));
        }
        copied => copied?,
    };
    if copied.0 == sha256 {
        Ok(())
    } else {
        Err(BackupError::Altered(path))
    }
}

/// Checks that a restored database is sound and that every sending has its container.
fn check_rows(home: &Path) -> Result<(), BackupError> {
    let path = home.join(DATABASE);
    let db = open_snapshot(&path)?;
    let sound: String = db
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(database(&path))?;
    if sound != "ok" {
        return Err(BackupError::Altered(path));
    }
    let folder = ContainerFolder::at(home);
    each_container(&db, &path, |place, _, bytes| {
        let container = folder
            .path(place)
            .map_err(|_| BackupError::Altered(path.clone()))?;
        match fs::metadata(&container) {
            Ok(found) if found.len() == bytes => Ok(()),
            _ => Err(BackupError::Altered(container)),
        }
    })
}

/// Copies the database as it is at one moment; who writes meanwhile does not wait.
fn take_snapshot(source: &Path, snapshot: &Path) -> Result<(), BackupError> {
    // Opened for writing because the write-ahead log of a home nobody serves from needs that.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let from = Connection::open_with_flags(source, flags).map_err(database(source))?;
    connections::wait_when_busy(&from).map_err(database(source))?;
    let mut to = Connection::open(snapshot).map_err(database(snapshot))?;
    {
        let backup = rusqlite::backup::Backup::new(&from, &mut to).map_err(database(snapshot))?;
        // In one step, so that writes of another process do not make it begin again and again.
        loop {
            match backup.step(-1).map_err(database(snapshot))? {
                rusqlite::backup::StepResult::Done => break,
                _ => std::thread::sleep(std::time::Duration::from_millis(50)),
            }
        }
    }
    // One file, without a write-ahead log beside it.
    to.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
        .map_err(database(snapshot))?;
    to.close().map_err(|(_, error)| database(snapshot)(error))?;
    File::open(snapshot)
        .and_then(|file| file.sync_all())
        .map_err(file(snapshot))
}

fn open_snapshot(path: &Path) -> Result<Connection, BackupError> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(database(path))
}

fn count(db: &Connection, path: &Path) -> Result<u64, BackupError> {
    count_sendings(db).map_err(database(path))
}

/// Does something for every container a database says is there.
fn each_container(
    db: &Connection,
    path: &Path,
    mut work: impl FnMut(ContainerPlace, Sha256Digest, u64) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let mut failure = None;
    let read = sql::each_container(db, &mut |place, sha256, bytes| {
        work(place, sha256, bytes).map_err(|error| {
            failure = Some(error);
            // Only to stop; the failure is what is told.
            sql::Error::NoRows
        })
    });
    match failure {
        Some(error) => Err(error),
        None => read.map_err(database(path)),
    }
}

/// Copies a file, durably, making its folder; its digest and length.
fn copy(from: &Path, to: &Path) -> Result<(Sha256Digest, u64), BackupError> {
    let mut source = File::open(from).map_err(file(from))?;
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(file(folder))?;
    }
    let mut target = File::create(to).map_err(file(to))?;
    let mut digest = Context::new(&SHA256);
    let mut bytes = 0;
    let mut piece = vec![0; PIECE];
    loop {
        let read = source.read(&mut piece).map_err(file(from))?;
        let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else {
            break;
        };
        digest.update(read);
        target.write_all(read).map_err(file(to))?;
        bytes += u64::try_from(read.len()).unwrap_or(u64::MAX);
    }
    target.sync_all().map_err(file(to))?;
    Ok((finished(digest), bytes))
}

fn finished(digest: Context) -> Sha256Digest {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest.finish().as_ref());
    Sha256Digest::new(sha256)
}

fn digest_of(path: &Path) -> Result<Sha256Digest, BackupError> {
    let mut source = File::open(path).map_err(file(path))?;
    let mut digest = Digest(Context::new(&SHA256));
    io::copy(&mut source, &mut digest).map_err(file(path))?;
    Ok(finished(digest.0))
}

/// A digest that is written into.
struct Digest(Context);

impl Write for Digest {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A text file that is digested as it is written.
struct Digesting {
    path: PathBuf,
    file: BufWriter<File>,
    digest: Context,
}

impl Digesting {
    fn create(path: &Path) -> Result<Self, BackupError> {
        let created = File::create(path).map_err(file(path))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(created),
            digest: Context::new(&SHA256),
        })
    }

    fn line(&mut self, line: &str) -> Result<(), BackupError> {
        self.digest.update(line.as_bytes());
        self.file
            .write_all(line.as_bytes())
            .map_err(file(&self.path))
    }

    fn finish(self) -> Result<Sha256Digest, BackupError> {
        let path = self.path;
        self.file
            .into_inner()
            .map_err(|error| file(&path)(error.into_error()))?
            .sync_all()
            .map_err(file(&path))?;
        Ok(finished(self.digest))
    }
}

fn write_manifest(folder: &Path, summary: &BackupSummary) -> Result<(), BackupError> {
    let path = folder.join(MANIFEST);
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(file(&path))?;
    serde_json::to_writer_pretty(&mut temporary, summary)
        .map_err(|error| file(&path)(error.into()))?;
    temporary.as_file().sync_all().map_err(file(&path))?;
    temporary
        .persist(&path)
        .map_err(|error| file(&path)(error.error))?;
    connections::sync_folder_of(folder).map_err(file(folder))
}

/// Reads what a backup holds.
///
/// # Errors
/// If the folder is no complete backup, or one of a later version.
pub fn read_manifest(folder: &Path) -> Result<BackupSummary, BackupError> {
    let incomplete = || BackupError::Incomplete(folder.to_owned());
    let text = fs::read(folder.join(MANIFEST)).map_err(|_| incomplete())?;
    let form: Form = serde_json::from_slice(&text).map_err(|_| incomplete())?;
    if form.format > FORMAT {
        return Err(BackupError::Newer(folder.to_owned()));
    }
    serde_json::from_slice(&text).map_err(|_| incomplete())
}

/// What every version's manifest has.
#[derive(Deserialize)]
struct Form {
    format: u32,
}

fn is_empty(folder: &Path) -> Result<bool, BackupError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(file(folder)(error)),
    }
}

fn make_empty(folder: &Path) -> Result<(), BackupError> {
    if !is_empty(folder)? {
        return Err(BackupError::NotEmpty(folder.to_owned()));
    }
    fs::create_dir_all(folder.join(CONTAINERS)).map_err(file(folder))
}

/// Flushes the entries of a folder and of those below it.
fn sync_folders(folder: &Path) -> Result<(), BackupError> {
    for entry in fs::read_dir(folder).map_err(file(folder))? {
        let entry = entry.map_err(file(folder))?;
        if entry.file_type().map_err(file(folder))?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    connections::sync_folder_of(folder).map_err(file(folder))
}
