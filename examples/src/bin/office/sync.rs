//! `office sync`: one round with the platform.

use careplan_client::{Client, IncomingState, OutgoingState, ReceivedHeader, SyncReport};
use careplan_core::Explain;
use chrono::{Months, Utc};
use clap::Args;

use crate::Outcome;
use crate::failure::Failure;
use crate::office::Office;
use crate::output::{count, heading};

/// Sends what waits, receives what is new, hears what became of what was sent (同期).
#[derive(Args)]
pub(crate) struct Sync {
    /// First looks at quarantined containers again, after a key, an authority or the clock was put
    /// right (隔離したデータの再確認)
    #[arg(long)]
    recheck: bool,
}

impl Sync {
    pub(crate) fn run(&self, office: &Office) -> Result<Outcome, Failure> {
        let mut client = office.client()?;
        let released = if self.recheck {
            client.recheck_quarantine()?
        } else {
            Vec::new()
        };
        let mut report = client.sync()?;
        report.received.splice(..0, released);
        forget_old(&mut client, office)?;
        if office.json {
            office.print_json(&report);
        } else {
            tell(&client, &report, office)?;
        }
        client.close();
        Ok(outcome(&report))
    }
}

/// Whether a person has to look at something.
pub(crate) fn outcome(report: &SyncReport) -> Outcome {
    let nothing = report.refused.is_empty()
        && report.quarantined.is_empty()
        && report.doubtful_receipts.is_empty()
        && report.doubtful_receipts_received.is_empty();
    if nothing {
        Outcome::Done
    } else {
        Outcome::LookAtIt
    }
}

/// Removes files of sendings that ended longer ago than the settings say.
pub(crate) fn forget_old(client: &mut Client, office: &Office) -> Result<(), Failure> {
    if let Some(months) = office.setup()?.settings().keep_months
        && let Some(before) = Utc::now().checked_sub_months(Months::new(months))
    {
        client.remove_files_before(before)?;
    }
    Ok(())
}

pub(crate) fn tell(client: &Client, report: &SyncReport, office: &Office) -> Result<(), Failure> {
    let lang = office.lang;
    let (accepted, received) = (
        count(lang, report.accepted.len()),
        count(lang, report.received.len()),
    );
    office.say(
        format!("送信 {accepted}、受信 {received}"),
        format!("sent {accepted}, received {received}"),
    );
    for &id in &report.refused {
        let set = client.outgoing(id)?;
        let line = heading(set.header, lang);
        if let OutgoingState::Refused(refusal) = &set.state {
            let why = refusal.explain(lang);
            office.say(
                format!("送信できません: {line}\n  {why}"),
                format!("not accepted: {line}\n  {why}"),
            );
        }
    }
    // What was just sent is told as sent.
    let before = |id| !report.accepted.contains(id);
    for (id, state) in report.changed.iter().filter(|(id, _)| before(id)) {
        let line = heading(client.outgoing(*id)?.header, lang);
        let state = state.name(lang);
        office.say(format!("{state}: {line}"), format!("{state}: {line}"));
    }
    let sent = report.doubtful_receipts.iter();
    let sent = sent.map(|&id| Ok(client.outgoing(id)?.header.into()));
    let received = report.doubtful_receipts_received.iter();
    let received = received.map(|&id| Ok(client.incoming(id)?.header));
    for header in sent.chain(received) {
        let header: Result<ReceivedHeader, Failure> = header;
        let line = heading(header?, lang);
        office.say(
            format!("受領証を検証できません: {line}（office receipts で確かめ、運用センターに連絡してください）"),
            format!("a receipt does not verify: {line} (see office receipts, and tell the operations centre)"),
        );
    }
    tell_received(client, report, office)
}

pub(crate) fn tell_received(
    client: &Client,
    report: &SyncReport,
    office: &Office,
) -> Result<(), Failure> {
    let lang = office.lang;
    for &id in &report.received {
        let line = heading(client.incoming(id)?.header, lang);
        office.say(format!("受信: {line}"), format!("received: {line}"));
    }
    for &id in &report.quarantined {
        let set = client.incoming(id)?;
        let line = heading(set.header, lang);
        if let IncomingState::Quarantined(refusal) = &set.state {
            let why = refusal.explain(lang);
            office.say(
                format!("隔離: {line}\n  {why}"),
                format!("quarantined: {line}\n  {why}"),
            );
        }
    }
    Ok(())
}
