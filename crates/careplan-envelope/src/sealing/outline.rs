//! Looking at a sealed container from outside, as whoever carries it does: whether it has the form,
//! in constant memory and without a key.

use std::io::{Read, Seek, SeekFrom};

use super::error::{SealError, SealErrorKind as Kind};
use super::{LARGEST_FRAME, message};

/// What shows of a sealed container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SealedOutline {
    /// How many receivers it is sealed to.
    pub receivers: usize,
    /// The length of the container inside, in bytes.
    pub content_bytes: u64,
}

/// Checks the form of a sealed container, read from its beginning to its end; what is inside is
/// neither read nor known to be genuine. At most 1 MiB of it is in memory.
///
/// # Errors
/// [`NotSealed`](Kind::NotSealed), [`Malformed`](Kind::Malformed),
/// [`UnsupportedAlgorithm`](Kind::UnsupportedAlgorithm); if reading fails.
pub fn outline(mut sealed: impl Read + Seek) -> Result<SealedOutline, SealError> {
    let size = sealed.seek(SeekFrom::End(0))?;
    sealed.rewind()?;
    let mut beginning = Vec::new();
    sealed
        .by_ref()
        .take(LARGEST_FRAME)
        .read_to_end(&mut beginning)?;
    let before = message::parse_before(&beginning, size)?;
    if before.recipients.is_empty() || before.recipients.len() > super::MOST_RECEIVERS {
        return Err(Kind::Malformed.into());
    }
    sealed.seek(SeekFrom::Start(before.content.end))?;
    let mut after = Vec::new();
    sealed.take(message::AFTER).read_to_end(&mut after)?;
    message::parse_after(&after)?;
    Ok(SealedOutline {
        receivers: before.recipients.len(),
        content_bytes: before.content.end - before.content.start,
    })
}
