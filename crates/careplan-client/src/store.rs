//! The home's database: which sets there are and where they stand.
//!
//! SQLite with a write-ahead log, forced to the disk at every commit (`synchronous = FULL`): what a
//! method here has returned from is there after a power cut.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use careplan_core::{OfficeNumber, SetKind, Sha256Digest};
use careplan_protocol::{IdempotencyKey, Receipt, SendingId, SendingState};
use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use crate::{
    Error, ErrorKind, Incoming, IncomingState, Outgoing, OutgoingState, Refusal, SetFile,
    SetHeader, Status,
};

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
    put_in_at TEXT NOT NULL,
    -- put_in, signed, sent, refused, discarded
    state TEXT NOT NULL,
    refusal TEXT,             -- JSON
    -- the container was on its way and the platform did not say what it did with it
    unresolved INTEGER NOT NULL DEFAULT 0,
    sha256 TEXT, bytes INTEGER,
    sending TEXT UNIQUE,
    receipt TEXT,             -- JSON
    accepted_at TEXT,
    platform_state TEXT,
    settled INTEGER NOT NULL DEFAULT 0,
    files_kept INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX outgoing_state ON outgoing (state, settled, platform_state);
CREATE INDEX outgoing_under_way ON outgoing (accepted_at) WHERE state = 'sent' AND settled = 0;
CREATE INDEX outgoing_content ON outgoing (content);

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

/// A set to be recorded as put in.
pub(crate) struct NewOutgoing<'a> {
    pub(crate) id: IdempotencyKey,
    pub(crate) header: SetHeader,
    pub(crate) files: &'a [SetFile],
    /// How many of the files, from the first, have names of the standard.
    pub(crate) standard: usize,
    pub(crate) content: Sha256Digest,
    pub(crate) put_in_at: DateTime<Utc>,
}

/// A sending that waits for the platform.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    pub(crate) id: IdempotencyKey,
    pub(crate) receiver: OfficeNumber,
    pub(crate) set: SetKind,
    pub(crate) sha256: Sha256Digest,
    pub(crate) bytes: u64,
}

/// A received set to be recorded.
pub(crate) struct NewIncoming<'a> {
    pub(crate) id: SendingId,
    pub(crate) header: SetHeader,
    pub(crate) files: &'a [SetFile],
    /// How many files the platform says there are.
    pub(crate) announced_files: u32,
    pub(crate) sha256: Sha256Digest,
    pub(crate) bytes: u64,
    pub(crate) signed_at: Option<DateTime<Utc>>,
    pub(crate) accepted_at: DateTime<Utc>,
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) quarantined: Option<&'a Refusal>,
}

