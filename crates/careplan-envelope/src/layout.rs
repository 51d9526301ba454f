//! The one form of ZIP archive that is accepted (APPNOTE 6.3.10), checked record by record.
//!
//! The `zip` crate reads and writes the archive. Like every ZIP reader it has to be lenient, and
//! lenient readers disagree on what an odd archive holds. This module makes sure that there is
//! nothing to disagree on: the records cover every byte of the file once, in order; local headers
//! repeat the central directory; nothing is optional. The layout is
//!
//! ```text
//! (local header, name, data)*  (central header, name)*  end record
//! ```

use std::io::{Read, Seek, SeekFrom};

use crate::refusal::Place;
use crate::{Limits, Refusal, VerifyError};

const END_LEN: usize = 22;
const CENTRAL_LEN: usize = 46;
const LOCAL_LEN: usize = 30;

/// Longest name of an entry in bytes: a file's 255, and room for what is under META-INF.
const MAX_NAME: usize = 300;

/// The flag for names in UTF-8 (general purpose bit 11).
const UTF8: u16 = 1 << 11;
/// The flags by which some writers note how hard they compressed (bits 1 and 2, APPNOTE 4.4.4).
const EFFORT: u16 = 1 << 1 | 1 << 2;
/// The flags that mean encryption: bits 0, 6 and 13.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;

/// How an entry is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Stored,
    Deflated,
}

/// An entry of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) method: Method,
    pub(crate) crc32: u32,
    pub(crate) compressed: u64,
    pub(crate) size: u64,
}

/// Little-endian fields of a record. The callers read within records of a fixed length; beyond
/// it, which does not happen, a field is 0.
#[derive(Clone, Copy)]
struct Record<'a>(&'a [u8]);

impl<'a> Record<'a> {
    fn u16(self, at: usize) -> u16 {
        let bytes = self
            .0
            .get(at..at + 2)
            .and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u16::from_le_bytes)
    }

    fn u32(self, at: usize) -> u32 {
        let bytes = self
            .0
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_le_bytes)
    }

    fn bytes(self, from: usize, to: usize) -> &'a [u8] {
        self.0.get(from..to).unwrap_or_default()
    }
}

/// The entries of an archive, in order, if it has the one accepted form.
pub(crate) fn read<R: Read + Seek>(
    reader: &mut R,
    limits: &Limits,
) -> Result<Vec<Entry>, VerifyError> {
    let container = VerifyError::at(Place::Container);
    let len = reader.seek(SeekFrom::End(0))?;
    if len > limits.container {
        return Err(container(Refusal::ContainerTooLarge));
    }
    let end = End::read(reader, len)?;
    if end.entries > limits.entries {
        return Err(container(Refusal::TooManyEntries));
    }
    if end.directory_size > end.entries as u64 * (CENTRAL_LEN + MAX_NAME) as u64 {
        return Err(container(Refusal::EntryAttributes));
    }
    let mut directory = vec![0; end.directory_size as usize];
    reader.seek(SeekFrom::Start(end.directory_start))?;
    reader.read_exact(&mut directory)?;

    let mut entries = Vec::with_capacity(end.entries);
    let mut rest = directory.as_slice();
    let mut first_header = None;
    let mut position = 0;
    for number in 1..=end.entries {
        let refused = VerifyError::at(Place::Entry(number));
        let central = Central::split(&mut rest).map_err(refused)?;
        let entry = central.entry().map_err(refused)?;
        // Version made by and external attributes mean nothing to the content; as they must be
        // the same in all entries, no bit of them is free either.
        let header = *first_header.get_or_insert(central.environment());
        if header != central.environment() {
            return Err(refused(Refusal::EntryAttributes));
        }
        if u64::from(central.local_start()) != position {
            return Err(refused(Refusal::StrayBytes));
        }
        let local_len = (LOCAL_LEN + central.name.len()) as u64;
        let next = position + local_len + entry.compressed;
        if next > end.directory_start {
            return Err(refused(Refusal::StrayBytes));
        }
        reader.seek(SeekFrom::Start(position))?;
        let mut local = vec![0; LOCAL_LEN + central.name.len()];
        reader.read_exact(&mut local)?;
        if !central.matches_local(&local) {
            return Err(refused(Refusal::HeaderMismatch));
        }
        position = next;
        entries.push(entry);
    }
    if !rest.is_empty() || position != end.directory_start {
        return Err(container(Refusal::StrayBytes));
    }
    Ok(entries)
}

/// What the end record says.
struct End {
    entries: usize,
    directory_start: u64,
    directory_size: u64,
}

impl End {
    const SIGNATURE: [u8; 4] = *b"PK\x05\x06";

    /// Reads the end record, which must be the last 22 bytes.
    fn read<R: Read + Seek>(reader: &mut R, len: u64) -> Result<Self, VerifyError> {
        let refused = VerifyError::at(Place::Container);
        let Some(start) = len.checked_sub(END_LEN as u64) else {
            return Err(refused(Refusal::NotAContainer));
        };
        reader.seek(SeekFrom::Start(start))?;
        let mut bytes = [0; END_LEN];
        reader.read_exact(&mut bytes)?;
        if !bytes.starts_with(&Self::SIGNATURE) {
            return Err(refused(Self::without_end(reader, len)?));
        }
        let record = Record(&bytes);
        let (disk, directory_disk) = (record.u16(4), record.u16(6));
        let (here, total) = (record.u16(8), record.u16(10));
        let (size, offset) = (record.u32(12), record.u32(16));
        if here == u16::MAX || total == u16::MAX || size == u32::MAX || offset == u32::MAX {
            return Err(refused(Refusal::UnsupportedArchive));
        }
        if disk != 0 || directory_disk != 0 || here != total {
            return Err(refused(Refusal::UnsupportedArchive));
        }
        if record.u16(20) != 0 {
            return Err(refused(Refusal::DamagedArchive));
        }
        if u64::from(offset) + u64::from(size) != start {
            return Err(refused(Refusal::StrayBytes));
        }
        Ok(Self {
            entries: usize::from(total),
            directory_start: offset.into(),
            directory_size: size.into(),
        })
    }

