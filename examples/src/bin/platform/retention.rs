//! `platform retention`: removing what was kept long enough.

use clap::Subcommand;
use serde_json::json;

use crate::failure::Failure;
use crate::home::Home;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Removes containers and lines of the access log whose time is over now, as a serving platform
    /// does every minute (実行)
    Run,
}

impl Command {
    pub(crate) fn run(&self, home: &Home) -> Result<(), Failure> {
        let Self::Run = self;
        let settings = home.settings()?;
        let days = settings.keep.settled_days;
        let signer = settings.evidence_config().map_err(Failure::of)?.signer;
        let administration = home.administration()?;
        let removed = administration
            .remove_settled(days.days(), signer)
            .map_err(Failure::of)?;
        let lines = administration
            .forget_accesses(settings.keep.access_log_days.days())
            .map_err(Failure::of)?;
        let days = days.get();
        home.tell(
            &json!({"removed": removed, "settled_days": days, "access_log_lines": lines}),
            &format!("受信確認などから{days}日を過ぎたデータ{removed}件を削除しました。記録は残っています。保存期間の過ぎたアクセス記録{lines}件を削除しました。"),
            &format!("Removed {removed} containers settled {days} days ago or longer; their records stay. Removed {lines} lines of the access log after their time."),
        );
        Ok(())
    }
}
