//! The database's outgoing sets.

use careplan_core::{OfficeNumber, SetKind, Sha256Digest};
use careplan_protocol::{IdempotencyKey, Receipt, SendingId, SendingState};
use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, Row, named_params, params};

use super::{HeaderRow, ListOptions, Store, integer, json, receipts, time};
use crate::receipts::KeptReceipt;
use crate::{Error, Finding, Outgoing, OutgoingState, Refusal, SetFile, SetHeader};

/// A set to be recorded as put in.
pub(crate) struct NewOutgoing<'a> {
    pub(crate) id: IdempotencyKey,
    pub(crate) header: SetHeader,
    pub(crate) files: &'a [SetFile],
    /// How many of the files, from the first, have names of the standard.
    pub(crate) standard: usize,
    pub(crate) content: Sha256Digest,
    pub(crate) findings: &'a [Finding],
    pub(crate) sealed: bool,
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
    pub(crate) sealed: bool,
}

impl Store {
    /// Records sets as put in, all or none.
    pub(crate) fn put_in(&mut self, sets: &[NewOutgoing<'_>]) -> Result<(), Error> {
        self.run_mut(|db| {
            let transaction = db.transaction()?;
            for set in sets {
                transaction.prepare_cached(
                    "INSERT INTO outgoing (id, sender, receiver, set_kind, month, sequence, files,
                         content, findings, sealed, put_in_at, state)
                     VALUES (:id, :sender, :receiver, :set_kind, :month, :sequence, :files,
                         :content, :findings, :sealed, :put_in_at, 'put_in')",
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
                        ":findings": json(set.findings),
                        ":sealed": set.sealed,
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

    /// Records that a set's container is signed and stored.
    pub(crate) fn signed(
        &mut self,
        id: IdempotencyKey,
        signed_with: &str,
        sha256: Sha256Digest,
        bytes: u64,
    ) -> Result<(), Error> {
        self.run(|db| {
            db.prepare_cached(
                "UPDATE outgoing SET state = 'signed', sha256 = ?2, bytes = ?3, signed_with = ?4
                 WHERE id = ?1 AND state = 'put_in'",
            )?
            .execute(params![
                id.to_string(),
                sha256.to_string(),
                integer(bytes),
                signed_with
            ])
        })?;
        Ok(())
    }

    /// Lets sets be signed anew that were signed with another certificate and that the platform
    /// cannot have: the old one may have ended or been revoked.
    pub(crate) fn sign_anew(&mut self, signed_with: &str) -> Result<(), Error> {
        self.run(|db| {
            db.prepare_cached(
                "UPDATE outgoing SET state = 'put_in'
                 WHERE state = 'signed' AND unresolved = 0 AND signed_with <> ?1",
            )?
            .execute([signed_with])
        })?;
        Ok(())
    }

    /// The signed sets, in the order of putting in.
    pub(crate) fn to_send(&self) -> Result<Vec<Waiting>, Error> {
        type Row = (String, String, String, String, i64, bool);
        let rows: Vec<Row> = self.run(|db| {
            db.prepare_cached(
                "SELECT id, receiver, set_kind, sha256, bytes, sealed FROM outgoing
                 WHERE state = 'signed' ORDER BY number",
            )?
            .query_map([], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                    row.get(5)?,
                ))
            })?
            .collect()
        })?;
        rows.into_iter()
            .map(|(id, receiver, set, sha256, bytes, sealed)| {
                Ok(Waiting {
                    id: self.parse(&id)?,
                    receiver: self.parse(&receiver)?,
                    set: self.parse(&set)?,
                    sha256: self.parse(&sha256)?,
                    bytes: self.length(bytes)?,
                    sealed,
                })
            })
            .collect()
    }

    /// Records the platform's receipt, and what its signature is worth.
    pub(crate) fn accepted(
        &mut self,
        receipt: &Receipt,
        evidence: &KeptReceipt,
    ) -> Result<(), Error> {
        self.run_mut(|db| {
            let transaction = db.transaction()?;
            transaction.prepare_cached(
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
            })?;
            receipts::insert(&transaction, receipt.idempotency_key, evidence)?;
            transaction.commit()
        })
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

    /// What the check said of a set when it was put in.
    pub(crate) fn findings(&self, id: IdempotencyKey) -> Result<Option<Vec<Finding>>, Error> {
        let text: Option<String> = self.run(|db| {
            db.query_row(
                "SELECT findings FROM outgoing WHERE id = ?1",
                [id.to_string()],
                |row| row.get(0),
            )
            .optional()
        })?;
        text.map(|text| self.parse_json(&text)).transpose()
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
}

/// Sets that count when the same files are put in again: not those that were taken back or will
/// never be delivered.
const LIVE: &str = "state NOT IN ('discarded', 'refused')
    AND coalesce(platform_state, '') NOT IN ('withdrawn', 'expired', 'refused')";

const OUTGOING: &str = "id, number, sender, receiver, set_kind, month, sequence, files, put_in_at,
    state, refusal, platform_state, receipt, sealed, files_kept";

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
    sealed: bool,
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
            sealed: row.get("sealed")?,
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
            sealed: self.sealed,
            files_kept: self.files_kept,
        })
    }
}
