//! `platform audit`: who called what, and what was answered.

use careplan_core::OfficeNumber;
use careplan_platform::Access;
use clap::{Args, Subcommand};
use serde_json::json;
use uuid::Uuid;

use crate::failure::Failure;
use crate::home::Home;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Calls, the oldest first (一覧)
    List(List),
}

#[derive(Args)]
pub(crate) struct List {
    /// Only those of an office (事業所番号)
    #[arg(long)]
    office: Option<OfficeNumber>,
    /// Only those after a request, the last of an earlier list (続きから)
    #[arg(long, value_name = "REQUEST")]
    after: Option<Uuid>,
    /// At most so many (件数)
    #[arg(long, default_value_t = 1000)]
    limit: usize,
}

impl Command {
    pub(crate) fn run(&self, home: &Home) -> Result<(), Failure> {
        match self {
            Self::List(command) => command.run(home),
        }
    }
}

impl List {
    fn run(&self, home: &Home) -> Result<(), Failure> {
        let accesses = home
            .administration()?
            .accesses(self.office, self.after, self.limit)
            .map_err(Failure::of)?;
        let rows: Vec<_> = accesses
            .iter()
            .map(|access| {
                json!({
                    "at": access.at,
                    "request": access.request,
                    "office": access.office,
                    "call": access.call,
                    "sending": access.sending.map(|sending| sending.to_string()),
                    "status": access.status,
                    "problem": access.problem,
                })
            })
            .collect();
        let lines = accesses.iter().map(line).collect::<Vec<_>>().join("\n");
        home.tell(&json!({"accesses": rows}), &lines, &lines);
        Ok(())
    }
}

fn line(access: &Access) -> String {
    let office = access
        .office
        .map_or_else(|| "-".to_owned(), |office| office.to_string());
    let sending = access
        .sending
        .map_or_else(|| "-".to_owned(), |sending| sending.to_string());
    format!(
        "{}  {}  {office}  {}  {sending}  {}  {}",
        access.at,
        access.request,
        access.call,
        access.status,
        access.problem.as_deref().unwrap_or("-")
    )
}
