//! Registers, locks, signs of life, and the removal of containers.

use async_trait::async_trait;
use careplan_core::{OfficeNumber, Sha256Digest, UserId};
use careplan_protocol::SendingId;
use chrono::{DateTime, Utc};

use super::row::{count, failed, instant, millis, optional_instant, text};
use super::{
    Connection, Engine, OptionalExtension, Result as SqlResult, accounts, evidence, params,
    sendings,
};
use crate::storage::containers::{ContainerPlace, ContainerStore, blocking};
use crate::storage::{
    Account, HealthStorage, RegisterStorage, Removal, RetentionStorage, StorageError, StoredSending,
};

/// How many containers one round of deleting takes at most.
const ROUND: u32 = 1000;

#[async_trait]
impl<E: Engine> RegisterStorage for E {
    async fn offices(
        &self,
        after: Option<OfficeNumber>,
        limit: u32,
    ) -> Result<Vec<(OfficeNumber, DateTime<Utc>)>, StorageError> {
        self.read(move |db| {
            let after = after.map_or(String::new(), |after| after.to_string());
            let read = || {
                db.prepare_cached(
                    "SELECT office, registered_at FROM office WHERE office > ?1 \
                     ORDER BY office LIMIT ?2",
                )?
                .query_map(params![after, limit], |row| {
                    Ok((text(row, "office")?, instant(row, "registered_at")?))
                })?
                .collect::<Result<_, _>>()
            };
            read().map_err(failed("listing offices"))
        })
        .await
    }

    async fn accounts_of(&self, office: OfficeNumber) -> Result<Vec<Account>, StorageError> {
        self.read(move |db| accounts::of_office(db, office)).await
    }

    async fn set_account_lock(
        &self,
        user: UserId,
        locked_at: Option<DateTime<Utc>>,
    ) -> Result<(), StorageError> {
        self.write(move |db| {
            let done = match locked_at {
                Some(at) => db
                    .prepare_cached(
                        "INSERT INTO account_lock (user_id, locked_at) VALUES (?1, ?2) \
                         ON CONFLICT DO NOTHING",
                    )
                    .and_then(|put| put.execute(params![user.as_str(), millis(at)])),
                None => db
                    .prepare_cached("DELETE FROM account_lock WHERE user_id = ?1")
                    .and_then(|delete| delete.execute([user.as_str()])),
            };
            done.map(|_| ()).map_err(failed("locking an account"))
        })
        .await
    }

    async fn account_lock(&self, user: UserId) -> Result<Option<DateTime<Utc>>, StorageError> {
        self.read(move |db| {
            db.prepare_cached("SELECT locked_at FROM account_lock WHERE user_id = ?1")
                .and_then(|select| {
                    select
                        .query_row([user.as_str()], |row| instant(row, "locked_at"))
                        .optional()
                })
                .map_err(failed("reading an account's lock"))
        })
        .await
    }
}

#[async_trait]
impl<E: Engine> HealthStorage for E {
    async fn beat(&self, at: DateTime<Utc>) -> Result<(), StorageError> {
        self.write(move |db| {
            db.prepare_cached(
                "INSERT INTO heartbeat (number, beaten_at) VALUES (1, ?1) \
                 ON CONFLICT (number) DO UPDATE SET beaten_at = excluded.beaten_at",
            )
            .and_then(|put| put.execute([millis(at)]))
            .map(|_| ())
            .map_err(failed("writing a sign of life"))
        })
        .await
    }

    async fn free_bytes(&self) -> Result<Option<u64>, StorageError> {
        // Uploads under way need room too, wherever the containers go then.
        let spool = self.spool();
        let room = blocking("measuring free space", move || fs4::available_space(spool)).await?;
        let containers = self.containers().free_bytes().await?;
        Ok(Some(containers.map_or(room, |free| free.min(room))))
    }
}

