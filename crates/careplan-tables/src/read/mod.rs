//! Typed reading: strictly, where any departure from the standard is an error, or leniently, where
//! every departure is reported and nothing is lost.

mod error;
mod lenient;
mod strict;
mod typing;

pub use error::ReadError;
pub use lenient::{Lenient, LenientReader, LenientSlice};
pub use strict::{Reader, Records, records};
