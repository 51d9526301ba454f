//! The way out: put in, sign, send, hear what became of it.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use careplan_core::{OfficeNumber, SetKind, Sha256Digest};
use careplan_envelope::{EnvelopeWriter, WriterOptions, is_file_name};
use careplan_protocol::{IdempotencyKey, ListQuery, PageSize, Receipt, SendingState};
use uuid::Uuid;

use crate::caller::Failure;
use crate::durable::{self, Digesting, io_of};
use crate::error::Advice;
use crate::home::{CONTAINER, Scratch, Shelf};
use crate::recognise::{Found, FoundSet, recognise};
use crate::store::{NewOutgoing, Waiting};
use crate::sync::Findings;
use crate::{
    CallError, Client, Error, ErrorKind, NoAnswer, Observer, Progress, PutInRefusal,
    PutInRefusalKind, Refusal, SetFile, SetHeader, Step,
};

/// More pages than any list has: the end of a list that never ends.
pub(crate) const MOST_PAGES: usize = 100_000;

/// What became of a set that was put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutIn {
    /// The set in the outbox.
    pub id: IdempotencyKey,
    /// What the names of its files say.
    pub header: SetHeader,
    /// The same files were put in before: this is that set, and nothing is sent twice. A set that
    /// was refused is tried again.
    pub already: bool,
}

impl Client {
    /// Takes files into the outbox, as the sets their names say. Folders stand for the files in
    /// them (not in folders within). A PDF goes with the set in its folder.
    ///
    /// Either everything is taken or nothing. When this returns, the files are copied and on the
    /// disk; [`sync`](Self::sync) sends them, in the order of their sequence.
    ///
    /// # Errors
    /// [`ErrorKind::PutIn`] with a reason for each file or set that cannot be sent; the home's
    /// errors.
    pub fn put_in<P: AsRef<Path>>(&mut self, paths: &[P]) -> Result<Vec<PutIn>, Error> {
        let sets = self.recognise(paths).map_err(ErrorKind::PutIn)?;
        if let Some(check) = &mut self.check {
            let refusals: Vec<PutInRefusal> = sets
                .iter()
                .filter_map(|set| {
                    let refusal = check.check(&set.header, &set.paths).err()?;
                    let kind = PutInRefusalKind::Check(refusal);
                    Some(match set.paths.first() {
                        Some(path) => PutInRefusal::file(path, kind),
                        None => PutInRefusal::whole(kind),
                    })
                })
                .collect();
            if !refusals.is_empty() {
                return Err(ErrorKind::PutIn(refusals).into());
            }
        }
        let copied = sets
            .into_iter()
            .map(|set| self.copy(set))
            .collect::<Result<Vec<_>, Error>>()?;
        self.take(copied)
    }

