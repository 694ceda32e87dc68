//! Texts of the realm's own, in strings that have a limit.

/// A text that a message or a setting has room for.
pub(crate) fn bounded<const MAX: usize>(text: &str) -> heapless::String<MAX> {
    heapless::String::try_from(text).unwrap_or_default()
}
