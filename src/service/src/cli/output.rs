//! What commands print.

use std::io::{self, Write};

use serde::Serialize;
use zeroize::Zeroizing;

use super::failure::Failure;

#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    pub(super) json: bool,
}

impl Output {
    /// The result of a command: as one JSON document, or as text.
    pub(super) fn print(self, json: &impl Serialize, text: &str) -> Result<(), Failure> {
        if !self.json {
            return print(text.as_bytes());
        }
        // Wiped, because the document may hold a value or a token.
        let mut document = Zeroizing::new(Vec::with_capacity(4096));
        serde_json::to_writer(&mut *document, json)
            .map_err(|_| Failure::new("can't write the result as JSON"))?;
        print(&document)
    }
}

/// Writes to standard output and ends the line, if there is anything to write.
pub(super) fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    written(out.write_all(bytes).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()))
}

fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        // Who reads has enough (`| head`).
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| Failure::new(format!("can't write the result: {error}"))),
    }
}

/// Writes a piece of a document to standard output.
pub(super) fn write(bytes: &[u8]) -> Result<(), Failure> {
    written(io::stdout().lock().write_all(bytes))
}

/// One line for the person at the terminal, beside the result.
pub(super) fn note(text: &str) {
    // Nobody is left to be told when standard error is gone.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Columns under a heading, as wide as they need to be.
pub(super) fn table<const COLUMNS: usize>(
    heading: [&str; COLUMNS],
    rows: &[[String; COLUMNS]],
) -> String {
    let mut widths = heading.map(|cell| cell.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; COLUMNS]| {
        let padded: Vec<_> =
            cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(heading)];
    lines.extend(rows.iter().map(|row| line(std::array::from_fn(|index| row[index].as_str()))));
    lines.join("\n")
}