    /// What the names say, and what cannot be sent.
    fn recognise<P: AsRef<Path>>(&self, paths: &[P]) -> Result<Vec<NamedSet>, Vec<PutInRefusal>> {
        let mut refusals = Vec::new();
        let mut sets = Vec::new();
        for folder in by_folder(paths, &mut refusals) {
            match named_sets(&folder) {
                Ok(found) => sets.extend(found),
                Err(found) => refusals.extend(found),
            }
        }
        for set in &sets {
            let kind = if set.header.sender != self.office {
                PutInRefusalKind::OtherSender {
                    found: set.header.sender,
                    expected: self.office,
                }
            } else if set.header.receiver == self.office {
                PutInRefusalKind::OwnNumber
            } else {
                continue;
            };
            refusals.extend(set.paths.first().map(|path| PutInRefusal::file(path, kind)));
        }
        if sets.is_empty() && refusals.is_empty() {
            refusals.push(PutInRefusal::whole(PutInRefusalKind::Nothing));
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        // The order in which the receiver imports them.
        sets.sort_by_key(|set| (set.header.sequence, set.header.receiver));
        Ok(sets)
    }

    /// Copies a set's files aside, durably.
    fn copy(&mut self, set: NamedSet) -> Result<CopiedSet, Error> {
        let id = IdempotencyKey::new(Uuid::now_v7());
        let scratch = self.home.new_scratch(id)?;
        let mut files = Vec::with_capacity(set.paths.len());
        for (at, (path, name)) in set.paths.iter().zip(&set.names).enumerate() {
            let unreadable = |error: &io::Error| {
                let kind = PutInRefusalKind::Unreadable(error.to_string());
                Error::from(ErrorKind::PutIn(vec![PutInRefusal::file(path, kind)]))
            };
            let mut reader = Digesting::new(File::open(path).map_err(|error| unreadable(&error))?);
            let copy = scratch.path().join((at + 1).to_string());
            durable::write_new(&copy, |file| io::copy(&mut reader, file))
                .map_err(Error::storage(&copy))?;
            let (bytes, sha256) = reader.finish();
            files.push(SetFile {
                name: name.clone(),
                bytes,
                sha256,
            });
        }
        self.caller.observer.step(Step::Copied);
        Ok(CopiedSet {
            id,
            scratch,
            content: content_digest(&files),
            files,
            set,
        })
    }

    /// Takes what is new.
    fn take(&mut self, copied: Vec<CopiedSet>) -> Result<Vec<PutIn>, Error> {
        let mut taken: Vec<PutIn> = Vec::with_capacity(copied.len());
        let mut new: Vec<CopiedSet> = Vec::new();
        let mut again = Vec::new();
        for set in copied {
            let header = set.set.header;
            let before = match new.iter().find(|other| other.content == set.content) {
                Some(twice) => Some(twice.id),
                None => self.store.outgoing_with_content(set.content)?,
            };
            taken.push(PutIn {
                id: before.unwrap_or(set.id),
                header,
                already: before.is_some(),
            });
            match before {
                Some(id) => again.push(id),
                None => new.push(set),
            }
        }
        if !new.is_empty() {
            self.record(&new)?;
        }
        for id in again {
            self.store.retry(id)?;
        }
        for set in &new {
            self.caller
                .observer
                .progress(&Progress::PutIn { id: set.id });
        }
        Ok(taken)
    }

    /// Shelves and records new sets, all or nothing.
    fn record(&mut self, new: &[CopiedSet]) -> Result<(), Error> {
        self.refuse_used_names(new)?;
        let put_in_at = self.caller.clock.now();
        let rows: Vec<NewOutgoing<'_>> = new
            .iter()
            .map(|set| NewOutgoing {
                id: set.id,
                header: set.set.header,
                files: &set.files,
                standard: set.set.standard,
                content: set.content,
                put_in_at,
            })
            .collect();
        let shelved = new.iter().try_for_each(|set| {
            let shelved = self.home.shelve(&set.scratch, Shelf::Outbox, set.id);
            shelved.map(drop)
        });
        if shelved.is_ok() {
            self.caller.observer.step(Step::Shelved);
        }
        if let Err(error) = shelved.and_then(|()| self.store.put_in(&rows)) {
            for set in new {
                // What cannot be removed now is looked for when the home is opened next.
                let _ = self.home.remove(&self.home.folder(Shelf::Outbox, set.id));
            }
            return Err(error);
        }
        self.caller.observer.step(Step::PutIn);
        Ok(())
    }

    fn refuse_used_names(&self, new: &[CopiedSet]) -> Result<(), Error> {
        let mut refusals = Vec::new();
        let mut seen = HashMap::new();
        for set in new {
            for (file, path) in set.files.iter().zip(&set.set.paths).take(set.set.standard) {
                let twice = seen.insert(&file.name, file.sha256);
                if twice.is_some_and(|other| other != file.sha256)
                    || self.store.name_is_used_otherwise(&file.name, file.sha256)?
                {
                    refusals.push(PutInRefusal::file(path, PutInRefusalKind::NameUsed));
                }
            }
        }
        if refusals.is_empty() {
            return Ok(());
        }
        Err(ErrorKind::PutIn(refusals).into())
    }

    /// Signs what waits for it. A signer that does not work leaves the rest waiting.
    pub(crate) fn sign_waiting(&mut self, findings: &mut Findings) -> Result<(), Error> {
        for id in self.store.to_sign()? {
            self.caller.go_on()?;
            let Err(error) = self.sign(id) else {
                continue;
            };
            match error.kind() {
                ErrorKind::Signing(cause) if is_about_the_files(cause.kind()) => {
                    self.refuse(id, &Refusal::of(cause.code(), cause), findings)?;
                }
                // The signer does not work: the rest waits with this one.
                ErrorKind::Signing(_) => {
                    findings.postponed(error);
                    break;
                }
                ErrorKind::Damaged { .. } => {
                    self.refuse(id, &Refusal::of("damaged", &error), findings)?;
                }
                _ => return Err(error),
            }
        }
        Ok(())
    }

    fn sign(&mut self, id: IdempotencyKey) -> Result<(), Error> {
        let set = self.outgoing(id)?;
        let folder = self.home.folder(Shelf::Outbox, id);
        let (part, container) = (folder.join("container.part"), folder.join(CONTAINER));
        let at = self.caller.clock.now();
        let signer = &*self.signer;
        durable::remove(&part).map_err(Error::storage(&part))?;
        let signed = durable::write_new(&part, |file| -> Result<_, SignError> {
            let mut writer = EnvelopeWriter::new(file, WriterOptions::default())?;
            for (at, file) in set.files.iter().enumerate() {
                let copy = folder.join((at + 1).to_string());
                let mut reader = match File::open(&copy) {
                    Ok(file) => Digesting::new(file),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        return Err(SignError::Damaged(copy));
                    }
                    Err(error) => return Err(error.into()),
                };
                writer.add(&file.name, &mut reader)?;
                if reader.finish() != (file.bytes, file.sha256) {
                    return Err(SignError::Damaged(copy));
                }
            }
            let (signed, _) = writer.finish(signer, at)?;
            Ok(signed)
        })
        .map_err(|error| error.at(&part))?;
        durable::settle(&part, &container).map_err(Error::storage(&container))?;
        self.caller.observer.step(Step::ContainerWritten);
        self.store.signed(id, signed.digest, signed.size)?;
        self.caller.observer.step(Step::Signed);
        self.caller.observer.progress(&Progress::Signed { id });
        Ok(())
    }

