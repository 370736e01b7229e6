//! The formats of imports and exports, as options and queries name them.

use secret_manager_format as format;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Lines KEY=VALUE
    Env,
    /// One object, each member a secret
    Json,
}

impl From<Format> for format::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Env => Self::Env,
            Format::Json => Self::Json,
        }
    }
}
