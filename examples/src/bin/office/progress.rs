//! Shows on a terminal what the client is doing.

use std::time::Duration;

use careplan_client::{Observer, Progress};
use careplan_core::Lang;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line on stderr; nothing if that is no terminal.
pub(crate) struct Bars {
    bar: ProgressBar,
    lang: Lang,
}

impl Bars {
    pub(crate) fn new(lang: Lang) -> Self {
        // Draws nothing where stderr is no terminal.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        Self { bar, lang }
    }

    fn counting(&self, ja: &str, en: &str) {
        self.bar.unset_length();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            self.bar.set_style(style);
        }
        self.bar.set_message(self.lang.pick(ja, en).to_owned());
        self.bar.tick();
    }

    fn transferring(&self, ja: &str, en: &str, done: u64, total: u64) {
        if self.bar.length() != Some(total) {
            self.bar.set_length(total);
            if let Ok(style) =
                ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta}")
            {
                self.bar.set_style(style);
            }
            self.bar.set_message(self.lang.pick(ja, en).to_owned());
        }
        self.bar.set_position(done);
    }
}

impl Observer for Bars {
    fn progress(&mut self, progress: &Progress<'_>) {
        match progress {
            Progress::PutIn { .. } => self.counting("取り込みました", "put in"),
            Progress::Signed { .. } => self.counting("署名しています", "signing"),
            Progress::Uploading { sent, total, .. } => {
                self.transferring("送信中", "sending", *sent, *total);
            }
            Progress::Downloading {
                received, total, ..
            } => self.transferring("受信中", "receiving", *received, *total),
            Progress::Waiting { wait, .. } => {
                let seconds = wait.max(&Duration::from_secs(1)).as_secs();
                self.counting(
                    &format!("{seconds}秒後にもう一度試みます"),
                    &format!("trying again in {seconds} s"),
                );
            }
            _ => self.bar.tick(),
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
