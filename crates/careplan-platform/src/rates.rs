//! How often: calls of an office, and log-ins from an address, beyond which callers are told to
//! come again later.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use careplan_core::OfficeNumber;
use careplan_protocol::{Problem, ProblemCode};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::Limits;

/// A rate: so many at once, and one more each time an interval has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many at once after a quiet time, at least 1.
    pub burst: u32,
    /// After how long there may be one more, at least a nanosecond.
    pub interval: Duration,
}

impl Rate {
    fn quota(self) -> Quota {
        let burst = NonZeroU32::new(self.burst).unwrap_or(NonZeroU32::MIN);
        Quota::with_period(self.interval)
            .unwrap_or_else(|| Quota::per_second(burst))
            .allow_burst(burst)
    }
}

/// Counts calls and log-ins.
pub(crate) struct Rates {
    calls: DefaultKeyedRateLimiter<OfficeNumber>,
    log_ins: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
}

impl Rates {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            calls: RateLimiter::keyed(limits.calls_per_office.quota()),
            log_ins: RateLimiter::keyed(limits.log_ins_per_address.quota()),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a call of an office.
    pub(crate) fn call(&self, office: OfficeNumber) -> Result<(), Box<Problem>> {
        self.calls
            .check_key(&office)
            .map_err(|until| later(until.wait_time_from(self.clock.now())))
    }

    /// Counts a call that costs a password or a token, from an address. Whoever holds many
    /// certificates can thereby not keep the others from logging in.
    pub(crate) fn log_in(&self, address: IpAddr) -> Result<(), Box<Problem>> {
        self.log_ins
            .check_key(&address)
            .map_err(|until| later(until.wait_time_from(self.clock.now())))
    }

    /// Forgets whoever has been quiet long enough.
    pub(crate) fn tidy(&self) {
        self.calls.retain_recent();
        self.log_ins.retain_recent();
    }
}

fn later(wait: Duration) -> Box<Problem> {
    // Rounded up: who comes after that many seconds is not sent away again.
    let seconds = u32::try_from(wait.as_secs().saturating_add(1)).unwrap_or(u32::MAX);
    Box::new(Problem::new(ProblemCode::TooManyRequests).retry_after(seconds))
}
