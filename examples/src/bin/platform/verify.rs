//! `platform verify`: whether everything that is kept agrees with itself.

use careplan_core::{Explain, Lang};
use careplan_platform::Verification;
use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::home::Home;

#[derive(Args)]
pub(crate) struct Verify {
    /// Containers are only asked for with their length, and receipts not verified (簡易確認)
    #[arg(long)]
    quick: bool,
}

impl Verify {
    pub(crate) fn run(&self, home: &Home) -> Result<(), Failure> {
        let trust = home.settings()?.trust().map_err(Failure::of)?;
        let found = home
            .administration()?
            .verify(&trust, self.quick)
            .map_err(Failure::of)?;
        let Verification {
            sendings,
            containers,
            receipts,
            log_entries,
            wrong,
            ..
        } = found;
        home.tell(
            &json!(found),
            &format!(
                "送信{sendings}件、コンテナ{containers}個、受領証{receipts}件、証拠ログの項目{log_entries}件を確認しました。"
            ),
            &format!(
                "Looked at {sendings} sendings, {containers} containers, {receipts} receipts, {log_entries} entries of the evidence log."
            ),
        );
        if wrong == 0 {
            return Ok(());
        }
        let lines = |lang| -> String {
            let all = found.discrepancies.iter();
            all.map(|one| format!("\n{}", one.explain(lang))).collect()
        };
        Err(Failure::message(
            format!(
                "整合しない箇所が{wrong}件あります。バックアップから補うか、復元してください。{}",
                lines(Lang::Ja)
            ),
            format!(
                "{wrong} things are wrong; make them good from a backup, or restore it:{}",
                lines(Lang::En)
            ),
        ))
    }
}
