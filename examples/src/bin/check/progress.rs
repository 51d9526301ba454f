//! Shows on a terminal how far a long check is.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use careplan_check::Progress;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

/// A check that takes less is over before one has looked.
const PATIENCE: Duration = Duration::from_millis(800);

/// A line on stderr; nothing if that is no terminal.
pub(crate) struct Bar {
    bar: Option<ProgressBar>,
    since: Instant,
}

impl Bar {
    pub(crate) fn new() -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self {
            bar,
            since: Instant::now(),
        }
    }

    pub(crate) fn show(&self, progress: &Progress<'_>) {
        let Some(bar) = &self.bar else { return };
        if self.since.elapsed() >= PATIENCE {
            let read = HumanBytes(progress.bytes);
            bar.set_message(format!("{} {read}", progress.file));
            bar.tick();
        }
    }

    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
