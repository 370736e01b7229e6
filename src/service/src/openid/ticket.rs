//! What the service has to know when the browser comes back, kept in the browser: sealed with a key
//! of this process, so that nobody can read or make one. A start of the service in between means to
//! begin again, and so does another browser.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::header::HeaderMap;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use secret_manager_manager::UserId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::answer::Failure;
use super::provider::Secrets;

/// For this host alone. `Lax`, unlike the session's: it has to come along from the provider.
pub(super) const COOKIE: &str = "__Host-openid";

/// How long somebody may take to sign in at the provider.
const VALID: Duration = Duration::from_secs(10 * 60);

/// What the person wanted.
pub(super) struct Begun {
    pub(super) next: String,
    /// Who was signed in already.
    pub(super) link_to: Option<UserId>,
}

pub(super) struct Ticket {
    pub(super) begun: Begun,
    pub(super) secrets: Secrets,
}

pub(super) struct Tickets {
    key: LessSafeKey,
    random: SystemRandom,
}

#[derive(Serialize, Deserialize)]
struct Content {
    state: String,
    nonce: String,
    verifier: String,
    next: String,
    link_to: Option<String>,
    /// In seconds since 1970.
    until: u64,
}

impl Tickets {
    pub(super) fn new() -> Result<Self, String> {
        let random = SystemRandom::new();
        let mut key = Zeroizing::new([0; 32]);
        let key = random
            .fill(&mut *key)
            .and_then(|()| UnboundKey::new(&AES_256_GCM, &*key))
            .map_err(|_| "the operating system's random generator failed")?;
        Ok(Self { key: LessSafeKey::new(key), random })
    }

    pub(super) fn seal(&self, begun: Begun, secrets: Secrets) -> Result<Cookie<'static>, Failure> {
        let content = Content {
            state: secrets.state,
            nonce: secrets.nonce,
            verifier: secrets.verifier,
            next: begun.next,
            link_to: begun.link_to.map(|id| id.as_str().to_owned()),
            until: now().saturating_add(VALID.as_secs()),
        };
        let sealed = self.seal_content(&content).ok_or(Failure::Internal)?;
        Ok(Cookie::build((COOKIE, BASE64_URL_SAFE_NO_PAD.encode(sealed)))
            .path("/")
            .secure(true)
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(VALID.try_into().map_err(|_| Failure::Internal)?)
            .build())
    }

    /// The ticket of this browser, when it is the one that `state` belongs to.
    pub(super) fn open(&self, headers: &HeaderMap, state: &str) -> Result<Ticket, Failure> {
        let jar = CookieJar::from_headers(headers);
        let content = jar.get(COOKIE).and_then(|cookie| self.open_content(cookie.value()));
        let content = content
            .filter(|content| content.until > now() && content.state == state)
            .ok_or(Failure::BeginAgain)?;
        Ok(Ticket {
            begun: Begun { next: content.next, link_to: content.link_to.map(UserId::new) },
            secrets: Secrets {
                state: content.state,
                nonce: content.nonce,
                verifier: content.verifier,
            },
        })
    }

    fn seal_content(&self, content: &Content) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let mut sealed = serde_json::to_vec(content).ok()?;
        let place = Aad::from(COOKIE);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let prefix = *nonce.as_ref();
        self.key.seal_in_place_append_tag(nonce, place, &mut sealed).ok()?;
        Some([&prefix[..], &sealed].concat())
    }

    fn open_content(&self, text: &str) -> Option<Content> {
        let mut bytes = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?);
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let content = self.key.open_in_place(nonce, Aad::from(COOKIE), sealed).ok()?;
        serde_json::from_slice(content).ok()
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE as COOKIE_HEADER;

    use super::*;

    fn sealed(tickets: &Tickets, next: &str) -> String {
        let secrets =
            Secrets { state: "state".into(), nonce: "nonce".into(), verifier: "v".into() };
        let begun = Begun { next: next.into(), link_to: Some(UserId::new("u1")) };
        tickets.seal(begun, secrets).expect("a cookie").value().to_owned()
    }

    fn open(tickets: &Tickets, cookie: &str, state: &str) -> Option<Ticket> {
        let cookie = format!("other=1; {COOKIE}={cookie}").parse().expect("a header");
        tickets.open(&HeaderMap::from_iter([(COOKIE_HEADER, cookie)]), state).ok()
    }

    #[test]
    fn a_ticket_opens_for_its_state_only() {
        let tickets = Tickets::new().expect("a key");
        let cookie = sealed(&tickets, "/spaces");
        let ticket = open(&tickets, &cookie, "state").expect("a ticket");
        assert_eq!(
            (ticket.begun.next.as_str(), ticket.secrets.nonce.as_str()),
            ("/spaces", "nonce")
        );
        assert_eq!(ticket.begun.link_to, Some(UserId::new("u1")));
        for state in ["", "State", "state2"] {
            assert!(open(&tickets, &cookie, state).is_none(), "{state}");
        }
        assert!(tickets.open(&HeaderMap::new(), "state").is_err());
    }

    #[test]
    fn what_was_altered_or_sealed_by_others_is_no_ticket() {
        let tickets = Tickets::new().expect("a key");
        let cookie = sealed(&tickets, "/");
        assert!(!cookie.contains("nonce"));
        let other = sealed(&Tickets::new().expect("a key"), "/");
        let altered = format!("{}A", &cookie[..cookie.len() - 1]);
        let altered =
            if altered == cookie { format!("{}B", &cookie[..cookie.len() - 1]) } else { altered };
        for wrong in ["", "A", "AAAAAAAAAAAAAAAAAAAA", &other, &altered, &cookie[1..]] {
            assert!(open(&tickets, wrong, "state").is_none(), "{wrong}");
        }
    }
}
