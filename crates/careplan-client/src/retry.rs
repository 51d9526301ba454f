//! How often and how fast a call is tried again.

use std::num::NonZeroU32;
use std::time::Duration;

/// Trying a call again when the platform is not there, too busy, or the answer got lost.
///
/// The wait doubles from attempt to attempt, up to a longest one, and is shortened by chance to
/// between half and all of it, so that offices do not come back all at once after an outage. When
/// the attempts are used up, the item stays as it is and the next
/// [`sync`](crate::Client::sync) goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a call is made at most.
    pub attempts: NonZeroU32,
    /// The wait after the first failed attempt.
    pub first_wait: Duration,
    /// The longest wait, also when the platform asks for a longer one.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    /// Five attempts, half a second doubling up to 30 seconds.
    fn default() -> Self {
        Self {
            attempts: NonZeroU32::MIN.saturating_add(4),
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    /// The wait after the failed attempt `attempt` (from 1); `None` if it was the last.
    ///
    /// `chance` is any number; `asked` what the platform asked for.
    pub(crate) fn wait(
        &self,
        attempt: u32,
        chance: u32,
        asked: Option<Duration>,
    ) -> Option<Duration> {
        if attempt >= self.attempts.get() {
            return None;
        }
        let doubled = 2u32.saturating_pow(attempt.saturating_sub(1));
        let full = self
            .first_wait
            .saturating_mul(doubled)
            .min(self.longest_wait);
        let shortened = full / 2 + (full / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX));
        Some(match asked {
            Some(asked) => asked.clamp(shortened, self.longest_wait.max(shortened)),
            None => shortened,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_within_bounds_and_end() {
        let policy = RetryPolicy {
            attempts: NonZeroU32::new(5).unwrap(),
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(5),
        };
        let all = |chance| -> Vec<_> { (1..=5).map(|at| policy.wait(at, chance, None)).collect() };
        let seconds = |wait| Some(Duration::from_secs_f64(wait));
        let longest = [seconds(1.0), seconds(2.0), seconds(4.0), seconds(5.0), None];
        let shortest = [seconds(0.5), seconds(1.0), seconds(2.0), seconds(2.5), None];
        assert_eq!(all(u32::MAX), longest);
        assert_eq!(all(0), shortest);
        let asked = |asked| policy.wait(1, u32::MAX, Some(Duration::from_secs(asked)));
        assert_eq!(
            (asked(0), asked(3), asked(3600)),
            (seconds(1.0), seconds(3.0), seconds(5.0))
        );
    }
}
