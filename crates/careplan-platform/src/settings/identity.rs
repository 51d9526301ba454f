//! From settings to what a platform is started with: reads the certificates that settings name.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use careplan_core::{Explain, Lang};
use careplan_envelope::{CertificateProfile, PrivateKey, SoftwareSigner, pem};
use careplan_licence::FeeTable;
use rustls::pki_types::CertificateRevocationListDer;

use super::{Fault, FaultKind, Settings, SettingsError};
use crate::{
    ClientDownload, EvidenceConfig, Limits, OperationsConfig, PlatformConfig, Rate, ServerIdentity,
    SiteConfig, Trust,
};

/// Collects what is wrong with the files that settings name.
pub(super) struct Files<'a> {
    pub(super) settings: &'a Settings,
    pub(super) faults: Vec<Fault>,
}

impl Files<'_> {
    fn fault(&mut self, name: &'static str, file: &Path, reason: (String, String)) {
        let kind = FaultKind::NamedFile {
            name,
            file: file.to_owned(),
            reason,
        };
        self.faults
            .push(Fault::new(self.settings.place_of(name), kind));
    }

    /// Two settings that do not go together.
    fn conflict(&mut self, name: &'static str, reason: (&'static str, &'static str)) {
        let kind = FaultKind::Conflict { name, reason };
        self.faults
            .push(Fault::new(self.settings.place_of(name), kind));
    }

    /// Reads a file and makes something of it; a fault if either fails.
    pub(super) fn read<T, E: Explain>(
        &mut self,
        name: &'static str,
        file: &Path,
        make: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Option<T> {
        let file = self.settings.path(file);
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) => {
                let reason = (
                    format!(
                        "読み取れません（{error}）。ファイル名とアクセス権を確かめてください。"
                    ),
                    format!("cannot be read ({error}); check its name and permissions"),
                );
                self.fault(name, &file, reason);
                return None;
            }
        };
        match make(&bytes) {
            Ok(made) => Some(made),
            Err(error) => {
                let reason = (error.explain(Lang::Ja), error.explain(Lang::En));
                self.fault(name, &file, reason);
                None
            }
        }
    }
}

/// A profile that is not JSON of the right form.
struct NotAProfile(serde_json::Error);

impl Explain for NotAProfile {
    fn explain(&self, lang: Lang) -> String {
        match lang {
            Lang::Ja => format!("証明書プロファイルとして読み取れません（{}）。", self.0),
            Lang::En => format!("not a certificate profile ({})", self.0),
        }
    }
}

impl Settings {
    /// Reads the certificates and makes the configuration of a platform with its data in `home`.
    ///
    /// # Errors
    /// Every file that cannot be used, at once.
    pub fn platform_config(&self, home: &Path) -> Result<PlatformConfig, SettingsError> {
        let mut files = Files {
            settings: self,
            faults: Vec::new(),
        };
        let identity = self.read_identity(&mut files);
        let trust = self.read_trust(&mut files);
        let evidence = self.read_evidence(&mut files);
        let storage = self.read_storage(&mut files);
        let site = self.site(identity.as_ref(), &mut files);
        let fees = self.fees(&mut files);
        let read = identity.zip(trust).zip(evidence.zip(storage)).zip(fees);
        let (((identity, trust), (evidence, storage)), fees) =
            SettingsError::unless_faulty(read, files.faults)?;
        let mut config = PlatformConfig::new(home, identity, trust, evidence);
        config.listen = self.server.listen;
        config.limits = self.limits();
        config.storage = storage;
        config.keep = self.keep.days.days();
        config.keep_settled = self.keep.settled_days.days();
        config.keep_accesses = self.keep.access_log_days.days();
        config.operations = self.operations.listen.address().map(|listen| {
            let mut operations = OperationsConfig::new(listen);
            operations.least_free_bytes = self.operations.least_free_mb.get() * 1_000_000;
            operations
        });
        config.site = site;
        config.fees = fees;
        if let Ok(readers) = self.storage.readers.count().try_into() {
            config.readers = readers;
        }
        Ok(config)
    }

