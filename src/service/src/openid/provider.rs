//! Talking with the provider: where it is, and whom a code stands for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenClaims,
    CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, SignatureVerificationError, TokenResponse,
};
use reqwest::Url;
use secret_manager_manager::{Arrival, Identity};
use tokio::sync::Mutex;

use super::OpenIdConfig;
use super::answer::Failure;
use super::client::{Http, is_protected};

/// What a provider says about itself, its keys too, is asked for again after this.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// A token signed with an unknown key makes the service look for new keys, but no more often.
const KEYS_FRESH: Duration = Duration::from_secs(60);
/// After a failure the next ones are answered without asking.
const PAUSE: Duration = Duration::from_secs(2);

pub(super) struct Provider {
    issuer: IssuerUrl,
    host: String,
    client_id: ClientId,
    client_secret: Option<ClientSecret>,
    redirect: RedirectUrl,
    http: Http,
    /// Locked while asking, so that many people at once make one request.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Instant, Arc<CoreProviderMetadata>)>,
    failed: Option<Instant>,
}

/// What only this service and the browser's ticket know about one sign-in.
pub(super) struct Secrets {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
}

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Provider {
    pub(super) fn new(config: &OpenIdConfig) -> Result<Self, String> {
        let issuer = IssuerUrl::new(config.issuer.clone())
            .ok()
            .filter(|issuer| is_protected(issuer.url()))
            .ok_or("--openid-issuer takes an https:// address")?;
        let public = Url::parse(&config.public_url)
            .ok()
            .filter(is_protected)
            .ok_or("--public-url takes an https:// address for OpenID Connect")?;
        if public.path() != "/" || public.query().is_some() || public.fragment().is_some() {
            return Err("--public-url takes an address without a path".into());
        }
        let redirect = public.join("auth/openid/callback").map_err(|error| error.to_string())?;
        Ok(Self {
            host: issuer.url().host_str().unwrap_or_default().to_owned(),
            issuer,
            client_id: ClientId::new(config.client_id.clone()),
            client_secret: config
                .client_secret
                .as_ref()
                .map(|secret| ClientSecret::new(secret.to_string())),
            redirect: RedirectUrl::from_url(redirect),
            http: Http::new(config.authorities.as_deref())
                .map_err(|why| format!("--openid-ca can't be used: {why}"))?,
            known: Mutex::default(),
        })
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Where to send the browser.
    pub(super) async fn begin(&self) -> Result<(Url, Secrets), Failure> {
        let metadata = self.metadata(FRESH).await?;
        let client = self.client(&metadata);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scope(Scope::new("email".into()))
            .add_scope(Scope::new("profile".into()))
            .set_pkce_challenge(challenge)
            .url();
        let secrets = Secrets {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        };
        Ok((url, secrets))
    }

    /// Whom the code stands for.
    pub(super) async fn finish(&self, code: String, secrets: Secrets) -> Result<Arrival, Failure> {
        let metadata = self.metadata(FRESH).await?;
        let client = self.client(&metadata);
        let answer: CoreTokenResponse = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| Failure::untrusted("it has no token endpoint"))?
            .set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier))
            .request_async(&self.http)
            .await
            .map_err(|error| match error {
                RequestTokenError::ServerResponse(problem) => {
                    Failure::code_refused(problem.error().as_ref())
                }
                RequestTokenError::Request(error) => Failure::unreachable(&error),
                // The rest may quote the answer, which holds tokens.
                RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                    Failure::untrusted("its answer to a code was not understood")
                }
            })?;
        let token = answer.id_token().ok_or_else(|| Failure::untrusted("it sent no ID token"))?;
        let nonce = Nonce::new(secrets.nonce);
        let claims = match verify(&client, &answer, token, &nonce) {
            // The provider may have begun to use another key.
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                let metadata = self.metadata(KEYS_FRESH).await?;
                let client = self.client(&metadata);
                verify(&client, &answer, token, &nonce)
            }
            verified => verified,
        };
        let claims = claims.map_err(|error| Failure::untrusted(&error.to_string()))?;
        let more = match claims.email() {
            Some(_) => None,
            None => self.user_info(&client, &answer, &claims).await,
        };
        Ok(self.arrival(&claims, more.as_ref()))
    }

    /// Many providers tell e-mail addresses here only. Who doesn't answer is taken to know nothing.
    async fn user_info(
        &self,
        client: &Client,
        answer: &CoreTokenResponse,
        claims: &CoreIdTokenClaims,
    ) -> Option<CoreUserInfoClaims> {
        let subject = Some(claims.subject().clone());
        let request = client.user_info(answer.access_token().clone(), subject).ok()?;
        match request.request_async(&self.http).await {
            Ok(more) => Some(more),
            Err(_) => {
                tracing::warn!("the OpenID provider's user info could not be read");
                None
            }
        }
    }

    fn arrival(&self, claims: &CoreIdTokenClaims, more: Option<&CoreUserInfoClaims>) -> Arrival {
        let email = match more {
            None => claims.email().zip(claims.email_verified()),
            Some(more) => more.email().zip(more.email_verified()),
        };
        let name = claims.name().or_else(|| more.and_then(CoreUserInfoClaims::name));
        Arrival {
            identity: Identity {
                issuer: self.issuer.to_string(),
                subject: claims.subject().to_string(),
            },
            verified_email: email
                .filter(|(_, verified)| *verified)
                .map(|(email, _)| email.to_string()),
            display_name: name.and_then(|name| name.get(None)).map(|name| name.to_string()),
        }
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> Client {
        // The specification's default, and what is used when both are offered.
        let by_header = metadata.token_endpoint_auth_methods_supported().is_none_or(|methods| {
            methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
                || !methods.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
        let auth_type = if by_header { AuthType::BasicAuth } else { AuthType::RequestBody };
        CoreClient::from_provider_metadata(
            metadata.clone(),
            self.client_id.clone(),
            self.client_secret.clone(),
        )
        .set_redirect_uri(self.redirect.clone())
        .set_auth_type(auth_type)
    }

    /// What the provider says about itself, not older than that.
    async fn metadata(&self, age: Duration) -> Result<Arc<CoreProviderMetadata>, Failure> {
        let mut known = self.known.lock().await;
        if let Some((at, metadata)) = &known.metadata
            && at.elapsed() < age
        {
            return Ok(Arc::clone(metadata));
        }
        if known.failed.is_some_and(|at| at.elapsed() < PAUSE) {
            return Err(Failure::Unreachable);
        }
        match CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                known.metadata = Some((Instant::now(), Arc::clone(&metadata)));
                known.failed = None;
                Ok(metadata)
            }
            Err(error) => {
                known.failed = Some(Instant::now());
                Err(Failure::not_discovered(&error))
            }
        }
    }
}

