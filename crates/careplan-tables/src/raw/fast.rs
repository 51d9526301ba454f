//! The common case of splitting, 64 bytes at a time: records whose fields are plain, or quoted
//! without quotation marks inside, and that end with CR LF or LF. Everything else is left to the
//! careful splitter, which begins again at the record's beginning; the two agree by test.
//!
//! As simdjson does it (Langdale and Lemire 2019), in safe Rust: a bit per byte for quotation marks
//! and for separators; the running exclusive-or of the quotation marks tells what lies between
//! them.

use super::record::{Form, LineEnd, Span};
use super::split::Split;

/// Bytes looked at together.
const BLOCK: usize = 64;

/// A bit for every byte of a block, the first byte's being the lowest.
struct Masks {
    quotes: u64,
    /// Commas, and bytes below 0E: CR and LF, and what no file should have.
    separators: u64,
}

#[inline]
fn masks(block: &[u8; BLOCK]) -> Masks {
    // The comparisons become vector instructions, whatever the processor has.
    Masks {
        quotes: bits(&block.map(|byte| u8::from(byte == b'"'))),
        separators: bits(&block.map(|byte| u8::from((byte == b',') | (byte < 0x0E)))),
    }
}

/// Bytes 0 and 1 as bits.
#[inline]
fn bits(flags: &[u8; BLOCK]) -> u64 {
    let (words, _) = flags.as_chunks::<8>();
    words.iter().rev().fold(0, |bits, word| {
        // Each byte times its own power of two, so that all meet in the highest byte.
        let packed = u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits << 8 | packed
    })
}

/// Bit by bit the exclusive-or of all lower bits and itself.
#[inline]
const fn running_xor(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^= bits << 32;
    bits
}

/// How many of the marked bytes are LF. Rarely called: texts with line breaks.
fn line_feeds(bytes: &[u8], base: usize, mut marked: u64) -> u64 {
    let mut count = 0;
    while marked != 0 {
        let at = base + marked.trailing_zeros() as usize;
        count += u64::from(bytes.get(at) == Some(&b'\n'));
        marked &= marked - 1;
    }
    count
}

/// Splits the record at the beginning of `bytes` into `spans`; `None` if it is not the common
/// case.
#[inline]
pub(super) fn split(bytes: &[u8], spans: &mut Vec<Span>) -> Option<Split> {
    spans.clear();
    let mut start = 0_usize;
    let mut base = 0_usize;
    // All ones if the block begins between quotation marks.
    let mut carry = 0;
    // How many quotation marks the field has in blocks before.
    let mut marks_before = 0;
    let mut line_breaks = 0;
    loop {
        let rest = bytes.get(base..).unwrap_or_default();
        if rest.is_empty() {
            return None;
        }
        let mut padded;
        let block = match rest.first_chunk::<BLOCK>() {
            Some(block) => block,
            None => {
                padded = [b' '; BLOCK];
                padded.get_mut(..rest.len())?.copy_from_slice(rest);
                &padded
            }
        };
        let masks = masks(block);
        let inside = running_xor(masks.quotes) ^ carry;
        let mut quotes = masks.quotes;
        let mut ends = masks.separators & !inside;
        while ends != 0 {
            let bit = ends.trailing_zeros() as usize;
            // The lowest bit that is set, and all below it.
            let through = ends ^ (ends - 1);
            ends &= !through;
            let marks = quotes & through;
            quotes &= !through;
            let end = base + bit;
            let form = if marks == 0 && marks_before == 0 {
                Form::Plain
            } else if start >= base {
                // A mark at each end and none between.
                let first = 1 << (start - base);
                if marks != first | (1 << bit >> 1) || marks == first {
                    return None;
                }
                Form::Quoted
            } else {
                // The same, for a field that began in a block before.
                if marks_before + marks.count_ones() != 2
                    || bytes.get(start) != Some(&b'"')
                    || bytes.get(end - 1) != Some(&b'"')
                {
                    return None;
                }
                marks_before = 0;
                Form::Quoted
            };
            let separator = bytes.get(end).copied()?;
            if spans.is_empty() && end == start && separator != b',' {
                return None;
            }
            spans.push(Span {
                // The readers keep records below `LONGEST`.
                start: start as u32,
                end: end as u32,
                form,
            });
            if separator == b',' {
                start = end + 1;
                continue;
            }
            let (len, line_end) = match separator {
                b'\n' => (end + 1, LineEnd::Lf),
                b'\r' if bytes.get(end + 1) == Some(&b'\n') => (end + 2, LineEnd::CrLf),
                _ => return None,
            };
            line_breaks += line_feeds(bytes, base, masks.separators & inside & (through >> 1));
            return Some(Split::Record {
                len,
                end: line_end,
                line_breaks: line_breaks + 1,
            });
        }
        line_breaks += line_feeds(bytes, base, masks.separators & inside);
        marks_before += quotes.count_ones();
        carry = if inside >> (BLOCK - 1) == 0 {
            0
        } else {
            u64::MAX
        };
        base += BLOCK;
    }
}
