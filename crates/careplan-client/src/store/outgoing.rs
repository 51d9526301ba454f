//! The database's outgoing sets.

use careplan_core::{OfficeNumber, SetKind, Sha256Digest, YearMonth};
use careplan_protocol::{IdempotencyKey, Receipt, SendingId, SendingState};
use chrono::{DateTime, Utc};
use rusqlite::{Row, named_params, params};

use super::{
    ListOptions, Store, from_json, from_json_if, id, integer, json, length, no_state, receipts,
    text, text_if, time,
};
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
    /// The platform may have it although it never said so.
    pub(crate) unresolved: bool,
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
        self.one(
            &format!(
                "SELECT id FROM outgoing
                 WHERE content = ?1 AND (state = 'refused' OR {LIVE}) LIMIT 1"
            ),
            [content.to_string()],
            id,
        )
    }

    /// Whether a live set has a file of this name of the standard with other content.
    pub(crate) fn name_is_used_otherwise(
        &self,
        name: &str,
        sha256: Sha256Digest,
    ) -> Result<bool, Error> {
        self.is_there(
            &format!(
                "SELECT 1 FROM outgoing_name JOIN outgoing ON number = outgoing
                 WHERE name = ?1 AND outgoing_name.sha256 <> ?2 AND {LIVE}"
            ),
            params![name, sha256.to_string()],
        )
    }

    /// The sets waiting to be signed, in the order of putting in.
    pub(crate) fn to_sign(&self) -> Result<Vec<IdempotencyKey>, Error> {
        self.all(
            "SELECT id FROM outgoing WHERE state = 'put_in' ORDER BY number",
            [],
            id,
        )
    }

    /// Records that a set's container is signed and stored.
    pub(crate) fn signed(
        &mut self,
        id: IdempotencyKey,
        signed_with: &str,
        sha256: Sha256Digest,
        bytes: u64,
    ) -> Result<(), Error> {
        self.change(
            "UPDATE outgoing SET state = 'signed', sha256 = ?2, bytes = ?3, signed_with = ?4
             WHERE id = ?1 AND state = 'put_in'",
            params![
                id.to_string(),
                sha256.to_string(),
                integer(bytes),
                signed_with
            ],
        )?;
        Ok(())
    }

    /// Lets sets be signed anew that were signed with another certificate and that the platform
    /// cannot have: the old one may have ended or been revoked.
    pub(crate) fn sign_anew(&mut self, signed_with: &str) -> Result<(), Error> {
        self.change(
            "UPDATE outgoing SET state = 'put_in'
             WHERE state = 'signed' AND unresolved = 0 AND signed_with <> ?1",
            [signed_with],
        )?;
        Ok(())
    }

    /// The signed sets, in the order of putting in.
    pub(crate) fn to_send(&self) -> Result<Vec<Waiting>, Error> {
        self.all(
            "SELECT id, receiver, set_kind, sha256, bytes, sealed, unresolved FROM outgoing
             WHERE state = 'signed' ORDER BY number",
            [],
            |row| {
                Ok(Waiting {
                    id: id(row)?,
                    receiver: text(row, "receiver")?,
                    set: text(row, "set_kind")?,
                    sha256: text(row, "sha256")?,
                    bytes: length(row, "bytes")?,
                    sealed: row.get("sealed")?,
                    unresolved: row.get("unresolved")?,
                })
            },
        )
    }

    /// Records the platform's receipt, and what its signature is worth; and, in the same commit,
    /// that the next set may be on its way from now on.
    pub(crate) fn accepted(
        &mut self,
        receipt: &Receipt,
        evidence: &KeptReceipt,
        next: Option<IdempotencyKey>,
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
            receipts::insert(&transaction, receipt.sending, evidence)?;
            if let Some(next) = next {
                transaction.prepare_cached(UNRESOLVED)?.execute(params![next.to_string(), true])?;
            }
            transaction.commit()
        })
    }

    /// Records that the platform, or the signing, does not take a set as it is.
    pub(crate) fn refused(&mut self, id: IdempotencyKey, refusal: &Refusal) -> Result<(), Error> {
        self.change(
            "UPDATE outgoing SET state = 'refused', refusal = ?2
             WHERE id = ?1 AND state IN ('put_in', 'signed')",
            params![id.to_string(), json(refusal)],
        )?;
        Ok(())
    }

    /// Records, before a container is on its way, that the platform may have it; or afterwards that
    /// the platform said it has not.
    pub(crate) fn unresolved(&mut self, id: IdempotencyKey, unresolved: bool) -> Result<(), Error> {
        self.change(UNRESOLVED, params![id.to_string(), unresolved])?;
        Ok(())
    }

    /// Lets a refused set be signed and sent again; with the same container if the platform may
    /// have that one. `false` if it was not refused.
    pub(crate) fn retry(&mut self, id: IdempotencyKey) -> Result<bool, Error> {
        let changed = self.change(
            "UPDATE outgoing SET refusal = NULL,
                 state = CASE unresolved WHEN 0 THEN 'put_in' ELSE 'signed' END
             WHERE id = ?1 AND state = 'refused'",
            [id.to_string()],
        )?;
        Ok(changed == 1)
    }

    /// Takes a set back that the platform does not have. `false` if it has it or may have it.
    pub(crate) fn discard(&mut self, id: IdempotencyKey) -> Result<bool, Error> {
        let changed = self.change(
            "UPDATE outgoing SET state = 'discarded', refusal = NULL
             WHERE id = ?1 AND unresolved = 0
                 AND state IN ('put_in', 'signed', 'refused', 'discarded')",
            [id.to_string()],
        )?;
        Ok(changed == 1)
    }

    /// When the earliest sending that is not settled was accepted.
    pub(crate) fn earliest_under_way(&self) -> Result<Option<DateTime<Utc>>, Error> {
        let earliest = self.one(
            "SELECT min(accepted_at) AS earliest FROM outgoing
             WHERE state = 'sent' AND settled = 0",
            [],
            |row| text_if(row, "earliest"),
        )?;
        Ok(earliest.flatten())
    }

    /// Records what the platform says of sendings. Returns those that changed: an old answer does
    /// not turn a state back.
    pub(crate) fn heard(
        &mut self,
        news: &[(SendingId, SendingState)],
    ) -> Result<Vec<(IdempotencyKey, SendingState)>, Error> {
        let mut changed = Vec::new();
        for (sending, state) in news {
            let known = self.one(
                "SELECT id, platform_state FROM outgoing
                 WHERE sending = ?1 AND state = 'sent' AND settled = 0",
                [sending.to_string()],
                |row| Ok((id(row)?, text::<SendingState>(row, "platform_state")?)),
            )?;
            // States are declared in the order in which a sending goes through them.
            if let Some((id, _)) = known.filter(|(_, known)| state > known) {
                changed.push((id, *state));
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
        self.one(
            &format!("SELECT {OUTGOING} FROM outgoing WHERE id = ?1"),
            [id.to_string()],
            read,
        )
    }

    /// What the check said of a set when it was put in.
    pub(crate) fn findings(&self, id: IdempotencyKey) -> Result<Option<Vec<Finding>>, Error> {
        self.one(
            "SELECT findings FROM outgoing WHERE id = ?1",
            [id.to_string()],
            |row| from_json(row, "findings"),
        )
    }

    /// Outgoing sets, newest first.
    pub(crate) fn list_outgoing(&self, options: ListOptions) -> Result<Vec<Outgoing>, Error> {
        self.all(
            &format!(
                "SELECT {OUTGOING} FROM outgoing WHERE number < ?1 ORDER BY number DESC LIMIT ?2"
            ),
            options.bounds(),
            read,
        )
    }

    /// Sets of a month that hold, newest first.
    pub(crate) fn outgoing_of(&self, month: YearMonth) -> Result<Vec<Outgoing>, Error> {
        self.all(
            &format!(
                "SELECT {OUTGOING} FROM outgoing WHERE month = ?1 AND {LIVE} ORDER BY number DESC"
            ),
            [month.to_string()],
            read,
        )
    }

    /// Whether a folder of the outbox belongs to a set, by its name, and if so whether the set
    /// still needs the files beside the container.
    pub(crate) fn knows_outgoing(&self, id: &str) -> Result<Option<bool>, Error> {
        self.one(
            "SELECT state <> 'sent' FROM outgoing
             WHERE id = ?1 AND state <> 'discarded' AND files_kept = 1",
            [id],
            |row| row.get(0),
        )
    }
}

/// Sets that count when the same files are put in again: not those that were taken back or will
/// never be delivered.
pub(super) const LIVE: &str = "state NOT IN ('discarded', 'refused')
    AND coalesce(platform_state, '') NOT IN ('withdrawn', 'expired', 'refused')";

const UNRESOLVED: &str = "UPDATE outgoing SET unresolved = ?2 WHERE id = ?1 AND unresolved <> ?2";

const OUTGOING: &str = "id, number, sender, receiver, set_kind, month, sequence, files, put_in_at,
    state, refusal, platform_state, receipt, sealed, files_kept";

fn read(row: &Row<'_>) -> rusqlite::Result<Outgoing> {
    let state: String = row.get("state")?;
    let state = match state.as_str() {
        "put_in" => OutgoingState::PutIn,
        "signed" => OutgoingState::Signed,
        "sent" => OutgoingState::Sent(text(row, "platform_state")?),
        "refused" => OutgoingState::Refused(from_json(row, "refusal")?),
        "discarded" => OutgoingState::Discarded,
        _ => return Err(no_state()),
    };
    Ok(Outgoing {
        id: id(row)?,
        number: length(row, "number")?,
        header: SetHeader::read(row)?,
        files: from_json(row, "files")?,
        put_in_at: text(row, "put_in_at")?,
        state,
        receipt: from_json_if(row, "receipt")?,
        sealed: row.get("sealed")?,
        files_kept: row.get("files_kept")?,
    })
}
