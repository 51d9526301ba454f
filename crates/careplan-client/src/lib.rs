#![doc = include_str!("../README.md")]

mod caller;
mod client;
mod clock;
mod durable;
mod error;
mod home;
mod https;
mod inbox;
mod item;
mod observe;
mod outbox;
mod put_in;
mod recognise;
mod retry;
mod store;
mod sync;
mod take_out;
mod tls;
mod transport;

pub use client::{Client, ClientConfig};
pub use clock::{Clock, SystemClock};
pub use error::{Advice, Error, ErrorKind};
pub use https::{HttpsConfig, HttpsError, HttpsTransport};
pub use item::{
    Incoming, IncomingState, Outgoing, OutgoingState, Refusal, SetFile, SetHeader, Status,
};
pub use observe::{CancelHandle, Observer, Progress, Step};
pub use outbox::PutIn;
pub use put_in::{PutInCheck, PutInRefusal, PutInRefusalKind};
pub use retry::RetryPolicy;
pub use store::ListOptions;
pub use sync::{SyncError, SyncReport};
pub use take_out::TakenOut;
pub use transport::{CallError, NoAnswer, Transport};
