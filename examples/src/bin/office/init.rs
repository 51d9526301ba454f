//! `office init`: settings, key, request, certificate. `office renew`: the certificate that follows.

use std::fs;
use std::path::{Path, PathBuf};

use careplan_client::{NewIdentity, Settings, Setup};
use careplan_core::{OfficeNumber, UserId};
use careplan_envelope::{
    ErrorKind, KeyAlgorithm, OfficeCertificate, PrivateKey, SoftwareSigner, load,
};
use clap::{Args, ValueEnum};
use rustls_pki_types::CertificateDer;
use serde_json::json;
use zeroize::Zeroizing;

use crate::Outcome;
use crate::failure::{Exit, Failure};
use crate::office::Office;
use crate::output::when;
use crate::password;

/// Sets the office up, in two steps.
///
/// First: `--office --user --platform --authority` makes the home, a key and the request for its
/// certificate (request.pem), to be handed to the authority. Then: `--certificate` installs what
/// the authority issued. An office that has a certificate for electronic claims installs it at
/// once with `--p12`, or `--key` and `--certificate`.
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
    /// The authorities' certificates, PEM or DER (認証局の証明書)
    #[arg(long, requires = "office", value_name = "FILE")]
    authority: Option<PathBuf>,
    /// A proxy, http://host:port (プロキシ); without it the environment's
    #[arg(long, requires = "office", value_name = "ADDRESS")]
    proxy: Option<String>,
    /// Installs the certificate the authority issued, PEM or DER (証明書の取り込み)
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// The key of a certificate the office has already, PEM or DER, also encrypted (既存の証明書の鍵)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Key and certificate that the office has already, in one file of PKCS#12 (.p12, .pfx)
    /// (既存の証明書と鍵)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "certificate"])]
    p12: Option<PathBuf>,
    /// File whose first line is the password of the key or the .p12 (鍵のパスワードのファイル);
    /// without it `CAREPLAN_KEY_PASSWORD`, or it is asked for
    #[arg(long, value_name = "FILE")]
    key_password_file: Option<PathBuf>,
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
        let existing = self.existing(office)?;
        let (setup, installed) = match (self.settings(), existing, &self.certificate) {
            (Some((settings, authority)), existing, _) => {
                let authorities = fs::read(authority).map_err(Failure::io(authority))?;
                let identity = match existing {
                    Some(signer) => NewIdentity::Existing(signer),
                    None => NewIdentity::Request(self.algorithm.into()),
                };
                let setup = Setup::create(office.home()?, settings, &authorities, identity)?;
                let installed = setup.certificate()?;
                (setup, installed)
            }
            (None, Some(signer), _) => {
                let setup = office.setup()?;
                let installed = setup.install_identity(&signer)?;
                (setup, Some(installed))
            }
            (None, None, Some(path)) => {
                let setup = office.setup()?;
                let installed = setup.install_certificate(&certificates(path)?)?;
                (setup, Some(installed))
            }
            (None, None, None) => {
                return Err(Failure::new(
                    Exit::CouldNot,
                    "--office --user --platform --authority（初期設定）、--certificate または --p12（証明書の取り込み）を指定してください。",
                    "give --office --user --platform --authority (to set up), or --certificate or --p12 (to install one)",
                ));
            }
        };
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

    /// The key and certificate an office has already.
    fn existing(&self, office: &Office) -> Result<Option<SoftwareSigner>, Failure> {
        let signer = match (&self.p12, &self.key, &self.certificate) {
            (Some(path), ..) => self.read_pkcs12(path, office)?,
            (None, Some(key), Some(certificate)) => {
                let key = self.private_key(key, office)?;
                SoftwareSigner::new(key, certificates(certificate)?)
                    .map_err(Failure::about(certificate))?
            }
            _ => return Ok(None),
        };
        Ok(Some(signer))
    }

    fn read_pkcs12(&self, path: &Path, office: &Office) -> Result<SoftwareSigner, Failure> {
        let bytes = Zeroizing::new(fs::read(path).map_err(Failure::io(path))?);
        match SoftwareSigner::from_pkcs12(&bytes, "") {
            Err(error) if error.kind() == ErrorKind::Pkcs12Password => {
                let password = self.password(path, office)?;
                SoftwareSigner::from_pkcs12(&bytes, &password)
            }
            read => read,
        }
        .map_err(Failure::about(path))
    }

    fn private_key(&self, path: &Path, office: &Office) -> Result<PrivateKey, Failure> {
        let bytes = Zeroizing::new(fs::read(path).map_err(Failure::io(path))?);
        match load::private_key(&bytes) {
            Err(error) if error.kind() == ErrorKind::KeyEncrypted => {
                let password = self.password(path, office)?;
                load::encrypted_private_key(&bytes, &password)
            }
            read => read,
        }
        .map_err(Failure::about(path))
    }

    fn password(&self, key: &Path, office: &Office) -> Result<Zeroizing<String>, Failure> {
        let file = self.key_password_file.as_deref();
        password::of_key(key, file, office.lang).map_err(Failure::other)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let bytes = fs::read(path).map_err(Failure::io(path))?;
    load::certificates(&bytes).map_err(Failure::about(path))
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
        tell_installed(office, certificate);
    }
    if let Some(request) = request {
        let request = request.display();
        office.say(
            format!("{request} を認証局に提出し、発行された証明書を office init --certificate で取り込んでください。秘密鍵はこの端末から出ません。"),
            format!("hand {request} to the authority and install what it issues with office init --certificate; the private key stays here"),
        );
    }
}

