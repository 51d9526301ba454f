//! A month's exchange of care plans, end to end, on one machine: `exchange --help`.
//!
//! It starts a platform on a free loopback port, issues certificates, registers and licenses the
//! offices of the files, and walks through the month: the plans go out and are imported, the
//! actuals come back and are compared with them. What every step does is a call or two of the
//! crates; this program only arranges them and tells what happens.

// Talking to the terminal is this program's purpose.
#![allow(clippy::print_stderr)]

mod check;
mod exports;
mod failure;
mod import;
mod month;
mod sample_month;
mod stopwatch;
mod story;
mod summary;
mod world;

use careplan_examples::say;
use std::path::PathBuf;
use std::process::ExitCode;

use careplan_core::{Explain, Lang};
use clap::Parser;

use failure::Failure;
use story::Story;
use summary::{Row, Summary};

/// A month's exchange of care plans between care offices, end to end on this machine
/// (ケアプランデータ連携の1か月を、このコンピューターの中で最初から最後まで行います).
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Folder of your own files (自分のファイルのフォルダー); without it, a sample month. Sets are
    /// recognised from the names, offices from sender and receiver
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Keeps the home of the platform and of all offices in this folder (環境を残すフォルダー), which
    /// must be new or empty
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Prints one JSON object on standard output, and the story on standard error
    #[arg(long)]
    json: bool,
    /// Language of the story: ja or en (言語)
    #[arg(long, default_value = "ja")]
    lang: Lang,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut story = Story::new(arguments.lang, arguments.json);
    let mut rows = Vec::new();
    let errors = match run(&arguments, &mut story, &mut rows) {
        Ok(()) => Vec::new(),
        Err(failures) => failures
            .iter()
            .map(|failure| failure.explain(arguments.lang))
            .collect(),
    };
    story.idle();
    for error in &errors {
        eprintln!("{}: {error}", arguments.lang.pick("エラー", "error"));
    }
    let summary = Summary::new(&rows, errors);
    if arguments.json {
        match serde_json::to_string(&summary) {
            Ok(json) => say!("{json}"),
            Err(error) => eprintln!("{error}"),
        }
    }
    if summary.is_success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The whole walk; `rows` has a row for every sending that arrived, also if a later one fails.
fn run(arguments: &Arguments, story: &mut Story, rows: &mut Vec<Row>) -> Result<(), Vec<Failure>> {
    let one = |failure: Failure| vec![failure];
    let home = world::Place::new(arguments.keep.as_deref()).map_err(one)?;
    let folder = match &arguments.data {
        Some(folder) => folder.clone(),
        None => sample_month::write(home.path()).map_err(one)?,
    };
    let exports = exports::find(&folder)?;
    check::check(&exports, story)?;
    let mut world = world::World::build(home, &exports, story).map_err(one)?;
    month::walk(&mut world, &exports, story, rows)?;
    story.line(&format!("\n{}", summary::table(rows, story.lang())));
    world.end(story);
    Ok(())
}
