//! The home's database: which sets there are and where they stand.
//!
//! SQLite with a write-ahead log, forced to the disk at every commit (`synchronous = FULL`): what a
//! method here has returned from is there after a power cut.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use careplan_core::{OfficeNumber, YearMonth};
use careplan_protocol::{IdempotencyKey, SendingId, SendingState};
use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, Type, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use serde::de::DeserializeOwned;

use crate::{Error, ErrorKind, MonthCount, SetHeader, Status};

mod incoming;
mod outgoing;
mod receipts;

pub(crate) use incoming::{Announcement, Known, NewIncoming};
pub(crate) use outgoing::{NewOutgoing, Waiting};

/// Marks the file as a home of this library ("CPRC").
const APPLICATION_ID: i32 = 0x4350_5243;

/// The schema, step by step: a home made by an earlier version is brought up to this one when it is
/// opened.
const STEPS: [&str; 2] = [
    include_str!("migrations/0001-sets.sql"),
    include_str!("migrations/0002-quarantine-receipts-months.sql"),
];

/// The version of the schema: how many of the steps were taken.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "a handful"
)]
const SCHEMA_VERSION: i32 = STEPS.len() as i32;

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
        // More than there are queries.
        connection.set_prepared_statement_cache_capacity(64);
        let mut store = Self {
            path: path.to_owned(),
            connection,
        };
        store
            .connection
            .execute_batch(
                // The log goes into the database every 16 MB instead of 4: while a thousand sets are
                // sent, a page that is written again and again is moved once.
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                 PRAGMA wal_autocheckpoint = 4096;",
            )
            .map_err(database)?;
        store.bring_up_to_date(home, office)?;
        let found = store
            .one("SELECT office FROM home", [], |row| text(row, "office"))?
            .ok_or_else(|| store.damaged("a home without an office"))?;
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

    /// Takes the steps of the schema that were not taken yet, all or none.
    fn bring_up_to_date(&mut self, home: &Path, office: OfficeNumber) -> Result<(), Error> {
        let version: i32 = self.pragma("user_version")?;
        if version > SCHEMA_VERSION {
            return Err(ErrorKind::LaterVersion {
                home: home.to_owned(),
            }
            .into());
        }
        if version != 0 && self.pragma::<i32>("application_id")? != APPLICATION_ID {
            return Err(self.damaged("not a database of an office's home"));
        }
        let taken = usize::try_from(version).unwrap_or_default();
        let Some(steps @ [_, ..]) = STEPS.get(taken..) else {
            return Ok(());
        };
        self.run_mut(|db| {
            let transaction = db.transaction()?;
            for step in steps {
                transaction.execute_batch(step)?;
            }
            if taken == 0 {
                transaction.execute("INSERT INTO home (office) VALUES (?1)", [office.as_str()])?;
            }
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            transaction.commit()
        })
    }

    fn pragma<T: FromSql>(&self, name: &str) -> Result<T, Error> {
        self.run(|db| db.pragma_query_value(None, name, |row| row.get(0)))
    }

    fn run<T>(&self, f: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        f(&self.connection).map_err(|source| self.failed(source))
    }

    fn run_mut<T>(
        &mut self,
        f: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        f(&mut self.connection).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: rusqlite::Error) -> Error {
        use rusqlite::Error as Cause;
        match source {
            Cause::FromSqlConversionFailure(..)
            | Cause::InvalidColumnType(..)
            | Cause::IntegralValueOutOfRange(..) => self.damaged("a value that cannot be read"),
            source => Error::database(&self.path, source),
        }
    }

    fn damaged(&self, what: &'static str) -> Error {
        ErrorKind::Damaged {
            path: self.path.clone(),
            what,
        }
        .into()
    }

    /// Every row of a query.
    fn all<T>(
        &self,
        query: &str,
        parameters: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        self.run(|db| {
            db.prepare_cached(query)?
                .query_map(parameters, read)?
                .collect()
        })
    }

    /// The row of a query that has one at most.
    fn one<T>(
        &self,
        query: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Error> {
        self.run(|db| {
            db.prepare_cached(query)?
                .query_row(parameters, read)
                .optional()
        })
    }

    fn is_there(&self, query: &str, parameters: impl Params) -> Result<bool, Error> {
        self.run(|db| db.prepare_cached(query)?.exists(parameters))
    }

    /// Changes rows; gives how many.
    fn change(&self, query: &str, parameters: impl Params) -> Result<usize, Error> {
        self.run(|db| db.prepare_cached(query)?.execute(parameters))
    }

    /// The months of which there are sets that hold: not taken back, refused or quarantined.
    pub(crate) fn months(&self) -> Result<BTreeMap<YearMonth, MonthCount>, Error> {
        let count = |table: &str, holds: &str| {
            self.all(
                &format!(
                    "SELECT month, count(*) AS sets FROM {table}
                     WHERE month IS NOT NULL AND {holds} GROUP BY month"
                ),
                [],
                |row| Ok((text(row, "month")?, length(row, "sets")?)),
            )
        };
        let mut months: BTreeMap<YearMonth, MonthCount> = BTreeMap::new();
        for (month, sets) in count("outgoing", outgoing::LIVE)? {
            months.entry(month).or_default().sent = sets;
        }
        for (month, sets) in count("incoming", incoming::VERIFIED)? {
            months.entry(month).or_default().received = sets;
        }
        Ok(months)
    }

    /// How many sets stand where.
    pub(crate) fn status(&self) -> Result<Status, Error> {
        let mut status = Status::default();
        let outgoing: Vec<(String, Option<SendingState>, u64)> = self.all(
            "SELECT state, platform_state, count(*) AS sets FROM outgoing
             GROUP BY state, settled, platform_state",
            [],
            |row| {
                let platform_state = text_if(row, "platform_state")?;
                Ok((row.get("state")?, platform_state, length(row, "sets")?))
            },
        )?;
        for (state, platform_state, count) in outgoing {
            let counted = match (state.as_str(), platform_state) {
                ("put_in" | "signed", _) => &mut status.waiting,
                ("refused", _) => &mut status.refused,
                ("discarded", _) => &mut status.ended,
                (_, Some(SendingState::Confirmed)) => &mut status.delivered,
                (_, Some(state)) if state.is_settled() => &mut status.ended,
                (_, Some(_)) => &mut status.under_way,
                (_, None) => return Err(self.damaged("a sending without a state")),
            };
            *counted += count;
        }
        let incoming: Vec<(String, bool, u64)> = self.all(
            "SELECT state, taken_out, count(*) AS sets FROM incoming GROUP BY state, taken_out",
            [],
            |row| {
                Ok((
                    row.get("state")?,
                    row.get("taken_out")?,
                    length(row, "sets")?,
                ))
            },
        )?;
        for (state, taken_out, count) in incoming {
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
        let outgoing = self.all(
            "SELECT id FROM outgoing
             WHERE state = 'sent' AND settled = 1 AND files_kept = 1 AND put_in_at < ?1",
            [&before],
            id,
        )?;
        let incoming = self.all(
            "SELECT id FROM incoming
             WHERE state IN ('confirmed', 'not_confirmed') AND taken_out = 1 AND files_kept = 1
                 AND received_at < ?1",
            [&before],
            id,
        )?;
        Ok((outgoing, incoming))
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

/// A value whose text its type reads: one that cannot be read is damage.
struct Text<T>(T);

impl<T: FromStr> FromSql for Text<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let parsed = value.as_str()?.parse();
        parsed.map(Self).map_err(|_| unreadable())
    }
}

/// A value kept as JSON.
struct Json<T>(T);

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let parsed = serde_json::from_str(value.as_str()?);
        parsed.map(Self).map_err(|_| unreadable())
    }
}

