//! Whether what was opened is still what stands in the directory.
//!
//! A file that was deleted, or that another one took the place of, can be written to as if nothing had
//! happened, and all of it is lost when it is closed. So whoever writes looks first.

use std::path::PathBuf;

use crate::problem::{Code, Problem};

pub(crate) struct Files {
    database: PathBuf,
    #[cfg(unix)]
    identity: Option<(u64, u64)>,
}

impl Files {
    /// Of a database that was just opened.
    pub(crate) fn of(database: PathBuf) -> Self {
        Self {
            #[cfg(unix)]
            identity: identity(&database),
            database,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Problem> {
        #[cfg(unix)]
        let same = identity(&self.database) == self.identity;
        // Elsewhere a file that is open can't be taken away.
        #[cfg(not(unix))]
        let same = true;
        if same {
            return Ok(());
        }
        let database = self.database.display();
        let message = format!(
            "the file {database} was deleted or replaced while it was in use; stop Node-RED, put the \
             right one there, and start it again"
        );
        Err(Problem::new(Code::Unavailable, message))
    }
}

/// The same for as long as it is the same file.
#[cfg(unix)]
fn identity(database: &std::path::Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(database).ok()?;
    Some((metadata.dev(), metadata.ino()))
}
