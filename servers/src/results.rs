//! `tinyrealm results`: what games have recorded, in words.
//!
//! Purpose: a record is one of its game's own messages, so the schema that clients are made from reads it.
//!
//! Contract: works while the worlds run. What this binary can't read is printed as it lies there, in hex.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use crate::cli::ResultsOptions;
use crate::config::Config;
use crate::decode;
use crate::games::Games;
use crate::say::hand_out;
use crate::schema::model::Schema;
use crate::secret;
use crate::store::{self, sqlite};
use crate::user::date;

/// Prints the records of all worlds whose files are in the folder.
pub(crate) fn run(
    options: &ResultsOptions,
    config: &Config,
    games: Games,
) -> anyhow::Result<ExitCode> {
    let folder = store::folder(&config.world)?;
    for (world, file) in worlds(&folder)? {
        for record in sqlite::records(&file, &options.game)? {
            let (kind, value) = told(&record, games);
            let line = match options.json {
                true => json!({
                    "world": world, "number": record.number, "game": record.game, "kind": kind,
                    "version": record.version, "recorded_at": record.recorded_at,
                    "id": secret::hex(&record.id), "value": value,
                })
                .to_string(),
                false => {
                    let (number, game, at) =
                        (record.number, &record.game, date(record.recorded_at));
                    format!("{at}  world {world} #{number}  {game} {kind} {value}")
                }
            };
            hand_out!("{line}")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The worlds that have kept anything there, by id.
fn worlds(folder: &Path) -> anyhow::Result<Vec<(u16, PathBuf)>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))?;
    let mut worlds = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let id = name.strip_prefix("world-").and_then(|name| name.strip_suffix(".db"));
        worlds.extend(id.and_then(|id| Some((id.parse().ok()?, path.clone()))));
    }
    worlds.sort();
    Ok(worlds)
}

/// The message that a record is, and its fields.
fn told(record: &sqlite::StoredRecord, games: Games) -> (String, Value) {
    let schema = Schema::with_game(games, &record.game).ok();
    let read = schema.and_then(|schema| {
        let (message, _) = schema.message(i32::from(record.kind))?;
        let fields = decode::json(&schema, &message.fields, &record.value).ok()?;
        Some((message.name.to_owned(), fields))
    });
    read.unwrap_or_else(|| (format!("{:#06x}", record.kind), json!(secret::hex(&record.value))))
}
