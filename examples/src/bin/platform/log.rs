//! Log lines on standard error, in the form the settings ask for.

use careplan_platform::settings::{Log, LogForm};
use tracing_subscriber::filter::LevelFilter;

/// Begins logging for the whole process.
pub(crate) fn begin(settings: &Log) {
    let lines = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from_level(settings.level.level()))
        .with_writer(std::io::stderr);
    match settings.form {
        LogForm::Json => lines.json().flatten_event(true).init(),
        LogForm::Text => lines.with_ansi(false).init(),
    }
}
