//! `platform` without a command: it serves.

use std::io::Write as _;
use std::process::ExitCode;

use careplan_core::Lang;
use careplan_platform::Platform;
use clap::Args;

use crate::failure::Failure;
use crate::home::Home;
use crate::{init, log};

#[derive(Args)]
pub(crate) struct Serve {}

impl Serve {
    pub(crate) fn run(&self, home: &Home) -> Result<ExitCode, Failure> {
        if home.is_new() {
            init::make_local(home)?;
            eprintln!(
                "{}",
                home.lang.pick(
                    "新しい保存先です。開発用の認証局と証明書を作成しました。この機械からだけ接続できます。本番の設定は docs/operations.md を参照してください。",
                    "A new home: made an authority and certificates FOR DEVELOPMENT, reachable from this machine only. docs/operations.md says how to set up service.",
                )
            );
        }
        let settings = home.settings()?;
        log::begin(&settings.log);
        let lang = home.lang;
        let finished = careplan_platform::serve(home.folder(), &settings, |platform| {
            announce(platform, lang);
        })
        .map_err(Failure::of)?;
        Ok(if finished {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(1)
        })
    }
}

/// Tells where it listens on standard output, the API first, for people and programs that wait.
fn announce(platform: &Platform, lang: Lang) {
    let mut lines = format!(
        "{}: https://{}\n",
        lang.pick("連携基盤が待ち受けています", "the platform serves"),
        platform.address()
    );
    if let Some(address) = platform.site_address() {
        let what = lang.pick("ウェブサイト", "web site");
        lines.push_str(&format!("{what}: https://{address}\n"));
    }
    if let Some(address) = platform.operations_address() {
        let what = lang.pick("監視", "for operators");
        lines.push_str(&format!("{what}: http://{address}/ready\n"));
    }
    // A platform serves whether or not anybody reads this: `println!` would end it.
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
}
