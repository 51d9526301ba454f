//! Private keys and signing: the [`Signer`] trait and a signer in software.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use careplan_core::OfficeNumber;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::algorithm::{RSA_BITS, SignatureAlgorithm};
use crate::certificate::ParsedCertificate;
use crate::{Error, ErrorKind, pem};

/// Signs for an office: a key in software, on a token, or in the operating system's store.
///
/// The envelope asks for one signature over a few hundred bytes; the private key itself is never
/// asked for. [`SoftwareSigner`] is the implementation for key files.
pub trait Signer: Send + Sync {
    /// The office's certificate first, then the intermediates that lead to the trust anchor,
    /// without the anchor itself. DER.
    fn certificate_chain(&self) -> &[CertificateDer<'static>];

    /// The algorithm [`sign`](Self::sign) uses; it must go with the certificate's key.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// Signs a message; the algorithm's digest is taken over it here.
    ///
    /// Gives PKCS#1 octets for RSA and a DER `ECDSA-Sig-Value` (RFC 3279) for ECDSA.
    ///
    /// # Errors
    /// If the key is not available or the token refuses.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error>;
}

/// The kinds of keys that are generated and accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// ECDSA on P-256: small and fast, the default.
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// RSA of 2048 bits.
    Rsa2048,
    /// RSA of 3072 bits.
    Rsa3072,
    /// RSA of 4096 bits.
    Rsa4096,
}

enum Inner {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// A private key of an office, a server or an authority.
///
/// The key material stays inside the crypto library, which wipes it when dropped; `Debug` shows
/// only the kind of key.
pub struct PrivateKey {
    inner: Inner,
    /// What the key signs with unless told otherwise.
    algorithm: SignatureAlgorithm,
}

impl PrivateKey {
    /// Generates a key from the operating system's random numbers.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`] if the crypto library fails.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, Error> {
        let rsa = |size| RsaKeyPair::generate(size).map(Inner::Rsa);
        let inner = match algorithm {
            KeyAlgorithm::EcdsaP256 => {
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map(Inner::Ecdsa)
            }
            KeyAlgorithm::EcdsaP384 => {
                EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).map(Inner::Ecdsa)
            }
            KeyAlgorithm::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyAlgorithm::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyAlgorithm::Rsa4096 => rsa(KeySize::Rsa4096),
        };
        Ok(Self::new(inner.map_err(|_| ErrorKind::Crypto)?))
    }

    fn new(inner: Inner) -> Self {
        let algorithm = match &inner {
            Inner::Ecdsa(key) if *key.algorithm() == ECDSA_P384_SHA384_ASN1_SIGNING => {
                SignatureAlgorithm::EcdsaP384Sha384
            }
            Inner::Ecdsa(_) => SignatureAlgorithm::EcdsaP256Sha256,
            Inner::Rsa(_) => SignatureAlgorithm::RsaPkcs1Sha256,
        };
        Self { inner, algorithm }
    }

    /// Reads an unencrypted key from PEM: PKCS#8, PKCS#1 or SEC 1.
    ///
    /// # Errors
    /// [`ErrorKind::Pem`] if there is no key in the text, [`ErrorKind::Key`] if it is none of the
    /// accepted kinds.
    pub fn from_pem(text: &[u8]) -> Result<Self, Error> {
        Self::from_der(&pem::private_key(text)?)
    }

    /// Reads an unencrypted key from DER: PKCS#8, PKCS#1 or SEC 1.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] if it is none of RSA 2048 to 4096, P-256 and P-384.
    pub fn from_der(key: &PrivateKeyDer<'_>) -> Result<Self, Error> {
        let rsa = match key {
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Self::ecdsa(key),
        };
        match rsa {
            Ok(key)
                if u32::try_from(key.public_modulus_len() * 8)
                    .is_ok_and(|bits| RSA_BITS.contains(&bits)) =>
            {
                Ok(Self::new(Inner::Rsa(key)))
            }
            Ok(_) => Err(ErrorKind::Key.into()),
            Err(_) => Self::ecdsa(key),
        }
    }

    fn ecdsa(key: &PrivateKeyDer<'_>) -> Result<Self, Error> {
        [
            &ECDSA_P256_SHA256_ASN1_SIGNING,
            &ECDSA_P384_SHA384_ASN1_SIGNING,
        ]
        .into_iter()
        .find_map(|curve| EcdsaKeyPair::from_private_key_der(curve, key.secret_der()).ok())
        .map(|key| Self::new(Inner::Ecdsa(key)))
        .ok_or(ErrorKind::Key.into())
    }

    /// PKCS#8 DER. Wiped when dropped; keep it out of logs.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`] if the crypto library fails.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let crypto = |_| ErrorKind::Crypto;
        let der: Pkcs8V1Der<'static> = match &self.inner {
            Inner::Ecdsa(key) => {
                let document = key.to_pkcs8v1().map_err(crypto)?;
                return Ok(Zeroizing::new(document.as_ref().to_vec()));
            }
            Inner::Rsa(key) => key.as_der().map_err(crypto)?,
        };
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// PKCS#8 PEM, unencrypted. Wiped when dropped; write it only to files nobody else can read.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`] if the crypto library fails.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, Error> {
        pem::write("PRIVATE KEY", &self.to_pkcs8()?).map(Zeroizing::new)
    }

    /// The key as `rustls` takes it for TLS.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`] if the crypto library fails.
    pub fn to_rustls(&self) -> Result<PrivateKeyDer<'static>, Error> {
        Ok(PrivatePkcs8KeyDer::from(self.to_pkcs8()?.to_vec()).into())
    }

    /// The public key, DER `SubjectPublicKeyInfo` (RFC 5280).
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`] if the crypto library fails.
    pub fn public_key_info(&self) -> Result<Vec<u8>, Error> {
        let der: Result<PublicKeyX509Der<'static>, _> = match &self.inner {
            Inner::Ecdsa(key) => key.public_key().as_der(),
            Inner::Rsa(key) => key.public_key().as_der(),
        };
        Ok(der.map_err(|_| ErrorKind::Crypto)?.as_ref().to_vec())
    }

    /// A certification request (PKCS#10, RFC 2986) in PEM for an office's certificate.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`] if the crypto library fails.
    pub fn request_pem(&self, office: OfficeNumber) -> Result<String, Error> {
        crate::issue::request_pem(self, office)
    }

    /// What the key signs with unless told otherwise: PKCS#1 v1.5 with SHA-256 for RSA.
    pub(crate) const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Signs with an algorithm of this key's kind.
    pub(crate) fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let random = SystemRandom::new();
        match (&self.inner, algorithm) {
            (Inner::Ecdsa(key), _) if algorithm == self.algorithm => key
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| ErrorKind::Crypto.into()),
            (
                Inner::Rsa(key),
                SignatureAlgorithm::RsaPkcs1Sha256 | SignatureAlgorithm::RsaPssSha256,
            ) => {
                let padding: &'static dyn aws_lc_rs::signature::RsaEncoding =
                    if algorithm == SignatureAlgorithm::RsaPssSha256 {
                        &RSA_PSS_SHA256
                    } else {
                        &RSA_PKCS1_SHA256
                    };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(padding, &random, message, &mut signature)
                    .map_err(|_| ErrorKind::Crypto)?;
                Ok(signature)
            }
            _ => Err(ErrorKind::AlgorithmMismatch.into()),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// Padding of RSA signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RsaPadding {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2), the default.
    Pkcs1,
    /// RSASSA-PSS (RFC 8017 section 8.1) with SHA-256 and a salt of 32 bytes.
    Pss,
}

