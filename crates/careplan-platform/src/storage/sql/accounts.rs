//! Accounts.

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use careplan_protocol::UserId;

use super::row::{failed, millis, optional_instant, text, unreadable};
use super::{Connection, Engine, Error, OptionalExtension, Row, params};
use crate::auth::PasswordHash;
use crate::storage::{Account, AccountStorage, PasswordValidity, StorageError};

#[async_trait]
impl<E: Engine> AccountStorage for E {
    async fn put_account(&self, account: Account) -> Result<bool, StorageError> {
        self.write(move |db| put(db, &account)).await
    }

    async fn account(&self, user: UserId) -> Result<Option<Account>, StorageError> {
        self.read(move |db| find(db, user)).await
    }
}

fn put(db: &Connection, account: &Account) -> Result<bool, StorageError> {
    let (validity, until) = match account.validity {
        PasswordValidity::Unlimited => ("unlimited", None),
        PasswordValidity::Until(until) => ("until", Some(millis(until))),
        PasswordValidity::Temporary => ("temporary", None),
    };
    db.prepare_cached(
        "INSERT INTO account (user_id, office, password_hash, validity, valid_until) \
         VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, \
         validity = excluded.validity, valid_until = excluded.valid_until \
         WHERE account.office = excluded.office",
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
    .map(|stored| stored == 1)
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
