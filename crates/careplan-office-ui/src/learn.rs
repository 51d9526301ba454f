//! The names of offices, as the tables that came and went call them: an office is chosen and
//! found by its name, and the exchange knows numbers only.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use careplan_core::OfficeNumber;
use careplan_tables::table::{Table1, Table2, Table6Actual, Table6Plan, Table7};
use careplan_tables::{FileKind, Text, records, write_whole};

/// Names by number. No personal data.
#[derive(Debug)]
pub(crate) struct OfficeNames {
    path: PathBuf,
    known: BTreeMap<OfficeNumber, String>,
}

impl OfficeNames {
    /// The names kept in the page's folder; none if there are none that can be read.
    pub(crate) fn open(folder: &Path) -> Self {
        let path = folder.join("office-names.json");
        let known = fs::read(&path)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        Self { path, known }
    }

    pub(crate) fn of(&self, office: OfficeNumber) -> Option<&str> {
        self.known.get(&office).map(String::as_str)
    }

    /// The offices whose names are known, in the order of their names.
    pub(crate) fn all(&self) -> Vec<(OfficeNumber, String)> {
        let mut all: Vec<_> = self
            .known
            .iter()
            .map(|(office, name)| (*office, name.clone()))
            .collect();
        all.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
        all
    }

    /// Takes the names from a file of the standard; what does not keep to it is left out.
    pub(crate) fn learn(&mut self, kind: FileKind, bytes: &[u8]) {
        match kind {
            FileKind::Table1 => {
                for row in records::<Table1<'_>>(bytes).map_while(Result::ok) {
                    self.note(row.support_office_number, &row.support_office_name);
                }
            }
            FileKind::Table2 => {
                for row in records::<Table2<'_>>(bytes).map_while(Result::ok) {
                    if let Some(office) = row.service_office_number {
                        self.note(office, &row.service_office_name);
                    }
                }
            }
            FileKind::Table6Plan => {
                for row in records::<Table6Plan<'_>>(bytes).map_while(Result::ok) {
                    self.note(row.service_office_number, &row.service_office_name);
                }
            }
            FileKind::Table6Actual => {
                for row in records::<Table6Actual<'_>>(bytes).map_while(Result::ok) {
                    self.note(row.service_office_number, &row.service_office_name);
                }
            }
            FileKind::Table7 => {
                for row in records::<Table7<'_>>(bytes).map_while(Result::ok) {
                    if !row.service_code.is_grand_total() {
                        self.note(row.service_office_number, &row.service_office_name);
                    }
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, office: OfficeNumber, name: &Text<'_>) {
        if !name.is_empty() && !self.known.contains_key(&office) {
            self.known.insert(office, name.decode().into_owned());
        }
    }

    /// Keeps them. They are a convenience: what cannot be written is learned again.
    pub(crate) fn keep(&self) {
        if let Ok(bytes) = serde_json::to_vec_pretty(&self.known) {
            let _ = write_whole(&self.path, &bytes);
        }
    }
}
