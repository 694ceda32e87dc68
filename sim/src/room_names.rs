//! The names of the rooms that players wish for.

/// What rooms are called; the last ones are private, and on no list.
pub(crate) const NAMES: [&str; 5] = ["amber", "basalt", "방", "coral", "dune"];
pub(crate) const PRIVATE: usize = 2;

/// Whether a room of this name is on no list.
pub(crate) fn is_unlisted(name: &str) -> bool {
    NAMES[NAMES.len() - PRIVATE..].contains(&name)
}
