//! Passwords: what is accepted as one, and hashing them.
//!
//! The rule for new passwords follows NIST SP 800-63B-4, section 3.1.1.2, for passwords that are the
//! only factor: at least 15 characters, no rules about kinds of characters, and none that is expected
//! or known from leaks. Hashes are Argon2id with the parameters of OWASP's Password Storage Cheat
//! Sheet: 19 MiB, 2 passes, 1 lane.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use icu_normalizer::ComposingNormalizerBorrowed;
use secret_manager_model::LoginName;
use secret_manager_store::PasswordHash;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::manager::busy;
use crate::{Environment, Error};

const SHORTEST: usize = 15;
const LONGEST_BYTES: usize = 256;

/// Each takes the parameters' memory, so that a flood of sign-ins costs no more than this many.
const HASHED_AT_ONCE: usize = 2;

/// How long a request waits for its turn before it is told to try again.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What leaks and expectation put first, of those that are long enough and no simple repetition or
/// row of characters.
const WELL_KNOWN: [&str; 16] = [
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv",
    "1qaz2wsx3edc4rfv5tgb",
    "administrator123",
    "changeme12345678",
    "correcthorsebatterystaple",
    "correct horse battery staple",
    "iloveyou12345678",
    "passw0rd12345678",
    "password12345678",
    "password123456789",
    "qwertyuiop123456",
    "qwertyuiopasdfgh",
    "qwertyuiopasdfghjkl",
    "qwertyuiopasdfghjklzxcvbnm",
    "thisismypassword",
];

/// A password as somebody typed it. Wiped when it is dropped; never printed.
pub struct Password(Zeroizing<String>);

impl Password {
    /// In Unicode's normal form NFKC, so that the same password is the same on every keyboard.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(ComposingNormalizerBorrowed::new_nfkc().normalize(text).into_owned()))
    }

    /// Whether `name` may choose it.
    pub(crate) fn check(&self, name: &LoginName) -> Result<(), Error> {
        let length = self.0.chars().count();
        let rule = if length < SHORTEST {
            format!("has at least {SHORTEST} characters; this one has {length}")
        } else if self.is_too_long() {
            format!("has at most {LONGEST_BYTES} bytes; this one has {}", self.0.len())
        } else if self.is_expected(name) {
            "is not one that is tried first: no login name, no repetition, no row of characters, \
             none that is known from leaks"
                .into()
        } else {
            return Ok(());
        };
        Err(Error::Invalid(format!("a password {rule}")))
    }

    fn is_expected(&self, name: &LoginName) -> bool {
        let text = Zeroizing::new(self.0.to_lowercase());
        let characters = Zeroizing::new(text.chars().map(u32::from).collect::<Vec<_>>());
        *text == *name.as_str()
            || WELL_KNOWN.contains(&text.as_str())
            || repeats(&characters)
            || is_row(&characters)
    }

    /// Then it was never accepted.
    fn is_too_long(&self) -> bool {
        self.0.len() > LONGEST_BYTES
    }

    /// Of one that is too long nothing, so that it costs no more than others.
    fn bytes(&self) -> &[u8] {
        if self.is_too_long() { &[] } else { self.0.as_bytes() }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(•••)")
    }
}

/// True when the text is one piece again and again, the last time perhaps cut off.
fn repeats(characters: &[u32]) -> bool {
    (1..=characters.len() / 2)
        .any(|piece| characters.iter().zip(&characters[piece..]).all(|(a, b)| a == b))
}

/// True for `abcdefg…`, `987654321098…` and the like.
fn is_row(characters: &[u32]) -> bool {
    let digit = |character: u32| char::from_u32(character)?.to_digit(10);
    let follows = |from: u32, to: u32| match (digit(from), digit(to)) {
        (Some(from), Some(to)) => (from + 1) % 10 == to,
        _ => from + 1 == to,
    };
    characters.windows(2).all(|pair| follows(pair[0], pair[1]))
        || characters.windows(2).all(|pair| follows(pair[1], pair[0]))
}

/// What hashing a password costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl Default for PasswordCost {
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 }
    }
}

