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
/// each failure ("full jitter"), so that engines which failed together don't come back together.
pub(crate) fn back_off(failures: u32, asked: Option<Duration>, random: f64) -> Duration {
    if let Some(asked) = asked {
        return asked.clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
    }
    let bound = SHORTEST_PAUSE.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_PAUSE);
    SHORTEST_PAUSE + (bound - SHORTEST_PAUSE).mul_f64(random)
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
            random in 0.0..1.0_f64,
        ) {
            let asked = asked.map(|seconds| Duration::from_secs(seconds.into()));
            let pause = back_off(failures, asked, random);
            prop_assert!((SHORTEST_PAUSE..=LONGEST_PAUSE).contains(&pause));
        }
    }

    #[test]
    fn pauses_grow_to_the_longest() {
        let longest = |failures| back_off(failures, None, 1.0).as_secs();
        assert_eq!([1, 2, 3, 8, 9, 100].map(longest), [2, 4, 8, 256, 300, 300]);
        assert_eq!(back_off(100, None, 0.0), SHORTEST_PAUSE);
        assert_eq!(back_off(1, Some(Duration::from_secs(42)), 0.5).as_secs(), 42);
    }
}
