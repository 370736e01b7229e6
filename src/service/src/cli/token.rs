//! `secret-manager token …`

use std::collections::HashMap;

use clap::Subcommand;
use secret_manager_manager::{Caller, Error, Space, SpaceId, Thing, Token as TokenFacts, TokenId};
use secret_manager_model::Timestamp;
use serde::Serialize;

use super::data::{DataOptions, WhenAbsent};
use super::expiry::{self, Expiry};
use super::failure::Failure;
use super::output::{self, Output};

/// Make, list and revoke access tokens
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Make an access token that reads one space; it is shown this once only
    Create {
        #[arg(long, env = "SECRET_MANAGER_SPACE")]
        space: String,
        /// What it is for, so that people recognise it later
        #[arg(long, default_value = "")]
        name: String,
        /// When it stops working: 90d, 12h, 30m or a time such as 2030-01-31T00:00:00Z
        #[arg(long, value_name = "WHEN", value_parser = expiry::parse)]
        expires: Option<Expiry>,
    },
    /// List access tokens, also revoked ones
    List {
        /// Of this space only
        #[arg(long, env = "SECRET_MANAGER_SPACE")]
        space: Option<String>,
    },
    /// Make an access token worthless at once
    Revoke {
        /// From `token list`
        id: String,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: String,
    space: SpaceName,
    name: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

#[derive(Clone, Serialize)]
struct SpaceName {
    id: String,
    name: String,
}

#[derive(Serialize)]
struct Created<'a> {
    token: &'a str,
    #[serde(flatten)]
    row: Row,
}

#[derive(Serialize)]
struct List {
    tokens: Vec<Row>,
}

impl SpaceName {
    fn of(space: &Space) -> Self {
        Self { id: space.id.as_str().to_owned(), name: space.name.clone() }
    }
}

impl Row {
    fn of(token: TokenFacts, spaces: &HashMap<SpaceId, SpaceName>) -> Self {
        let unnamed = || SpaceName { id: token.space.as_str().to_owned(), name: String::new() };
        Self {
            id: token.id.as_str().to_owned(),
            space: spaces.get(&token.space).cloned().unwrap_or_else(unnamed),
            name: token.name,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            revoked_at: token.revoked_at,
        }
    }

    fn state(&self) -> String {
        match (self.revoked_at, self.expires_at) {
            (Some(time), _) => format!("revoked {time}"),
            (None, Some(time)) => format!("expires {time}"),
            (None, None) => "valid".into(),
        }
    }
}

impl Token {
    pub(super) async fn run(self, data: &DataOptions, output: Output) -> Result<(), Failure> {
        let data = data.open(WhenAbsent::Refuse).await?;
        let manager = &data.manager;
        match self {
            Self::Create { space, name, expires } => {
                let space = data.space(&space).await?;
                let expires = expires.map(Expiry::time).transpose()?;
                let created = manager
                    .create_token(&space.id, &name, expires, &Caller::command_line())
                    .await?;
                if !output.json {
                    output::note("This access token is not shown again:");
                }
                let spaces = HashMap::from([(space.id.clone(), SpaceName::of(&space))]);
                let row = Row::of(created.token.clone(), &spaces);
                output.print(&Created { token: created.expose(), row }, created.expose())
            }
            Self::List { space } => {
                let space = match space {
                    Some(name) => Some(data.space(&name).await?.id),
                    None => None,
                };
                let spaces = manager.spaces().await?;
                let spaces = spaces
                    .iter()
                    .map(|(space, _)| (space.id.clone(), SpaceName::of(space)))
                    .collect();
                let tokens = manager.tokens(space.as_ref()).await?;
                let tokens: Vec<_> =
                    tokens.into_iter().map(|token| Row::of(token, &spaces)).collect();
                let rows: Vec<_> = tokens
                    .iter()
                    .map(|row| {
                        let used = row.last_used_at.map(|time| time.to_string());
                        [
                            row.id.clone(),
                            row.space.name.clone(),
                            row.name.clone(),
                            used.unwrap_or_else(|| "never".into()),
                            row.state(),
                        ]
                    })
                    .collect();
                let text = output::table(["ID", "SPACE", "NAME", "LAST USED", "STATE"], &rows);
                output.print(&List { tokens }, &text)
            }
            Self::Revoke { id } => {
                let token = manager
                    .revoke_token(&TokenId::new(id), &Caller::command_line())
                    .await
                    .map_err(|error| match error {
                        Error::NotFound(Thing::Token) => Failure::new(
                            "there is no access token with this id; see: secret-manager token list",
                        ),
                        other => other.into(),
                    })?;
                let spaces = manager.spaces().await?;
                let spaces = spaces
                    .iter()
                    .map(|(space, _)| (space.id.clone(), SpaceName::of(space)))
                    .collect();
                let text = format!("revoked access token {}", token.id);
                output.print(&Row::of(token, &spaces), &text)
            }
        }
    }
}
