//! Numbers of the protocol, as SQLite's rows have them.

use rusqlite::Row;
use tinyrealm_core::protocol::{Revision, Uid};

/// A uid, which SQLite keeps with a sign: it is below 2^53.
pub(super) fn uid_in(row: &Row<'_>, column: usize) -> rusqlite::Result<Uid> {
    Ok(Uid(row.get::<_, i64>(column)?.cast_unsigned()))
}

/// A revision in a row: SQLite's integers are signed.
pub(super) fn revision_in(row: &Row<'_>, column: usize) -> rusqlite::Result<Revision> {
    Ok(Revision(row.get::<_, i64>(column)?.cast_unsigned()))
}
