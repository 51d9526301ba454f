//! Uploads under way: the body goes into a temporary file as it comes, its digest is taken on the
//! way, and it disappears unless it is accepted.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use careplan_core::Sha256Digest;
use http_body_util::BodyExt;
use tempfile::{NamedTempFile, TempPath};
use tokio::task::spawn_blocking;

/// How many bytes are gathered before a thread that may block writes them.
const CHUNK: usize = 256 * 1024;

/// A container that arrived whole, in a temporary file that is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Spooled {
    path: TempPath,
    file: File,
    pub(crate) sha256: Sha256Digest,
    pub(crate) bytes: u64,
}

impl Spooled {
    /// The file, for reading. The place in it is shared, so one reader at a time.
    pub(crate) fn reader(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    /// Puts the content on stable storage and the file into its place. Blocks.
    pub(crate) fn sync_and_move(self, to: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        self.path.persist(to).map_err(|error| error.error)
    }
}

/// Why a body did not become a spooled file.
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

/// Receives a body into a temporary file in `folder`.
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
    let folder = folder.to_owned();
    let mut upload = run_blocking(move || Upload::begin(&folder)).await?;
    let mut gathered = Gathered::default();
    while let Some(frame) = tokio::time::timeout(limits.pause, body.frame())
        .await
        .map_err(|_| SpoolError::TooSlow)?
    {
        // Trailers carry nothing the platform uses.
        let Ok(piece) = frame.map_err(|_| SpoolError::Interrupted)?.into_data() else {
            continue;
        };
        upload.bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if upload.bytes > limits.bytes {
            return Err(SpoolError::TooLarge);
        }
        if let Some(full) = gathered.push(piece) {
            upload = run_blocking(move || upload.write(&full)).await?;
        }
    }
    run_blocking(move || upload.write(&gathered.pieces)?.finish()).await
}

async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, SpoolError> {
    spawn_blocking(work)
        .await
        .map_err(io::Error::other)
        .and_then(|done| done)
        .map_err(SpoolError::Storage)
}

/// Pieces of the body that wait to be written together.
#[derive(Default)]
struct Gathered {
    pieces: Vec<Bytes>,
    length: usize,
}

impl Gathered {
    /// Takes a piece; gives all of them back when they are worth writing.
    fn push(&mut self, piece: Bytes) -> Option<Vec<Bytes>> {
        self.length += piece.len();
        self.pieces.push(piece);
        if self.length < CHUNK {
            return None;
        }
        self.length = 0;
        Some(std::mem::take(&mut self.pieces))
    }
}

/// A temporary file that is being written.
struct Upload {
    file: NamedTempFile,
    digest: Context,
    bytes: u64,
}

impl Upload {
    fn begin(folder: &Path) -> io::Result<Self> {
        let file = tempfile::Builder::new()
            .prefix("upload-")
            .suffix(".part")
            .tempfile_in(folder)?;
        Ok(Self {
            file,
            digest: Context::new(&SHA256),
            bytes: 0,
        })
    }

    fn write(mut self, pieces: &[Bytes]) -> io::Result<Self> {
        for piece in pieces {
            self.digest.update(piece);
            self.file.write_all(piece)?;
        }
        Ok(self)
    }

    fn finish(self) -> io::Result<Spooled> {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.digest.finish().as_ref());
        let (file, path) = self.file.into_parts();
        Ok(Spooled {
            path,
            file,
            sha256: Sha256Digest::new(sha256),
            bytes: self.bytes,
        })
    }
}
