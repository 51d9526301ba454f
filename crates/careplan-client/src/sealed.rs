//! Sealing (封緘) by choice: what is sealed only the receiver can read, not the platform either.
//!
//! A set is signed as always; the container is then sealed to the certificate that the platform
//! names for the receiver, once that is verified against the office's own trust anchors. The
//! signed container stays beside the sealed one, so that the office can look at what it sent.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use careplan_core::{OfficeNumber, Sha256Digest};
use careplan_envelope::sealing::{SealError, SealErrorKind, Sealer};
use rustls_pki_types::CertificateDer;

use crate::caller::Failure;
use crate::durable::{self, Digesting, io_of};
use crate::{Client, Error, ErrorKind, Refusal};

impl Client {
    /// A sealer to an office, from the certificate the platform names for it. The inner error is a
    /// reason not to seal to it.
    pub(crate) fn sealer_to(
        &mut self,
        office: OfficeNumber,
    ) -> Result<Result<Sealer, Refusal>, Failure> {
        let entry = self
            .caller
            .call(|call| call.transport.directory(call.token, office))?;
        let chain: Vec<CertificateDer<'_>> = entry
            .sealing
            .iter()
            .map(|certificate| CertificateDer::from(certificate.as_bytes()))
            .collect();
        if chain.is_empty() {
            return Ok(Err(Refusal {
                code: "no-sealing-certificate".to_owned(),
                ja: format!(
                    "事業所{office}には封緘に使える証明書がありません。封緘せずに送信するか、相手が一度ログインするのを待ってください。"
                ),
                en: format!(
                    "there is no certificate to seal to for office {office}; send it unsealed, or wait until that office has logged in once"
                ),
            }));
        }
        let found = match self
            .verifier
            .verify_certificate(&chain, self.caller.clock.now())
        {
            Ok(found) => found,
            Err(error) => return Ok(Err(Refusal::of(error.code(), &error))),
        };
        if found.office != office {
            return Ok(Err(Refusal {
                code: "other-office".to_owned(),
                ja: format!(
                    "センターの示す証明書が事業所{office}のものではありません。封緘せず、運用センターに連絡してください。"
                ),
                en: format!(
                    "the certificate the platform names is not office {office}'s; do not seal to it, and tell the operations centre"
                ),
            }));
        }
        let first = chain.get(..1).unwrap_or_default();
        Ok(Sealer::to(first).map_err(|error| Refusal::of(error.code(), &error)))
    }

    /// Opens a sealed container that was fetched; gives the reason if this office cannot.
    pub(crate) fn open_sealed(
        &self,
        sealed: &Path,
        container: &Path,
    ) -> Result<Result<(), Refusal>, Error> {
        let storage = |error| Error::storage(sealed)(error);
        let mut reason = no_opener();
        for opener in &self.openers {
            let file = File::open(sealed).map_err(storage)?;
            durable::remove(container).map_err(Error::storage(container))?;
            let opened = durable::write_new(container, |to| -> Result<(), SealError> {
                opener.open(file, to)
            });
            match opened {
                Ok(()) => return Ok(Ok(())),
                Err(error) if error.is_io() => return Err(storage(io_of(error))),
                Err(error) => {
                    reason = Refusal::of(error.code(), &error);
                    // Another of the office's certificates may be the one.
                    if error.kind() != SealErrorKind::NotForThisCertificate {
                        break;
                    }
                }
            }
        }
        Ok(Err(reason))
    }
}

fn no_opener() -> Refusal {
    Refusal {
        code: "no-opener".to_owned(),
        ja: "封緘されたデータを開く鍵が設定されていません。事業所の鍵を設定してから、隔離したデータを再確認してください。".to_owned(),
        en: "no key is configured for opening sealed sendings; configure the office's key, then look at the quarantine again".to_owned(),
    }
}

/// Seals a container beside it, durably; gives digest and length of the sealed one.
pub(crate) fn seal(
    sealer: &Sealer,
    container: &Path,
    sealed: &Path,
) -> Result<(Sha256Digest, u64), Error> {
    let part = sealed.with_extension("part");
    durable::remove(&part).map_err(Error::storage(&part))?;
    let file = File::open(container).map_err(Error::storage(container))?;
    let (bytes, digest) = durable::write_new(&part, |to| -> Result<_, SealError> {
        let mut to = Digesting::new(to);
        sealer.seal(BufReader::new(file), &mut to)?;
        Ok(to.finish())
    })
    .map_err(|error| {
        if error.is_io() {
            Error::storage(&part)(io_of(error))
        } else {
            ErrorKind::Sealing(Refusal::of(error.code(), &error)).into()
        }
    })?;
    durable::settle(&part, sealed).map_err(Error::storage(sealed))?;
    Ok((digest, bytes))
}
