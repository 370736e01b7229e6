//! How often one address may ask. What guesses are made with (passwords, set-up codes, invitations)
//! is limited strictly; everything else so generously that only a program gone wrong notices, and only
//! for those who aren't signed in. Access tokens can't be guessed and engines ask by the clock, so
//! their requests are not counted either.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use crate::error::{Code, Problem};

/// So many requests at once, and one more each `every`.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    pub burst: NonZeroU32,
    pub every: Duration,
}

/// For each address.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Signing in, setting up, accepting an invitation.
    pub guesses: Rate,
    /// Everything else of people who aren't signed in.
    pub people: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            guesses: Rate {
                burst: NonZeroU32::MIN.saturating_add(19),
                every: Duration::from_secs(6),
            },
            people: Rate {
                burst: NonZeroU32::MIN.saturating_add(599),
                every: Duration::from_millis(10),
            },
        }
    }
}

pub(crate) struct Limiter {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    code: Code,
    checks: AtomicU32,
}

/// Addresses that haven't asked for long are forgotten each time after so many checks.
const CHECKS_BETWEEN_CLEANING: u32 = 1024;

impl Limiter {
    /// `None` when the rate is none: no time between two requests.
    pub(crate) fn new(rate: Rate, code: Code) -> Option<Self> {
        let quota = Quota::with_period(rate.every)?.allow_burst(rate.burst);
        let limiter = DefaultKeyedRateLimiter::keyed(quota);
        Some(Self { limiter, code, checks: AtomicU32::new(0) })
    }

    /// Counts one request, or says how long to wait.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), Problem> {
        let checks = self.checks.fetch_add(1, Ordering::Relaxed);
        if checks % CHECKS_BETWEEN_CLEANING == CHECKS_BETWEEN_CLEANING - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        self.limiter.check_key(&neighbourhood(address)).map_err(|until| {
            Problem::retry_after(self.code, until.wait_time_from(DefaultClock::default().now()))
        })
    }
}

/// Whoever has one IPv6 address has 2^64 of them.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_neighbourhood_is_counted_by_itself() {
        let rate =
            Rate { burst: NonZeroU32::MIN.saturating_add(1), every: Duration::from_hours(1) };
        let limiter = Limiter::new(rate, Code::TooManyAttempts).unwrap();
        let ask = |address: &str| limiter.check(address.parse().unwrap()).is_ok();
        assert!(ask("192.0.2.1") && ask("::ffff:192.0.2.1") && !ask("192.0.2.1"));
        assert!(ask("192.0.2.2"));
        assert!(ask("2001:db8::1") && ask("2001:db8::ffff:1") && !ask("2001:db8::2"));
        assert!(ask("2001:db8:0:1::1"));
    }
}
