//! The home's database: which sets there are and where they stand.
//!
//! SQLite with a write-ahead log, forced to the disk at every commit (`synchronous = FULL`): what a
//! method here has returned from is there after a power cut.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use careplan_core::OfficeNumber;
use careplan_protocol::{IdempotencyKey, SendingId, SendingState};
use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Connection, Row};

use crate::{Error, ErrorKind, SetHeader, Status};

mod incoming;
mod outgoing;
mod receipts;

pub(crate) use incoming::{Known, NewIncoming};
pub(crate) use outgoing::{NewOutgoing, Waiting};

/// Marks the file as a home of this library ("CPRC").
const APPLICATION_ID: i32 = 0x4350_5243;

/// The version of the schema below.
const SCHEMA_VERSION: i32 = 1;

const SCHEMA: &str = "
CREATE TABLE home (office TEXT NOT NULL) STRICT;

CREATE TABLE outgoing (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    sender TEXT NOT NULL, receiver TEXT NOT NULL, set_kind TEXT NOT NULL, month TEXT,
    sequence TEXT NOT NULL,
    files TEXT NOT NULL,      -- JSON
    content TEXT NOT NULL,    -- digest over names and digests of the files
    findings TEXT NOT NULL,   -- JSON: what the check said
    put_in_at TEXT NOT NULL,
    -- put_in, signed, sent, refused, discarded
    state TEXT NOT NULL,
    refusal TEXT,             -- JSON
    -- the container was on its way and the platform did not say what it did with it
    unresolved INTEGER NOT NULL DEFAULT 0,
    sha256 TEXT, bytes INTEGER,
    signed_with TEXT,         -- serial number of the certificate
    sending TEXT UNIQUE,
    receipt TEXT,             -- JSON
    accepted_at TEXT,
    platform_state TEXT,
    settled INTEGER NOT NULL DEFAULT 0,
    -- the receipt of how it ended is kept
    last_receipt INTEGER NOT NULL DEFAULT 0,
    sealed INTEGER NOT NULL,
    files_kept INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX outgoing_state ON outgoing (state, settled, platform_state);
CREATE INDEX outgoing_under_way ON outgoing (accepted_at) WHERE state = 'sent' AND settled = 0;
CREATE INDEX outgoing_content ON outgoing (content);
CREATE INDEX outgoing_receipt ON outgoing (number) WHERE settled = 1 AND last_receipt = 0;

-- Signed receipts; the one of acceptance is in the platform's answer.
CREATE TABLE receipt (
    outgoing INTEGER NOT NULL REFERENCES outgoing (number),
    event TEXT NOT NULL, at TEXT NOT NULL, container BLOB NOT NULL,
    doubt TEXT,               -- JSON: why it does not verify
    PRIMARY KEY (outgoing, event)
) STRICT, WITHOUT ROWID;

-- Names of the files that only one sending may have: those of the standard.
CREATE TABLE outgoing_name (
    name TEXT NOT NULL, outgoing INTEGER NOT NULL REFERENCES outgoing (number),
    sha256 TEXT NOT NULL,
    PRIMARY KEY (name, outgoing)
) STRICT, WITHOUT ROWID;

CREATE TABLE incoming (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    sender TEXT NOT NULL, receiver TEXT NOT NULL, set_kind TEXT NOT NULL, month TEXT,
    sequence TEXT NOT NULL,
    files TEXT NOT NULL,      -- JSON
    announced_files INTEGER NOT NULL,
    sha256 TEXT NOT NULL, bytes INTEGER NOT NULL,
    signed_at TEXT, accepted_at TEXT NOT NULL, received_at TEXT NOT NULL,
    taken_out_at TEXT,
    -- stored, confirmed, not_confirmed, quarantined
    state TEXT NOT NULL,
    refusal TEXT,             -- JSON
    files_kept INTEGER NOT NULL DEFAULT 1,
    taken_out INTEGER NOT NULL GENERATED ALWAYS AS (taken_out_at IS NOT NULL)
) STRICT;
CREATE INDEX incoming_state ON incoming (state, taken_out, sequence);
";

/// The database, open.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    connection: Connection,
}

/// Which sets to list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListOptions {
    /// Only those with a smaller number, to go on from a list before.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

