//! Verifying containers, and taking their files out.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::{self, Read, Seek, Write};
use std::sync::Arc;

use aws_lc_rs::digest;
use careplan_core::Sha256Digest;
use chrono::{DateTime, TimeDelta, Utc};
use flate2::{Crc, Decompress, FlushDecompress, Status};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use webpki::RevocationCheckDepth;
use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};

use crate::certificate::ParsedCertificate;
use crate::chain::Trust;
use crate::layout::{self, Entry, Method};
use crate::manifest::{self, Manifest};
use crate::name::{self, NameProblem};
use crate::refusal::Place;
use crate::writer::{MIMETYPE, container_digest, sha256};
use crate::{
    CertificateProfile, Error, ErrorKind, ExtractError, FileEntry, OfficeCertificate,
    OperatorCertificate, Refusal, VerifyError, cms,
};

/// How much a container may ask for. Sizes are in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The whole container; 1 GiB unless set.
    pub container: u64,
    /// One file, inflated; 1 GiB unless set.
    pub file: u64,
    /// All files together, inflated; 2 GiB unless set.
    pub total: u64,
    /// Entries of the archive, the three of metadata included; 1,003 unless set.
    pub entries: usize,
    /// How many times larger an entry may become when inflated, beyond its first 64 KiB; 250
    /// unless set. DEFLATE reaches 1,032 at most.
    pub ratio: u64,
    /// How far signers' clocks may be ahead; 5 minutes unless set.
    pub clock_skew: TimeDelta,
}

impl Limits {
    /// Entries that are not files: `mimetype`, manifest, signature.
    const METADATA_ENTRIES: usize = 3;
    /// The manifest: a line takes some 250 bytes beyond the name.
    const MANIFEST_SIZE: u64 = 4 * 1024 * 1024;
    /// The signature with its certificates, some 2 KB each.
    const SIGNATURE_SIZE: u64 = 64 * 1024;
    /// Inflated sizes up to this are not held to the ratio.
    const RATIO_FROM: u64 = 64 * 1024;

    /// How many files fit.
    pub(crate) const fn files(&self) -> usize {
        self.entries.saturating_sub(Self::METADATA_ENTRIES)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            container: 1 << 30,
            file: 1 << 30,
            total: 2 << 30,
            entries: 1_000 + Self::METADATA_ENTRIES,
            ratio: 250,
            clock_skew: TimeDelta::minutes(5),
        }
    }
}

/// Collects what a [`Verifier`] is to trust.
#[derive(Debug)]
pub struct VerifierBuilder {
    trust: Trust,
    profile: CertificateProfile,
    limits: Limits,
}

impl VerifierBuilder {
    /// Trusts an authority: its self-signed certificate, DER. May be called several times.
    ///
    /// # Errors
    /// [`ErrorKind::Certificate`] if it cannot be read.
    pub fn trust_anchor(mut self, certificate: &CertificateDer<'_>) -> Result<Self, Error> {
        self.trust.add_anchor(certificate)?;
        Ok(self)
    }

    /// Checks revocation with a list (CRL), DER. May be called several times.
    ///
    /// Once there is a list, every certificate of a path needs one of its issuer, in date. Of
    /// several of one issuer the newest that it signed counts.
    ///
    /// # Errors
    /// [`ErrorKind::Crl`] if it cannot be read.
    pub fn crl(mut self, list: &CertificateRevocationListDer<'_>) -> Result<Self, Error> {
        self.trust.add_revocation_list(list)?;
        Ok(self)
    }

    /// Checks the revocation of offices' certificates only, not of the authorities between them
    /// and the anchor.
    #[must_use]
    pub fn revocation_of_offices_only(mut self) -> Self {
        self.trust.revocation_depth = RevocationCheckDepth::EndEntity;
        self
    }

    /// Sets how kinds and office numbers appear in certificates.
    #[must_use]
    pub fn profile(mut self, profile: CertificateProfile) -> Self {
        self.profile = profile;
        self
    }

    /// Sets the limits.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The verifier.
    ///
    /// # Errors
    /// [`ErrorKind::NoTrustAnchor`] if nothing is trusted.
    pub fn build(self) -> Result<Verifier, Error> {
        if self.trust.is_nobody() {
            return Err(ErrorKind::NoTrustAnchor.into());
        }
        Ok(Verifier {
            settings: Arc::new(self),
        })
    }
}

/// Verifies containers. Build it once and share it: a clone is another handle on the same settings.
#[derive(Debug, Clone)]
pub struct Verifier {
    settings: Arc<VerifierBuilder>,
}