    /// Sends what is signed, in order. A set the platform refuses does not hold up the others.
    pub(crate) fn send_waiting(&mut self, findings: &mut Findings) -> Result<(), Error> {
        let mut in_a_row = 0;
        for waiting in self.store.to_send()? {
            if let Err(error) = self.check_container(waiting) {
                let ErrorKind::Damaged { .. } = error.kind() else {
                    return Err(error);
                };
                self.refuse(waiting.id, &Refusal::of("damaged", &error), findings)?;
                continue;
            }
            match self.send(waiting) {
                Ok(()) => {
                    in_a_row = 0;
                    findings.report.accepted.push(waiting.id);
                }
                Err(Failure::Refused(problem)) => {
                    in_a_row = 0;
                    self.refuse(waiting.id, &Refusal::from(&*problem), findings)?;
                }
                Err(Failure::Postponed(error)) => {
                    in_a_row += 1;
                    if in_a_row == 3 {
                        return Err(error);
                    }
                    findings.postponed(error);
                }
                Err(Failure::Stop(error)) => return Err(error),
            }
        }
        Ok(())
    }

    fn refuse(
        &mut self,
        id: IdempotencyKey,
        refusal: &Refusal,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        self.store.refused(id, refusal)?;
        findings.report.refused.push(id);
        self.caller
            .observer
            .progress(&Progress::Refused { id, refusal });
        Ok(())
    }

