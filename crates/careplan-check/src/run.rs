//! The checker: files in, report out.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use careplan_core::{Explain, Lang};
use careplan_tables::{FileKind, PictureName, Severity};

use crate::excerpt;
use crate::facts::{FileFacts, base_name};
use crate::found::{Found, Place};
use crate::notice::Notice;
use crate::pass;
use crate::persons::Persons;
use crate::profile::Profile;
use crate::report::tables::{self, TableView};
use crate::report::{CheckedFile, CheckedSending, Report, Summary};
use crate::rule::{Check, Rule};
use crate::rules::name;
use crate::sending::{ReadFile, Sending, divide};
use crate::source::Source;

/// How many notices of one rule in one file are kept unless told otherwise.
pub const DEFAULT_CAP: u64 = 20;

/// Checks files against the standard. Set up once, used for many checks.
#[derive(Debug, Clone)]
pub struct Checker {
    profile: Profile,
    cap: u64,
    show_values: bool,
    tables: bool,
}

impl Default for Checker {
    fn default() -> Self {
        Self::new()
    }
}

impl Checker {
    /// A checker by the standard's catalogue, with [`DEFAULT_CAP`], that shows no personal data.
    #[must_use]
    pub fn new() -> Self {
        Self {
            profile: Profile::standard(),
            cap: DEFAULT_CAP,
            show_values: false,
            tables: false,
        }
    }

    /// Uses a profile.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Keeps at most so many notices of one rule in one file; the number left out is stated.
    #[must_use]
    pub const fn cap(mut self, notices: u64) -> Self {
        self.cap = notices;
        self
    }

    /// Whether personal data may be in messages and excerpts.
    #[must_use]
    pub const fn show_values(mut self, show: bool) -> Self {
        self.show_values = show;
        self
    }

    /// Whether to keep what tables 6 and 7 look like, for [`report::html`](crate::report::html).
    #[must_use]
    pub const fn tables(mut self, keep: bool) -> Self {
        self.tables = keep;
        self
    }

    /// Checks files that lie together and may be of several sendings: which belong to one
    /// another is told from their names. A single file is checked by itself, without the rules
    /// about sets.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn check<'a>(
        &self,
        files: impl IntoIterator<Item = Source<'a>>,
    ) -> Result<Report, CheckError> {
        let mut check = Checking::new(self);
        check.files(files)?;
        check.finish()
    }

    /// Checks the files of one sending, as they are about to be sent: names that do not agree are
    /// reported, and so is what is missing, even if there is one file only.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn check_sending<'a>(
        &self,
        files: impl IntoIterator<Item = Source<'a>>,
    ) -> Result<Report, CheckError> {
        let mut check = Checking::new(self);
        check.sending(files)?;
        check.finish()
    }

    /// Checks a folder: its files are those of sendings.
    ///
    /// # Errors
    /// If the folder or a file in it cannot be read.
    pub fn check_folder(&self, folder: impl AsRef<Path>) -> Result<Report, CheckError> {
        let mut check = Checking::new(self);
        check.folder(folder)?;
        check.finish()
    }
}

/// Which files belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Together {
    /// By their names; one alone is no sending.
    ByName,
    /// By their names, even one alone.
    Folder,
    /// All of them.
    OneSending,
}

/// How far a check is, for those who wait for it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The file being read.
    pub file: &'a str,
    /// How many files came before it.
    pub files_done: usize,
    /// How far into the file, in bytes.
    pub bytes: u64,
}

/// What is called while files are read.
type Tell<'c> = Box<dyn FnMut(Progress<'_>) + 'c>;

/// A check in the making: takes folders, files and sendings, and gives one report over all.
///
/// ```no_run
/// use careplan_check::{Checker, Checking};
///
/// let checker = Checker::new();
/// let mut checking = Checking::new(&checker);
/// checking.folder("outgoing/october")?;
/// checking.folder("outgoing/november")?;
/// assert!(checking.finish()?.passes());
/// # Ok::<(), careplan_check::CheckError>(())
/// ```
pub struct Checking<'c, 'a> {
    checker: &'c Checker,
    found: Found<'c>,
    persons: Persons,
    /// What is known of each file, and where it can be read again.
    files: Vec<(ReadFile, Source<'a>)>,
    sendings: Vec<CheckedSending>,
    ignored: Vec<Arc<str>>,
    /// Numbers given to files, pictures included.
    numbered: usize,
    progress: Option<Tell<'c>>,
}

impl fmt::Debug for Checking<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checking")
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}

