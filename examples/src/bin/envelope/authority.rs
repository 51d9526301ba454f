//! `envelope ca`: a certificate authority in a folder.

use careplan_examples::say;
use std::path::{Path, PathBuf};

use careplan_core::{Lang, OfficeNumber};
use careplan_envelope::{
    Authority, CertificateKind, CertificateSerial, Issued, RevocationReason, Validity,
};
use chrono::{TimeDelta, Utc};
use clap::{Args, Subcommand};

use crate::failure::Failure;
use crate::keys::Algorithm;
use crate::{Destination, Output, files, trust};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Begins an authority (認証局の作成)
    Init(Init),
    /// Invites an office to request its certificate with an issue password (発行用パスワードの発行)
    Invite(Invite),
    /// Issues an office's certificate from its request, PKCS#10 (発行)
    Issue(Issue),
    /// Issues a new certificate in place of one that is still usable, for a new key (更新)
    Renew(Renew),
    /// Issues the operator's certificate, which signs receipts (運用者証明書の発行)
    Operator(Operator),
    /// Issues a TLS server's certificate (サーバー証明書の発行)
    Server(Server),
    /// Lists what was issued (発行台帳)
    List(List),
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

    /// The authority with the operator's certificate profile, if there is one.
    fn open_with(&self, profile: Option<&Path>) -> Result<Authority, Failure> {
        let authority = self.open()?;
        Ok(match profile {
            Some(path) => authority.with_profile(trust::profile(path)?),
            None => authority,
        })
    }
}

/// How long a certificate is valid, and where it goes.
#[derive(Args)]
struct Certificate {
    /// Days it is valid from now (有効日数)
    #[arg(long, default_value_t = 365)]
    days: u32,
    /// Certificate profile of the operator, JSON (証明書プロファイル)
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    #[command(flatten)]
    destination: Destination,
}

impl Certificate {
    fn validity(&self) -> Result<Validity, Failure> {
        Validity::days(Utc::now(), self.days).map_err(Failure::other)
    }

    fn write(&self, issued: &Issued, lang: Lang) -> Result<(), Failure> {
        let out = &self.destination.out;
        files::write(out, issued.to_pem().map_err(Failure::other)?.as_bytes())?;
        let text = lang.pick("発行しました。シリアル番号", "issued; serial number");
        say!("{}: {text} {}", out.display(), issued.serial);
        Ok(())
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
    algorithm: Algorithm,
    /// Days it is valid from now (有効日数)
    #[arg(long, default_value_t = 3650)]
    days: u32,
}

#[derive(Args)]
pub(crate) struct Invite {
    #[command(flatten)]
    home: Home,
    /// Office number (事業所番号)
    #[arg(long)]
    office: OfficeNumber,
    /// care-insurance or care-dx (証明書の種類)
    #[arg(long, default_value = "care-dx")]
    kind: CertificateKind,
    /// Days the password is good from now (パスワードの有効日数)
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// File for the password, readable by its owner only; standard output unless given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
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
    /// File with the office's issue password, or - for standard input (発行用パスワード); the kind is
    /// then what the office was invited for
    #[arg(long, value_name = "FILE", conflicts_with = "kind")]
    issue_password_file: Option<PathBuf>,
    #[command(flatten)]
    certificate: Certificate,
}

#[derive(Args)]
pub(crate) struct Renew {
    #[command(flatten)]
    home: Home,
    /// Certification request for the new key, PKCS#10 in PEM or DER (証明書発行要求); that it comes
    /// from the office must be known
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// Serial number of the certificate to renew, hexadecimal (シリアル番号)
    #[arg(long)]
    serial: CertificateSerial,
    #[command(flatten)]
    certificate: Certificate,
}

#[derive(Args)]
pub(crate) struct Operator {
    #[command(flatten)]
    home: Home,
    #[command(flatten)]
    key: trust::Key,
    /// The operator's name (運用者の名称)
    #[arg(long)]
    name: String,
    #[command(flatten)]
    certificate: Certificate,
}

#[derive(Args)]
pub(crate) struct Server {
    #[command(flatten)]
    home: Home,
    #[command(flatten)]
    key: trust::Key,
    /// DNS name or IP address of the server (サーバー名); may be repeated
    #[arg(long, required = true)]
    name: Vec<String>,
    #[command(flatten)]
    certificate: Certificate,
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    home: Home,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub(crate) struct Revoke {
    #[command(flatten)]
    home: Home,
    /// Serial number of the certificate, hexadecimal (シリアル番号)
    #[arg(long)]
    serial: CertificateSerial,
    /// Why: unspecified, key-compromise, affiliation-changed, superseded or
    /// cessation-of-operation (理由)
    #[arg(long, default_value = "unspecified")]
    reason: RevocationReason,
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
            Self::Invite(command) => command.run(lang),
            Self::Issue(command) => command.run(lang),
            Self::Renew(command) => command.run(lang),
            Self::Operator(command) => command.run(lang),
            Self::Server(command) => command.run(lang),
            Self::List(command) => command.run(lang),
            Self::Revoke(command) => command.run(lang),
            Self::Crl(command) => command.run(lang),
        }
    }
}

