//! `office send`: checks files, puts them in, and sends them.

use std::path::PathBuf;

use careplan_client::{Client, Finding, OutgoingState, PutIn, PutInOptions};
use careplan_core::{Explain, OfficeNumber};
use clap::Args;
use serde_json::{Value, json};

use crate::Outcome;
use crate::failure::Failure;
use crate::office::Office;
use crate::output::heading;
use crate::sync;

/// Sends files (送信).
///
/// The files are grouped into sets by their names and checked against the standard; if one cannot
/// be sent, none is taken. Receivers are taken from the names. A PDF goes with the CSV files of its
/// folder; PDFs alone need `--to`.
#[derive(Args)]
pub(crate) struct Send {
    /// Everything goes to this office (送信先の事業所番号); CSV files must name the same
    #[arg(long, value_name = "OFFICE")]
    to: Option<OfficeNumber>,
    /// Seals what is sent, so that only the receiver can read it (封緘)
    #[arg(long)]
    seal: bool,
    /// Checks and shows what would be sent, and takes nothing (確認のみ)
    #[arg(long)]
    check: bool,
    /// Puts the files in; the next sync sends them (送信は次の同期で)
    #[arg(long, conflicts_with = "check")]
    later: bool,
    /// Files and folders (ファイルまたはフォルダー)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl Send {
    pub(crate) fn run(&self, office: &Office) -> Result<Outcome, Failure> {
        let mut options = PutInOptions::default();
        options.receiver = self.to;
        options.seal = self.seal;
        let mut client = office.client()?;
        if self.check {
            return self.look(&mut client, options, office);
        }
        let sets = client.put_in_with(&self.paths, options)?;
        for set in &sets {
            tell_put_in(set, office);
        }
        if self.later {
            if office.json {
                let sets: Vec<Value> = sets.iter().map(put_in_json).collect();
                office.print_json(&json!({"put_in": sets}));
            }
            return Ok(Outcome::Done);
        }
        let synced = client.sync().map_err(|error| {
            let failure = Failure::from(error);
            failure.after(
                "取り込んだファイルは保管されており、次の同期（office sync）で送信されます。",
                "what was put in is kept and goes with the next office sync",
            )
        });
        let report = synced?;
        let mut outcome = sync::outcome(&report);
        let mut results = Vec::with_capacity(sets.len());
        for set in &sets {
            let now = client.outgoing(set.id)?;
            let state = now.state.name(office.lang);
            let receiver = set.header.receiver;
            office.say(
                format!("{receiver}: {state}"),
                format!("{receiver}: {state}"),
            );
            if let OutgoingState::Refused(refusal) = &now.state {
                outcome = Outcome::LookAtIt;
                let why = refusal.explain(office.lang);
                office.say(format!("  {why}"), format!("  {why}"));
            }
            let mut result = put_in_json(set);
            result["result"] = json!(now);
            results.push(result);
        }
        sync::tell_received(&client, &report, office)?;
        if office.json {
            office.print_json(&json!({"sets": results, "sync": report}));
        }
        client.close();
        Ok(outcome)
    }

    fn look(
        &self,
        client: &mut Client,
        options: PutInOptions,
        office: &Office,
    ) -> Result<Outcome, Failure> {
        let sets = client.look_at(&self.paths, options)?;
        for set in &sets {
            let line = heading(set.header, office.lang);
            office.say(&line, &line);
            tell_findings(&set.findings, office);
            if set.findings.is_empty() {
                office.say("  問題は見つかりませんでした。", "  nothing is wrong");
            }
        }
        if office.json {
            let sets: Vec<Value> = sets
                .iter()
                .map(|set| {
                    json!({
                        "header": set.header, "files": set.files, "findings": set.findings,
                        "kept_back": set.is_kept_back(),
                    })
                })
                .collect();
            office.print_json(&json!({ "sets": sets }));
        }
        let kept_back = sets.iter().any(careplan_client::Proposal::is_kept_back);
        Ok(if kept_back {
            Outcome::LookAtIt
        } else {
            Outcome::Done
        })
    }
}

fn tell_put_in(set: &PutIn, office: &Office) {
    let line = heading(set.header, office.lang);
    let (mut ja, mut en) = (line.clone(), line);
    if set.already {
        ja += "（取り込み済み）";
        en += " (put in before)";
    }
    office.say(ja, en);
    tell_findings(&set.findings, office);
}

fn tell_findings(findings: &[Finding], office: &Office) {
    for finding in findings {
        let text = finding.explain(office.lang);
        office.say(format!("  {text}"), format!("  {text}"));
    }
}

fn put_in_json(set: &PutIn) -> Value {
    json!({
        "id": set.id, "header": set.header, "already": set.already, "findings": set.findings,
    })
}