impl<'c, 'a> Checking<'c, 'a> {
    /// Begins a check.
    #[must_use]
    pub fn new(checker: &'c Checker) -> Self {
        Self {
            checker,
            found: Found::new(&checker.profile, checker.cap),
            persons: Persons::default(),
            files: Vec::new(),
            sendings: Vec::new(),
            ignored: Vec::new(),
            numbered: 0,
            progress: None,
        }
    }

    /// Calls back while files are read, every few thousand records.
    #[must_use]
    pub fn on_progress(mut self, progress: impl FnMut(Progress<'_>) + 'c) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Takes in the files of a folder, grouped into sendings by their names, and then likewise
    /// those of the folders inside it, each by itself.
    ///
    /// # Errors
    /// If the folder or a file in it cannot be read.
    pub fn folder(&mut self, folder: impl AsRef<Path>) -> Result<(), CheckError> {
        let folder = folder.as_ref();
        let listed = || -> io::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
            let (mut files, mut folders) = (Vec::new(), Vec::new());
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if entry.path().is_file() {
                    files.push(entry.path());
                }
            }
            files.sort_unstable();
            folders.sort_unstable();
            Ok((files, folders))
        };
        let (files, folders) = listed().map_err(|error| CheckError {
            file: folder.display().to_string(),
            error,
        })?;
        self.take(files.into_iter().map(Source::file), Together::Folder)?;
        folders.into_iter().try_for_each(|inner| self.folder(inner))
    }

    /// Takes in files that were given together; see [`Checker::check`].
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn files(&mut self, files: impl IntoIterator<Item = Source<'a>>) -> Result<(), CheckError> {
        self.take(files, Together::ByName)
    }

    /// Takes in the files of one sending; see [`Checker::check_sending`].
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn sending(
        &mut self,
        files: impl IntoIterator<Item = Source<'a>>,
    ) -> Result<(), CheckError> {
        self.take(files, Together::OneSending)
    }

    fn take(
        &mut self,
        sources: impl IntoIterator<Item = Source<'a>>,
        together: Together,
    ) -> Result<(), CheckError> {
        let mut read = Vec::new();
        let mut opened = Vec::new();
        for source in sources {
            let base = base_name(source.name());
            let extension = base.rsplit_once('.').map_or("", |(_, extension)| extension);
            if extension.eq_ignore_ascii_case("csv") {
                read.push(self.read(&source)?);
                opened.push(source);
            } else {
                self.other_file(&source);
            }
        }
        let sendings = match together {
            Together::ByName if read.len() < 2 => Vec::new(),
            Together::ByName | Together::Folder => divide(&read),
            Together::OneSending if read.is_empty() => Vec::new(),
            Together::OneSending => vec![Sending::of(read.iter().collect())],
        };
        for sending in &sendings {
            for rule in Rule::all() {
                if let Check::Set(check) = rule.check {
                    check(sending, &mut self.found);
                }
            }
        }
        let first = self.files.len();
        let place = |file: &ReadFile| {
            let mut places = read.iter().map(|other| other.facts.index);
            places.position(|index| index == file.facts.index)
        };
        self.sendings.extend(sendings.iter().map(|sending| {
            CheckedSending {
                files: sending
                    .files
                    .iter()
                    .filter_map(|file| Some(first + place(file)?))
                    .collect(),
                kind: sending.kind.as_ref().ok().copied(),
            }
        }));
        drop(sendings);
        for (mut file, source) in read.into_iter().zip(opened) {
            // Not needed any more, and large.
            file.summary = Default::default();
            self.files.push((file, source));
        }
        Ok(())
    }

    fn read(&mut self, source: &Source<'a>) -> Result<ReadFile, CheckError> {
        let failed = |error| CheckError {
            file: source.name().to_owned(),
            error,
        };
        let facts = FileFacts::new(self.numbered, source.shared_name());
        let files_done = self.numbered;
        self.numbered += 1;
        let input = source.input().map_err(failed)?;
        let progress = &mut self.progress;
        let mut tell = |bytes| {
            if let Some(progress) = progress {
                progress(Progress {
                    file: source.name(),
                    files_done,
                    bytes,
                });
            }
        };
        tell(0);
        pass::read(
            facts,
            input,
            &mut self.persons,
            &mut self.found,
            self.checker.show_values,
            &mut tell,
        )
        .map_err(failed)
    }

    /// A file that is no CSV: ignored, unless it is meant as a picture and named wrongly.
    fn other_file(&mut self, source: &Source<'a>) {
        let base = base_name(source.name());
        let meant = base.to_ascii_uppercase().starts_with("UPKIHON_IMAGE");
        match base.parse::<PictureName>() {
            Err(_) if meant => {
                let facts = FileFacts::new(self.numbered, source.shared_name());
                self.numbered += 1;
                self.found
                    .report(&name::FILE_NAME_INVALID, Place::file(&facts), name::picture);
            }
            Ok(_) => {}
            Err(_) => self.ignored.push(source.shared_name()),
        }
    }

    /// Puts the report together.
    ///
    /// # Errors
    /// If a file cannot be read a second time, for the lines that notices show.
    pub fn finish(self) -> Result<Report, CheckError> {
        let summary = Summary {
            files: self.files.len() as u64,
            records: self.files.iter().map(|(file, _)| file.records).sum(),
            errors: self.found.count(Severity::Error),
            warnings: self.found.count(Severity::Warning),
            infos: self.found.count(Severity::Info),
        };
        let (mut notices, left_out) = self.found.finish();
        for (file, source) in &self.files {
            let of_file = notices
                .iter_mut()
                .filter(|notice| Arc::ptr_eq(&notice.file, &file.facts.name));
            excerpt::fill(of_file, &file.facts, source, self.checker.show_values).map_err(
                |error| CheckError {
                    file: source.name().to_owned(),
                    error,
                },
            )?;
        }
        let files = self
            .files
            .iter()
            .map(|(file, _)| {
                let count = |severity| {
                    let kept = notices.iter().filter(|notice| {
                        Arc::ptr_eq(&notice.file, &file.facts.name) && notice.severity == severity
                    });
                    let left = left_out.iter().filter(|left| {
                        Arc::ptr_eq(&left.file, &file.facts.name) && left.severity == severity
                    });
                    kept.count() as u64 + left.map(|left| left.count).sum::<u64>()
                };
                CheckedFile {
                    name: Arc::clone(&file.facts.name),
                    kind: file.kind(),
                    edition: file.facts.edition,
                    records: file.records,
                    errors: count(Severity::Error),
                    warnings: count(Severity::Warning),
                    infos: count(Severity::Info),
                }
            })
            .collect();
        let tables = if self.checker.tables {
            table_views(&self.files, &notices, self.checker.show_values)?
        } else {
            Vec::new()
        };
        Ok(Report {
            notices,
            left_out,
            files,
            tables,
            sendings: self.sendings,
            ignored: self.ignored,
            profile: self.checker.profile.clone(),
            shows_values: self.checker.show_values,
            summary,
        })
    }
}

