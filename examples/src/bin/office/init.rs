//! `office init`: settings, key, request, certificate.

use std::fs;
use std::path::PathBuf;

use careplan_client::{Settings, Setup};
use careplan_core::{OfficeNumber, UserId};
use careplan_envelope::{KeyAlgorithm, OfficeCertificate, PrivateKey};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::Outcome;
use crate::failure::{Exit, Failure};
use crate::office::Office;
use crate::output::when;

/// Sets the office up, in two steps.
///
/// First: `--office --user --platform --authority` makes the home, a key and the request for its
/// certificate (request.pem), to be handed to the authority. Then: `--certificate` installs what
/// the authority issued. Once a year: `--renew`, hand in the request, `--certificate` again. An
/// office that has a certificate for electronic claims installs it with `--key` and
/// `--certificate`.
#[derive(Args)]
pub(crate) struct Init {
    /// The office number (事業所番号)
    #[arg(long, requires_all = ["user", "platform", "authority"])]
    office: Option<OfficeNumber>,
    /// The user ID (ユーザID)
    #[arg(long, requires = "office", value_name = "KJ…")]
    user: Option<UserId>,
    /// The platform's address, https://host:port (接続先)
    #[arg(long, requires = "office", value_name = "ADDRESS")]
    platform: Option<String>,
    /// The authorities' certificates, PEM (認証局の証明書)
    #[arg(long, requires = "office", value_name = "FILE")]
    authority: Option<PathBuf>,
    /// A proxy, http://host:port (プロキシ); without it the environment's
    #[arg(long, requires = "office", value_name = "ADDRESS")]
    proxy: Option<String>,
    /// Installs the certificate the authority issued, PEM (証明書の取り込み)
    #[arg(long, value_name = "FILE", conflicts_with = "renew")]
    certificate: Option<PathBuf>,
    /// The key of a certificate the office has already, PEM (既存の証明書の鍵)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Makes a new key and request; the certificate in use stays until the new one is installed
    /// (証明書の更新)
    #[arg(long, conflicts_with = "office")]
    renew: bool,
    /// The kind of key made (鍵の種類)
    #[arg(long, value_enum, default_value_t = Algorithm::P256)]
    algorithm: Algorithm,
}

#[derive(Clone, Copy, ValueEnum)]
enum Algorithm {
    /// Elliptic curve P-256
    P256,
    /// Elliptic curve P-384
    P384,
    /// RSA, 3072 bits
    Rsa3072,
}

impl From<Algorithm> for KeyAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::P256 => Self::EcdsaP256,
            Algorithm::P384 => Self::EcdsaP384,
            Algorithm::Rsa3072 => Self::Rsa3072,
        }
    }
}

impl Init {
    pub(crate) fn run(&self, office: &Office) -> Result<Outcome, Failure> {
        let setup = match self.settings() {
            Some((settings, authority)) => {
                let authorities = fs::read(authority).map_err(Failure::io(authority))?;
                let home = office.home()?;
                Setup::create(home, settings, &authorities, self.algorithm.into())?
            }
            None if self.renew || self.certificate.is_some() => office.setup()?,
            None => {
                return Err(Failure::new(
                    Exit::CouldNot,
                    "--office --user --platform --authority（初期設定）、--certificate（証明書の取り込み）または --renew（更新）を指定してください。",
                    "give --office --user --platform --authority (to set up), --certificate (to install one) or --renew",
                ));
            }
        };
        if self.renew {
            setup.request(self.algorithm.into())?;
        }
        let installed = self.install(&setup)?;
        tell(office, &setup, installed.as_ref());
        Ok(Outcome::Done)
    }

    fn settings(&self) -> Option<(Settings, &PathBuf)> {
        let settings = Settings {
            office: self.office?,
            user_id: self.user?,
            platform: self.platform.clone()?,
            proxy: self.proxy.clone(),
            keep_months: None,
        };
        Some((settings, self.authority.as_ref()?))
    }

    fn install(&self, setup: &Setup) -> Result<Option<OfficeCertificate>, Failure> {
        let Some(path) = &self.certificate else {
            return Ok(None);
        };
        let chain = fs::read(path).map_err(Failure::io(path))?;
        let installed = match &self.key {
            Some(path) => {
                let text = zeroize::Zeroizing::new(fs::read(path).map_err(Failure::io(path))?);
                let key = PrivateKey::from_pem(&text).map_err(Failure::other)?;
                setup.install_identity(&key, &chain)?
            }
            None => setup.install_certificate(&chain)?,
        };
        Ok(Some(installed))
    }
}

fn tell(office: &Office, setup: &Setup, installed: Option<&OfficeCertificate>) {
    let request = setup.pending_request();
    if office.json {
        office.print_json(&json!({
            "home": setup.home(),
            "office": setup.settings().office,
            "request": request,
            "certificate_ends_at": installed.map(|certificate| certificate.not_after),
        }));
        return;
    }
    let number = setup.settings().office;
    let home = setup.home().display();
    office.say(
        format!("事業所{number}の保管場所: {home}"),
        format!("home of office {number}: {home}"),
    );
    if let Some(certificate) = installed {
        let until = when(certificate.not_after);
        office.say(
            format!("証明書を取り込みました（有効期限 {until}）。"),
            format!("the certificate is installed, valid until {until}"),
        );
    }
    if let Some(request) = request {
        let request = request.display();
        office.say(
            format!("{request} を認証局に提出し、発行された証明書を office init --certificate で取り込んでください。秘密鍵はこの端末から出ません。"),
            format!("hand {request} to the authority and install what it issues with office init --certificate; the private key stays here"),
        );
    }
}