impl Init {
    fn run(&self, lang: Lang) -> Result<(), Failure> {
        let validity = Validity::days(Utc::now(), self.days).map_err(Failure::other)?;
        let mut authority = Authority::create(&self.name, self.algorithm.key(), validity)
            .map_err(Failure::other)?;
        let folder = &self.home.dir;
        authority.save(folder).map_err(Failure::needed(folder))?;
        let created = lang.pick("認証局を作成しました", "the authority is there");
        say!("{}: {created}", folder.display());
        Ok(())
    }
}

impl Invite {
    fn run(&self, lang: Lang) -> Result<(), Failure> {
        let mut authority = self.home.open()?;
        let until = Validity::days(Utc::now(), self.days)
            .map_err(Failure::other)?
            .not_after();
        // Before the invitation, which an existing file would waste.
        if let Some(out) = &self.out {
            files::must_be_new(out)?;
        }
        let password = authority
            .invite(self.office, self.kind, until)
            .map_err(Failure::other)?;
        let Some(out) = &self.out else {
            say!("{}", *password);
            return Ok(());
        };
        let mut line = zeroize::Zeroizing::new(String::with_capacity(password.len() + 1));
        line.push_str(&password);
        line.push('\n');
        files::write_secret(out, line.as_bytes())?;
        let text = lang.pick(
            "発行用パスワードを書き込みました",
            "the issue password is there",
        );
        say!("{}: {text}", out.display());
        Ok(())
    }
}

impl Issue {
    fn run(&self, lang: Lang) -> Result<(), Failure> {
        let certificate = &self.certificate;
        let mut authority = self.home.open_with(certificate.profile.as_deref())?;
        let request = files::read(&self.request)?;
        let validity = certificate.validity()?;
        let issued = match &self.issue_password_file {
            Some(path) => {
                let password = files::password(path)?;
                authority.issue_with_password(
                    &request,
                    self.office,
                    &password,
                    validity,
                    Utc::now(),
                )
            }
            None => authority.issue_office(&request, self.office, self.kind, validity),
        };
        certificate.write(&issued.map_err(Failure::needed(&self.request))?, lang)
    }
}

impl Renew {
    fn run(&self, lang: Lang) -> Result<(), Failure> {
        let certificate = &self.certificate;
        let mut authority = self.home.open_with(certificate.profile.as_deref())?;
        let request = files::read(&self.request)?;
        let issued = authority
            .renew(&request, &self.serial, certificate.validity()?, Utc::now())
            .map_err(Failure::needed(&self.request))?;
        certificate.write(&issued, lang)
    }
}

impl Operator {
    fn run(&self, lang: Lang) -> Result<(), Failure> {
        let certificate = &self.certificate;
        let mut authority = self.home.open_with(certificate.profile.as_deref())?;
        let issued = authority
            .issue_operator(&self.key.read()?, &self.name, certificate.validity()?)
            .map_err(Failure::other)?;
        certificate.write(&issued, lang)
    }
}

impl Server {
    fn run(&self, lang: Lang) -> Result<(), Failure> {
        let certificate = &self.certificate;
        let mut authority = self.home.open_with(certificate.profile.as_deref())?;
        let names: Vec<&str> = self.name.iter().map(String::as_str).collect();
        let issued = authority
            .issue_server(&self.key.read()?, &names, certificate.validity()?)
            .map_err(Failure::other)?;
        certificate.write(&issued, lang)
    }
}

impl List {
    fn run(&self, lang: Lang) -> Result<(), Failure> {
        let authority = self.home.open()?;
        if self.output.json {
            let register = serde_json::to_string(authority.register());
            say!("{}", register.unwrap_or_default());
            return Ok(());
        }
        for entry in authority.register() {
            say!("{}", entry.line(Utc::now(), lang));
        }
        Ok(())
    }
}

impl Revoke {
    fn run(&self, lang: Lang) -> Result<(), Failure> {
        let mut authority = self.home.open()?;
        authority
            .revoke(&self.serial, self.reason, Utc::now())
            .map_err(Failure::other)?;
        let text = lang.pick(
            "失効しました。失効リストを作成して配布してください（envelope ca crl）。",
            "revoked; write and distribute the revocation list (envelope ca crl)",
        );
        say!("{}: {text}", self.serial);
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
        say!("{}: {text}", out.display());
        Ok(())
    }
}