/// Signs with a private key in memory.
#[derive(Debug)]
pub struct SoftwareSigner {
    key: PrivateKey,
    algorithm: SignatureAlgorithm,
    chain: Vec<CertificateDer<'static>>,
}

impl SoftwareSigner {
    /// A signer of a key and its certificate chain: the office's certificate first, then the
    /// intermediates, without the trust anchor.
    ///
    /// # Errors
    /// [`ErrorKind::ChainEmpty`], [`ErrorKind::Certificate`] if the first certificate cannot be
    /// read, [`ErrorKind::KeyMismatch`] if it is another key's.
    pub fn new(key: PrivateKey, chain: Vec<CertificateDer<'static>>) -> Result<Self, Error> {
        let first = chain.first().ok_or(ErrorKind::ChainEmpty)?;
        let certificate = ParsedCertificate::parse(first).ok_or(ErrorKind::Certificate)?;
        if certificate.public_key_info() != key.public_key_info()? {
            return Err(ErrorKind::KeyMismatch.into());
        }
        Ok(Self {
            algorithm: key.algorithm(),
            key,
            chain,
        })
    }

    /// As [`new`](Self::new), from PEM texts.
    ///
    /// # Errors
    /// Those of [`new`](Self::new), and [`ErrorKind::Pem`] or [`ErrorKind::Key`] if the texts
    /// cannot be read.
    pub fn from_pem(key: &[u8], chain: &[u8]) -> Result<Self, Error> {
        Self::new(PrivateKey::from_pem(key)?, pem::certificates(chain)?)
    }

    /// Chooses the padding of RSA signatures; no effect on other keys.
    #[must_use]
    pub fn with_rsa_padding(mut self, padding: RsaPadding) -> Self {
        if matches!(self.key.inner, Inner::Rsa(_)) {
            self.algorithm = match padding {
                RsaPadding::Pkcs1 => SignatureAlgorithm::RsaPkcs1Sha256,
                RsaPadding::Pss => SignatureAlgorithm::RsaPssSha256,
            };
        }
        self
    }

    /// The same with further certificates of its chain, after those it has.
    #[must_use]
    pub fn with_intermediates(mut self, certificates: Vec<CertificateDer<'static>>) -> Self {
        self.chain.extend(certificates);
        self
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &PrivateKey {
        &self.key
    }
}

impl Signer for SoftwareSigner {
    fn certificate_chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.key.sign(self.algorithm, message)
    }
}
