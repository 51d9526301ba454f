//! The report for a terminal: grouped by file and rule, the line shown with the field marked.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use careplan_core::Lang;
use careplan_tables::Severity;

use super::Report;
use crate::notice::{Notice, severity_name};
use crate::rule::Rule;

/// Whether to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// For a terminal.
    On,
    /// For a file or a pipe.
    Off,
}

impl Colour {
    fn style(self, style: Style) -> Style {
        match self {
            Self::On => style,
            Self::Off => Style::new(),
        }
    }
}

const fn severity_style(severity: Severity) -> Style {
    let colour = match severity {
        Severity::Error => AnsiColor::Red,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Info => AnsiColor::Cyan,
    };
    colour.on_default().bold()
}

/// Writes the report for people to read on a terminal or in a log.
#[must_use]
pub fn text(report: &Report, lang: Lang, colour: Colour) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_report(&mut out, report, lang, colour);
    out
}

fn write_report(out: &mut String, report: &Report, lang: Lang, colour: Colour) -> std::fmt::Result {
    for line in report.profile_lines(lang) {
        writeln!(out, "{line}")?;
    }
    let mut files: Vec<&str> = Vec::new();
    for notice in &report.notices {
        if files.last() != Some(&&*notice.file) {
            files.push(&notice.file);
        }
    }
    let heading = colour.style(Style::new().bold().underline());
    for file in files {
        writeln!(out, "{heading}{file}{heading:#}")?;
        let of_file: Vec<_> = report
            .notices
            .iter()
            .filter(|notice| &*notice.file == file)
            .collect();
        let mut rules: Vec<&'static Rule> = Vec::new();
        for notice in &of_file {
            if !rules.contains(&notice.rule) {
                rules.push(notice.rule);
            }
        }
        // The worst first; within a severity in the order of the file.
        rules.sort_by_key(|rule| {
            let severities = of_file.iter().filter(|notice| notice.rule == *rule);
            std::cmp::Reverse(severities.map(|notice| notice.severity).max())
        });
        for rule in rules {
            let of_rule: Vec<_> = of_file
                .iter()
                .copied()
                .filter(|notice| notice.rule == rule)
                .collect();
            write_rule(out, report, file, rule, &of_rule, lang, colour)?;
        }
    }
    write_summary(out, report, lang, colour)
}

/// The notices of a rule in a file: the advice once, if it is the same for all.
fn write_rule(
    out: &mut String,
    report: &Report,
    file: &str,
    rule: &'static Rule,
    notices: &[&Notice],
    lang: Lang,
    colour: Colour,
) -> std::fmt::Result {
    let severity = notices.iter().map(|notice| notice.severity).max();
    let severity = severity.unwrap_or(rule.severity);
    let style = colour.style(severity_style(severity));
    let name = *severity_name(severity).pick(lang);
    writeln!(
        out,
        "  {style}{name}{style:#} {}: {}",
        rule.code,
        rule.headline().pick(lang)
    )?;
    let dim = colour.style(Style::new().dimmed());
    let mut advice: Option<&str> = None;
    for notice in notices {
        let own = notice.advice.pick(lang).as_str();
        if advice.is_some_and(|advice| advice != own) {
            write_advice(out, advice.unwrap_or_default(), lang)?;
        }
        advice = Some(own);
        let place = match (notice.line, notice.column, lang) {
            (None, _, _) => String::new(),
            (Some(line), None, Lang::Ja) => format!("{line}行目: "),
            (Some(line), Some(column), Lang::Ja) => format!("{line}行目 {column}列目: "),
            (Some(line), None, Lang::En) => format!("line {line}: "),
            (Some(line), Some(column), Lang::En) => format!("line {line}, column {column}: "),
        };
        writeln!(out, "    {place}{}", notice.message.pick(lang))?;
        if let Some(excerpt) = &notice.excerpt {
            // An empty field is marked where it should be.
            let marked = match (excerpt.marked.as_str(), notice.column) {
                ("", _) => "␣",
                (text, _) => text,
            };
            let (open, close) = match (colour, notice.column) {
                (Colour::Off, Some(_)) => ("⟦", "⟧"),
                _ => ("", ""),
            };
            let style = match notice.column {
                Some(_) => style.invert(),
                None => Style::new(),
            };
            let style = colour.style(style);
            writeln!(
                out,
                "      {dim}{}{dim:#}{style}{open}{marked}{close}{style:#}{dim}{}{dim:#}",
                excerpt.before, excerpt.after
            )?;
        }
    }
    for left in &report.left_out {
        if left.rule == rule && &*left.file == file {
            writeln!(out, "    {}", left.message().pick(lang))?;
        }
    }
    write_advice(out, advice.unwrap_or(rule.advice.pick(lang)), lang)?;
    let clause = rule.clause.pick(lang);
    writeln!(out, "    {dim}{clause}{dim:#}\n")
}

fn write_advice(out: &mut String, advice: &str, lang: Lang) -> std::fmt::Result {
    writeln!(out, "    {}{advice}", lang.pick("→ ", "-> "))
}

fn write_summary(
    out: &mut String,
    report: &Report,
    lang: Lang,
    colour: Colour,
) -> std::fmt::Result {
    let summary = &report.summary;
    let (files, records) = (summary.files, summary.records);
    let counts = [
        (Severity::Error, summary.errors),
        (Severity::Warning, summary.warnings),
        (Severity::Info, summary.infos),
    ]
    .map(|(severity, count)| {
        let style = if count > 0 {
            colour.style(severity_style(severity))
        } else {
            Style::new()
        };
        let name = *severity_name(severity).pick(lang);
        match lang {
            Lang::Ja => format!("{style}{name} {count}件{style:#}"),
            Lang::En => format!(
                "{style}{count} {name}{}{style:#}",
                if count == 1 { "" } else { "s" }
            ),
        }
    });
    match lang {
        Lang::Ja => writeln!(
            out,
            "{files}ファイル、{records}レコードを確認しました: {}",
            counts.join("、")
        ),
        Lang::En => writeln!(
            out,
            "{files} files with {records} records checked: {}",
            counts.join(", ")
        ),
    }
}
