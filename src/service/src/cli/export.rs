//! `secret-manager export`: all secrets of a space, in a form that `import` reads.

use clap::Args;
use secret_manager_format as format;
use secret_manager_manager::Caller;

use super::data::{DataOptions, WhenAbsent};
use super::failure::Failure;
use super::output;
use crate::format::Format;

/// Print all secrets of a space with their values
///
/// JSON: one object, each member a secret. Env: lines KEY='VALUE', a JSON secret as the text of its
/// document.
#[derive(Debug, Args)]
pub(super) struct Export {
    #[arg(long, env = "SECRET_MANAGER_SPACE")]
    space: String,
    #[arg(long)]
    format: Format,
}

impl Export {
    pub(super) async fn run(self, data: &DataOptions) -> Result<(), Failure> {
        let data = data.open(WhenAbsent::Refuse).await?;
        let space = data.space(&self.space).await?;
        let snapshot = data.manager.export(&space.id, &Caller::command_line()).await?;
        output::print(format::Format::from(self.format).write(&snapshot).as_bytes())
    }
}