fn tell_installed(office: &Office, certificate: &OfficeCertificate) {
    let until = when(certificate.not_after);
    office.say(
        format!("証明書を取り込みました（有効期限 {until}）。"),
        format!("the certificate is installed, valid until {until}"),
    );
}

/// Renews the certificate, in two steps (証明書の更新).
///
/// First, without options: makes a new key and what is handed in on the platform's web site
/// (renewal.asice, signed with the certificate in use, which works on meanwhile). Then: `--finish`
/// installs what was issued. Run again in between, it gives the same request.
#[derive(Args)]
pub(crate) struct Renew {
    /// Installs the certificate that was issued, PEM or DER (発行された証明書の取り込み)
    #[arg(long, value_name = "FILE")]
    finish: Option<PathBuf>,
    /// The kind of key made (鍵の種類)
    #[arg(long, value_enum, default_value_t = Algorithm::P256, conflicts_with = "finish")]
    algorithm: Algorithm,
}

impl Renew {
    pub(crate) fn run(&self, office: &Office) -> Result<Outcome, Failure> {
        let setup = office.setup()?;
        if let Some(path) = &self.finish {
            let installed = setup.install_certificate(&certificates(path)?)?;
            if office.json {
                office.print_json(&json!({ "certificate_ends_at": installed.not_after }));
            } else {
                tell_installed(office, &installed);
            }
            return Ok(Outcome::Done);
        }
        let renewal = setup.renew(self.algorithm.into())?;
        if office.json {
            office.print_json(&json!({ "request": renewal.request, "signed": renewal.signed }));
            return Ok(Outcome::Done);
        }
        match &renewal.signed {
            Some(signed) => {
                let signed = signed.display();
                office.say(
                    format!("センターのサイトの「電子証明書」の画面で {signed} を提出し、発行された証明書を保存して、office renew --finish ファイル で取り込んでください。それまでは今の証明書を使います。"),
                    format!("hand in {signed} on the certificate page of the platform's site, save what is issued, and install it with office renew --finish FILE; until then the present certificate is used"),
                );
            }
            None => {
                let request = renewal.request.display();
                office.say(
                    format!("今の証明書は有効期限が切れているため、更新の署名には使えません。運用センターに発行用パスワードを依頼し、センターのサイトの「電子証明書」の画面で {request} とあわせて提出してください。発行された証明書は office renew --finish ファイル で取り込みます。"),
                    format!("the present certificate has ended and cannot sign the renewal: ask the operations centre for an issue password, hand in {request} with it on the certificate page of the platform's site, and install what is issued with office renew --finish FILE"),
                );
            }
        }
        Ok(Outcome::Done)
    }
}
