#![doc = include_str!("../README.md")]

mod accept;
mod administration;
mod api;
mod auth;
mod clock;
mod config;
mod container;
mod delivery;
mod error;
mod platform;
mod problems;
mod spool;
mod storage;
mod tls;
mod trust;

pub use administration::Administration;
pub use clock::{Clock, ManualClock, SystemClock};
pub use config::{Limits, PlatformConfig, ServerIdentity, Trust};
pub use error::{AdministrationError, StartError};
pub use platform::Platform;
pub use storage::{PasswordValidity, StorageError, StorageErrorKind};