impl Verifier {
    /// Begins a verifier with the default profile and limits, trusting nobody yet.
    #[must_use]
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder {
            trust: Trust::nobody(),
            profile: CertificateProfile::default(),
            limits: Limits::default(),
        }
    }

    /// How kinds and office numbers appear in certificates.
    #[must_use]
    pub fn profile(&self) -> &CertificateProfile {
        &self.settings.profile
    }

    /// Verifies a container completely: its form, the signature, the certificate, every file.
    ///
    /// `at` is the time at which the certificates must be valid: now for a container that just
    /// arrived; for an older one the time at which it is known to have existed already, such as
    /// that of the receipt for it. The container is read twice and never held in memory.
    ///
    /// # Errors
    /// A [`VerifyError`] with the reason for refusing it; or, telling nothing of the container,
    /// that reading failed ([`VerifyError::is_io`]).
    pub fn verify<R: Read + Seek>(
        &self,
        reader: R,
        at: DateTime<Utc>,
    ) -> Result<VerifiedEnvelope<R>, VerifyError> {
        self.verify_as(reader, at, CertificateProfile::office)
    }

    /// As [`verify`](Self::verify), of a container that the operator signed: a receipt or another
    /// piece of evidence.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); [`Refusal::NotOperatorCertificate`] if an office signed it.
    pub fn verify_operator<R: Read + Seek>(
        &self,
        reader: R,
        at: DateTime<Utc>,
    ) -> Result<VerifiedEnvelope<R, OperatorCertificate>, VerifyError> {
        self.verify_as(reader, at, CertificateProfile::operator)
    }

    /// Verifies an office's certificate by itself, such as one to seal to: its path to a trust
    /// anchor, that it is not revoked, its kind and office number. `chain` has the office's
    /// certificate first, then those up to its authority, without the anchor.
    ///
    /// # Errors
    /// A [`VerifyError`] with the reason for refusing it.
    pub fn verify_certificate(
        &self,
        chain: &[CertificateDer<'_>],
        at: DateTime<Utc>,
    ) -> Result<OfficeCertificate, VerifyError> {
        let (first, others) = chain.split_first().ok_or(Refusal::CertificateMalformed)?;
        let parsed = ParsedCertificate::parse(first).ok_or(Refusal::CertificateMalformed)?;
        let settings = &self.settings;
        settings.trust.validate(first, &parsed, others, at)?;
        Ok(settings.profile.office(&parsed)?)
    }

    /// Verifies; `signer_of` says whose the certificate is, or that it is not one that is wanted.
    fn verify_as<R: Read + Seek, S>(
        &self,
        mut reader: R,
        at: DateTime<Utc>,
        signer_of: fn(&CertificateProfile, &ParsedCertificate) -> Result<S, Refusal>,
    ) -> Result<VerifiedEnvelope<R, S>, VerifyError> {
        let limits = &self.settings.limits;
        let entries = layout::read(&mut reader, limits)?;
        let contents = Contents::classify(&entries, limits)?;
        let mut archive = Archive::open(reader, &entries)?;

        let mimetype = archive.metadata(0, &entries)?;
        if mimetype != MIMETYPE.as_bytes() {
            return Err(VerifyError::at(Place::Entry(1))(Refusal::MimetypeWrong));
        }
        let manifest_bytes = archive.metadata(contents.manifest, &entries)?;
        let signature = archive.metadata(contents.signature, &entries)?;

        // First whether the manifest is signed, and by whom: until then nothing else in it is
        // looked at.
        let (signer, signed_at) = self
            .check_signature(&manifest_bytes, &signature, at, signer_of)
            .map_err(VerifyError::at(Place::Signature))?;
        let manifest = manifest::read(&manifest_bytes, limits.files())
            .map_err(VerifyError::at(Place::Manifest))?;
        let mut files = contents.match_manifest(&entries, &manifest)?;

        for file in &mut files {
            let digest = archive.copy(file.index, &file.entry, &mut io::sink(), None)?;
            if digest != file.digest {
                return Err(VerifyError::at(Place::Entry(file.index + 1))(
                    Refusal::DigestMismatch,
                ));
            }
        }
        let listed = files
            .iter()
            .map(|file| FileEntry {
                name: file.entry.name.clone(),
                size: file.entry.size,
                digest: file.digest,
            })
            .collect();
        Ok(VerifiedEnvelope {
            archive,
            signer,
            signed_at,
            files,
            listed,
        })
    }

    fn check_signature<S>(
        &self,
        manifest: &[u8],
        signature: &[u8],
        at: DateTime<Utc>,
        signer_of: fn(&CertificateProfile, &ParsedCertificate) -> Result<S, Refusal>,
    ) -> Result<(S, DateTime<Utc>), Refusal> {
        let settings = &self.settings;
        let checked = cms::check(signature, manifest)?;
        settings
            .trust
            .validate(&checked.certificate, &checked.parsed, &checked.others, at)?;
        let signer = signer_of(&settings.profile, &checked.parsed)?;
        if !checked.parsed.valid_at(checked.signed_at) {
            return Err(Refusal::SignedOutsideValidity);
        }
        let latest = at.checked_add_signed(settings.limits.clock_skew);
        if latest.is_none_or(|latest| checked.signed_at > latest) {
            return Err(Refusal::SignedInFuture);
        }
        Ok((signer, checked.signed_at))
    }
}

