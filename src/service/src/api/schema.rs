//! How the types that many answers share are described.

use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};

/// A space as other things name it.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(super) struct SpaceName {
    pub(super) id: String,
    #[schema(example = "plant")]
    pub(super) name: String,
}

/// RFC 3339 in UTC, to the millisecond.
pub(super) fn time() -> Object {
    text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).build()
}

/// The kind of a secret.
pub(super) fn kind() -> Object {
    text().enum_values(Some(["text", "json"])).build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}