    /// Why the file does not end with an end record: a comment, something behind it, or no ZIP.
    fn without_end<R: Read + Seek>(reader: &mut R, len: u64) -> Result<Refusal, VerifyError> {
        let window = len.min((END_LEN + usize::from(u16::MAX)) as u64);
        reader.seek(SeekFrom::Start(len - window))?;
        let mut tail = Vec::new();
        reader.take(window).read_to_end(&mut tail)?;
        let Some(at) = tail
            .windows(END_LEN)
            .rposition(|bytes| bytes.starts_with(&Self::SIGNATURE))
        else {
            return Ok(Refusal::NotAContainer);
        };
        let comment = usize::from(Record(&tail).u16(at + 20));
        Ok(if at + END_LEN + comment == tail.len() {
            Refusal::UnsupportedArchive
        } else {
            Refusal::StrayBytes
        })
    }
}

/// A central header with its name.
struct Central<'a> {
    fixed: Record<'a>,
    name: &'a [u8],
}

impl<'a> Central<'a> {
    /// Takes the next record off the directory.
    fn split(rest: &mut &'a [u8]) -> Result<Self, Refusal> {
        let (fixed, behind) = rest
            .split_at_checked(CENTRAL_LEN)
            .ok_or(Refusal::DamagedArchive)?;
        if !fixed.starts_with(b"PK\x01\x02") {
            return Err(Refusal::DamagedArchive);
        }
        let fixed = Record(fixed);
        let (extra, comment, disk) = (fixed.u16(30), fixed.u16(32), fixed.u16(34));
        if extra != 0 || comment != 0 || disk != 0 {
            return Err(Refusal::EntryAttributes);
        }
        let (name, behind) = behind
            .split_at_checked(usize::from(fixed.u16(28)))
            .ok_or(Refusal::DamagedArchive)?;
        *rest = behind;
        Ok(Self { fixed, name })
    }

    /// Version made by, and external attributes.
    fn environment(&self) -> (u16, u32) {
        // The low byte is the version of the specification, which follows the entry's method.
        (self.fixed.u16(4) & 0xff00, self.fixed.u32(38))
    }

    fn local_start(&self) -> u32 {
        self.fixed.u32(42)
    }

    fn entry(&self) -> Result<Entry, Refusal> {
        let fixed = self.fixed;
        let flags = fixed.u16(8);
        if flags & ENCRYPTED != 0 {
            return Err(Refusal::EncryptedEntry);
        }
        let (method, allowed) = match fixed.u16(10) {
            0 => (Method::Stored, UTF8),
            8 => (Method::Deflated, UTF8 | EFFORT),
            _ => return Err(Refusal::CompressionMethod),
        };
        if flags & !allowed != 0 {
            return Err(Refusal::EntryFlags);
        }
        let (crc32, compressed, size) = (fixed.u32(16), fixed.u32(20), fixed.u32(24));
        if compressed == u32::MAX || size == u32::MAX {
            return Err(Refusal::UnsupportedArchive);
        }
        if method == Method::Stored && compressed != size {
            return Err(Refusal::SizeMismatch);
        }
        self.check_environment()?;
        let name = std::str::from_utf8(self.name).map_err(|_| Refusal::NameEncoding)?;
        if !name.is_ascii() && flags & UTF8 == 0 {
            return Err(Refusal::NameEncoding);
        }
        Ok(Entry {
            name: name.to_owned(),
            method,
            crc32,
            compressed: compressed.into(),
            size: size.into(),
        })
    }

    /// Regular files only, made on MS-DOS or Unix, for readers of ZIP 1.0 or 2.0.
    ///
    /// The sets of values are such that no single flipped bit leads from one to another.
    fn check_environment(&self) -> Result<(), Refusal> {
        let [version, system] = self.fixed.u16(4).to_le_bytes();
        let needed = self.fixed.u16(6);
        let (internal, external) = (self.fixed.u16(36), self.fixed.u32(38));
        // 1.0, 2.0, 3.0, 4.5 and 6.3: what ZIP writers in use put there.
        if !matches!(version, 10 | 20 | 30 | 45 | 63) || !matches!(needed, 10 | 20) {
            return Err(Refusal::UnsupportedArchive);
        }
        let regular = match system {
            0 => external == 0,
            // The file type is in the four highest bits: regular, or not said.
            3 => external & 0xffff == 0 && matches!(external >> 28, 0 | 0b1000),
            _ => return Err(Refusal::UnsupportedArchive),
        };
        if !regular || internal != 0 {
            return Err(Refusal::EntryAttributes);
        }
        Ok(())
    }

    /// Whether a local header says the same: version needed, flags, method, time, checksum,
    /// sizes, name, and no extra field.
    fn matches_local(&self, local: &[u8]) -> bool {
        let record = Record(local);
        local.starts_with(b"PK\x03\x04")
            // Version needed to name length stand 2 bytes further behind in the central header.
            && record.bytes(4, 28) == self.fixed.bytes(6, 30)
            && record.u16(28) == 0
            && record.bytes(LOCAL_LEN, local.len()) == self.name
    }
}
