//! How the types that many answers share are described.

use secret_manager_manager::{UserState, VersionState};
use secret_manager_model::Role;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, SchemaType, Type};

/// A space as other things name it.
#[derive(Serialize, ToSchema)]
pub(super) struct SpaceName {
    pub(super) id: String,
    #[schema(example = "plant")]
    pub(super) name: String,
}

/// RFC 3339 in UTC, to the millisecond.
pub(crate) fn time() -> Object {
    time_as(SchemaType::Type(Type::String))
}

pub(super) fn time_or_null() -> Object {
    time_as(SchemaType::Array(vec![Type::String, Type::Null]))
}

fn time_as(kind: SchemaType) -> Object {
    let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
    ObjectBuilder::new().schema_type(kind).format(Some(format)).build()
}

/// A password or a code.
pub(super) fn secret_text() -> Object {
    let format = SchemaFormat::KnownFormat(KnownFormat::Password);
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build()
}

/// The kind of a secret.
pub(super) fn kind() -> Object {
    one_of(["text", "json"])
}

pub(super) fn role() -> Object {
    one_of(Role::ALL.map(Role::as_str))
}

pub(super) fn user_state() -> Object {
    let states = [UserState::Active, UserState::Invited, UserState::Locked, UserState::Disabled];
    one_of(states.map(UserState::as_str))
}

pub(super) fn version_state() -> Object {
    let states = [VersionState::Current, VersionState::Kept, VersionState::Destroyed];
    one_of(states.map(VersionState::as_str))
}

/// Any JSON.
pub(super) fn any() -> Object {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue).build()
}

fn one_of<const COUNT: usize>(values: [&'static str; COUNT]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(values)).build()
}