    /// A container that somebody removed or cut must not hold up the others.
    fn check_container(&self, waiting: Waiting) -> Result<(), Error> {
        let path = self.home.folder(Shelf::Outbox, waiting.id).join(CONTAINER);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.len() == waiting.bytes => Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::storage(&path)(error))
            }
            _ => Err(ErrorKind::Damaged {
                path,
                what: "not the container that was signed",
            }
            .into()),
        }
    }

    fn send(&mut self, waiting: Waiting) -> Result<(), Failure> {
        let Waiting { id, bytes, .. } = waiting;
        let container = self.home.folder(Shelf::Outbox, id).join(CONTAINER);
        let office = self.office;
        // Whether the platform may have it although it never said so.
        let mut open = self.store.is_unresolved(id)?;
        self.store.unresolved(id, true)?;
        let answer = self.caller.call(|call| {
            let mut reader = Uploading {
                file: File::open(&container)?,
                observer: call.observer,
                id,
                sent: 0,
                total: bytes,
            };
            let answer = call
                .transport
                .send(call.token, waiting.receiver, id, &mut reader, bytes);
            open |= matches!(answer, Err(CallError::NoAnswer(_)));
            let receipt = answer?;
            let expected = (
                id,
                office,
                waiting.receiver,
                waiting.set,
                waiting.sha256,
                bytes,
            );
            if parts(&receipt) != expected {
                open = true;
                return Err(NoAnswer::NotUnderstood {
                    reason: "the receipt is not for what was sent".to_owned(),
                }
                .into());
            }
            Ok(receipt)
        });
        if answer.is_err() && !open {
            self.store.unresolved(id, false)?;
        }
        let receipt = answer?;
        self.caller.observer.step(Step::ReceiptCame);
        self.store.accepted(&receipt)?;
        self.caller.observer.step(Step::ReceiptStored);
        let receipt = &receipt;
        self.caller
            .observer
            .progress(&Progress::Accepted { id, receipt });
        self.home.remove_copies(Shelf::Outbox, id)?;
        self.caller.observer.step(Step::CopiesRemoved);
        Ok(())
    }

    /// Hears what became of what is under way.
    pub(crate) fn hear(&mut self, findings: &mut Findings) -> Result<(), Error> {
        let Some(earliest) = self.store.earliest_under_way()? else {
            return Ok(());
        };
        let mut query = ListQuery {
            accepted_from: Some(earliest),
            limit: PageSize::MAX,
            ..ListQuery::default()
        };
        for _ in 0..MOST_PAGES {
            let page = self
                .caller
                .call(|call| call.transport.list_sent(call.token, &query))
                .map_err(Failure::into_error)?;
            let news: Vec<_> = page
                .items
                .iter()
                .map(|summary| (summary.sending, summary.state))
                .collect();
            for (id, state) in self.store.heard(&news)? {
                findings.report.changed.push((id, state));
                self.caller
                    .observer
                    .progress(&Progress::StateChanged { id, state });
            }
            match query.following(&page) {
                Some(next) if next.after != query.after => query = next,
                _ => break,
            }
        }
        Ok(())
    }

    /// Lets a set that was not accepted be signed and sent again, after a person changed
    /// something.
    ///
    /// # Errors
    /// If there is no such set, or it was not refused; the home's errors.
    pub fn retry(&mut self, id: IdempotencyKey) -> Result<(), Error> {
        self.outgoing(id)?;
        if self.store.retry(id)? {
            return Ok(());
        }
        Err(ErrorKind::WrongState {
            advice: Advice::NotRefused,
        }
        .into())
    }

    /// Takes a set back that the platform does not have.
    ///
    /// # Errors
    /// If there is no such set, or the platform has it or may have it; the home's errors.
    pub fn discard(&mut self, id: IdempotencyKey) -> Result<(), Error> {
        let set = self.outgoing(id)?;
        if !self.store.discard(id)? {
            let advice = match set.receipt {
                Some(_) => Advice::WithdrawInstead,
                None => Advice::SyncFirst,
            };
            return Err(ErrorKind::WrongState { advice }.into());
        }
        self.home.remove(&self.home.folder(Shelf::Outbox, id))
    }

    /// Withdraws a sending at the platform; possible until the receiver has fetched it.
    ///
    /// # Errors
    /// If there is no such set or the platform does not have it; [`ErrorKind::Refused`] if the
    /// receiver has fetched it; the errors of calls.
    pub fn withdraw(&mut self, id: IdempotencyKey) -> Result<SendingState, Error> {
        self.caller.cancel.reset();
        let Some(receipt) = self.outgoing(id)?.receipt else {
            return Err(ErrorKind::WrongState {
                advice: Advice::DiscardInstead,
            }
            .into());
        };
        let summary = self
            .caller
            .call(|call| call.transport.withdraw(call.token, receipt.sending))
            .map_err(Failure::into_error)?;
        self.store.heard(&[(receipt.sending, summary.state)])?;
        Ok(summary.state)
    }
}

