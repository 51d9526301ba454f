//! The month, steps 1 to 12: plans go out and are imported, actuals come back.

use std::collections::BTreeSet;
use std::fs;

use careplan_client::{IncomingState, OutgoingState, TakenOut};
use careplan_core::{Lang, OfficeNumber};
use careplan_protocol::{IdempotencyKey, SendingId};

use crate::exports::Export;
use crate::failure::{Doing, Failure};
use crate::import::{self, Imported};
use crate::story::Story;
use crate::summary::Row;
use crate::world::World;

/// The headings of one direction, as the exchange's description numbers its steps.
struct Headings {
    exported: [&'static str; 2],
    put_in: [&'static str; 2],
    sent: [&'static str; 2],
    received: [&'static str; 2],
    taken_out: [&'static str; 2],
    imported: [&'static str; 2],
}

const PLANS: Headings = Headings {
    exported: [
        "1. 居宅介護支援事業所のソフトウェアが予定のファイル（CSV）を出力する",
        "1. The care manager's software exports the planned files (CSV)",
    ],
    put_in: [
        "2. クライアントに登録する",
        "2. The files are put into the client",
    ],
    sent: [
        "3. 署名して送信する（証明書が自動的に付く）",
        "3. The client signs and sends them, the office's certificate attached",
    ],
    received: [
        "4. サービス事業所のクライアントが受信し、検証する",
        "4. The service offices' clients receive and verify",
    ],
    taken_out: [
        "5. クライアントから取り出す",
        "5. The files are taken out of the client",
    ],
    imported: [
        "6. サービス事業所のソフトウェアが取り込み、確認する",
        "6. The service offices' software imports them, and someone checks",
    ],
};

const ACTUALS: Headings = Headings {
    exported: [
        "7. サービス提供後、サービス事業所のソフトウェアが実績（CSV）を出力する",
        "7. After the services, the service offices' software exports the actuals (CSV)",
    ],
    put_in: [
        "8. クライアントに登録する",
        "8. The files are put into the client",
    ],
    sent: ["9. 署名して送信する", "9. The client signs and sends them"],
    received: [
        "10. 居宅介護支援事業所のクライアントが受信し、検証する",
        "10. The care manager's client receives and verifies",
    ],
    taken_out: [
        "11. クライアントから取り出す",
        "11. The files are taken out of the client",
    ],
    imported: [
        "12. 居宅介護支援事業所のソフトウェアが取り込み、予定と実績を突き合わせる",
        "12. The care manager's software imports them and compares plan and actuals",
    ],
};

/// An export on its way.
struct Travelling<'e> {
    export: &'e Export,
    key: IdempotencyKey,
}

/// Walks through the month. Whatever arrived has a row, also if something after it fails.
pub(crate) fn walk(
    world: &mut World,
    exports: &[Export],
    story: &mut Story,
    rows: &mut Vec<Row>,
) -> Result<(), Vec<Failure>> {
    let mut imported = Imported::default();
    for (headings, actuals) in [(&PLANS, false), (&ACTUALS, true)] {
        let half: Vec<&Export> = exports
            .iter()
            .filter(|export| export.is_actuals() == actuals)
            .collect();
        if !half.is_empty() {
            exchange(world, headings, &half, story, rows, &mut imported)?;
        }
    }
    imported.tell_comparison(story);
    Ok(())
}

/// One direction: six steps.
fn exchange(
    world: &mut World,
    headings: &Headings,
    exports: &[&Export],
    story: &mut Story,
    rows: &mut Vec<Row>,
    imported: &mut Imported,
) -> Result<(), Vec<Failure>> {
    chapter(story, headings.exported);
    for export in exports {
        tell_export(export, story);
    }

    chapter(story, headings.put_in);
    let travelling = put_in(world, exports, story).map_err(|failure| vec![failure])?;

    chapter(story, headings.sent);
    let senders: BTreeSet<OfficeNumber> = exports.iter().map(|export| export.sender()).collect();
    for &sender in &senders {
        send(world, sender, story)?;
    }

    chapter(story, headings.received);
    let receivers: BTreeSet<OfficeNumber> =
        exports.iter().map(|export| export.receiver()).collect();
    let mut received = Vec::new();
    for &receiver in &receivers {
        received.push((receiver, receive(world, receiver, story)?));
    }

    chapter(story, headings.taken_out);
    let mut taken = Vec::new();
    for (receiver, ids) in received {
        taken.extend(take_out(world, receiver, &ids, story).map_err(|failure| vec![failure])?);
    }
    let mut failures = Vec::new();
    for one in &travelling {
        match arrived(world, one, &taken) {
            Ok(row) => rows.push(row),
            Err(failure) => failures.push(failure),
        }
    }
    if !failures.is_empty() {
        return Err(failures);
    }

    chapter(story, headings.imported);
    for sending in &taken {
        imported
            .import(sending, story)
            .map_err(|failure| vec![failure])?;
    }
    Ok(())
}

fn chapter(story: &mut Story, [ja, en]: [&str; 2]) {
    story.chapter(ja, en);
}

fn tell_export(export: &Export, story: &mut Story) {
    let files: Vec<&str> = export.set.names().collect();
    let (from, to) = (export.sender(), export.receiver());
    story.tell(
        &format!(
            "{from} → {to}　{}：{}件",
            export.kind.name(Lang::Ja),
            files.len()
        ),
        &format!(
            "{from} → {to}  {}: {} files",
            export.kind.name(Lang::En),
            files.len()
        ),
    );
    for file in files {
        story.tell(&format!("  {file}"), &format!("  {file}"));
    }
}

/// Puts everything in before anything is sent.
fn put_in<'e>(
    world: &mut World,
    exports: &[&'e Export],
    story: &mut Story,
) -> Result<Vec<Travelling<'e>>, Failure> {
    let mut travelling = Vec::new();
    for &export in exports {
        let doing = Doing::PuttingIn(export.sender());
        let Some(office) = world.offices.get_mut(&export.sender()) else {
            continue;
        };
        let paths: Vec<_> = export.paths().collect();
        for set in office.client.put_in(&paths).map_err(Failure::part(doing))? {
            story.tell(
                &format!(
                    "{}　{}：登録しました。",
                    export.sender(),
                    set.header.set.name(Lang::Ja)
                ),
                &format!(
                    "{}  {}: stored in the outbox.",
                    export.sender(),
                    set.header.set.name(Lang::En)
                ),
            );
            travelling.push(Travelling {
                export,
                key: set.id,
            });
        }
    }
    Ok(travelling)
}

fn send(world: &mut World, sender: OfficeNumber, story: &mut Story) -> Result<(), Vec<Failure>> {
    let Some(office) = world.offices.get_mut(&sender) else {
        return Ok(());
    };
    story.busy("送信しています", "sending");
    world.stopwatch.start();
    let doing = Doing::Sending(sender);
    let report = office
        .client
        .sync()
        .map_err(|error| vec![Failure::part(doing)(error)])?;
    story.idle();
    let mut failures = Vec::new();
    for key in report.refused {
        let set = office
            .client
            .outgoing(key)
            .map_err(|error| vec![Failure::part(doing)(error)])?;
        if let OutgoingState::Refused(refusal) = set.state {
            failures.push(Failure::part(doing)(refusal));
        }
    }
    if !failures.is_empty() {
        return Err(failures);
    }
    let count = report.accepted.len();
    story.tell(
        &format!("{sender}：{count}件を送信し、受付票を受け取りました。"),
        &format!("{sender}: {count} sent, receipts received."),
    );
    Ok(())
}

fn receive(
    world: &mut World,
    receiver: OfficeNumber,
    story: &mut Story,
) -> Result<Vec<SendingId>, Vec<Failure>> {
    let Some(office) = world.offices.get_mut(&receiver) else {
        return Ok(Vec::new());
    };
    story.busy("受信しています", "receiving");
    world.stopwatch.start();
    let doing = Doing::Receiving(receiver);
    let report = office
        .client
        .sync()
        .map_err(|error| vec![Failure::part(doing)(error)])?;
    story.idle();
    let mut quarantined = Vec::new();
    for id in report.quarantined {
        let set = office
            .client
            .incoming(id)
            .map_err(|error| vec![Failure::part(doing)(error)])?;
        if let IncomingState::Quarantined(refusal) = set.state {
            quarantined.push(Failure::part(doing)(refusal));
        }
    }
    if !quarantined.is_empty() {
        return Err(quarantined);
    }
    let count = report.received.len();
    story.tell(
        &format!("{receiver}：{count}件を受信しました。署名、証明書、内容の一致を確認しました。"),
        &format!("{receiver}: {count} received; signature, certificate and contents verified."),
    );
    Ok(report.received)
}

fn take_out(
    world: &mut World,
    receiver: OfficeNumber,
    ids: &[SendingId],
    story: &mut Story,
) -> Result<Vec<TakenOut>, Failure> {
    let Some(office) = world.offices.get_mut(&receiver) else {
        return Ok(Vec::new());
    };
    world.stopwatch.start();
    let doing = Doing::TakingOut(receiver);
    let mut taken = Vec::new();
    for id in ids {
        // A folder each, so that PDFs of the same name do not meet.
        let folder = office.imports.join(id.to_string());
        taken.extend(
            office
                .client
                .take_out(&[*id], &folder)
                .map_err(Failure::part(doing))?,
        );
    }
    let files: usize = taken.iter().map(|sending| sending.files.len()).sum();
    story.tell(
        &format!("{receiver}：{files}ファイルを取り出しました。"),
        &format!("{receiver}: {files} files taken out."),
    );
    Ok(taken)
}

/// Finds what arrived of an export and compares it byte for byte with what was exported.
fn arrived(world: &World, one: &Travelling<'_>, taken: &[TakenOut]) -> Result<Row, Failure> {
    let export = one.export;
    let lost = || Failure::NotArrived {
        sender: export.sender(),
        receiver: export.receiver(),
    };
    let id = sending_id(world, one).ok_or_else(lost)?;
    let sending = taken
        .iter()
        .find(|sending| sending.id == id)
        .ok_or_else(lost)?;
    let mut bytes = 0;
    let mut wanted: Vec<String> = Vec::new();
    for path in export.paths() {
        let name = import::file_name(&path);
        let sent = fs::read(&path).map_err(Failure::io(&path))?;
        bytes += sent.len() as u64;
        let there = sending
            .files
            .iter()
            .find(|file| import::file_name(file) == name);
        let Some(there) = there else {
            return Err(Failure::Differs { file: name });
        };
        if fs::read(there).map_err(Failure::io(there))? != sent {
            return Err(Failure::Differs { file: name });
        }
        wanted.push(name);
    }
    let more = sending
        .files
        .iter()
        .find(|file| !wanted.contains(&import::file_name(file)));
    if let Some(file) = more {
        return Err(Failure::Differs {
            file: import::file_name(file),
        });
    }
    Ok(Row {
        sender: export.sender(),
        receiver: export.receiver(),
        set: export.kind,
        files: wanted.len(),
        bytes,
        time: world.stopwatch.time(id),
        identical: true,
    })
}

/// The platform's number of what was put in, from its receipt.
fn sending_id(world: &World, one: &Travelling<'_>) -> Option<SendingId> {
    let office = world.offices.get(&one.export.sender())?;
    Some(office.client.outgoing(one.key).ok()?.receipt?.sending)
}
