//! `tinyrealm db`: the realm's database, from a shell.

#[cfg(feature = "cluster")]
mod commands;

#[cfg(feature = "cluster")]
pub(crate) use commands::run;

/// Says what is missing.
#[cfg(not(feature = "cluster"))]
pub(crate) fn run(
    _: &crate::cli::DbCommand,
    _: &crate::config::Config,
) -> anyhow::Result<std::process::ExitCode> {
    let wanted = crate::config::login::WANTED_FEATURE;
    anyhow::bail!("`tinyrealm db`: this program has no PostgreSQL; {wanted}")
}
