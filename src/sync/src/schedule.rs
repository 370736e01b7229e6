//! When to ask again. Pure: `random` is uniform in 0..1.

use std::time::Duration;

/// The shortest and the longest pause after a failure.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// The interval, up to 10 % shorter or longer, so that engines started together drift apart.
pub(crate) fn next_interval(interval: Duration, random: f64) -> Duration {
    interval.mul_f64(0.9 + 0.2 * random)
}

/// The pause after the given number of failures in a row. A pause that the source asked for is kept
/// within the bounds; otherwise it is random between the shortest pause and a bound that doubles with
/// each failure ("full jitter"), so that engines which failed together don't come back together. Where
/// they are many, the bound is at least the time over which they are to `spread`.
pub(crate) fn back_off(
    failures: u32,
    asked: Option<Duration>,
    spread: Duration,
    random: f64,
) -> Duration {
    if let Some(asked) = asked {
        return asked.clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
    }
    let bound = SHORTEST_PAUSE.saturating_mul(2_u32.saturating_pow(failures));
    let bound = bound.max(spread).min(LONGEST_PAUSE);
    SHORTEST_PAUSE + (bound - SHORTEST_PAUSE).mul_f64(random)
}

/// Another random number, for a second decision at the same moment.
pub(crate) fn another(random: f64) -> f64 {
    (random * 1024.0).fract()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn intervals_stay_within_a_tenth(seconds in 1_u64..100_000, random in 0.0..1.0_f64) {
            let interval = Duration::from_secs(seconds);
            let next = next_interval(interval, random);
            prop_assert!(next >= interval.mul_f64(0.9) && next <= interval.mul_f64(1.1));
        }

        #[test]
        fn pauses_stay_within_their_bounds(
            failures in 1_u32..1_000,
            asked: Option<u32>,
            spread in 0_u64..1_000,
            random in 0.0..1.0_f64,
        ) {
            let spread = Duration::from_secs(spread);
            let asked = asked.map(|seconds| Duration::from_secs(seconds.into()));
            let pause = back_off(failures, asked, spread, random);
            prop_assert!((SHORTEST_PAUSE..=LONGEST_PAUSE).contains(&pause));
        }
    }

    #[test]
    fn pauses_grow_to_the_longest() {
        let longest = |failures| back_off(failures, None, Duration::ZERO, 1.0).as_secs();
        assert_eq!([1, 2, 3, 8, 9, 100].map(longest), [2, 4, 8, 256, 300, 300]);
        let spread = Duration::from_secs(80);
        let longest = |failures| back_off(failures, None, spread, 1.0).as_secs();
        assert_eq!([1, 6, 7, 100].map(longest), [80, 80, 128, 300]);
        assert_eq!(back_off(100, None, spread, 0.0), SHORTEST_PAUSE);
        assert_eq!(back_off(1, Some(Duration::from_secs(42)), spread, 0.5).as_secs(), 42);
    }
}
