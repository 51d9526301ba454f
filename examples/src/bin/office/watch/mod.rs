//! `office watch`: a folder the care software exports into and one it imports from; nothing else
//! has to be changed in the software.
//!
//! Folders are looked through every few seconds instead of waiting for the system's notices: those
//! do not come from network shares. The home is held only while there is something to do, so other
//! commands work meanwhile.

mod filed;
mod scan;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use careplan_client::{
    Client, Error, ErrorKind, OutgoingState, PutIn, PutInOptions, Session, SyncReport, TakenOut,
};
use careplan_core::Explain;
use clap::Args;
use serde_json::{Value, json};

use crate::Outcome;
use crate::failure::{Exit, Failure, refusal_json};
use crate::office::Office;
use crate::output::heading;
use crate::sync;
use filed::{Filed, Shelf};
use scan::{Batch, Scanner};

/// How often the folder is looked through.
const LOOK: Duration = Duration::from_secs(2);

/// Sends what appears in one folder, puts what is received into another (フォルダーの監視).
///
/// A set is taken when its files have not changed for a while. Files that were taken move to
/// `done` in the same folder, files that cannot be sent to `refused`, each with a report.txt beside
/// them. Files in a sub-folder called by an office number go to that office: PDFs alone too.
#[derive(Args)]
pub(crate) struct Watch {
    /// The folder the care software exports into (出力先フォルダー)
    #[arg(long = "in", value_name = "DIR")]
    exports: PathBuf,
    /// The folder the care software imports from (取り込み元フォルダー)
    #[arg(long = "out", value_name = "DIR")]
    imports: PathBuf,
    /// Seconds between two questions to the platform when there is nothing to send (問い合わせの間隔)
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    every: u64,
    /// Seconds that files must not have changed (書き込み完了を待つ秒数)
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    settle: u64,
    /// One round, then end: for a task scheduler (1回だけ)
    #[arg(long)]
    once: bool,
}

impl Watch {
    pub(crate) fn run(&self, office: &Office) -> Result<Outcome, Failure> {
        let stop = stop_on_signal()?;
        // Says at once what is wrong with the home or the folders.
        office.client()?;
        for folder in [&self.exports, &self.imports] {
            std::fs::create_dir_all(folder).map_err(Failure::io(folder))?;
        }
        filed::finish(&self.exports).map_err(Failure::io(&self.exports))?;
        let (exports, imports) = (self.exports.display(), self.imports.display());
        office.say(
            format!(
                "{exports} を監視し、受信したファイルを {imports} に置きます。終了は Ctrl+C です。"
            ),
            format!("watching {exports}, putting what is received into {imports}; Ctrl+C ends"),
        );
        let mut round = Round {
            office,
            exports: &self.exports,
            imports: &self.imports,
            session: None,
            outcome: Outcome::Done,
        };
        let mut scanner = Scanner::new(&self.exports, Duration::from_secs(self.settle));
        let mut asked: Option<Instant> = None;
        loop {
            let batches = scanner.ready().map_err(Failure::io(&self.exports))?;
            let due = asked.is_none_or(|at| at.elapsed() >= Duration::from_secs(self.every));
            let settled = scanner.is_settled();
            if !batches.is_empty() || (due && !self.once) || (self.once && settled) {
                round.run(&batches)?;
                asked = Some(Instant::now());
                if self.once && settled {
                    break;
                }
            }
            if pause(&stop) {
                break;
            }
        }
        round.end();
        Ok(if self.once {
            round.outcome
        } else {
            Outcome::Done
        })
    }
}

/// Set when the person or the system wants the program to end.
fn stop_on_signal() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let signal = Arc::clone(&stop);
    ctrlc::set_handler(move || signal.store(true, Ordering::Relaxed)).map_err(|error| {
        Failure::new(
            Exit::CouldNot,
            format!("終了の合図を受け取る準備ができません（{error}）。"),
            format!("the signal to end cannot be waited for ({error})"),
        )
    })?;
    Ok(stop)
}

/// Waits until the folder is to be looked through again; `true` if the program is to end.
fn pause(stop: &AtomicBool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < LOOK {
        if stop.load(Ordering::Relaxed) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    stop.load(Ordering::Relaxed)
}

/// What is done with the home open.
struct Round<'a> {
    office: &'a Office,
    exports: &'a Path,
    imports: &'a Path,
    /// Kept between rounds: logging in each time would cost the platform something.
    session: Option<Session>,
    outcome: Outcome,
}

