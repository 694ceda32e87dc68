//! `tinyrealm decode`: bytes of the protocol in words.
//!
//! Purpose: whoever writes a client has hex and wants names. What is known is the schema that `tinyrealm schema`
//! writes for other clients.
//!
//! Contract: the bytes are frames of a stream, messages of a WebSocket, or one body; without a word about which,
//! the first of these that all of them fit. What is wrong is said with the place where it is; exit code 1 then.

mod framing;
mod json;
mod payload;
mod reader;
#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::io::Read;
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::cli::DecodeOptions;
use crate::games::Games;
use crate::say;
use crate::schema::model::Schema;
pub(crate) use framing::Framing;
pub(crate) use json::json;

/// Prints what the hex on the command line, or else on the standard input, says.
pub(crate) fn run(options: &DecodeOptions, games: Games) -> anyhow::Result<ExitCode> {
    let schema = Schema::with_game(games, &options.game)?;
    let mut hex = options.hex.join(" ");
    if hex.is_empty() {
        std::io::stdin().read_to_string(&mut hex).context("reading hex from the standard input")?;
    }
    let told = tell(&schema, &bytes_of(&hex)?, options.framing)?;
    say::text(format_args!("{}", told.text))?;
    Ok(if told.is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What was found.
struct Told {
    text: String,
    is_whole: bool,
}

fn tell(schema: &Schema, bytes: &[u8], framing: Option<Framing>) -> anyhow::Result<Told> {
    let framing = framing.unwrap_or_else(|| Framing::guess(bytes, schema));
    let mut told = Told { text: String::new(), is_whole: true };
    for piece in framing.pieces(bytes) {
        told.text += &piece.head;
        let problem = match (piece.body, piece.problem) {
            (Some(body), None) => payload::tell(schema, &body, &mut told.text).err(),
            (_, problem) => problem,
        };
        if let Some(problem) = problem {
            told.is_whole = false;
            // Writing to a string does not fail.
            let _ = writeln!(told.text, "  wrong: {problem}");
        }
    }
    Ok(told)
}

/// Hex with or without spaces, commas, `|`, `:` and `0x` between the bytes.
fn bytes_of(hex: &str) -> anyhow::Result<Vec<u8>> {
    let is_between = |c: char| c.is_whitespace() || matches!(c, ',' | '|' | ':' | '\\');
    let words = hex.split(is_between).map(|word| word.strip_prefix("0x").unwrap_or(word));
    let digits: String = words.map(|word| word.strip_prefix('x').unwrap_or(word)).collect();
    if digits.is_empty() {
        bail!(
            "there is no hex: give it as words, or on the standard input, like `05 00 02 00 00 00 05`"
        );
    }
    if let Some(wrong) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
        bail!("`{wrong}` is no hex digit");
    }
    if digits.len() % 2 == 1 {
        bail!("half a byte: {} hex digits are an odd number", digits.len());
    }
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap_or("00"));
    Ok(pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap_or_default()).collect())
}

/// Bytes as the page writes them.
fn spaced(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}
