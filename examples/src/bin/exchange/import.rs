//! What care software does with received files: reads them, typed, and counts what is in them.

use std::fs;
use std::path::Path;

use careplan_client::TakenOut;
use careplan_core::{Explain, Lang};
use careplan_tables::compare::{Comparison, Outcome};
use careplan_tables::table::{Table6Actual, Table6Plan};
use careplan_tables::{FileKind, FileName, ReadError, Table, TableVisitor, records};

use crate::failure::{Doing, Failure};
use crate::story::Story;

/// What was imported so far.
#[derive(Default)]
pub(crate) struct Imported {
    comparison: Comparison,
    /// Whether there are both plans and actuals to compare.
    plans: bool,
    actuals: bool,
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
                .map_err(importing())?;
            counts.push((name.kind(), count));
            match name.kind() {
                FileKind::Table6Plan => {
                    self.plans = true;
                    for record in records::<Table6Plan<'_>>(&bytes) {
                        self.comparison.add_plan(&record.map_err(importing())?);
                    }
                }
                FileKind::Table6Actual => {
                    self.actuals = true;
                    for record in records::<Table6Actual<'_>>(&bytes) {
                        self.comparison.add_actual(&record.map_err(importing())?);
                    }
                }
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

    /// Tells how the actuals differ from the plan, which the real system leaves to people.
    pub(crate) fn tell_comparison(self, story: &mut Story) {
        if !(self.plans && self.actuals) {
            return;
        }
        let report = self.comparison.finish();
        story.tell(
            "予定と実績の突き合わせ（利用者・サービス・日ごと）：",
            "Plan and actuals compared, by person, service and day:",
        );
        for outcome in Outcome::ALL {
            let count = report.count(outcome);
            if count > 0 {
                story.tell(
                    &format!("  {}　{count}", outcome.name(Lang::Ja)),
                    &format!("  {}: {count}", outcome.name(Lang::En)),
                );
            }
        }
        let waiting = report.not_received().count();
        if waiting > 0 {
            story.tell(
                &format!("  実績がまだ届いていない事業所のサービス　{waiting}"),
                &format!("  services of offices whose actuals have not come: {waiting}"),
            );
        }
    }
}

fn importing<E: Explain>() -> impl FnOnce(E) -> Failure {
    Failure::part(Doing::Importing)
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
