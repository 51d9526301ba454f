//! `platform backup` and `platform restore`.

use std::path::PathBuf;

use careplan_platform::{BackupSummary, SystemClock, back_up, restore};
use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::home::Home;

#[derive(Args)]
pub(crate) struct Backup {
    /// New or empty folder to write to (保存先)
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

#[derive(Args)]
pub(crate) struct Restore {
    /// Folder of the backup (バックアップ)
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
}

impl Backup {
    pub(crate) fn run(&self, home: &Home) -> Result<(), Failure> {
        home.must_be_embedded()?;
        let summary = back_up(home.folder(), &self.to, &SystemClock).map_err(Failure::of)?;
        let folder = self.to.display();
        tell(
            home,
            &summary,
            &format!("{folder} にバックアップを作成しました"),
            &format!("{folder} is a complete backup now"),
        );
        Ok(())
    }
}

impl Restore {
    pub(crate) fn run(&self, home: &Home) -> Result<(), Failure> {
        home.must_be_embedded()?;
        let summary = restore(&self.from, home.folder()).map_err(Failure::of)?;
        let folder = home.folder().display();
        tell(
            home,
            &summary,
            &format!(
                "{folder} に復元しました。設定と証明書を戻してから platform を起動してください"
            ),
            &format!(
                "{folder} is restored; put configuration and certificates back, then start the platform"
            ),
        );
        Ok(())
    }
}

fn tell(home: &Home, summary: &BackupSummary, ja: &str, en: &str) {
    let (made_at, sendings, containers) = (summary.made_at, summary.sendings, summary.containers);
    let bytes = summary.container_bytes;
    home.tell(
        &json!(summary),
        &format!(
            "{ja}（{made_at} 時点、送信{sendings}件、コンテナ{containers}個、{bytes}バイト）。"
        ),
        &format!(
            "{en} (of {made_at}: {sendings} sendings, {containers} containers, {bytes} bytes)."
        ),
    );
}
