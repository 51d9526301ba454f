//! An office's terminal (連携クライアント): puts files in, sends, receives, takes files out:
//! `office --help`, and docs/office.md for a month with it.
//!
//! What each command does is a call or two of careplan-client; this program reads arguments, asks
//! for the password, shows progress, and tells the outcome. Exit status: 0 done; 1 done, and a
//! person has to look at something; 2 could not be done; 3 not now, try again later.

// Talking to the terminal is this program's purpose.
#![allow(clippy::print_stderr)]

mod failure;
mod init;
mod list;
mod office;
mod output;
mod password;
mod progress;
mod receipts;
mod send;
mod status;
mod sync;
mod take;
mod ui;
mod watch;

use careplan_examples::say;
use std::path::PathBuf;
use std::process::ExitCode;

use careplan_core::Lang;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use failure::Failure;
use office::Office;

/// Sends and receives care plans for an office (事業所のケアプランデータを送受信する).
///
/// Exit status: 0 done, 1 done and a person has to look at something, 2 could not be done, 3 not
/// now: try again later (終了コード: 0 完了、1 完了したが確認が必要、2 実行できない、3 後でもう一度).
#[derive(Parser)]
#[command(name = "office", version)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What all commands take.
#[derive(Args)]
struct Common {
    /// The office's home, a folder (事業所の保管場所); without it one in the user's own data folder
    #[arg(long, global = true, env = "CAREPLAN_HOME", value_name = "DIR")]
    home: Option<PathBuf>,
    /// Language of messages: ja or en; without it the system's (言語)
    #[arg(long, global = true)]
    lang: Option<Lang>,
    /// Prints one JSON object on standard output (結果をJSONで出力)
    #[arg(long, global = true)]
    json: bool,
    /// File whose first line is the password (パスワードのファイル); without it `CAREPLAN_PASSWORD`,
    /// or it is asked for
    #[arg(long, global = true, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Sets the office up: key, request for its certificate, certificate (初期設定・証明書)
    Init(init::Init),
    /// Renews the certificate: a new key, its request, the new certificate (証明書の更新)
    Renew(init::Renew),
    /// What waits, what is new, when the certificate ends (状態)
    Status,
    /// Sends files (送信)
    Send(send::Send),
    /// Sends what waits, receives what is new (同期)
    Sync(sync::Sync),
    /// Lists what was sent or received (一覧)
    List(list::List),
    /// Takes received files out to a folder (取り出し)
    Take(take::Take),
    /// Shows one set in full (詳細)
    Show(list::Show),
    /// Takes a set back that was not fetched yet (取り消し)
    Withdraw(take::Withdraw),
    /// Sends a set again that was not accepted (再送信)
    Retry(take::Retry),
    /// The platform's signed receipts (受領証)
    Receipts(receipts::Receipts),
    /// Sends what appears in a folder, puts what is received into another (フォルダーの監視)
    Watch(watch::Watch),
    /// Opens the office's page in the browser, on this machine only (画面を開く)
    Ui(ui::Ui),
    /// Writes a completion script for a shell (シェルの補完)
    Completions {
        /// Which shell
        shell: Shell,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let office = Office::new(arguments.common);
    match run(&arguments.command, &office) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::LookAtIt) => ExitCode::from(1),
        Ok(Outcome::NotNow) => ExitCode::from(3),
        Err(failure) => failure.tell(&office),
    }
}

/// How a command that ran ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// Something was refused or kept aside: a person has to look at it.
    LookAtIt,
    /// What could be done was done and told; the rest has to wait.
    NotNow,
}

fn run(command: &Command, office: &Office) -> Result<Outcome, Failure> {
    match command {
        Command::Init(command) => command.run(office),
        Command::Renew(command) => command.run(office),
        Command::Status => status::run(office),
        Command::Send(command) => command.run(office),
        Command::Sync(command) => command.run(office),
        Command::List(command) => command.run(office),
        Command::Take(command) => command.run(office),
        Command::Show(command) => command.run(office),
        Command::Withdraw(command) => command.run(office),
        Command::Retry(command) => command.run(office),
        Command::Receipts(command) => command.run(office),
        Command::Watch(command) => command.run(office),
        Command::Ui(command) => command.run(office),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "office", &mut script);
            say!("{}", String::from_utf8_lossy(&script).trim_end());
            Ok(Outcome::Done)
        }
    }
}
