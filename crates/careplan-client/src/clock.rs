//! Time, behind a trait: vendors test with their own, and so do we.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// What time it is, and waiting.
pub trait Clock: Send {
    /// The instant now.
    fn now(&self) -> DateTime<Utc>;

    /// Waits. The client asks for short spans, so that cancelling does not take long.
    fn sleep(&self, span: Duration);
}

/// The computer's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn sleep(&self, span: Duration) {
        std::thread::sleep(span);
    }
}
