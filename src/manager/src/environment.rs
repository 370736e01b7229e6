//! Time and randomness, given from outside so that tests decide on both.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use ring::rand::{SecureRandom, SystemRandom};
use secret_manager_model::Timestamp;

use crate::Error;

type Now = dyn Fn() -> Timestamp + Send + Sync;
type Random = dyn Fn(&mut [u8]) -> Result<(), Error> + Send + Sync;

/// Where the manager gets the time and the randomness for ids, tags and access tokens. Keys and
/// nonces don't depend on it: the envelope draws them from the operating system.
pub struct Environment {
    now: Box<Now>,
    random: Box<Random>,
}

impl Environment {
    pub fn new(
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        random: impl Fn(&mut [u8]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Self {
        Self { now: Box::new(now), random: Box::new(random) }
    }

    /// The clock and the random generator of this machine.
    pub fn system() -> Self {
        Self::new(system_now, system_random)
    }

    /// With another clock.
    pub fn with_clock(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self::new(now, system_random)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.now)()
    }

    pub(crate) fn random<const LENGTH: usize>(&self) -> Result<[u8; LENGTH], Error> {
        let mut bytes = [0; LENGTH];
        (self.random)(&mut bytes)?;
        Ok(bytes)
    }

    /// For ids and tags: 128 random bits in hexadecimal.
    pub(crate) fn random_id(&self) -> Result<String, Error> {
        Ok(self.random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Environment")
    }
}

fn system_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis())
        .ok()
        .and_then(Timestamp::from_millis)
        .expect("the clock is before the year 9999")
}

fn system_random(bytes: &mut [u8]) -> Result<(), Error> {
    SystemRandom::new().fill(bytes).map_err(|_| Error::randomness())
}
