//! client placeholder
use crate::cli::ClientOptions;
use crate::config::Config;
use std::process::ExitCode;
pub(crate) fn run(_: &ClientOptions, _: &Config) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