/// What a receipt must repeat.
const fn parts(
    receipt: &Receipt,
) -> (
    IdempotencyKey,
    OfficeNumber,
    OfficeNumber,
    SetKind,
    Sha256Digest,
    u64,
) {
    (
        receipt.idempotency_key,
        receipt.sender,
        receipt.receiver,
        receipt.set,
        receipt.sha256,
        receipt.bytes,
    )
}

/// A set of files still where the person has them.
struct NamedSet {
    header: SetHeader,
    /// In the order of the container.
    paths: Vec<PathBuf>,
    names: Vec<String>,
    /// How many of them, from the first, have names of the standard.
    standard: usize,
}

/// A set copied aside.
struct CopiedSet {
    id: IdempotencyKey,
    scratch: Scratch,
    files: Vec<SetFile>,
    content: Sha256Digest,
    set: NamedSet,
}

/// Files beside one another.
struct Folder {
    paths: Vec<PathBuf>,
    names: Vec<String>,
}

/// The files given, by the folder they lie in; those that are none become refusals.
fn by_folder<P: AsRef<Path>>(paths: &[P], refusals: &mut Vec<PutInRefusal>) -> Vec<Folder> {
    let mut folders: Vec<(PathBuf, Folder)> = Vec::new();
    let mut seen = HashSet::new();
    for path in paths {
        for file in files_of(path.as_ref(), refusals) {
            let Some(name) = file.file_name().and_then(OsStr::to_str) else {
                refusals.push(PutInRefusal::file(&file, PutInRefusalKind::UnsafeName));
                continue;
            };
            let name = name.to_owned();
            if !seen.insert(file.clone()) {
                continue;
            }
            let parent = file.parent().unwrap_or(Path::new("")).to_owned();
            let at = folders.iter().position(|(other, _)| *other == parent);
            let at = at.unwrap_or_else(|| {
                let (paths, names) = (Vec::new(), Vec::new());
                folders.push((parent, Folder { paths, names }));
                folders.len() - 1
            });
            if let Some((_, folder)) = folders.get_mut(at) {
                folder.paths.push(file);
                folder.names.push(name);
            }
        }
    }
    folders.into_iter().map(|(_, folder)| folder).collect()
}

/// A file, or the files in a folder, by name.
fn files_of(path: &Path, refusals: &mut Vec<PutInRefusal>) -> Vec<PathBuf> {
    let mut unreadable = |error: &io::Error| {
        let kind = PutInRefusalKind::Unreadable(error.to_string());
        refusals.push(PutInRefusal::file(path, kind));
        Vec::new()
    };
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return unreadable(&error),
    };
    if !metadata.is_dir() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).and_then(|entries| {
        entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<_>>>()
    });
    match entries {
        Ok(mut files) => {
            files.retain(|file| file.is_file() && !is_left_by_the_system(file));
            files.sort();
            files
        }
        Err(error) => unreadable(&error),
    }
}

/// Files that file managers leave in every folder.
fn is_left_by_the_system(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    name.starts_with('.')
        || name.eq_ignore_ascii_case("Thumbs.db")
        || name.eq_ignore_ascii_case("desktop.ini")
}

