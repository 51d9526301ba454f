#![doc = include_str!("../README.md")]

mod accept;
mod administration;
mod api;
mod audit;
mod auth;
mod clock;
mod config;
mod container;
mod delivery;
mod development;
mod error;
mod evidence;
mod licences;
mod platform;
mod problems;
mod rates;
mod serve;
pub mod settings;
mod site;
mod spool;
mod storage;
mod tls;
mod trust;

pub use administration::Administration;
pub use clock::{Clock, ManualClock, SystemClock};
pub use config::{EvidenceConfig, Limits, PlatformConfig, ServerIdentity, Trust};
pub use development::{DevelopmentError, make_development_home};
pub use error::{AdministrationError, EvidenceError, StartError};
pub use platform::Platform;
pub use rates::Rate;
pub use serve::{ServeError, serve};
pub use settings::{Settings, SettingsError};
pub use site::{ClientDownload, SiteConfig, SiteLimits, TermsRefused};
pub use storage::{
    Access, PasswordValidity, StorageChoice, StorageError, StorageErrorKind, TermsNotice,
};
#[cfg(feature = "cluster")]
pub use storage::{ClusterConfig, ClusterConfigError};
