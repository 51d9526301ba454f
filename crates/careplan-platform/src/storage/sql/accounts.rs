//! Accounts and log-in attempts.

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use careplan_protocol::UserId;
use chrono::{DateTime, Utc};

use super::row::{failed, millis, optional_instant, text, unreadable};
use super::{Connection, Engine, Error, OptionalExtension, Row, params};
use crate::auth::PasswordHash;
use crate::storage::{Account, AccountStorage, Attempts, PasswordValidity, StorageError};

#[async_trait]
impl<E: Engine> AccountStorage for E {
    async fn put_account(&self, account: Account) -> Result<(), StorageError> {
        self.write(move |db| put(db, &account)).await
    }

    async fn account(&self, user: UserId) -> Result<Option<Account>, StorageError> {
        self.read(move |db| find(db, user)).await
    }

    async fn begin_log_in(
        &self,
        office: OfficeNumber,
        now: DateTime<Utc>,
    ) -> Result<Result<(), DateTime<Utc>>, StorageError> {
        self.write(move |db| begin_log_in(db, office, now)).await
    }

    async fn forget_attempts(&self, office: OfficeNumber) -> Result<(), StorageError> {
        self.write(move |db| forget_attempts(db, office)).await
    }
}

fn put(db: &Connection, account: &Account) -> Result<(), StorageError> {
    let (validity, until) = match account.validity {
        PasswordValidity::Unlimited => ("unlimited", None),
        PasswordValidity::Until(until) => ("until", Some(millis(until))),
        PasswordValidity::Temporary => ("temporary", None),
    };
    db.prepare_cached(
        "INSERT INTO account (user_id, office, password_hash, validity, valid_until) \
         VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (user_id) DO UPDATE SET office = excluded.office, \
         password_hash = excluded.password_hash, validity = excluded.validity, \
         valid_until = excluded.valid_until",
    )
    .and_then(|put| {
        put.execute(params![
            account.user.as_str(),
            account.office.as_str(),
            account.password.as_str(),
            validity,
            until
        ])
    })
    .map(|_| ())
    .map_err(failed("storing an account"))
}

const COLUMNS: &str = "SELECT user_id, office, password_hash, validity, valid_until FROM account";

fn account_of(row: &Row<'_>) -> Result<Account, Error> {
    let validity: String = row.get("validity")?;
    let until = optional_instant(row, "valid_until")?;
    Ok(Account {
        user: text(row, "user_id")?,
        office: text(row, "office")?,
        password: PasswordHash::from_storage(row.get("password_hash")?),
        validity: match (validity.as_str(), until) {
            ("unlimited", None) => PasswordValidity::Unlimited,
            ("until", Some(until)) => PasswordValidity::Until(until),
            ("temporary", None) => PasswordValidity::Temporary,
            _ => return Err(unreadable("no validity of a password")),
        },
    })
}

fn find(db: &Connection, user: UserId) -> Result<Option<Account>, StorageError> {
    db.prepare_cached(&format!("{COLUMNS} WHERE user_id = ?1"))
        .and_then(|select| select.query_row([user.as_str()], account_of).optional())
        .map_err(failed("reading an account"))
}

pub(super) fn of_office(
    db: &Connection,
    office: OfficeNumber,
) -> Result<Vec<Account>, StorageError> {
    let read = || {
        db.prepare_cached(&format!("{COLUMNS} WHERE office = ?1 ORDER BY user_id"))?
            .query_map([office.as_str()], account_of)?
            .collect::<Result<_, _>>()
    };
    read().map_err(failed("reading the accounts of an office"))
}

fn begin_log_in(
    db: &Connection,
    office: OfficeNumber,
    now: DateTime<Utc>,
) -> Result<Result<(), DateTime<Utc>>, StorageError> {
    const WHAT: &str = "counting log-in attempts";
    let attempts = db
        .prepare_cached("SELECT attempts, locked_until FROM log_in_attempt WHERE office = ?1")
        .and_then(|select| {
            select
                .query_row([office.as_str()], |row| {
                    Ok(Attempts {
                        count: row.get("attempts")?,
                        locked_until: optional_instant(row, "locked_until")?,
                    })
                })
                .optional()
        })
        .map_err(failed(WHAT))?
        .unwrap_or_default();
    let attempts = match attempts.begin(now) {
        Ok(attempts) => attempts,
        Err(until) => return Ok(Err(until)),
    };
    db.prepare_cached(
        "INSERT INTO log_in_attempt (office, attempts, locked_until) VALUES (?1, ?2, ?3) \
         ON CONFLICT (office) DO UPDATE SET attempts = excluded.attempts, \
         locked_until = excluded.locked_until",
    )
    .and_then(|put| {
        put.execute(params![
            office.as_str(),
            attempts.count,
            attempts.locked_until.map(millis)
        ])
    })
    .map_err(failed(WHAT))?;
    Ok(Ok(()))
}

fn forget_attempts(db: &Connection, office: OfficeNumber) -> Result<(), StorageError> {
    db.prepare_cached("DELETE FROM log_in_attempt WHERE office = ?1")
        .and_then(|delete| delete.execute([office.as_str()]))
        .map(|_| ())
        .map_err(failed("forgetting log-in attempts"))
}
