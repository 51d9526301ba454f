//! Everything is checked before anything is sent: what a receiver would stumble over stays here.

use careplan_check::{Checker, Severity, Source};

use crate::exports::Export;
use crate::failure::{Doing, Failure};
use crate::story::Story;

/// Checks every sending against the standard; errors keep all of them from being sent.
pub(crate) fn check(exports: &[Export], story: &mut Story) -> Result<(), Vec<Failure>> {
    story.chapter("ファイルの検査", "Checking the files");
    let checker = Checker::new();
    let mut failures = Vec::new();
    for export in exports {
        let sources: Vec<Source<'_>> = export.paths().map(Source::file).collect();
        let report = checker
            .check_sending(sources)
            .map_err(|error| vec![Failure::part(Doing::Checking)(error)])?;
        let errors = report
            .notices
            .iter()
            .filter(|notice| notice.severity == Severity::Error);
        failures.extend(errors.map(Failure::fault));
        let (from, to) = (export.sender(), export.receiver());
        let found = &report.summary;
        story.tell(
            &format!(
                "{from} → {to}　{}件のレコード：エラー{}、警告{}、参考{}",
                found.records, found.errors, found.warnings, found.infos
            ),
            &format!(
                "{from} → {to}  {} records: {} errors, {} warnings, {} infos",
                found.records, found.errors, found.warnings, found.infos
            ),
        );
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures)
    }
}
