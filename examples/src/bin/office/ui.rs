//! `office ui`: the office's page in the browser, on this machine only. The page itself is
//! careplan-office-ui.

use std::path::PathBuf;

use careplan_office_ui::{OfficePage, PageOptions, Watch};
use clap::Args;
use serde_json::json;

use crate::Outcome;
use crate::failure::Failure;
use crate::office::Office;

/// Opens the office's page in the browser.
#[derive(Debug, Args)]
pub(crate) struct Ui {
    /// Folder that received files are taken out to unless you name another on the page
    /// (取り出し先のフォルダー)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Port on 127.0.0.1; without it any free one (ポート番号)
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Only prints the address (ブラウザーを開かず、アドレスだけを表示)
    #[arg(long)]
    no_browser: bool,
}

impl Ui {
    pub(crate) fn run(&self, office: &Office) -> Result<Outcome, Failure> {
        let home = office.home()?.to_owned();
        let watch = Watch::new();
        // Asked now: later the person looks at the browser and not at the terminal.
        office.ask_log_in()?;
        let client = office.client_observed(None, || watch.observer())?;
        let mut options = PageOptions::new(home.join("page"), self.out(&home));
        options.lang = office.lang;
        options.port = self.port;
        options.watch = watch;
        let mut page = OfficePage::start(client, options).map_err(Failure::other)?;
        let stopper = page.stopper();
        // Ctrl-C ends the page as its own button does. Without it the program ends at once, which
        // loses nothing either.
        let _ = ctrlc::set_handler(move || stopper.stop());
        let shown = !self.no_browser && page.show().is_ok();
        let address = page.address();
        office.event(
            &if shown {
                office.lang.pick(
                    format!("ブラウザーに画面を開きます。開かないときは、次のアドレスを開いてください（一度だけ使えます）。\n{address}"),
                    format!("The page opens in the browser. If it does not, open this address; it is good once.\n{address}"),
                )
            } else {
                office.lang.pick(
                    format!("次のアドレスをブラウザーで開いてください（一度だけ使えます）。\n{address}"),
                    format!("Open this address in a browser; it is good once.\n{address}"),
                )
            },
            &json!({ "event": "listening", "address": address }),
        );
        if let Some(client) = page.wait() {
            client.close();
        }
        office.event(
            office
                .lang
                .pick("画面を終了しました。", "The page has ended."),
            &json!({ "event": "ended" }),
        );
        Ok(Outcome::Done)
    }

    /// Where the person looks for files, or beside what the home has.
    fn out(&self, home: &std::path::Path) -> PathBuf {
        if let Some(out) = &self.out {
            return std::path::absolute(out).unwrap_or_else(|_| out.clone());
        }
        let documents = std::env::home_dir().map(|folder| folder.join("Documents"));
        match documents.filter(|folder| folder.is_dir()) {
            Some(documents) => documents.join("careplan"),
            None => home.join("taken out"),
        }
    }
}
