#![doc = include_str!("../README.md")]

mod caller;
mod check;
mod client;
mod clock;
mod content;
mod credentials;
mod durable;
mod error;
mod gather;
mod home;
mod https;
mod inbox;
mod item;
mod observe;
mod outbox;
mod packed;
mod put_in;
mod put_in_refusal;
mod receipts;
mod recognise;
mod resolver;
mod retry;
mod sealed;
mod setup;
mod setup_error;
mod store;
mod sync;
mod take_out;
mod tls;
mod transport;

pub use caller::Session;
pub use check::{CheckedFile, ConformanceCheck, Finding, FindingSeverity, PutInCheck};
pub use client::{Client, ClientConfig, RENEW_BEFORE_DAYS};
pub use clock::{Clock, SystemClock};
pub use credentials::Credentials;
pub use error::{Advice, Error, ErrorKind};
pub use https::{HttpsConfig, HttpsError, HttpsTransport};
pub use item::{
    Incoming, IncomingState, MonthCount, MonthSets, Outgoing, OutgoingState, ReceivedHeader,
    Refusal, SetFile, SetHeader, Status,
};
pub use observe::{CancelHandle, Observer, Progress, Step};
pub use put_in::{Proposal, PutIn, PutInOptions};
pub use put_in_refusal::{PutInRefusal, PutInRefusalKind};
pub use receipts::KeptReceipt;
pub use retry::RetryPolicy;
pub use setup::{NewIdentity, Renewal, Settings, Setup};
pub use setup_error::{SetupError, SetupErrorKind};
pub use store::ListOptions;
pub use sync::{SyncError, SyncReport};
pub use take_out::TakenOut;
pub use transport::{CallError, NoAnswer, Transport};

/// The programs in the guide are compiled with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
struct Guide;
