//! The cookie of somebody on the way through an OpenID Connect provider: it opens for its own sign-in,
//! unaltered, and leads to an address of the page.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use secret_manager_service::fuzzing::openid::Sealed;

static TICKETS: LazyLock<Sealed> = LazyLock::new(Sealed::new);

fuzz_target!(|input: (&str, &str, &[u8], usize, u8)| {
    let (next, state, header, place, change) = input;
    assert_eq!(TICKETS.next(header, state), None, "nobody has sealed it");

    let cookie = TICKETS.cookie(next, state);
    let opened = TICKETS.next(cookie.as_bytes(), state).expect("it is the one");
    assert!(opened == "/" || opened == next, "{opened:?}");
    assert!(opened.starts_with('/') && !opened.starts_with("//") && !opened.contains('\\'));
    assert!(opened.bytes().all(|byte| byte.is_ascii_graphic()));

    let elsewhere = format!("{state}.");
    assert_eq!(TICKETS.next(cookie.as_bytes(), &elsewhere), None, "another sign-in");
    assert_eq!(Sealed::new().next(cookie.as_bytes(), state), None, "another process");

    let content = cookie.find('=').expect("a name and a content") + 1;
    // All but the last character, of which some bits don't count.
    let place = content + place % (cookie.len() - content - 1);
    let mut altered = cookie.clone().into_bytes();
    altered[place] ^= change.max(1);
    if altered[place].is_ascii_alphanumeric() || b"-_".contains(&altered[place]) {
        assert_eq!(TICKETS.next(&altered, state), None, "byte {place} altered");
    }
    assert_eq!(TICKETS.next(&cookie.as_bytes()[..place], state), None, "cut after {place} bytes");
});
