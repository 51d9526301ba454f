//! `office receipts`: the platform's signed receipts, to look at and to hand out.

use careplan_examples::say;
use std::fs;
use std::path::{Path, PathBuf};

use careplan_client::{Client, Incoming, KeptReceipt, ListOptions, Outgoing, ReceivedHeader};
use careplan_core::{Explain, Lang};
use careplan_protocol::{EvidenceEvent, SendingId};
use clap::Args;
use serde_json::{Value, json};

use crate::Outcome;
use crate::failure::Failure;
use crate::list::SetName;
use crate::office::Office;
use crate::output::{heading, when};

/// The platform's signed receipts (受領証): of what was sent, that it was accepted and that the
/// receiver has it; of what was received, that this office confirmed it.
///
/// With `--out` they are written to a folder; `envelope receipt verify` or others' tools (unzip,
/// openssl cms) check them without this program.
#[derive(Args)]
pub(crate) struct Receipts {
    /// Writes the receipts to this folder (書き出し先)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Sets, by their number in the list (S1, R1) or their ID; without any, the newest fifty sent
    /// and the newest fifty received
    #[arg(value_name = "ID")]
    sets: Vec<SetName>,
}

/// A set with its receipts.
struct Proof {
    /// `S1`, `R1`.
    name: String,
    /// The set's, in this home.
    id: String,
    number: u64,
    header: ReceivedHeader,
    /// The platform's number; none before the platform has it.
    sending: Option<SendingId>,
    receipts: Vec<KeptReceipt>,
}

impl Proof {
    fn of_sent(client: &Client, set: &Outgoing) -> Result<Self, Failure> {
        Ok(Self {
            name: format!("S{}", set.number),
            id: set.id.to_string(),
            number: set.number,
            header: set.header.into(),
            sending: set.receipt.as_ref().map(|answer| answer.sending),
            receipts: client.receipts(set.id)?,
        })
    }

    fn of_received(client: &Client, set: &Incoming) -> Result<Self, Failure> {
        Ok(Self {
            name: format!("R{}", set.number),
            id: set.id.to_string(),
            number: set.number,
            header: set.header,
            sending: Some(set.id),
            receipts: client.receipts_received(set.id)?,
        })
    }
}

impl Receipts {
    pub(crate) fn run(&self, office: &Office) -> Result<Outcome, Failure> {
        let client = office.client()?;
        let mut outcome = Outcome::Done;
        let mut told = Vec::new();
        for proof in self.proofs(&client)? {
            let Proof {
                name,
                id,
                number,
                header,
                receipts,
                ..
            } = &proof;
            if receipts.iter().any(|receipt| receipt.doubt.is_some()) {
                outcome = Outcome::LookAtIt;
            }
            let files = match &self.out {
                Some(folder) => write(folder, &proof)?,
                None => Vec::new(),
            };
            if office.json {
                told.push(json!({
                    "id": id, "set": name, "number": number, "receipts": receipts, "files": files,
                }));
            } else if !receipts.is_empty() {
                say!("{name}  {}", heading(*header, office.lang));
                tell(receipts, office.lang);
            }
        }
        if office.json {
            office.print_json(&Value::from(told));
        }
        Ok(outcome)
    }

    fn proofs(&self, client: &Client) -> Result<Vec<Proof>, Failure> {
        if self.sets.is_empty() {
            let page = ListOptions {
                before: None,
                limit: 50,
            };
            let (sent, received) = (client.sent(page)?, client.received(page)?);
            let sent = sent.iter().map(|set| Proof::of_sent(client, set));
            let received = received.iter().map(|set| Proof::of_received(client, set));
            return sent.chain(received).collect();
        }
        let named = self.sets.iter().map(|set| {
            if set.is_sent(client) {
                Proof::of_sent(client, &set.outgoing(client)?)
            } else {
                Proof::of_received(client, &set.incoming(client)?)
            }
        });
        named.collect()
    }
}

fn tell(receipts: &[KeptReceipt], lang: Lang) {
    for receipt in receipts {
        let at = when(receipt.at);
        let event = event_name(receipt.event, lang);
        say!("  {at}  {event}");
        if let Some(doubt) = &receipt.doubt {
            say!("    {}", doubt.explain(lang));
        }
    }
}

fn event_name(event: EvidenceEvent, lang: Lang) -> &'static str {
    let (ja, en) = match event {
        EvidenceEvent::Accepted => ("センターが受け付けました", "accepted by the platform"),
        EvidenceEvent::MadeAvailable => ("受信できる状態になりました", "made available"),
        EvidenceEvent::Received => (
            "受信が確認されました",
            "received and confirmed by the receiver",
        ),
        EvidenceEvent::Withdrawn => ("取り消されました", "withdrawn"),
        EvidenceEvent::Refused => ("配送されませんでした", "refused"),
        EvidenceEvent::Expired => ("期限が過ぎました", "expired"),
        EvidenceEvent::Removed => ("保存期間が過ぎ、削除されました", "removed after its time"),
        _ => (event.as_str(), event.as_str()),
    };
    lang.pick(ja, en)
}

/// Writes receipts as files; one that is there is the same and written again.
fn write(folder: &Path, proof: &Proof) -> Result<Vec<PathBuf>, Failure> {
    fs::create_dir_all(folder).map_err(Failure::io(folder))?;
    let Some(sending) = proof.sending else {
        return Ok(Vec::new());
    };
    proof
        .receipts
        .iter()
        .map(|receipt| {
            let path = folder.join(format!("receipt-{sending}-{}.asice", receipt.event));
            careplan_tables::write_whole(&path, &receipt.container)
                .map_err(|error| Failure::io(&path)(std::io::Error::other(error)))?;
            Ok(path)
        })
        .collect()
}
