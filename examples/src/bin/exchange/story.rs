//! Telling a person what happens, step by step, while it happens.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use careplan_core::Lang;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Where the story goes: standard output, or standard error where standard output is for JSON.
pub(crate) struct Story {
    lang: Lang,
    out: Box<dyn Write>,
    progress: ProgressBar,
}

impl Story {
    /// A story on standard output, or on standard error if `json` wants the former for itself.
    pub(crate) fn new(lang: Lang, json: bool) -> Self {
        let out: Box<dyn Write> = if json {
            Box::new(io::stderr())
        } else {
            Box::new(io::stdout())
        };
        let progress = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if !io::stderr().is_terminal() {
            progress.set_draw_target(ProgressDrawTarget::hidden());
        }
        progress.set_style(ProgressStyle::default_spinner());
        Self {
            lang,
            out,
            progress,
        }
    }

    /// The language of the listener.
    pub(crate) const fn lang(&self) -> Lang {
        self.lang
    }

    /// A heading.
    pub(crate) fn chapter(&mut self, ja: &str, en: &str) {
        let text = self.lang.pick(ja, en);
        self.line(&format!("\n{text}"));
    }

    /// A line under the heading.
    pub(crate) fn tell(&mut self, ja: &str, en: &str) {
        let text = self.lang.pick(ja, en);
        self.line(&format!("   {text}"));
    }

    /// A line as it is.
    pub(crate) fn line(&mut self, text: &str) {
        let out = &mut self.out;
        // A reader that went away (a closed pipe) does not stop the exchange.
        self.progress.suspend(|| drop(writeln!(out, "{text}")));
    }

    /// Shows what is being done until the next call; only on a terminal.
    pub(crate) fn busy(&self, ja: &str, en: &str) {
        self.progress.set_message(self.lang.pick(ja, en).to_owned());
        self.progress.enable_steady_tick(Duration::from_millis(100));
    }

    /// Nothing is being waited for.
    pub(crate) fn idle(&self) {
        self.progress.disable_steady_tick();
        self.progress.finish_and_clear();
        self.progress.reset();
    }
}