/// What the text is stays out of messages: it may be of a person.
fn unreadable() -> FromSqlError {
    FromSqlError::Other("a value that cannot be read".into())
}

fn text<T: FromStr>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    row.get(column).map(|Text(value)| value)
}

fn text_if<T: FromStr>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>> {
    let value: Option<Text<T>> = row.get(column)?;
    Ok(value.map(|Text(value)| value))
}

fn from_json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    row.get(column).map(|Json(value)| value)
}

fn from_json_if<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>> {
    let value: Option<Json<T>> = row.get(column)?;
    Ok(value.map(|Json(value)| value))
}

/// The only column of a query for names.
fn id<T: FromStr>(row: &Row<'_>) -> rusqlite::Result<T> {
    text(row, "id")
}

/// A length, a count or a place in an order.
fn length(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, value))
}

/// A row whose state nobody writes.
fn no_state() -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, "a set without a state".into())
}

impl SetHeader {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            sender: text(row, "sender")?,
            receiver: text(row, "receiver")?,
            set: text(row, "set_kind")?,
            month: text_if(row, "month")?,
            sequence: text(row, "sequence")?,
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
    use crate::{Incoming, IncomingState, KeptReceipt, ReceivedHeader, Refusal, SetFile};

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
                None,
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
        let sealed = |receiver: &str| ReceivedHeader::Sealed {
            sender: set.header.sender,
            receiver: receiver.parse().unwrap(),
        };
        let open = |receiver: &str| {
            ReceivedHeader::Known(SetHeader {
                receiver: receiver.parse().unwrap(),
                ..set.header
            })
        };
        for (files, bytes, header) in [
            (Some(3), 10, open("1375169671")),
            (Some(4), 10, open("1375169671")),
            (Some(4), 11, open("1375169671")),
            (Some(4), 11, open("1378034246")),
            (None, 11, sealed("1378034246")),
            (None, 11, sealed("1375169671")),
        ] {
            let announced = Announcement {
                header,
                files,
                sha256: set.content,
                bytes,
            };
            store
                .received(&NewIncoming {
                    id,
                    announced,
                    header,
                    files: &[],
                    signed_at: None,
                    accepted_at: DateTime::UNIX_EPOCH,
                    received_at: DateTime::UNIX_EPOCH,
                    quarantined: Some(&refusal),
                })
                .unwrap();
            let known = Known::Quarantined(announced);
            assert_eq!(store.known(id).unwrap(), known);
            assert!(matches!(
                store.incoming(id).unwrap().unwrap(),
                Incoming { header: kept, state: IncomingState::Quarantined(_), .. } if kept == header
            ));
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

    #[test]
    fn a_home_of_the_first_version_is_brought_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("office.sqlite3");
        let earlier = Connection::open(&path).unwrap();
        earlier.execute_batch(STEPS[0]).unwrap();
        // As the first version wrote it.
        earlier
            .execute_batch(
                r#"
INSERT INTO home VALUES ('1370948774');
INSERT INTO outgoing (id, sender, receiver, set_kind, month, sequence, files, content, findings,
        put_in_at, state, sending, accepted_at, platform_state, settled, last_receipt, sealed, sha256)
    VALUES ('00000000-0000-0000-0000-000000000001', '1370948774', '1375169671', 'monthly_plan',
        '202610', '20261001090000', '[]', printf('%064d', 1), '[]', '2026-10-01T00:00:00.000000Z',
        'sent', '00000000-0000-0000-0000-000000000009', '2026-10-01T00:00:00.000000Z', 'confirmed',
        1, 1, 0, printf('%064d', 2));
INSERT INTO receipt VALUES (1, 'received', '2026-10-02T00:00:00.000000Z', x'504b', NULL);
INSERT INTO incoming (id, sender, receiver, set_kind, month, sequence, files, announced_files,
        sha256, bytes, accepted_at, received_at, state, refusal)
    VALUES ('00000000-0000-0000-0000-000000000007', '1375169671', '1370948774', 'actuals', '202609',
        '20261001090000', '[]', 1, printf('%064d', 3), 10, '2026-10-01T00:00:00.000000Z',
        '2026-10-01T00:00:00.000000Z', 'quarantined', '{"code":"x","ja":"","en":""}'),
    ('00000000-0000-0000-0000-000000000008', '1375169671', '1370948774', 'actuals', '202609',
        '20261001090000', '[]', 1, printf('%064d', 3), 10, '2026-10-01T00:00:00.000000Z',
        '2026-10-01T00:00:00.000000Z', 'confirmed', NULL);
PRAGMA application_id = 0x43505243;
PRAGMA user_version = 1;
"#,
            )
            .unwrap();
        drop(earlier);
        let store = open(folder.path());
        let status = store.status().unwrap();
        assert_eq!(
            (status.delivered, status.quarantined, status.new),
            (1, 1, 1)
        );
        let sending = |number| SendingId::new(uuid::Uuid::from_u128(number));
        let receipts = store.receipts(sending(9)).unwrap();
        assert_eq!(receipts.len(), 1);
        assert_eq!(receipts[0].event, EvidenceEvent::Received);
        assert_eq!(receipts[0].container, b"PK");
        assert!(
            matches!(store.known(sending(7)).unwrap(), Known::Quarantined(said) if said.files == Some(1))
        );
        // What was received before has no receipt yet: it is asked for.
        assert_eq!(store.receipts_wanted().unwrap().len(), 1);
        let months = store.months().unwrap();
        let count = |month: &str| months.get(&month.parse().unwrap()).copied();
        assert_eq!(
            count("202610"),
            Some(MonthCount {
                sent: 1,
                received: 0
            })
        );
        assert_eq!(
            count("202609"),
            Some(MonthCount {
                sent: 0,
                received: 1
            })
        );
        drop(store);
        open(folder.path());
    }
}
