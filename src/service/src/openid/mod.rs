//! Signing in with OpenID Connect: authorization code flow with PKCE, `state` and `nonce`.
//!
//! 1. `start` makes a [`Ticket`], seals it into a cookie of its own and sends the browser to the
//!    provider.
//! 2. The provider sends it back to `callback`. The ticket says whether this browser began it, the
//!    provider exchanges the code for who it is, and the manager decides whether that is enough.
//! 3. The session cookie is `SameSite=Strict`: on a way that began at the provider browsers don't send
//!    it. So the answer is no redirect but a page of the service that goes on by itself.

mod answer;
mod client;
#[cfg(fuzzing)]
pub mod fuzzing;
mod language;
mod provider;
mod ticket;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use secret_manager_manager::{Action, Actor, AuditResult, Caller, Error};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::admission::Guess;
use crate::auth::{Anyone, SignedIn};
use crate::error::{Code, Problem};
use crate::shared::Shared;
use answer::Failure;
use language::Language;
use provider::Provider;
use ticket::{Begun, Tickets};

/// What the operator says about the provider.
#[derive(Clone)]
pub struct OpenIdConfig {
    pub issuer: String,
    pub client_id: String,
    /// None for a public client, which PKCE alone protects.
    pub client_secret: Option<Zeroizing<String>>,
    /// What people read on the button; the issuer's host when it is left out.
    pub name: Option<String>,
    /// Whether unknown people with a verified e-mail address become users.
    pub create_users: bool,
    /// Where people reach this service.
    pub public_url: String,
    /// Certificates in PEM form, trusted beside the built-in ones.
    pub authorities: Option<String>,
}

pub struct OpenId {
    pub(crate) name: String,
    create_users: bool,
    provider: Provider,
    tickets: Tickets,
}

impl OpenId {
    /// Looks at the settings only: the provider is asked when somebody wants to sign in, so that the
    /// service starts without it.
    pub fn new(config: OpenIdConfig) -> Result<Self, String> {
        let provider = Provider::new(&config)?;
        let name = config.name.unwrap_or_else(|| provider.host().to_owned());
        Ok(Self { name, create_users: config.create_users, provider, tickets: Tickets::new()? })
    }
}

/// Answers "not found" when no provider is set up.
pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .route("/auth/openid/start", get(start))
        .route("/auth/openid/callback", get(callback))
}

#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    next: String,
}

/// Whoever has a session already wants to link the identity to their account.
async fn start(
    State(shared): State<Shared>,
    signed_in: Result<SignedIn, Problem>,
    headers: HeaderMap,
    Query(Start { next }): Query<Start>,
) -> Result<Response, Problem> {
    let openid = shared.openid.as_ref().ok_or(Code::NotFound)?;
    let language = Language::of(&headers);
    let user = signed_in.ok().map(|signed_in| signed_in.session.user.id);
    let begun = Begun { next: within_the_page(&next), link_to: user };
    Ok(match openid.provider.begin().await {
        Ok((url, secrets)) => match openid.tickets.seal(begun, secrets) {
            Ok(cookie) => answer::to_provider(url.as_str(), &cookie),
            Err(failure) => answer::failed(language, failure),
        },
        Err(failure) => answer::failed(language, failure),
    })
}

#[derive(Deserialize)]
struct Callback {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

async fn callback(
    _: Guess,
    State(shared): State<Shared>,
    Anyone(caller): Anyone,
    headers: HeaderMap,
    Query(back): Query<Callback>,
) -> Result<Response, Problem> {
    let openid = Arc::clone(shared.openid.as_ref().ok_or(Code::NotFound)?);
    let language = Language::of(&headers);
    match finish(&shared, &openid, &caller, &headers, back).await {
        Ok((next, token)) => {
            Ok(answer::go_on(language, &next, token.as_deref().map(String::as_str)))
        }
        Err(End::Failure(failure)) => {
            shared
                .manager
                .note(&caller, Action::SessionCreate, AuditResult::Failed, None, None)
                .await?;
            Ok(answer::failed(language, failure))
        }
        // The manager has written down what it refused.
        Err(End::Refused(Error::NotWelcome(refusal))) => {
            Ok(answer::failed(language, Failure::Refused(refusal)))
        }
        Err(End::Refused(error)) => Err(error.into()),
    }
}

enum End {
    Failure(Failure),
    Refused(Error),
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// Where to go on, and the token of a new session where there is one.
async fn finish(
    shared: &Shared,
    openid: &OpenId,
    caller: &Caller,
    headers: &HeaderMap,
    back: Callback,
) -> Result<(String, Option<Zeroizing<String>>), End> {
    let ticket = openid.tickets.open(headers, back.state.as_deref().unwrap_or_default())?;
    if let Some(error) = back.error {
        return Err(Failure::refused_there(&error).into());
    }
    let code = back.code.ok_or(Failure::BeginAgain)?;
    let arrival = openid.provider.finish(code, ticket.secrets).await?;
    let Begun { next, link_to } = ticket.begun;
    if let Some(user) = link_to {
        let user = shared.manager.user(user.as_str()).await?;
        let caller = Caller {
            actor: Actor::User { id: user.id.clone(), name: user.name },
            ..caller.clone()
        };
        shared.manager.link_identity(&user.id, &arrival.identity, &caller).await?;
        return Ok((next, None));
    }
    let session = shared.manager.sign_in_elsewhere(&arrival, openid.create_users, caller).await?;
    Ok((next, Some(Zeroizing::new(session.expose().to_owned()))))
}

/// An address of the page itself; anything else would let a link lead to another site.
fn within_the_page(next: &str) -> String {
    let path = next.strip_prefix('/');
    let stays = path.is_some_and(|rest| {
        !rest.starts_with(['/', '\\'])
            && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
            && next.len() <= 1024
    });
    if stays { next.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::within_the_page;

    #[test]
    fn only_addresses_of_the_page_are_gone_on_to() {
        for next in ["/", "/spaces/plant", "/spaces/plant?x=1&y=2#part"] {
            assert_eq!(within_the_page(next), next);
        }
        let long = format!("/{}", "x".repeat(2000));
        for next in [
            "",
            "x",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a b",
            "/a\n",
            &long,
        ] {
            assert_eq!(within_the_page(next), "/", "{next:?}");
        }
    }
}