/// Checks the form and the sizes of a container that was just written, so that what its own
/// receivers would refuse is not sent.
pub(crate) fn check_form<R: Read + Seek>(
    reader: &mut R,
    limits: &Limits,
) -> Result<(), VerifyError> {
    let entries = layout::read(reader, limits)?;
    Contents::classify(&entries, limits).map(drop)
}

/// Which entry is what, by index.
struct Contents {
    manifest: usize,
    signature: usize,
    files: Vec<usize>,
}

impl Contents {
    /// Sorts the entries by their names, and checks names and sizes.
    fn classify(entries: &[Entry], limits: &Limits) -> Result<Self, VerifyError> {
        let container = VerifyError::at(Place::Container);
        if entries.first().is_none_or(|first| first.name != "mimetype") {
            return Err(container(Refusal::MimetypeMissing));
        }
        let (mut manifests, mut signatures, mut files) = (Vec::new(), Vec::new(), Vec::new());
        let mut names = HashSet::new();
        let mut total = 0_u64;
        for (index, entry) in entries.iter().enumerate() {
            let refused = VerifyError::at(Place::Entry(index + 1));
            if !names.insert(name::folded(&entry.name)) {
                return Err(refused(Refusal::DuplicateEntry));
            }
            let metadata_limit = match Role::of(&entry.name).map_err(refused)? {
                Role::Mimetype => Some(MIMETYPE.len() as u64 * 2),
                Role::Manifest => {
                    manifests.push(index);
                    Some(Limits::MANIFEST_SIZE)
                }
                Role::Signature => {
                    signatures.push(index);
                    Some(Limits::SIGNATURE_SIZE)
                }
                Role::File => {
                    files.push(index);
                    None
                }
            };
            if let Some(limit) = metadata_limit {
                // Stored, so that none of their bits is free; small, as they are held in memory.
                if entry.method != Method::Stored {
                    return Err(refused(Refusal::CompressionMethod));
                }
                if entry.size > limit {
                    return Err(refused(Refusal::MetadataTooLarge));
                }
            } else {
                total = total.saturating_add(entry.size);
                if entry.size > limits.file || total > limits.total {
                    return Err(refused(Refusal::FileTooLarge));
                }
                let grown = entry.size.saturating_sub(Limits::RATIO_FROM);
                if grown > entry.compressed.saturating_mul(limits.ratio) {
                    return Err(refused(Refusal::ExpansionTooLarge));
                }
            }
        }
        let only = |found: &[usize], none, several| match found {
            [index] => Ok(*index),
            [] => Err(container(none)),
            _ => Err(container(several)),
        };
        let manifest = only(
            &manifests,
            Refusal::ManifestMissing,
            Refusal::SeveralManifests,
        )?;
        let signature = only(
            &signatures,
            Refusal::SignatureMissing,
            Refusal::SeveralSignatures,
        )?;
        if files.is_empty() {
            return Err(container(Refusal::NoFiles));
        }
        Ok(Self {
            manifest,
            signature,
            files,
        })
    }

