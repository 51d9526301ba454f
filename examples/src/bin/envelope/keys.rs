//! `envelope key` and `envelope request`: an office's own key, which never leaves it.

use careplan_examples::say;
use std::path::PathBuf;

use careplan_core::{Lang, OfficeNumber};
use careplan_envelope::{KeyAlgorithm, PrivateKey};
use clap::{Args, ValueEnum};

use crate::failure::Failure;
use crate::{Destination, files, trust};

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Algorithm {
    /// ECDSA on P-256
    P256,
    /// ECDSA on P-384
    P384,
    /// RSA of 2048 bits
    Rsa2048,
    /// RSA of 3072 bits
    Rsa3072,
    /// RSA of 4096 bits
    Rsa4096,
}

impl Algorithm {
    pub(crate) const fn key(self) -> KeyAlgorithm {
        match self {
            Self::P256 => KeyAlgorithm::EcdsaP256,
            Self::P384 => KeyAlgorithm::EcdsaP384,
            Self::Rsa2048 => KeyAlgorithm::Rsa2048,
            Self::Rsa3072 => KeyAlgorithm::Rsa3072,
            Self::Rsa4096 => KeyAlgorithm::Rsa4096,
        }
    }
}

#[derive(Args)]
pub(crate) struct Generate {
    /// Kind of key (鍵の種類)
    #[arg(long, value_enum, default_value = "p256")]
    algorithm: Algorithm,
    /// File to write, readable by its owner only; never replaces another (出力ファイル)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Generate {
    pub(crate) fn run(&self, lang: Lang) -> Result<(), Failure> {
        let key = PrivateKey::generate(self.algorithm.key()).map_err(Failure::other)?;
        files::write_secret(&self.out, key.to_pem().map_err(Failure::other)?.as_bytes())?;
        let text = lang.pick("秘密鍵を作成しました", "the private key is there");
        say!("{}: {text}", self.out.display());
        Ok(())
    }
}

#[derive(Args)]
pub(crate) struct Request {
    #[command(flatten)]
    key: trust::Key,
    /// Office number (事業所番号)
    #[arg(long)]
    office: OfficeNumber,
    #[command(flatten)]
    destination: Destination,
}

impl Request {
    pub(crate) fn run(&self, lang: Lang) -> Result<(), Failure> {
        let request = self.key.read()?.request_pem(self.office);
        let out = &self.destination.out;
        files::write(out, request.map_err(Failure::other)?.as_bytes())?;
        let text = lang.pick(
            "証明書発行要求を作成しました",
            "the certification request is there",
        );
        say!("{}: {text}", out.display());
        Ok(())
    }
}
