//! An evidence log as one file: the entries in order, appended durably.
//!
//! The file begins with the line `careplan-evidence-log/1`; then each entry as its length (4 bytes,
//! big-endian), its leaf hash (32 bytes, RFC 9162 section 2.1.1) and its bytes.
//! It is what an operator keeps on one machine, and what is handed to a third party for checking.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use careplan_core::Sha256Digest;

use super::error::{EvidenceError, EvidenceErrorKind as Kind};
use super::merkle::{Frontier, TreeHead, leaf_hash};
use super::tree::MerkleTree;

const FIRST_LINE: &[u8; 24] = b"careplan-evidence-log/1\n";
/// Length and leaf hash before each entry.
const HEADER: u64 = 4 + 32;
/// Receipts have a few kilobytes; the limit keeps a damaged length from asking for memory.
const LARGEST_ENTRY: u32 = 16 << 20;

/// Reads the entries of a log file in order, in constant memory, and keeps its head.
///
/// Each entry's hash is checked. That the log is the operator's is shown by comparing
/// [`head`](Self::head) with a signed tree head of the same size.
#[derive(Debug)]
pub struct LogReader<R> {
    source: R,
    frontier: Frontier,
}

impl<R: Read> LogReader<R> {
    /// Begins reading; give it a [`BufReader`].
    ///
    /// # Errors
    /// [`NotALog`](Kind::NotALog) if the first line is not a log's; if reading fails.
    pub fn new(mut source: R) -> Result<Self, EvidenceError> {
        let mut line = [0; FIRST_LINE.len()];
        if read_up_to(&mut source, &mut line)? < line.len() || line != *FIRST_LINE {
            return Err(Kind::NotALog.into());
        }
        Ok(Self {
            source,
            frontier: Frontier::new(),
        })
    }

    /// The next entry; `None` at the end of the log.
    ///
    /// # Errors
    /// [`Damaged`](Kind::Damaged), with the entry's number, if it is cut off or not what its hash
    /// says; if reading fails.
    pub fn next_entry(&mut self) -> Result<Option<Vec<u8>>, EvidenceError> {
        match self.read()? {
            Found::Entry(entry) => Ok(Some(entry)),
            Found::End => Ok(None),
            Found::CutOff | Found::OtherHash(_) => {
                Err(EvidenceError::at(Kind::Damaged, self.head().size))
            }
        }
    }

    /// The head over the entries read so far.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.frontier.head()
    }

    fn read(&mut self) -> Result<Found, EvidenceError> {
        let mut length = [0; 4];
        let mut hash = [0; 32];
        match read_up_to(&mut self.source, &mut length)? {
            0 => return Ok(Found::End),
            4 => {}
            _ => return Ok(Found::CutOff),
        }
        if read_up_to(&mut self.source, &mut hash)? < hash.len() {
            return Ok(Found::CutOff);
        }
        let length = u32::from_be_bytes(length);
        if length > LARGEST_ENTRY {
            return Err(EvidenceError::at(Kind::Damaged, self.head().size));
        }
        let mut entry = Vec::new();
        // `take` before allocating: a length that lies costs no memory.
        (&mut self.source)
            .take(u64::from(length))
            .read_to_end(&mut entry)?;
        if entry.len() as u64 != u64::from(length) {
            return Ok(Found::CutOff);
        }
        let leaf = leaf_hash(&entry);
        if *leaf.as_bytes() != hash {
            return Ok(Found::OtherHash(u64::from(length)));
        }
        self.frontier.push(leaf);
        Ok(Found::Entry(entry))
    }
}

enum Found {
    Entry(Vec<u8>),
    End,
    /// The file ends within the entry.
    CutOff,
    /// So many bytes that are not what the hash says.
    OtherHash(u64),
}

