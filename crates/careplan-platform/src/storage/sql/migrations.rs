//! The tables, brought up to date by numbered migrations.

use super::{Connection, Error, Result, failed};
use crate::storage::{StorageError, StorageErrorKind};

/// Every migration, in order; number 1 first. Applied ones are never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/0001_initial.sql"),
    include_str!("../../../migrations/0002_evidence.sql"),
    include_str!("../../../migrations/0003_site.sql"),
    include_str!("../../../migrations/0004_operations.sql"),
    include_str!("../../../migrations/0005_log_in_attempts.sql"),
];

/// Applies the migrations that were not yet applied. In the caller's transaction: each whole or
/// not at all.
pub(in crate::storage) fn migrate(db: &Connection) -> Result<(), StorageError> {
    const WHAT: &str = "migrating the tables";
    let applied = applied(db).map_err(failed(WHAT))?;
    let known = (1_i64..).zip(MIGRATIONS);
    if applied > known.clone().map(|(number, _)| number).max().unwrap_or(0) {
        return Err(StorageError::without_source(StorageErrorKind::Newer, WHAT));
    }
    for (number, migration) in known.filter(|(number, _)| *number > applied) {
        // The number first: of several processes that start at once, one gets it.
        db.prepare_cached("INSERT INTO migration (number) VALUES (?1)")
            .and_then(|insert| insert.execute([number]))
            .and_then(|_| db.batch(migration))
            .map_err(failed(WHAT))?;
    }
    Ok(())
}

fn applied(db: &Connection) -> Result<i64, Error> {
    db.batch("CREATE TABLE IF NOT EXISTS migration (number BIGINT NOT NULL PRIMARY KEY)")?;
    db.prepare_cached("SELECT COUNT(*) FROM migration")?
        .query_row([], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrating_twice_changes_nothing() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        migrate(&connection).unwrap();
        let offices: i64 = connection
            .query_row("SELECT COUNT(*) FROM office", [], |row| row.get(0))
            .unwrap();
        assert_eq!(offices, 0);
    }

    #[test]
    fn tables_of_a_later_version_are_left_alone() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        let later = i64::try_from(MIGRATIONS.len()).unwrap() + 1;
        connection
            .execute("INSERT INTO migration (number) VALUES (?1)", [later])
            .unwrap();
        let error = migrate(&connection).unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::Newer);
    }
}
