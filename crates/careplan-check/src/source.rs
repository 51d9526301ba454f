//! Where the bytes of a file come from. A source can be opened more than once: reports show lines
//! of the files, and the pages with the tables read them again.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use careplan_tables::{FileName, Table, WriteError, Writer};

/// A named file to be checked.
pub struct Source<'a> {
    name: Arc<str>,
    content: Content<'a>,
}

/// How a source is opened.
type Open<'a> = Box<dyn Fn() -> io::Result<Box<dyn Read + 'a>> + 'a>;

/// A file's bytes: there already, or to be read.
pub(crate) enum Input<'s> {
    Memory(&'s [u8]),
    Stream(Box<dyn Read + 's>),
}

enum Content<'a> {
    Bytes(Cow<'a, [u8]>),
    Path(PathBuf),
    Open(Open<'a>),
}

impl<'a> Source<'a> {
    /// A file in memory. The name is the file's, with its extension; folders before it are shown
    /// in reports and otherwise ignored.
    pub fn bytes(name: impl Into<Arc<str>>, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self {
            name: name.into(),
            content: Content::Bytes(bytes.into()),
        }
    }

    /// Records that are about to be written: the file of a name that they would become.
    ///
    /// ```
    /// use careplan_check::{Checker, Source};
    /// use careplan_tables::table::Table1Deletion;
    /// # use careplan_tables::{FileName, records};
    ///
    /// # let name: FileName = "DLT1KYO_1370948774_43_1375169671_11_20260921113321.CSV".parse()?;
    /// # let bytes = b"202407,133594,0462428004,20260915\r\n";
    /// # let deletions = records::<Table1Deletion>(bytes).collect::<Result<Vec<_>, _>>()?;
    /// let source = Source::records::<Table1Deletion>(&name, &deletions)?;
    /// assert!(Checker::new().check_sending([source])?.passes());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If a record cannot be written at all, such as for a character that MS932 does not have.
    pub fn records<'r, T: Table>(
        name: &FileName,
        records: impl IntoIterator<Item = &'r T::Record<'r>>,
    ) -> Result<Self, WriteError>
    where
        T::Record<'r>: 'r,
    {
        let mut writer = Writer::<T, _>::new(Vec::new());
        for record in records {
            writer.write(record)?;
        }
        Ok(Self::bytes(name.to_string(), writer.finish()?))
    }

    /// A file on disk. It is read in pieces when it is checked.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self {
            name: path.display().to_string().into(),
            content: Content::Path(path),
        }
    }

    /// A file that comes from somewhere else, such as an archive: `open` gives its bytes from the
    /// beginning each time it is called.
    pub fn reader(
        name: impl Into<Arc<str>>,
        open: impl Fn() -> io::Result<Box<dyn Read + 'a>> + 'a,
    ) -> Self {
        Self {
            name: name.into(),
            content: Content::Open(Box::new(open)),
        }
    }

    /// The name as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// What is read when the file is checked: bytes in memory are not copied.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub(crate) fn input(&self) -> io::Result<Input<'_>> {
        match &self.content {
            Content::Bytes(bytes) => Ok(Input::Memory(bytes)),
            Content::Path(_) | Content::Open(_) => self.open().map(Input::Stream),
        }
    }

    /// The bytes from the beginning.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        match &self.content {
            Content::Bytes(bytes) => Ok(Box::new(&**bytes)),
            Content::Path(path) => Ok(Box::new(File::open(path)?)),
            Content::Open(open) => open(),
        }
    }
}

impl fmt::Debug for Source<'_> {
    /// The name; what is in it is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
