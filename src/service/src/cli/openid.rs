//! The options of `serve` about OpenID Connect.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::FalseyValueParser;
use zeroize::Zeroizing;

use super::failure::Failure;
use crate::{OpenId, OpenIdConfig};

#[derive(Debug, Args)]
#[command(next_help_heading = "Sign-in with OpenID Connect")]
pub(super) struct OpenIdOptions {
    /// The provider: its issuer, such as https://login.example.org
    #[arg(
        long,
        value_name = "URL",
        env = "SECRET_MANAGER_OPENID_ISSUER",
        requires_all = ["openid_client_id", "public_url"]
    )]
    openid_issuer: Option<String>,
    /// What the provider calls this service
    #[arg(
        long,
        value_name = "ID",
        env = "SECRET_MANAGER_OPENID_CLIENT_ID",
        requires = "openid_issuer"
    )]
    openid_client_id: Option<String>,
    /// File with the secret that the provider gave for it; without one PKCE alone protects the flow
    #[arg(
        long,
        value_name = "FILE",
        env = "SECRET_MANAGER_OPENID_CLIENT_SECRET_FILE",
        requires = "openid_issuer"
    )]
    openid_client_secret_file: Option<PathBuf>,
    /// What people read on the button [default: the issuer's host]
    #[arg(
        long,
        value_name = "TEXT",
        env = "SECRET_MANAGER_OPENID_NAME",
        requires = "openid_issuer"
    )]
    openid_name: Option<String>,
    /// Make users of unknown people with an e-mail address that the provider has verified
    #[arg(
        long,
        env = "SECRET_MANAGER_OPENID_CREATE_USERS",
        value_parser = FalseyValueParser::new()
    )]
    openid_create_users: bool,
    /// Certificates (PEM) trusted for the provider beside the built-in ones
    #[arg(long, value_name = "FILE", env = "SECRET_MANAGER_OPENID_CA", requires = "openid_issuer")]
    openid_ca: Option<PathBuf>,
}

impl OpenIdOptions {
    pub(super) fn open(self, public_url: Option<&str>) -> Result<Option<OpenId>, Failure> {
        let needed = (self.openid_issuer, self.openid_client_id, public_url);
        let (Some(issuer), Some(client_id), Some(public_url)) = needed else { return Ok(None) };
        let secret = self.openid_client_secret_file.as_deref().map(read).transpose()?;
        let authorities = self.openid_ca.as_deref().map(read).transpose()?;
        let config = OpenIdConfig {
            issuer,
            client_id,
            client_secret: secret.map(|text| Zeroizing::new(text.trim().to_owned())),
            name: self.openid_name,
            create_users: self.openid_create_users,
            public_url: public_url.to_owned(),
            authorities: authorities.map(|text| text.to_string()),
        };
        OpenId::new(config).map(Some).map_err(Failure::new)
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{} can't be read: {error}", path.display())))?;
    if text.trim().is_empty() {
        return Err(Failure::new(format!("{} is empty", path.display())));
    }
    Ok(Zeroizing::new(text))
}
