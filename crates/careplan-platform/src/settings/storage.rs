//! From settings to where sendings are kept.

use super::identity::Files;
use super::{Fault, FaultKind, Settings, SettingsError};
use crate::StorageChoice;

impl Settings {
    /// Where sendings are kept.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn storage_choice(&self) -> Result<StorageChoice, SettingsError> {
        let mut files = Files {
            settings: self,
            faults: Vec::new(),
        };
        let storage = self.read_storage(&mut files);
        SettingsError::unless_faulty(storage, files.faults)
    }

    pub(super) fn read_storage(&self, files: &mut Files<'_>) -> Option<StorageChoice> {
        let storage = &self.storage;
        match (&storage.database_url, &storage.object_store) {
            (None, None) => Some(StorageChoice::Embedded),
            (Some(database), Some(objects)) => {
                self.read_cluster(files, database.expose(), objects.expose())
            }
            (given, _) => {
                let name = if given.is_some() {
                    "storage.database_url"
                } else {
                    "storage.object_store"
                };
                let reason = (
                    "storage.database_urlとstorage.object_storeは共に指定してください。",
                    "goes with the other of storage.database_url and storage.object_store; set both, or neither",
                );
                let kind = FaultKind::Conflict { name, reason };
                files.faults.push(Fault::new(self.place_of(name), kind));
                None
            }
        }
    }

    #[cfg(feature = "cluster")]
    fn read_cluster(
        &self,
        files: &mut Files<'_>,
        database: &str,
        objects: &str,
    ) -> Option<StorageChoice> {
        use careplan_core::{Explain, Lang};
        use careplan_envelope::pem;

        use crate::{ClusterConfig, ClusterConfigError};

        let fault = |error: ClusterConfigError| {
            let name = match error {
                ClusterConfigError::Database => "storage.database_url",
                ClusterConfigError::ObjectStore(_) => "storage.object_store",
                ClusterConfigError::Plain | ClusterConfigError::Authority(_) => {
                    "storage.database_authorities"
                }
            };
            let reason = (error.explain(Lang::Ja), error.explain(Lang::En));
            Fault::new(self.place_of(name), FaultKind::Unusable { name, reason })
        };
        let mut config = match ClusterConfig::new(database, objects) {
            Ok(config) => config,
            Err(error) => {
                files.faults.push(fault(error));
                return None;
            }
        };
        for file in &self.storage.database_authorities {
            let read = files.read("storage.database_authorities", file, pem::certificates);
            config
                .database_authorities
                .extend(read.into_iter().flatten());
        }
        match config.connecting() {
            Ok(_) => {}
            // A file that cannot be read has been told already.
            Err(ClusterConfigError::Plain) if !self.storage.database_authorities.is_empty() => {}
            Err(error) => files.faults.push(fault(error)),
        }
        if let Ok(connections) = self.storage.connections.count().try_into() {
            config.connections = connections;
        }
        Some(StorageChoice::Cluster(Box::new(config)))
    }

    #[cfg(not(feature = "cluster"))]
    fn read_cluster(&self, files: &mut Files<'_>, _: &str, _: &str) -> Option<StorageChoice> {
        let name = "storage.database_url";
        let reason = (
            "この実行ファイルはPostgreSQLに対応していません。cluster機能を有効にしてビルドしてください。",
            "this program was built without PostgreSQL; build it with the feature `cluster`",
        );
        let kind = FaultKind::Conflict { name, reason };
        files.faults.push(Fault::new(self.place_of(name), kind));
        None
    }
}
