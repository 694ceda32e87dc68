//! The flags of `schema`.

use std::path::PathBuf;

use clap::Args;

/// What is to be written.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Language {
    Json,
    Wireshark,
    CSharp,
}

/// The flags of `schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaOptions {
    #[command(flatten)]
    language: LanguageOptions,
    /// Whose own messages are written beside the realm's; without it, those of the first game.
    #[arg(long, value_name = "GAME", default_value = "")]
    pub(crate) game: String,
    /// Write to FILE instead of the standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// One of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct LanguageOptions {
    /// Messages, types, codes and limits as JSON.
    #[arg(long)]
    json: bool,
    /// A client in C#, in one file, for Unity or any .NET of netstandard 2.1.
    #[arg(long)]
    csharp: bool,
    /// A dissector for Wireshark and tshark, in Lua.
    #[arg(long)]
    wireshark: bool,
}

impl SchemaOptions {
    /// What is to be written.
    pub(crate) const fn language(&self) -> Language {
        match &self.language {
            LanguageOptions { csharp: true, .. } => Language::CSharp,
            LanguageOptions { wireshark: true, .. } => Language::Wireshark,
            LanguageOptions { .. } => Language::Json,
        }
    }
}
