//! Uploads under way: the body is gathered as it comes and its digest is taken on the way.
//!
//! A small container, as nearly all are, stays in memory until it is stored: it is verified from
//! there, and one that is refused never touches the disk. A larger one goes into a temporary file,
//! which disappears unless it is accepted.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use careplan_core::Sha256Digest;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tempfile::{NamedTempFile, TempPath};
use tokio::task::spawn_blocking;

/// How many bytes are gathered before a thread that may block writes them; a container below that
/// stays in memory.
const CHUNK: usize = 128 * 1024;
/// How much of a container's file is read at a time: its records are small and many.
const READ: usize = 64 * 1024;

/// A container that arrived whole, and is on no stable storage yet.
#[derive(Debug)]
pub(crate) struct Spooled {
    place: Place,
    pub(crate) sha256: Sha256Digest,
    pub(crate) bytes: u64,
}

/// Where a container that arrived is.
#[derive(Debug)]
enum Place {
    /// In memory; the folder is the one for its temporary file.
    Memory { content: Bytes, folder: PathBuf },
    /// In a temporary file that is removed when this is dropped.
    File { file: File, path: TempPath },
}

/// Reads a container from its beginning.
pub(crate) enum SpooledReader {
    Memory(Cursor<Bytes>),
    File(BufReader<File>),
}

impl Read for SpooledReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(content) => content.read(buffer),
            Self::File(file) => file.read(buffer),
        }
    }
}

impl Seek for SpooledReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Memory(content) => content.seek(to),
            Self::File(file) => file.seek(to),
        }
    }
}

impl Spooled {
    /// The container, for reading. The place in a file is not shared.
    pub(crate) fn reader(&self) -> io::Result<SpooledReader> {
        Ok(match &self.place {
            Place::Memory { content, .. } => SpooledReader::Memory(Cursor::new(content.clone())),
            Place::File { path, .. } => {
                SpooledReader::File(BufReader::with_capacity(READ, File::open(path)?))
            }
        })
    }

    /// Puts the content on stable storage and the file into its place. Blocks.
    pub(crate) fn sync_and_move(self, to: &Path) -> io::Result<()> {
        let (file, path) = match self.place {
            Place::Memory { content, folder } => {
                let mut file = temporary_in(&folder)?;
                file.write_all(&content)?;
                file.into_parts()
            }
            Place::File { file, path } => (file, path),
        };
        file.sync_all()?;
        path.persist(to).map_err(|error| error.error)
    }
}

/// Why a body did not become a spooled container.
#[derive(Debug)]
pub(crate) enum SpoolError {
    /// It is longer than allowed.
    TooLarge,
    /// It came too slowly.
    TooSlow,
    /// It ended before its announced end, or was no valid body.
    Interrupted,
    /// The platform could not write it.
    Storage(io::Error),
}

/// What an upload may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UploadLimits {
    /// The longest body, in bytes.
    pub(crate) bytes: u64,
    /// The longest pause between two pieces.
    pub(crate) pause: Duration,
    /// The longest time for all of it.
    pub(crate) total: Duration,
}

/// Receives a body; into a temporary file in `folder` if it is large.
pub(crate) async fn receive(
    folder: &Path,
    body: axum::body::Body,
    limits: UploadLimits,
) -> Result<Spooled, SpoolError> {
    tokio::time::timeout(limits.total, receive_within(folder, body, limits))
        .await
        .unwrap_or(Err(SpoolError::TooSlow))
}

async fn receive_within(
    folder: &Path,
    mut body: axum::body::Body,
    limits: UploadLimits,
) -> Result<Spooled, SpoolError> {
    let mut arriving = Arriving::of(body.size_hint().exact());
    let mut file: Option<NamedTempFile> = None;
    while let Some(frame) = tokio::time::timeout(limits.pause, body.frame())
        .await
        .map_err(|_| SpoolError::TooSlow)?
    {
        // Trailers carry nothing the platform uses.
        let Ok(piece) = frame.map_err(|_| SpoolError::Interrupted)?.into_data() else {
            continue;
        };
        let gathered = arriving.take(&piece);
        if arriving.bytes > limits.bytes {
            return Err(SpoolError::TooLarge);
        }
        if gathered >= CHUNK {
            file = Some(write(file, folder, arriving.rest()).await?);
        }
    }
    let content = arriving.rest();
    let place = match file {
        None => Place::Memory {
            content: content.into(),
            folder: folder.to_owned(),
        },
        Some(file) => {
            let (file, path) = write(Some(file), folder, content).await?.into_parts();
            Place::File { file, path }
        }
    };
    let (sha256, bytes) = arriving.finish();
    Ok(Spooled {
        place,
        sha256,
        bytes,
    })
}

/// Writes what was gathered, into a new file if there is none yet.
async fn write(
    file: Option<NamedTempFile>,
    folder: &Path,
    content: Vec<u8>,
) -> Result<NamedTempFile, SpoolError> {
    let folder = folder.to_owned();
    spawn_blocking(move || {
        let mut file = match file {
            Some(file) => file,
            None => temporary_in(&folder)?,
        };
        file.write_all(&content)?;
        Ok(file)
    })
    .await
    .map_err(io::Error::other)
    .and_then(|done| done)
    .map_err(SpoolError::Storage)
}

/// A new temporary file for an upload.
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix("upload-")
        .suffix(".part")
        .tempfile_in(folder)
}

/// What has arrived of a body.
struct Arriving {
    digest: Context,
    bytes: u64,
    gathered: Vec<u8>,
}

impl Arriving {
    /// Of a body as long as announced, if that was said; room is made for no more than is gathered.
    fn of(announced: Option<u64>) -> Self {
        let room = announced
            .and_then(|bytes| usize::try_from(bytes).ok())
            .filter(|bytes| *bytes < CHUNK);
        Self {
            digest: Context::new(&SHA256),
            bytes: 0,
            gathered: Vec::with_capacity(room.unwrap_or(0)),
        }
    }

    /// Takes a piece; how many bytes wait to be written. They are copied, because a piece holds on
    /// to the whole buffer it was received in.
    fn take(&mut self, piece: &[u8]) -> usize {
        self.digest.update(piece);
        self.bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.gathered.extend_from_slice(piece);
        self.gathered.len()
    }

    /// What has not been written yet.
    fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.gathered)
    }

    /// The SHA-256 of everything, and how much it was.
    fn finish(self) -> (Sha256Digest, u64) {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.digest.finish().as_ref());
        (Sha256Digest::new(sha256), self.bytes)
    }
}
