//! `platform office`: who takes part.

use careplan_core::OfficeNumber;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::failure::Failure;
use crate::home::Home;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Registers an office (登録)
    Add(Add),
}

#[derive(Args)]
pub(crate) struct Add {
    /// Office number (事業所番号)
    office: OfficeNumber,
}

impl Command {
    pub(crate) fn run(&self, home: &Home) -> Result<(), Failure> {
        match self {
            Self::Add(command) => command.run(home),
        }
    }
}

impl Add {
    fn run(&self, home: &Home) -> Result<(), Failure> {
        let office = self.office;
        home.administration()?
            .register_office(office)
            .map_err(Failure::of)?;
        home.tell(
            &json!({"office": office}),
            &format!("事業所{office}を登録しました。"),
            &format!("Office {office} is registered."),
        );
        Ok(())
    }
}
