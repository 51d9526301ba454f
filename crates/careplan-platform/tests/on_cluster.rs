//! The way of a sending, its evidence and restarts over again, with PostgreSQL and an object store
//! instead of the embedded storage; and their backup. All share one PostgreSQL cluster.

#![cfg(all(feature = "cluster", unix))]
// Each of them has the tests' world as its own module.
#![allow(clippy::duplicate_mod)]

#[path = "on_cluster/backup.rs"]
mod backup;
mod common;
#[path = "delivery.rs"]
mod delivery;
#[path = "evidence.rs"]
mod evidence;
#[path = "verify.rs"]
mod verify;
