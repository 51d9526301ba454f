//! A set's files as one download.

use std::fs::File;
use std::io::{self, Seek};
use std::path::PathBuf;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Puts files into a ZIP archive that has no name and goes when it is closed.
///
/// # Errors
/// If a file cannot be read or the archive not written.
pub(crate) fn zipped(files: &[PathBuf]) -> io::Result<File> {
    let mut writer = ZipWriter::new(tempfile::tempfile()?);
    // PDFs and pictures do not shrink, and the way to the browser is short.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(true);
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        writer.start_file(name, options)?;
        io::copy(&mut File::open(path)?, &mut writer)?;
    }
    let mut archive = writer.finish()?;
    archive.rewind()?;
    Ok(archive)
}
