//! The way in for files to be sent: gathered into sets, checked, copied into the home, recorded.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use careplan_core::{OfficeNumber, Sequence, SetKind, Sha256Digest, japan_time};
use careplan_protocol::IdempotencyKey;
use careplan_tables::DocumentName;
use uuid::Uuid;

use crate::durable::{self, Digesting};
use crate::gather::{Addressed, NamedSet, by_folder, named_sets};
use crate::home::{Scratch, Shelf};
use crate::packed::{FILES, Piece, pieces};
use crate::store::NewOutgoing;
use crate::{
    CheckedFile, Client, Error, ErrorKind, Finding, Progress, PutInRefusal, PutInRefusalKind,
    SetFile, SetHeader, Step,
};

/// How files are put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PutInOptions {
    /// The office everything goes to. CSV files name their receiver themselves and must name this
    /// one; PDFs that accompany no CSV files need one.
    pub receiver: Option<OfficeNumber>,
    /// Seals what is sent, so that only the receiver can read it (封緘): not even the platform can,
    /// which then cannot check the set either. The container is in memory while it is sealed.
    pub seal: bool,
}

/// What became of a set that was put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutIn {
    /// The set in the outbox.
    pub id: IdempotencyKey,
    /// What the names of its files say.
    pub header: SetHeader,
    /// The same files were put in before: this is that set, and nothing is sent twice. A set that
    /// was refused is tried again.
    pub already: bool,
    /// What the check found and does not keep the set back; kept with it, see
    /// [`Client::findings`].
    pub findings: Vec<Finding>,
}

/// A set as it would be put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What the names of its files say.
    pub header: SetHeader,
    /// Its files, in the order of the container.
    pub files: Vec<PathBuf>,
    /// What the check found.
    pub findings: Vec<Finding>,
}

