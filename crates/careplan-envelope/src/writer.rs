//! Writing signed containers, streaming.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};

use aws_lc_rs::digest;
use careplan_core::Sha256Digest;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::manifest::{self, MANIFEST_NAME, Reference, SIGNATURE_NAME};
use crate::verify::check_form;
use crate::{Error, ErrorKind, Limits, Refusal, Signer, VerifyError, cms, name, validity};

/// The content of `mimetype` (EN 319 162-1 annex A.1).
pub(crate) const MIMETYPE: &str = "application/vnd.etsi.asic-e+zip";

/// Whether files are compressed in the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Compression {
    /// DEFLATE: the standard's files shrink about ten times. The default.
    #[default]
    Deflate,
    /// Stored as they are: every bit of the container is then covered by the signature.
    Stored,
}

/// How a container is written.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct WriterOptions {
    /// Whether files are compressed.
    pub compression: Compression,
    /// How large it may become; the receivers' [`Limits`] should not be smaller.
    pub limits: Limits,
}

impl WriterOptions {
    /// The same with another choice of compression.
    #[must_use]
    pub const fn with_compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// The same with other limits.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// A file in a container.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileEntry {
    /// Its name, without a path.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its contents.
    pub digest: Sha256Digest,
}

/// A finished container.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Signed {
    /// The container's size in bytes.
    pub size: u64,
    /// When it was signed, in whole seconds.
    pub signed_at: DateTime<Utc>,
    /// Its files, in order.
    pub files: Vec<FileEntry>,
}

/// Writes a container: add the files, then sign.
///
/// Files are read once and never held in memory, nor is the output. What was written before an error, or before
/// [`finish`](Self::finish), is not a container: write to a temporary file and rename it.
pub struct EnvelopeWriter<W: Read + Write + Seek> {
    archive: ZipWriter<W>,
    options: WriterOptions,
    files: Vec<FileEntry>,
    names: HashSet<String>,
    total: u64,
    /// After an error the archive holds half an entry: nothing but that error comes of it.
    failed: Option<ErrorKind>,
}

impl<W: Read + Write + Seek> EnvelopeWriter<W> {
    /// Begins a container at the start of an empty output, such as a file opened for reading and
    /// writing, or a `Cursor<Vec<u8>>`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if writing fails.
    pub fn new(mut output: W, options: WriterOptions) -> Result<Self, Error> {
        if output.seek(SeekFrom::End(0))? != 0 {
            let not_empty = "the output is not empty";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, not_empty).into());
        }
        let mut archive = ZipWriter::new(output);
        archive
            .start_file("mimetype", entry_options(Compression::Stored))
            .map_err(archive_error)?;
        archive.write_all(MIMETYPE.as_bytes())?;
        Ok(Self {
            archive,
            options,
            files: Vec::new(),
            names: HashSet::new(),
            total: 0,
            failed: None,
        })
    }

    /// Adds a file.
    ///
    /// # Errors
    /// [`ErrorKind::FileName`] if the name has a path or cannot be used on every system,
    /// [`ErrorKind::DuplicateFile`] if it is taken (letter case does not count),
    /// [`ErrorKind::TooManyFiles`] and [`ErrorKind::TooLarge`] beyond the limits,
    /// [`ErrorKind::Io`] if reading or writing fails.
    pub fn add(&mut self, file_name: &str, contents: &mut dyn Read) -> Result<&FileEntry, Error> {
        if let Some(kind) = self.failed {
            return Err(kind.into());
        }
        name::check(file_name).map_err(|_| ErrorKind::FileName)?;
        if self.files.len() >= self.options.limits.files() {
            return Err(ErrorKind::TooManyFiles.into());
        }
        if !self.names.insert(name::folded(file_name)) {
            return Err(ErrorKind::DuplicateFile.into());
        }
        let limit = self
            .options
            .limits
            .file
            .min(self.options.limits.total.saturating_sub(self.total));
        let (size, digest) = self
            .copy(file_name, contents, limit)
            .inspect_err(|error| self.failed = Some(error.kind()))?;
        self.total += size;
        self.files.push(FileEntry {
            name: file_name.to_owned(),
            size,
            digest,
        });
        self.files.last().ok_or(ErrorKind::NoFiles.into())
    }

    /// Writes an entry; gives its size and digest.
    fn copy(
        &mut self,
        name: &str,
        contents: &mut dyn Read,
        limit: u64,
    ) -> Result<(u64, Sha256Digest), Error> {
        self.archive
            .start_file(name, entry_options(self.options.compression))
            .map_err(archive_error)?;
        let mut hashing = Hashing::new(&mut self.archive);
        // One byte more than allowed tells that there is more.
        let size = io::copy(&mut contents.take(limit.saturating_add(1)), &mut hashing)?;
        let digest = hashing.finish();
        if size > limit {
            return Err(ErrorKind::TooLarge.into());
        }
        Ok((size, digest))
    }

    /// Signs the files and finishes the container; gives the output back.
    ///
    /// Who needs the SHA-256 of the whole container, which receipts name, takes it with
    /// [`container_digest`]; who seals the container has no use for it.
    ///
    /// # Errors
    /// [`ErrorKind::NoFiles`], [`ErrorKind::CertificateNotValid`] if the signer's certificate is
    /// not valid at `signed_at`, [`ErrorKind::AlgorithmMismatch`] if the signer's signature does
    /// not fit its certificate, what the [`Signer`] says, [`ErrorKind::TooLarge`],
    /// [`ErrorKind::ShrinksTooMuch`] if a file shrinks so much that receivers would take it for a
    /// bomb (beyond [`Limits::ratio`]; [`Compression::Stored`] helps), [`ErrorKind::Io`].
    pub fn finish(
        mut self,
        signer: &dyn Signer,
        signed_at: DateTime<Utc>,
    ) -> Result<(Signed, W), Error> {
        if let Some(kind) = self.failed {
            return Err(kind.into());
        }
        if self.files.is_empty() {
            return Err(ErrorKind::NoFiles.into());
        }
        let signed_at = validity::whole_second(signed_at).ok_or(ErrorKind::Validity)?;
        let references: Vec<Reference> = self
            .files
            .iter()
            .map(|file| Reference {
                name: file.name.clone(),
                digest: file.digest,
            })
            .collect();
        let manifest = manifest::write(&references)?;
        let signature = cms::sign(&manifest, signer, signed_at)?;
        for (entry, contents) in [(MANIFEST_NAME, &manifest), (SIGNATURE_NAME, &signature)] {
            self.archive
                .start_file(entry, entry_options(Compression::Stored))
                .map_err(archive_error)?;
            self.archive.write_all(contents)?;
        }
        let mut output = self.archive.finish().map_err(archive_error)?;
        output.flush()?;
        let size = output.seek(SeekFrom::End(0))?;
        check_form(&mut output, &self.options.limits).map_err(own_refusal)?;
        let signed = Signed {
            size,
            signed_at,
            files: self.files,
        };
        Ok((signed, output))
    }
}