impl Default for ListOptions {
    /// The newest hundred.
    fn default() -> Self {
        Self {
            before: None,
            limit: 100,
        }
    }
}

impl Store {
    /// Opens the database of `office`'s home, or makes it.
    pub(crate) fn open(path: &Path, home: &Path, office: OfficeNumber) -> Result<Self, Error> {
        let database = |source| Error::database(path, source);
        let connection = Connection::open(path).map_err(database)?;
        let mut store = Self {
            path: path.to_owned(),
            connection,
        };
        store
            .connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
            )
            .map_err(database)?;
        let version: i32 = store.pragma("user_version")?;
        match version {
            0 => store.create(office)?,
            SCHEMA_VERSION if store.pragma::<i32>("application_id")? == APPLICATION_ID => {}
            later if later > SCHEMA_VERSION => {
                return Err(ErrorKind::LaterVersion {
                    home: home.to_owned(),
                }
                .into());
            }
            _ => return Err(store.damaged("not a database of an office's home")),
        }
        let found: String =
            store.run(|db| db.query_row("SELECT office FROM home", [], |row| row.get(0)))?;
        let found = store.parse(&found)?;
        if found != office {
            return Err(ErrorKind::OtherOffice {
                home: home.to_owned(),
                found,
                expected: office,
            }
            .into());
        }
        Ok(store)
    }

    fn create(&mut self, office: OfficeNumber) -> Result<(), Error> {
        self.run_mut(|db| {
            let transaction = db.transaction()?;
            transaction.execute_batch(SCHEMA)?;
            transaction.execute("INSERT INTO home (office) VALUES (?1)", [office.as_str()])?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            transaction.commit()
        })
    }

    fn pragma<T: rusqlite::types::FromSql>(&self, name: &str) -> Result<T, Error> {
        self.run(|db| db.pragma_query_value(None, name, |row| row.get(0)))
    }

    fn run<T>(&self, f: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        f(&self.connection).map_err(|source| Error::database(&self.path, source))
    }

    fn run_mut<T>(
        &mut self,
        f: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        f(&mut self.connection).map_err(|source| Error::database(&self.path, source))
    }

    fn damaged(&self, what: &'static str) -> Error {
        ErrorKind::Damaged {
            path: self.path.clone(),
            what,
        }
        .into()
    }

    fn parse<T: FromStr>(&self, text: &str) -> Result<T, Error> {
        text.parse()
            .map_err(|_| self.damaged("a value that cannot be read"))
    }

    fn parse_json<T: serde::de::DeserializeOwned>(&self, text: &str) -> Result<T, Error> {
        serde_json::from_str(text).map_err(|_| self.damaged("a value that cannot be read"))
    }

    fn ids<T: FromStr>(&self, query: &str) -> Result<Vec<T>, Error> {
        let texts: Vec<String> = self.run(|db| {
            db.prepare_cached(query)?
                .query_map([], |row| row.get(0))?
                .collect()
        })?;
        texts.iter().map(|text| self.parse(text)).collect()
    }

    fn length(&self, bytes: i64) -> Result<u64, Error> {
        u64::try_from(bytes).map_err(|_| self.damaged("a negative length"))
    }

    /// How many sets stand where.
    pub(crate) fn status(&self) -> Result<Status, Error> {
        let mut status = Status::default();
        let outgoing: Vec<(String, Option<String>, i64)> = self.run(|db| {
            db.prepare_cached(
                "SELECT state, platform_state, count(*) FROM outgoing
                 GROUP BY state, settled, platform_state",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect()
        })?;
        for (state, platform_state, count) in outgoing {
            let count = self.length(count)?;
            let counted = match (state.as_str(), platform_state) {
                ("put_in" | "signed", _) => &mut status.waiting,
                ("refused", _) => &mut status.refused,
                ("discarded", _) => &mut status.ended,
                (_, Some(text)) => match self.parse::<SendingState>(&text)? {
                    SendingState::Confirmed => &mut status.delivered,
                    state if state.is_settled() => &mut status.ended,
                    _ => &mut status.under_way,
                },
                (_, None) => return Err(self.damaged("a sending without a state")),
            };
            *counted += count;
        }
        let incoming: Vec<(String, bool, i64)> = self.run(|db| {
            db.prepare_cached(
                "SELECT state, taken_out, count(*) FROM incoming GROUP BY state, taken_out",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect()
        })?;
        for (state, taken_out, count) in incoming {
            let count = self.length(count)?;
            let counted = match (state.as_str(), taken_out) {
                ("quarantined", _) => &mut status.quarantined,
                (_, true) => &mut status.taken_out,
                (_, false) => &mut status.new,
            };
            *counted += count;
        }
        Ok(status)
    }

    /// Sets that came to their end before an instant and whose files are still kept.
    pub(crate) fn ended_before(
        &self,
        before: DateTime<Utc>,
    ) -> Result<(Vec<IdempotencyKey>, Vec<SendingId>), Error> {
        let before = time(before);
        let ids = |query: &str| -> Result<Vec<String>, Error> {
            self.run(|db| {
                db.prepare_cached(query)?
                    .query_map([&before], |row| row.get(0))?
                    .collect()
            })
        };
        let outgoing = ids("SELECT id FROM outgoing
             WHERE state = 'sent' AND settled = 1 AND files_kept = 1 AND put_in_at < ?1")?;
        let incoming = ids("SELECT id FROM incoming
             WHERE state IN ('confirmed', 'not_confirmed') AND taken_out = 1 AND files_kept = 1
                 AND received_at < ?1")?;
        let outgoing: Result<_, Error> = outgoing.iter().map(|id| self.parse(id)).collect();
        let incoming: Result<_, Error> = incoming.iter().map(|id| self.parse(id)).collect();
        Ok((outgoing?, incoming?))
    }

    /// Records that the files of sets are no longer kept.
    pub(crate) fn files_removed(
        &mut self,
        outgoing: &[IdempotencyKey],
        incoming: &[SendingId],
    ) -> Result<(), Error> {
        self.run_mut(|db| {
            let transaction = db.transaction()?;
            for id in outgoing {
                transaction
                    .prepare_cached("UPDATE outgoing SET files_kept = 0 WHERE id = ?1")?
                    .execute([id.to_string()])?;
            }
            for id in incoming {
                transaction
                    .prepare_cached("UPDATE incoming SET files_kept = 0 WHERE id = ?1")?
                    .execute([id.to_string()])?;
            }
            transaction.commit()
        })
    }
}

struct HeaderRow {
    sender: String,
    receiver: String,
    set_kind: String,
    month: Option<String>,
    sequence: String,
}

impl HeaderRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            sender: row.get("sender")?,
            receiver: row.get("receiver")?,
            set_kind: row.get("set_kind")?,
            month: row.get("month")?,
            sequence: row.get("sequence")?,
        })
    }

    fn parse(self, store: &Store) -> Result<SetHeader, Error> {
        Ok(SetHeader {
            sender: store.parse(&self.sender)?,
            receiver: store.parse(&self.receiver)?,
            set: store.parse(&self.set_kind)?,
            month: self.month.map(|month| store.parse(&month)).transpose()?,
            sequence: store.parse(&self.sequence)?,
        })
    }
}

