//! The way in: fetch, verify, store, and only then confirm.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use careplan_core::{OfficeNumber, Sha256Digest};
use careplan_envelope::ExtractError;
use careplan_protocol::{
    Confirmation, ListQuery, PageSize, ProblemCode, SendingId, SendingState, SendingSummary,
    SetContents,
};
use chrono::{DateTime, Utc};

use crate::caller::Failure;
use crate::durable::{self, Digesting, io_of};
use crate::home::{CONTAINER, SEALED, Scratch, Shelf};
use crate::outbox::MOST_PAGES;
use crate::recognise::recognise;
use crate::store::{Known, NewIncoming};
use crate::sync::Findings;
use crate::{
    CallError, Client, Error, ErrorKind, NoAnswer, Observer, Progress, Refusal, SetFile, SetHeader,
    Step,
};

impl Client {
    /// Fetches, verifies and stores what is new, and confirms each set once it is on the disk.
    pub(crate) fn fetch_news(&mut self, findings: &mut Findings) -> Result<(), Error> {
        let mut in_a_row = 0;
        for announced in self.news()? {
            let done = match self.store.known(announced.id)? {
                Known::Nothing => self.receive(&announced, findings),
                Known::Stored => Ok(()),
                // Confirmed here, but the platform does not know any more: it was told before
                // its answer, or its disk, got lost.
                Known::Confirmed => self.tell(announced.id, announced.sha256, findings),
                known @ Known::Quarantined { .. } if Some(known) == announced.quarantined() => {
                    Ok(())
                }
                // What the platform says of it is different now, so it may verify.
                Known::Quarantined { .. } => self.receive(&announced, findings),
            };
            match done {
                Ok(()) => in_a_row = 0,
                Err(Failure::Stop(error)) => return Err(error),
                Err(Failure::Refused(problem)) if is_gone(problem.known_code()) => in_a_row = 0,
                Err(Failure::Refused(problem)) => return Err(ErrorKind::Refused(*problem).into()),
                Err(Failure::Postponed(error)) => {
                    in_a_row += 1;
                    if in_a_row == 3 {
                        return Err(error);
                    }
                    findings.postponed(error);
                }
            }
        }
        Ok(())
    }

    /// What the platform has for this office and does not know to have arrived, in the order in
    /// which sets are imported.
    fn news(&mut self) -> Result<Vec<Announced>, Error> {
        let mut news = BTreeMap::new();
        for state in [SendingState::Available, SendingState::Fetched] {
            let mut query = ListQuery {
                state: Some(state),
                limit: PageSize::MAX,
                ..ListQuery::default()
            };
            for _ in 0..MOST_PAGES {
                let page = self
                    .caller
                    .call(|call| call.transport.list_received(call.token, &query))
                    .map_err(Failure::into_error)?;
                let next = query.following(&page);
                for announced in page.items.iter().map(Announced::of) {
                    let sequence = announced.set.as_ref().map(|set| set.sequence);
                    news.insert((sequence, announced.id), announced);
                }
                match next {
                    Some(next) if next.after != query.after => query = next,
                    _ => break,
                }
            }
        }
        Ok(news.into_values().collect())
    }

    fn receive(&mut self, announced: &Announced, findings: &mut Findings) -> Result<(), Failure> {
        let id = announced.id;
        let scratch = self.home.new_scratch(id)?;
        let container = scratch.path().join(CONTAINER);
        if announced.set.is_some() {
            self.fetch(announced, &container)?;
        } else {
            let sealed = scratch.path().join(SEALED);
            self.fetch(announced, &sealed)?;
            if let Err(refusal) = self.open_sealed(&sealed, &container)? {
                // It stays at the platform: with the right key the next sync receives it.
                findings.postponed(ErrorKind::Sealing(refusal).into());
                return Ok(());
            }
        }
        self.caller.observer.step(Step::Fetched);
        match self.place(announced, &scratch)? {
            Placed::Inbox => {
                findings.report.received.push(id);
                self.tell(id, announced.sha256, findings)?;
            }
            Placed::Quarantine => findings.report.quarantined.push(id),
            Placed::Nowhere(refusal) => {
                findings.postponed(ErrorKind::Sealing(refusal).into());
            }
        }
        Ok(())
    }

    /// Fetches a container until it is the one announced.
    fn fetch(&mut self, announced: &Announced, container: &Path) -> Result<(), Failure> {
        let (id, total) = (announced.id, announced.bytes);
        self.caller.call(|call| {
            durable::remove(container)?;
            let digested = durable::write_new(container, |file| -> Result<_, CallError> {
                let mut sink = Digesting::new(Downloading {
                    file,
                    observer: call.observer,
                    id,
                    received: 0,
                    total,
                    too_long: false,
                });
                let fetched = call.transport.fetch(call.token, id, &mut sink);
                if sink.inner().too_long {
                    return Err(not_announced());
                }
                fetched?;
                Ok(sink.finish())
            })?;
            if digested == (total, announced.sha256) {
                Ok(())
            } else {
                Err(not_announced())
            }
        })
    }