/// What is known of a sending that the platform lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was never received.
    Nothing,
    /// It is stored, and its confirmation is under way or was refused.
    Stored,
    /// It is stored and confirmed.
    Confirmed,
    /// It did not verify, when this was said of it.
    Quarantined {
        header: SetHeader,
        announced_files: u32,
        sha256: Sha256Digest,
        bytes: u64,
    },
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

    // --- outgoing

    /// Records sets as put in, all or none.
    pub(crate) fn put_in(&mut self, sets: &[NewOutgoing<'_>]) -> Result<(), Error> {
        self.run_mut(|db| {
            let transaction = db.transaction()?;
            for set in sets {
                transaction.prepare_cached(
                    "INSERT INTO outgoing (id, sender, receiver, set_kind, month, sequence, files,
                         content, put_in_at, state)
                     VALUES (:id, :sender, :receiver, :set_kind, :month, :sequence, :files,
                         :content, :put_in_at, 'put_in')",
                )?.execute(
                    named_params! {
                        ":id": set.id.to_string(),
                        ":sender": set.header.sender.as_str(),
                        ":receiver": set.header.receiver.as_str(),
                        ":set_kind": set.header.set.as_str(),
                        ":month": set.header.month.map(|month| month.to_string()),
                        ":sequence": set.header.sequence.to_string(),
                        ":files": json(set.files),
                        ":content": set.content.to_string(),
                        ":put_in_at": time(set.put_in_at),
                    },
                )?;
                let number = transaction.last_insert_rowid();
                for file in set.files.iter().take(set.standard) {
                    transaction.prepare_cached(
                        "INSERT INTO outgoing_name (name, outgoing, sha256) VALUES (?1, ?2, ?3)",
                    )?.execute(
                        params![file.name, number, file.sha256.to_string()],
                    )?;
                }
            }
            transaction.commit()
        })
    }

    /// The live or refused set with exactly these files, if it was put in before.
    pub(crate) fn outgoing_with_content(
        &self,
        content: Sha256Digest,
    ) -> Result<Option<IdempotencyKey>, Error> {
        let found: Option<String> = self.run(|db| {
            db.query_row(
                &format!(
                    "SELECT id FROM outgoing
                     WHERE content = ?1 AND (state = 'refused' OR {LIVE}) LIMIT 1"
                ),
                [content.to_string()],
                |row| row.get(0),
            )
            .optional()
        })?;
        found.map(|id| self.parse(&id)).transpose()
    }

    /// Whether a live set has a file of this name of the standard with other content.
    pub(crate) fn name_is_used_otherwise(
        &self,
        name: &str,
        sha256: Sha256Digest,
    ) -> Result<bool, Error> {
        self.run(|db| {
            db.prepare_cached(&format!(
                "SELECT 1 FROM outgoing_name JOIN outgoing ON number = outgoing
                 WHERE name = ?1 AND outgoing_name.sha256 <> ?2 AND {LIVE}"
            ))?
            .exists(params![name, sha256.to_string()])
        })
    }

    /// The sets waiting to be signed, in the order of putting in.
    pub(crate) fn to_sign(&self) -> Result<Vec<IdempotencyKey>, Error> {
        self.ids("SELECT id FROM outgoing WHERE state = 'put_in' ORDER BY number")
    }

    fn ids<T: FromStr>(&self, query: &str) -> Result<Vec<T>, Error> {
        let texts: Vec<String> = self.run(|db| {
            db.prepare_cached(query)?
                .query_map([], |row| row.get(0))?
                .collect()
        })?;
        texts.iter().map(|text| self.parse(text)).collect()
    }

    /// Records that a set's container is signed and stored.
    pub(crate) fn signed(
        &mut self,
        id: IdempotencyKey,
        sha256: Sha256Digest,
        bytes: u64,
    ) -> Result<(), Error> {
        self.run(|db| {
            db.prepare_cached(
                "UPDATE outgoing SET state = 'signed', sha256 = ?2, bytes = ?3
                 WHERE id = ?1 AND state = 'put_in'",
            )?
            .execute(params![id.to_string(), sha256.to_string(), integer(bytes)])
        })?;
        Ok(())
    }

    /// The signed sets, in the order of putting in.
    pub(crate) fn to_send(&self) -> Result<Vec<Waiting>, Error> {
        let rows: Vec<(String, String, String, String, i64)> = self.run(|db| {
            db.prepare_cached(
                "SELECT id, receiver, set_kind, sha256, bytes FROM outgoing
                 WHERE state = 'signed' ORDER BY number",
            )?
            .query_map([], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                ))
            })?
            .collect()
        })?;
        rows.into_iter()
            .map(|(id, receiver, set, sha256, bytes)| {
                Ok(Waiting {
                    id: self.parse(&id)?,
                    receiver: self.parse(&receiver)?,
                    set: self.parse(&set)?,
                    sha256: self.parse(&sha256)?,
                    bytes: self.length(bytes)?,
                })
            })
            .collect()
    }

    fn length(&self, bytes: i64) -> Result<u64, Error> {
        u64::try_from(bytes).map_err(|_| self.damaged("a negative length"))
    }

    /// Records the platform's receipt.
    pub(crate) fn accepted(&mut self, receipt: &Receipt) -> Result<(), Error> {
        self.run(|db| {
            db.prepare_cached(
                "UPDATE outgoing SET state = 'sent', sending = :sending, receipt = :receipt, unresolved = 0,
                     accepted_at = :accepted_at, platform_state = :platform_state
                 WHERE id = :id AND state = 'signed'",
            )?
            .execute(named_params! {
                ":id": receipt.idempotency_key.to_string(),
                ":sending": receipt.sending.to_string(),
                ":receipt": json(receipt),
                ":accepted_at": time(receipt.accepted_at),
                ":platform_state": SendingState::Accepted.as_str(),
            })
        })?;
        Ok(())
    }

    /// Records that the platform, or the signing, does not take a set as it is.
    pub(crate) fn refused(&mut self, id: IdempotencyKey, refusal: &Refusal) -> Result<(), Error> {
        self.run(|db| {
            db.execute(
                "UPDATE outgoing SET state = 'refused', refusal = ?2
                 WHERE id = ?1 AND state IN ('put_in', 'signed')",
                params![id.to_string(), json(refusal)],
            )
        })?;
        Ok(())
    }

    /// Records, before a container is on its way, that the platform may have it; or afterwards that
    /// the platform said it has not.
    pub(crate) fn unresolved(&mut self, id: IdempotencyKey, unresolved: bool) -> Result<(), Error> {
        self.run(|db| {
            db.prepare_cached(
                "UPDATE outgoing SET unresolved = ?2 WHERE id = ?1 AND unresolved <> ?2",
            )?
            .execute(params![id.to_string(), unresolved])
        })?;
        Ok(())
    }

    /// Whether the platform may have a set although it never said so.
    pub(crate) fn is_unresolved(&self, id: IdempotencyKey) -> Result<bool, Error> {
        self.run(|db| {
            db.prepare_cached("SELECT unresolved FROM outgoing WHERE id = ?1")?
                .query_row([id.to_string()], |row| row.get(0))
        })
    }

    /// Lets a refused set be signed and sent again; with the same container if the platform may
    /// have that one. `false` if it was not refused.
    pub(crate) fn retry(&mut self, id: IdempotencyKey) -> Result<bool, Error> {
        let changed = self.run(|db| {
            db.execute(
                "UPDATE outgoing SET refusal = NULL,
                     state = CASE unresolved WHEN 0 THEN 'put_in' ELSE 'signed' END
                 WHERE id = ?1 AND state = 'refused'",
                [id.to_string()],
            )
        })?;
        Ok(changed == 1)
    }

    /// Takes a set back that the platform does not have. `false` if it has it or may have it.
    pub(crate) fn discard(&mut self, id: IdempotencyKey) -> Result<bool, Error> {
        let changed = self.run(|db| {
            db.execute(
                "UPDATE outgoing SET state = 'discarded', refusal = NULL
                 WHERE id = ?1 AND unresolved = 0
                     AND state IN ('put_in', 'signed', 'refused', 'discarded')",
                [id.to_string()],
            )
        })?;
        Ok(changed == 1)
    }

    /// When the earliest sending that is not settled was accepted.
    pub(crate) fn earliest_under_way(&self) -> Result<Option<DateTime<Utc>>, Error> {
        let text: Option<String> = self.run(|db| {
            db.query_row(
                "SELECT min(accepted_at) FROM outgoing WHERE state = 'sent' AND settled = 0",
                [],
                |row| row.get(0),
            )
        })?;
        text.map(|text| self.parse(&text)).transpose()
    }

    /// Records what the platform says of sendings. Returns those that changed: an old answer does
    /// not turn a state back.
    pub(crate) fn heard(
        &mut self,
        news: &[(SendingId, SendingState)],
    ) -> Result<Vec<(IdempotencyKey, SendingState)>, Error> {
        let mut changed = Vec::new();
        for (sending, state) in news {
            let row: Option<(String, String)> = self.run(|db| {
                db.prepare_cached(
                    "SELECT id, platform_state FROM outgoing
                     WHERE sending = ?1 AND state = 'sent' AND settled = 0",
                )?
                .query_row([sending.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
            })?;
            let Some((id, known)) = row else {
                continue;
            };
            // States are declared in the order in which a sending goes through them.
            if *state > self.parse::<SendingState>(&known)? {
                changed.push((self.parse(&id)?, *state));
            }
        }
        if changed.is_empty() {
            return Ok(changed);
        }
        self.run_mut(|db| {
            let transaction = db.transaction()?;
            for (id, state) in &changed {
                transaction
                    .prepare_cached(
                        "UPDATE outgoing SET platform_state = ?2, settled = ?3 WHERE id = ?1",
                    )?
                    .execute(params![id.to_string(), state.as_str(), state.is_settled()])?;
            }
            transaction.commit()
        })?;
        Ok(changed)
    }

    /// An outgoing set.
    pub(crate) fn outgoing(&self, id: IdempotencyKey) -> Result<Option<Outgoing>, Error> {
        let row = self.run(|db| {
            db.prepare_cached(&format!("SELECT {OUTGOING} FROM outgoing WHERE id = ?1"))?
                .query_row([id.to_string()], OutgoingRow::read)
                .optional()
        })?;
        row.map(|row| row.parse(self)).transpose()
    }

    /// Outgoing sets, newest first.
    pub(crate) fn list_outgoing(&self, options: ListOptions) -> Result<Vec<Outgoing>, Error> {
        let rows: Vec<OutgoingRow> = self.run(|db| {
            db.prepare_cached(&format!(
                "SELECT {OUTGOING} FROM outgoing WHERE number < ?1 ORDER BY number DESC LIMIT ?2"
            ))?
            .query_map(options.bounds(), OutgoingRow::read)?
            .collect()
        })?;
        rows.into_iter().map(|row| row.parse(self)).collect()
    }

    // --- incoming

    /// Records a received set, verified or quarantined.
    pub(crate) fn received(&mut self, set: &NewIncoming<'_>) -> Result<(), Error> {
        self.run(|db| {
            db.prepare_cached(
                "INSERT INTO incoming (id, sender, receiver, set_kind, month, sequence, files,
                     announced_files, sha256, bytes, signed_at, accepted_at, received_at, state, refusal)
                 VALUES (:id, :sender, :receiver, :set_kind, :month, :sequence, :files,
                     :announced_files, :sha256, :bytes, :signed_at, :accepted_at, :received_at, :state, :refusal)
                 ON CONFLICT (id) DO UPDATE SET sender = excluded.sender,
                     receiver = excluded.receiver, set_kind = excluded.set_kind,
                     month = excluded.month, sequence = excluded.sequence,
                     files = excluded.files, announced_files = excluded.announced_files,
                     accepted_at = excluded.accepted_at, sha256 = excluded.sha256, bytes = excluded.bytes,
                     signed_at = excluded.signed_at, received_at = excluded.received_at,
                     state = excluded.state, refusal = excluded.refusal
                 WHERE incoming.state = 'quarantined'",
            )?
            .execute(named_params! {
                ":id": set.id.to_string(),
                ":sender": set.header.sender.as_str(),
                ":receiver": set.header.receiver.as_str(),
                ":set_kind": set.header.set.as_str(),
                ":month": set.header.month.map(|month| month.to_string()),
                ":sequence": set.header.sequence.to_string(),
                ":files": json(set.files),
                ":announced_files": set.announced_files,
                ":sha256": set.sha256.to_string(),
                ":bytes": integer(set.bytes),
                ":signed_at": set.signed_at.map(time),
                ":accepted_at": time(set.accepted_at),
                ":received_at": time(set.received_at),
                ":state": if set.quarantined.is_some() { "quarantined" } else { "stored" },
                ":refusal": set.quarantined.map(json),
            })
        })?;
        Ok(())
    }

    /// What is known of a sending.
    pub(crate) fn known(&self, id: SendingId) -> Result<Known, Error> {
        let row: Option<(String, String, u32, IncomingRow)> = self.run(|db| {
            db.prepare_cached(&format!(
                "SELECT {INCOMING}, announced_files FROM incoming WHERE id = ?1"
            ))?
            .query_row([id.to_string()], |row| {
                Ok((
                    row.get("state")?,
                    row.get("sha256")?,
                    row.get("announced_files")?,
                    IncomingRow::read(row)?,
                ))
            })
            .optional()
        })?;
        let Some((state, sha256, announced_files, row)) = row else {
            return Ok(Known::Nothing);
        };
        Ok(match state.as_str() {
            "quarantined" => Known::Quarantined {
                header: row.header.parse(self)?,
                announced_files,
                sha256: self.parse(&sha256)?,
                bytes: self.length(row.bytes)?,
            },
            "confirmed" => Known::Confirmed,
            _ => Known::Stored,
        })
    }

    /// Stored sendings of which the platform is still to be told, and their digests.
    pub(crate) fn to_confirm(&self) -> Result<Vec<(SendingId, Sha256Digest)>, Error> {
        let rows: Vec<(String, String)> = self.run(|db| {
            db.prepare_cached(
                "SELECT id, sha256 FROM incoming WHERE state = 'stored' ORDER BY number",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
        })?;
        rows.iter()
            .map(|(id, sha256)| Ok((self.parse(id)?, self.parse(sha256)?)))
            .collect()
    }

    /// Records that the platform knows, or does not want to know.
    pub(crate) fn confirmed(
        &mut self,
        id: SendingId,
        refusal: Option<&Refusal>,
    ) -> Result<(), Error> {
        let state = if refusal.is_some() {
            "not_confirmed"
        } else {
            "confirmed"
        };
        self.run(|db| {
            db.prepare_cached(
                "UPDATE incoming SET state = ?2, refusal = ?3 WHERE id = ?1 AND state = 'stored'",
            )?
            .execute(params![id.to_string(), state, refusal.map(json)])
        })?;
        Ok(())
    }

    /// Received sets that were not taken out yet, in the order in which sets are imported.
    pub(crate) fn not_taken_out(&self) -> Result<Vec<SendingId>, Error> {
        self.ids(
            "SELECT id FROM incoming WHERE state IN ('stored', 'confirmed') AND taken_out = 0
             ORDER BY sequence, number",
        )
    }

    /// The quarantined sendings.
    pub(crate) fn quarantined(&self) -> Result<Vec<SendingId>, Error> {
        self.ids("SELECT id FROM incoming WHERE state = 'quarantined' ORDER BY number")
    }

    /// Records that a set's files were taken out.
    pub(crate) fn taken_out(&mut self, id: SendingId, at: DateTime<Utc>) -> Result<(), Error> {
        self.run(|db| {
            db.prepare_cached("UPDATE incoming SET taken_out_at = ?2 WHERE id = ?1")?
                .execute(params![id.to_string(), time(at)])
        })?;
        Ok(())
    }

    /// A received set.
    pub(crate) fn incoming(&self, id: SendingId) -> Result<Option<Incoming>, Error> {
        let row = self.run(|db| {
            db.prepare_cached(&format!("SELECT {INCOMING} FROM incoming WHERE id = ?1"))?
                .query_row([id.to_string()], IncomingRow::read)
                .optional()
        })?;
        row.map(|row| row.parse(self)).transpose()
    }

    /// Received sets, newest first.
    pub(crate) fn list_incoming(&self, options: ListOptions) -> Result<Vec<Incoming>, Error> {
        let rows: Vec<IncomingRow> = self.run(|db| {
            db.prepare_cached(&format!(
                "SELECT {INCOMING} FROM incoming WHERE number < ?1 ORDER BY number DESC LIMIT ?2"
            ))?
            .query_map(options.bounds(), IncomingRow::read)?
            .collect()
        })?;
        rows.into_iter().map(|row| row.parse(self)).collect()
    }

    // --- both

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

    /// Whether a folder of the outbox belongs to a set, by its name, and if so whether the set
    /// still needs the files beside the container.
    pub(crate) fn knows_outgoing(&self, id: &str) -> Result<Option<bool>, Error> {
        self.run(|db| {
            db.prepare_cached(
                "SELECT state <> 'sent' FROM outgoing
                 WHERE id = ?1 AND state <> 'discarded' AND files_kept = 1",
            )?
            .query_row([id], |row| row.get(0))
            .optional()
        })
    }

    /// Whether a folder of the inbox or the quarantine belongs to a set, by its name.
    pub(crate) fn knows_incoming(&self, id: &str, quarantined: bool) -> Result<bool, Error> {
        self.run(|db| {
            db.prepare_cached(
                "SELECT 1 FROM incoming
                 WHERE id = ?1 AND (state = 'quarantined') = ?2 AND files_kept = 1",
            )?
            .exists(params![id, quarantined])
        })
    }
}

/// Sets that count when the same files are put in again: not those that were taken back or will
/// never be delivered.
const LIVE: &str = "state NOT IN ('discarded', 'refused')
    AND coalesce(platform_state, '') NOT IN ('withdrawn', 'expired', 'refused')";

const OUTGOING: &str = "id, number, sender, receiver, set_kind, month, sequence, files, put_in_at,
    state, refusal, platform_state, receipt, files_kept";

struct OutgoingRow {
    id: String,
    number: i64,
    header: HeaderRow,
    files: String,
    put_in_at: String,
    state: String,
    refusal: Option<String>,
    platform_state: Option<String>,
    receipt: Option<String>,
    files_kept: bool,
}

impl OutgoingRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            number: row.get("number")?,
            header: HeaderRow::read(row)?,
            files: row.get("files")?,
            put_in_at: row.get("put_in_at")?,
            state: row.get("state")?,
            refusal: row.get("refusal")?,
            platform_state: row.get("platform_state")?,
            receipt: row.get("receipt")?,
            files_kept: row.get("files_kept")?,
        })
    }

    fn parse(self, store: &Store) -> Result<Outgoing, Error> {
        let state = match (self.state.as_str(), self.platform_state, self.refusal) {
            ("put_in", ..) => OutgoingState::PutIn,
            ("signed", ..) => OutgoingState::Signed,
            ("sent", Some(state), _) => OutgoingState::Sent(store.parse(&state)?),
            ("refused", _, Some(refusal)) => OutgoingState::Refused(store.parse_json(&refusal)?),
            ("discarded", ..) => OutgoingState::Discarded,
            _ => return Err(store.damaged("a sending without a state")),
        };
        Ok(Outgoing {
            id: store.parse(&self.id)?,
            number: store.length(self.number)?,
            header: self.header.parse(store)?,
            files: store.parse_json(&self.files)?,
            put_in_at: store.parse(&self.put_in_at)?,
            state,
            receipt: self
                .receipt
                .map(|receipt| store.parse_json(&receipt))
                .transpose()?,
            files_kept: self.files_kept,
        })
    }
}

