//! The database's received sets.

use careplan_core::{Sha256Digest, YearMonth};
use careplan_protocol::SendingId;
use chrono::{DateTime, Utc};
use rusqlite::{Row, named_params, params};

use super::{
    ListOptions, Store, from_json, id, integer, json, length, no_state, text, text_if, time,
};
use crate::{Error, Incoming, IncomingState, ReceivedHeader, Refusal, SetFile, SetHeader};

/// A received set to be recorded.
pub(crate) struct NewIncoming<'a> {
    pub(crate) id: SendingId,
    /// What the platform said of it.
    pub(crate) announced: Announcement,
    pub(crate) header: ReceivedHeader,
    pub(crate) files: &'a [SetFile],
    pub(crate) signed_at: Option<DateTime<Utc>>,
    pub(crate) accepted_at: DateTime<Utc>,
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) quarantined: Option<&'a Refusal>,
}

/// What the platform says of a sending: what is received must be that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Announcement {
    pub(crate) header: ReceivedHeader,
    /// How many files there are; not known of sealed ones.
    pub(crate) files: Option<u32>,
    pub(crate) sha256: Sha256Digest,
    pub(crate) bytes: u64,
}

impl Announcement {
    /// Whether it travels sealed, so that the platform does not know the set.
    pub(crate) const fn sealed(&self) -> bool {
        matches!(self.header, ReceivedHeader::Sealed { .. })
    }
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
    Quarantined(Announcement),
}

