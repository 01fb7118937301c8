//! When to try again, and how long to wait before.

use super::Failure;
use crate::event::{Event, Reporter};
use std::time::{Duration, Instant};

/// How often and how patiently an exchange is tried. The wait doubles each time; a registry's `Retry-After` is
/// honoured where it is longer, up to `longest_wait`. There is no jitter: the same run makes the same requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// Tries in all; 1 never tries again.
    pub attempts: u32,
    /// Wait before the second try.
    pub first_wait: Duration,
    /// Longest wait before any try.
    pub longest_wait: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 5, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(60) }
    }
}

impl Retry {
    /// The wait after try number `tried` (from 1), when the other side asked for `asked`.
    fn wait(&self, tried: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.first_wait.saturating_mul(1 << tried.saturating_sub(1).min(16));
        doubled.max(asked.unwrap_or_default()).min(self.longest_wait)
    }
}

/// Counts the tries of one exchange.
pub(crate) struct Attempts<'a> {
    retry: &'a Retry,
    tried: u32,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(retry: &'a Retry) -> Self {
        Self { retry, tried: 0 }
    }

    /// Takes a failed try: returns after the wait if there is to be another one, else gives the failure back.
    pub(crate) fn again(&mut self, failure: Failure, name: &str, reporter: &dyn Reporter) -> Result<(), Failure> {
        self.tried += 1;
        if reporter.cancelled() {
            return Err(Failure::Cancelled);
        }
        if !failure.retry() || self.tried >= self.retry.attempts {
            return Err(failure);
        }
        let wait = self.retry.wait(self.tried, failure.wait());
        reporter.event(Event::Warning(format!(
            "{name}: {failure}; trying again in {:.1} s ({} of {})",
            wait.as_secs_f64(),
            self.tried + 1,
            self.retry.attempts
        )));
        pause(wait, reporter)
    }
}

/// Sleeps in short steps, so that a cancelled run ends soon.
fn pause(wait: Duration, reporter: &dyn Reporter) -> Result<(), Failure> {
    let end = Instant::now() + wait;
    loop {
        if reporter.cancelled() {
            return Err(Failure::Cancelled);
        }
        match end.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => std::thread::sleep(left.min(Duration::from_millis(50))),
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_retry_after_is_capped() {
        let retry = Retry { attempts: 9, first_wait: Duration::from_secs(1), longest_wait: Duration::from_secs(10) };
        let waits: Vec<u64> = (1..=6).map(|tried| retry.wait(tried, None).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 10, 10]);
        assert_eq!(retry.wait(1, Some(Duration::from_secs(7))).as_secs(), 7);
        assert_eq!(retry.wait(1, Some(Duration::from_secs(86_400))).as_secs(), 10);
        assert_eq!(retry.wait(3, Some(Duration::ZERO)).as_secs(), 4);
    }
}
