//! The lines that notices point to, taken from the files after the check: only then it is known
//! which are needed, and they are few.

use std::io;

use careplan_tables::raw::{LineEnd, RawReader, RawRecord};

use crate::facts::FileFacts;
use crate::notice::{Excerpt, Notice};
use crate::shown::{self, HIDDEN, printable};
use crate::source::Source;

/// Fills in the excerpts of a file's notices, which are in the order of lines.
///
/// # Errors
/// If the file cannot be read again.
pub(crate) fn fill<'n>(
    notices: impl Iterator<Item = &'n mut Notice>,
    facts: &FileFacts,
    source: &Source<'_>,
    show_values: bool,
) -> io::Result<()> {
    let mut notices = notices.filter(|notice| notice.line.is_some()).peekable();
    if notices.peek().is_none() {
        return Ok(());
    }
    let mut reader = RawReader::new(source.open()?);
    // What could not be read the first time was reported.
    while let Ok(Some(raw)) = reader.next_record() {
        let Some(line) = notices.peek().and_then(|notice| notice.line) else {
            break;
        };
        // Records that end with CR alone are all on one line for an editor.
        if raw.line_end() == LineEnd::Cr {
            break;
        }
        let breaks = raw.bytes().iter().filter(|byte| **byte == b'\n').count() as u64;
        let next = raw.line() + breaks.max(1);
        if line >= next && line != raw.line() {
            continue;
        }
        while let Some(notice) =
            notices.next_if(|notice| notice.line.is_some_and(|line| line < next))
        {
            notice.excerpt = excerpt(&raw, facts, notice.column, show_values);
        }
    }
    Ok(())
}

/// The record's text around a field, by its number from 1, or as a whole.
fn excerpt(
    raw: &RawRecord<'_, '_>,
    facts: &FileFacts,
    column: Option<usize>,
    show_values: bool,
) -> Option<Excerpt> {
    /// Characters on each side of the field.
    const CONTEXT: usize = 60;
    /// Characters of one field, or of a record as a whole.
    const FIELD: usize = 40;
    if raw.is_empty() {
        return None;
    }
    // If columns may have shifted, nobody knows what is personal.
    let sure = raw.len() == facts.columns.len() && raw.faults().is_empty();
    let fields: Vec<String> = (0..raw.len())
        .map(|index| {
            let Some(field) = raw.field(index) else {
                return String::new();
            };
            let content = field.content();
            let known = facts.columns.get(index).copied().filter(|_| sure);
            if field.is_empty() {
                String::new()
            } else if show_values || known.is_some_and(|column| shown::may_show(column, &content)) {
                shown::cut(&printable(&content), FIELD)
            } else {
                HIDDEN.to_owned()
            }
        })
        .collect();
    let Some(index) = column.and_then(|number| number.checked_sub(1)) else {
        return Some(Excerpt {
            before: String::new(),
            marked: shown::cut(&fields.join(","), 2 * CONTEXT),
            after: String::new(),
        });
    };
    let mut before = fields.get(..index).unwrap_or_default().join(",");
    if index > 0 {
        before.push(',');
    }
    let excess = before.chars().count().saturating_sub(CONTEXT);
    if excess > 0 {
        before = format!("…{}", before.chars().skip(excess).collect::<String>());
    }
    let after: String = fields
        .get(index + 1..)
        .unwrap_or_default()
        .iter()
        .flat_map(|field| [",", field])
        .collect();
    Some(Excerpt {
        before,
        marked: fields.get(index).cloned().unwrap_or_default(),
        after: shown::cut(&after, CONTEXT),
    })
}
