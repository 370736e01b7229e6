//! `secret-manager user …`

use clap::{Args, Subcommand};
use secret_manager_manager::{
    Caller, Error, Invitation as InvitationFacts, Manager, NewUser, Thing, User as UserFacts,
    UserChange,
};
use secret_manager_model::{LoginName, Timestamp};
use serde::Serialize;

use super::data::{DataOptions, WhenAbsent};
use super::failure::Failure;
use super::output::{self, Output};
use crate::link;

/// Make, invite, list, disable and delete users: people who sign in to the web page
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Make a user; prints a link that works once and lets them choose a password
    Create {
        /// What they sign in with: letters, digits and . _ @ + -, an e-mail address for example
        #[arg(value_parser = LoginName::parse)]
        name: LoginName,
        /// May manage users and make spaces
        #[arg(long)]
        administrator: bool,
        /// What others are shown [default: the login name]
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
        #[command(flatten)]
        address: Address,
    },
    /// Make a new link for a user, who then chooses a new password
    ///
    /// The old password stops working at once, and so do sign-ins through OpenID Connect and all
    /// sessions.
    Invite {
        name: String,
        #[command(flatten)]
        address: Address,
    },
    /// List users
    List,
    /// Keep a user from signing in, and end their sessions
    Disable { name: String },
    /// Let a disabled user sign in again
    Enable { name: String },
    /// Delete a user with all memberships, for good
    Delete { name: String },
}

#[derive(Debug, Args)]
pub(super) struct Address {
    /// Where the service is reached, for the link
    #[arg(
        long = "url",
        value_name = "BASE",
        env = "SECRET_MANAGER_PUBLIC_URL",
        default_value = "http://127.0.0.1:8200"
    )]
    base: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    id: String,
    name: String,
    display_name: String,
    administrator: bool,
    state: &'static str,
    created_at: Timestamp,
    last_sign_in_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct List {
    users: Vec<Row>,
}

#[derive(Serialize)]
struct Invited<'a> {
    user: Row,
    invitation: Invitation<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invitation<'a> {
    code: &'a str,
    url: &'a str,
    expires_at: Timestamp,
}

#[derive(Serialize)]
struct Deleted {
    id: String,
    name: String,
}

impl Row {
    fn of(user: UserFacts) -> Self {
        Self {
            id: user.id.as_str().to_owned(),
            name: user.name,
            display_name: user.display_name,
            administrator: user.administrator,
            state: user.state.as_str(),
            created_at: user.created_at,
            last_sign_in_at: user.last_sign_in_at,
        }
    }
}

impl User {
    pub(super) async fn run(self, data: &DataOptions, output: Output) -> Result<(), Failure> {
        let when_absent = match &self {
            Self::Create { .. } => WhenAbsent::Create,
            _ => WhenAbsent::Refuse,
        };
        let data = data.open(when_absent).await?;
        if let Some(advice) = data.key_advice() {
            output::note(&advice);
        }
        let manager = &data.manager;
        let caller = Caller::command_line();
        match self {
            Self::Create { name, administrator, display_name, address } => {
                let new = NewUser { name, display_name, administrator };
                let (user, invitation) = manager.create_user(new, &caller).await?;
                print_invitation(user, &invitation, &address, output)
            }
            Self::Invite { name, address } => {
                let user = find(manager, &name).await?;
                let invitation = manager.invite_user(&user.id, &caller).await?;
                let user = find(manager, &name).await?;
                print_invitation(user, &invitation, &address, output)
            }
            Self::List => {
                let users: Vec<_> = manager.users().await?.into_iter().map(Row::of).collect();
                let rows: Vec<_> = users
                    .iter()
                    .map(|user| {
                        let last = user.last_sign_in_at.map(|time| time.to_string());
                        [
                            user.name.clone(),
                            user.display_name.clone(),
                            if user.administrator { "administrator" } else { "user" }.to_owned(),
                            user.state.to_owned(),
                            last.unwrap_or_else(|| "never".into()),
                        ]
                    })
                    .collect();
                let heading = ["NAME", "DISPLAY NAME", "KIND", "STATE", "LAST SIGN-IN"];
                output.print(&List { users }, &output::table(heading, &rows))
            }
            Self::Disable { name } => set_disabled(manager, &name, true, &caller, output).await,
            Self::Enable { name } => set_disabled(manager, &name, false, &caller, output).await,
            Self::Delete { name } => {
                let user = find(manager, &name).await?;
                manager.delete_user(&user.id, &caller).await?;
                let text = format!("deleted user {:?}", user.name);
                output.print(&Deleted { id: user.id.as_str().to_owned(), name: user.name }, &text)
            }
        }
    }
}

async fn set_disabled(
    manager: &Manager,
    name: &str,
    disabled: bool,
    caller: &Caller,
    output: Output,
) -> Result<(), Failure> {
    let user = find(manager, name).await?;
    let change = UserChange { disabled: Some(disabled), ..UserChange::default() };
    let user = manager.update_user(&user.id, change, caller).await?;
    let done = if disabled { "disabled" } else { "enabled" };
    let text = format!("{done} user {:?}", user.name);
    output.print(&Row::of(user), &text)
}

fn print_invitation(
    user: UserFacts,
    invitation: &InvitationFacts,
    address: &Address,
    output: Output,
) -> Result<(), Failure> {
    let url = link::invitation(&address.base, invitation.expose());
    if !output.json {
        output::note(&format!(
            "This link lets {:?} choose a password. It works once, until {}, and is not shown \
             again:",
            user.name, invitation.expires_at
        ));
    }
    let document = Invited {
        user: Row::of(user),
        invitation: Invitation {
            code: invitation.expose(),
            url: &url,
            expires_at: invitation.expires_at,
        },
    };
    output.print(&document, &url)
}

/// By login name or id.
pub(super) async fn find(manager: &Manager, name: &str) -> Result<UserFacts, Failure> {
    manager.user(name).await.map_err(|error| match error {
        Error::NotFound(Thing::User) => {
            Failure::new(format!("there is no user {name:?}; see: secret-manager user list"))
        }
        other => other.into(),
    })
}