impl ListOptions {
    fn bounds(self) -> [i64; 2] {
        let before = self.before.map_or(i64::MAX, integer);
        [before, i64::from(self.limit)]
    }
}

/// Microseconds in UTC: one length, so that texts sort as times.
fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// SQLite's integers are signed; lengths beyond are past any disk.
fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Types of this crate and the protocol's, none of which fails to be written as JSON.
fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use careplan_core::{SetKind, Sha256Digest};
    use careplan_protocol::{Evidence, EvidenceEvent, Receipt};

    use super::*;
    use crate::{KeptReceipt, Refusal, SetFile};

    fn new(number: u128, files: &[SetFile]) -> NewOutgoing<'_> {
        NewOutgoing {
            id: IdempotencyKey::new(uuid::Uuid::from_u128(number)),
            header: SetHeader {
                sender: "1370948774".parse().unwrap(),
                receiver: "1375169671".parse().unwrap(),
                set: SetKind::Actuals,
                month: Some("202610".parse().unwrap()),
                sequence: "20261001090000".parse().unwrap(),
            },
            files,
            standard: files.len(),
            content: Sha256Digest::new([u8::try_from(number % 256).unwrap(); 32]),
            findings: &[],
            sealed: false,
            put_in_at: DateTime::UNIX_EPOCH,
        }
    }

    fn open(folder: &Path) -> Store {
        let path = folder.join("office.sqlite3");
        Store::open(&path, folder, "1370948774".parse().unwrap()).unwrap()
    }

    #[test]
    fn a_full_disk_is_said_and_what_was_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(folder.path());
        store.put_in(&[new(1, &[])]).unwrap();
        // A database that may not grow is how SQLite meets a full disk.
        let pages: i64 = store.pragma("page_count").unwrap();
        store
            .run(|db| db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())))
            .unwrap();
        let files: Vec<SetFile> = (0..200)
            .map(|at| SetFile {
                name: format!("a file with a long name, number {at}"),
                bytes: 1,
                sha256: Sha256Digest::new([0; 32]),
            })
            .collect();
        let error = store.put_in(&[new(2, &files)]).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::DiskFull { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains("office.sqlite3"), "{error}");
        drop(store);
        let listed = open(folder.path())
            .list_outgoing(ListOptions::default())
            .unwrap();
        assert_eq!(listed.len(), 1);
    }

    #[test]
    fn what_was_heard_is_not_turned_back_by_an_older_answer() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(folder.path());
        let set = new(1, &[]);
        store.put_in(std::slice::from_ref(&set)).unwrap();
        store.signed(set.id, "01", set.content, 10).unwrap();
        let sending = SendingId::new(uuid::Uuid::from_u128(9));
        store
            .accepted(
                &Receipt {
                    sending,
                    idempotency_key: set.id,
                    sender: set.header.sender,
                    receiver: set.header.receiver,
                    set: Some(set.header.set),
                    sha256: set.content,
                    bytes: 10,
                    accepted_at: DateTime::UNIX_EPOCH,
                    expires_at: DateTime::UNIX_EPOCH,
                    evidence: Evidence::new(Vec::new()),
                },
                &KeptReceipt {
                    event: EvidenceEvent::Accepted,
                    at: DateTime::UNIX_EPOCH,
                    container: Vec::new(),
                    doubt: None,
                },
            )
            .unwrap();
        let hear = |store: &mut Store, state| store.heard(&[(sending, state)]).unwrap().len();
        assert_eq!(hear(&mut store, SendingState::Fetched), 1);
        assert_eq!(hear(&mut store, SendingState::Available), 0);
        assert_eq!(hear(&mut store, SendingState::Fetched), 0);
        assert_eq!(hear(&mut store, SendingState::Confirmed), 1);
        assert_eq!(hear(&mut store, SendingState::Expired), 0, "settled");
        assert_eq!(store.earliest_under_way().unwrap(), None);
    }

    #[test]
    fn everything_said_of_a_quarantined_set_is_kept_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(folder.path());
        let refusal = Refusal {
            code: "set-mismatch".to_owned(),
            ja: String::new(),
            en: String::new(),
        };
        let set = new(1, &[]);
        let id = SendingId::new(uuid::Uuid::from_u128(9));
        for (announced_files, bytes, receiver) in [
            (3, 10, "1375169671"),
            (4, 10, "1375169671"),
            (4, 11, "1375169671"),
            (4, 11, "1378034246"),
        ] {
            let header = SetHeader {
                receiver: receiver.parse().unwrap(),
                ..set.header
            };
            store
                .received(&NewIncoming {
                    id,
                    header,
                    files: &[],
                    announced_files,
                    sha256: set.content,
                    bytes,
                    signed_at: None,
                    accepted_at: DateTime::UNIX_EPOCH,
                    received_at: DateTime::UNIX_EPOCH,
                    quarantined: Some(&refusal),
                })
                .unwrap();
            let known = Known::Quarantined {
                header,
                announced_files,
                sha256: set.content,
                bytes,
            };
            assert_eq!(store.known(id).unwrap(), known);
        }
    }

    #[test]
    fn lists_are_newest_first_and_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(folder.path());
        for number in 1..=5 {
            store.put_in(&[new(number, &[])]).unwrap();
        }
        let numbers = |before, limit| -> Vec<u64> {
            let listed = store.list_outgoing(ListOptions { before, limit }).unwrap();
            listed.iter().map(|set| set.number).collect()
        };
        assert_eq!(numbers(None, 2), [5, 4]);
        assert_eq!(numbers(Some(4), 2), [3, 2]);
        assert_eq!(numbers(Some(2), 2), [1]);
    }
}