impl Proposal {
    /// Whether the check keeps it back.
    #[must_use]
    pub fn is_kept_back(&self) -> bool {
        self.findings.iter().any(Finding::keeps_back)
    }
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
        self.put_in_with(paths, PutInOptions::default())
    }

    /// As [`put_in`](Self::put_in), to a receiver chosen.
    ///
    /// # Errors
    /// As [`put_in`](Self::put_in).
    pub fn put_in_with<P: AsRef<Path>>(
        &mut self,
        paths: &[P],
        options: PutInOptions,
    ) -> Result<Vec<PutIn>, Error> {
        self.caller.cancel.reset();
        let sets = self.recognise(paths, options).map_err(ErrorKind::PutIn)?;
        let copied = sets
            .into_iter()
            .map(|set| self.copy(set, options.seal))
            .collect::<Result<Vec<_>, Error>>()?;
        let refusals: Vec<PutInRefusal> = copied.iter().filter_map(CopiedSet::refusal).collect();
        if !refusals.is_empty() {
            return Err(ErrorKind::PutIn(refusals).into());
        }
        self.take(copied)
    }

    /// What putting files in would come to: the sets, and what the check says of them. Takes
    /// nothing; errors found by the check are in the proposals.
    ///
    /// # Errors
    /// As [`put_in`](Self::put_in), but for what the check found.
    pub fn look_at<P: AsRef<Path>>(
        &mut self,
        paths: &[P],
        options: PutInOptions,
    ) -> Result<Vec<Proposal>, Error> {
        let sets = self.recognise(paths, options).map_err(ErrorKind::PutIn)?;
        sets.into_iter()
            .map(|set| {
                Ok(Proposal {
                    header: set.header,
                    findings: self.check(&set, set.paths.iter().map(|path| Piece::whole(path)))?,
                    files: set.paths,
                })
            })
            .collect()
    }

    /// What the names say, and what cannot be sent.
    fn recognise<P: AsRef<Path>>(
        &self,
        paths: &[P],
        options: PutInOptions,
    ) -> Result<Vec<NamedSet>, Vec<PutInRefusal>> {
        let mut refusals = Vec::new();
        let mut sets = Vec::new();
        let now = japan_time(self.caller.clock.now());
        let addressed = options
            .receiver
            .zip(Sequence::at(now))
            .map(|(receiver, sequence)| Addressed {
                sender: self.office,
                receiver,
                sequence,
            });
        for folder in by_folder(paths, &mut refusals) {
            match named_sets(&folder, addressed) {
                Ok(found) => sets.extend(found),
                Err(found) => refusals.extend(found),
            }
        }
        for set in &sets {
            let SetHeader {
                sender, receiver, ..
            } = set.header;
            let kind = if sender != self.office {
                PutInRefusalKind::OtherSender {
                    found: sender,
                    expected: self.office,
                }
            } else if receiver == self.office {
                PutInRefusalKind::OwnNumber
            } else if let Some(chosen) = options.receiver
                && chosen != receiver
            {
                PutInRefusalKind::OtherReceiver {
                    found: receiver,
                    chosen,
                }
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

    /// What the check says of a set whose files are `pieces`.
    fn check<'a>(
        &mut self,
        set: &'a NamedSet,
        pieces: impl Iterator<Item = Piece<'a>>,
    ) -> Result<Vec<Finding>, Error> {
        let Some(check) = &mut self.check else {
            return Ok(Vec::new());
        };
        let files: Vec<CheckedFile<'_>> = set
            .names
            .iter()
            .zip(pieces)
            .map(|(name, content)| CheckedFile { name, content })
            .collect();
        check.check(&set.header, &files).map_err(|refusal| {
            let kind = PutInRefusalKind::Check(refusal);
            let refusal = match set.paths.first() {
                Some(path) => PutInRefusal::file(path, kind),
                None => PutInRefusal::whole(kind),
            };
            ErrorKind::PutIn(vec![refusal]).into()
        })
    }

    /// Copies a set's files aside, durably, and checks the copies: what is checked is what is
    /// sent.
    fn copy(&mut self, set: NamedSet, sealed: bool) -> Result<CopiedSet, Error> {
        self.caller.go_on()?;
        let id = IdempotencyKey::new(Uuid::now_v7());
        let scratch = self.home.new_scratch(id)?;
        let packed = scratch.path().join(FILES);
        let storage = |error| Error::storage(&packed)(error);
        let mut to = durable::create_new(&packed).map_err(storage)?;
        let mut files = Vec::with_capacity(set.paths.len());
        for (path, name) in set.paths.iter().zip(&set.names) {
            let unreadable = |error: &io::Error| {
                let kind = PutInRefusalKind::Unreadable(error.to_string());
                Error::from(ErrorKind::PutIn(vec![PutInRefusal::file(path, kind)]))
            };
            let from = File::open(path).map_err(|error| unreadable(&error))?;
            let (bytes, sha256) = durable::copy(from, &mut to).map_err(storage)?;
            files.push(SetFile {
                name: name.clone(),
                bytes,
                sha256,
            });
        }
        to.sync_all().map_err(storage)?;
        self.caller.observer.step(Step::Copied);
        Ok(CopiedSet {
            id,
            scratch,
            content: content_digest(&set.header, &files),
            findings: self.check(&set, pieces(&packed, &files))?,
            sealed,
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
                findings: set.findings.clone(),
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
                findings: &set.findings,
                sealed: set.sealed,
                put_in_at,
            })
            .collect();
        let sets = new.iter().map(|set| (&set.scratch, set.id));
        let shelved = self.home.shelve(sets, Shelf::Outbox);
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
}

/// A set copied aside.
struct CopiedSet {
    id: IdempotencyKey,
    scratch: Scratch,
    files: Vec<SetFile>,
    content: Sha256Digest,
    findings: Vec<Finding>,
    sealed: bool,
    set: NamedSet,
}

impl CopiedSet {
    /// Why it cannot be sent, if the check found errors.
    fn refusal(&self) -> Option<PutInRefusal> {
        if !self.findings.iter().any(Finding::keeps_back) {
            return None;
        }
        let kind = PutInRefusalKind::Findings(self.findings.clone());
        Some(match self.set.paths.first() {
            Some(path) => PutInRefusal::file(path, kind),
            None => PutInRefusal::whole(kind),
        })
    }
}

/// One digest over the names and digests of all files, whatever their order. The names of PDFs
/// that travel alone have the time of putting in; what counts of them is to whom they go.
fn content_digest(header: &SetHeader, files: &[SetFile]) -> Sha256Digest {
    let mut lines: Vec<String> = files
        .iter()
        .map(|file| match file.name.parse::<DocumentName>() {
            Ok(name) if header.set == SetKind::Documents => {
                format!("{} {} {}\n", file.sha256, name.receiver(), name.title())
            }
            _ => format!("{} {}\n", file.sha256, file.name),
        })
        .collect();
    lines.sort();
    let mut digesting = Digesting::new(io::sink());
    for line in lines {
        // Writing to a sink does not fail.
        let _ = io::Write::write_all(&mut digesting, line.as_bytes());
    }
    digesting.finish().1
}
