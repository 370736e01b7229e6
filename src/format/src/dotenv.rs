//! Files of `KEY=VALUE` lines.
//!
//! - An entry is `KEY=VALUE`, with `export ` before it if you like and spaces around the `=`.
//! - Empty lines and lines that start with `#` are skipped.
//! - A value without quotes goes to the end of the line; spaces around it don't count, and a `#`
//!   after a space begins a comment.
//! - Between single quotes everything is taken as it is, line ends too.
//! - Between double quotes line ends may stand, and `\n`, `\r`, `\t`, `\"`, `\\`, `\$` and `` \` ``
//!   mean what they mean in a shell and in JSON; any other backslash is just a backslash.
//! - After a closing quote only spaces and a comment may follow.
//! - Nothing is substituted: `$` is a dollar sign.
//! - A name may stand once only.

use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

use secret_manager_model::{Kind, Secret, SecretName};
use zeroize::Zeroizing;

pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: Zeroizing<String>,
    pub(super) line: usize,
}

/// What is wrong and where; never what stands there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DotenvError {
    #[error("there is no = after a name")]
    NoEquals { line: usize },
    #[error("the quote that opens here is never closed")]
    OpenQuote { line: usize },
    #[error("only a comment may follow a closing quote")]
    AfterQuote { line: usize },
    #[error("the name stands in line {first} already")]
    Twice { line: usize, first: usize },
}

