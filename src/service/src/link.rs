//! Addresses of the web page that carry a code. The code stands behind the `#`, which browsers send
//! to no server: it reaches neither a log nor a `Referer`.

use zeroize::Zeroizing;

/// Where a user accepts an invitation.
pub(crate) fn invitation(base: &str, code: &str) -> Zeroizing<String> {
    with_code(base, "invitation", code)
}

/// Where the first administrator is made.
pub(crate) fn setup(base: &str, code: &str) -> Zeroizing<String> {
    with_code(base, "setup", code)
}

fn with_code(base: &str, page: &str, code: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("{}/{page}#{code}", base.trim_end_matches('/')))
}