    /// What the web site is started with; nothing if there is to be none.
    fn site(&self, server: Option<&ServerIdentity>, files: &mut Files<'_>) -> Option<SiteConfig> {
        let web = &self.web;
        let listen = web.listen.address()?;
        let identity = self.read_site_identity(server, files)?;
        let mut site = SiteConfig::new(identity);
        site.listen = listen;
        site.authority = web.authority.as_ref().map(|folder| self.path(folder));
        site.contact.clone_from(&web.contact);
        site.client = match (&web.client_file, &web.client_version, web.client_from) {
            (Some(file), Some(version), Some(from)) => {
                Some(ClientDownload::new(self.path(file), version, from))
            }
            (None, None, None) => None,
            _ => {
                let reason = (
                    "client_file、client_version、client_fromは3つとも指定するか、すべて省略してください。",
                    "give client_file, client_version and client_from, all three or none",
                );
                files.conflict("web.client_file", reason);
                None
            }
        };
        Some(site)
    }

    /// What the web site shows: its own certificate, or the API's.
    fn read_site_identity(
        &self,
        server: Option<&ServerIdentity>,
        files: &mut Files<'_>,
    ) -> Option<ServerIdentity> {
        let web = &self.web;
        match (&web.certificate, &web.key) {
            (Some(certificate), Some(key)) => {
                let chain = files.read("web.certificate", certificate, pem::certificates);
                let key = files.read("web.key", key, pem::private_key);
                Some(ServerIdentity {
                    chain: chain?,
                    key: key?,
                })
            }
            (None, None) => server.cloned(),
            _ => {
                let reason = (
                    "certificateとkeyは両方とも指定するか、両方とも省略してください。",
                    "give certificate and key, both or neither",
                );
                files.conflict("web.certificate", reason);
                None
            }
        }
    }

    /// Reads the certificates that API and web site show, with their keys, anew.
    ///
    /// # Errors
    /// Every file that cannot be used, at once.
    pub fn identities(&self) -> Result<(ServerIdentity, ServerIdentity), SettingsError> {
        let mut files = Files {
            settings: self,
            faults: Vec::new(),
        };
        let api = self.read_identity(&mut files);
        let site = self.read_site_identity(api.as_ref(), &mut files);
        SettingsError::unless_faulty(api.zip(site), files.faults)
    }

    /// The files of those certificates and keys, to notice when one changes.
    #[must_use]
    pub fn identity_files(&self) -> Vec<PathBuf> {
        let own = [&self.server.certificate, &self.server.key];
        let site = self.web.certificate.iter().chain(&self.web.key);
        own.into_iter()
            .chain(site)
            .map(|path| self.path(path))
            .collect()
    }

    /// Reads the fee table.
    fn fees(&self, files: &mut Files<'_>) -> Option<FeeTable> {
        match &self.licence.fees {
            None => Some(FeeTable::standard()),
            Some(file) => files.read("licence.fees", file, |bytes| {
                FeeTable::from_toml(&String::from_utf8_lossy(bytes))
            }),
        }
    }

    /// The fee table that licences are judged by.
    ///
    /// # Errors
    /// If its file cannot be used.
    pub fn fee_table(&self) -> Result<FeeTable, SettingsError> {
        let mut files = Files {
            settings: self,
            faults: Vec::new(),
        };
        let fees = self.fees(&mut files);
        SettingsError::unless_faulty(fees, files.faults)
    }

    /// Reads the trust anchors and revocation lists anew.
    ///
    /// # Errors
    /// Every file that cannot be used, at once.
    pub fn trust(&self) -> Result<Trust, SettingsError> {
        let mut files = Files {
            settings: self,
            faults: Vec::new(),
        };
        let trust = self.read_trust(&mut files);
        SettingsError::unless_faulty(trust, files.faults)
    }

    /// The files of the trust, to notice when one changes.
    #[must_use]
    pub fn trust_files(&self) -> Vec<PathBuf> {
        let trust = &self.trust;
        trust
            .authorities
            .iter()
            .chain(&trust.revocation_lists)
            .chain(&trust.profile)
            .map(|path| self.path(path))
            .collect()
    }

