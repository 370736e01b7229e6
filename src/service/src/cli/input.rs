//! Reading what must not stand on the command line.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use secret_manager_model::limits::VALUE_BYTES;
use secret_manager_model::{Kind, SecretValue, ValueError};
use zeroize::Zeroizing;

use super::failure::Failure;

/// Everything of a file, or of standard input for `-`. More than `limit` bytes are refused without
/// reading on.
pub(super) fn read(path: &Path, limit: usize) -> Result<Zeroizing<String>, Failure> {
    let (name, bytes) = if path == Path::new("-") {
        ("standard input".to_owned(), all_of(io::stdin().lock(), limit))
    } else {
        let name = path.display().to_string();
        (name, File::open(path).and_then(|file| all_of(file, limit)))
    };
    let mut bytes = bytes.map_err(|error| Failure::new(format!("can't read {name}: {error}")))?;
    if bytes.len() > limit {
        return Err(Failure::new(format!("{name} is larger than {limit} bytes")));
    }
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(Failure::new(format!(
                "{name} is not UTF-8 text; encode binary content, for example in base64"
            )))
        }
    }
}

fn all_of(source: impl Read, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    source.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The value of a secret. From a text exactly one line end is taken off at its end, because `echo`
/// and editors add one; a value that ends with one has to be given with two.
pub(super) fn value(path: &Path, kind: Kind) -> Result<SecretValue, Failure> {
    // A text may be shorter than its JSON form, never longer; two bytes are for the line end.
    let text = read(path, VALUE_BYTES + 2)?;
    let value = match kind {
        Kind::Text => SecretValue::text(without_line_end(&text)),
        Kind::Json => SecretValue::json(&text),
    };
    value.map_err(|error| {
        Failure::new(match error {
            ValueError::NotJson { .. } => format!("the value is {error}"),
            other => other.to_string(),
        })
    })
}

fn without_line_end(text: &str) -> &str {
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_line_end_is_taken_off() {
        for (given, kept) in [
            ("v", "v"),
            ("v\n", "v"),
            ("v\n\n", "v\n"),
            ("v\r\n", "v"),
            ("v\r", "v\r"),
            ("\n", ""),
            ("", ""),
        ] {
            assert_eq!(without_line_end(given), kept, "{given:?}");
        }
    }
}
