//! What the directory is for, with those who use it.

#[cfg(all(feature = "mains", feature = "rooms"))]
mod realm;
