//! MS932 (Windows code page 932): the Shift_JIS of the standard, strict both ways.
//!
//! The repertoire is what Windows and Python's `cp932` codec have: JIS X 0201, JIS X 0208, NEC row
//! 13, and the IBM extensions in both of their places. tests/cp932.rs holds it against that codec
//! over everything. Two things differ from Windows:
//!
//! - User-defined characters (外字, F040 to F9FC) are recognised and refused unless asked for:
//!   every office has its own pictures there, so the standard forbids them.
//! - The single bytes 80, A0, FD, FE and FF are refused: Windows gives them private code points,
//!   no character.
//!
//! And two from Python: an IBM extension is written in its own place as Windows does (髙 is FBFC),
//! not in NEC's copy of it (EEE0); and the six signs that Python writes but reads as others (¢ £ ¬
//! ‖ − 〜 become ￠ ￡ ￢ ∥ － ～) are refused, since that would be a silent replacement.
//!
//! Nothing is ever replaced by `?` or a best fit. What MS932 lacks has to be replaced on purpose,
//! see [`substitute`](mod@crate::substitute).

mod decode;
mod encode;
mod tables;

pub(crate) use decode::scan;
pub use decode::{DecodeError, DecodeErrorKind, decode, decode_with_user_defined};
pub use encode::{EncodeError, encode, encode_into, encode_with_user_defined, has};

/// Whether a character is of the private area that user-defined characters decode to
/// (U+E000 to U+E757).
#[must_use]
pub const fn is_user_defined(character: char) -> bool {
    matches!(character, '\u{E000}'..='\u{E757}')
}