impl Round<'_> {
    /// Puts in what is ready, syncs, takes out. Ends the program only for what no later round can
    /// do: a wrong password is not tried again and again.
    fn run(&mut self, batches: &[Batch]) -> Result<(), Failure> {
        let mut client = match self.office.client_with(self.session.take()) {
            Ok(client) => client,
            Err(failure) if failure.exit() == Exit::NotNow => {
                self.trouble(&failure);
                return Ok(());
            }
            Err(failure) => return Err(failure),
        };
        for batch in batches {
            self.put_in(&mut client, batch);
        }
        let synced = match client.sync() {
            Ok(report) => {
                self.tell(&client, &report)?;
                Ok(())
            }
            Err(error) => {
                self.tell(&client, error.report())?;
                let error = error.into_error();
                let stops = matches!(
                    error.kind(),
                    ErrorKind::LogIn(_) | ErrorKind::NoCredentials(_) | ErrorKind::Certificate(_)
                ) && !error.may_pass();
                let failure = Failure::from(error);
                if stops {
                    Err(failure)
                } else {
                    self.trouble(&failure);
                    Ok(())
                }
            }
        };
        match client.take_out_new(self.imports) {
            Ok(taken) => taken.iter().for_each(|set| self.tell_taken(set)),
            Err(error) => self.trouble(&error.into()),
        }
        if let Err(failure) = sync::forget_old(&mut client, self.office) {
            self.trouble(&failure);
        }
        self.session = client.suspend();
        synced
    }

    fn put_in(&mut self, client: &mut Client, batch: &Batch) {
        let mut options = PutInOptions::default();
        options.receiver = batch.receiver;
        match client.put_in_with(&batch.files, options) {
            Ok(sets) => {
                let mut number = None;
                for set in &sets {
                    self.tell_put_in(set);
                    number = number.or(client.outgoing(set.id).ok().map(|set| set.number));
                }
                let report = self.put_in_report(&sets);
                self.file(Shelf::Done, number, batch, &report);
            }
            Err(error) => self.not_put_in(batch, error),
        }
    }

    fn not_put_in(&mut self, batch: &Batch, error: Error) {
        let ErrorKind::PutIn(refusals) = error.kind() else {
            // The home's trouble, not the files': they stay and are tried again.
            self.trouble(&error.into());
            return;
        };
        self.outcome = Outcome::LookAtIt;
        let text = error.explain(self.office.lang);
        let json = json!({
            "event": "refused",
            "refusals": refusals.iter().map(refusal_json).collect::<Vec<_>>(),
        });
        self.office.event(&text, &json);
        self.file(Shelf::Refused, None, batch, &(text, json));
    }

    /// Moves files aside, with a report beside them. If that does not work they stay: putting them
    /// in again changes nothing.
    fn file(&mut self, shelf: Shelf, number: Option<u64>, batch: &Batch, report: &(String, Value)) {
        let filed = Filed {
            shelf,
            number,
            files: &batch.files,
            text: &report.0,
            json: &report.1,
        };
        if let Err((path, error)) = filed.write(self.exports) {
            self.trouble(&Failure::io(&path)(error));
        }
    }

    fn put_in_report(&self, sets: &[PutIn]) -> (String, Value) {
        let lang = self.office.lang;
        let mut text = String::new();
        for set in sets {
            text += &heading(set.header, lang);
            for finding in &set.findings {
                text += &format!("\n  {}", finding.explain(lang));
            }
            text += "\n";
        }
        let json = sets.iter().map(|set| {
            json!({"id": set.id, "header": set.header, "already": set.already,
                "findings": set.findings})
        });
        (
            text,
            json!({"event": "put_in", "sets": json.collect::<Vec<_>>()}),
        )
    }

    fn tell_put_in(&self, set: &PutIn) {
        let lang = self.office.lang;
        let line = heading(set.header, lang);
        let text = lang.pick(format!("取り込み: {line}"), format!("put in: {line}"));
        self.office.event(
            &text,
            &json!({"event": "put_in", "id": set.id, "header": set.header}),
        );
    }

    fn tell_taken(&self, set: &TakenOut) {
        let lang = self.office.lang;
        let line = heading(set.header, lang);
        let text = lang.pick(format!("取り出し: {line}"), format!("taken out: {line}"));
        self.office.event(
            &text,
            &json!({"event": "taken_out", "id": set.id, "header": set.header, "files": set.files}),
        );
    }

    /// Tells what a sync did; what the platform refuses also goes to a file beside the refused
    /// ones, for whoever looks into the folder only.
    fn tell(&mut self, client: &Client, report: &SyncReport) -> Result<(), Failure> {
        if sync::outcome(report) == Outcome::LookAtIt {
            self.outcome = Outcome::LookAtIt;
        }
        for &id in &report.refused {
            let set = client.outgoing(id)?;
            if let OutgoingState::Refused(refusal) = &set.state {
                let (lang, number) = (self.office.lang, set.number);
                let (line, why) = (heading(set.header, lang), refusal.explain(lang));
                let text = lang.pick(
                    format!("センターが受け付けません: {line}\n{why}\n直したら office retry S{number} を行ってください。\n"),
                    format!("not accepted by the platform: {line}\n{why}\nwhen it is put right: office retry S{number}\n"),
                );
                filed::note(self.exports, number, &text).map_err(Failure::io(self.exports))?;
            }
        }
        if self.office.json {
            let nothing = report == &SyncReport::default();
            if !nothing {
                self.office
                    .print_line(&json!({"event": "sync", "report": report}));
            }
            return Ok(());
        }
        if report == &SyncReport::default() {
            return Ok(());
        }
        sync::tell(client, report, self.office)
    }

    /// Tells what has to wait for a later round.
    fn trouble(&mut self, failure: &Failure) {
        if self.outcome == Outcome::Done {
            self.outcome = Outcome::NotNow;
        }
        if self.office.json {
            self.office
                .print_line(&json!({"event": "trouble", "text": failure.text(self.office.lang)}));
        } else {
            eprintln!("{}", failure.text(self.office.lang));
        }
    }

    /// Ends the session at the platform.
    fn end(&mut self) {
        if let Some(session) = self.session.take()
            && let Ok(client) = self.office.client_with(Some(session))
        {
            client.close();
        }
    }
}
