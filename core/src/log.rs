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

/// A line with fields that programs find it by. It is for servers: a device has none.
#[cfg(feature = "log")]
pub(crate) fn with_fields(fields: &dyn ::log::kv::Source, text: core::fmt::Arguments<'_>) {
    if ::log::max_level() >= ::log::Level::Info {
        let mut line = ::log::Record::builder();
        line.target("tinyrealm").level(::log::Level::Info).key_values(fields);
        ::log::logger().log(&line.args(text).build());
    }
}

pub(crate) use {info, warning};
