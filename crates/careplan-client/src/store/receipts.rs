//! The database's signed receipts.

use careplan_protocol::{EvidenceEvent, SendingId, SendingState};
use rusqlite::{Row, Transaction, params};

use super::{Store, from_json_if, json, text, time};
use crate::Error;
use crate::receipts::{KeptReceipt, Proven, Wanted, last_event};

impl Store {
    /// Keeps the last receipt of a sending. One that does not verify is asked for again.
    pub(crate) fn keep_receipt(
        &mut self,
        wanted: &Wanted,
        receipt: &KeptReceipt,
    ) -> Result<(), Error> {
        let (mark, id) = match wanted {
            Wanted::Sent { id, .. } => (
                "UPDATE outgoing SET last_receipt = ?2 WHERE id = ?1",
                id.to_string(),
            ),
            Wanted::Received { proven } => (
                "UPDATE incoming SET last_receipt = ?2 WHERE id = ?1",
                proven.sending.to_string(),
            ),
        };
        let sending = wanted.proven().sending;
        self.run_mut(|db| {
            let transaction = db.transaction()?;
            insert(&transaction, sending, receipt)?;
            transaction
                .prepare_cached(mark)?
                .execute(params![id, receipt.doubt.is_none()])?;
            transaction.commit()
        })
    }

    /// The receipts of a sending, in the order of what they are for.
    pub(crate) fn receipts(&self, sending: SendingId) -> Result<Vec<KeptReceipt>, Error> {
        let mut receipts = self.all(
            "SELECT event, at, container, doubt FROM sending_receipt WHERE sending = ?1",
            [sending.to_string()],
            |row| {
                Ok(KeptReceipt {
                    event: text(row, "event")?,
                    at: text(row, "at")?,
                    container: row.get("container")?,
                    doubt: from_json_if(row, "doubt")?,
                })
            },
        )?;
        receipts.sort_by_key(|receipt| receipt.event);
        Ok(receipts)
    }

    /// Sendings that have ended, sent and received, of which the last receipt is not kept yet.
    pub(crate) fn receipts_wanted(&self) -> Result<Vec<Wanted>, Error> {
        let sent = self.all(
            "SELECT id, sending, sha256, sender, receiver, platform_state FROM outgoing
             WHERE settled = 1 AND last_receipt = 0 AND sending IS NOT NULL ORDER BY number",
            [],
            |row| {
                let state: SendingState = text(row, "platform_state")?;
                let (id, proven) = (text(row, "id")?, proven(row)?);
                Ok(last_event(state).map(|event| Wanted::Sent { id, proven, event }))
            },
        )?;
        let received = self.all(
            "SELECT id AS sending, sha256, sender, receiver FROM incoming
             WHERE state = 'confirmed' AND last_receipt = 0 ORDER BY number",
            [],
            |row| {
                let proven = proven(row)?;
                Ok(Wanted::Received { proven })
            },
        )?;
        Ok(sent.into_iter().flatten().chain(received).collect())
    }
}

fn proven(row: &Row<'_>) -> rusqlite::Result<Proven> {
    Ok(Proven {
        sending: text(row, "sending")?,
        sha256: text(row, "sha256")?,
        sender: text(row, "sender")?,
        receiver: text(row, "receiver")?,
    })
}

/// Inserts a receipt; one of the same event is replaced. That of acceptance is kept with the
/// platform's answer it came in.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    sending: SendingId,
    receipt: &KeptReceipt,
) -> rusqlite::Result<()> {
    let container = match receipt.event {
        EvidenceEvent::Accepted => &[],
        _ => receipt.container.as_slice(),
    };
    transaction
        .prepare_cached(
            "INSERT INTO sending_receipt (sending, event, at, container, doubt)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (sending, event) DO UPDATE SET at = excluded.at,
                 container = excluded.container, doubt = excluded.doubt",
        )?
        .execute(params![
            sending.to_string(),
            receipt.event.as_str(),
            time(receipt.at),
            container,
            receipt.doubt.as_ref().map(json),
        ])?;
    Ok(())
}