    /// Verifies a fetched container, puts it on its shelf with its files, and records it.
    fn place(&mut self, announced: &Announced, scratch: &Scratch) -> Result<Placed, Error> {
        let examined = self.examine(announced, scratch.path())?;
        let (shelf, header, files, signed_at, refusal) = match (&examined, &announced.set) {
            (Ok(verified), _) => (
                Shelf::Inbox,
                verified.header,
                verified.files.as_slice(),
                Some(verified.signed_at),
                None,
            ),
            (Err(refusal), Some(set)) => {
                let header = announced.header(set);
                (
                    Shelf::Quarantine,
                    header,
                    [].as_slice(),
                    None,
                    Some(refusal),
                )
            }
            // What was sealed and does not verify is not even known to be a set. It stays at the
            // platform, unconfirmed.
            (Err(refusal), None) => return Ok(Placed::Nowhere(refusal.clone())),
        };
        let id = announced.id;
        self.home.shelve(scratch, shelf, id)?;
        if refusal.is_some() {
            self.home.remove_copies(shelf, id)?;
        }
        self.caller.observer.step(Step::Placed);
        let announced_files = match &announced.set {
            Some(set) => set.files,
            None => u32::try_from(files.len()).unwrap_or(u32::MAX),
        };
        self.store.received(&NewIncoming {
            id,
            header,
            files,
            announced_files,
            sha256: announced.sha256,
            bytes: announced.bytes,
            signed_at,
            accepted_at: announced.accepted_at,
            received_at: self.caller.clock.now(),
            quarantined: refusal,
        })?;
        self.caller.observer.step(Step::Stored);
        if refusal.is_none() {
            self.home.remove(&self.home.folder(Shelf::Quarantine, id))?;
        }
        match refusal {
            None => {
                self.caller.observer.progress(&Progress::Stored { id });
                Ok(Placed::Inbox)
            }
            Some(refusal) => {
                self.caller
                    .observer
                    .progress(&Progress::Quarantined { id, refusal });
                Ok(Placed::Quarantine)
            }
        }
    }

