//! SQLite files: how one is made and opened, and whether it is still the one that was opened.
//!
//! Contract: a commit is on the disk before it is answered, other processes may read and write meanwhile, and
//! nobody but the owner reads the file.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// How long a call waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it is said that a check lasts.
const CHECK_LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Makes a file that nobody but its owner reads, with its folder; what SQLite keeps beside it gets the same mode.
///
/// # Errors
/// If it can't be made.
pub(crate) fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        // A copy may have come with another mode.
        Err(_) => restrict(path),
        Ok(_) => Ok(()),
    }
}

#[cfg(unix)]
fn restrict(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path)?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    tracing::warn!("others could read {}: now its owner alone can", path.display());
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode & 0o700))
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// A connection whose commits are on the disk before they are answered, and which waits for others' to end.
///
/// # Errors
/// If SQLite says no.
pub(crate) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// A connection that only reads, for a file from elsewhere.
///
/// # Errors
/// If SQLite says no.
pub(crate) fn connect_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// What is wrong with a file, if anything is: looks at every page, every row and every index of `what`, and says so
/// if it lasts.
///
/// # Errors
/// If SQLite says no.
pub(crate) fn damage(
    connection: &Connection,
    path: &Path,
    what: &str,
) -> rusqlite::Result<Option<String>> {
    let (is_over, over) = channel::<()>();
    let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let found = std::thread::scope(|scope| {
        scope.spawn(move || {
            while over.recv_timeout(CHECK_LINE_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                tracing::info!("checking {what}: {} MB", bytes / 1_000_000);
            }
        });
        let found = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0));
        drop(is_over);
        found
    });
    let page: u64 =
        connection.query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0))?.into();
    let text: String = found?;
    Ok(match text.as_str() {
        _ if !bytes.is_multiple_of(page) => Some("the end of a page is missing".to_owned()),
        "ok" => None,
        _ => Some(text),
    })
}

/// Which file a store has opened, and how much there was of it: a database never gets shorter.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Found {
    identity: (u64, u64),
    bytes: u64,
}

impl Found {
    /// What lies there; `None` if nothing does, or nothing is in it.
    pub(crate) fn look(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok().filter(|metadata| metadata.len() > 0)?;
        Some(Self { identity: identity(&metadata), bytes: metadata.len() })
    }

    /// How much there is of it now; `None` if it is not there any more.
    pub(crate) fn look_again(self, path: &Path) -> Option<Self> {
        Self::look(path).filter(|now| now.identity == self.identity && now.bytes >= self.bytes)
    }
}

/// `path` with more behind its name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Elsewhere a file that is open can't be removed or replaced.
#[cfg(not(unix))]
fn identity(_: &std::fs::Metadata) -> (u64, u64) {
    (0, 0)
}
