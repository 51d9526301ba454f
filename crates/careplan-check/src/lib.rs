#![doc = include_str!("../README.md")]

mod costs;
mod excerpt;
mod facts;
mod found;
mod head;
mod notice;
mod pass;
mod persons;
mod profile;
mod record;
pub mod report;
mod rule;
mod rules;
mod run;
mod sending;
mod shown;
mod source;
mod text;
mod value;

pub use careplan_tables::Severity;
pub use notice::{Excerpt, LeftOut, Notice, severity_code, severity_name};
pub use profile::{Profile, ProfileError, ProfileErrorKind, Setting};
pub use report::Report;
pub use rule::{Rule, Scope};
pub use run::{CheckError, Checker, Checking, DEFAULT_CAP, Progress};
pub use source::Source;
pub use text::{Bilingual, Message, Words};

/// The programs in the guide are compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/check.md")]
struct Guide;