impl<W: Read + Write + Seek> fmt::Debug for EnvelopeWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without file names: those of attachments may be personal data.
        f.debug_struct("EnvelopeWriter")
            .field("options", &self.options)
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}

/// Every entry has the same time, rights and system: they mean nothing, and say nothing of the
/// office. The system has to be named, or the ZIP library takes the one it runs on, and MS-DOS has
/// no rights like these: receivers refuse the two together.
fn entry_options(compression: Compression) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(match compression {
            Compression::Deflate => CompressionMethod::Deflated,
            Compression::Stored => CompressionMethod::Stored,
        })
        .last_modified_time(zip::DateTime::default())
        .system(zip::System::Unix)
        .unix_permissions(0o644)
        .large_file(false)
}

/// What the ZIP writer complains about is the output, or files beyond 4 GiB.
fn archive_error(error: zip::result::ZipError) -> Error {
    match error {
        zip::result::ZipError::Io(error) => error.into(),
        other => io::Error::other(other).into(),
    }
}

/// Why receivers with our limits would refuse what was written.
fn own_refusal(error: VerifyError) -> Error {
    match error.refusal() {
        Some(Refusal::ExpansionTooLarge) => ErrorKind::ShrinksTooMuch.into(),
        Some(
            Refusal::ContainerTooLarge
            | Refusal::FileTooLarge
            | Refusal::MetadataTooLarge
            | Refusal::TooManyEntries,
        ) => ErrorKind::TooLarge.into(),
        // Of reading it again, or of a ZIP writer that does not write the one accepted form.
        _ => io::Error::other(error).into(),
    }
}

/// The SHA-256 of a whole container, as it is sent, signed or sealed: what receipts name.
///
/// Reads it once, from its start to its end.
///
/// # Errors
/// If reading fails.
pub fn container_digest<R: Read + Seek>(container: &mut R) -> io::Result<Sha256Digest> {
    container.seek(SeekFrom::Start(0))?;
    let mut hashing = Hashing::new(io::sink());
    io::copy(container, &mut hashing)?;
    Ok(hashing.finish())
}

/// Computes SHA-256 of what is written through it.
struct Hashing<W> {
    inner: W,
    context: digest::Context,
}

impl<W> Hashing<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            context: digest::Context::new(&digest::SHA256),
        }
    }

    fn finish(self) -> Sha256Digest {
        sha256(self.context)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        // A writer that claims more than it was given is broken; then the digest is, too.
        self.context.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The finished SHA-256 as a value.
pub(crate) fn sha256(context: digest::Context) -> Sha256Digest {
    let digest = context.finish();
    let mut bytes = [0; 32];
    // SHA-256 has 32 bytes; zip stops at the shorter, so nothing here can go wrong.
    bytes
        .iter_mut()
        .zip(digest.as_ref())
        .for_each(|(to, from)| *to = *from);
    Sha256Digest::new(bytes)
}
