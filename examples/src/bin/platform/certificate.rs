//! `platform certificate`: certificates of an authority in the home, `authority/` as `platform
//! init` makes it. An authority elsewhere is administered with the binary `envelope`.

use std::path::{Path, PathBuf};

use careplan_core::{Lang, OfficeNumber};
use careplan_envelope::{
    Authority, CertificateKind, CertificateSerial, RevocationReason, Validity,
};
use chrono::{TimeDelta, Utc};
use clap::Subcommand;
use serde_json::json;

use crate::failure::Failure;
use crate::home::Home;

/// How long a revocation list is good.
const LIST: TimeDelta = TimeDelta::days(30);

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Issues an office's certificate from its request, PKCS#10 in PEM (発行)
    Issue {
        /// Certification request (証明書発行要求)
        #[arg(long, value_name = "FILE")]
        request: PathBuf,
        /// Office number (事業所番号)
        #[arg(long)]
        office: OfficeNumber,
        /// Days it is valid from now (有効日数)
        #[arg(long, default_value_t = 365)]
        days: u32,
        /// File to write the certificate to (出力ファイル)
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// What was issued (一覧)
    List,
    /// Revokes a certificate and writes the new revocation list; a serving platform reads it within
    /// a minute (失効)
    Revoke {
        /// Serial number, hexadecimal (シリアル番号)
        serial: CertificateSerial,
        /// Why: unspecified, key-compromise, affiliation-changed, superseded or
        /// cessation-of-operation (理由)
        #[arg(long, default_value = "unspecified")]
        reason: RevocationReason,
    },
    /// Writes the revocation list anew, before it is outdated (失効リストの更新)
    Crl,
}

impl Command {
    pub(crate) fn run(&self, home: &Home) -> Result<(), Failure> {
        let mut authority =
            Authority::open(&home.folder().join("authority")).map_err(Failure::of)?;
        match self {
            Self::Issue {
                request,
                office,
                days,
                out,
            } => {
                let pem = std::fs::read(request).map_err(Failure::io(request))?;
                let validity = Validity::days(Utc::now(), *days).map_err(Failure::of)?;
                let issued = authority
                    .issue_office(&pem, *office, CertificateKind::CareDx, validity)
                    .map_err(Failure::of)?;
                write(out, issued.to_pem().map_err(Failure::of)?.as_bytes())?;
                let (serial, file) = (issued.serial, out.display());
                home.tell(
                    &json!({"office": office, "serial": serial.to_string(), "file": out}),
                    &format!("{file}: 事業所{office}の証明書を発行しました。シリアル番号 {serial}"),
                    &format!("{file}: certificate of office {office}, serial number {serial}"),
                );
            }
            Self::List => {
                let register = authority.register();
                let lines = |lang| {
                    let lines = register.iter().map(|entry| entry.line(Utc::now(), lang));
                    lines.collect::<Vec<_>>().join("\n")
                };
                let (ja, en) = (lines(Lang::Ja), lines(Lang::En));
                home.tell(&json!({"certificates": register}), &ja, &en);
            }
            Self::Revoke { serial, reason } => {
                authority
                    .revoke(serial, *reason, Utc::now())
                    .map_err(Failure::of)?;
                let file = write_list(home, &mut authority)?;
                let list = file.display();
                home.tell(
                    &json!({"serial": serial.to_string(), "revocation_list": file}),
                    &format!("証明書 {serial} を失効し、{list} を更新しました。動作中の連携基盤は1分以内に読み込みます。"),
                    &format!("Certificate {serial} is revoked and {list} written; a serving platform reads it within a minute."),
                );
            }
            Self::Crl => {
                let file = write_list(home, &mut authority)?;
                let list = file.display();
                home.tell(
                    &json!({"revocation_list": file}),
                    &format!("{list} を更新しました。"),
                    &format!("{list} is written."),
                );
            }
        }
        Ok(())
    }
}

/// Writes the revocation list to where the configuration of `platform init` reads it.
fn write_list(home: &Home, authority: &mut Authority) -> Result<PathBuf, Failure> {
    let now = Utc::now();
    let list = authority.crl(now, now + LIST).map_err(Failure::of)?;
    let file = home.folder().join("certificates/offices.crl");
    write(&file, &list)?;
    Ok(file)
}

/// Writes a file whole: it appears, or replaces the one before, only when it is complete.
fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(Failure::io(path))?;
    std::io::Write::write_all(&mut file, content).map_err(Failure::io(path))?;
    file.as_file().sync_all().map_err(Failure::io(path))?;
    file.persist(path)
        .map_err(|error| Failure::io(path)(error.error))?;
    Ok(())
}
