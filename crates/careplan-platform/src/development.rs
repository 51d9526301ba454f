//! A home to develop and test with: an authority of its own, certificates, a configuration.
//!
//! Not for service: the authority's key lies beside the platform, where one break-in gets both.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use careplan_core::{Explain, Lang};
use careplan_envelope::{Authority, KeyAlgorithm, PrivateKey, Validity};
use chrono::{DateTime, Days, Utc};
use tempfile::NamedTempFile;

use crate::Settings;

/// Days the authority of a development home is valid.
const AUTHORITY_DAYS: u32 = 3650;
/// Days its server certificate is valid.
const CERTIFICATE_DAYS: u32 = 825;
/// Days until its first revocation list is outdated.
const LIST_DAYS: u64 = 3650;

/// Why a development home was not made.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
#[non_exhaustive]
pub enum DevelopmentError {
    /// There is a configuration already; nothing was changed.
    NotNew(PathBuf),
    /// A certificate could not be made.
    Certificates(#[source] careplan_envelope::Error),
    /// A file could not be written.
    File {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
}

impl From<careplan_envelope::Error> for DevelopmentError {
    fn from(error: careplan_envelope::Error) -> Self {
        Self::Certificates(error)
    }
}

impl Explain for DevelopmentError {
    fn explain(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::NotNew(path), Lang::Ja) => format!(
                "{} は既にあります。新しいフォルダーを指定してください。何も変更していません。",
                path.display()
            ),
            (Self::NotNew(path), Lang::En) => format!(
                "{} is there already; name a new folder. Nothing was changed",
                path.display()
            ),
            (Self::Certificates(error), _) => error.explain(lang),
            (Self::File { path, source }, Lang::Ja) => format!(
                "{}: 書き込めません（{source}）。アクセス権と空き容量を確かめてください。",
                path.display()
            ),
            (Self::File { path, source }, Lang::En) => format!(
                "{}: cannot be written ({source}); check permissions and free space",
                path.display()
            ),
        }
    }
}

/// Makes a home for development: `authority/` with its key, `certificates/` with what the platform
/// shows and believes, and last `platform.toml`, so that an interrupted attempt is made again.
///
/// `names` are the DNS names and IP addresses the server is called by.
///
/// # Errors
/// If there is a configuration already, or something cannot be made.
pub fn make_development_home(
    home: &Path,
    names: &[&str],
    now: DateTime<Utc>,
) -> Result<(), DevelopmentError> {
    let configuration = home.join(Settings::FILE);
    if configuration.exists() {
        return Err(DevelopmentError::NotNew(configuration));
    }
    let authority_folder = home.join("authority");
    if authority_folder.exists() {
        return Err(DevelopmentError::NotNew(authority_folder));
    }
    let certificates = home.join("certificates");
    fs::create_dir_all(&certificates).map_err(at(&certificates))?;
    let mut authority = Authority::create(
        "careplan-renkei development authority",
        KeyAlgorithm::EcdsaP256,
        Validity::days(now, AUTHORITY_DAYS)?,
    )?;
    authority.save(&authority_folder)?;
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    let server = authority.issue_server(&key, names, Validity::days(now, CERTIFICATE_DAYS)?)?;
    let evidence_key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    let operator = authority.issue_operator(
        &evidence_key,
        "careplan-renkei development operator",
        Validity::days(now, CERTIFICATE_DAYS)?,
    )?;
    // A little within the authority's own time.
    let next = now + Days::new(LIST_DAYS - 1);
    let list = authority.crl(now, next)?;

    write(
        &certificates.join("server.key.pem"),
        key.to_pem()?.as_bytes(),
    )?;
    write(
        &certificates.join("server.pem"),
        server.to_pem()?.as_bytes(),
    )?;
    write(
        &certificates.join("evidence.key.pem"),
        evidence_key.to_pem()?.as_bytes(),
    )?;
    write(
        &certificates.join("evidence.pem"),
        operator.to_pem()?.as_bytes(),
    )?;
    write(
        &certificates.join("authority.pem"),
        authority.certificate_pem()?.as_bytes(),
    )?;
    write(&certificates.join("offices.crl"), &list)?;
    write(&configuration, configuration_text().as_bytes())
}

fn configuration_text() -> String {
    let example = Settings::example().replace(
        "# revocation_lists = []\n",
        "revocation_lists = [\"certificates/offices.crl\"]\n",
    );
    // Nothing shows in the example of what is not set.
    let example = example.replace("# authority = \n", "authority = \"authority\"\n");
    format!(
        "# The platform's configuration. What is commented out stands at its built-in value.\n\
         # FOR DEVELOPMENT: the authority in authority/ is this machine's own. For service, name\n\
         # the certificates of the real authority here and remove that folder.\n\
         # 開発用: authority/ の認証局はこの機械だけのものです。本番では実際の認証局の証明書を指定し、\n\
         # このフォルダーを削除してください。\n{example}"
    )
}

/// Writes a file whole, readable by its owner only, durable before it appears.
fn write(path: &Path, content: &[u8]) -> Result<(), DevelopmentError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder).map_err(at(path))?;
    file.write_all(content).map_err(at(path))?;
    file.as_file().sync_all().map_err(at(path))?;
    file.persist(path).map_err(|error| at(path)(error.error))?;
    Ok(())
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> DevelopmentError {
    let path = path.to_owned();
    move |source| DevelopmentError::File { path, source }
}
