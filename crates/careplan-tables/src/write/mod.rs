//! Writing exactly the standard's form: CR LF, free text in quotation marks and nothing else, no
//! header; and files that appear whole or not at all.

mod error;
mod file;
mod writer;

pub use error::WriteError;
pub use file::{FileWriter, write_whole};
pub use writer::Writer;
