//! What care software does with received files: reads them, typed, and counts what is in them.

use std::fs;
use std::path::Path;

use careplan_client::TakenOut;
use careplan_core::Lang;
use careplan_tables::{FileKind, FileName, ReadError, Table, TableVisitor, records};

use crate::failure::{Doing, Failure};
use crate::story::Story;

/// What was imported so far.
#[derive(Default)]
pub(crate) struct Imported {
    plans: Vec<Vec<u8>>,
    actuals: Vec<Vec<u8>>,
}

impl Imported {
    /// Reads every file of the standard in a sending, strictly; a file that does not read is
    /// an error, as it would be in the receiver's software.
    pub(crate) fn import(&mut self, sending: &TakenOut, story: &mut Story) -> Result<(), Failure> {
        let header = &sending.header;
        let mut counts = Vec::new();
        for path in &sending.files {
            let Ok(name) = file_name(path).parse::<FileName>() else {
                continue;
            };
            let bytes = fs::read(path).map_err(Failure::io(path))?;
            let count = name
                .kind()
                .visit(CountRecords(&bytes))
                .map_err(Failure::part(Doing::Importing))?;
            counts.push((name.kind(), count));
            match name.kind() {
                FileKind::Table6Plan => self.plans.push(bytes),
                FileKind::Table6Actual => self.actuals.push(bytes),
                _ => {}
            }
        }
        let told = |lang: Lang| {
            let counts: Vec<String> = counts
                .iter()
                .map(|(kind, count)| format!("{} {count}", kind.name(lang)))
                .collect();
            counts.join(lang.pick("、", ", "))
        };
        let (receiver, sender) = (header.receiver, header.sender);
        story.tell(
            &format!(
                "{receiver}：{sender}からの{}　{}件",
                header.set.name(Lang::Ja),
                told(Lang::Ja)
            ),
            &format!(
                "{receiver}: {} from {sender}; records: {}",
                header.set.name(Lang::En),
                told(Lang::En)
            ),
        );
        Ok(())
    }
}

/// Reads all records of a file and counts them.
struct CountRecords<'b>(&'b [u8]);

impl TableVisitor for CountRecords<'_> {
    type Output = Result<usize, ReadError>;

    fn visit<T: Table>(self) -> Self::Output {
        records::<T>(self.0).try_fold(0, |count, record| record.map(|_| count + 1))
    }
}

/// A path's last part.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