    /// Matches files and manifest: each listed once, each there once. In the manifest's order.
    fn match_manifest(
        &self,
        entries: &[Entry],
        manifest: &Manifest,
    ) -> Result<Vec<SignedFile>, VerifyError> {
        let refused = VerifyError::at(Place::Manifest);
        let signature = entries.get(self.signature).map(|entry| &entry.name);
        if signature != Some(&manifest.signature) {
            return Err(refused(Refusal::ManifestSignatureReference));
        }
        let mut unlisted: HashMap<&str, (usize, &Entry)> = self
            .files
            .iter()
            .filter_map(|&index| Some((index, entries.get(index)?)))
            .map(|(index, entry)| (entry.name.as_str(), (index, entry)))
            .collect();
        let mut listed = HashSet::new();
        let mut files = Vec::with_capacity(manifest.references.len());
        for reference in &manifest.references {
            if !listed.insert(reference.name.as_str()) {
                return Err(refused(Refusal::DuplicateReference));
            }
            let (index, entry) = unlisted
                .remove(reference.name.as_str())
                .ok_or(refused(Refusal::MissingFile))?;
            files.push(SignedFile {
                index,
                entry: entry.clone(),
                digest: reference.digest,
            });
        }
        match unlisted.values().map(|(index, _)| index).min() {
            Some(index) => Err(VerifyError::at(Place::Entry(index + 1))(
                Refusal::UnlistedEntry,
            )),
            None => Ok(files),
        }
    }
}

/// What an entry is, by its name (EN 319 162-1 section 4.4.3 and annex A).
enum Role {
    Mimetype,
    Manifest,
    Signature,
    File,
}

impl Role {
    fn of(entry: &str) -> Result<Self, Refusal> {
        const FOLDER: &str = "META-INF/";
        if entry == "mimetype" {
            return Ok(Self::Mimetype);
        }
        let folder = entry.get(..FOLDER.len());
        if folder.is_some_and(|folder| folder.eq_ignore_ascii_case(FOLDER)) {
            let name = entry.strip_prefix(FOLDER).unwrap_or_default();
            if name::check(name).is_err() {
                return Err(Refusal::UnexpectedMetadata);
            }
            return if name.starts_with("ASiCManifest") && name.ends_with(".xml") {
                Ok(Self::Manifest)
            } else if name.contains("signature") && name.ends_with(".p7s") {
                Ok(Self::Signature)
            } else {
                Err(Refusal::UnexpectedMetadata)
            };
        }
        match name::check(entry) {
            Ok(()) => Ok(Self::File),
            Err(NameProblem::Path) => Err(Refusal::NameWithPath),
            Err(NameProblem::Forbidden) => Err(Refusal::NameForbidden),
        }
    }
}

/// A file of the container with the digest that was signed.
#[derive(Debug, Clone)]
struct SignedFile {
    index: usize,
    entry: Entry,
    digest: Sha256Digest,
}

/// The archive, read by the `zip` crate, whose view must be that of [`layout`].
struct Archive<R> {
    zip: ZipArchive<R>,
    rooms: Rooms,
}

impl<R: Read + Seek> Archive<R> {
    fn open(reader: R, entries: &[Entry]) -> Result<Self, VerifyError> {
        let config = Config {
            archive_offset: ArchiveOffset::Known(0),
        };
        let archive = ZipArchive::with_config(config, reader).map_err(archive_error)?;
        if archive.len() != entries.len() {
            return Err(VerifyError::at(Place::Container)(Refusal::DamagedArchive));
        }
        Ok(Self {
            zip: archive,
            rooms: Rooms::default(),
        })
    }

    /// An entry of metadata, whole; its size was checked.
    fn metadata(&mut self, index: usize, entries: &[Entry]) -> Result<Vec<u8>, VerifyError> {
        let refused = VerifyError::at(Place::Entry(index + 1));
        let entry = entries.get(index).ok_or(refused(Refusal::DamagedArchive))?;
        // The size was checked, but is only what the entry says of itself.
        let mut bytes = Vec::with_capacity(entry.size.min(BUFFER) as usize);
        self.copy(index, entry, &mut bytes, None)?;
        Ok(bytes)
    }

