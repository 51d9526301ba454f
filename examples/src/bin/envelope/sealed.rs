//! `envelope seal` and `envelope open`.

use careplan_examples::say;
use std::path::{Path, PathBuf};

use careplan_core::Lang;
use careplan_envelope::Signer;
use careplan_envelope::sealing::{Opener, SealError, SealErrorKind, Sealer};
use clap::Args;

use crate::Destination;
use crate::failure::Failure;
use crate::files::{self, NewFile};
use crate::trust::{self, Identity};

#[derive(Args)]
pub(crate) struct Seal {
    /// Certificate of a receiver, PEM or DER (受信者の証明書); may be repeated
    #[arg(long, value_name = "CERT", required = true)]
    to: Vec<PathBuf>,
    #[command(flatten)]
    destination: Destination,
    /// Container to seal (コンテナ)
    #[arg(value_name = "CONTAINER")]
    container: PathBuf,
}

impl Seal {
    pub(crate) fn run(&self, lang: Lang) -> Result<(), Failure> {
        let mut receivers = Vec::new();
        for path in &self.to {
            // The receiver's own certificate comes first; what follows is its chain.
            let certificate = trust::certificates(path)?.into_iter().next();
            let certificate = certificate
                .ok_or(SealErrorKind::Certificate)
                .map_err(|kind| Failure::needed(path)(SealError::from(kind)))?;
            // One by one first, so that a message names the file.
            Sealer::to(std::slice::from_ref(&certificate)).map_err(Failure::needed(path))?;
            receivers.push(certificate);
        }
        let sealer = Sealer::to(&receivers).map_err(Failure::other)?;
        let out = &self.destination.out;
        let container = files::open(&self.container)?;
        let mut new = NewFile::beside(out)?;
        sealer
            .seal(container, new.file())
            .map_err(Failure::needed(&self.container))?;
        new.finish()?;
        match lang {
            Lang::Ja => say!("{}: {}者あてに封緘しました", out.display(), receivers.len()),
            Lang::En => say!("{}: sealed to {} receivers", out.display(), receivers.len()),
        }
        Ok(())
    }
}

#[derive(Args)]
pub(crate) struct Open {
    #[command(flatten)]
    identity: Identity,
    #[command(flatten)]
    destination: Destination,
    /// Sealed container (封緘されたコンテナ)
    #[arg(value_name = "SEALED")]
    sealed: PathBuf,
}

impl Open {
    pub(crate) fn run(&self, lang: Lang) -> Result<(), Failure> {
        let identity = self.identity.signer(None)?;
        let certificate = identity
            .certificate_chain()
            .first()
            .ok_or(SealErrorKind::Certificate)
            .map_err(|kind| Failure::other(SealError::from(kind)))?;
        let opener = Opener::new(identity.key(), certificate).map_err(Failure::other)?;
        let out = &self.destination.out;
        let sealed = files::open(&self.sealed)?;
        let mut new = NewFile::beside(out)?;
        opener
            .open(sealed, new.file())
            .map_err(|error| judged(error, &self.sealed))?;
        new.finish()?;
        say!(
            "{}: {}",
            out.display(),
            lang.pick(
                "開封しました。次に検証してください。",
                "opened; verify it next"
            )
        );
        Ok(())
    }
}

/// What is wrong with the sealed container is a refusal; trouble with files is not.
fn judged(error: SealError, sealed: &Path) -> Failure {
    if error.is_io()
        || matches!(
            error.kind(),
            SealErrorKind::TooLarge | SealErrorKind::Crypto
        )
    {
        return Failure::needed(sealed)(error);
    }
    Failure::refused(error.code(), &error, false)
}
