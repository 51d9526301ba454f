//! Signs, verifies, seals and opens containers; issues certificates; checks evidence:
//! `envelope --help`.
//!
//! What each command does is a call or two of careplan-envelope; this program reads files, writes
//! files, and tells the outcome. Exit 0: done, or valid. Exit 1: looked at and refused. Exit 2: it
//! could not run; the reason is on standard error.

// Talking to the terminal is this program's purpose.
#![allow(clippy::print_stderr)]

mod authority;
mod container;
mod evidence;
mod failure;
mod files;
mod keys;
mod sealed;
mod trust;

use std::path::PathBuf;
use std::process::ExitCode;

use careplan_core::Lang;
use clap::{Args, Parser, Subcommand};

use failure::Failure;

/// Signed and sealed containers of care plans, certificates, evidence
/// (ケアプランデータの署名付きコンテナ、封緘、証明書、証拠).
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Language of messages: ja or en (言語)
    #[arg(long, global = true, default_value = "ja")]
    lang: Lang,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Signs files into a container (署名)
    Sign(container::Sign),
    /// Verifies a container and takes its files out (検証)
    Verify(container::Verify),
    /// Seals a container to its receivers (封緘)
    Seal(sealed::Seal),
    /// Opens a sealed container (開封)
    Open(sealed::Open),
    /// Makes a private key (秘密鍵の作成)
    Key(keys::Generate),
    /// Makes a certification request, PKCS#10, for a key (証明書発行要求の作成)
    Request(keys::Request),
    /// A certificate authority for development, tests and operators without one (認証局)
    #[command(subcommand)]
    Ca(authority::Command),
    /// Receipts (受領証)
    #[command(subcommand)]
    Receipt(evidence::ReceiptCommand),
    /// The log of receipts (証拠ログ)
    #[command(subcommand)]
    Log(evidence::LogCommand),
}

/// How an outcome is told.
#[derive(Args)]
struct Output {
    /// Prints one JSON object on standard output
    #[arg(long)]
    json: bool,
}

/// Where a result goes.
#[derive(Args)]
struct Destination {
    /// File to write (出力ファイル); appears only when it is complete
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let lang = arguments.lang;
    let outcome = match &arguments.command {
        Command::Sign(command) => command.run(lang),
        Command::Verify(command) => command.run(lang),
        Command::Seal(command) => command.run(lang),
        Command::Open(command) => command.run(lang),
        Command::Key(command) => command.run(lang),
        Command::Request(command) => command.run(lang),
        Command::Ca(command) => command.run(lang),
        Command::Receipt(command) => command.run(lang),
        Command::Log(command) => command.run(lang),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Refused(report)) => {
            report.print(lang);
            ExitCode::from(1)
        }
        Err(Failure::CouldNotRun(reason)) => {
            let error = lang.pick("エラー", "error");
            eprintln!("{error}: {}", reason.text(lang));
            ExitCode::from(2)
        }
    }
}