    /// Copies an entry's contents to a sink; gives their SHA-256.
    ///
    /// Size and CRC-32 are checked; and every byte of the compressed form has to be used.
    fn copy(
        &mut self,
        index: usize,
        entry: &Entry,
        sink: &mut dyn Write,
        mut on_sink_error: Option<&mut Option<io::Error>>,
    ) -> Result<Sha256Digest, VerifyError> {
        let refused = VerifyError::at(Place::Entry(index + 1));
        let mut raw = self.zip.by_index_raw(index).map_err(archive_error)?;
        let same = raw.name_raw() == entry.name.as_bytes()
            && raw.compressed_size() == entry.compressed
            && raw.size() == entry.size
            && raw.crc32() == entry.crc32;
        if !same {
            return Err(refused(Refusal::DamagedArchive));
        }

        let mut sha = digest::Context::new(&digest::SHA256);
        let mut crc = Crc::new();
        let mut left = entry.size;
        let mut accept = |bytes: &[u8]| -> Result<(), VerifyError> {
            left = left
                .checked_sub(bytes.len() as u64)
                .ok_or(refused(Refusal::SizeMismatch))?;
            sha.update(bytes);
            crc.update(bytes);
            sink.write_all(bytes).map_err(|error| {
                // The sink's trouble must not look like the container's.
                if let Some(slot) = on_sink_error.as_deref_mut() {
                    *slot = Some(error);
                    return VerifyError::from(io::Error::other("the sink failed"));
                }
                error.into()
            })
        };
        match entry.method {
            Method::Stored => read_stored(&mut raw, entry, &mut self.rooms, &mut accept)?,
            Method::Deflated => inflate(&mut raw, entry, &mut self.rooms, &refused, &mut accept)?,
        }
        if left != 0 {
            return Err(refused(Refusal::SizeMismatch));
        }
        if crc.sum() != entry.crc32 {
            return Err(refused(Refusal::ChecksumMismatch));
        }
        Ok(sha256(sha))
    }
}

/// What the `zip` crate complains about after [`layout`] found nothing wrong.
fn archive_error(error: zip::result::ZipError) -> VerifyError {
    match error {
        zip::result::ZipError::Io(error) => error.into(),
        _ => VerifyError::at(Place::Container)(Refusal::DamagedArchive),
    }
}

/// Bytes read, or inflated, at a time.
const BUFFER: u64 = 64 * 1024;

/// What reading entries takes again and again: clearing it for each entry would cost more than
/// inflating a small one.
#[derive(Default)]
struct Rooms {
    input: Vec<u8>,
    output: Vec<u8>,
    inflation: Option<Decompress>,
}

impl Rooms {
    /// Room for what is expected, or for a part of it.
    fn at_least(room: &mut Vec<u8>, expected: u64) -> &mut [u8] {
        let wanted = expected.clamp(1, BUFFER) as usize;
        if room.len() < wanted {
            room.resize(wanted, 0);
        }
        room
    }
}

fn read_stored(
    raw: &mut dyn Read,
    entry: &Entry,
    rooms: &mut Rooms,
    accept: &mut dyn FnMut(&[u8]) -> Result<(), VerifyError>,
) -> Result<(), VerifyError> {
    let buffer = Rooms::at_least(&mut rooms.input, entry.size);
    loop {
        let read = raw.read(buffer)?;
        if read == 0 {
            return Ok(());
        }
        accept(buffer.get(..read).unwrap_or_default())?;
    }
}

/// Inflates exactly one DEFLATE stream (RFC 1951) that is as long as the entry says.
fn inflate(
    raw: &mut dyn Read,
    entry: &Entry,
    rooms: &mut Rooms,
    refused: &dyn Fn(Refusal) -> VerifyError,
    accept: &mut dyn FnMut(&[u8]) -> Result<(), VerifyError>,
) -> Result<(), VerifyError> {
    let input = Rooms::at_least(&mut rooms.input, entry.compressed);
    // One byte more than there should be, so that all of it comes out at once.
    let output = Rooms::at_least(&mut rooms.output, entry.size.saturating_add(1));
    let stream = rooms
        .inflation
        .get_or_insert_with(|| Decompress::new(false));
    stream.reset(false);
    let mut pending: &[u8] = &[];
    let mut filled;
    loop {
        if pending.is_empty() {
            filled = raw.read(input)?;
            pending = input.get(..filled).unwrap_or_default();
        }
        let at_end = pending.is_empty();
        let (before_in, before_out) = (stream.total_in(), stream.total_out());
        let status = stream
            .decompress(pending, output, FlushDecompress::None)
            .map_err(|_| refused(Refusal::DamagedCompression))?;
        let consumed = (stream.total_in() - before_in) as usize;
        let produced = (stream.total_out() - before_out) as usize;
        pending = pending.get(consumed..).unwrap_or_default();
        accept(output.get(..produced).unwrap_or_default())?;
        if status == Status::StreamEnd {
            break;
        }
        if at_end && produced == 0 {
            // Nothing more comes in, and nothing more comes out: cut off.
            return Err(refused(Refusal::DamagedCompression));
        }
    }
    if stream.total_in() != entry.compressed {
        return Err(refused(Refusal::SizeMismatch));
    }
    Ok(())
}