fn verify(
    client: &Client,
    answer: &CoreTokenResponse,
    token: &CoreIdToken,
    nonce: &Nonce,
) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
    // Keys of the provider only: with one that both know, whoever reads our settings could sign.
    let verifier = client.id_token_verifier().set_allowed_algs([
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
        CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        CoreJwsSigningAlgorithm::RsaSsaPssSha384,
        CoreJwsSigningAlgorithm::RsaSsaPssSha512,
        CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        CoreJwsSigningAlgorithm::EcdsaP384Sha384,
        CoreJwsSigningAlgorithm::EdDsa,
    ]);
    let claims = token.claims(&verifier, nonce)?;
    if let Some(expected) = claims.access_token_hash() {
        let signature = ClaimsVerificationError::SignatureVerification;
        let algorithm = token.signing_alg().map_err(signature)?;
        let key = token.signing_key(&verifier).map_err(signature)?;
        let actual = AccessTokenHash::from_token(answer.access_token(), algorithm, key)
            .map_err(|error| ClaimsVerificationError::Other(error.to_string()))?;
        if actual != *expected {
            return Err(ClaimsVerificationError::Other("the access token is another one's".into()));
        }
    }
    Ok(claims.clone())
}

/// See `fuzzing.rs` of the crate.
#[cfg(fuzzing)]
pub(super) mod fuzzing {
    use super::*;

    pub(crate) fn arrival(
        config: &OpenIdConfig,
        metadata: &str,
        keys: &str,
        answer: &[u8],
        nonce: &str,
    ) -> Option<Arrival> {
        let provider = Provider::new(config).expect("settings");
        let metadata: CoreProviderMetadata = serde_json::from_str(metadata).expect("metadata");
        let metadata = metadata.set_jwks(serde_json::from_str(keys).expect("keys"));
        let answer: CoreTokenResponse = serde_json::from_slice(answer).ok()?;
        let nonce = Nonce::new(nonce.to_owned());
        let client = provider.client(&metadata);
        let claims = verify(&client, &answer, answer.id_token()?, &nonce).ok()?;
        Some(provider.arrival(&claims, None))
    }
}