    /// Reads what receipts are signed with.
    ///
    /// # Errors
    /// Every file that cannot be used, at once.
    pub fn evidence_config(&self) -> Result<EvidenceConfig, SettingsError> {
        let mut files = Files {
            settings: self,
            faults: Vec::new(),
        };
        let evidence = self.read_evidence(&mut files);
        SettingsError::unless_faulty(evidence, files.faults)
    }

    fn read_identity(&self, files: &mut Files<'_>) -> Option<ServerIdentity> {
        let server = &self.server;
        let chain = files.read("server.certificate", &server.certificate, pem::certificates);
        let key = files.read("server.key", &server.key, pem::private_key);
        Some(ServerIdentity {
            chain: chain?,
            key: key?,
        })
    }

    fn read_evidence(&self, files: &mut Files<'_>) -> Option<EvidenceConfig> {
        let evidence = &self.evidence;
        let chain = files.read(
            "evidence.certificate",
            &evidence.certificate,
            pem::certificates,
        );
        let key = files.read("evidence.key", &evidence.key, PrivateKey::from_pem);
        let (chain, key) = (chain?, key?);
        // Only whether the two belong together is not known by now.
        let signer = files.read("evidence.certificate", &evidence.certificate, |_| {
            SoftwareSigner::new(key, chain)
        })?;
        let mut config = EvidenceConfig::signed_by(Arc::new(signer));
        config.log = evidence.log.clone();
        config.merge_delay = evidence.merge_delay_seconds.seconds();
        Some(config)
    }

    fn read_trust(&self, files: &mut Files<'_>) -> Option<Trust> {
        let mut anchors = Vec::new();
        for file in &self.trust.authorities {
            let read = files.read("trust.authorities", file, pem::certificates);
            anchors.extend(read.into_iter().flatten());
        }
        let mut revocation_lists = Vec::new();
        for file in &self.trust.revocation_lists {
            let read = files.read("trust.revocation_lists", file, revocation_lists_of);
            revocation_lists.extend(read.into_iter().flatten());
        }
        let profile = match &self.trust.profile {
            None => CertificateProfile::default(),
            Some(file) => files.read("trust.profile", file, |bytes| {
                serde_json::from_slice(bytes).map_err(NotAProfile)
            })?,
        };
        Some(Trust {
            anchors,
            revocation_lists,
            profile,
        })
    }

    fn limits(&self) -> Limits {
        let limits = &self.limits;
        Limits {
            connections: limits.connections.count(),
            handshake: limits.handshake_seconds.seconds(),
            head: limits.head_seconds.seconds(),
            head_bytes: limits.head_bytes.count(),
            headers: limits.headers.count(),
            json_bytes: limits.json_bytes.count(),
            container_bytes: limits.container_bytes.get(),
            pause: limits.pause_seconds.seconds(),
            upload: limits.upload_seconds.seconds(),
            hashing: limits.passwords_at_once.count(),
            calls_per_office: Rate {
                burst: limits
                    .office_calls_at_once
                    .count()
                    .try_into()
                    .unwrap_or(u32::MAX),
                interval: Duration::from_secs(1)
                    / limits
                        .office_calls_per_second
                        .count()
                        .try_into()
                        .unwrap_or(u32::MAX),
            },
            log_ins_per_address: Rate {
                burst: limits
                    .address_log_ins_at_once
                    .count()
                    .try_into()
                    .unwrap_or(u32::MAX),
                interval: Duration::from_secs(60)
                    / limits
                        .address_log_ins_per_minute
                        .count()
                        .try_into()
                        .unwrap_or(u32::MAX),
            },
        }
    }
}

/// Revocation lists in PEM, or one in DER as authorities publish it.
fn revocation_lists_of(
    bytes: &[u8],
) -> Result<Vec<CertificateRevocationListDer<'static>>, careplan_envelope::Error> {
    if bytes.first() == Some(&DER_SEQUENCE) {
        return Ok(vec![bytes.to_vec().into()]);
    }
    pem::revocation_lists(bytes)
}

/// What DER begins a certificate list with.
const DER_SEQUENCE: u8 = 0x30;
