//! `platform office`: who takes part.

use careplan_core::OfficeNumber;
use clap::Subcommand;
use serde_json::json;

use crate::failure::Failure;
use crate::home::Home;

/// How many offices are read at a time.
const PAGE: u32 = 1000;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Registers an office (登録)
    Add {
        /// Office number (事業所番号)
        office: OfficeNumber,
    },
    /// The registered offices (一覧)
    List,
    /// An office: its log-ins and its licence (詳細)
    Show {
        /// Office number (事業所番号)
        office: OfficeNumber,
    },
}

impl Command {
    pub(crate) fn run(&self, home: &Home) -> Result<(), Failure> {
        match self {
            Self::Add { office } => add(home, *office),
            Self::List => list(home),
            Self::Show { office } => show(home, *office),
        }
    }
}

fn add(home: &Home, office: OfficeNumber) -> Result<(), Failure> {
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

fn list(home: &Home) -> Result<(), Failure> {
    let administration = home.administration()?;
    let mut offices = Vec::new();
    loop {
        let after = offices
            .last()
            .map(|last: &careplan_platform::KnownOffice| last.office);
        let page = administration.offices(after, PAGE).map_err(Failure::of)?;
        if page.is_empty() {
            break;
        }
        offices.extend(page);
    }
    let rows: Vec<_> = offices
        .iter()
        .map(|known| json!({"office": known.office, "registered_at": known.registered_at}))
        .collect();
    let lines = offices
        .iter()
        .map(|known| format!("{}  {}", known.office, known.registered_at))
        .collect::<Vec<_>>()
        .join("\n");
    home.tell(&json!({"offices": rows}), &lines, &lines);
    Ok(())
}

fn show(home: &Home, office: OfficeNumber) -> Result<(), Failure> {
    let administration = home.administration()?;
    let state = administration.licence(office).map_err(Failure::of)?;
    let accounts = administration.accounts(office).map_err(Failure::of)?;
    let users: Vec<_> = accounts.iter().map(|account| account.user).collect();
    let names = users
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let valid = state.standing.is_valid();
    home.tell(
        &json!({"office": office, "users": users, "licence": state}),
        &format!(
            "事業所{office}\nユーザID: {names}\nライセンス: {}",
            if valid { "有効" } else { "無効" }
        ),
        &format!(
            "Office {office}\nusers: {names}\nlicence: {}",
            if valid { "valid" } else { "not valid" }
        ),
    );
    Ok(())
}
