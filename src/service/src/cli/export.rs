//! `secret-manager export`: all secrets of a space, in a form that `import` reads.

use clap::Args;
use secret_manager_manager::Caller;
use secret_manager_model::{Kind, Secret, SecretName};
use zeroize::Zeroizing;

use super::data::{DataOptions, WhenAbsent};
use super::failure::Failure;
use super::import::Format;
use super::{dotenv, output};

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
        let mut secrets: Vec<_> = snapshot.secrets.iter().collect();
        secrets.sort_unstable_by_key(|(name, _)| *name);
        let document = match self.format {
            Format::Json => json(&secrets),
            Format::Env => env(&secrets),
        };
        output::print(document.as_bytes())
    }
}

fn json(secrets: &[(&SecretName, &Secret)]) -> Zeroizing<String> {
    let size = secrets.iter().map(|(name, secret)| {
        name.as_str().len() + secret.value.expose().len() + "  \"\": ,\n".len()
    });
    let mut document = Zeroizing::new(String::with_capacity(size.sum::<usize>() + 4));
    document.push('{');
    for (index, (name, secret)) in secrets.iter().enumerate() {
        document.push_str(if index == 0 { "\n  \"" } else { ",\n  \"" });
        // Names are plain ASCII without quotes or backslashes, and values are JSON already.
        document.push_str(name.as_str());
        document.push_str("\": ");
        document.push_str(secret.value.expose());
    }
    document.push_str(if secrets.is_empty() { "}" } else { "\n}" });
    document
}

fn env(secrets: &[(&SecretName, &Secret)]) -> Zeroizing<String> {
    // Twice the JSON form is room for every character escaped.
    let size = secrets
        .iter()
        .map(|(name, secret)| name.as_str().len() + 2 * secret.value.expose().len() + 8);
    let mut document = Zeroizing::new(String::with_capacity(size.sum()));
    for (index, (name, secret)) in secrets.iter().enumerate() {
        if index > 0 {
            document.push('\n');
        }
        document.push_str(name.as_str());
        document.push('=');
        let content = match secret.value.kind() {
            Kind::Text => secret.value.expose_text(),
            Kind::Json => Zeroizing::new(secret.value.expose().to_owned()),
        };
        dotenv::write_value(&content, &mut document);
    }
    document
}