/// Reads tables 6 and 7 again, for the page that shows them.
fn table_views(
    files: &[(ReadFile, Source<'_>)],
    notices: &[Notice],
    show_values: bool,
) -> Result<Vec<TableView>, CheckError> {
    let failed = |source: &Source<'_>| {
        let file = source.name().to_owned();
        |error| CheckError { file, error }
    };
    let mut names = tables::Names::default();
    if show_values {
        for (file, source) in files {
            if file.kind() == Some(FileKind::Supplement) {
                tables::names(&file.facts, source, &mut names).map_err(failed(source))?;
            }
        }
    }
    let mut views = Vec::new();
    for (file, source) in files.iter().filter(|(file, _)| !file.unreadable) {
        let of_file: Vec<_> = notices
            .iter()
            .enumerate()
            .filter(|(_, notice)| Arc::ptr_eq(&notice.file, &file.facts.name))
            .collect();
        let names = show_values.then_some(&names);
        let view = tables::view(&file.facts, source, &of_file, names).map_err(failed(source))?;
        views.extend(view);
    }
    Ok(views)
}

/// A check that could not be carried out.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct CheckError {
    file: String,
    #[source]
    error: io::Error,
}

impl CheckError {
    /// The file or folder, as it was given.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What the system says.
    #[must_use]
    pub const fn io(&self) -> &io::Error {
        &self.error
    }
}

impl Explain for CheckError {
    fn explain(&self, lang: Lang) -> String {
        let Self { file, error } = self;
        match lang {
            Lang::Ja => format!(
                "{file} を読み込めません（{error}）。ファイルやフォルダーがあるか、ほかのソフトで開いていないかを確認してください。"
            ),
            Lang::En => format!(
                "{file} cannot be read: {error}; see that it is there and not open in another program"
            ),
        }
    }
}
