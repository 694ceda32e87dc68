//! Layers of a configuration: one table that each layer changes, with the defaults' types.

use anyhow::{Context, anyhow, bail};
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::Config;
use super::services::is_of_a_service;
use crate::games::Games;

const VARIABLE_PREFIX: &str = "TINYREALM_";
/// Keys that have no default value, and so are not in the table: `port` is the type of a port.
const OPTIONAL_PORTS: [&str; 6] =
    ["main.port", "world.port", "login.port", "chat.port", "http.port", "admin.port"];

/// One key set from outside of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Override {
    key: String,
    value: String,
}

impl Override {
    pub(crate) fn new(key: &str, value: &str) -> Self {
        Self { key: key.to_owned(), value: value.to_owned() }
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }
}

/// Every key that has a default, with it.
pub(super) fn defaults() -> anyhow::Result<Table> {
    Config::default().to_table()
}

/// A file's keys. Reading them as a configuration first finds unknown keys and wrong types, with the
/// line that they are in.
pub(super) fn from_file(text: &str) -> anyhow::Result<Table> {
    let at_line = |start: usize, problem: &str| {
        let line = text.get(..start).unwrap_or_default().matches('\n').count();
        let there = text.lines().nth(line).unwrap_or_default().trim();
        anyhow!("line {}, `{there}`: {}", line + 1, in_one_line(problem))
    };
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        at_line(error.span().map_or(0, |span| span.start), error.message())
    })?;
    match read(table.clone()) {
        Ok(_) => Ok(table),
        Err(wrong) => Err(at_line(place_of(text, &wrong.keys), &wrong.message)),
    }
}

/// The configuration that all layers make together.
pub(super) fn finish(table: Table) -> anyhow::Result<Config> {
    read(table)
        .map_err(|wrong| anyhow!("{} in `{}`", in_one_line(&wrong.message), wrong.keys.join(".")))
}

/// What keeps a table from being a configuration, and the names of the sections and the key where it is.
struct Wrong {
    message: String,
    keys: Vec<String>,
}

/// A configuration is read in this way alone: of each further one its types have code of their own, and the servers' build
/// is longer by a fifteenth.
fn read(table: Table) -> Result<Config, Wrong> {
    table.try_into().map_err(|error: toml::de::Error| {
        let message = error.message().to_owned();
        let told = error.to_string();
        let place = told.rsplit_once("in `").and_then(|(_, place)| place.trim().strip_suffix('`'));
        let keys = place.into_iter().flat_map(|place| place.split('.'));
        // Of a key that nobody knows, its section is told.
        let unknown =
            message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
        Wrong { keys: keys.chain(unknown).map(str::to_owned).collect(), message }
    })
}

/// Where in the text of a file the last of these is.
fn place_of(text: &str, keys: &[String]) -> usize {
    let (mut table, mut place) = (DeTable::parse(text).ok().map(Spanned::into_inner), 0);
    for key in keys {
        let Some((name, value)) =
            table.and_then(|table| table.into_iter().find(|(name, _)| name.get_ref() == key))
        else {
            break;
        };
        place = name.span().start;
        table = match value.into_inner() {
            DeValue::Table(inner) => Some(inner),
            _ => None,
        };
    }
    place
}

/// A mistake is one line, whatever a library makes of it, and a number's type is told as its bounds.
fn in_one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = ["i128", "u128"].iter().fold(line, |line, type_of_it| {
        line.replace(
            &format!(" as {type_of_it}, expected any valid TOML value"),
            " is too large for any key",
        )
    });
    let bounds = [("u8", u64::from(u8::MAX)), ("u16", u16::MAX.into()), ("u32", u32::MAX.into())];
    bounds.iter().fold(line, |line, (name, most)| {
        line.replace(
            &format!("expected {name}"),
            &format!("expected a whole number from 0 to {most}"),
        )
    })
}

