//! `platform retention`: removing what was kept long enough.

use clap::Subcommand;
use serde_json::json;

use crate::failure::Failure;
use crate::home::Home;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Removes containers whose time is over now, as a serving platform does every minute (実行)
    Run,
}

impl Command {
    pub(crate) fn run(&self, home: &Home) -> Result<(), Failure> {
        let Self::Run = self;
        let days = home.settings()?.keep.settled_days;
        let removed = home
            .administration()?
            .remove_settled(days.days())
            .map_err(Failure::of)?;
        let days = days.get();
        home.tell(
            &json!({"removed": removed, "settled_days": days}),
            &format!("受信確認などから{days}日を過ぎたデータ{removed}件を削除しました。記録は残っています。"),
            &format!("Removed {removed} containers settled {days} days ago or longer; their records stay."),
        );
        Ok(())
    }
}
