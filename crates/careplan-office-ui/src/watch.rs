//! How far the client is, for the page to show.

use std::sync::{Arc, Mutex, PoisonError};

use careplan_client::{Observer, Progress};

use crate::said::Said;

/// Sees how far the client is. Give its [`observer`](Self::observer) to the client's configuration
/// before it is opened, and the watch itself to the page.
#[derive(Debug, Clone, Default)]
pub struct Watch(Arc<Mutex<Option<Seen>>>);

/// The last thing seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) what: Said,
    /// Bytes done and in all, of what is on its way.
    pub(crate) bytes: Option<(u64, u64)>,
}

impl Watch {
    /// A watch that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the client tells.
    #[must_use]
    pub fn observer(&self) -> Box<dyn Observer> {
        Box::new(self.clone())
    }

    pub(crate) fn seen(&self) -> Option<Seen> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn forget(&self) {
        self.see(None);
    }

    fn see(&self, seen: Option<Seen>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }
}

impl Observer for Watch {
    fn progress(&mut self, progress: &Progress<'_>) {
        let (ja, en, bytes) = match progress {
            Progress::PutIn { .. } => (
                "ファイルを送信箱に入れました",
                "files are in the outbox",
                None,
            ),
            Progress::Signed { .. } => ("電子署名をしました", "signed", None),
            Progress::Uploading { sent, total, .. } => {
                ("送信しています", "sending", Some((*sent, *total)))
            }
            Progress::Accepted { .. } => ("センターが受け付けました", "the platform has it", None),
            Progress::Downloading {
                received, total, ..
            } => ("受信しています", "receiving", Some((*received, *total))),
            Progress::Stored { .. } => ("受信したものを保存しました", "stored what came", None),
            Progress::Waiting { .. } => (
                "センターにつながりません。少し待ってからもう一度つなぎます",
                "the platform does not answer; trying again in a moment",
                None,
            ),
            _ => return,
        };
        self.see(Some(Seen {
            what: Said::new(ja, en),
            bytes,
        }));
    }
}
