//! The drill of docs/operations.md: copy the objects, `pg_dump`, copy the objects again; then into
//! another database and another folder, verify, and serve.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::process::Command;

use careplan_platform::{Administration, ClusterConfig, StorageChoice, SystemClock, Trust};
use careplan_protocol::{ProblemCode, Receipt, SendingState};
use test_servers::Postgres;

use crate::common::{MANAGER, SERVICE, World, key, month_set};

/// `aws s3 sync` of the guide, for a folder: what is not there yet is copied, nothing is removed.
fn sync(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let done = Command::new("cp")
        .args(["--recursive", "--no-target-directory", "--no-clobber"])
        .args([from, to])
        .status()
        .unwrap();
    assert!(done.success());
}

fn run(mut command: Command) {
    let done = command.status().unwrap();
    assert!(done.success(), "{command:?}");
}

#[test]
fn what_was_acknowledged_before_the_dump_is_there_after_a_restore() {
    let Some(postgres) = Postgres::shared() else {
        return;
    };
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let confirmed = world.session(&manager).send_month_set();
    world.session(&service).fetch(&confirmed);
    world.session(&service).confirm(&confirmed);
    let idempotency = key();
    let container = manager.seal(&month_set(), world.now());

    // The platform serves all the while: what comes between the copies is in the dump.
    let backup = tempfile::tempdir().unwrap();
    let objects = backup.path().join("containers");
    sync(&world.home.path().join("containers"), &objects);
    let send = |world: &World| -> Receipt {
        let session = world.session(&manager);
        session.send(SERVICE, idempotency, &container).json()
    };
    let waiting = send(&world);
    world.platform().take_in_evidence().unwrap();
    let dump = backup.path().join("platform.dump");
    let mut pg_dump = postgres.client("pg_dump");
    pg_dump.args(["--format=custom", "--file"]).arg(&dump);
    pg_dump.arg(world.database.as_ref().unwrap());
    run(pg_dump);
    let after = world.session(&manager).send_month_set();
    sync(&world.home.path().join("containers"), &objects);
    world.kill();

    // Everything is lost.
    let home = tempfile::tempdir().unwrap();
    let url = postgres.database();
    let name = url.rsplit('/').next().unwrap().to_owned();
    let mut pg_restore = postgres.client("pg_restore");
    pg_restore.args(["--exit-on-error", "--single-transaction", "--dbname"]);
    pg_restore.arg(&name).arg(&dump);
    run(pg_restore);
    sync(&objects, &home.path().join("containers"));
    let store = format!("file://{}", home.path().display());
    let choice = StorageChoice::Cluster(Box::new(ClusterConfig::new(&url, &store).unwrap()));

    let trust = Trust::in_authority(world.authority.certificate().clone());
    let verify = || {
        let clock = std::sync::Arc::new(SystemClock);
        let operator = Administration::open_with(choice.clone(), home.path(), clock).unwrap();
        operator.verify(&trust, false).unwrap()
    };
    let found = verify();
    assert_eq!(found.discrepancies, []);
    assert_eq!((found.sendings, found.containers), (2, 2));
    assert!(found.log_entries >= 5);
    // It is the copies that make it whole.
    let removed = crate::common::files_in(&home.path().join("containers"))
        .into_iter()
        .find(|file| {
            file.to_string_lossy()
                .contains(&waiting.sending.to_string())
        })
        .unwrap();
    let bytes = fs::read(&removed).unwrap();
    fs::remove_file(&removed).unwrap();
    assert_eq!(verify().wrong, 1);
    fs::write(&removed, bytes).unwrap();

    world.home = home;
    world.storage = choice;
    world.database = Some(name);
    world.start();
    let receiver = world.session(&service);
    assert_eq!(receiver.show(&confirmed).state, SendingState::Confirmed);
    assert_eq!(receiver.fetch(&waiting).body, container);
    assert_eq!(receiver.confirm(&waiting).status, 200);
    let later = careplan_protocol::path::show(after.sending);
    assert_eq!(receiver.get(&later).code(), ProblemCode::SendingNotFound);
    assert_eq!(send(&world).sending, waiting.sending);
    world.session(&manager).send_month_set();
}