/// Hashes passwords, a few at once.
pub(crate) struct Passwords {
    cost: PasswordCost,
    turns: Arc<Semaphore>,
    /// How often one was hashed.
    hashed: Arc<AtomicU64>,
}

/// Hashes once, and counts it.
struct Hasher {
    argon2: Argon2<'static>,
    hashed: Arc<AtomicU64>,
}

impl Hasher {
    fn hash(&self, password: &[u8], salt: &[u8]) -> Result<Phc, Error> {
        self.hashed.fetch_add(1, Ordering::Relaxed);
        self.argon2.hash_password_with_salt(password, salt).map_err(broken)
    }

    fn verify(&self, password: &[u8], hash: &Phc) -> Result<bool, Error> {
        self.hashed.fetch_add(1, Ordering::Relaxed);
        match self.argon2.verify_password(password, hash) {
            Ok(()) => Ok(true),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(broken(error)),
        }
    }
}

impl Passwords {
    pub(crate) fn new(cost: PasswordCost) -> Self {
        Self { cost, turns: Arc::new(Semaphore::new(HASHED_AT_ONCE)), hashed: Arc::default() }
    }

    pub(crate) fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    pub(crate) async fn hash(
        &self,
        password: &Password,
        environment: &Environment,
    ) -> Result<PasswordHash, Error> {
        let salt = environment.random::<16>()?;
        let hasher = self.hasher()?;
        let password = Zeroizing::new(password.bytes().to_vec());
        self.in_turn(move || {
            let hash = hasher.hash(&password, &salt)?;
            Ok(PasswordHash::new(hash.to_string()))
        })
        .await
    }

