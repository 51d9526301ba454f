//! `office receipts`: the platform's signed receipts, to look at and to hand out.

use std::fs;
use std::path::{Path, PathBuf};

use careplan_client::{Client, KeptReceipt, ListOptions, Outgoing};
use careplan_core::{Explain, Lang};
use careplan_protocol::EvidenceEvent;
use clap::Args;
use serde_json::{Value, json};

use crate::Outcome;
use crate::failure::Failure;
use crate::list::SetName;
use crate::office::Office;
use crate::output::{heading, when};

/// The platform's signed receipts for what was sent (受領証): that it was accepted, and that the
/// receiver has it.
///
/// With `--out` they are written to a folder; `envelope receipt verify` or others' tools (unzip,
/// openssl cms) check them without this program.
#[derive(Args)]
pub(crate) struct Receipts {
    /// Writes the receipts to this folder (書き出し先)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Sets, by their number in the list (S1) or their ID; without any, the newest fifty
    #[arg(value_name = "ID")]
    sets: Vec<SetName>,
}

impl Receipts {
    pub(crate) fn run(&self, office: &Office) -> Result<Outcome, Failure> {
        let client = office.client()?;
        let sets = self.sets(&client)?;
        let mut outcome = Outcome::Done;
        let mut told = Vec::new();
        for set in &sets {
            let receipts = client.receipts(set.id)?;
            if receipts.iter().any(|receipt| receipt.doubt.is_some()) {
                outcome = Outcome::LookAtIt;
            }
            let files = match &self.out {
                Some(folder) => write(folder, set, &receipts)?,
                None => Vec::new(),
            };
            if office.json {
                told.push(json!({
                    "id": set.id, "number": set.number, "receipts": receipts, "files": files,
                }));
            } else if !receipts.is_empty() {
                println!("S{}  {}", set.number, heading(&set.header, office.lang));
                tell(&receipts, office.lang);
            }
        }
        if office.json {
            office.print_json(&Value::from(told));
        }
        Ok(outcome)
    }

    fn sets(&self, client: &Client) -> Result<Vec<Outgoing>, Failure> {
        if self.sets.is_empty() {
            let page = ListOptions {
                before: None,
                limit: 50,
            };
            return Ok(client.sent(page)?);
        }
        self.sets.iter().map(|set| set.outgoing(client)).collect()
    }
}

fn tell(receipts: &[KeptReceipt], lang: Lang) {
    for receipt in receipts {
        let at = when(receipt.at);
        let event = event_name(receipt.event, lang);
        println!("  {at}  {event}");
        if let Some(doubt) = &receipt.doubt {
            println!("    {}", doubt.explain(lang));
        }
    }
}

fn event_name(event: EvidenceEvent, lang: Lang) -> &'static str {
    let (ja, en) = match event {
        EvidenceEvent::Accepted => ("センターが受け付けました", "accepted by the platform"),
        EvidenceEvent::MadeAvailable => ("受信できる状態になりました", "made available"),
        EvidenceEvent::Received => ("相手が受信しました", "received by the other office"),
        EvidenceEvent::Withdrawn => ("取り消されました", "withdrawn"),
        EvidenceEvent::Refused => ("配送されませんでした", "refused"),
        EvidenceEvent::Expired => ("期限が過ぎました", "expired"),
        _ => (event.as_str(), event.as_str()),
    };
    lang.pick(ja, en)
}

/// Writes receipts as files; one that is there is the same and written again.
fn write(folder: &Path, set: &Outgoing, receipts: &[KeptReceipt]) -> Result<Vec<PathBuf>, Failure> {
    fs::create_dir_all(folder).map_err(Failure::io(folder))?;
    receipts
        .iter()
        .map(|receipt| {
            let sending = match &set.receipt {
                Some(answer) => answer.sending.to_string(),
                None => set.id.to_string(),
            };
            let path = folder.join(format!("receipt-{sending}-{}.asice", receipt.event));
            careplan_tables::write_whole(&path, &receipt.container)
                .map_err(|error| Failure::io(&path)(std::io::Error::other(error)))?;
            Ok(path)
        })
        .collect()
}