#[async_trait]
impl<E: Engine> RetentionStorage for E {
    async fn removable(
        &self,
        settled_by: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<StoredSending>, StorageError> {
        self.read(move |db| sendings::settled_with_container(db, settled_by, limit))
            .await
    }

    async fn mark_removed(&self, removals: Vec<Removal>) -> Result<usize, StorageError> {
        self.write(move |db| mark_removed(db, &removals)).await
    }

    async fn delete_marked(&self) -> Result<usize, StorageError> {
        // A backup under way copies what its snapshot names: deleting waits for its next turn.
        let Some(_right) = self.containers().may_delete().await? else {
            return Ok(0);
        };
        let places = self.read(pending).await?;
        for &place in &places {
            self.containers().remove(place).await?;
        }
        let deleted = places.len();
        if deleted > 0 {
            self.write(move |db| forget_pending(db, &places)).await?;
        }
        Ok(deleted)
    }

    async fn removed_at(
        &self,
        receiver: OfficeNumber,
        sending: SendingId,
    ) -> Result<Option<DateTime<Utc>>, StorageError> {
        self.read(move |db| {
            db.prepare_cached(
                "SELECT container_removed_at FROM sending WHERE receiver = ?1 AND sending = ?2",
            )
            .and_then(|select| {
                select
                    .query_row(params![receiver.as_str(), sending.to_string()], |row| {
                        optional_instant(row, "container_removed_at")
                    })
                    .optional()
            })
            .map(Option::flatten)
            .map_err(failed("reading whether a container was removed"))
        })
        .await
    }
}

fn mark_removed(db: &Connection, removals: &[Removal]) -> Result<usize, StorageError> {
    const WHAT: &str = "marking a container as removed";
    let mut marked = 0;
    for removal in removals {
        let (receiver, sending) = (removal.receiver.as_str(), removal.sending.to_string());
        let at = millis(removal.receipt.at);
        let changed = db
            .prepare_cached(
                "UPDATE sending SET container_removed_at = ?3 WHERE receiver = ?1 \
                 AND sending = ?2 AND settled_at IS NOT NULL AND container_removed_at IS NULL",
            )
            .and_then(|update| update.execute(params![receiver, sending, at]))
            .map_err(failed(WHAT))?;
        if changed == 0 {
            continue;
        }
        db.prepare_cached("INSERT INTO pending_removal (receiver, sending) VALUES (?1, ?2)")
            .and_then(|insert| insert.execute(params![receiver, sending]))
            .map_err(failed(WHAT))?;
        evidence::store(db, removal.receiver, removal.sending, &removal.receipt)?;
        marked += 1;
    }
    Ok(marked)
}

fn pending(db: &Connection) -> Result<Vec<ContainerPlace>, StorageError> {
    let read = || {
        db.prepare_cached("SELECT receiver, sending FROM pending_removal LIMIT ?1")?
            .query_map([ROUND], |row| {
                Ok(ContainerPlace {
                    receiver: text(row, "receiver")?,
                    sending: text(row, "sending")?,
                })
            })?
            .collect::<Result<_, _>>()
    };
    read().map_err(failed("looking for containers to delete"))
}

fn forget_pending(db: &Connection, places: &[ContainerPlace]) -> Result<(), StorageError> {
    for place in places {
        db.prepare_cached("DELETE FROM pending_removal WHERE receiver = ?1 AND sending = ?2")
            .and_then(|delete| {
                delete.execute(params![place.receiver.as_str(), place.sending.to_string()])
            })
            .map_err(failed("forgetting a deleted container"))?;
    }
    Ok(())
}

/// Hands over every container that a database says is there: its place, digest and length.
pub(in crate::storage) fn each_container(
    db: &Connection,
    each: &mut dyn FnMut(ContainerPlace, Sha256Digest, u64) -> SqlResult<()>,
) -> SqlResult<()> {
    db.query(
        "SELECT receiver, sending, sha256, byte_count FROM sending \
         WHERE container_removed_at IS NULL",
        &[],
        &mut |row| {
            let place = ContainerPlace {
                receiver: text(row, "receiver")?,
                sending: text(row, "sending")?,
            };
            each(place, text(row, "sha256")?, count(row, "byte_count")?)
        },
    )
}

/// How many sendings a database has.
pub(in crate::storage) fn count_sendings(db: &Connection) -> SqlResult<u64> {
    db.prepare_cached("SELECT COUNT(*) AS n FROM sending")?
        .query_row([], |row| count(row, "n"))
}
