//! The log facade: one place where the core's log lines leave it.
//!
//! Purpose: with the feature `log` a line goes to the `log` crate (a server bridges that to
//! `tracing`), with `defmt` to `defmt`; without either, it compiles to nothing.
//!
//! Contract: arguments are evaluated either way, are numbers, ids or names, and never secrets
//! (handshake keys and tokens print as `…`).

/// Something worth reading once.
macro_rules! info {
    ($text:literal $(, $value:expr)*) => {{
        #[cfg(feature = "log")]
        ::log::info!(target: "tinyrealm", $text $(, $value)*);
        #[cfg(feature = "defmt")]
        ::defmt::info!($text $(, $value)*);
        #[cfg(not(any(feature = "log", feature = "defmt")))]
        { $(let _ = &$value;)* }
    }};
}

/// Something that an operator may have to act on.
macro_rules! warning {
    ($text:literal $(, $value:expr)*) => {{
        #[cfg(feature = "log")]
        ::log::warn!(target: "tinyrealm", $text $(, $value)*);
        #[cfg(feature = "defmt")]
        ::defmt::warn!($text $(, $value)*);
        #[cfg(not(any(feature = "log", feature = "defmt")))]
        { $(let _ = &$value;)* }
    }};
}

pub(crate) use {info, warning};