/// Whether a file holds nothing but zeros from an offset to its end.
fn only_zeros(mut file: &File, from: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(from))?;
    for byte in BufReader::new(file).bytes() {
        if byte? != 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Fills the buffer as far as the source goes.
fn read_up_to(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A log file open for appending and for making proofs.
///
/// Opening reads the whole file and keeps about 80 bytes per entry in memory; one program at a time
/// has it open. Larger logs belong in a database, with [`MerkleTree`] over its table of nodes.
#[derive(Debug)]
pub struct LogFile {
    file: File,
    tree: MerkleTree<Vec<Sha256Digest>>,
    /// Where each entry's record begins.
    offsets: Vec<u64>,
    /// Where the next record begins.
    end: u64,
    discarded: u64,
    /// A failed append could not be undone: the file's end is unknown.
    broken: bool,
}

impl LogFile {
    /// Opens a log file, or begins one if there is none.
    ///
    /// An append that a crash cut off, and that was therefore never acknowledged, is moved from the
    /// file's end to a file beside it (the log's name and `.cut-` with the offset);
    /// [`discarded`](Self::discarded) says how many bytes.
    ///
    /// # Errors
    /// [`LogInUse`](Kind::LogInUse), [`NotALog`](Kind::NotALog), [`Damaged`](Kind::Damaged) with
    /// the entry's number; if reading or writing fails.
    pub fn open(path: &Path) -> Result<Self, EvidenceError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Kind::LogInUse.into()),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let length = file.metadata()?.len();
        if length < FIRST_LINE.len() as u64 {
            // New, or a crash came before the first line was whole.
            let mut begun = Vec::new();
            file.read_to_end(&mut begun)?;
            if !FIRST_LINE.starts_with(&begun) {
                return Err(Kind::NotALog.into());
            }
            file.rewind()?;
            file.write_all(FIRST_LINE)?;
            file.sync_all()?;
            file.rewind()?;
        }
        Self::scan(file, path)
    }

    fn scan(file: File, path: &Path) -> Result<Self, EvidenceError> {
        let length = file.metadata()?.len();
        let mut reader = LogReader::new(BufReader::new(file))?;
        let mut tree = MerkleTree::open(Vec::new())?;
        let mut offsets = Vec::new();
        let mut end = FIRST_LINE.len() as u64;
        loop {
            match reader.read()? {
                Found::Entry(entry) => {
                    tree.append(&entry)?;
                    offsets.push(end);
                    end += HEADER + entry.len() as u64;
                }
                Found::End | Found::CutOff => break,
                // Its length reached the disk and its bytes did not.
                Found::OtherHash(bytes) if end + HEADER + bytes == length => break,
                // Blocks that were allocated and never written.
                Found::OtherHash(_) if only_zeros(reader.source.get_ref(), end)? => break,
                Found::OtherHash(_) => {
                    return Err(EvidenceError::at(Kind::Damaged, reader.head().size));
                }
            }
        }
        let mut file = reader.source.into_inner();
        if end < length {
            // Kept beside the log: what looks cut off may still be of use to somebody.
            let mut kept = OsString::from(path);
            kept.push(format!(".cut-{end}"));
            file.seek(SeekFrom::Start(end))?;
            let mut copy = File::create(&kept)?;
            io::copy(&mut file, &mut copy)?;
            copy.sync_all()?;
            file.set_len(end)?;
            file.sync_all()?;
        }
        Ok(Self {
            file,
            tree,
            offsets,
            end,
            discarded: length - end,
            broken: false,
        })
    }

    /// How many bytes of an unfinished append were removed when opening.
    #[must_use]
    pub const fn discarded(&self) -> u64 {
        self.discarded
    }

    /// Appends an entry; durable when this returns. Gives its index, from 0.
    ///
    /// # Errors
    /// As [`append_all`](Self::append_all).
    pub fn append(&mut self, entry: &[u8]) -> Result<u64, EvidenceError> {
        self.append_all(&[entry])
    }

    /// Appends entries with one flush to the disk; all are durable when this returns. Gives the
    /// index of the first.
    ///
    /// # Errors
    /// [`EntryTooLarge`](Kind::EntryTooLarge); if writing fails. Then none is in the log.
    pub fn append_all(&mut self, entries: &[&[u8]]) -> Result<u64, EvidenceError> {
        if self.broken {
            return Err(Kind::Damaged.into());
        }
        let mut records = Vec::new();
        let mut offsets = Vec::with_capacity(entries.len());
        let mut leaves = Vec::with_capacity(entries.len());
        for entry in entries {
            let length = u32::try_from(entry.len())
                .ok()
                .filter(|length| *length <= LARGEST_ENTRY)
                .ok_or(Kind::EntryTooLarge)?;
            let leaf = leaf_hash(entry);
            offsets.push(self.end + records.len() as u64);
            records.extend_from_slice(&length.to_be_bytes());
            records.extend_from_slice(leaf.as_bytes());
            records.extend_from_slice(entry);
            leaves.push(leaf);
        }
        if let Err(error) = self.write(&records) {
            let undone = self
                .file
                .set_len(self.end)
                .and_then(|()| self.file.sync_all());
            self.broken = undone.is_err();
            return Err(error.into());
        }
        self.end += records.len() as u64;
        self.offsets.extend_from_slice(&offsets);
        self.tree.append_leaves(&leaves)
    }

    fn write(&mut self, records: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(records)?;
        self.file.sync_data()
    }

    /// The bytes of an entry, checked against its hash.
    ///
    /// # Errors
    /// [`NoSuchEntry`](Kind::NoSuchEntry), [`Damaged`](Kind::Damaged); if reading fails.
    pub fn entry(&mut self, index: u64) -> Result<Vec<u8>, EvidenceError> {
        let offset = usize::try_from(index)
            .ok()
            .and_then(|index| self.offsets.get(index))
            .ok_or(Kind::NoSuchEntry)?;
        self.file.seek(SeekFrom::Start(*offset))?;
        let mut reader = LogReader {
            source: BufReader::new(&self.file),
            frontier: Frontier::new(),
        };
        match reader.read()? {
            Found::Entry(entry) => Ok(entry),
            _ => Err(EvidenceError::at(Kind::Damaged, index)),
        }
    }

    /// The tree over the entries, for heads and proofs.
    #[must_use]
    pub const fn tree(&self) -> &MerkleTree<Vec<Sha256Digest>> {
        &self.tree
    }
}
