//! Where passwords come from: a file, the environment, or the person at the terminal. They are asked
//! for only when they are needed, and never kept.

use std::fs;
use std::path::{Path, PathBuf};

use careplan_client::Refusal;
use careplan_core::{Lang, UserId};
use careplan_protocol::{LogInRequest, Password};
use console::Term;
use zeroize::Zeroizing;

/// One of the passwords an office has.
struct Wanted<'a> {
    /// Where its file is named.
    option: &'static str,
    variable: &'static str,
    prompt: &'a str,
}

/// Gives user ID and password, asking if need be.
pub(crate) fn log_in(
    user_id: UserId,
    file: Option<&Path>,
    lang: Lang,
) -> Result<LogInRequest, Refusal> {
    let wanted = Wanted {
        option: "--password-file",
        variable: "CAREPLAN_PASSWORD",
        prompt: &format!("{user_id}{}", lang.pick("のパスワード: ", ", password: ")),
    };
    let text = wanted.get(file)?;
    let password: Password = text.parse().map_err(|_| {
        refusal(
            "password_invalid",
            "パスワードの形が正しくありません。入力し直してください。",
            "that cannot be a password; enter it again",
        )
    })?;
    Ok(LogInRequest { user_id, password })
}

/// Gives the password of a key's file, asking if need be.
pub(crate) fn of_key(
    key: &Path,
    file: Option<&Path>,
    lang: Lang,
) -> Result<Zeroizing<String>, Refusal> {
    let name = key.file_name().unwrap_or(key.as_os_str()).display();
    let wanted = Wanted {
        option: "--key-password-file",
        variable: "CAREPLAN_KEY_PASSWORD",
        prompt: &format!("{name}{}", lang.pick("のパスワード: ", ", password: ")),
    };
    wanted.get(file)
}

impl Wanted<'_> {
    fn get(&self, file: Option<&Path>) -> Result<Zeroizing<String>, Refusal> {
        match (file, std::env::var(self.variable)) {
            (Some(file), _) => first_line(file),
            (None, Ok(text)) => Ok(Zeroizing::new(text)),
            (None, Err(_)) => self.ask(),
        }
    }

    /// What is typed is not shown.
    fn ask(&self) -> Result<Zeroizing<String>, Refusal> {
        let terminal = Term::stderr();
        if !terminal.is_term() {
            let Self {
                option, variable, ..
            } = self;
            return Err(refusal(
                "password_missing",
                format!(
                    "パスワードがありません。{option} か環境変数 {variable} で指定してください。"
                ),
                format!("there is no password; give it with {option} or {variable}"),
            ));
        }
        let asked = || -> std::io::Result<String> {
            terminal.write_str(self.prompt)?;
            terminal.read_secure_line()
        };
        asked().map(Zeroizing::new).map_err(|_| {
            refusal(
                "password_missing",
                "パスワードを読み取れませんでした。もう一度行ってください。",
                "the password could not be read; try again",
            )
        })
    }
}

fn first_line(file: &Path) -> Result<Zeroizing<String>, Refusal> {
    let text = fs::read_to_string(file)
        .map(Zeroizing::new)
        .map_err(|error| {
            let file: PathBuf = file.to_owned();
            let file = file.display();
            Refusal {
                code: "password_file".to_owned(),
                ja: format!("パスワードのファイル {file} を読み込めません（{error}）。"),
                en: format!("the password file {file} cannot be read ({error})"),
            }
        })?;
    Ok(Zeroizing::new(
        text.lines().next().unwrap_or_default().to_owned(),
    ))
}

fn refusal(code: &str, ja: impl Into<String>, en: impl Into<String>) -> Refusal {
    Refusal {
        code: code.to_owned(),
        ja: ja.into(),
        en: en.into(),
    }
}
