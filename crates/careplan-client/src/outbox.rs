//! The way out of the home: sign, send, hear what became of it, take it back.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use careplan_core::{OfficeNumber, SetKind, Sha256Digest};
use careplan_envelope::sealing::Sealer;
use careplan_envelope::{EnvelopeWriter, WriterOptions, container_digest};
use careplan_protocol::{
    CONTAINER_TYPE, IdempotencyKey, ListQuery, PageSize, Receipt, SEALED_TYPE, SendingState,
};

use crate::caller::Failure;
use crate::durable::{self, io_of};
use crate::error::Advice;
use crate::home::{CONTAINER, SEALED, Shelf};
use crate::packed::FILES;
use crate::sealed::seal;
use crate::store::Waiting;
use crate::sync::Findings;
use crate::{
    CallError, Client, Error, ErrorKind, NoAnswer, Observer, Outgoing, Progress, Refusal, Step,
};

/// More pages than any list has: the end of a list that never ends.
pub(crate) const MOST_PAGES: usize = 100_000;

impl Client {
    /// Signs what waits for it. A signer that does not work leaves the rest waiting.
    pub(crate) fn sign_waiting(&mut self, findings: &mut Findings) -> Result<(), Error> {
        let signed_with = self.certificate().serial.to_string();
        self.store.sign_anew(&signed_with)?;
        for id in self.store.to_sign()? {
            self.caller.go_on()?;
            let set = self.outgoing(id)?;
            let sealer = match self.sealer_of(&set) {
                Ok(Ok(sealer)) => sealer,
                Ok(Err(refusal)) => {
                    self.refuse(id, &refusal, findings)?;
                    continue;
                }
                Err(Failure::Refused(problem)) => {
                    self.refuse(id, &Refusal::from(&*problem), findings)?;
                    continue;
                }
                Err(Failure::Postponed(error)) => {
                    findings.postponed(error);
                    continue;
                }
                Err(Failure::Stop(error)) => return Err(error),
            };
            let Err(error) = self.sign(&set, sealer.as_ref()) else {
                continue;
            };
            match error.kind() {
                ErrorKind::Sealing(refusal) => {
                    let refusal = refusal.clone();
                    self.refuse(id, &refusal, findings)?;
                }
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

    /// What a set is sealed with, if it is to be sealed.
    fn sealer_of(&mut self, set: &Outgoing) -> Result<Result<Option<Sealer>, Refusal>, Failure> {
        if set.sealed {
            Ok(self.sealer_to(set.header.receiver)?.map(Some))
        } else {
            Ok(Ok(None))
        }
    }

    fn sign(&mut self, set: &Outgoing, sealer: Option<&Sealer>) -> Result<(), Error> {
        let id = set.id;
        let folder = self.home.folder(Shelf::Outbox, id);
        let (part, container) = (folder.join("container.part"), folder.join(CONTAINER));
        let packed = folder.join(FILES);
        let at = self.caller.clock.now();
        let signer = &*self.signer;
        durable::remove(&part).map_err(Error::storage(&part))?;
        let signed = durable::write_new(&part, |file| -> Result<_, SignError> {
            let mut writer = EnvelopeWriter::new(file, WriterOptions::default())?;
            let files = match File::open(&packed) {
                Ok(files) => files,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(SignError::Damaged(packed));
                }
                Err(error) => return Err(error.into()),
            };
            for file in &set.files {
                let signed = writer.add(&file.name, &mut (&files).take(file.bytes))?;
                if (signed.size, signed.digest) != (file.bytes, file.sha256) {
                    return Err(SignError::Damaged(packed));
                }
            }
            let (signed, _) = writer.finish(signer, at)?;
            Ok(signed)
        })
        .map_err(|error| error.at(&part))?;
        durable::settle(&part, &container).map_err(Error::storage(&container))?;
        let (digest, bytes) = match sealer {
            Some(sealer) => seal(sealer, &container, &folder.join(SEALED))?,
            None => (
                digest(&container).map_err(Error::storage(&container))?,
                signed.size,
            ),
        };
        self.caller.observer.step(Step::ContainerWritten);
        let signed_with = self.certificate().serial.to_string();
        self.store.signed(id, &signed_with, digest, bytes)?;
        self.caller.observer.step(Step::Signed);
        self.caller.observer.progress(&Progress::Signed { id });
        Ok(())
    }

    /// Sends what is signed, in order. A set the platform refuses does not hold up the others.
    pub(crate) fn send_waiting(&mut self, findings: &mut Findings) -> Result<(), Error> {
        let waiting = self.store.to_send()?;
        let mut ahead = None;
        let sent = self.send_all(&waiting, &mut ahead, findings);
        if let Some(id) = ahead {
            self.store.unresolved(id, false)?;
        }
        sent
    }

    /// Sends sets one after another. `ahead` is the one that was recorded as on its way and has not
    /// been begun.
    fn send_all(
        &mut self,
        sets: &[Waiting],
        ahead: &mut Option<IdempotencyKey>,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let mut in_a_row = 0;
        for (at, &waiting) in sets.iter().enumerate() {
            let next = sets.get(at + 1).filter(|next| !next.unresolved);
            let next = next.map(|next| next.id);
            if let Err(error) = self.check_container(waiting) {
                let ErrorKind::Damaged { .. } = error.kind() else {
                    return Err(error);
                };
                if let Some(id) = ahead.take() {
                    self.store.unresolved(id, false)?;
                }
                self.refuse(waiting.id, &Refusal::of("damaged", &error), findings)?;
                continue;
            }
            match self.send(waiting, next, ahead, findings) {
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
        let path = self.container_to_send(waiting);
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

    /// What is sent of a set.
    fn container_to_send(&self, waiting: Waiting) -> PathBuf {
        let name = if waiting.sealed { SEALED } else { CONTAINER };
        self.home.folder(Shelf::Outbox, waiting.id).join(name)
    }

    fn send(
        &mut self,
        waiting: Waiting,
        next: Option<IdempotencyKey>,
        ahead: &mut Option<IdempotencyKey>,
        findings: &mut Findings,
    ) -> Result<(), Failure> {
        let Waiting { id, bytes, .. } = waiting;
        let container = self.container_to_send(waiting);
        let (media_type, set) = if waiting.sealed {
            (SEALED_TYPE, None)
        } else {
            (CONTAINER_TYPE, Some(waiting.set))
        };
        let office = self.office;
        // Whether the platform may have it although it never said so.
        let mut open = waiting.unresolved;
        if ahead.take() != Some(id) {
            self.store.unresolved(id, true)?;
        }
        let answer = self.caller.call(|call| {
            let mut reader = Uploading {
                file: File::open(&container)?,
                observer: call.observer,
                id,
                sent: 0,
                total: bytes,
            };
            let answer = call.transport.send(
                call.token,
                waiting.receiver,
                id,
                media_type,
                &mut reader,
                bytes,
            );
            open |= matches!(answer, Err(CallError::NoAnswer(_)));
            let receipt = answer?;
            let expected = (id, office, waiting.receiver, set, waiting.sha256, bytes);
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
        let kept = self.judge_acceptance(&receipt);
        self.store.accepted(&receipt, &kept, next)?;
        *ahead = next;
        findings.receipt(id, &kept);
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
    Option<SetKind>,
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

/// Whether signing failed because of the set, and not of the key or the certificate.
const fn is_about_the_files(kind: careplan_envelope::ErrorKind) -> bool {
    use careplan_envelope::ErrorKind as Kind;
    matches!(
        kind,
        Kind::FileName | Kind::DuplicateFile | Kind::NoFiles | Kind::TooLarge | Kind::TooManyFiles
    )
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

/// The SHA-256 of a container as it lies on the disk.
fn digest(container: &Path) -> io::Result<Sha256Digest> {
    container_digest(&mut File::open(container)?)
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
