//! `secret-manager member …`

use clap::Subcommand;
use secret_manager_manager::{Caller, Error, Member as MemberFacts, Thing};
use secret_manager_model::{Role, Timestamp};
use serde::Serialize;

use super::data::{DataOptions, WhenAbsent};
use super::failure::Failure;
use super::output::{self, Output};
use super::user::find;

/// Say who may do what in a space
#[derive(Debug, Subcommand)]
pub(super) enum Member {
    /// Make a user member of a space, or change their role there
    Set {
        #[arg(long, env = "SECRET_MANAGER_SPACE")]
        space: String,
        user: String,
        /// owner: everything; editor: change secrets; reader: reveal values; viewer: see names
        #[arg(value_parser = parse_role)]
        role: Role,
    },
    /// List the members of a space
    List {
        #[arg(long, env = "SECRET_MANAGER_SPACE")]
        space: String,
    },
    /// Take a user out of a space
    Remove {
        #[arg(long, env = "SECRET_MANAGER_SPACE")]
        space: String,
        user: String,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    user: Person,
    role: &'static str,
    added_at: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    id: String,
    name: String,
    display_name: String,
}

#[derive(Serialize)]
struct List {
    members: Vec<Row>,
}

#[derive(Serialize)]
struct Removed {
    user: Person,
}

impl Person {
    fn of(user: secret_manager_manager::User) -> Self {
        Self { id: user.id.as_str().to_owned(), name: user.name, display_name: user.display_name }
    }
}

impl Row {
    fn of(member: MemberFacts) -> Self {
        Self {
            user: Person::of(member.user),
            role: member.role.as_str(),
            added_at: member.added_at,
        }
    }
}

impl Member {
    pub(super) async fn run(self, data: &DataOptions, output: Output) -> Result<(), Failure> {
        let data = data.open(WhenAbsent::Refuse).await?;
        let manager = &data.manager;
        let caller = Caller::command_line();
        match self {
            Self::Set { space, user, role } => {
                let space = data.space(&space).await?;
                let user = find(manager, &user).await?;
                let (member, _) =
                    manager.put_member(&space.id, user.id.as_str(), role, &caller).await?;
                let text = format!("{:?} is {role} of space {:?}", user.name, space.name);
                output.print(&Row::of(member), &text)
            }
            Self::List { space } => {
                let space = data.space(&space).await?;
                let members = manager.members(&space.id).await?;
                let members: Vec<_> = members.into_iter().map(Row::of).collect();
                let rows: Vec<_> = members
                    .iter()
                    .map(|member| {
                        [
                            member.user.name.clone(),
                            member.user.display_name.clone(),
                            member.role.to_owned(),
                            member.added_at.to_string(),
                        ]
                    })
                    .collect();
                let text = output::table(["NAME", "DISPLAY NAME", "ROLE", "ADDED"], &rows);
                output.print(&List { members }, &text)
            }
            Self::Remove { space, user } => {
                let space = data.space(&space).await?;
                let user = find(manager, &user).await?;
                let removed = manager.remove_member(&space.id, &user.id, &caller).await;
                removed.map_err(|error| match error {
                    Error::NotFound(Thing::Member) => Failure::new(format!(
                        "{:?} is no member of space {:?}; see: secret-manager member list",
                        user.name, space.name
                    )),
                    other => other.into(),
                })?;
                let text = format!("{:?} is no longer in space {:?}", user.name, space.name);
                output.print(&Removed { user: Person::of(user) }, &text)
            }
        }
    }
}

fn parse_role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "choose owner, editor, reader or viewer".into())
}
