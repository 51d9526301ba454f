//! Finds the end of a record and its fields. Pure: bytes in, spans out.

use super::fast;
use super::record::{Form, LineEnd, Span, StructureFault, StructureFaultKind};

/// Longest record that spans can point into; the readers' limits lie below.
pub(super) const LONGEST: usize = u32::MAX as usize;

/// What was found at the beginning of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Split {
    /// A record.
    Record {
        /// In bytes, with the line end.
        len: usize,
        /// How it ends.
        end: LineEnd,
        /// How many LF are in it, the one that ends it included.
        line_breaks: u64,
    },
    /// The record goes on after the bytes.
    More,
}

/// The spans and faults of the record split last.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    pub(super) spans: Vec<Span>,
    pub(super) faults: Vec<StructureFault>,
}

impl Splitter {
    /// Splits the record at the beginning of `bytes`, of which there is at least one. `last`:
    /// nothing follows the bytes. `skip`: so many bytes before the first field (a byte order
    /// mark).
    #[inline]
    pub(super) fn split(&mut self, bytes: &[u8], last: bool, skip: usize) -> Split {
        if skip == 0
            && let Some(split) = fast::split(bytes, &mut self.spans)
        {
            self.faults.clear();
            return split;
        }
        self.split_carefully(bytes, last, skip)
    }

    /// Every case, byte by byte.
    fn split_carefully(&mut self, bytes: &[u8], last: bool, skip: usize) -> Split {
        self.spans.clear();
        self.faults.clear();
        if skip > 0 {
            self.fault(StructureFaultKind::ByteOrderMark, 0);
        }
        let mut at = skip;
        let mut breaks = 0;
        loop {
            let start = at;
            let form;
            (at, form) = if bytes.get(at) == Some(&b'"') {
                let Some(found) = self.quoted(bytes, start, last, &mut breaks) else {
                    return Split::More;
                };
                found
            } else {
                (self.unquoted(bytes, start), Form::Plain)
            };
            let next = bytes.get(at).copied();
            if next.is_none() && !last {
                return Split::More;
            }
            let blank = self.spans.is_empty() && at == start;
            if !(blank && next != Some(b',')) {
                self.spans.push(Span {
                    // The readers keep records below `LONGEST`.
                    start: start as u32,
                    end: at as u32,
                    form,
                });
            }
            let (len, end) = match next {
                Some(b',') => {
                    at += 1;
                    continue;
                }
                Some(b'\n') => (at + 1, LineEnd::Lf),
                Some(b'\r') => match bytes.get(at + 1) {
                    Some(b'\n') => (at + 2, LineEnd::CrLf),
                    None if !last => return Split::More,
                    _ => {
                        self.fault(StructureFaultKind::BareCr, at);
                        (at + 1, LineEnd::Cr)
                    }
                },
                _ => (at, LineEnd::Missing),
            };
            if blank {
                self.fault(StructureFaultKind::BlankLine, start);
            }
            if matches!(end, LineEnd::Lf | LineEnd::CrLf) {
                breaks += 1;
            }
            return Split::Record {
                len,
                end,
                line_breaks: breaks,
            };
        }
    }

    /// The end of a field that does not begin with a quotation mark.
    #[inline]
    fn unquoted(&mut self, bytes: &[u8], start: usize) -> usize {
        let mut stray = false;
        let mut at = start;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b',' | b'\n' | b'\r' => break,
                b'"' if !stray => {
                    stray = true;
                    self.fault_in(StructureFaultKind::QuoteStray, at, self.spans.len());
                }
                _ => {}
            }
            at += 1;
        }
        at
    }

    /// The end of a field that begins with a quotation mark; `None` if more bytes are needed.
    fn quoted(
        &mut self,
        bytes: &[u8],
        start: usize,
        last: bool,
        breaks: &mut u64,
    ) -> Option<(usize, Form)> {
        let mut form = Form::Quoted;
        let mut at = start + 1;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            match memchr::memchr2(b'"', b'\n', rest) {
                None if !last => return None,
                None => {
                    self.fault_in(
                        StructureFaultKind::QuoteUnterminated,
                        start,
                        self.spans.len(),
                    );
                    return Some((bytes.len(), Form::Malformed));
                }
                Some(found) if rest.get(found) == Some(&b'\n') => {
                    *breaks += 1;
                    at += found + 1;
                    continue;
                }
                Some(found) => at += found + 1,
            }
            match bytes.get(at) {
                Some(b'"') => {
                    form = Form::Escaped;
                    at += 1;
                }
                Some(b',' | b'\r' | b'\n') => return Some((at, form)),
                None if last => return Some((at, form)),
                None => return None,
                Some(_) => {
                    // Text after the closing mark: the rest of the field is taken as it is.
                    self.fault_in(StructureFaultKind::QuoteStray, at, self.spans.len());
                    let rest = bytes.get(at..).unwrap_or_default();
                    let len = memchr::memchr3(b',', b'\r', b'\n', rest).unwrap_or(rest.len());
                    return Some((at + len, Form::Malformed));
                }
            }
        }
    }

    fn fault(&mut self, kind: StructureFaultKind, at: usize) {
        let field = self.spans.len().saturating_sub(1);
        self.fault_in(kind, at, field);
    }

    #[cold]
    fn fault_in(&mut self, kind: StructureFaultKind, at: usize, field: usize) {
        self.faults.push(StructureFault { kind, at, field });
    }
}

/// Length of a Unicode byte order mark at the beginning of a file: UTF-8, UTF-16.
pub(super) fn byte_order_mark(bytes: &[u8]) -> usize {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => 3,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes in which what matters is frequent, short fields and long ones.
    fn soup() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => Just(b",".to_vec()),
            4 => Just(b"\"".to_vec()),
            2 => Just(b"\r\n".to_vec()),
            1 => Just(b"\n".to_vec()),
            1 => Just(b"\r".to_vec()),
            1 => Just(b"\t".to_vec()),
            4 => proptest::collection::vec(b'a'..b'd', 0..5),
            2 => proptest::collection::vec(b'a'..b'd', 50..70),
            2 => Just("\"山本\"".as_bytes().to_vec()),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    #[test]
    fn the_fast_splitter_takes_the_common_records() {
        for file in [
            "month-set/UPPLAN_202610_1370948774_43_1375169671_11_20260921113320.CSV",
            "plan-set/UP2KYO_1372254257_43_1377541208_11_20260921141741.CSV",
        ] {
            let path = format!("{}/../../samples/{file}", env!("CARGO_MANIFEST_DIR"));
            let bytes = std::fs::read(path).unwrap();
            let (mut rest, mut fast, mut all) = (&*bytes, 0, 0);
            while !rest.is_empty() {
                let mut splitter = Splitter::default();
                fast += usize::from(fast::split(rest, &mut splitter.spans).is_some());
                all += 1;
                let Split::Record { len, .. } = splitter.split_carefully(rest, true, 0) else {
                    panic!("the file ends in the middle of a record");
                };
                rest = &rest[len..];
            }
            assert!(fast * 10 > all * 7, "{fast} of {all} in {file}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn the_fast_splitter_agrees_with_the_careful_one(bytes in soup(), last: bool) {
            let mut spans = Vec::new();
            if let Some(fast) = fast::split(&bytes, &mut spans) {
                let mut careful = Splitter::default();
                prop_assert_eq!(fast, careful.split_carefully(&bytes, last, 0));
                prop_assert_eq!(spans, careful.spans);
                prop_assert!(careful.faults.is_empty());
            }
        }
    }
}
