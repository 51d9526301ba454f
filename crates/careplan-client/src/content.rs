//! Reading the files of sets that are in the home: for programs that show what was sent and
//! received. Handing files to care software is [`Client::take_out`].

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use careplan_envelope::ExtractError;
use careplan_protocol::{IdempotencyKey, SendingId};

use crate::durable;
use crate::home::{CONTAINER, Shelf};
use crate::packed::{FILES, Piece, pieces};
use crate::{Client, Error, ErrorKind, SetFile};

impl Client {
    /// Copies a file of a received set to a sink; `name` is one of
    /// [`Incoming::files`](crate::Incoming::files). The set does not count as taken out.
    ///
    /// # Errors
    /// [`ErrorKind::Quarantined`]; [`ErrorKind::FilesRemoved`]; if there is no such set or file, it
    /// changed since it was received, or it cannot be read or the sink not written.
    pub fn read_received(
        &self,
        id: SendingId,
        name: &str,
        sink: &mut dyn Write,
    ) -> Result<(), Error> {
        let set = self.incoming(id)?;
        if !set.state.is_verified() {
            return Err(ErrorKind::Quarantined(id).into());
        }
        if !set.files_kept {
            return Err(ErrorKind::FilesRemoved(id).into());
        }
        let folder = self.home.folder(Shelf::Inbox, id);
        let (at, file) = find(&set.files, name, &folder)?;
        let path = folder.join((at + 1).to_string());
        copy(&path, Piece::whole(&path), file, sink)
    }

    /// Copies a file of a set that was put in here to a sink; `name` is one of
    /// [`Outgoing::files`](crate::Outgoing::files). Of a set that was sent it is read from the
    /// container.
    ///
    /// # Errors
    /// If there is no such set or file, its files were removed from the home, the container cannot
    /// be opened any more, or the file cannot be read or the sink not written.
    pub fn read_sent(
        &self,
        id: IdempotencyKey,
        name: &str,
        sink: &mut dyn Write,
    ) -> Result<(), Error> {
        let set = self.outgoing(id)?;
        let folder = self.home.folder(Shelf::Outbox, id);
        let (at, file) = find(&set.files, name, &folder)?;
        let packed = folder.join(FILES);
        if packed.is_file()
            && let Some(piece) = pieces(&packed, &set.files).nth(at)
        {
            return copy(&packed, piece, file, sink);
        }
        let path = folder.join(CONTAINER);
        let storage = |error| Error::storage(&path)(error);
        let container = File::open(&path).map_err(storage)?;
        // The certificate may have ended since; it was good when the container came to be.
        let at = set
            .receipt
            .as_ref()
            .map_or_else(|| self.caller.clock.now(), |receipt| receipt.accepted_at);
        let damaged = |what| {
            Error::from(ErrorKind::Damaged {
                path: path.clone(),
                what,
            })
        };
        let mut envelope = self
            .verifier
            .verify(container, at)
            .map_err(|_| damaged("the container cannot be opened any more"))?;
        envelope
            .copy_file(&file.name, sink)
            .map_err(|error| match error {
                ExtractError::Sink(error) => storage(error),
                _ => damaged("the container changed after it was sent"),
            })
    }
}

/// A file of a set, with its place.
fn find<'f>(
    files: &'f [SetFile],
    name: &str,
    folder: &Path,
) -> Result<(usize, &'f SetFile), Error> {
    let found = files.iter().enumerate().find(|(_, file)| file.name == name);
    found.ok_or_else(|| Error::storage(folder)(io::ErrorKind::NotFound.into()))
}

fn copy(path: &Path, piece: Piece<'_>, file: &SetFile, sink: &mut dyn Write) -> Result<(), Error> {
    let storage = |error| Error::storage(path)(error);
    let from = piece.open().map_err(storage)?;
    if durable::copy(from, sink).map_err(storage)? == (file.bytes, file.sha256) {
        return Ok(());
    }
    Err(ErrorKind::Damaged {
        path: path.to_owned(),
        what: "a file changed after it was stored",
    }
    .into())
}
