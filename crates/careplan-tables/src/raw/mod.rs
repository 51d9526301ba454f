//! Records and fields as they stand in the file, before any meaning: the level the typed readers
//! and the conformance checker build on.
//!
//! The splitter works on the MS932 bytes. Trail bytes of two-byte characters begin at 40, so a
//! comma, quotation mark, CR or LF byte is never part of a character: split first, decode only
//! what is text.
//!
//! Nothing is lost here: the bytes of all records, one after another, are the file. What departs
//! from the standard's structure is reported with the record as [`StructureFault`] and read in
//! the way the `csv` crate reads it.

mod fast;
mod reader;
mod record;
mod split;

pub use reader::{RawError, RawReader, RawSlice};
pub use record::{LineEnd, RawField, RawRecord, StructureFault, StructureFaultKind};