const INCOMING: &str = "id, number, sender, receiver, set_kind, month, sequence, files, sha256,
    bytes, signed_at, accepted_at, received_at, taken_out_at, state, refusal, files_kept";

struct IncomingRow {
    id: String,
    number: i64,
    header: HeaderRow,
    files: String,
    sha256: String,
    bytes: i64,
    signed_at: Option<String>,
    accepted_at: String,
    received_at: String,
    taken_out_at: Option<String>,
    state: String,
    refusal: Option<String>,
    files_kept: bool,
}

impl IncomingRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            number: row.get("number")?,
            header: HeaderRow::read(row)?,
            files: row.get("files")?,
            sha256: row.get("sha256")?,
            bytes: row.get("bytes")?,
            signed_at: row.get("signed_at")?,
            accepted_at: row.get("accepted_at")?,
            received_at: row.get("received_at")?,
            taken_out_at: row.get("taken_out_at")?,
            state: row.get("state")?,
            refusal: row.get("refusal")?,
            files_kept: row.get("files_kept")?,
        })
    }

    fn parse(self, store: &Store) -> Result<Incoming, Error> {
        let state = match (self.state.as_str(), self.refusal) {
            ("stored", _) => IncomingState::Stored,
            ("confirmed", _) => IncomingState::Confirmed,
            ("not_confirmed", Some(refusal)) => {
                IncomingState::NotConfirmed(store.parse_json(&refusal)?)
            }
            ("quarantined", Some(refusal)) => {
                IncomingState::Quarantined(store.parse_json(&refusal)?)
            }
            _ => return Err(store.damaged("a received set without a state")),
        };
        Ok(Incoming {
            id: store.parse(&self.id)?,
            number: store.length(self.number)?,
            header: self.header.parse(store)?,
            files: store.parse_json(&self.files)?,
            sha256: store.parse(&self.sha256)?,
            bytes: store.length(self.bytes)?,
            signed_at: self.signed_at.map(|at| store.parse(&at)).transpose()?,
            accepted_at: store.parse(&self.accepted_at)?,
            received_at: store.parse(&self.received_at)?,
            taken_out_at: self.taken_out_at.map(|at| store.parse(&at)).transpose()?,
            state,
            files_kept: self.files_kept,
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
    use super::*;

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
        store.signed(set.id, set.content, 10).unwrap();
        let sending = SendingId::new(uuid::Uuid::from_u128(9));
        store
            .accepted(&Receipt {
                sending,
                idempotency_key: set.id,
                sender: set.header.sender,
                receiver: set.header.receiver,
                set: set.header.set,
                sha256: set.content,
                bytes: 10,
                accepted_at: DateTime::UNIX_EPOCH,
                expires_at: DateTime::UNIX_EPOCH,
            })
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
