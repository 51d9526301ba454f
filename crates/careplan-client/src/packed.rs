//! The files of a set that was put in, one after another in one file of the home: a set is then one
//! thing to force to the disk, to open and to remove, however many files it has.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::SetFile;

/// Name of that file in a set's folder.
pub(crate) const FILES: &str = "files";

/// A file, or a piece of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece<'a> {
    path: &'a Path,
    /// Where it begins, and its length.
    range: Option<(u64, u64)>,
}

impl<'a> Piece<'a> {
    /// All of a file.
    pub(crate) const fn whole(path: &'a Path) -> Self {
        Self { path, range: None }
    }

    /// Opens it at its beginning.
    pub(crate) fn open(self) -> io::Result<impl Read + 'static> {
        let mut file = File::open(self.path)?;
        let (from, length) = self.range.unwrap_or((0, u64::MAX));
        if from > 0 {
            file.seek(SeekFrom::Start(from))?;
        }
        Ok(file.take(length))
    }
}

/// Where each of a set's files lies.
pub(crate) fn pieces<'a>(
    packed: &'a Path,
    files: &'a [SetFile],
) -> impl Iterator<Item = Piece<'a>> {
    files.iter().scan(0_u64, move |end, file| {
        let from = *end;
        *end = from.saturating_add(file.bytes);
        Some(Piece {
            path: packed,
            range: Some((from, file.bytes)),
        })
    })
}

#[cfg(test)]
mod tests {
    use careplan_core::Sha256Digest;

    use super::*;

    #[test]
    fn each_file_is_found_among_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let packed = folder.path().join(FILES);
        std::fs::write(&packed, "onethree").unwrap();
        let files = [("a", 3), ("empty", 0), ("b", 5)].map(|(name, bytes)| SetFile {
            name: name.to_owned(),
            bytes,
            sha256: Sha256Digest::new([0; 32]),
        });
        let read = |piece: Piece<'_>| io::read_to_string(piece.open().unwrap()).unwrap();
        let found: Vec<String> = pieces(&packed, &files).map(read).collect();
        assert_eq!(found, ["one", "", "three"]);
        assert_eq!(read(Piece::whole(&packed)), "onethree");
    }
}