/// The sets of one folder, its PDFs with the set they go with.
fn named_sets(folder: &Folder) -> Result<Vec<NamedSet>, Vec<PutInRefusal>> {
    let places: HashMap<&str, &PathBuf> = folder
        .names
        .iter()
        .map(String::as_str)
        .zip(&folder.paths)
        .collect();
    let path_of = |name: &str| places.get(name).copied();
    let refuse = |name: &str, kind| match path_of(name) {
        Some(path) => PutInRefusal::file(path, kind),
        None => PutInRefusal::whole(kind),
    };
    let mut refusals = Vec::new();
    let mut seen = HashSet::new();
    for name in &folder.names {
        if !is_file_name(name) {
            refusals.push(refuse(name, PutInRefusalKind::UnsafeName));
        } else if !seen.insert(name.to_lowercase()) {
            refusals.push(refuse(name, PutInRefusalKind::SameName));
        }
    }
    let mut found = recognise(&folder.names).unwrap_or_else(|found| {
        refusals.extend(found.iter().map(|(name, kind)| refuse(name, kind.clone())));
        Found::default()
    });
    if refusals.is_empty() && !found.loose.is_empty() {
        match host_of_documents(&found.sets) {
            Ok(host) => {
                let names = found.loose.iter().cloned();
                found
                    .sets
                    .get_mut(host)
                    .into_iter()
                    .for_each(|set| set.names.extend(names.clone()));
            }
            Err(kind) => refusals.extend(found.loose.iter().map(|name| refuse(name, kind.clone()))),
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let named = found.sets.into_iter().map(|set| NamedSet {
        header: set.header,
        paths: set
            .names
            .iter()
            .filter_map(|name| path_of(name).cloned())
            .collect(),
        standard: set.standard,
        names: set.names,
    });
    Ok(named.collect())
}

/// The set documents of the same folder go with: a care plan, whose table 3 they often are, else
/// the first. All sets must be for one office, so that none gets what is not meant for it.
fn host_of_documents(sets: &[FoundSet]) -> Result<usize, PutInRefusalKind> {
    let first = sets.first().ok_or(PutInRefusalKind::PdfAlone)?;
    if sets
        .iter()
        .any(|set| set.header.receiver != first.header.receiver)
    {
        return Err(PutInRefusalKind::PdfForSeveral);
    }
    let plan = sets
        .iter()
        .position(|set| set.header.set == SetKind::CarePlan);
    Ok(plan.unwrap_or(0))
}

/// Whether signing failed because of the set, and not of the key or the certificate.
const fn is_about_the_files(kind: careplan_envelope::ErrorKind) -> bool {
    use careplan_envelope::ErrorKind as Kind;
    matches!(
        kind,
        Kind::FileName | Kind::DuplicateFile | Kind::NoFiles | Kind::TooLarge | Kind::TooManyFiles
    )
}

/// One digest over the names and digests of all files, whatever their order.
fn content_digest(files: &[SetFile]) -> Sha256Digest {
    let mut lines: Vec<String> = files
        .iter()
        .map(|file| format!("{} {}\n", file.sha256, file.name))
        .collect();
    lines.sort();
    let mut digesting = Digesting::new(io::sink());
    for line in lines {
        // Writing to a sink does not fail.
        let _ = io::Write::write_all(&mut digesting, line.as_bytes());
    }
    digesting.finish().1
}

/// A container on its way: tells how far it is.
struct Uploading<'a> {
    file: File,
    observer: &'a mut dyn Observer,
    id: IdempotencyKey,
    sent: u64,
    total: u64,
}

impl Read for Uploading<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.sent += read as u64;
        let Self {
            id, sent, total, ..
        } = *self;
        self.observer
            .progress(&Progress::Uploading { id, sent, total });
        Ok(read)
    }
}

/// What can go wrong while signing.
enum SignError {
    File(io::Error),
    Envelope(careplan_envelope::Error),
    Damaged(PathBuf),
}

impl From<io::Error> for SignError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<careplan_envelope::Error> for SignError {
    fn from(error: careplan_envelope::Error) -> Self {
        Self::Envelope(error)
    }
}

impl SignError {
    fn at(self, path: &Path) -> Error {
        match self {
            Self::File(error) => Error::storage(path)(error),
            Self::Envelope(error) if error.kind() == careplan_envelope::ErrorKind::Io => {
                Error::storage(path)(io_of(error))
            }
            Self::Envelope(error) => ErrorKind::Signing(error).into(),
            Self::Damaged(path) => ErrorKind::Damaged {
                path,
                what: "a file changed after it was put in",
            }
            .into(),
        }
    }
}