impl DotenvError {
    pub(super) fn line(&self) -> usize {
        match *self {
            Self::NoEquals { line }
            | Self::OpenQuote { line }
            | Self::AfterQuote { line }
            | Self::Twice { line, .. } => line,
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Vec<Entry>, DotenvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { rest: text.chars().peekable(), line: 1 };
    let mut entries = Vec::new();
    let mut first_lines = HashMap::new();
    while let Some(entry) = reader.entry()? {
        if let Some(&first) = first_lines.get(&entry.name) {
            return Err(DotenvError::Twice { line: entry.line, first });
        }
        first_lines.insert(entry.name.clone(), entry.line);
        entries.push(entry);
    }
    Ok(entries)
}

/// A JSON secret becomes the text of its document.
pub(super) fn write(secrets: &[(&SecretName, &Secret)]) -> Zeroizing<String> {
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
        write_value(&content, &mut document);
    }
    document
}

/// Appends a value in quotes, so that [`parse`] reads it back as it is. Single quotes where they do:
/// shells and other readers of such files understand them alike.
fn write_value(value: &str, out: &mut String) {
    if !value.contains('\'') {
        out.push('\'');
        out.push_str(value);
        out.push('\'');
        return;
    }
    out.push('"');
    for character in value.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '"' | '\\' | '$' | '`' => {
                out.push('\\');
                out.push(character);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
}

impl Reader<'_> {
    fn entry(&mut self) -> Result<Option<Entry>, DotenvError> {
        loop {
            self.skip_blanks();
            match self.rest.peek() {
                None => return Ok(None),
                Some('\n') => drop(self.take()),
                Some('#') => self.skip_line(),
                Some(_) => break,
            }
        }
        let line = self.line;
        let mut name = String::new();
        loop {
            match self.rest.peek() {
                Some('=') => break,
                None | Some('\n') => return Err(DotenvError::NoEquals { line }),
                Some(_) => name.extend(self.take()),
            }
        }
        self.take();
        let name = name.trim();
        let name = match name.strip_prefix("export") {
            Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
            _ => name,
        };
        let value = self.value()?;
        Ok(Some(Entry { name: name.to_owned(), value, line }))
    }

    fn value(&mut self) -> Result<Zeroizing<String>, DotenvError> {
        let spaced = self.skip_blanks();
        match self.rest.peek() {
            Some(&quote @ ('"' | '\'')) => {
                let value = self.quoted(quote)?;
                self.skip_blanks();
                match self.rest.peek() {
                    None | Some('\n') => {}
                    Some('#') => self.skip_line(),
                    Some(_) => return Err(DotenvError::AfterQuote { line: self.line }),
                }
                Ok(value)
            }
            _ => Ok(self.unquoted(spaced)),
        }
    }

    fn unquoted(&mut self, mut after_space: bool) -> Zeroizing<String> {
        let mut value = Zeroizing::new(String::new());
        while let Some(&next) = self.rest.peek() {
            match next {
                '\n' => break,
                '#' if after_space => {
                    self.skip_line();
                    break;
                }
                _ => value.extend(self.take()),
            }
            after_space = next.is_whitespace();
        }
        Zeroizing::new(value.trim_end().to_owned())
    }

    fn quoted(&mut self, quote: char) -> Result<Zeroizing<String>, DotenvError> {
        let line = self.line;
        self.take();
        let mut value = Zeroizing::new(String::new());
        loop {
            match self.take() {
                None => return Err(DotenvError::OpenQuote { line }),
                Some(end) if end == quote => return Ok(value),
                Some('\\') if quote == '"' => {
                    let meant = match self.rest.peek() {
                        Some('n') => '\n',
                        Some('r') => '\r',
                        Some('t') => '\t',
                        Some(&itself @ ('"' | '\\' | '$' | '`')) => itself,
                        _ => {
                            value.push('\\');
                            continue;
                        }
                    };
                    self.take();
                    value.push(meant);
                }
                Some(other) => value.push(other),
            }
        }
    }

    fn take(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        self.line += usize::from(next == '\n');
        Some(next)
    }

    /// Spaces within a line, and the carriage return of a Windows line end. Tells whether any.
    fn skip_blanks(&mut self) -> bool {
        let mut any = false;
        while self.rest.next_if(|next| *next != '\n' && next.is_whitespace()).is_some() {
            any = true;
        }
        any
    }

    fn skip_line(&mut self) {
        while self.rest.next_if(|next| *next != '\n').is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let entries = parse(text).unwrap();
        entries.into_iter().map(|entry| (entry.name, entry.value.to_string())).collect()
    }

    fn value(text: &str) -> String {
        read(&format!("K={text}")).remove(0).1
    }

    #[test]
    fn lines_comments_and_exports() {
        let text = "\u{feff}# first\n\n  A=1\r\nexport B = two words \n\t# more\nexport\tC=3#4\nexported=5\nD=\nE=  # none";
        let expected =
            [("A", "1"), ("B", "two words"), ("C", "3#4"), ("exported", "5"), ("D", ""), ("E", "")];
        assert_eq!(read(text), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn values_without_quotes() {
        assert_eq!(value("a # comment"), "a");
        assert_eq!(value("a#b"), "a#b");
        assert_eq!(value("$HOME `x` \\n a\"b'c"), "$HOME `x` \\n a\"b'c");
        assert_eq!(value("a=b=="), "a=b==");
    }

    #[test]
    fn values_in_quotes() {
        assert_eq!(value("' a\\n\"#$X ' # comment"), " a\\n\"#$X ");
        assert_eq!(value("\"a\\n\\t\\r\\\"\\\\\\$\\`\\x'#\""), "a\n\t\r\"\\$`\\x'#");
        assert_eq!(value("'first\nsecond'"), "first\nsecond");
        assert_eq!(value("\"first\r\nsecond\""), "first\r\nsecond");
        assert_eq!(value("''"), "");
    }

    #[test]
    fn mistakes_have_a_line_and_quote_nothing() {
        for (text, error) in [
            ("A=1\ncanary", DotenvError::NoEquals { line: 2 }),
            ("A='x\ny'\nB=\"canary", DotenvError::OpenQuote { line: 3 }),
            ("A='x'canary", DotenvError::AfterQuote { line: 1 }),
            ("A=1\n\nA=canary", DotenvError::Twice { line: 3, first: 1 }),
        ] {
            let found = parse(text).map(drop).unwrap_err();
            assert_eq!(found, error);
            assert!(!format!("{found} {found:?}").contains("canary"));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(values in prop::collection::vec(any::<String>(), 0..5)) {
            let mut text = String::new();
            for (index, value) in values.iter().enumerate() {
                text.push_str(&format!("K{index}="));
                write_value(value, &mut text);
                text.push('\n');
            }
            let found: Vec<_> = read(&text).into_iter().map(|(_, value)| value).collect();
            prop_assert_eq!(found, values);
        }
    }
}
