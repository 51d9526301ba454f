//! `platform session`: who is logged in.

use careplan_core::OfficeNumber;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::failure::Failure;
use crate::home::Home;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Ends all sessions of an office (ログアウトさせる)
    End(End),
}

#[derive(Args)]
pub(crate) struct End {
    /// Office number (事業所番号)
    #[arg(long)]
    office: OfficeNumber,
}

impl Command {
    pub(crate) fn run(&self, home: &Home) -> Result<(), Failure> {
        match self {
            Self::End(command) => command.run(home),
        }
    }
}

impl End {
    fn run(&self, home: &Home) -> Result<(), Failure> {
        let office = self.office;
        home.administration()?
            .end_sessions(office)
            .map_err(Failure::of)?;
        home.tell(
            &json!({"office": office}),
            &format!("事業所{office}のログインをすべて終了しました。"),
            &format!("All sessions of office {office} have ended."),
        );
        Ok(())
    }
}
