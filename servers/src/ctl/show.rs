//! What a server has answered, for people.

use serde_json::Value;

use crate::cli::CtlCommand;
use crate::say::hand_out;
use crate::user::date;

/// Prints it.
///
/// # Errors
/// If that can't be done.
pub(super) fn show(command: &CtlCommand, answer: &Value) -> anyhow::Result<()> {
    match command {
        CtlCommand::Status => status(answer),
        CtlCommand::Worlds(_) => table(
            answer,
            &["id", "state", "region", "users", "capacity", "rooms", "moves", "address"],
        ),
        CtlCommand::Rooms(_) => {
            table(answer, &["world", "number", "members", "capacity", "mode", "name"])
        }
        CtlCommand::Users(_) => {
            table(answer, &["uid", "state", "world", "room", "address", "account", "nickname"])
        }
        CtlCommand::Channels(_) => table(answer, &["members", "name"]),
        CtlCommand::Bans(_) => table(answer, &["uid", "address", "until", "by", "reason"]),
        CtlCommand::Kick(_) => {
            hand_out!("uid {} is out", answer["uid"])?;
            unanswered(answer)
        }
        CtlCommand::Ban(_) => {
            let until = answer["until"].as_i64().map(date);
            let end = until.map_or_else(String::new, |until| format!(" until {until}"));
            hand_out!("{} is banned{end}", text(&answer["banned"]))
        }
        CtlCommand::Unban(_) => hand_out!("{} is not banned any more", text(&answer["unbanned"])),
        CtlCommand::Say(_) => {
            hand_out!("said to {} users", answer["told"])?;
            unanswered(answer)
        }
        CtlCommand::Drain(options) => draining(answer, options.within),
        CtlCommand::Undrain(_) => undrained(answer),
        CtlCommand::Move(options) => hand_out!(
            "room {} is in world {} now, before in world {}: it took {} ms",
            options.room,
            answer["to"],
            answer["from"],
            answer["ms"]
        ),
        CtlCommand::Log(_) => {
            hand_out!("log level {}, before {}", text(&answer["level"]), text(&answer["former"]))
        }
    }
}

/// Which of the realm's Mains know nothing of it.
fn unanswered(answer: &Value) -> anyhow::Result<()> {
    let mains = answer["unanswered"].as_array().into_iter().flatten().map(text);
    mains.into_iter().try_for_each(|main| hand_out!("no answer from Main {main}: ask it again"))
}

fn draining(answer: &Value, within: Option<i64>) -> anyhow::Result<()> {
    let end = within.map_or_else(String::new, |seconds| format!(", or in {seconds} s"));
    match (&answer["world"], &answer["told"]) {
        (Value::Null, _) => hand_out!("draining: it ends when nobody is left{end}"),
        (world, Value::Bool(true)) => {
            hand_out!("world {world} is draining: it ends when nobody is left{end}")
        }
        (world, _) => hand_out!(
            "world {world} is sent nobody new, and has not answered: one of an earlier version does not, and goes on until \
             it is stopped"
        ),
    }
}

fn undrained(answer: &Value) -> anyhow::Result<()> {
    match (&answer["world"], &answer["told"]) {
        (Value::Null, _) => hand_out!("newcomers are taken again"),
        (world, Value::Bool(true)) => hand_out!("world {world} takes newcomers again"),
        (world, _) => {
            hand_out!(
                "world {world} is sent newcomers again, and has not said yet that it takes them"
            )
        }
    }
}

fn status(answer: &Value) -> anyhow::Result<()> {
    let lines = |value: &Value| {
        let lines = value.as_array().into_iter().flatten();
        lines.map(text).collect::<Vec<_>>().join(", ")
    };
    hand_out!("{} {}", lines(&answer["roles"]), text(&answer["version"]))?;
    hand_out!("up for {} s, users {}", answer["uptime_seconds"], answer["users"])?;
    let worlds = lines(&answer["worlds"]);
    if !worlds.is_empty() {
        hand_out!("worlds {worlds}")?;
    }
    if answer["draining"] == true {
        hand_out!("draining")?;
    }
    for wrong in ["missing", "hanging"].map(|key| lines(&answer[key])) {
        if !wrong.is_empty() {
            hand_out!("{wrong}")?;
        }
    }
    Ok(())
}

/// Columns as wide as they have to be, and where the page is.
fn table(answer: &Value, columns: &[&str]) -> anyhow::Result<()> {
    let lines = answer["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut rows: Vec<Vec<String>> = vec![columns.iter().map(|name| (*name).to_owned()).collect()];
    rows.extend(
        lines.iter().map(|line| columns.iter().map(|name| cell(name, &line[*name])).collect()),
    );
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns.len()).map(|column| width(column).unwrap_or(0)).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        hand_out!("{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    hand_out!("page {} of {}, {} in all", answer["page"], answer["pages"], answer["total"])
}

fn cell(name: &str, value: &Value) -> String {
    match (name, value.as_i64()) {
        ("until", Some(until)) => date(until),
        ("until", None) => "for ever".to_owned(),
        _ => text(value),
    }
}

/// A value as one word or line: what users are called can't move a terminal's cursor.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.chars().filter(|one| !one.is_control()).collect(),
        other => other.to_string(),
    }
}
