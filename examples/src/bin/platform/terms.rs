//! `platform terms`: the editions of the terms of use that offices consent to at the web site.

use std::fs;
use std::path::PathBuf;

use careplan_licence::TermsEdition;
use careplan_platform::TermsNotice;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::home::Home;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Adds an edition, for good (追加)
    Add(Add),
    /// The editions (一覧)
    List,
}

#[derive(Args)]
pub(crate) struct Add {
    /// Its name, such as 2026-04 (規約の版)
    #[arg(long)]
    edition: TermsEdition,
    /// First day on which it is the one to consent to (適用開始日)
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: NaiveDate,
    /// Its text, UTF-8: the title in the first line, headings after `## `, paragraphs parted by
    /// empty lines (本文)
    file: PathBuf,
}

impl Command {
    pub(crate) fn run(&self, home: &Home) -> Result<(), Failure> {
        match self {
            Self::Add(command) => command.run(home),
            Self::List => list(home),
        }
    }
}

impl Add {
    fn run(&self, home: &Home) -> Result<(), Failure> {
        let text = fs::read_to_string(&self.file).map_err(Failure::io(&self.file))?;
        let notice = home
            .administration()?
            .add_terms(self.edition.clone(), self.from, &text)
            .map_err(Failure::of)?;
        let (edition, from) = (&notice.edition, notice.in_force_from);
        home.tell(
            &row(&notice),
            &format!("利用規約 {edition} を登録しました。{from} から適用されます。"),
            &format!("Edition {edition} of the terms is kept; it is in force from {from}."),
        );
        Ok(())
    }
}

fn list(home: &Home) -> Result<(), Failure> {
    let editions = home.administration()?.terms().map_err(Failure::of)?;
    let rows: Vec<_> = editions.iter().map(row).collect();
    let lines = editions
        .iter()
        .map(|notice| {
            format!(
                "{}  {}  sha256:{}",
                notice.in_force_from, notice.edition, notice.sha256
            )
        })
        .collect::<Vec<_>>()
        .join("\n");
    home.tell(&json!({"terms": rows}), &lines, &lines);
    Ok(())
}

fn row(notice: &TermsNotice) -> Value {
    json!({
        "edition": notice.edition.to_string(),
        "in_force_from": notice.in_force_from,
        "sha256": notice.sha256.to_string(),
    })
}