/// Lays `layer` over `table`.
pub(super) fn merge(table: &mut Table, layer: Table) {
    for (key, value) in layer {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(layer)) => merge(inner, layer),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

/// Lays every `TINYREALM_*` variable over `table`.
pub(super) fn apply_variables(
    table: &mut Table,
    games: Games,
    variables: impl Iterator<Item = (String, String)>,
) -> anyhow::Result<()> {
    let keys = all_keys(table);
    for (name, value) in variables {
        let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else { continue };
        if is_of_a_service(&name, &value) {
            continue;
        }
        let known =
            keys.iter().find(|key| key.replace('.', "_").eq_ignore_ascii_case(rest)).cloned();
        let Some(key) = known.or_else(|| game_key(games, rest)) else {
            bail!("the environment variable {name} names no key of the configuration");
        };
        apply(table, &Override::new(&key, &value))
            .with_context(|| format!("in the environment variable {name}"))?;
    }
    Ok(())
}

/// `GAME_COIN_RUSH_COINS` as `game.coin-rush.coins`. Which keys a game has, it alone knows.
fn game_key(games: Games, name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let rest = name.strip_prefix("game_")?;
    games.iter().find_map(|game| {
        let key = rest.strip_prefix(&game.name().replace('-', "_"))?.strip_prefix('_')?;
        Some(format!("game.{}.{key}", game.name()))
    })
}

fn all_keys(table: &Table) -> Vec<String> {
    let mut keys: Vec<String> = OPTIONAL_PORTS.map(str::to_owned).into();
    keys.extend(keys_in(table));
    keys
}

/// Those of tables in it, too.
fn keys_in(table: &Table) -> Vec<String> {
    let keys = table.iter().flat_map(|(name, value)| match value {
        Value::Table(inner) => keys_in(inner).iter().map(|key| format!("{name}.{key}")).collect(),
        _ => vec![name.clone()],
    });
    keys.collect()
}

/// Sets one key, as the type that its default has.
pub(super) fn apply(table: &mut Table, one: &Override) -> anyhow::Result<()> {
    if let Some((holder, key)) = open_section(table, &one.key) {
        holder.insert(key.to_owned(), parse_freely(&one.value));
        return Ok(());
    }
    let (sections, key) = match one.key.rsplit_once('.') {
        Some((sections, key)) => (sections.split('.').collect(), key),
        None => (Vec::new(), one.key.as_str()),
    };
    let holder = sections
        .iter()
        .try_fold(table, |table, section| table.get_mut(*section).and_then(Value::as_table_mut));
    let unknown = || anyhow!("there is no key {:?}; `check-config` prints all", one.key);
    let holder = holder.ok_or_else(unknown)?;
    let value = match holder.get(key) {
        Some(default) => parse_like(default, &one.value)?,
        None if OPTIONAL_PORTS.contains(&one.key.as_str()) => {
            parse_like(&Value::Integer(0), &one.value)?
        }
        None => return Err(unknown()),
    };
    holder.insert(key.to_owned(), value);
    Ok(())
}

/// The table of a key that anyone may make, and its name there.
fn open_section<'t, 'k>(table: &'t mut Table, key: &'k str) -> Option<(&'t mut Table, &'k str)> {
    if let Some(region) = key.strip_prefix("regions.") {
        return Some((table.get_mut("regions")?.as_table_mut()?, region));
    }
    let (game, key) = key.strip_prefix("game.")?.split_once('.')?;
    let games = table.get_mut("game")?.as_table_mut()?;
    let settings = games.entry(game).or_insert_with(|| Value::Table(Table::new()));
    Some((settings.as_table_mut()?, key))
}

/// A number or a bool if it is one, otherwise a text.
fn parse_freely(text: &str) -> Value {
    let plain = || Value::String(text.to_owned());
    text.parse::<i64>()
        .map(Value::Integer)
        .or_else(|_| text.parse().map(Value::Float))
        .or_else(|_| text.parse().map(Value::Boolean))
        .unwrap_or_else(|_| plain())
}

/// Texts with commas between them; nothing is an empty list.
fn list_of(text: &str) -> Vec<Value> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| Value::String(item.to_owned())).collect()
}

fn parse_like(default: &Value, text: &str) -> anyhow::Result<Value> {
    let wrong = |kind: &str| anyhow!("expected {kind}, found {text:?}");
    Ok(match default {
        Value::Integer(_) => {
            let number: i128 = text.parse().map_err(|_| wrong("a whole number"))?;
            // No key takes such a number, and its own type's error tells what it takes.
            Value::Integer(number.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
        }
        Value::Float(_) => Value::Float(text.parse().map_err(|_| wrong("a number"))?),
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| wrong("true or false"))?),
        Value::String(_) => Value::String(text.to_owned()),
        // Every list is one of texts.
        Value::Array(_) => Value::Array(list_of(text)),
        Value::Table(_) | Value::Datetime(_) => bail!("is a section, not a key"),
    })
}
