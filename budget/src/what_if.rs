//! `--what-if players=6,ring=2048`: the words for keys of `device.toml`.
//!
//! Contract: answers with keys to override, as `TINYREALM_DEVICE` wants them. Unknown words, and
//! numbers that the others contradict, are errors that name what there is.

use std::path::Path;

use toml::{Table, Value};

/// A word, the key that it stands for, and what it is.
struct Word {
    word: &'static str,
    section: &'static str,
    key: &'static str,
    help: &'static str,
}

const fn word(
    word: &'static str,
    section: &'static str,
    key: &'static str,
    help: &'static str,
) -> Word {
    Word { word, section, key, help }
}

/// Connections of a world that are neither players' nor Main's; `sessions` is told in those.
const SPARE: (&str, &str) = ("world", "spare_sessions");
const SESSIONS: &str = "sessions";

const WORDS: &[Word] = &[
    word("players", "world", "room_capacity", "players a room"),
    word("rooms", "world", "rooms", "rooms"),
    word("ring", "world", "ring_bytes", "bytes of a room's ring, a power of two"),
    word(SESSIONS, SPARE.0, SPARE.1, "connections of a world: players, strangers, Main"),
    word("mains", "chat", "mains", "Mains of a chat server"),
    word("channels", "chat", "channels", "channels"),
    word("memberships", "chat", "memberships", "users in channels, each as often as in one"),
    word("history", "chat", "history_messages", "messages that each channel keeps"),
    word("receive", "links", "receive_bytes", "bytes that a socket receives into"),
    word("send", "links", "send_bytes", "bytes that a socket sends from"),
    word("send_buffers", "links", "shared_send_buffers", "send buffers beside one a session"),
    word("send_buffer", "links", "send_buffer_bytes", "bytes of a send buffer"),
    word("receive_buffers", "links", "receive_buffers", "buffers for frames that are cut"),
    word("frame", "links", "frame_limit_bytes", "bytes of the longest frame"),
    word("ethernet_frame", "network", "frame_bytes", "bytes of the largest Ethernet frame"),
];

/// The keys that `text` overrides in `device`, which is the device without it.
pub fn parse(text: &str, device: &Table) -> Result<Table, String> {
    let mut changes = Table::new();
    let mut sessions = None;
    for pair in text.split(',').map(str::trim) {
        let (name, number) = pair
            .split_once('=')
            .ok_or_else(|| format!("`{pair}` is not like ring=2048\n\n{}", help()))?;
        let number = number.trim().parse::<u32>();
        let number = number.map_err(|_| format!("`{pair}`: not a number from 0 to 2^32 - 1"))?;
        let name = name.trim();
        let known = WORDS.iter().find(|word| word.word == name);
        let word = known.ok_or_else(|| format!("There is no `{name}`.\n\n{}", help()))?;
        if name == SESSIONS {
            sessions = Some(number);
        } else {
            set(&mut changes, (word.section, word.key), number);
        }
    }
    if let Some(sessions) = sessions {
        let mut changed = device.clone();
        merge(&mut changed, &changes);
        set(&mut changes, SPARE, spare_of(sessions, &changed)?);
    }
    Ok(changes)
}

/// The role that the words of `text` are about: a chat server, if one of them is of its section.
pub fn role_of(text: &str) -> &'static str {
    let names = text.split(',').filter_map(|pair| Some(pair.split_once('=')?.0.trim()));
    let mut words = names.filter_map(|name| WORDS.iter().find(|word| word.word == name));
    if words.any(|word| word.section == "chat") { "chat" } else { "world" }
}

/// A world's connections are one a player, one for Main, and the spare ones.
fn spare_of(sessions: u32, device: &Table) -> Result<u32, String> {
    let number = |key: &str| device.get("world")?.get(key)?.as_integer();
    let players = number("rooms").zip(number("room_capacity"));
    let (rooms, capacity) = players.ok_or("device.toml has no world.rooms or room_capacity")?;
    let needed = u32::try_from(rooms * capacity + 1).map_err(|error| error.to_string())?;
    sessions.checked_sub(needed).ok_or_else(|| {
        format!("sessions={sessions}: the players and Main need {needed}; also give players=")
    })
}

fn set(changes: &mut Table, (section, key): (&str, &str), number: u32) {
    let section = changes.entry(section).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(section) = section {
        section.insert(key.to_owned(), Value::Integer(number.into()));
    }
}

/// Reads a `device.toml`.
///
/// # Errors
/// That it can't be read, or is none.
pub fn read_device(path: &Path) -> Result<Table, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.parse().map_err(|error| format!("{}: {error}", path.display()))
}

/// Puts the keys of `above` over those of `below`.
pub fn merge(below: &mut Table, above: &Table) {
    for (key, value) in above {
        match (below.get_mut(key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            _ => drop(below.insert(key.clone(), value.clone())),
        }
    }
}

/// The words, one a line.
pub fn help() -> String {
    let mut text = String::from("--what-if WORD=NUMBER,… with these words:\n");
    for Word { word, section, key, help } in WORDS {
        text += &format!("  {word:<16} {help} ({section}.{key})\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> Table {
        "[world]\nrooms = 1\nroom_capacity = 8\nspare_sessions = 1".parse().unwrap()
    }

    fn number(changes: &Table, section: &str, key: &str) -> Option<i64> {
        changes.get(section)?.get(key)?.as_integer()
    }

    #[test]
    fn words_become_keys() {
        let changes = parse("ring=2048, receive=512", &device()).unwrap();
        assert_eq!(number(&changes, "world", "ring_bytes"), Some(2048));
        assert_eq!(number(&changes, "links", "receive_bytes"), Some(512));
    }

    #[test]
    fn a_question_is_about_one_role() {
        assert_eq!(role_of("players=12,ring=2048"), "world");
        assert_eq!(role_of("receive=512, channels=4"), "chat");
        assert_eq!(role_of("moons"), "world");
    }

    #[test]
    fn sessions_are_told_in_spare_ones_on_both_sides_of_the_least() {
        let spare = |text: &str| {
            parse(text, &device()).map(|changes| number(&changes, "world", "spare_sessions"))
        };
        assert_eq!(spare("sessions=16"), Ok(Some(7)));
        assert_eq!(spare("sessions=9"), Ok(Some(0)));
        assert!(spare("sessions=8").is_err_and(|problem| problem.contains("need 9")));
        // In whatever order they are given.
        assert_eq!(spare("sessions=8,players=4"), Ok(Some(3)));
    }

    #[test]
    fn what_is_not_known_is_answered_with_what_there_is() {
        for text in ["moons=3", "ring", "ring=2048,", ""] {
            assert!(
                parse(text, &device()).is_err_and(|problem| problem.contains("receive_buffers"))
            );
        }
        for text in ["ring=many", "ring=-1", "ring=4294967296"] {
            assert!(parse(text, &device()).is_err_and(|problem| problem.contains("not a number")));
        }
    }

    #[test]
    fn every_word_is_a_key_of_the_project_s_own_device() {
        let text = include_str!("../../firmware-demo/device.toml");
        let device: Table = text.parse().unwrap();
        for word in WORDS {
            assert!(number(&device, word.section, word.key).is_some(), "{}", word.key);
        }
    }
}