    /// Without a hash it takes as long and is never right, so that the time doesn't tell which users
    /// there are.
    pub(crate) async fn verify(
        &self,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<bool, Error> {
        let hasher = self.hasher()?;
        let hash = hash.filter(|_| !password.is_too_long()).cloned();
        let password = Zeroizing::new(password.bytes().to_vec());
        self.in_turn(move || match hash {
            None => hasher.hash(&password, &[0; 16]).map(|_| false),
            Some(hash) => {
                let hash = Phc::new(hash.expose())
                    .map_err(|_| Error::Corrupt("the hash of a password is none".into()))?;
                hasher.verify(&password, &hash)
            }
        })
        .await
    }

    /// Whether the hash was made at another cost than new ones are.
    pub(crate) fn is_outdated(&self, hash: &PasswordHash) -> bool {
        let cost = Phc::new(hash.expose()).ok().and_then(|hash| {
            let params = Params::try_from(&hash).ok()?;
            (hash.algorithm.as_str() == "argon2id").then_some(PasswordCost {
                memory_kib: params.m_cost(),
                passes: params.t_cost(),
                lanes: params.p_cost(),
            })
        });
        cost != Some(self.cost)
    }

    fn hasher(&self) -> Result<Hasher, Error> {
        let PasswordCost { memory_kib, passes, lanes } = self.cost;
        let params = Params::new(memory_kib, passes, lanes, None)
            .map_err(|error| Error::Unavailable(format!("the cost of passwords: {error}")))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Ok(Hasher { argon2, hashed: Arc::clone(&self.hashed) })
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = tokio::time::timeout(LONGEST_WAIT, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_| Error::Busy)?
            .map_err(|_| Error::stopped())?;
        // The turn goes along: a client that hangs up doesn't end the hashing, only the waiting.
        busy(move || {
            let result = work();
            drop(turn);
            result
        })
        .await
    }
}

fn broken(error: password_hash::Error) -> Error {
    Error::Unavailable(format!("a password could not be hashed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Result<(), Error> {
        Password::new(password).check(&LoginName::parse("a.person@example.org").expect("a name"))
    }

    #[test]
    fn long_passwords_of_any_kind_are_accepted() {
        for password in [
            "red bicycle soup",
            "aaaaaaaaaaaaaab",
            "482904710284663",
            "пароль пароля нет",
            "🚲🚲🚲🚲🚲🚲🚲🚲🚲🚲🚲🚲🚲🚲🍲",
            &format!("{}b", "a".repeat(255)),
        ] {
            assert_eq!(check(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn short_long_and_expected_ones_are_not() {
        let long = format!("{} and one more", "x7".repeat(128));
        for (password, says) in [
            ("", "15 characters"),
            ("fourteen chars", "15 characters"),
            (&*long, "256 bytes"),
            ("A.Person@example.ORG", "tried first"),
            ("PasswordPassword", "tried first"),
            ("aaaaaaaaaaaaaaaa", "tried first"),
            ("abcabcabcabcabca", "tried first"),
            ("123456789012345", "tried first"),
            ("0987654321098765", "tried first"),
            ("abcdefghijklmnop", "tried first"),
            ("Correct Horse Battery Staple", "tried first"),
        ] {
            let Err(Error::Invalid(text)) = check(password) else { panic!("{password}") };
            assert!(text.contains(says), "{password}: {text}");
            assert!(password.is_empty() || !text.contains(password), "{text}");
        }
    }

    #[test]
    fn the_same_characters_in_another_form_are_the_same_password() {
        // ü as one character and as u with dots; a wide letter as some keyboards type it.
        assert_eq!(*Password::new("f\u{fc}nf\u{ff21}").0, *Password::new("fu\u{308}nfA").0);
        assert!(!format!("{:?}", Password::new("canary")).contains("canary"));
    }

    #[tokio::test]
    async fn a_hash_is_argon2id_of_its_cost_and_knows_its_password() {
        let cost = PasswordCost { memory_kib: 64, passes: 1, lanes: 1 };
        let passwords = Passwords::new(cost);
        let environment = Environment::system();
        let password = Password::new("red bicycle soup");
        let hash = passwords.hash(&password, &environment).await.expect("a hash");
        assert!(hash.expose().starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{}", hash.expose());
        assert!(!format!("{hash:?}").contains("argon2"));
        assert_ne!(passwords.hash(&password, &environment).await.expect("a hash"), hash);

        assert_eq!(passwords.verify(&password, Some(&hash)).await, Ok(true));
        let wrong = Password::new("red bicycle soap");
        assert_eq!(passwords.verify(&wrong, Some(&hash)).await, Ok(false));
        assert_eq!(passwords.verify(&password, None).await, Ok(false));
        // Longer than any that is accepted, and no way to have two passwords for one hash.
        let long = Password::new(&"x".repeat(257));
        let empty = passwords.hash(&Password::new(""), &environment).await.expect("a hash");
        assert_eq!(passwords.verify(&long, Some(&hash)).await, Ok(false));
        assert_eq!(passwords.verify(&long, Some(&empty)).await, Ok(false));

        assert!(!passwords.is_outdated(&hash));
        assert!(Passwords::new(PasswordCost::default()).is_outdated(&hash));
        let broken = passwords.verify(&password, Some(&PasswordHash::new("$argon2id$"))).await;
        assert!(matches!(broken, Err(Error::Corrupt(_))));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_flood_is_hashed_two_at_a_time() {
        use std::sync::atomic::{AtomicUsize, Ordering};

        let passwords = Arc::new(Passwords::new(PasswordCost::default()));
        let at_once = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let flood: Vec<_> = (0..100)
            .map(|_| {
                let (passwords, at_once) = (Arc::clone(&passwords), Arc::clone(&at_once));
                let work = move || {
                    let now = at_once[0].fetch_add(1, Ordering::SeqCst) + 1;
                    at_once[1].fetch_max(now, Ordering::SeqCst);
                    std::thread::yield_now();
                    at_once[0].fetch_sub(1, Ordering::SeqCst);
                    Ok(())
                };
                tokio::spawn(async move { passwords.in_turn(work).await })
            })
            .collect();
        for one in flood {
            assert_eq!(one.await.expect("no panic"), Ok(()));
        }
        assert!(at_once[1].load(Ordering::SeqCst) <= HASHED_AT_ONCE);
    }

    #[test]
    fn the_default_cost_is_what_owasp_recommends() {
        let expected = PasswordCost { memory_kib: 19_456, passes: 2, lanes: 1 };
        assert_eq!(PasswordCost::default(), expected);
    }
}
