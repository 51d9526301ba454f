//! Collects notices: applies the profile, keeps to the cap, and puts them in order.

use std::collections::HashMap;
use std::sync::Arc;

use careplan_tables::raw::RawRecord;
use careplan_tables::{Column, Severity};

use crate::facts::FileFacts;
use crate::notice::{LeftOut, Notice};
use crate::profile::Profile;
use crate::record::Record;
use crate::rule::{ByteFault, Check, Rule, Said};

/// Where in the files of a check a notice points.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    file: &'a FileFacts,
    line: Option<u64>,
    column: Option<(usize, Option<&'static Column>)>,
}

impl<'a> Place<'a> {
    /// The file as a whole.
    pub(crate) const fn file(file: &'a FileFacts) -> Self {
        Self {
            file,
            line: None,
            column: None,
        }
    }

    /// A record, by the line on which it begins.
    pub(crate) const fn line(file: &'a FileFacts, line: u64) -> Self {
        Self {
            file,
            line: Some(line),
            column: None,
        }
    }

    /// A column of a record, by the line and the column's key.
    pub(crate) fn field(file: &'a FileFacts, line: u64, key: &str) -> Self {
        Self {
            column: file
                .column(key)
                .map(|(number, column)| (number, Some(column))),
            ..Self::line(file, line)
        }
    }

    /// The record at hand.
    pub(crate) const fn record(record: &Record<'a>) -> Self {
        Self::line(record.file, record.line)
    }

    /// A column of the record at hand, by its key.
    pub(crate) fn in_record(record: &Record<'a>, key: &str) -> Self {
        match record.file.column(key) {
            Some((number, column)) => {
                Self::at_field(record.file, &record.raw, number, Some(column))
            }
            None => Self::record(record),
        }
    }

    /// A field of a record, by its number from 1.
    pub(crate) fn at_field(
        file: &'a FileFacts,
        raw: &RawRecord<'_, '_>,
        number: usize,
        column: Option<&'static Column>,
    ) -> Self {
        let line = number
            .checked_sub(1)
            .and_then(|index| raw.field_line(index));
        Self {
            file,
            line: Some(line.unwrap_or(raw.line())),
            column: (number > 0).then_some((number, column)),
        }
    }
}

/// What is kept of one rule in one file.
#[derive(Default)]
struct Tally {
    kept: u64,
    /// Left out: severity, count, first line.
    left_out: Vec<(Severity, u64, Option<u64>)>,
}

/// The notices of a check as they come.
pub(crate) struct Found<'p> {
    profile: &'p Profile,
    cap: u64,
    /// With the number of the file.
    notices: Vec<(usize, Notice)>,
    tallies: HashMap<(usize, &'static str), Tally>,
    names: Vec<Arc<str>>,
    /// Errors, warnings, infos: kept or not.
    counts: [u64; 3],
}

impl<'p> Found<'p> {
    pub(crate) fn new(profile: &'p Profile, cap: u64) -> Self {
        Self {
            profile,
            cap,
            notices: Vec::new(),
            tallies: HashMap::new(),
            names: Vec::new(),
            counts: [0; 3],
        }
    }

    /// Reports a finding. What to say is only worked out if it is kept.
    pub(crate) fn report(
        &mut self,
        rule: &'static Rule,
        place: Place<'_>,
        say: impl FnOnce() -> Said,
    ) {
        self.report_as(rule, rule.severity, place, say);
    }

    /// Reports a finding whose severity may differ from the rule's.
    pub(crate) fn report_as(
        &mut self,
        rule: &'static Rule,
        severity: Severity,
        place: Place<'_>,
        say: impl FnOnce() -> Said,
    ) {
        let Some(severity) = self.profile.severity(rule, severity) else {
            return;
        };
        self.counts[severity_index(severity)] += 1;
        let file = place.file.index;
        let tally = self.tallies.entry((file, rule.code)).or_default();
        if tally.kept >= self.cap {
            match tally.left_out.iter_mut().find(|left| left.0 == severity) {
                Some(left) => {
                    left.1 += 1;
                    left.2 = left.2.min(place.line);
                }
                None => tally.left_out.push((severity, 1, place.line)),
            }
            self.remember_name(place.file);
            return;
        }
        tally.kept += 1;
        let said = say();
        let (number, column) = match place.column {
            Some((number, column)) => (Some(number), column),
            None => (None, None),
        };
        self.remember_name(place.file);
        self.notices.push((
            file,
            Notice {
                rule,
                severity,
                file: Arc::clone(&place.file.name),
                line: place.line,
                column: number,
                field: column.map(|column| column.key),
                field_name_ja: column.map(|column| column.name_ja),
                message: said.message,
                advice: said.advice.unwrap_or_else(|| rule.advice.into()),
                excerpt: None,
            },
        ));
    }

    /// Reports what the reader of the bytes came across.
    pub(crate) fn bytes(&mut self, rule: &'static Rule, place: Place<'_>, fault: &ByteFault) {
        if let Check::Bytes(say) = &rule.check {
            self.report(rule, place, || say(fault));
        }
    }

    /// How many notices of a severity there are so far, kept or not.
    pub(crate) fn count(&self, severity: Severity) -> u64 {
        self.counts[severity_index(severity)]
    }

    /// Puts everything in order: file, line, column, then the catalogue's order.
    pub(crate) fn finish(mut self) -> (Vec<Notice>, Vec<LeftOut>) {
        let rank = |rule: &'static Rule| Rule::all().iter().position(|other| *other == rule);
        self.notices.sort_by_cached_key(|(file, notice)| {
            (*file, notice.line, notice.column, rank(notice.rule))
        });
        let mut left_out: Vec<_> = self
            .tallies
            .into_iter()
            .flat_map(|((file, code), tally)| {
                tally
                    .left_out
                    .into_iter()
                    .map(move |left| (file, code, left))
            })
            .filter_map(|(file, code, (severity, count, line))| {
                Some((
                    file,
                    LeftOut {
                        rule: Rule::of(code)?,
                        severity,
                        file: Arc::clone(self.names.get(file)?),
                        line,
                        count,
                    },
                ))
            })
            .collect();
        left_out.sort_by_cached_key(|(file, left)| (*file, left.line, rank(left.rule)));
        (
            self.notices.into_iter().map(|(_, notice)| notice).collect(),
            left_out.into_iter().map(|(_, left)| left).collect(),
        )
    }

    fn remember_name(&mut self, file: &FileFacts) {
        if self.names.len() <= file.index {
            self.names.resize(file.index + 1, Arc::from(""));
        }
        if let Some(name) = self.names.get_mut(file.index)
            && name.is_empty()
        {
            *name = Arc::clone(&file.name);
        }
    }
}

const fn severity_index(severity: Severity) -> usize {
    match severity {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Info => 2,
    }
}
