//! The way in: fetch, verify, store, and only then confirm.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use careplan_core::Sha256Digest;
use careplan_envelope::ExtractError;
use careplan_protocol::{
    Confirmation, ListQuery, PageSize, ProblemCode, SendingId, SendingState, SendingSummary,
};
use chrono::{DateTime, Utc};

use crate::caller::Failure;
use crate::durable::{self, Digesting, io_of};
use crate::home::{CONTAINER, SEALED, Scratch, Shelf};
use crate::outbox::MOST_PAGES;
use crate::recognise::recognise;
use crate::store::{Announcement, Known, NewIncoming};
use crate::sync::Findings;
use crate::{
    CallError, Client, Error, ErrorKind, NoAnswer, Observer, Progress, ReceivedHeader, Refusal,
    SetFile, SetHeader, Step,
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
                Known::Confirmed => self.tell(announced.id, announced.said.sha256, findings),
                Known::Quarantined(said) if said == announced.said => Ok(()),
                // What the platform says of it is different now, so it may verify.
                Known::Quarantined(_) => self.receive(&announced, findings),
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
                    let sequence = announced.said.header.set().map(|set| set.sequence);
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
        self.fetch(announced, &scratch.path().join(announced.container()))?;
        self.caller.observer.step(Step::Fetched);
        match self.place(announced, &scratch)? {
            Shelf::Quarantine => findings.report.quarantined.push(id),
            _ => {
                findings.report.received.push(id);
                self.tell(id, announced.said.sha256, findings)?;
            }
        }
        Ok(())
    }

    /// Fetches a container until it is the one announced.
    fn fetch(&mut self, announced: &Announced, container: &Path) -> Result<(), Failure> {
        let (id, total) = (announced.id, announced.said.bytes);
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
            if digested == (total, announced.said.sha256) {
                Ok(())
            } else {
                Err(not_announced())
            }
        })
    }

    /// Verifies a fetched container, puts it on its shelf with its files, and records it; gives
    /// the shelf.
    ///
    /// One that does not verify is kept as it came. The protocol has no word for the platform
    /// about it: it is just not confirmed, and the sender sees that it was fetched and no more.
    fn place(&mut self, announced: &Announced, scratch: &Scratch) -> Result<Shelf, Error> {
        let id = announced.id;
        let examined = self.examine(announced, scratch.path())?;
        let shelf = match examined {
            Ok(_) => Shelf::Inbox,
            Err(_) => Shelf::Quarantine,
        };
        if examined.is_err() && announced.said.sealed() {
            // What was opened is no container of a set; it stays sealed.
            let opened = scratch.path().join(CONTAINER);
            durable::remove(&opened).map_err(Error::storage(&opened))?;
        }
        self.home.shelve([(scratch, id)], shelf)?;
        if examined.is_err() {
            self.home.remove_copies(shelf, id)?;
        }
        self.caller.observer.step(Step::Placed);
        let verified = examined.as_ref().ok();
        let refusal = examined.as_ref().err();
        self.store.received(&NewIncoming {
            id,
            announced: announced.said,
            header: verified.map_or(announced.said.header, |set| set.header.into()),
            files: verified.map_or(&[], |set| &set.files),
            signed_at: verified.map(|set| set.signed_at),
            accepted_at: announced.accepted_at,
            received_at: self.caller.clock.now(),
            quarantined: refusal,
        })?;
        self.caller.observer.step(Step::Stored);
        let progress = match refusal {
            None => {
                self.home.remove(&self.home.folder(Shelf::Quarantine, id))?;
                Progress::Stored { id }
            }
            Some(refusal) => Progress::Quarantined { id, refusal },
        };
        self.caller.observer.progress(&progress);
        Ok(shelf)
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
        if announced.said.header.receiver() != self.office {
            return Ok(Err(differs("not-for-this-office", "宛先", "the receiver")));
        }
        if announced.said.sealed()
            && let Err(refusal) = self.open_sealed(&scratch.join(SEALED), &path)?
        {
            return Ok(Err(refusal));
        }
        // A certificate that ended after the platform took the container was valid for it.
        let file = File::open(&path).map_err(storage)?;
        let mut envelope = match self.verifier.verify(file, announced.accepted_at) {
            Ok(envelope) => envelope,
            Err(error) if error.is_io() => return Err(storage(io_of(error))),
            Err(error) => return Ok(Err(Refusal::of(error.code(), &error))),
        };
        let (signer, signed_at) = (envelope.signer().office, envelope.signed_at());
        if signer != announced.said.header.sender() {
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
        let header = match check_names(&names, &announced.said) {
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

    /// Looks at the quarantined containers again, after a key, a trust anchor or the clock was put
    /// right; nothing is fetched. Those that verify now go to the inbox and are confirmed by the next [`sync`](Self::sync).
    ///
    /// # Errors
    /// The home's errors.
    pub fn recheck_quarantine(&mut self) -> Result<Vec<SendingId>, Error> {
        let mut released = Vec::new();
        for id in self.store.quarantined()? {
            let (set, Known::Quarantined(said)) = (self.incoming(id)?, self.store.known(id)?)
            else {
                continue;
            };
            let announced = Announced {
                id,
                said,
                accepted_at: set.accepted_at,
            };
            let (kept, scratch) = (
                self.home.folder(Shelf::Quarantine, id),
                self.home.new_scratch(id)?,
            );
            let from = kept.join(announced.container());
            let to = scratch.path().join(announced.container());
            let storage = |error| Error::storage(&to)(error);
            // Closed before its folder is removed: Windows wants that.
            let source = File::open(&from).map_err(Error::storage(&from))?;
            let copied = durable::write_new(&to, |file| durable::copy(source, file));
            if copied.map_err(storage)? != (said.bytes, said.sha256) {
                return Err(ErrorKind::Damaged {
                    path: from,
                    what: "not the container that was received",
                }
                .into());
            }
            if let Shelf::Inbox = self.place(&announced, &scratch)? {
                released.push(id);
            }
        }
        Ok(released)
    }

    /// The signed container of a received set: the evidence of who sent what. Quarantined ones
    /// too, for whoever looks into it, as they came: sealed if they were sealed.
    ///
    /// # Errors
    /// If there is no such set, its files were removed, or the file cannot be opened.
    pub fn received_container(&self, id: SendingId) -> Result<File, Error> {
        let set = self.incoming(id)?;
        if !set.files_kept {
            return Err(ErrorKind::FilesRemoved(id).into());
        }
        let (shelf, name) = match (set.state.is_verified(), set.sealed) {
            (true, _) => (Shelf::Inbox, CONTAINER),
            (false, false) => (Shelf::Quarantine, CONTAINER),
            (false, true) => (Shelf::Quarantine, SEALED),
        };
        let path = self.home.folder(shelf, id).join(name);
        File::open(&path).map_err(Error::storage(&path))
    }
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
    said: Announcement,
    accepted_at: DateTime<Utc>,
}

impl Announced {
    fn of(summary: &SendingSummary) -> Self {
        let (sender, receiver) = (summary.sender, summary.receiver);
        let set = summary.contents.open();
        Self {
            id: summary.sending,
            said: Announcement {
                header: match set {
                    Some(set) => ReceivedHeader::Known(SetHeader {
                        sender,
                        receiver,
                        set: set.set,
                        month: set.month,
                        sequence: set.sequence,
                    }),
                    None => ReceivedHeader::Sealed { sender, receiver },
                },
                files: set.map(|set| set.files),
                sha256: summary.sha256,
                bytes: summary.bytes,
            },
            accepted_at: summary.accepted_at,
        }
    }

    /// The name of what was fetched in the folder of the set.
    const fn container(&self) -> &'static str {
        if self.said.sealed() {
            SEALED
        } else {
            CONTAINER
        }
    }
}

/// The names in a container must be one set, and the one the platform says it is.
fn check_names(names: &[String], said: &Announcement) -> Result<SetHeader, Refusal> {
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
    let files = u32::try_from(names.len()).ok();
    if header.sender != said.header.sender() {
        Err(differs(
            "sender-mismatch",
            "ファイル名の送信元",
            "the sender in the file names",
        ))
    } else if header.receiver != said.header.receiver() {
        Err(differs(
            "receiver-mismatch",
            "ファイル名の送信先",
            "the receiver in the file names",
        ))
    } else if said
        .header
        .set()
        .is_some_and(|set| *set != header || said.files != files)
    {
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
