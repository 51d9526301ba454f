//! Faults made on purpose in what a platform stored, to see that the verdict finds each.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::failure::Failure;
use crate::load::Load;
use crate::verdict;
use crate::world::World;

/// What to spoil.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoil {
    /// A container is gone.
    Container,
    /// A container has other bytes.
    Bytes,
    /// A sending is gone.
    Sending,
    /// A sending is there twice.
    Twice,
    /// A confirmed sending is on offer again.
    Confirmation,
    /// A signed receipt is gone.
    Receipt,
    /// The end of the log is gone.
    Log,
    /// An entry of the log is another.
    Entry,
}

impl Spoil {
    /// Every fault.
    pub(crate) const ALL: [Self; 8] = [
        Self::Container,
        Self::Bytes,
        Self::Sending,
        Self::Twice,
        Self::Confirmation,
        Self::Receipt,
        Self::Log,
        Self::Entry,
    ];

    /// Makes the fault in a copy of the home of a platform that does not run; what the verdict says
    /// to it, if it finds it.
    pub(crate) fn is_found(self, world: &World, load: &Load) -> Result<Option<String>, Failure> {
        let world = world.copied(&format!("{self:?}"))?;
        self.spoil(&world, load)?;
        match verdict::judge(&world, load, false) {
            Ok(verdict) if verdict.finds(self) => Ok(Some(verdict.to_json().to_string())),
            Ok(_) => Ok(None),
            // A platform that does not start from it has found it too.
            Err(failure) => Ok(Some(failure.to_string())),
        }
    }

    fn spoil(self, world: &World, load: &Load) -> Result<(), Failure> {
        let receipt = load
            .acknowledged
            .first()
            .ok_or_else(|| Failure::told("nothing was acknowledged"))?;
        let number = receipt.sending.to_string();
        let database = Connection::open(world.home().join("platform.sqlite"))
            .map_err(|error| Failure::told(&error))?;
        let change = |sql: &str| {
            database
                .execute(&sql.replace("NUMBER", &number), [])
                .map(|changed| changed > 0)
                .map_err(|error| Failure::told(&error))
        };
        let container = container_of(&world.home().join("containers"), &number)?;
        let files = Failure::system("a container");
        let spoiled = match self {
            Self::Container => fs::remove_file(container).map_err(files).map(|()| true)?,
            Self::Bytes => {
                let mut bytes = fs::read(&container).map_err(files)?;
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(container, bytes).map_err(Failure::system("a container"))?;
                true
            }
            Self::Sending => change("DELETE FROM sending WHERE sending = 'NUMBER'")?,
            Self::Twice => {
                let other = format!("{}ffff", &number[..number.len() - 4]);
                let copy = container.to_string_lossy().replace(&number, &other);
                fs::copy(&container, copy).map_err(files)?;
                let columns = "receiver, sender, idempotency_key, set_kind, target_month, \
                    file_sequence, file_count, sha256, byte_count, state, accepted_at, \
                    fetched_at, settled_at, expires_at";
                change(&format!(
                    "INSERT INTO sending (sending, {columns}) SELECT '{other}', {columns} \
                     FROM sending WHERE sending = 'NUMBER'"
                ))?
            }
            Self::Confirmation => change(
                "UPDATE sending SET state = 'available', fetched_at = NULL, settled_at = NULL \
                 WHERE sending = 'NUMBER'",
            )?,
            Self::Receipt => {
                change("DELETE FROM receipt WHERE sending = 'NUMBER' AND event = 'received'")?
            }
            Self::Log => {
                let half = "(SELECT MAX(size) / 2 FROM checkpoint)";
                change(&format!(
                    "UPDATE receipt_place SET entry = NULL WHERE entry >= {half}"
                ))? && change(
                    "DELETE FROM log_node WHERE number > (SELECT MAX(number) / 2 FROM log_node)",
                )? && change(
                    "DELETE FROM checkpoint WHERE size = (SELECT MAX(size) FROM checkpoint)",
                )?
            }
            Self::Entry => change(
                "UPDATE log_node SET hash = (SELECT hash FROM log_node WHERE number = 1) \
                 WHERE number = 0",
            )?,
        };
        if spoiled {
            Ok(())
        } else {
            Err(Failure::told("there was nothing to spoil"))
        }
    }
}

/// The file of a sending's container.
fn container_of(folder: &Path, number: &str) -> Result<PathBuf, Failure> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(Failure::system("the containers"))? {
            let path = entry.map_err(Failure::system("the containers"))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().contains(number) {
                return Ok(path);
            }
        }
    }
    Err(Failure::told("a sending has no container"))
}