impl Store {
    /// Records a received set, verified or quarantined.
    pub(crate) fn received(&mut self, set: &NewIncoming<'_>) -> Result<(), Error> {
        let known = set.header.set();
        self.run(|db| {
            db.prepare_cached(
                "INSERT INTO incoming (id, sender, receiver, set_kind, month, sequence, sealed, files,
                     announced_files, sha256, bytes, signed_at, accepted_at, received_at, state, refusal)
                 VALUES (:id, :sender, :receiver, :set_kind, :month, :sequence, :sealed, :files,
                     :announced_files, :sha256, :bytes, :signed_at, :accepted_at, :received_at, :state, :refusal)
                 ON CONFLICT (id) DO UPDATE SET sender = excluded.sender,
                     receiver = excluded.receiver, set_kind = excluded.set_kind,
                     month = excluded.month, sequence = excluded.sequence,
                     sealed = excluded.sealed, files = excluded.files, announced_files = excluded.announced_files,
                     accepted_at = excluded.accepted_at, sha256 = excluded.sha256, bytes = excluded.bytes,
                     signed_at = excluded.signed_at, received_at = excluded.received_at,
                     state = excluded.state, refusal = excluded.refusal
                 WHERE incoming.state = 'quarantined'",
            )?
            .execute(named_params! {
                ":id": set.id.to_string(),
                ":sender": set.header.sender().as_str(),
                ":receiver": set.header.receiver().as_str(),
                ":set_kind": known.map(|header| header.set.as_str()),
                ":month": known.and_then(|header| header.month).map(|month| month.to_string()),
                ":sequence": known.map(|header| header.sequence.to_string()),
                ":sealed": set.announced.sealed(),
                ":files": json(set.files),
                ":announced_files": set.announced.files,
                ":sha256": set.announced.sha256.to_string(),
                ":bytes": integer(set.announced.bytes),
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
        let known = self.one(
            "SELECT state, sender, receiver, set_kind, month, sequence, announced_files, sha256,
                 bytes FROM incoming WHERE id = ?1",
            [id.to_string()],
            |row| {
                let state: String = row.get("state")?;
                Ok(match state.as_str() {
                    "quarantined" => Known::Quarantined(Announcement {
                        header: ReceivedHeader::read(row)?,
                        files: row.get("announced_files")?,
                        sha256: text(row, "sha256")?,
                        bytes: length(row, "bytes")?,
                    }),
                    "confirmed" => Known::Confirmed,
                    _ => Known::Stored,
                })
            },
        )?;
        Ok(known.unwrap_or(Known::Nothing))
    }

    /// Stored sendings of which the platform is still to be told, and their digests.
    pub(crate) fn to_confirm(&self) -> Result<Vec<(SendingId, Sha256Digest)>, Error> {
        self.all(
            "SELECT id, sha256 FROM incoming WHERE state = 'stored' ORDER BY number",
            [],
            |row| Ok((id(row)?, text(row, "sha256")?)),
        )
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
        self.change(
            "UPDATE incoming SET state = ?2, refusal = ?3 WHERE id = ?1 AND state = 'stored'",
            params![id.to_string(), state, refusal.map(json)],
        )?;
        Ok(())
    }

    /// Received sets that were not taken out yet, in the order in which sets are imported.
    pub(crate) fn not_taken_out(&self) -> Result<Vec<SendingId>, Error> {
        self.all(
            "SELECT id FROM incoming WHERE state IN ('stored', 'confirmed') AND taken_out = 0
             ORDER BY sequence, number",
            [],
            id,
        )
    }

    /// The quarantined sendings.
    pub(crate) fn quarantined(&self) -> Result<Vec<SendingId>, Error> {
        self.all(
            "SELECT id FROM incoming WHERE state = 'quarantined' ORDER BY number",
            [],
            id,
        )
    }

    /// Records that a set's files were taken out.
    pub(crate) fn taken_out(&mut self, id: SendingId, at: DateTime<Utc>) -> Result<(), Error> {
        self.change(
            "UPDATE incoming SET taken_out_at = ?2 WHERE id = ?1",
            params![id.to_string(), time(at)],
        )?;
        Ok(())
    }

    /// A received set.
    pub(crate) fn incoming(&self, id: SendingId) -> Result<Option<Incoming>, Error> {
        self.one(
            &format!("SELECT {INCOMING} FROM incoming WHERE id = ?1"),
            [id.to_string()],
            read,
        )
    }

    /// Received sets, newest first.
    pub(crate) fn list_incoming(&self, options: ListOptions) -> Result<Vec<Incoming>, Error> {
        self.all(
            &format!(
                "SELECT {INCOMING} FROM incoming WHERE number < ?1 ORDER BY number DESC LIMIT ?2"
            ),
            options.bounds(),
            read,
        )
    }

    /// Verified sets of a month, newest first.
    pub(crate) fn incoming_of(&self, month: YearMonth) -> Result<Vec<Incoming>, Error> {
        self.all(
            &format!(
                "SELECT {INCOMING} FROM incoming
                 WHERE month = ?1 AND {VERIFIED} ORDER BY number DESC"
            ),
            [month.to_string()],
            read,
        )
    }

    /// Whether a folder of the inbox or the quarantine belongs to a set, by its name.
    pub(crate) fn knows_incoming(&self, id: &str, quarantined: bool) -> Result<bool, Error> {
        self.is_there(
            "SELECT 1 FROM incoming
             WHERE id = ?1 AND (state = 'quarantined') = ?2 AND files_kept = 1",
            params![id, quarantined],
        )
    }
}

/// Sets whose files are handed out.
pub(super) const VERIFIED: &str = "state <> 'quarantined'";

const INCOMING: &str = "id, number, sender, receiver, set_kind, month, sequence, sealed, files,
    sha256, bytes, signed_at, accepted_at, received_at, taken_out_at, state, refusal, files_kept";

fn read(row: &Row<'_>) -> rusqlite::Result<Incoming> {
    let state: String = row.get("state")?;
    let state = match state.as_str() {
        "stored" => IncomingState::Stored,
        "confirmed" => IncomingState::Confirmed,
        "not_confirmed" => IncomingState::NotConfirmed(from_json(row, "refusal")?),
        "quarantined" => IncomingState::Quarantined(from_json(row, "refusal")?),
        _ => return Err(no_state()),
    };
    Ok(Incoming {
        id: id(row)?,
        number: length(row, "number")?,
        header: ReceivedHeader::read(row)?,
        sealed: row.get("sealed")?,
        files: from_json(row, "files")?,
        sha256: text(row, "sha256")?,
        bytes: length(row, "bytes")?,
        signed_at: text_if(row, "signed_at")?,
        accepted_at: text(row, "accepted_at")?,
        received_at: text(row, "received_at")?,
        taken_out_at: text_if(row, "taken_out_at")?,
        state,
        files_kept: row.get("files_kept")?,
    })
}

impl ReceivedHeader {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let set: Option<String> = row.get("set_kind")?;
        Ok(match set {
            Some(_) => Self::Known(SetHeader::read(row)?),
            None => Self::Sealed {
                sender: text(row, "sender")?,
                receiver: text(row, "receiver")?,
            },
        })
    }
}
