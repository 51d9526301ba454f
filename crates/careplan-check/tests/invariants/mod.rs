//! What holds for any files whatever; for the property tests here and the fuzz target
//! `check_set`.

use std::collections::HashMap;

use careplan_check::{Checker, Report, Severity, Source};
use careplan_tables::{FaultKind, FileName, ReadError, Table, TableVisitor, records};

const CAP: u64 = 3;

/// Checks files that lie together, and each by itself, and holds the reports to what must be true.
pub(crate) fn hold(files: &[(String, Vec<u8>)]) {
    let checker = Checker::new().cap(CAP).tables(true);
    let source = |(name, bytes): &(String, Vec<u8>)| Source::bytes(name.clone(), bytes.clone());
    let together = checker
        .check(files.iter().map(source))
        .expect("memory does not fail");
    well_formed(&together);
    // Of one report a run: a form costs more than the check, above all with the tables' content.
    writable(&together);
    let sending = checker
        .check_sending(files.iter().map(source))
        .expect("memory does not fail");
    well_formed(&sending);
    for file in files {
        let report = checker.check([source(file)]).expect("memory does not fail");
        well_formed(&report);
        agrees_with_strict_reading(&file.0, &file.1, &report);
    }
}

/// Ordered, capped, and counted.
fn well_formed(report: &Report) {
    let place = |name: &str| report.files.iter().position(|file| &*file.name == name);
    let keys: Vec<_> = report
        .notices
        .iter()
        .map(|notice| (place(&notice.file), notice.line, notice.column))
        .collect();
    // Two files of one name cannot be told apart by it.
    let mut names: Vec<_> = report.files.iter().map(|file| file.name.clone()).collect();
    names.sort();
    names.dedup();
    let distinct = names.len() == report.files.len();
    assert!(!distinct || keys.is_sorted(), "{keys:?}");
    let mut tallies: HashMap<_, u64> = HashMap::new();
    for notice in &report.notices {
        *tallies
            .entry((notice.file.clone(), notice.rule.code))
            .or_default() += 1;
    }
    assert!(!distinct || tallies.values().all(|count| *count <= CAP));
    let left: u64 = report.left_out.iter().map(|left| left.count).sum();
    let summary = report.summary;
    assert_eq!(
        summary.errors + summary.warnings + summary.infos,
        report.notices.len() as u64 + left
    );
    assert!(report.left_out.iter().all(|left| left.count > 0));
    for notice in &report.notices {
        assert!(!notice.message.ja.is_empty() && !notice.advice.en.is_empty());
        assert!(notice.column.is_none() || notice.line.is_some());
    }
}

/// Every form can be written.
fn writable(report: &Report) {
    use careplan_check::report::{Colour, html, json, sarif, text};
    use careplan_core::Lang;
    assert!(!text(report, Lang::Ja, Colour::On).is_empty());
    for log in [json(report, Lang::En), sarif(report, Lang::Ja)] {
        assert!(log.starts_with('{') && log.ends_with('}'));
    }
    assert!(html(report, Lang::En).ends_with("</html>"));
}

/// Codes of what a strict reader of one file refuses.
const REFUSED: &[&str] = &[
    "encoding_bom",
    "encoding_invalid",
    "character_user_defined",
    "nul_byte",
    "quote_unterminated",
    "quote_stray",
    "header_row",
    "blank_line",
    "column_count",
    "csv_version_unknown",
    "csv_version_mixed",
    "required_missing",
    "too_long",
    "format_invalid",
    "date_invalid",
    "code_unknown",
    "value_out_of_range",
    "leading_zero_lost",
    "fixed_value",
    "free_text_not_quoted",
    "unused_column_filled",
];

/// What the strict reader refuses has a notice, and what has one of those notices is refused.
fn agrees_with_strict_reading(name: &str, bytes: &[u8], report: &Report) {
    let Ok(name) = name.parse::<FileName>() else {
        return;
    };
    let strict = name.kind().visit(Strict(bytes));
    let refused: Vec<_> = report
        .notices
        .iter()
        // Too long by one part of the standard only: accepted.
        .filter(|notice| notice.rule.code != "too_long" || notice.severity == Severity::Error)
        .map(|notice| notice.rule.code)
        .filter(|code| REFUSED.contains(code))
        .collect();
    match strict {
        // UTF-8 that happens to be MS932 as well is told by a look at the whole file.
        Ok(_) => assert!(
            refused.iter().all(|code| *code == "encoding_invalid"),
            "read strictly, and reported: {refused:?}"
        ),
        Err(error) => {
            let elsewhere = match error.kind() {
                // Told of the file as a whole, by another rule.
                Some(FaultKind::BareCr) => "line_ending",
                Some(FaultKind::CsvVersionUnsupported) => "file_name_version_mismatch",
                _ => "",
            };
            let told = report
                .notices
                .iter()
                .any(|notice| notice.rule.code == elsewhere);
            assert!(
                !refused.is_empty() || told || report.summary.records == 0,
                "refused ({error}), and not reported"
            );
        }
    }
}

struct Strict<'b>(&'b [u8]);

impl TableVisitor for Strict<'_> {
    type Output = Result<usize, ReadError>;

    fn visit<T: Table>(self) -> Self::Output {
        records::<T>(self.0).try_fold(0, |count, record| record.map(|_| count + 1))
    }
}
