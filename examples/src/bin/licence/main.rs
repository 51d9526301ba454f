//! Licences and fees by their rules: `licence --help`.
//!
//! A thin program over `careplan-licence`: what so many offices pay, what a ledger's offices may do
//! on a day, and the rules in words. It reads files and writes text; docs/licence.md describes both.

// Talking to the terminal is this program's purpose.
#![allow(clippy::print_stderr)]

mod failure;
mod words;

use std::fs;
use std::io::{self, Write};
use std::num::{NonZeroU8, NonZeroU32};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use careplan_core::{Explain, Lang, OfficeNumber};
use careplan_licence::{FeeTable, Register};
use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};
use serde_json::json;

use failure::Failure;

/// Licences (ライセンス) and fees of the care plan data exchange system
/// (ケアプランデータ連携システムのライセンスと利用料).
///
/// Exit status: 0 done, 2 not done (終了コード: 0 正常、2 実行できない).
#[derive(Parser)]
#[command(name = "licence", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

/// What every command takes.
#[derive(Args)]
struct Common {
    /// Language of the answer: ja or en (結果の言語)
    #[arg(long, global = true, default_value = "ja")]
    lang: Lang,
    /// Fee table to use instead of the built-in one (料金表のファイル、TOML)
    #[arg(long, global = true, value_name = "FILE")]
    fees: Option<PathBuf>,
    /// Writes JSON (JSONで出力する)
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// What offices pay for some years (利用料の見積)
    Fee {
        /// How many offices, by office number (事業所番号の数)
        #[arg(long, value_name = "N")]
        offices: NonZeroU32,
        /// How many consecutive years (年数)
        #[arg(long, value_name = "Y")]
        years: NonZeroU8,
        /// First day of the first year, YYYY-MM-DD (初年の開始日)
        #[arg(long, value_name = "DATE", value_parser = a_day)]
        from: NaiveDate,
    },
    /// What a ledger says of its offices on a day (台帳のある日の状態)
    State {
        /// Ledger file: one event of one office per line, JSON (台帳のファイル)
        #[arg(long, value_name = "FILE")]
        ledger: PathBuf,
        /// The day, YYYY-MM-DD, in Japan (日本の日付)
        #[arg(long, value_name = "DATE", value_parser = a_day)]
        on: NaiveDate,
        /// Only this office (この事業所だけ)
        #[arg(long, value_name = "NUMBER")]
        office: Option<OfficeNumber>,
    },
    /// The rules in words, with the fee table and its sources (決まりと料金表、出典の説明)
    Explain,
}

/// A day as YYYY-MM-DD.
fn a_day(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        // Not "2023-4-1", nor a sign before the year.
        .filter(|day| day.to_string() == text)
        .ok_or_else(|| {
            format!("no such day: write YYYY-MM-DD, as 2023-04-20 ({text}は日付ではありません)")
        })
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(text) => print(&text),
        Err(failure) => {
            eprintln!("licence: {}", failure.explain(arguments.common.lang));
            ExitCode::from(2)
        }
    }
}

fn print(text: &str) -> ExitCode {
    match anstream::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("licence: {error}");
            ExitCode::from(2)
        }
    }
}

/// The answer, as it is printed.
fn run(arguments: &Arguments) -> Result<String, Failure> {
    let Common { lang, fees, json } = &arguments.common;
    let (lang, json) = (*lang, *json);
    let fees = match fees {
        None => FeeTable::standard(),
        Some(path) => {
            FeeTable::from_toml(&read(path)?).map_err(|error| Failure::Fees(path.clone(), error))?
        }
    };
    match &arguments.command {
        Command::Fee {
            offices,
            years,
            from,
        } => {
            let quote = fees.quote(*offices, *years, *from)?;
            if json {
                return pretty(&quote);
            }
            Ok(words::quote(&quote, lang))
        }
        Command::State { ledger, on, office } => {
            let register = Register::from_json_lines(&read(ledger)?, fees)
                .map_err(|error| Failure::Ledger(ledger.clone(), error))?;
            let states: Vec<_> = register
                .ledgers()
                .filter(|found| office.is_none_or(|office| office == found.office()))
                .map(|found| found.on(*on))
                .collect();
            if let Some(office) = office.filter(|_| states.is_empty()) {
                return Err(Failure::NotInLedger(ledger.clone(), office));
            }
            if json {
                return pretty(&json!({ "on": on, "offices": states }));
            }
            Ok(words::states(&states, *on, lang))
        }
        Command::Explain => {
            if json {
                return pretty(&words::explanation_as_json(&fees, lang));
            }
            Ok(words::explanation(&fees, lang))
        }
    }
}

fn pretty(answer: &impl serde::Serialize) -> Result<String, Failure> {
    let mut text = serde_json::to_string_pretty(answer).map_err(Failure::Json)?;
    text.push('\n');
    Ok(text)
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::Read(path.to_owned(), error))
}
