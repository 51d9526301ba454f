//! A connection to either database, with the calls of `rusqlite`.

use std::error::Error as StdError;
use std::fmt;

use rusqlite::types::{FromSql, ValueRef};
pub(in crate::storage) use rusqlite::{ToSql, params, types::Value};

pub(in crate::storage) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a statement was not run, or what it gave was not read.
#[derive(Debug)]
pub(in crate::storage) enum Error {
    /// SQLite's failure.
    Sqlite(rusqlite::Error),
    /// PostgreSQL's failure.
    #[cfg(feature = "cluster")]
    Postgres(tokio_postgres::Error),
    /// A value is not what this program writes.
    Unreadable(Box<dyn StdError + Send + Sync>),
    /// A row was expected.
    NoRows,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(error) => error.fmt(f),
            #[cfg(feature = "cluster")]
            Self::Postgres(error) => match error.as_db_error() {
                // Without the detail, which has values of the row.
                Some(told) => write!(f, "{}: {}", told.code().code(), told.message()),
                None => error.fmt(f),
            },
            Self::Unreadable(error) => error.fmt(f),
            Self::NoRows => f.write_str("a row is missing"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Sqlite(error) => error.source(),
            #[cfg(feature = "cluster")]
            Self::Postgres(error) => error.source(),
            Self::Unreadable(error) => error.source(),
            Self::NoRows => None,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

#[cfg(feature = "cluster")]
impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

/// What a database does for a [`Connection`]. Parameters are written `?1`, `?2`, …
pub(in crate::storage) trait Db {
    /// Runs statements without parameters.
    fn batch(&self, sql: &str) -> Result<()>;

    /// Runs a statement; how many rows it changed.
    fn execute(&self, sql: &str, params: &[&dyn ToSql]) -> Result<usize>;

    /// Runs a query and hands over each row.
    fn query(
        &self,
        sql: &str,
        params: &[&dyn ToSql],
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()>;
}

/// A connection to either database.
pub(in crate::storage) type Connection = dyn Db;

impl dyn Db {
    /// A statement, whose preparation the connection keeps.
    ///
    /// # Errors
    /// None; a fault in it shows when it is run. As a result, so that calls can be chained.
    pub(in crate::storage) fn prepare_cached<'s>(&'s self, sql: &'s str) -> Result<Statement<'s>> {
        Ok(Statement { db: self, sql })
    }
}

/// A statement on a connection.
pub(in crate::storage) struct Statement<'s> {
    db: &'s Connection,
    sql: &'s str,
}

impl Statement<'_> {
    /// Runs it; how many rows it changed.
    pub(in crate::storage) fn execute(&self, params: impl Params) -> Result<usize> {
        params.hand_to(|params| self.db.execute(self.sql, params))
    }

    /// The first row.
    pub(in crate::storage) fn query_row<T>(
        &self,
        params: impl Params,
        read: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.query_map(params, read)?.next().ok_or(Error::NoRows)?
    }

    /// Every row.
    pub(in crate::storage) fn query_map<T>(
        &self,
        params: impl Params,
        read: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<std::vec::IntoIter<Result<T>>> {
        let mut rows = Vec::new();
        params.hand_to(|params| {
            self.db.query(self.sql, params, &mut |row| {
                rows.push(read(row));
                Ok(())
            })
        })?;
        Ok(rows.into_iter())
    }

    /// Whether there is a row.
    pub(in crate::storage) fn exists(&self, params: impl Params) -> Result<bool> {
        Ok(self.query_map(params, |_| Ok(()))?.next().is_some())
    }
}

/// Turns a missing row into nothing.
pub(in crate::storage) trait OptionalExtension<T> {
    /// The row, if there is one.
    fn optional(self) -> Result<Option<T>>;
}

impl<T> OptionalExtension<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Ok(row) => Ok(Some(row)),
            Err(Error::NoRows) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The parameters of a statement.
pub(in crate::storage) trait Params {
    /// Hands them over as a slice.
    fn hand_to<T>(self, to: impl FnOnce(&[&dyn ToSql]) -> T) -> T;
}

impl Params for &[&dyn ToSql] {
    fn hand_to<T>(self, to: impl FnOnce(&[&dyn ToSql]) -> T) -> T {
        to(self)
    }
}

/// No parameters.
impl Params for [&str; 0] {
    fn hand_to<T>(self, to: impl FnOnce(&[&dyn ToSql]) -> T) -> T {
        to(&[])
    }
}

macro_rules! params_in_arrays {
    ($($count:literal)*) => {
        $(
            impl<P: ToSql> Params for [P; $count] {
                fn hand_to<T>(self, to: impl FnOnce(&[&dyn ToSql]) -> T) -> T {
                    to(&self.each_ref().map(|param| param as &dyn ToSql))
                }
            }
        )*
    };
}
params_in_arrays!(1 2 3);

impl Params for Vec<Value> {
    fn hand_to<T>(self, to: impl FnOnce(&[&dyn ToSql]) -> T) -> T {
        let params: Vec<&dyn ToSql> = self.iter().map(|value| value as &dyn ToSql).collect();
        to(&params)
    }
}

/// A row of either database.
pub(in crate::storage) struct Row<'r>(pub(in crate::storage) &'r dyn RowValues);

/// What a database does for a [`Row`].
pub(in crate::storage) trait RowValues {
    /// The place of a column, from 0.
    fn index_of(&self, column: &str) -> Result<usize>;

    /// The value at a place.
    fn value(&self, index: usize) -> Result<ValueRef<'_>>;
}

impl Row<'_> {
    /// A column's value.
    pub(in crate::storage) fn get<T: FromSql>(&self, column: impl RowIndex) -> Result<T> {
        let value = self.0.value(column.index_in(self)?)?;
        T::column_result(value).map_err(|error| Error::Unreadable(error.into()))
    }
}

/// What names a column: its name, or its place from 0.
pub(in crate::storage) trait RowIndex {
    /// The place.
    fn index_in(self, row: &Row<'_>) -> Result<usize>;
}

impl RowIndex for usize {
    fn index_in(self, _row: &Row<'_>) -> Result<usize> {
        Ok(self)
    }
}

impl RowIndex for &str {
    fn index_in(self, row: &Row<'_>) -> Result<usize> {
        row.0.index_of(self)
    }
}

impl Db for rusqlite::Connection {
    fn batch(&self, sql: &str) -> Result<()> {
        Ok(self.execute_batch(sql)?)
    }

    fn execute(&self, sql: &str, params: &[&dyn ToSql]) -> Result<usize> {
        Ok(Self::prepare_cached(self, sql)?.execute(params)?)
    }

    fn query(
        &self,
        sql: &str,
        params: &[&dyn ToSql],
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut statement = Self::prepare_cached(self, sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            each(&Row(row))?;
        }
        Ok(())
    }
}

impl RowValues for rusqlite::Row<'_> {
    fn index_of(&self, column: &str) -> Result<usize> {
        Ok(self.as_ref().column_index(column)?)
    }

    fn value(&self, index: usize) -> Result<ValueRef<'_>> {
        Ok(self.get_ref(index)?)
    }
}
