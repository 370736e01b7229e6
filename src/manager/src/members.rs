//! Members: who may do what in a space.

use std::collections::HashSet;

use secret_manager_model::{Role, Timestamp};
use secret_manager_store::{MemberRow, SpaceId, StoreError, Usage, UserId, UserRow};

use crate::{Action, Caller, Error, Manager, Space, Thing, User};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub user: User,
    pub role: Role,
    pub added_at: Timestamp,
}

impl Manager {
    /// Sorted by login name.
    pub async fn members(&self, space: &SpaceId) -> Result<Vec<Member>, Error> {
        let rows = self.store.members(space).await?;
        Ok(rows.into_iter().map(|(row, user)| self.member_of(&row, user)).collect())
    }

    /// Adds a member or changes the role of one; the flag tells whether it is new. `user` is an id
    /// or a login name.
    pub async fn put_member(
        &self,
        space: &SpaceId,
        user: &str,
        role: Role,
        caller: &Caller,
    ) -> Result<(Member, bool), Error> {
        let user = self.user_row(user).await?;
        let row = MemberRow {
            space: space.clone(),
            user: user.id.clone(),
            role,
            added_at: self.environment.now(),
        };
        let entry = self.record(caller, Action::MemberPut).space(space);
        let audit = entry.subject(&format!("{role}: {}", user.name)).finish();
        let (row, new) = self.store.put_member(row, audit).await?;
        Ok((self.member_of(&row, user), new))
    }

    pub async fn remove_member(
        &self,
        space: &SpaceId,
        user: &UserId,
        caller: &Caller,
    ) -> Result<(), Error> {
        let row = self.store.user(user).await?.ok_or(Error::NotFound(Thing::Member))?;
        let entry = self.record(caller, Action::MemberDelete).space(space);
        let audit = entry.subject(&row.name).finish();
        match self.store.delete_member(space, user, audit).await {
            Err(StoreError::NotFound) => Err(Error::NotFound(Thing::Member)),
            result => Ok(result?),
        }
    }

    /// The spaces of which the user is a member, sorted by name.
    pub async fn spaces_of(&self, user: &UserId) -> Result<Vec<(Space, Usage, Role)>, Error> {
        let rows = self.store.spaces_of(user).await?;
        Ok(rows.iter().map(|(row, usage, role)| (Space::of(row), *usage, *role)).collect())
    }

    /// The space with this id or else this name, and what the user is in it. A space of others is
    /// not found, exactly like one that doesn't exist.
    pub async fn space_of(&self, user: &UserId, reference: &str) -> Result<(Space, Role), Error> {
        let by_id = self.store.space(&SpaceId::new(reference)).await?;
        let by_name = self.store.space_named(reference).await?;
        for row in by_id.into_iter().chain(by_name) {
            if let Some(role) = self.store.role(&row.id, user).await? {
                return Ok((Space::of(&row), role));
            }
        }
        Err(Error::NotFound(Thing::Space))
    }

    fn member_of(&self, row: &MemberRow, user: UserRow) -> Member {
        // Whether somebody is locked concerns administrators only.
        let user = self.user_of(user, &HashSet::new());
        Member { user, role: row.role, added_at: row.added_at }
    }
}
