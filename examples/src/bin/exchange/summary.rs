//! What went from whom to whom, as a table for people and an object for programs.

use std::time::Duration;

use careplan_core::{Lang, OfficeNumber, SetKind};
use serde::Serialize;

/// One sending, from putting the files in to comparing what was taken out.
pub(crate) struct Row {
    pub(crate) sender: OfficeNumber,
    pub(crate) receiver: OfficeNumber,
    pub(crate) set: SetKind,
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    /// Signing, sending, receiving, verifying and taking out.
    pub(crate) time: Duration,
    pub(crate) identical: bool,
}

/// The object that `--json` prints.
#[derive(Serialize)]
pub(crate) struct Summary {
    sendings: usize,
    files: usize,
    identical: bool,
    errors: Vec<String>,
}

impl Summary {
    /// The outcome; without any sending nothing is "identical".
    pub(crate) fn new(rows: &[Row], errors: Vec<String>) -> Self {
        Self {
            sendings: rows.len(),
            files: rows.iter().map(|row| row.files).sum(),
            identical: errors.is_empty()
                && !rows.is_empty()
                && rows.iter().all(|row| row.identical),
            errors,
        }
    }

    /// Whether everything arrived as it was sent.
    pub(crate) const fn is_success(&self) -> bool {
        self.identical
    }
}

/// The table at the end, with its columns aligned for a fixed-width font.
pub(crate) fn table(rows: &[Row], lang: Lang) -> String {
    let header = lang.pick(
        [
            "送信元",
            "送信先",
            "送信単位",
            "件数",
            "バイト",
            "ミリ秒",
            "送ったものと同一",
        ],
        [
            "from",
            "to",
            "set",
            "files",
            "bytes",
            "ms",
            "identical to what was sent",
        ],
    );
    let mut lines = vec![header.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        let identical = lang.pick(["同一", "相違あり"], ["yes", "NO"]);
        [
            row.sender.to_string(),
            row.receiver.to_string(),
            row.set.name(lang).to_owned(),
            row.files.to_string(),
            row.bytes.to_string(),
            row.time.as_millis().to_string(),
            identical[usize::from(!row.identical)].to_owned(),
        ]
    }));
    let widths: Vec<usize> = (0..header.len())
        .map(|at| lines.iter().map(|l| width(&l[at])).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for line in &lines {
        for (at, (cell, &wanted)) in line.iter().zip(&widths).enumerate() {
            let padding = " ".repeat(wanted - width(cell));
            // Numbers to the right, text to the left.
            let numeric = (3..6).contains(&at);
            if numeric {
                text.push_str(&padding);
            }
            text.push_str(cell);
            if !numeric {
                text.push_str(&padding);
            }
            text.push_str("  ");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// Columns on a terminal.
fn width(text: &str) -> usize {
    console::measure_text_width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(identical: bool) -> Row {
        Row {
            sender: "1370948774".parse().unwrap(),
            receiver: "1375169671".parse().unwrap(),
            set: SetKind::Actuals,
            files: 2,
            bytes: 5313,
            time: Duration::from_millis(12),
            identical,
        }
    }

    #[test]
    fn json_has_the_documented_members() {
        let json =
            serde_json::to_string(&Summary::new(&[row(true), row(true)], Vec::new())).unwrap();
        assert_eq!(
            json,
            r#"{"sendings":2,"files":4,"identical":true,"errors":[]}"#
        );
    }

    #[test]
    fn one_difference_or_error_or_nothing_at_all_is_no_success() {
        assert!(!Summary::new(&[row(true), row(false)], Vec::new()).is_success());
        assert!(!Summary::new(&[row(true)], vec!["lost".to_owned()]).is_success());
        assert!(!Summary::new(&[], Vec::new()).is_success());
    }

    #[test]
    fn the_table_lines_up_in_both_languages() {
        for lang in [Lang::Ja, Lang::En] {
            let text = table(&[row(true), row(false)], lang);
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines.len(), 3);
            let column = |line: &str| width(&line[..line.rfind("5313").unwrap()]);
            assert_eq!(column(lines[1]), column(lines[2]));
        }
    }
}
