//! `tinyrealm schema`: the protocol for other languages and tools.
//!
//! Purpose: the schema of core's messages as JSON, as a dissector for Wireshark, and as a client in C#. Each
//! is written from [`model::Schema`] alone, which takes any links that `protocol!` has made.
//!
//! Contract: a type that has no word on the wire is an error with its place, never a wrong file.

mod csharp;
mod json;
pub(crate) mod model;
mod wireshark;

use std::process::ExitCode;

use anyhow::Context;

use crate::cli::{Language, SchemaOptions};
use crate::games::Games;
use crate::say;
use model::Schema;

/// Prints it, or writes it to a file.
pub(crate) fn run(options: &SchemaOptions, games: Games) -> anyhow::Result<ExitCode> {
    let schema = Schema::with_game(games, &options.game)?;
    let text = match options.language() {
        Language::Json => json::write(&schema),
        Language::Wireshark => wireshark::write(&schema),
        Language::CSharp => csharp::write(&schema),
    };
    match &options.out {
        None => say::text(format_args!("{text}"))?,
        Some(path) => std::fs::write(path, text)
            .with_context(|| format!("writing the schema to {}", path.display()))?,
    }
    Ok(ExitCode::SUCCESS)
}
