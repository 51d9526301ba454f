//! Where the password comes from: a file, the environment, or the person at the terminal. It is
//! asked for only when the platform wants it, and never kept.

use std::fs;
use std::path::{Path, PathBuf};

use careplan_client::Refusal;
use careplan_core::{Lang, UserId};
use careplan_protocol::{LogInRequest, Password};
use console::Term;
use zeroize::Zeroizing;

const VARIABLE: &str = "CAREPLAN_PASSWORD";

/// Gives user ID and password, asking if need be.
pub(crate) fn log_in(
    user_id: UserId,
    file: Option<&Path>,
    lang: Lang,
) -> Result<LogInRequest, Refusal> {
    let text = match (file, std::env::var(VARIABLE)) {
        (Some(file), _) => from_file(file)?,
        (None, Ok(text)) => Zeroizing::new(text),
        (None, Err(_)) => from_terminal(user_id, lang)?,
    };
    let password: Password = text.parse().map_err(|_| {
        refusal(
            "password_invalid",
            "パスワードの形が正しくありません。入力し直してください。",
            "that cannot be a password; enter it again",
        )
    })?;
    Ok(LogInRequest { user_id, password })
}

fn from_file(file: &Path) -> Result<Zeroizing<String>, Refusal> {
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

fn from_terminal(user_id: UserId, lang: Lang) -> Result<Zeroizing<String>, Refusal> {
    let terminal = Term::stderr();
    if !terminal.is_term() {
        return Err(refusal(
            "password_missing",
            "パスワードがありません。--password-file か環境変数 CAREPLAN_PASSWORD で指定してください。",
            "there is no password; give it with --password-file or CAREPLAN_PASSWORD",
        ));
    }
    let asked = || -> std::io::Result<String> {
        let prompt = lang.pick("のパスワード: ", ", password: ");
        terminal.write_str(&format!("{user_id}{prompt}"))?;
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

fn refusal(code: &str, ja: &str, en: &str) -> Refusal {
    Refusal {
        code: code.to_owned(),
        ja: ja.to_owned(),
        en: en.to_owned(),
    }
}
