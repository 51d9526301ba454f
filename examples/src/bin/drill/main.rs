//! Drills of the platform (連携基盤の訓練): kill -9 under load, a full disk, ten thousand idle connections,
//! a long upload. `drill --help`; `cargo xtask drill` runs them all.
//!
//! Each starts a platform of its own as a separate process, and prints one JSON object. Exit 0: all
//! was as it should be. Exit 1: something was not. Exit 2: the drill could not be done.

// Talking to the terminal is this program's purpose.
#![allow(clippy::print_stderr)]

mod caller;
mod disk;
mod evidence;
mod failure;
mod guard;
mod idle;
mod kill;
mod load;
mod platform;
mod spoil;
mod upload;
mod verdict;
mod world;

use careplan_examples::say;
use std::process::ExitCode;

use careplan_core::Lang;
use clap::{Parser, Subcommand, ValueEnum};
use serde_json::{Value, json};

use failure::Failure;

/// Drills of the platform (連携基盤の訓練).
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    drill: Drill,
    /// Which storage (保存先の種類)
    #[arg(long, global = true, value_enum, default_value_t = Storages::Both)]
    storage: Storages,
    /// Language of messages: ja or en (言語)
    #[arg(long, global = true, default_value = "en")]
    lang: Lang,
}

#[derive(Debug, Subcommand)]
enum Drill {
    /// Kills the platform (kill -9) at random moments under load (強制終了)
    Kill(kill::Kill),
    /// Fills the disk under load, and makes room again (容量不足)
    Disk(disk::Disk),
    /// Holds idle, slow and half-open connections while others work (多数の接続)
    Idle(idle::Idle),
    /// Sends and fetches a large container (大きなデータ)
    Upload(upload::Upload),
}

impl Drill {
    const fn name(&self) -> &'static str {
        match self {
            Self::Kill(_) => "kill",
            Self::Disk(_) => "disk",
            Self::Idle(_) => "idle",
            Self::Upload(_) => "upload",
        }
    }

    fn run(&self, storage: Storage) -> Result<Option<Outcome>, Failure> {
        match self {
            Self::Kill(drill) => drill.run(storage),
            Self::Disk(drill) => drill.run(storage),
            Self::Idle(drill) => drill.run(storage),
            Self::Upload(drill) => drill.run(storage),
        }
    }
}

/// What came of a drill.
struct Outcome {
    good: bool,
    told: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Storages {
    /// SQLite and a folder
    Embedded,
    /// A PostgreSQL cluster of the drill's own and a folder as object store
    Cluster,
    /// One after the other
    Both,
}

/// The storage of a drill's platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Storage {
    Embedded,
    Cluster,
}

/// Whom it meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Victim {
    /// The platform (連携基盤)
    Platform,
    /// `PostgreSQL`, which a supervisor starts again; the platform goes on and has to find it again
    /// (データベース)
    Database,
}

impl Victim {
    /// Whether a storage has it; tells if not.
    fn is_in(self, storage: Storage) -> bool {
        let is_there = self == Self::Platform || storage == Storage::Cluster;
        if !is_there {
            eprintln!("the embedded database is in the platform's process");
        }
        is_there
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Database => "database",
        }
    }
}

impl Storages {
    const fn each(self) -> &'static [Storage] {
        match self {
            Self::Both => &[Storage::Embedded, Storage::Cluster],
            Self::Embedded => &[Storage::Embedded],
            Self::Cluster => &[Storage::Cluster],
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut good = true;
    for storage in arguments.storage.each() {
        let name = match storage {
            Storage::Embedded => "embedded",
            Storage::Cluster => "cluster",
        };
        eprintln!("{}, {name}", arguments.drill.name());
        match arguments.drill.run(*storage) {
            Ok(Some(outcome)) => {
                let told = json!({
                    "drill": arguments.drill.name(),
                    "storage": name,
                    "good": outcome.good,
                    "outcome": outcome.told,
                });
                say!("{told}");
                good &= outcome.good;
            }
            Ok(None) => eprintln!("{name}: left out"),
            Err(failure) => {
                eprintln!("{name}: {}", failure.text(arguments.lang));
                return ExitCode::from(2);
            }
        }
    }
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