    /// Verifies a container against the trust anchors and against what the platform says of it,
    /// and writes its files beside it.
    fn examine(
        &self,
        announced: &Announced,
        scratch: &Path,
    ) -> Result<Result<Verified, Refusal>, Error> {
        let path = scratch.join(CONTAINER);
        let storage = |error| Error::storage(&path)(error);
        if announced.receiver != self.office {
            return Ok(Err(differs("not-for-this-office", "宛先", "the receiver")));
        }
        // A certificate that ended after the platform took the container was valid for it.
        let file = File::open(&path).map_err(storage)?;
        let mut envelope = match self.verifier.verify(file, announced.accepted_at) {
            Ok(envelope) => envelope,
            Err(error) if error.is_io() => return Err(storage(io_of(error))),
            Err(error) => return Ok(Err(Refusal::of(error.code(), &error))),
        };
        let (signer, signed_at) = (envelope.signer().office, envelope.signed_at());
        if signer != announced.sender {
            return Ok(Err(differs(
                "signer-mismatch",
                "署名した事業所",
                "the signer's office",
            )));
        }
        let names: Vec<String> = envelope
            .files()
            .iter()
            .map(|file| file.name.clone())
            .collect();
        let header = match check_names(&names, announced) {
            Ok(header) => header,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut files = Vec::with_capacity(names.len());
        for (at, name) in names.into_iter().enumerate() {
            let copy = scratch.join((at + 1).to_string());
            let copied = durable::write_new(&copy, |file| -> Result<_, Copying> {
                let mut sink = Digesting::new(file);
                envelope.copy_file(&name, &mut sink)?;
                Ok(sink.finish())
            });
            let (bytes, sha256) = match copied {
                Ok(digested) => digested,
                Err(Copying::File(error) | Copying::Envelope(ExtractError::Sink(error))) => {
                    return Err(Error::storage(&copy)(error));
                }
                // Verified a moment ago: the file on the disk changed.
                Err(Copying::Envelope(error)) => {
                    return Err(Error::storage(&copy)(io_of(error)));
                }
            };
            files.push(SetFile {
                name,
                bytes,
                sha256,
            });
        }
        Ok(Ok(Verified {
            header,
            signed_at,
            files,
        }))
    }

    /// Confirms what was stored in an earlier round that did not get that far.
    pub(crate) fn confirm_stored(&mut self, findings: &mut Findings) -> Result<(), Error> {
        for (id, sha256) in self.store.to_confirm()? {
            match self.tell(id, sha256, findings) {
                Ok(()) => {}
                Err(Failure::Postponed(error)) => findings.postponed(error),
                Err(failure) => return Err(failure.into_error()),
            }
        }
        Ok(())
    }

    /// Tells the platform that a set is on this home's disk.
    fn tell(
        &mut self,
        id: SendingId,
        sha256: Sha256Digest,
        findings: &mut Findings,
    ) -> Result<(), Failure> {
        let told = match self.confirm(id, sha256) {
            Err(Failure::Refused(problem))
                if problem.known_code() == Some(ProblemCode::SendingNotFetched) =>
            {
                // The platform forgot that it was fetched: fetch once more, for its books only.
                self.caller
                    .call(|call| call.transport.fetch(call.token, id, &mut io::sink()))?;
                self.confirm(id, sha256)
            }
            told => told,
        };
        match told {
            Ok(()) => {
                self.caller.observer.step(Step::ConfirmationSent);
                self.store.confirmed(id, None)?;
                self.caller.observer.step(Step::Confirmed);
                self.caller.observer.progress(&Progress::Confirmed { id });
                findings.report.confirmed.push(id);
                Ok(())
            }
            Err(Failure::Refused(problem)) => {
                self.store.confirmed(id, Some(&Refusal::from(&*problem)))?;
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }

    fn confirm(&mut self, id: SendingId, sha256: Sha256Digest) -> Result<(), Failure> {
        self.caller.call(|call| {
            let confirmation = Confirmation { sha256 };
            let summary = call.transport.confirm(call.token, id, &confirmation)?;
            if summary.sending == id && summary.state == SendingState::Confirmed {
                return Ok(());
            }
            Err(NoAnswer::NotUnderstood {
                reason: "the answer does not confirm the sending".to_owned(),
            }
            .into())
        })
    }

    /// Looks at the quarantined containers again, after a trust anchor or the clock was put right.
    /// Those that verify now go to the inbox and are confirmed by the next [`sync`](Self::sync).
    ///
    /// # Errors
    /// The home's errors.
    pub fn recheck_quarantine(&mut self) -> Result<Vec<SendingId>, Error> {
        let mut released = Vec::new();
        for id in self.store.quarantined()? {
            let (set, known) = (self.incoming(id)?, self.store.known(id)?);
            let Known::Quarantined {
                announced_files, ..
            } = known
            else {
                continue;
            };
            let announced = Announced {
                id,
                sender: set.header.sender,
                receiver: set.header.receiver,
                set: Some(SetContents {
                    set: set.header.set,
                    month: set.header.month,
                    sequence: set.header.sequence,
                    files: announced_files,
                }),
                sha256: set.sha256,
                bytes: set.bytes,
                accepted_at: set.accepted_at,
            };
            let kept = self.home.folder(Shelf::Quarantine, id);
            let (from, scratch) = (kept.join(CONTAINER), self.home.new_scratch(id)?);
            let to = scratch.path().join(CONTAINER);
            let storage = |error| Error::storage(&to)(error);
            let mut reader = File::open(&from).map_err(Error::storage(&from))?;
            durable::write_new(&to, |file| io::copy(&mut reader, file)).map_err(storage)?;
            if durable::digest_file(&to).map_err(storage)? != (set.bytes, set.sha256) {
                return Err(ErrorKind::Damaged {
                    path: from,
                    what: "not the container that was received",
                }
                .into());
            }
            if let Placed::Inbox = self.place(&announced, &scratch)? {
                released.push(id);
            }
        }
        Ok(released)
    }

    /// The container of a received set as it came: the evidence of who sent what. Quarantined ones
    /// too, for whoever looks into it.
    ///
    /// # Errors
    /// If there is no such set, its files were removed, or the file cannot be opened.
    pub fn received_container(&self, id: SendingId) -> Result<File, Error> {
        let set = self.incoming(id)?;
        if !set.files_kept {
            return Err(ErrorKind::FilesRemoved(id).into());
        }
        let shelf = if set.state.is_verified() {
            Shelf::Inbox
        } else {
            Shelf::Quarantine
        };
        let path = self.home.folder(shelf, id).join(CONTAINER);
        File::open(&path).map_err(Error::storage(&path))
    }
}

/// Where a fetched container went.
enum Placed {
    Inbox,
    Quarantine,
    Nowhere(Refusal),
}

/// What a container turned out to be.
struct Verified {
    header: SetHeader,
    signed_at: DateTime<Utc>,
    files: Vec<SetFile>,
}

/// What can go wrong while a file is copied out of a container.
enum Copying {
    File(io::Error),
    Envelope(ExtractError),
}

impl From<io::Error> for Copying {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<ExtractError> for Copying {
    fn from(error: ExtractError) -> Self {
        Self::Envelope(error)
    }
}

/// Whether a sending was there when listed and cannot be had any more: nothing is wrong here.
const fn is_gone(code: Option<ProblemCode>) -> bool {
    matches!(
        code,
        Some(
            ProblemCode::SendingWithdrawn
                | ProblemCode::SendingExpired
                | ProblemCode::SendingRefused
                | ProblemCode::SendingNotFound
        )
    )
}

fn not_announced() -> CallError {
    NoAnswer::Interrupted {
        reason: "the container is not the one announced".to_owned(),
    }
    .into()
}

/// A sending as the platform announces it.
struct Announced {
    id: SendingId,
    sender: OfficeNumber,
    receiver: OfficeNumber,
    /// The set; none of a sealed sending, of which the platform does not know it.
    set: Option<SetContents>,
    sha256: Sha256Digest,
    bytes: u64,
    accepted_at: DateTime<Utc>,
}

impl Announced {
    fn of(summary: &SendingSummary) -> Self {
        Self {
            id: summary.sending,
            sender: summary.sender,
            receiver: summary.receiver,
            set: summary.contents.open().copied(),
            sha256: summary.sha256,
            bytes: summary.bytes,
            accepted_at: summary.accepted_at,
        }
    }

    /// The header of a set as it is announced.
    const fn header(&self, set: &SetContents) -> SetHeader {
        SetHeader {
            sender: self.sender,
            receiver: self.receiver,
            set: set.set,
            month: set.month,
            sequence: set.sequence,
        }
    }

    /// What is kept of it in the quarantine; sealed ones never get there.
    const fn quarantined(&self) -> Option<Known> {
        match &self.set {
            Some(set) => Some(Known::Quarantined {
                header: self.header(set),
                announced_files: set.files,
                sha256: self.sha256,
                bytes: self.bytes,
            }),
            None => None,
        }
    }
}

/// The names in a container must be one set, and the one the platform says it is.
fn check_names(names: &[String], announced: &Announced) -> Result<SetHeader, Refusal> {
    let found = recognise(names).unwrap_or_default();
    let [set] = found.sets.as_slice() else {
        return Err(Refusal {
            code: "not-a-set".to_owned(),
            ja:
                "ファイルの組み合わせが標準仕様の送信単位ではありません。送信元に確認してください。"
                    .to_owned(),
            en: "its files are not one set of the standard; ask the sender".to_owned(),
        });
    };
    let header = set.header;
    let as_announced = |set: &SetContents| {
        let expected = announced.header(set);
        (header.set, header.month, header.sequence)
            == (expected.set, expected.month, expected.sequence)
            && usize::try_from(set.files) == Ok(names.len())
    };
    if header.sender != announced.sender {
        Err(differs(
            "sender-mismatch",
            "ファイル名の送信元",
            "the sender in the file names",
        ))
    } else if header.receiver != announced.receiver {
        Err(differs(
            "receiver-mismatch",
            "ファイル名の送信先",
            "the receiver in the file names",
        ))
    } else if announced.set.as_ref().is_some_and(|set| !as_announced(set)) {
        Err(differs("set-mismatch", "送信単位の内容", "the set"))
    } else {
        Ok(header)
    }
}

/// The container is not what the platform says it is.
fn differs(code: &str, ja: &str, en: &str) -> Refusal {
    Refusal {
        code: code.to_owned(),
        ja: format!(
            "{ja}が、センターの示す内容と一致しません。取り込まずに、運用センターに連絡してください。"
        ),
        en: format!(
            "{en} is not what the platform says; do not use it, and tell the operations centre"
        ),
    }
}

/// A container on its way: tells how far it is, and ends when it is longer than announced.
struct Downloading<'a> {
    file: &'a mut File,
    observer: &'a mut dyn Observer,
    id: SendingId,
    received: u64,
    total: u64,
    too_long: bool,
}

impl Write for Downloading<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if self.received + buffer.len() as u64 > self.total {
            self.too_long = true;
            return Err(io::Error::other("longer than announced"));
        }
        let written = self.file.write(buffer)?;
        self.received += written as u64;
        let Self {
            id,
            received,
            total,
            ..
        } = *self;
        self.observer.progress(&Progress::Downloading {
            id,
            received,
            total,
        });
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
