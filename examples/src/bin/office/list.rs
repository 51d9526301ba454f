//! `office list` and `office show`: what was sent and received, and one set in full. Sets are
//! called by their numbers (S1, S2, … sent; R1, R2, … received) or by their IDs.

use careplan_examples::say;
use std::fmt;
use std::str::FromStr;

use careplan_client::{
    Client, Incoming, IncomingState, ListOptions, Outgoing, OutgoingState, SetFile,
};
use careplan_core::Explain;
use careplan_protocol::{IdempotencyKey, SendingId};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::Outcome;
use crate::failure::{Exit, Failure};
use crate::office::Office;
use crate::output::{heading, size, when};

/// Lists sets, newest first (一覧).
#[derive(Args)]
pub(crate) struct List {
    #[command(subcommand)]
    which: Which,
}

#[derive(Subcommand)]
enum Which {
    /// What was put in and sent (送信)
    Sent(Page),
    /// What was received (受信)
    Received(Page),
}

#[derive(Args)]
struct Page {
    /// At most so many (件数)
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Only those with a smaller number, to go on from a list before (この番号より前)
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
}

impl Page {
    fn options(&self) -> ListOptions {
        ListOptions {
            before: self.before,
            limit: self.limit,
        }
    }
}

impl List {
    pub(crate) fn run(&self, office: &Office) -> Result<Outcome, Failure> {
        let client = office.client()?;
        match &self.which {
            Which::Sent(page) => {
                let sets = client.sent(page.options())?;
                if office.json {
                    office.print_json(&sets);
                    return Ok(Outcome::Done);
                }
                for set in &sets {
                    let at = when(set.put_in_at);
                    let (number, state) = (set.number, set.state.name(office.lang));
                    let line = heading(set.header, office.lang);
                    say!("S{number:<6} {at}  {state}  {line}");
                }
            }
            Which::Received(page) => {
                let sets = client.received(page.options())?;
                if office.json {
                    office.print_json(&sets);
                    return Ok(Outcome::Done);
                }
                for set in &sets {
                    let at = when(set.received_at);
                    let (number, state) = (set.number, received_state(set, office));
                    let line = heading(set.header, office.lang);
                    say!("R{number:<6} {at}  {state}  {line}");
                }
            }
        }
        Ok(Outcome::Done)
    }
}

fn received_state(set: &Incoming, office: &Office) -> &'static str {
    match (&set.state, set.taken_out_at) {
        (IncomingState::Quarantined(_), _) => set.state.name(office.lang),
        (_, Some(_)) => office.lang.pick("取り出し済", "taken out"),
        (_, None) => office.lang.pick("新着", "new"),
    }
}

/// A set by what a person types.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SetName {
    Sent(u64),
    Received(u64),
    Id(uuid::Uuid),
}

impl FromStr for SetName {
    type Err = NotASetName;

    fn from_str(text: &str) -> Result<Self, NotASetName> {
        let number = |digits: &str| digits.parse().map_err(|_| NotASetName);
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        match text.split_at_checked(1) {
            Some(("S" | "s", digits)) => number(digits).map(Self::Sent),
            Some(("R" | "r", digits)) => number(digits).map(Self::Received),
            _ => Err(NotASetName),
        }
    }
}

/// Not a set's name.
#[derive(Debug)]
pub(crate) struct NotASetName;

impl fmt::Display for NotASetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("一覧の番号（S1、R1）またはIDを指定してください / give a number of the list (S1, R1) or an ID")
    }
}

impl std::error::Error for NotASetName {}

impl SetName {
    /// Whether it is one that was sent from here.
    pub(crate) fn is_sent(self, client: &Client) -> bool {
        match self {
            Self::Sent(_) => true,
            Self::Received(_) => false,
            Self::Id(_) => self.outgoing(client).is_ok(),
        }
    }

