//! A signer on a token: smart card, USB token or HSM through PKCS#11.
//!
//! The private key never leaves the token; only the few hundred bytes to sign, or their digest, go
//! there.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, SHA384, digest};
use const_oid::db::rfc5912;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as TokenError, RvError};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use der::asn1::UintRef;
use der::referenced::OwnedToRef;
use der::{Encode, Sequence};
use rustls_pki_types::CertificateDer;

use crate::certificate::ParsedCertificate;
use crate::{Error, ErrorKind, RsaPadding, SignatureAlgorithm, Signer};

/// Signs with a private key on a token.
///
/// One session is kept open and logged in; signatures are made one at a time, as tokens do.
pub struct Pkcs11Signer {
    session: Mutex<Session>,
    key: ObjectHandle,
    algorithm: SignatureAlgorithm,
    chain: Vec<CertificateDer<'static>>,
    /// The loaded module; must live as long as its session.
    _module: Pkcs11,
}

impl Pkcs11Signer {
    /// Opens the token of a label with its PIN, and finds the private key of a label on it.
    ///
    /// `module` is the maker's PKCS#11 library (`.so`, `.dll`); it is code that runs in this
    /// process. `chain` is the key's certificate first, then the intermediates.
    ///
    /// # Errors
    /// [`ErrorKind::Token`] if the module cannot be loaded, there is not exactly one token of the
    /// label, or it refuses; [`ErrorKind::TokenPin`] if the PIN is wrong or locked;
    /// [`ErrorKind::TokenKey`] if there is not exactly one such key; [`ErrorKind::ChainEmpty`],
    /// [`ErrorKind::Certificate`], [`ErrorKind::Key`] if the certificate's key is of no accepted
    /// kind.
    pub fn open(
        module: &Path,
        token: &str,
        pin: &str,
        key: &str,
        chain: Vec<CertificateDer<'static>>,
    ) -> Result<Self, Error> {
        let algorithm = algorithm_of(chain.first().ok_or(ErrorKind::ChainEmpty)?)?;
        let module = Pkcs11::new(module).map_err(refused)?;
        let flags = CInitializeFlags::OS_LOCKING_OK;
        match module.initialize(CInitializeArgs::new(flags)) {
            // Another signer of this process has initialised it.
            Ok(()) | Err(TokenError::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(refused(error)),
        }
        let mut found = None;
        for slot in module.get_slots_with_initialized_token().map_err(refused)? {
            let info = module.get_token_info(slot).map_err(refused)?;
            if info.label() == token && found.replace(slot).is_some() {
                return Err(ErrorKind::Token.into());
            }
        }
        let slot = found.ok_or(ErrorKind::Token)?;
        let session = module.open_ro_session(slot).map_err(refused)?;
        match session.login(UserType::User, Some(&AuthPin::new(pin.into()))) {
            // Log-in is the token's, not the session's: another signer of this process did it.
            Ok(()) | Err(TokenError::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(error) => return Err(refused(error)),
        }
        let wanted = [
            Attribute::Class(ObjectClass::PRIVATE_KEY),
            Attribute::Label(key.as_bytes().to_vec()),
        ];
        let keys = session.find_objects(&wanted).map_err(refused)?;
        let [key] = keys.as_slice() else {
            return Err(ErrorKind::TokenKey.into());
        };
        Ok(Self {
            key: *key,
            session: Mutex::new(session),
            algorithm,
            chain,
            _module: module,
        })
    }

    /// Chooses the padding of RSA signatures; no effect on other keys.
    #[must_use]
    pub fn with_rsa_padding(mut self, padding: RsaPadding) -> Self {
        use SignatureAlgorithm::{RsaPkcs1Sha256, RsaPssSha256};
        if matches!(self.algorithm, RsaPkcs1Sha256 | RsaPssSha256) {
            self.algorithm = match padding {
                RsaPadding::Pkcs1 => RsaPkcs1Sha256,
                RsaPadding::Pss => RsaPssSha256,
            };
        }
        self
    }

    fn token_sign(&self, mechanism: &Mechanism<'_>, message: &[u8]) -> Result<Vec<u8>, Error> {
        // Signing changes nothing that a panic elsewhere could leave half done.
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        session.sign(mechanism, self.key, message).map_err(refused)
    }
}

impl Signer for Pkcs11Signer {
    fn certificate_chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match self.algorithm {
            SignatureAlgorithm::RsaPkcs1Sha256 => {
                self.token_sign(&Mechanism::Sha256RsaPkcs, message)
            }
            SignatureAlgorithm::RsaPssSha256 => {
                let parameters = PkcsPssParams {
                    hash_alg: MechanismType::SHA256,
                    mgf: PkcsMgfType::MGF1_SHA256,
                    s_len: 32.into(),
                };
                self.token_sign(&Mechanism::Sha256RsaPkcsPss(parameters), message)
            }
            // Not every token hashes for ECDSA; every one signs a digest.
            SignatureAlgorithm::EcdsaP256Sha256 => {
                ecdsa_value(&self.token_sign(&Mechanism::Ecdsa, digest(&SHA256, message).as_ref())?)
            }
            SignatureAlgorithm::EcdsaP384Sha384 => {
                ecdsa_value(&self.token_sign(&Mechanism::Ecdsa, digest(&SHA384, message).as_ref())?)
            }
        }
    }
}

impl fmt::Debug for Pkcs11Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11Signer")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// What goes with a certificate's key.
fn algorithm_of(certificate: &CertificateDer<'_>) -> Result<SignatureAlgorithm, Error> {
    let certificate = ParsedCertificate::parse(certificate).ok_or(ErrorKind::Certificate)?;
    let info = certificate
        .x509()
        .tbs_certificate()
        .subject_public_key_info()
        .owned_to_ref();
    match (info.algorithm.oid, info.algorithm.parameters_oid()) {
        (rfc5912::RSA_ENCRYPTION, _) => Ok(SignatureAlgorithm::RsaPkcs1Sha256),
        (rfc5912::ID_EC_PUBLIC_KEY, Ok(rfc5912::SECP_256_R_1)) => {
            Ok(SignatureAlgorithm::EcdsaP256Sha256)
        }
        (rfc5912::ID_EC_PUBLIC_KEY, Ok(rfc5912::SECP_384_R_1)) => {
            Ok(SignatureAlgorithm::EcdsaP384Sha384)
        }
        _ => Err(ErrorKind::Key.into()),
    }
}

/// `ECDSA-Sig-Value` (RFC 3279 section 2.2.3).
#[derive(Sequence)]
struct EcdsaValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// PKCS#11 gives r and s one after the other, of equal length.
fn ecdsa_value(raw: &[u8]) -> Result<Vec<u8>, Error> {
    let (r, s) = raw.split_at(raw.len() / 2);
    let value = || {
        EcdsaValue {
            r: UintRef::new(r)?,
            s: UintRef::new(s)?,
        }
        .to_der()
    };
    value().map_err(|_| ErrorKind::Token.into())
}

/// The token's own words may hold what it was given; only the kind is kept.
fn refused(error: TokenError) -> Error {
    match error {
        TokenError::Pkcs11(RvError::PinIncorrect | RvError::PinLocked | RvError::PinExpired, _) => {
            ErrorKind::TokenPin.into()
        }
        _ => ErrorKind::Token.into(),
    }
}
