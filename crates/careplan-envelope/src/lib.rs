#![doc = include_str!("../README.md")]

mod algorithm;
mod authority;
mod certificate;
mod chain;
mod cms;
#[cfg(feature = "encrypted-keys")]
mod encrypted;
mod enrol;
mod error;
pub mod evidence;
mod issue;
mod key;
mod kinds;
mod layout;
pub mod load;
mod manifest;
mod name;
pub mod pem;
#[cfg(feature = "pkcs11")]
mod pkcs11;
#[cfg(feature = "pkcs12")]
mod pkcs12;
mod profile;
mod refusal;
mod revocation;
pub mod sealing;
mod validity;
mod verify;
mod writer;

pub use algorithm::SignatureAlgorithm;
pub use authority::{Authority, Issued, IssuedTo, RegisterEntry, Revocation, RevocationReason};
pub use certificate::CertificateSerial;
pub use error::{Error, ErrorKind, ExtractError};
pub use key::{KeyAlgorithm, PrivateKey, RsaPadding, Signer, SoftwareSigner};
pub use name::is_file_name;
#[cfg(feature = "pkcs11")]
pub use pkcs11::Pkcs11Signer;
pub use profile::{
    CertificateKind, CertificateProfile, KindMark, OfficeCertificate, OfficeNumberField, Oid,
    OperatorCertificate,
};
pub use refusal::{Place, Refusal, VerifyError};
pub use validity::Validity;
pub use verify::{Limits, VerifiedEnvelope, Verifier, VerifierBuilder};
pub use writer::{Compression, EnvelopeWriter, FileEntry, Signed, WriterOptions, container_digest};

/// Ways into the parsers for the fuzz targets, past the signature that would stop them.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::verify::fuzzing::{archive, manifest, signature};
}
