//! The database's received sets.

use careplan_core::Sha256Digest;
use careplan_protocol::SendingId;
use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, Row, named_params, params};

use super::{HeaderRow, ListOptions, Store, integer, json, time};
use crate::{Error, Incoming, IncomingState, Refusal, SetFile, SetHeader};

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

impl Store {
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
