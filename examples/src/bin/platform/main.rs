//! Runs a platform and administers it: `platform --help`; docs/operations.md is the guide.
//!
//! `platform --home DIR` serves; the other commands work whether or not one serves from that home.
//! Exit 0: done. Exit 1: calls under way were cut off when stopping. Exit 2: it could not be done;
//! the reason is on standard error.

// Talking to the terminal is this program's purpose.
#![allow(clippy::print_stderr)]

mod account;
mod audit;
mod backup;
mod certificate;
mod failure;
mod home;
mod init;
mod licence;
mod log;
mod office;
mod retention;
mod serve;
mod session;
mod terms;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use careplan_core::Lang;
use clap::{Args, Parser, Subcommand};

use failure::Failure;
use home::Home;

/// The platform of care plan exchange (ケアプランデータ連携基盤): without a command it serves.
#[derive(Parser)]
#[command(version, subcommand_negates_reqs = true)]
struct Arguments {
    #[command(flatten)]
    everywhere: Everywhere,
    #[command(flatten)]
    serve: serve::Serve,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options of every command.
#[derive(Args)]
struct Everywhere {
    /// Folder of the platform's data (保存先フォルダー) (`CAREPLAN_PLATFORM_HOME`)
    #[arg(long, global = true, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Configuration file; platform.toml in the home if not given (設定ファイル)
    /// (`CAREPLAN_PLATFORM_CONFIG`)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// PostgreSQL database, `postgres://user@host/database`, instead of the home's; with
    /// --object-store (データベース). A URL with a password belongs into the variable or the
    /// configuration file: options are seen by everybody on the machine
    /// (`CAREPLAN_PLATFORM_STORAGE_DATABASE_URL`)
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Where containers are, `s3://bucket/prefix` or `file:///folder`; with --database-url
    /// (オブジェクトストア) (`CAREPLAN_PLATFORM_STORAGE_OBJECT_STORE`)
    #[arg(long, global = true, value_name = "URL")]
    object_store: Option<String>,
    /// Language of messages: ja or en (言語)
    #[arg(long, global = true, default_value = "ja")]
    lang: Lang,
    /// Prints one JSON object on standard output (JSON出力)
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a home for development: authority, certificates, configuration (開発用の環境作成)
    Init(init::Init),
    /// Offices (事業所)
    #[command(subcommand)]
    Office(office::Command),
    /// Log-ins (ユーザIDとパスワード)
    #[command(subcommand)]
    Account(account::Command),
    /// Licences (ライセンス)
    #[command(subcommand)]
    Licence(licence::Command),
    /// Editions of the terms of use (利用規約)
    #[command(subcommand)]
    Terms(terms::Command),
    /// Who called what (監査ログ)
    #[command(subcommand)]
    Audit(audit::Command),
    /// Offices' certificates, with an authority of the home's own (証明書)
    #[command(subcommand)]
    Certificate(certificate::Command),
    /// Removing what was kept long enough (保存期間の過ぎたデータ)
    #[command(subcommand)]
    Retention(retention::Command),
    /// Backs up the home into a new folder, also while the platform serves (バックアップ)
    Backup(backup::Backup),
    /// Makes a home from a backup (復元)
    Restore(backup::Restore),
    /// Looks through everything that is kept: containers, receipts, the evidence log (整合性の確認)
    Verify(verify::Verify),
    /// Sessions (ログイン状態)
    #[command(subcommand)]
    Session(session::Command),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let lang = arguments.everywhere.lang;
    let outcome = Home::of(&arguments.everywhere).and_then(|home| match &arguments.command {
        None => arguments.serve.run(&home),
        Some(command) => command.run(&home).map(|()| ExitCode::SUCCESS),
    });
    outcome.unwrap_or_else(|failure| {
        eprintln!("{}: {}", lang.pick("エラー", "error"), failure.text(lang));
        ExitCode::from(2)
    })
}

impl Command {
    fn run(&self, home: &Home) -> Result<(), Failure> {
        match self {
            Self::Init(command) => command.run(home),
            Self::Office(command) => command.run(home),
            Self::Account(command) => command.run(home),
            Self::Licence(command) => command.run(home),
            Self::Terms(command) => command.run(home),
            Self::Audit(command) => command.run(home),
            Self::Session(command) => command.run(home),
            Self::Certificate(command) => command.run(home),
            Self::Retention(command) => command.run(home),
            Self::Backup(command) => command.run(home),
            Self::Restore(command) => command.run(home),
            Self::Verify(command) => command.run(home),
        }
    }
}
