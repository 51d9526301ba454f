#![doc = include_str!("../README.md")]

mod accept;
mod administration;
mod api;
mod audit;
mod auth;
mod clock;
mod config;
mod container;
mod dates;
mod delivery;
mod development;
mod error;
mod evidence;
mod licences;
mod metrics;
mod operations;
mod past;
mod platform;
mod problems;
mod rates;
mod retention;
mod serve;
pub mod settings;
mod site;
mod spool;
mod storage;
mod tls;
mod trust;
mod verify;

pub use administration::{Administration, KnownAccount, KnownOffice};
pub use clock::{Clock, ManualClock, SystemClock};
pub use config::{EvidenceConfig, Limits, PlatformConfig, ServerIdentity, Trust};
pub use development::{DevelopmentError, make_development_home};
pub use error::{AdministrationError, EvidenceError, StartError};
pub use metrics::metrics_table;
pub use operations::OperationsConfig;
pub use past::PastSendings;
pub use platform::Platform;
pub use rates::Rate;
pub use serve::{ServeError, serve};
pub use settings::{Settings, SettingsError};
pub use site::{ClientDownload, SiteConfig, SiteLimits, TermsRefused};
pub use storage::{
    Access, PasswordValidity, StorageChoice, StorageError, StorageErrorKind, TermsNotice,
};
pub use storage::{BackupError, BackupSummary, back_up, read_manifest, restore};
#[cfg(feature = "cluster")]
pub use storage::{ClusterConfig, ClusterConfigError};
pub use verify::{Discrepancy, DiscrepancyKind, Verification};
