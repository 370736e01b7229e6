//! When signing in under a name is refused for a while. Pure.
//!
//! Five failures in a row lock the name for a minute, each further one for twice as long, up to an
//! hour. Names that nobody has are treated alike, so a lock says nothing about who is there.

use std::time::Duration;

use secret_manager_model::Timestamp;
use secret_manager_store::Attempts;

const FREE_FAILURES: u32 = 5;
const FIRST_LOCK: Duration = Duration::from_secs(60);
const LONGEST_LOCK: Duration = Duration::from_secs(60 * 60);
/// After so long without an attempt a name starts anew.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Counts an attempt before it is made, as if it failed; a success forgets them all. Refused while
/// the name is locked.
pub(crate) fn count(so_far: Option<Attempts>, at: Timestamp) -> Result<Attempts, Attempts> {
    let so_far = so_far.filter(|attempts| attempts.last_at >= forgotten(at));
    if let Some(attempts) = so_far
        && remaining(&attempts, at).is_some()
    {
        return Err(attempts);
    }
    let failures = so_far.map_or(0, |attempts| attempts.failures).saturating_add(1);
    Ok(Attempts { failures, last_at: at, locked_until: lock(failures).map(|lock| later(at, lock)) })
}

/// How long the lock still lasts.
pub(crate) fn remaining(attempts: &Attempts, at: Timestamp) -> Option<Duration> {
    let millis = attempts.locked_until?.as_millis().checked_sub(at.as_millis())?;
    let remaining = Duration::from_millis(u64::try_from(millis).ok()?);
    // More than the longest lock means that the clock was set back, for which nobody shall wait.
    (!remaining.is_zero() && remaining <= LONGEST_LOCK).then_some(remaining)
}

/// Attempts before this don't count any more.
pub(crate) fn forgotten(at: Timestamp) -> Timestamp {
    let millis = at.as_millis() - FORGOTTEN_AFTER.as_millis() as i64;
    Timestamp::from_millis(millis).unwrap_or(Timestamp::EPOCH)
}

fn lock(failures: u32) -> Option<Duration> {
    let doublings = failures.checked_sub(FREE_FAILURES)?;
    let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
    Some(FIRST_LOCK.saturating_mul(factor).min(LONGEST_LOCK))
}

pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    i64::try_from(by.as_millis())
        .ok()
        .and_then(|by| at.as_millis().checked_add(by))
        .and_then(Timestamp::from_millis)
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000).unwrap()
    }

    #[test]
    fn locks_double_from_a_minute_to_an_hour() {
        let mut at = 1_000_000;
        let mut attempts = None;
        for seconds in [0, 0, 0, 0, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
            let counted = count(attempts, time(at)).unwrap();
            let locked = counted.locked_until.map_or(0, |until| until.as_millis() / 1000 - at);
            assert_eq!(locked, seconds, "{counted:?}");
            if seconds > 0 {
                assert_eq!(count(Some(counted), time(at + seconds - 1)), Err(counted));
            }
            at += seconds;
            attempts = Some(counted);
        }
    }

    #[test]
    fn a_day_without_an_attempt_starts_anew() {
        let day = FORGOTTEN_AFTER.as_secs() as i64;
        let attempts = Attempts { failures: 9, last_at: time(0), locked_until: None };
        assert_eq!(count(Some(attempts), time(day)).unwrap().failures, 10);
        assert_eq!(count(Some(attempts), time(day + 1)).unwrap().failures, 1);
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let until = Some(time(1_000_000));
        let attempts = Attempts { failures: 5, last_at: time(999_940), locked_until: until };
        assert!(count(Some(attempts), time(500_000)).is_ok());
    }

    proptest! {
        // Whatever the pauses between them: in any hour no more attempts are let through than the
        // free ones and those that follow shorter locks.
        #[test]
        fn attempts_at_a_password_are_few(pauses in prop::collection::vec(0_i64..4000, 1..200)) {
            let mut at = 10_000_000;
            let mut attempts = None;
            let mut made = Vec::new();
            for pause in pauses {
                at += pause;
                if let Ok(counted) = count(attempts, time(at)) {
                    attempts = Some(counted);
                    made.push(at);
                }
            }
            for start in &made {
                let within = made.iter().filter(|at| (*start..*start + 3600).contains(*at));
                prop_assert!(within.count() <= 11);
            }
        }

        #[test]
        fn no_number_of_failures_overflows(failures in 1_u32.., at in 0_i64..4_000_000_000) {
            let so_far = Attempts { failures, last_at: time(at), locked_until: None };
            let counted = count(Some(so_far), time(at)).unwrap();
            prop_assert!(remaining(&counted, time(at)) <= Some(LONGEST_LOCK));
        }
    }
}
