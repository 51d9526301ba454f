//! The database's signed receipts.

use careplan_protocol::{EvidenceEvent, IdempotencyKey, SendingState};
use rusqlite::{Transaction, params};

use super::{Store, json, time};
use crate::receipts::{KeptReceipt, Wanted, last_event};
use crate::{Error, Refusal};

impl Store {
    /// Keeps the last receipt of a sending. One that does not verify is asked for again.
    pub(crate) fn keep_receipt(
        &mut self,
        id: IdempotencyKey,
        receipt: &KeptReceipt,
    ) -> Result<(), Error> {
        self.run_mut(|db| {
            let transaction = db.transaction()?;
            insert(&transaction, id, receipt)?;
            transaction
                .prepare_cached("UPDATE outgoing SET last_receipt = ?2 WHERE id = ?1")?
                .execute(params![id.to_string(), receipt.doubt.is_none()])?;
            transaction.commit()
        })
    }

    /// The receipts of a sending, in the order of what they are for.
    pub(crate) fn receipts(&self, id: IdempotencyKey) -> Result<Vec<KeptReceipt>, Error> {
        type Row = (String, String, Vec<u8>, Option<String>);
        let rows: Vec<Row> = self.run(|db| {
            db.prepare_cached(
                "SELECT event, at, container, doubt FROM receipt
                 JOIN outgoing ON number = outgoing WHERE id = ?1",
            )?
            .query_map([id.to_string()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?
            .collect()
        })?;
        let mut receipts = rows
            .into_iter()
            .map(|(event, at, container, doubt)| {
                Ok(KeptReceipt {
                    event: self.parse(&event)?,
                    at: self.parse(&at)?,
                    container,
                    doubt: doubt
                        .map(|doubt| self.parse_json::<Refusal>(&doubt))
                        .transpose()?,
                })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        // The first one is kept with the platform's answer it came in.
        let answer = self.outgoing(id)?.and_then(|set| set.receipt);
        for receipt in &mut receipts {
            if let (EvidenceEvent::Accepted, Some(answer)) = (receipt.event, &answer) {
                receipt.container = answer.evidence.as_bytes().to_vec();
            }
        }
        receipts.sort_by_key(|receipt| receipt.event);
        Ok(receipts)
    }

    /// Sendings that have ended and of which the last receipt is not kept yet.
    pub(crate) fn receipts_wanted(&self) -> Result<Vec<Wanted>, Error> {
        let rows: Vec<(String, String)> = self.run(|db| {
            db.prepare_cached(
                "SELECT id, platform_state FROM outgoing
                 WHERE settled = 1 AND last_receipt = 0 ORDER BY number",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
        })?;
        let mut wanted = Vec::with_capacity(rows.len());
        for (id, state) in rows {
            if let Some(event) = last_event(self.parse::<SendingState>(&state)?) {
                wanted.push(Wanted {
                    id: self.parse(&id)?,
                    event,
                });
            }
        }
        Ok(wanted)
    }
}

/// Inserts a receipt; one of the same event is replaced.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    id: IdempotencyKey,
    receipt: &KeptReceipt,
) -> rusqlite::Result<()> {
    let container = match receipt.event {
        EvidenceEvent::Accepted => &[],
        _ => receipt.container.as_slice(),
    };
    transaction
        .prepare_cached(
            "INSERT INTO receipt (outgoing, event, at, container, doubt)
             SELECT number, ?2, ?3, ?4, ?5 FROM outgoing WHERE id = ?1
             ON CONFLICT (outgoing, event) DO UPDATE SET at = excluded.at,
                 container = excluded.container, doubt = excluded.doubt",
        )?
        .execute(params![
            id.to_string(),
            receipt.event.as_str(),
            time(receipt.at),
            container,
            receipt.doubt.as_ref().map(json),
        ])?;
    Ok(())
}
