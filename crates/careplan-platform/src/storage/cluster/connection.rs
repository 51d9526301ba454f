//! One transaction on a connection to PostgreSQL, for work that waits for it on its own thread.

use std::cell::Cell;
use std::error::Error as StdError;

use bytes::BytesMut;
use deadpool_postgres::Object;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use tokio::runtime::Handle;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::storage::StorageError;
use crate::storage::sql::{Connection, Db, Error, Result, Row, RowValues, failed};

/// What the database is asked with, where a name is needed.
const WHAT: &str = "a transaction";

/// A connection with a transaction open on it.
pub(super) struct PostgresConnection {
    /// Taken out of the pool for good unless the transaction ended as it should.
    client: Option<Object>,
    handle: Handle,
    /// A statement failed: the database commits nothing of it any more, and does not say so.
    failed: Cell<bool>,
}

impl PostgresConnection {
    /// Runs work in a transaction that `begin` begins. Blocks.
    pub(super) fn run<T>(
        client: Object,
        handle: Handle,
        begin: &str,
        work: &impl Fn(&Connection) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut connection = Self {
            client: Some(client),
            handle,
            failed: Cell::new(false),
        };
        connection.simple(begin).map_err(failed(WHAT))?;
        let done = work(&connection).and_then(|done| {
            if connection.failed.get() {
                return Err(StorageError::without_source(
                    crate::storage::StorageErrorKind::Unavailable,
                    "a statement of the transaction failed",
                ));
            }
            connection.simple("COMMIT").map_err(failed(WHAT))?;
            Ok(done)
        });
        if done.is_ok() || connection.simple("ROLLBACK").is_ok() {
            connection.give_back();
        }
        done
    }

    fn simple(&self, sql: &str) -> Result<()> {
        Ok(self.handle.block_on(self.client()?.batch_execute(sql))?)
    }

    fn client(&self) -> Result<&Object> {
        self.client
            .as_ref()
            .ok_or_else(|| Error::Unreadable("the connection was given back".into()))
    }

    /// Lets the pool have the connection again.
    fn give_back(&mut self) {
        self.client = None;
    }

    fn note<T>(&self, result: Result<T>) -> Result<T> {
        if result.is_err() {
            self.failed.set(true);
        }
        result
    }

    fn try_execute(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<usize> {
        let client = self.client()?;
        let params = bind(params)?;
        let changed = self.handle.block_on(async {
            let statement = client.prepare_cached(&numbered(sql)).await?;
            client.execute(&statement, &as_params(&params)).await
        })?;
        usize::try_from(changed).map_err(|error| Error::Unreadable(error.into()))
    }

    fn try_query(
        &self,
        sql: &str,
        params: &[&dyn rusqlite::ToSql],
    ) -> Result<Vec<tokio_postgres::Row>> {
        let client = self.client()?;
        let params = bind(params)?;
        let rows = self.handle.block_on(async {
            let statement = client.prepare_cached(&numbered(sql)).await?;
            client.query(&statement, &as_params(&params)).await
        })?;
        Ok(rows)
    }
}

impl Drop for PostgresConnection {
    fn drop(&mut self) {
        // In the middle of a transaction, or of who knows what: not for others.
        if let Some(client) = self.client.take() {
            let _entered = self.handle.enter();
            drop(Object::take(client));
        }
    }
}

impl Db for PostgresConnection {
    fn batch(&self, sql: &str) -> Result<()> {
        self.note(self.simple(&sql.replace(" BLOB", " BYTEA")))
    }

    fn execute(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<usize> {
        self.note(self.try_execute(sql, params))
    }

    fn query(
        &self,
        sql: &str,
        params: &[&dyn rusqlite::ToSql],
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        for row in self.note(self.try_query(sql, params))? {
            each(&Row(&row))?;
        }
        Ok(())
    }
}

/// Parameters as PostgreSQL writes them.
fn numbered(sql: &str) -> String {
    sql.replace('?', "$")
}

/// Whether the same work may succeed when it is run again from its beginning.
pub(super) fn may_succeed_again(error: &StorageError) -> bool {
    let Some(Error::Postgres(error)) = error.source().and_then(|source| source.downcast_ref())
    else {
        return false;
    };
    match error.code() {
        // A row that another transaction inserted first is seen the next time.
        Some(code) => [
            &SqlState::T_R_SERIALIZATION_FAILURE,
            &SqlState::T_R_DEADLOCK_DETECTED,
            &SqlState::UNIQUE_VIOLATION,
        ]
        .contains(&code),
        None => false,
    }
}

/// A value on its way to PostgreSQL, which says what type it wants.
#[derive(Debug)]
struct Param(Value);

fn bind(params: &[&dyn rusqlite::ToSql]) -> Result<Vec<Param>> {
    params
        .iter()
        .map(|param| match param.to_sql()? {
            ToSqlOutput::Owned(value) => Ok(Param(value)),
            ToSqlOutput::Borrowed(value) => value
                .try_into()
                .map(Param)
                .map_err(|error: rusqlite::types::FromSqlError| Error::Unreadable(error.into())),
            _ => Err(Error::Unreadable("a value of SQLite alone".into())),
        })
        .collect()
}

fn as_params(params: &[Param]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|param| param as _).collect()
}

impl ToSql for Param {
    fn to_sql(
        &self,
        wanted: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match (&self.0, wanted) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Integer(value), &Type::INT8) => value.to_sql(wanted, out),
            (Value::Integer(value), &Type::INT4) => i32::try_from(*value)?.to_sql(wanted, out),
            (Value::Text(value), &Type::TEXT | &Type::VARCHAR) => value.to_sql(wanted, out),
            (Value::Blob(value), &Type::BYTEA) => value.to_sql(wanted, out),
            (_, wanted) => Err(format!("no value of {wanted}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl RowValues for tokio_postgres::Row {
    fn index_of(&self, column: &str) -> Result<usize> {
        self.columns()
            .iter()
            .position(|known| known.name() == column)
            .ok_or_else(|| Error::Unreadable(format!("there is no column {column}").into()))
    }

    fn value(&self, index: usize) -> Result<ValueRef<'_>> {
        let unknown = || Error::Unreadable(format!("there is no readable column {index}").into());
        let kind = self.columns().get(index).ok_or_else(unknown)?.type_();
        let value = match *kind {
            Type::INT8 => self
                .try_get::<_, Option<i64>>(index)?
                .map(ValueRef::Integer),
            Type::INT4 => self
                .try_get::<_, Option<i32>>(index)?
                .map(|value| ValueRef::Integer(value.into())),
            Type::TEXT | Type::VARCHAR => self
                .try_get::<_, Option<&str>>(index)?
                .map(|value| ValueRef::Text(value.as_bytes())),
            Type::BYTEA => self.try_get::<_, Option<&[u8]>>(index)?.map(ValueRef::Blob),
            _ => return Err(unknown()),
        };
        Ok(value.unwrap_or(ValueRef::Null))
    }
}
