#![doc = include_str!("../README.md")]

mod calendar;
mod digest;
mod edition;
mod error;
mod identifier;
mod language;
mod sequence;
mod service;
mod set_kind;

pub use calendar::{TimeOfDay, YearMonth, japan_date, japan_time, parse_date};
pub use digest::Sha256Digest;
pub use edition::Edition;
pub use error::{ParseError, Reason, Term};
pub use identifier::{InsuredNumber, InsurerNumber, OfficeNumber, UserId};
pub use language::{Explain, Lang};
pub use sequence::Sequence;
pub use service::{ServiceCode, ServiceType};
pub use set_kind::SetKind;
