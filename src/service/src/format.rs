//! The formats of imports and exports, as options and queries name them.

use secret_manager_format as format;
use secret_manager_manager::Edit;

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

impl Format {
    /// One put for each secret of the file, or everything that is wrong with it.
    pub(crate) fn read(self, text: &str) -> Result<Vec<Edit>, Vec<format::Mistake>> {
        let secrets = format::Format::from(self).read(text)?;
        Ok(secrets.into_iter().map(|(name, value)| Edit::put(name, value)).collect())
    }
}

impl From<Format> for format::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Env => Self::Env,
            Format::Json => Self::Json,
        }
    }
}
