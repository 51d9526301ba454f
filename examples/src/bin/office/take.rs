//! `office take`, `office withdraw`, `office retry`: files out of the home, and sets back.

use careplan_examples::say;
use std::path::PathBuf;

use careplan_client::OutgoingState;
use clap::Args;
use serde_json::{Value, json};

use crate::Outcome;
use crate::failure::Failure;
use crate::list::SetName;
use crate::office::Office;
use crate::output::heading;

/// Takes received files out to a folder, in the order of import (取り出し).
#[derive(Args)]
pub(crate) struct Take {
    /// The folder; nothing in it is overwritten (取り出し先)
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Sets; without any, everything that was not taken out yet
    #[arg(value_name = "ID")]
    sets: Vec<SetName>,
}

impl Take {
    pub(crate) fn run(&self, office: &Office) -> Result<Outcome, Failure> {
        let mut client = office.client()?;
        let taken = if self.sets.is_empty() {
            client.take_out_new(&self.out)?
        } else {
            let ids = self
                .sets
                .iter()
                .map(|set| Ok(set.incoming(&client)?.id))
                .collect::<Result<Vec<_>, Failure>>()?;
            client.take_out(&ids, &self.out)?
        };
        if office.json {
            let taken: Vec<Value> = taken
                .iter()
                .map(|set| json!({"id": set.id, "header": set.header, "files": set.files}))
                .collect();
            office.print_json(&json!({ "taken_out": taken }));
            return Ok(Outcome::Done);
        }
        if taken.is_empty() {
            office.say("新着はありません。", "there is nothing new");
        }
        for set in &taken {
            say!("{}", heading(set.header, office.lang));
            for file in &set.files {
                say!("  {}", file.display());
            }
        }
        Ok(Outcome::Done)
    }
}

/// Takes a set back that the receiver has not fetched yet (取り消し).
#[derive(Args)]
pub(crate) struct Withdraw {
    /// Its number in the list (S1) or its ID
    #[arg(value_name = "ID")]
    set: SetName,
}

impl Withdraw {
    pub(crate) fn run(&self, office: &Office) -> Result<Outcome, Failure> {
        let mut client = office.client()?;
        let set = self.set.outgoing(&client)?;
        match set.receipt {
            Some(_) => drop(client.withdraw(set.id)?),
            // It is still here only.
            None => client.discard(set.id)?,
        }
        tell_state(&client.outgoing(set.id)?.state, office);
        client.close();
        Ok(Outcome::Done)
    }
}

/// Lets a set that was not accepted be sent again with the next sync, after the reason was put
/// right (再送信).
#[derive(Args)]
pub(crate) struct Retry {
    /// Its number in the list (S1) or its ID
    #[arg(value_name = "ID")]
    set: SetName,
}

impl Retry {
    pub(crate) fn run(&self, office: &Office) -> Result<Outcome, Failure> {
        let mut client = office.client()?;
        let id = self.set.outgoing(&client)?.id;
        client.retry(id)?;
        tell_state(&client.outgoing(id)?.state, office);
        Ok(Outcome::Done)
    }
}

fn tell_state(state: &OutgoingState, office: &Office) {
    if office.json {
        office.print_json(&json!(state));
    } else {
        say!("{}", state.name(office.lang));
    }
}
