#![doc = include_str!("../README.md")]

mod column;
pub mod compare;
mod document;
mod fault;
pub mod import;
pub mod ms932;
mod name;
pub mod raw;
mod read;
mod set;
pub mod substitute;
pub mod table;
pub mod upgrade;
pub mod value;
mod write;

pub use column::{Column, Direction, Kind, Layout, Presence};
pub use document::DocumentName;
pub use fault::{Fault, FaultKind, Misform, Severity};
pub use name::{FileName, NameError, NameErrorKind, NameOddity, Party, PictureName};
pub use read::{Lenient, LenientReader, LenientSlice, ReadError, Reader, Records, records};
pub use set::{FileSet, Grouping, SetFault, SetFile, edition_of, group};
pub use table::{FileKind, Table, TableVisitor};
pub use value::Text;
pub use write::{FileWriter, WriteError, Writer, write_whole};

/// The cookbook's recipes, run as tests of the documentation.
#[cfg(doctest)]
mod cookbook {
    #[doc = include_str!("../../../docs/cookbook/read-month-set.md")]
    struct ReadMonthSet;

    #[doc = include_str!("../../../docs/cookbook/write-actuals.md")]
    struct WriteActuals;

    #[doc = include_str!("../../../docs/cookbook/user-defined-characters.md")]
    struct UserDefinedCharacters;

    #[doc = include_str!("../../../docs/cookbook/upgrade.md")]
    struct Upgrade;

    #[doc = include_str!("../../../docs/cookbook/compare.md")]
    struct Compare;

    #[doc = include_str!("../../../docs/cookbook/import.md")]
    struct Import;
}