/// A container that was verified completely.
///
/// Its files are read again from the container when they are taken out, and checked again while
/// they stream, so that a container changed in between is noticed. `S` is who signed: an office
/// unless it was verified as the operator's.
pub struct VerifiedEnvelope<R, S = OfficeCertificate> {
    archive: Archive<R>,
    signer: S,
    signed_at: DateTime<Utc>,
    files: Vec<SignedFile>,
    listed: Vec<FileEntry>,
}

impl<R: Read + Seek, S> VerifiedEnvelope<R, S> {
    /// Who signed it.
    #[must_use]
    pub const fn signer(&self) -> &S {
        &self.signer
    }

    /// When it was signed, as the signer says; within the certificate's validity.
    #[must_use]
    pub const fn signed_at(&self) -> DateTime<Utc> {
        self.signed_at
    }

    /// Its files, in the manifest's order.
    #[must_use]
    pub fn files(&self) -> &[FileEntry] {
        &self.listed
    }

    /// Copies a file to a sink.
    ///
    /// The sink gets the bytes while they are checked again: keep them only when this returns
    /// without an error.
    ///
    /// # Errors
    /// [`ExtractError::NoSuchFile`], [`ExtractError::Sink`] if the sink fails, and
    /// [`ExtractError::Container`] if the container changed since it was verified or cannot be
    /// read.
    pub fn copy_file(&mut self, name: &str, sink: &mut dyn Write) -> Result<(), ExtractError> {
        let file = self
            .files
            .iter()
            .find(|file| file.entry.name == name)
            .ok_or(ExtractError::NoSuchFile)?;
        let mut sink_error = None;
        let copied = self
            .archive
            .copy(file.index, &file.entry, sink, Some(&mut sink_error));
        if let Some(error) = sink_error {
            return Err(ExtractError::Sink(error));
        }
        if copied? != file.digest {
            let changed = VerifyError::at(Place::Entry(file.index + 1))(Refusal::DigestMismatch);
            return Err(changed.into());
        }
        Ok(())
    }

    /// A file's contents in memory; for files whose size is known to be small.
    ///
    /// # Errors
    /// As [`copy_file`](Self::copy_file).
    pub fn read_file(&mut self, name: &str) -> Result<Vec<u8>, ExtractError> {
        let mut contents = Vec::new();
        self.copy_file(name, &mut contents)?;
        Ok(contents)
    }

    /// The SHA-256 of the whole container, as receipts name it; reads it once more.
    ///
    /// # Errors
    /// If reading fails.
    pub fn digest(self) -> Result<Sha256Digest, VerifyError> {
        let mut reader = self.archive.zip.into_inner();
        Ok(container_digest(&mut reader)?)
    }
}

impl<R, S: fmt::Debug> fmt::Debug for VerifiedEnvelope<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without file names: those of attachments may be personal data.
        f.debug_struct("VerifiedEnvelope")
            .field("signer", &self.signer)
            .field("signed_at", &self.signed_at)
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}

/// Parts of verification by themselves.
#[cfg(fuzzing)]
pub(crate) mod fuzzing {
    use std::io::Cursor;

    use super::*;

    /// The archive with all of its entries, without looking at manifest and signature.
    pub fn archive(container: &[u8]) {
        let limits = Limits {
            // Enough to get everywhere, little enough to be quick.
            total: 1 << 20,
            ..Limits::default()
        };
        let mut reader = Cursor::new(container);
        let Ok(entries) = layout::read(&mut reader, &limits) else {
            return;
        };
        if Contents::classify(&entries, &limits).is_err() {
            return;
        }
        let Ok(mut archive) = Archive::open(reader, &entries) else {
            return;
        };
        for (index, entry) in entries.iter().enumerate() {
            let mut contents = Vec::new();
            if archive.copy(index, entry, &mut contents, None).is_ok() {
                assert_eq!(contents.len() as u64, entry.size);
            }
        }
    }

    /// A manifest; one that is read is the same when it is written and read again.
    pub fn manifest(bytes: &[u8]) {
        let Ok(first) = manifest::read(bytes, 100) else {
            return;
        };
        let Ok(written) = manifest::write(&first.references) else {
            return;
        };
        let second = manifest::read(&written, 100).map(|manifest| manifest.references);
        assert_eq!(second, Ok(first.references));
    }

    /// A signature over a message; whether it is good.
    #[must_use]
    pub fn signature(signature: &[u8], message: &[u8]) -> bool {
        cms::check(signature, message).is_ok()
    }
}
