//! `Broken`: an invariant that does not hold.

/// Which invariant, and what was found instead.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) invariant: &'static str,
    pub(crate) found: String,
}

impl Broken {
    pub(crate) fn new(invariant: &'static str, found: impl Into<String>) -> Self {
        Self { invariant, found: found.into() }
    }
}

/// Answers [`Broken`] unless `holds`.
pub(crate) fn ensure(
    holds: bool,
    invariant: &'static str,
    found: impl FnOnce() -> String,
) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken::new(invariant, found())) }
}
