//! Checks files against the care plan data standard: `check --help`.
//!
//! A thin program over `careplan-check`: it reads arguments, shows progress, writes the report and
//! says by its exit status how it went. docs/check.md shows it in a vendor's tests and CI.

// Talking to the terminal is this program's purpose.
#![allow(clippy::print_stderr)]

mod progress;

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anstream::ColorChoice;
use careplan_check::report::{self, Colour};
use careplan_check::{CheckError, Checker, Checking, DEFAULT_CAP, Profile, Report, Source};
use careplan_core::{Explain, Lang};
use clap::{Parser, ValueEnum};

use progress::Bar;

/// Checks files of the care plan data standard (ケアプランデータ連携標準仕様) before they are sent
/// (送信する前にファイルを確認します).
///
/// Exit status: 0 no errors, 1 errors, 2 the check could not be run
/// (終了コード: 0 エラーなし、1 エラーあり、2 実行できない).
#[derive(Parser)]
#[command(name = "check", version)]
struct Arguments {
    /// Form of the report (結果の形式)
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Writes the report to this file instead of the terminal (結果を書き出すファイル)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Language of the report: ja or en (結果の言語)
    #[arg(long, default_value = "ja")]
    lang: Lang,
    /// TOML file that changes severities or switches rules off (規則の扱いを変える設定)
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Shows personal data: names, insured numbers, free text (個人情報も表示する)
    #[arg(long)]
    show_values: bool,
    /// Most notices of one rule in one file; the others are counted
    /// (1ファイル・1規則あたりの表示件数)
    #[arg(long, value_name = "N", default_value_t = DEFAULT_CAP)]
    cap: u64,
    /// Folders, and files (フォルダーまたはファイル). A folder's files are grouped into sendings by
    /// their names; files given one by one are taken as lying together
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// A form of report.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, on a terminal
    Text,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code hosts and editors
    Sarif,
    /// A page for people, with tables 6 and 7
    Html,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(report) if report.passes() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("check: {}", failure.explain(arguments.lang));
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<Report, Failure> {
    let report = check(arguments)?;
    let text = match arguments.format {
        Format::Text => report::text(&report, arguments.lang, colour(arguments)),
        Format::Json => report::json(&report, arguments.lang) + "\n",
        Format::Sarif => report::sarif(&report, arguments.lang) + "\n",
        Format::Html => report::html(&report, arguments.lang),
    };
    match &arguments.out {
        Some(path) => careplan_tables::write_whole(path, text.as_bytes())
            .map_err(|error| Failure::Write(path.clone(), error.to_string()))?,
        None => match anstream::stdout().write_all(text.as_bytes()) {
            // Whoever reads it has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            result => result.map_err(|error| Failure::Write("-".into(), error.to_string()))?,
        },
    }
    Ok(report)
}

fn check(arguments: &Arguments) -> Result<Report, Failure> {
    let profile = match &arguments.profile {
        None => Profile::standard(),
        Some(path) => {
            let text = fs::read_to_string(path)
                .map_err(|error| Failure::ReadProfile(path.clone(), error))?;
            Profile::from_toml(&text).map_err(|error| Failure::Profile(path.clone(), error))?
        }
    };
    let checker = Checker::new()
        .profile(profile)
        .cap(arguments.cap)
        .show_values(arguments.show_values)
        .tables(arguments.format == Format::Html);
    let bar = Bar::new();
    let mut checking = Checking::new(&checker).on_progress(|progress| bar.show(&progress));
    let (folders, files): (Vec<_>, Vec<_>) = arguments.paths.iter().partition(|path| path.is_dir());
    for folder in folders {
        checking.folder(folder)?;
    }
    checking.files(files.into_iter().map(Source::file))?;
    let report = checking.finish()?;
    bar.clear();
    if report.summary.files == 0 && report.notices.is_empty() {
        return Err(Failure::Nothing);
    }
    Ok(report)
}

fn colour(arguments: &Arguments) -> Colour {
    let to_terminal = arguments.out.is_none()
        && anstream::AutoStream::choice(&io::stdout()) != ColorChoice::Never;
    if to_terminal { Colour::On } else { Colour::Off }
}

/// Why the check could not be run.
enum Failure {
    Check(CheckError),
    ReadProfile(PathBuf, io::Error),
    Profile(PathBuf, careplan_check::ProfileError),
    Write(PathBuf, String),
    Nothing,
}

impl From<CheckError> for Failure {
    fn from(error: CheckError) -> Self {
        Self::Check(error)
    }
}

impl Explain for Failure {
    fn explain(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Check(error), _) => error.explain(lang),
            (Self::ReadProfile(path, error), Lang::Ja) => {
                format!("プロファイル {} を読み込めません（{error}）。", path.display())
            }
            (Self::ReadProfile(path, error), Lang::En) => {
                format!("the profile {} cannot be read: {error}", path.display())
            }
            (Self::Profile(path, error), _) => {
                format!("{}: {}", path.display(), error.explain(lang))
            }
            (Self::Write(path, error), Lang::Ja) => format!(
                "結果を {} に書き出せません（{error}）。フォルダーがあるか、書き込めるかを確認してください。",
                path.display()
            ),
            (Self::Write(path, error), Lang::En) => format!(
                "the report cannot be written to {}: {error}; see that the folder is there and may be written to",
                path.display()
            ),
            (Self::Nothing, Lang::Ja) => {
                "確認できるCSVファイルがありません。出力したファイル（.CSV）か、そのフォルダーを指定してください。".to_owned()
            }
            (Self::Nothing, Lang::En) => {
                "there is no CSV file to check; name exported files (.CSV) or their folder".to_owned()
            }
        }
    }
}
