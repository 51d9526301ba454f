//! `envelope ca`: a certificate authority in a folder.

use std::path::PathBuf;

use careplan_core::{Lang, OfficeNumber};
use careplan_envelope::{
    Authority, CertificateKind, CertificateSerial, KeyAlgorithm, RevocationReason, Validity,
};
use chrono::{TimeDelta, Utc};
use clap::{Args, Subcommand, ValueEnum};

use crate::failure::Failure;
use crate::files;
use crate::{Destination, trust};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Begins an authority (認証局の作成)
    Init(Init),
    /// Issues an office's certificate from its request, PKCS#10 (発行)
    Issue(Issue),
    /// Revokes a certificate (失効)
    Revoke(Revoke),
    /// Writes the revocation list (失効リストの作成)
    Crl(Crl),
}

#[derive(Args)]
struct Home {
    /// Folder of the authority (認証局のフォルダー)
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
}

impl Home {
    fn open(&self) -> Result<Authority, Failure> {
        Authority::open(&self.dir).map_err(Failure::needed(&self.dir))
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Key {
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

impl Key {
    const fn algorithm(self) -> KeyAlgorithm {
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
pub(crate) struct Init {
    #[command(flatten)]
    home: Home,
    /// The authority's name (認証局の名称)
    #[arg(long, default_value = "Care plan exchange test authority")]
    name: String,
    /// The authority's key (鍵の種類)
    #[arg(long, value_enum, default_value = "p256")]
    algorithm: Key,
    /// Days it is valid from now (有効日数)
    #[arg(long, default_value_t = 3650)]
    days: u32,
}

#[derive(Args)]
pub(crate) struct Issue {
    #[command(flatten)]
    home: Home,
    /// Certification request, PKCS#10 in PEM or DER (証明書発行要求)
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// Office number (事業所番号)
    #[arg(long)]
    office: OfficeNumber,
    /// care-insurance, care-dx, agent or disability (証明書の種類)
    #[arg(long, default_value = "care-dx")]
    kind: CertificateKind,
    /// Days it is valid from now (有効日数)
    #[arg(long, default_value_t = 365)]
    days: u32,
    /// Certificate profile of the operator, JSON (証明書プロファイル)
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    #[command(flatten)]
    destination: Destination,
}

#[derive(Clone, Copy, ValueEnum)]
enum Reason {
    /// No reason given
    Unspecified,
    /// The private key became known to others, or may have
    KeyCompromise,
    /// The office changed its name or number
    AffiliationChanged,
    /// Replaced by a newer certificate
    Superseded,
    /// The office closed
    CessationOfOperation,
}

impl Reason {
    const fn reason(self) -> RevocationReason {
        match self {
            Self::Unspecified => RevocationReason::Unspecified,
            Self::KeyCompromise => RevocationReason::KeyCompromise,
            Self::AffiliationChanged => RevocationReason::AffiliationChanged,
            Self::Superseded => RevocationReason::Superseded,
            Self::CessationOfOperation => RevocationReason::CessationOfOperation,
        }
    }
}

#[derive(Args)]
pub(crate) struct Revoke {
    #[command(flatten)]
    home: Home,
    /// Serial number of the certificate, hexadecimal (シリアル番号)
    #[arg(long)]
    serial: CertificateSerial,
    /// Why (理由)
    #[arg(long, value_enum, default_value = "unspecified")]
    reason: Reason,
}

#[derive(Args)]
pub(crate) struct Crl {
    #[command(flatten)]
    home: Home,
    /// Days until the next one is due (次回発行までの日数)
    #[arg(long, default_value_t = 7)]
    days: u32,
    #[command(flatten)]
    destination: Destination,
}

impl Command {
    pub(crate) fn run(&self, lang: Lang) -> Result<(), Failure> {
        match self {
            Self::Init(command) => command.run(lang),
            Self::Issue(command) => command.run(lang),
            Self::Revoke(command) => command.run(lang),
            Self::Crl(command) => command.run(lang),
        }
    }
}

impl Init {
    fn run(&self, lang: Lang) -> Result<(), Failure> {
        let validity = Validity::days(Utc::now(), self.days).map_err(Failure::other)?;
        let mut authority = Authority::create(&self.name, self.algorithm.algorithm(), validity)
            .map_err(Failure::other)?;
        let folder = &self.home.dir;
        authority.save(folder).map_err(Failure::needed(folder))?;
        let created = lang.pick("認証局を作成しました", "the authority is there");
        println!("{}: {created}", folder.display());
        Ok(())
    }
}

impl Issue {
    fn run(&self, lang: Lang) -> Result<(), Failure> {
        let mut authority = self.home.open()?;
        if let Some(path) = &self.profile {
            authority = authority.with_profile(trust::profile(path)?);
        }
        let request = files::read(&self.request)?;
        let validity = Validity::days(Utc::now(), self.days).map_err(Failure::other)?;
        let issued = authority
            .issue_office(&request, self.office, self.kind, validity)
            .map_err(Failure::needed(&self.request))?;
        let out = &self.destination.out;
        files::write(out, issued.to_pem().map_err(Failure::other)?.as_bytes())?;
        let text = lang.pick("発行しました。シリアル番号", "issued; serial number");
        println!("{}: {text} {}", out.display(), issued.serial);
        Ok(())
    }
}

impl Revoke {
    fn run(&self, lang: Lang) -> Result<(), Failure> {
        let mut authority = self.home.open()?;
        authority
            .revoke(&self.serial, self.reason.reason(), Utc::now())
            .map_err(Failure::other)?;
        let text = lang.pick(
            "失効しました。失効リストを作成して配布してください（envelope ca crl）。",
            "revoked; write and distribute the revocation list (envelope ca crl)",
        );
        println!("{}: {text}", self.serial);
        Ok(())
    }
}

impl Crl {
    fn run(&self, lang: Lang) -> Result<(), Failure> {
        let mut authority = self.home.open()?;
        let now = Utc::now();
        let next = now + TimeDelta::days(i64::from(self.days));
        let list = authority.crl(now, next).map_err(Failure::other)?;
        let out = &self.destination.out;
        files::write(out, &list)?;
        let text = lang.pick("失効リストを作成しました", "the revocation list is there");
        println!("{}: {text}", out.display());
        Ok(())
    }
}
