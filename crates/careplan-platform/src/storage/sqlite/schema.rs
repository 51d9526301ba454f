//! The tables, brought up to date by numbered migrations.

use rusqlite::{Connection, TransactionBehavior};

use crate::storage::{StorageError, StorageErrorKind};

/// Every migration, in order; number 1 first. Applied ones are never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/0001_initial.sql"),
    include_str!("../../../migrations/0002_evidence.sql"),
    include_str!("../../../migrations/0003_site.sql"),
];

/// Applies the migrations that were not yet applied, each whole or not at all.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StorageError> {
    const WHAT: &str = "migrating the tables";
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(StorageError::unavailable(WHAT))?;
    transaction
        .execute_batch("CREATE TABLE IF NOT EXISTS migration (number BIGINT NOT NULL PRIMARY KEY)")
        .map_err(StorageError::unavailable(WHAT))?;
    let applied: i64 = transaction
        .query_row("SELECT COUNT(*) FROM migration", [], |row| row.get(0))
        .map_err(StorageError::unavailable(WHAT))?;
    let known = (1_i64..).zip(MIGRATIONS);
    if applied > known.clone().map(|(number, _)| number).max().unwrap_or(0) {
        return Err(StorageError::without_source(StorageErrorKind::Newer, WHAT));
    }
    for (number, migration) in known.filter(|(number, _)| *number > applied) {
        transaction
            .execute_batch(migration)
            .and_then(|()| {
                transaction.execute("INSERT INTO migration (number) VALUES (?1)", [number])
            })
            .map_err(StorageError::unavailable(WHAT))?;
    }
    transaction
        .commit()
        .map_err(StorageError::unavailable(WHAT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        let offices: i64 = connection
            .query_row("SELECT COUNT(*) FROM office", [], |row| row.get(0))
            .unwrap();
        assert_eq!(offices, 0);
    }

    #[test]
    fn tables_of_a_later_version_are_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        let later = i64::try_from(MIGRATIONS.len()).unwrap() + 1;
        connection
            .execute("INSERT INTO migration (number) VALUES (?1)", [later])
            .unwrap();
        let error = migrate(&mut connection).unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::Newer);
    }
}
