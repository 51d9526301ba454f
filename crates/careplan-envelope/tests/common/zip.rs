//! Archives written byte by byte, so that every field can be wrong.

use std::io::Write;

/// An entry with every field of its headers.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) made_by: u16,
    pub(crate) needed: u16,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) time: u16,
    pub(crate) date: u16,
    pub(crate) crc: u32,
    pub(crate) compressed: u32,
    pub(crate) size: u32,
    pub(crate) disk: u16,
    pub(crate) internal: u16,
    pub(crate) external: u32,
    pub(crate) local_extra: Vec<u8>,
    pub(crate) central_extra: Vec<u8>,
    pub(crate) comment: Vec<u8>,
    pub(crate) data: Vec<u8>,
    /// Bytes behind the data that belong to no entry.
    pub(crate) behind: Vec<u8>,
}

fn crc32(data: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(data);
    crc.sum()
}

pub(crate) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder =
        flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

impl Entry {
    pub(crate) fn stored(name: &str, data: &[u8]) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            made_by: 0x031e,
            needed: 20,
            flags: if name.is_ascii() { 0 } else { 0x0800 },
            method: 0,
            time: 0x1234,
            date: 0x5b62,
            crc: crc32(data),
            compressed: u32::try_from(data.len()).unwrap(),
            size: u32::try_from(data.len()).unwrap(),
            disk: 0,
            internal: 0,
            external: 0o100644 << 16,
            local_extra: Vec::new(),
            central_extra: Vec::new(),
            comment: Vec::new(),
            data: data.to_vec(),
            behind: Vec::new(),
        }
    }

    pub(crate) fn deflated(name: &str, data: &[u8]) -> Self {
        let compressed = deflate(data);
        Self {
            method: 8,
            compressed: u32::try_from(compressed.len()).unwrap(),
            data: compressed,
            ..Self::stored(name, data)
        }
    }

    pub(crate) fn with(mut self, edit: impl FnOnce(&mut Self)) -> Self {
        edit(&mut self);
        self
    }

    /// Version needed to sizes: the fields that both headers have.
    fn common(&self, out: &mut Vec<u8>) {
        for field in [self.needed, self.flags, self.method, self.time, self.date] {
            out.extend(field.to_le_bytes());
        }
        for field in [self.crc, self.compressed, self.size] {
            out.extend(field.to_le_bytes());
        }
        out.extend(u16::try_from(self.name.len()).unwrap().to_le_bytes());
    }
}

/// A written archive, and where its records start.
pub(crate) struct Archive {
    pub(crate) bytes: Vec<u8>,
    pub(crate) locals: Vec<usize>,
    pub(crate) centrals: Vec<usize>,
    pub(crate) end: usize,
}

/// Writes an archive behind `prefix`; offsets count from the start of the prefix.
pub(crate) fn write_behind(prefix: &[u8], entries: &[Entry]) -> Archive {
    let mut out = prefix.to_vec();
    let (mut locals, mut centrals) = (Vec::new(), Vec::new());
    for entry in entries {
        locals.push(out.len());
        out.extend(b"PK\x03\x04");
        entry.common(&mut out);
        out.extend(
            u16::try_from(entry.local_extra.len())
                .unwrap()
                .to_le_bytes(),
        );
        out.extend(&entry.name);
        out.extend(&entry.local_extra);
        out.extend(&entry.data);
        out.extend(&entry.behind);
    }
    let directory = out.len();
    for (entry, local) in entries.iter().zip(&locals) {
        centrals.push(out.len());
        out.extend(b"PK\x01\x02");
        out.extend(entry.made_by.to_le_bytes());
        entry.common(&mut out);
        for field in [entry.central_extra.len(), entry.comment.len()] {
            out.extend(u16::try_from(field).unwrap().to_le_bytes());
        }
        out.extend(entry.disk.to_le_bytes());
        out.extend(entry.internal.to_le_bytes());
        out.extend(entry.external.to_le_bytes());
        out.extend(u32::try_from(*local).unwrap().to_le_bytes());
        out.extend(&entry.name);
        out.extend(&entry.central_extra);
        out.extend(&entry.comment);
    }
    let end = out.len();
    out.extend(b"PK\x05\x06\0\0\0\0");
    let count = u16::try_from(entries.len()).unwrap();
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(u32::try_from(end - directory).unwrap().to_le_bytes());
    out.extend(u32::try_from(directory).unwrap().to_le_bytes());
    out.extend([0, 0]);
    Archive {
        bytes: out,
        locals,
        centrals,
        end,
    }
}

pub(crate) fn write(entries: &[Entry]) -> Archive {
    write_behind(&[], entries)
}

impl Archive {
    /// Replaces bytes at a place.
    pub(crate) fn patched(mut self, at: usize, bytes: &[u8]) -> Vec<u8> {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self.bytes
    }
}
