//! Where the database and the object store are.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use careplan_core::{Explain, Lang};
use object_store::aws::{AmazonS3Builder, Checksum};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreScheme};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a server may take to answer a connection, or to take what is sent, before it counts
/// as gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Storage beyond one machine: a PostgreSQL database and an object store.
#[derive(Clone)]
#[non_exhaustive]
pub struct ClusterConfig {
    pub(super) database: tokio_postgres::Config,
    pub(super) objects: Arc<dyn ObjectStore>,
    pub(super) prefix: Path,
    /// The authorities that the database server's certificate is believed from. With any,
    /// connections are in TLS, verified with the host's name; without, only a server on this
    /// machine is connected to.
    pub database_authorities: Vec<CertificateDer<'static>>,
    /// Connections to the database, at most; 16 by default.
    pub connections: NonZeroUsize,
}

/// Why an address is none.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
#[non_exhaustive]
pub enum ClusterConfigError {
    /// The database's URL. The cause is left out where it could repeat the password.
    Database,
    /// The object store's URL or settings.
    ObjectStore(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database is on another machine or wants TLS, and no authority is named that its
    /// certificate is believed from: nothing goes over a network in plain.
    Plain,
    /// A certificate of an authority is none.
    Authority(#[source] rustls::Error),
}

impl Explain for ClusterConfigError {
    fn explain(&self, lang: Lang) -> String {
        match (lang, self) {
            (Lang::Ja, Self::Database) => {
                "データベースのURLが正しくありません。postgres://利用者:パスワード@ホスト/データベース名 の形で指定してください。".to_owned()
            }
            (Lang::En, Self::Database) => {
                "not the URL of a PostgreSQL database; write postgres://user:password@host/database"
                    .to_owned()
            }
            (Lang::Ja, Self::Plain) => {
                "この機械の外にあるデータベースにはTLSで接続します。サーバー証明書の認証局をstorage.database_authoritiesで指定してください。".to_owned()
            }
            (Lang::En, Self::Plain) => {
                "a database that is not on this machine is connected to in TLS; name the authority of its certificate in storage.database_authorities".to_owned()
            }
            (Lang::Ja, Self::Authority(error)) => {
                format!("認証局の証明書として使用できません（{error}）。")
            }
            (Lang::En, Self::Authority(error)) => {
                format!("cannot be used as the certificate of an authority: {error}")
            }
            (Lang::Ja, Self::ObjectStore(error)) => format!(
                "オブジェクトストアのURLが正しくありません（{error}）。s3://バケット/接頭辞 または file:///フォルダ の形で指定してください。"
            ),
            (Lang::En, Self::ObjectStore(error)) => format!(
                "not the URL of an object store: {error}; write s3://bucket/prefix or file:///folder"
            ),
        }
    }
}

impl ClusterConfig {
    /// A database `postgres://user:password@host:port/name` and an object store: `s3://bucket/prefix`,
    /// with region, endpoint and keys from the `AWS_…` environment variables, or `file:///folder`.
    ///
    /// # Errors
    /// If one of them is not such a URL, or the folder is not there.
    pub fn new(database: &str, objects: &str) -> Result<Self, ClusterConfigError> {
        let (objects, prefix) = object_store(objects).map_err(ClusterConfigError::ObjectStore)?;
        Self::with_store(database, objects, prefix)
    }

    /// As [`new`](Self::new), with any store the `object_store` crate has, below a prefix. What it
    /// says is put must be on stable storage.
    ///
    /// # Errors
    /// If the database's URL is none.
    pub fn with_store(
        database: &str,
        objects: Arc<dyn ObjectStore>,
        prefix: Path,
    ) -> Result<Self, ClusterConfigError> {
        let mut database: tokio_postgres::Config = as_the_driver_writes(database)
            .parse()
            .map_err(|_: tokio_postgres::Error| ClusterConfigError::Database)?;
        if database.get_hosts().is_empty() {
            return Err(ClusterConfigError::Database);
        }
        database
            .application_name("careplan-platform")
            .connect_timeout(PATIENCE)
            .tcp_user_timeout(PATIENCE);
        Ok(Self {
            database,
            objects,
            prefix,
            database_authorities: Vec::new(),
            connections: const { NonZeroUsize::new(16).unwrap() },
        })
    }

    /// The connections' own settings and how they are secured.
    pub(crate) fn connecting(
        &self,
    ) -> Result<(tokio_postgres::Config, MakeRustlsConnect), ClusterConfigError> {
        let mut database = self.database.clone();
        let mut roots = RootCertStore::empty();
        for authority in &self.database_authorities {
            roots
                .add(authority.clone())
                .map_err(ClusterConfigError::Authority)?;
        }
        if self.database_authorities.is_empty() {
            if !is_on_this_machine(&database) || database.get_ssl_mode() == SslMode::Require {
                return Err(ClusterConfigError::Plain);
            }
            database.ssl_mode(SslMode::Disable);
        } else {
            // Whatever the URL says: with an authority at hand nothing goes in plain.
            database.ssl_mode(SslMode::Require);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(ClusterConfigError::Authority)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok((database, MakeRustlsConnect::new(tls)))
    }
}

impl fmt::Debug for ClusterConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address has a password in it.
        f.debug_struct("ClusterConfig")
            .field("hosts", &self.database.get_hosts())
            .field("database", &self.database.get_dbname())
            .field("prefix", &self.prefix)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

/// libpq's strictest mode is what `require` means here: the certificate is verified, with the
/// host's name.
fn as_the_driver_writes(url: &str) -> String {
    let Some((before, parameters)) = url.split_once('?') else {
        return url.to_owned();
    };
    let parameters: Vec<&str> = parameters
        .split('&')
        .map(|parameter| match parameter {
            "sslmode=verify-full" => "sslmode=require",
            other => other,
        })
        .collect();
    format!("{before}?{}", parameters.join("&"))
}

/// Whether every address that is connected to is this machine's.
fn is_on_this_machine(database: &tokio_postgres::Config) -> bool {
    let hosts = database.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    // An address beside a host is the one that is connected to.
    hosts && database.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

type Opened = (Arc<dyn ObjectStore>, Path);

fn object_store(text: &str) -> Result<Opened, Box<dyn std::error::Error + Send + Sync>> {
    let url = text.parse()?;
    let (scheme, path) = ObjectStoreScheme::parse(&url)?;
    match scheme {
        // Every object and its folder are flushed before they count as put.
        ObjectStoreScheme::Local => {
            let folder = url
                .to_file_path()
                .map_err(|()| "not a folder of this machine")?;
            let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
            Ok((Arc::new(store), Path::ROOT))
        }
        ObjectStoreScheme::AmazonS3 => {
            let store = AmazonS3Builder::from_env()
                .with_url(text)
                .with_checksum_algorithm(Checksum::SHA256)
                .build()?;
            Ok((Arc::new(store), path))
        }
        _ => Err("neither s3:// nor file://".into()),
    }
}
