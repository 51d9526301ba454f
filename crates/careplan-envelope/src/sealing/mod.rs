//! Sealing (封緘): encryption of a whole container to its receivers, so that whoever carries it
//! cannot read it.
//!
//! CMS `AuthEnvelopedData` (RFC 5083) with AES-256-GCM (RFC 5084); the content key goes to each
//! receiver by RSA-OAEP (RFC 3560) or ECDH (RFC 5753), as its certificate's key asks for.
//! docs/sealing.md describes the format.
//!
//! ```
//! use std::io::Cursor;
//!
//! use careplan_envelope::sealing::{Opener, Sealer};
//! # use careplan_envelope::{Authority, CertificateKind, KeyAlgorithm, PrivateKey, Validity};
//! # let now = "2026-10-21T00:00:00Z".parse()?;
//! # let mut authority = Authority::create("Test", KeyAlgorithm::EcdsaP256, Validity::days(now, 30)?)?;
//! # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
//! # let office = "1374220867".parse()?;
//! # let request = key.request_pem(office)?;
//! # let certificate = authority
//! #     .issue_office(request.as_bytes(), office, CertificateKind::CareDx, Validity::days(now, 9)?)?
//! #     .certificate;
//!
//! let container = b"PK...";
//! let mut sealed = Vec::new();
//! Sealer::to(&[certificate.clone()])?.seal(Cursor::new(container), &mut sealed)?;
//!
//! let mut opened = Vec::new();
//! Opener::new(&key, &certificate)?.open(Cursor::new(&sealed), &mut opened)?;
//! assert_eq!(opened, container);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod message;
mod outline;
mod receiver;

use std::io::{Read, Seek, SeekFrom, Write};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand;
use rustls_pki_types::CertificateDer;
use zeroize::Zeroizing;

pub use error::{SealError, SealErrorKind};
pub use outline::{SealedOutline, outline};
use receiver::{Identity, Receiver};

use crate::PrivateKey;
use SealErrorKind as Kind;

/// The key of AES-256-GCM; every sealing has its own.
type ContentKey = Zeroizing<[u8; 32]>;

/// The limit on a container's size unless told otherwise: 256 MiB.
///
/// GCM authenticates at the end, and nothing unauthenticated is given out; so a container is in
/// memory, once, while it is sealed or opened.
pub const DEFAULT_LIMIT: u64 = 256 << 20;

/// More than this DER lengths and the crypto library do not take: 2 GiB minus 1 MiB.
const LARGEST: u64 = (2 << 30) - (1 << 20);

/// What a sealed container may have around its contents: names, wrapped keys.
const MOST_RECEIVERS: usize = 100;
const LARGEST_FRAME: u64 = 1 << 20;

/// Whether some bytes begin like a sealed container; a hint for choosing what to do with a file.
#[must_use]
pub fn looks_sealed(beginning: &[u8]) -> bool {
    message::looks_sealed(beginning)
}

/// Seals containers to one or more receivers.
#[derive(Debug)]
pub struct Sealer {
    receivers: Vec<Receiver>,
    limit: u64,
}

impl Sealer {
    /// A sealer to the holders of certificates; whether they are genuine and whose they are must
    /// have been established before.
    ///
    /// # Errors
    /// [`Receivers`](Kind::Receivers), [`Certificate`](Kind::Certificate),
    /// [`KeyUsage`](Kind::KeyUsage), [`KeyKind`](Kind::KeyKind).
    pub fn to(certificates: &[CertificateDer<'_>]) -> Result<Self, SealError> {
        if certificates.is_empty() || certificates.len() > MOST_RECEIVERS {
            return Err(Kind::Receivers.into());
        }
        Ok(Self {
            receivers: certificates
                .iter()
                .map(Receiver::new)
                .collect::<Result<_, _>>()?,
            limit: DEFAULT_LIMIT,
        })
    }

    /// Another limit on the container's size in bytes, at most about 2 GiB.
    #[must_use]
    pub fn with_limit(mut self, bytes: u64) -> Self {
        self.limit = bytes.min(LARGEST);
        self
    }

    /// Seals a container, read from its present position to its end, which is in memory meanwhile.
    ///
    /// # Errors
    /// [`TooLarge`](Kind::TooLarge); if reading, writing or the crypto library fails. What was
    /// written before an error is of no use.
    pub fn seal(
        &self,
        container: impl Read + Seek,
        mut sealed: impl Write,
    ) -> Result<(), SealError> {
        let mut content = read_limited(container, self.limit)?;
        let mut content_key: ContentKey = Zeroizing::new([0; 32]);
        rand::fill(content_key.as_mut_slice()).map_err(|_| Kind::Crypto)?;
        // A random nonce is safe: the key encrypts once.
        let mut nonce = [0; 12];
        rand::fill(&mut nonce).map_err(|_| Kind::Crypto)?;
        let recipients = self
            .receivers
            .iter()
            .map(|receiver| receiver.wrap(&content_key))
            .collect::<Result<_, _>>()?;
        let tag = gcm(&content_key)?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::empty(),
                &mut content,
            )
            .map_err(|_| Kind::Crypto)?;
        let frame = message::frame(recipients, &nonce, content.len(), tag.as_ref())?;
        sealed.write_all(&frame.before)?;
        sealed.write_all(&content)?;
        sealed.write_all(&frame.after)?;
        Ok(())
    }
}