    pub(crate) fn outgoing(self, client: &Client) -> Result<Outgoing, Failure> {
        match self {
            Self::Sent(number) => {
                let page = ListOptions {
                    before: number.checked_add(1),
                    limit: 1,
                };
                let found = client.sent(page)?.pop();
                found
                    .filter(|set| set.number == number)
                    .ok_or_else(|| self.unknown())
            }
            Self::Id(id) => Ok(client.outgoing(IdempotencyKey::new(id))?),
            Self::Received(_) => Err(self.unknown()),
        }
    }

    pub(crate) fn incoming(self, client: &Client) -> Result<Incoming, Failure> {
        match self {
            Self::Received(number) => {
                let page = ListOptions {
                    before: number.checked_add(1),
                    limit: 1,
                };
                let found = client.received(page)?.pop();
                found
                    .filter(|set| set.number == number)
                    .ok_or_else(|| self.unknown())
            }
            Self::Id(id) => Ok(client.incoming(SendingId::new(id))?),
            Self::Sent(_) => Err(self.unknown()),
        }
    }

    fn unknown(self) -> Failure {
        Failure::new(
            Exit::CouldNot,
            "その番号のデータはありません。office list で確かめてください。",
            "there is no set of that number; see office list",
        )
    }
}

/// Shows one set in full (詳細).
#[derive(Args)]
pub(crate) struct Show {
    /// Its number in the list (S1, R1) or its ID
    #[arg(value_name = "ID")]
    set: SetName,
}

impl Show {
    pub(crate) fn run(&self, office: &Office) -> Result<Outcome, Failure> {
        let client = office.client()?;
        if self.set.is_sent(&client) {
            show_outgoing(&client, &self.set.outgoing(&client)?, office)?;
        } else {
            show_incoming(&self.set.incoming(&client)?, office);
        }
        Ok(Outcome::Done)
    }
}

fn show_outgoing(client: &Client, set: &Outgoing, office: &Office) -> Result<(), Failure> {
    let findings = client.findings(set.id)?;
    if office.json {
        let mut value = json!(set);
        value["findings"] = json!(findings);
        office.print_json(&value);
        return Ok(());
    }
    let lang = office.lang;
    say!("S{}  {}", set.number, heading(set.header, lang));
    say!("ID  {}", set.id);
    let (at, state) = (when(set.put_in_at), set.state.name(lang));
    office.say(format!("取り込み {at}"), format!("put in {at}"));
    office.say(format!("状態 {state}"), format!("state {state}"));
    if let OutgoingState::Refused(refusal) = &set.state {
        say!("  {}", refusal.explain(lang));
    }
    if let Some(receipt) = &set.receipt {
        let at = when(receipt.accepted_at);
        office.say(
            format!("センター受付 {at}（{}）", receipt.sending),
            format!("accepted by the platform {at} ({})", receipt.sending),
        );
    }
    show_files(&set.files);
    for finding in &findings {
        say!("  {}", finding.explain(lang));
    }
    Ok(())
}

fn show_incoming(set: &Incoming, office: &Office) {
    if office.json {
        let value: Value = json!(set);
        office.print_json(&value);
        return;
    }
    let lang = office.lang;
    say!("R{}  {}", set.number, heading(set.header, lang));
    say!("ID  {}", set.id);
    let (at, state) = (when(set.received_at), set.state.name(lang));
    office.say(format!("受信 {at}"), format!("received {at}"));
    if set.sealed {
        office.say("封緘 あり", "sealed on its way");
    }
    office.say(format!("状態 {state}"), format!("state {state}"));
    if let Some(signed_at) = set.signed_at {
        let at = when(signed_at);
        office.say(
            format!("送信元の署名 {at}"),
            format!("signed by the sender {at}"),
        );
    }
    if let Some(at) = set.taken_out_at.map(when) {
        office.say(format!("取り出し {at}"), format!("taken out {at}"));
    }
    if let IncomingState::Quarantined(refusal) | IncomingState::NotConfirmed(refusal) = &set.state {
        say!("  {}", refusal.explain(lang));
    }
    show_files(&set.files);
}

fn show_files(files: &[SetFile]) {
    for file in files {
        say!("  {}  {}", file.name, size(file.bytes));
    }
}
