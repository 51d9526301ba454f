//! `platform account`: log-ins.

use std::io::{BufRead, stdin};
use std::path::{Path, PathBuf};

use careplan_core::{OfficeNumber, UserId};
use careplan_platform::PasswordValidity;
use careplan_protocol::Password;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde_json::json;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::home::Home;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Gives an office a log-in, or its log-in a new password; the password is read from standard
    /// input or a file, its first line (パスワード設定)
    SetPassword(SetPassword),
    /// The log-ins of an office (一覧)
    List {
        /// Office number (事業所番号)
        office: OfficeNumber,
    },
    /// Locks a log-in until it is unlocked; its office's sessions end (ロック)
    Lock {
        /// User ID (ユーザID)
        user: UserId,
    },
    /// Unlocks a log-in, also one that was locked for wrong passwords (ロック解除)
    Unlock {
        /// User ID (ユーザID)
        user: UserId,
    },
}

#[derive(Args)]
pub(crate) struct SetPassword {
    /// User ID: KJ and 12 characters (ユーザID)
    user: UserId,
    /// Office number (事業所番号)
    #[arg(long)]
    office: OfficeNumber,
    /// File with the password; standard input if not given (パスワードのファイル)
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// It has to be changed before the first log-in (仮パスワード)
    #[arg(long, conflicts_with = "valid_until")]
    temporary: bool,
    /// It is refused as expired from then on, like 2027-04-01T00:00:00+09:00 (有効期限)
    #[arg(long, value_name = "INSTANT")]
    valid_until: Option<DateTime<Utc>>,
}

impl Command {
    pub(crate) fn run(&self, home: &Home) -> Result<(), Failure> {
        match self {
            Self::SetPassword(command) => command.run(home),
            Self::List { office } => list(home, *office),
            Self::Lock { user } => {
                let office = home
                    .administration()?
                    .lock_account(*user)
                    .map_err(Failure::of)?;
                home.tell(
                    &json!({"user": user, "office": office, "locked": true}),
                    &format!(
                        "ユーザID {user}（事業所{office}）をロックし、ログインを終了しました。"
                    ),
                    &format!("User {user} of office {office} is locked; its sessions have ended."),
                );
                Ok(())
            }
            Self::Unlock { user } => {
                let office = home
                    .administration()?
                    .unlock_account(*user)
                    .map_err(Failure::of)?;
                home.tell(
                    &json!({"user": user, "office": office, "locked": false}),
                    &format!("ユーザID {user}（事業所{office}）のロックを解除しました。"),
                    &format!("User {user} of office {office} can log in again."),
                );
                Ok(())
            }
        }
    }
}

fn list(home: &Home, office: OfficeNumber) -> Result<(), Failure> {
    let accounts = home
        .administration()?
        .accounts(office)
        .map_err(Failure::of)?;
    let rows: Vec<_> = accounts
        .iter()
        .map(|account| {
            let (validity, until) = match account.validity {
                PasswordValidity::Unlimited => ("unlimited", None),
                PasswordValidity::Until(until) => ("until", Some(until)),
                PasswordValidity::Temporary => ("temporary", None),
                _ => ("other", None),
            };
            json!({
                "user": account.user,
                "password": validity,
                "valid_until": until,
                "locked_at": account.locked_at,
            })
        })
        .collect();
    let lines = |locked: &str| {
        let line = |account: &careplan_platform::KnownAccount| match account.locked_at {
            Some(at) => format!("{}  {locked} {at}", account.user),
            None => account.user.to_string(),
        };
        accounts.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    home.tell(
        &json!({"office": office, "accounts": rows}),
        &lines("ロック中"),
        &lines("locked"),
    );
    Ok(())
}

impl SetPassword {
    fn run(&self, home: &Home) -> Result<(), Failure> {
        let administration = home.administration()?;
        let password = read_password(self.password_file.as_deref())?;
        let validity = match (self.temporary, self.valid_until) {
            (true, _) => PasswordValidity::Temporary,
            (false, Some(end)) => PasswordValidity::Until(end),
            (false, None) => PasswordValidity::Unlimited,
        };
        administration
            .set_password(self.office, self.user, &password, validity)
            .map_err(Failure::of)?;
        let (user, office) = (self.user, self.office);
        home.tell(
            &json!({"user": user, "office": office}),
            &format!("事業所{office}のユーザID {user} のパスワードを設定しました。ログイン中の利用者は再ログインが必要です。"),
            &format!("User {user} of office {office} has the new password; its sessions have ended."),
        );
        Ok(())
    }
}

/// The first line of a file or of standard input. Never an argument: those are seen by others on
/// the machine.
fn read_password(file: Option<&Path>) -> Result<Password, Failure> {
    let mut line = Zeroizing::new(String::new());
    match file {
        Some(path) => {
            let content = Zeroizing::new(std::fs::read_to_string(path).map_err(Failure::io(path))?);
            line.push_str(content.lines().next().unwrap_or_default());
        }
        None => {
            stdin()
                .lock()
                .read_line(&mut line)
                .map_err(Failure::io(Path::new("stdin")))?;
        }
    }
    line.trim_end_matches(['\r', '\n'])
        .parse()
        .map_err(Failure::of)
}