/// Opens containers that were sealed to a certificate.
#[derive(Debug)]
pub struct Opener {
    identity: Identity,
    limit: u64,
}

impl Opener {
    /// An opener for what was sealed to a certificate, with its private key.
    ///
    /// # Errors
    /// [`Certificate`](Kind::Certificate), [`KeyMismatch`](Kind::KeyMismatch),
    /// [`Crypto`](Kind::Crypto).
    pub fn new(key: &PrivateKey, certificate: &CertificateDer<'_>) -> Result<Self, SealError> {
        Ok(Self {
            identity: Identity::new(key, certificate)?,
            limit: DEFAULT_LIMIT,
        })
    }

    /// Another limit on the container's size in bytes, at most about 2 GiB.
    #[must_use]
    pub fn with_limit(mut self, bytes: u64) -> Self {
        self.limit = bytes.min(LARGEST);
        self
    }

    /// Opens a sealed container, read from its present position to its end.
    ///
    /// The container is written only after all of it has been authenticated: on any refusal
    /// nothing has been written. Who sealed it is not known by this; that is what the signature of
    /// the container inside is for.
    ///
    /// # Errors
    /// [`NotSealed`](Kind::NotSealed), [`Malformed`](Kind::Malformed),
    /// [`UnsupportedAlgorithm`](Kind::UnsupportedAlgorithm),
    /// [`NotForThisCertificate`](Kind::NotForThisCertificate), [`Broken`](Kind::Broken),
    /// [`TooLarge`](Kind::TooLarge); if reading or writing fails.
    pub fn open(
        &self,
        sealed: impl Read + Seek,
        mut container: impl Write,
    ) -> Result<(), SealError> {
        let mut sealed = read_limited(sealed, self.limit + LARGEST_FRAME)?;
        let parts = message::parse(&sealed)?;
        if parts.content.len() as u64 > self.limit {
            return Err(Kind::TooLarge.into());
        }
        let content_key = self.identity.unwrap(&parts.recipients)?;
        let content = sealed
            .get_mut(parts.content.clone())
            .ok_or(Kind::Malformed)?;
        let content = decrypt(&content_key, parts.nonce, content, &parts.tag)?;
        container.write_all(content)?;
        Ok(())
    }
}

/// Decrypts in place; gives the contents once they are authenticated.
fn decrypt<'a>(
    key: &ContentKey,
    nonce: [u8; 12],
    content: &'a mut [u8],
    tag: &[u8; 16],
) -> Result<&'a [u8], SealError> {
    gcm(key)?
        .open_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            tag,
            content,
        )
        .map(|content| &*content)
        .map_err(|_| Kind::Broken.into())
}

fn gcm(key: &ContentKey) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, key.as_slice())
        .map(LessSafeKey::new)
        .map_err(|_| Kind::Crypto.into())
}

/// Everything from the present position on, in a buffer of just that size.
fn read_limited(mut source: impl Read + Seek, limit: u64) -> Result<Vec<u8>, SealError> {
    let begin = source.stream_position()?;
    let size = source.seek(SeekFrom::End(0))?.saturating_sub(begin);
    if size > limit {
        return Err(Kind::TooLarge.into());
    }
    source.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::with_capacity(usize::try_from(size).map_err(|_| Kind::TooLarge)?);
    // A file that grows meanwhile is cut at the size it had; its signature or tag will not hold.
    source.take(size).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod wycheproof;
