//! The flags of `decode`.

use clap::Args;

use crate::decode::Framing;

/// The flags of `decode`.
#[derive(Debug, Args)]
pub(crate) struct DecodeOptions {
    /// Bytes in hex, with or without spaces, commas, `|`, `:` and 0x between them; without any, the standard
    /// input is read.
    #[arg(value_name = "HEX")]
    pub(crate) hex: Vec<String>,
    /// Whose own messages are known beside the realm's; without it, those of the first game.
    #[arg(long, value_name = "GAME", default_value = "")]
    pub(crate) game: String,
    /// What the bytes are; without it, whichever they fit.
    #[arg(long = "as", value_name = "FRAMING")]
    pub(crate) framing: Option<Framing>,
}
