//! The limits that hold for every space, whatever stores it.

/// Longest name of a secret, in characters (names are ASCII, so also in bytes).
pub const NAME_LENGTH: usize = 256;

/// Largest value of one secret, in bytes of its JSON form: 1 MiB.
pub const VALUE_BYTES: usize = 1024 * 1024;

/// Most secrets in one space.
pub const SECRETS_PER_SPACE: usize = 10_000;

/// Largest sum of all values of one space, in bytes of their JSON form: 24 MiB. With names, types,
/// versions and times around them they stay below [`SNAPSHOT_BYTES`].
pub const SPACE_BYTES: usize = 24 * 1024 * 1024;

/// How many versions of a secret a space keeps unless it is told otherwise.
pub const KEPT_VERSIONS: u64 = 100;

/// Most versions of a secret that a space can be told to keep; the fewest is one.
pub const MOST_KEPT_VERSIONS: u64 = 1000;

/// Largest snapshot that an engine accepts, in bytes: 32 MiB.
pub const SNAPSHOT_BYTES: usize = 32 * 1024 * 1024;

/// Longest name to sign in with, in characters (ASCII, so also in bytes).
pub const LOGIN_NAME_LENGTH: usize = 64;

/// Longest name that a person is shown under, in characters.
pub const DISPLAY_NAME_LENGTH: usize = 100;
