//! The flags of whoever wants a room: `client` and `bots`.

use clap::Args;
use tinyrealm_core::protocol::{
    OwnedWish, ROOM_MODE_MAX_BYTES, ROOM_NAME_MAX_BYTES, ROOM_SECRET_MAX_BYTES, Text, Wish,
    is_room_mode, is_room_name,
};

/// Which room; without any of them, one that nobody has named.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RoomOptions {
    /// The room of this name, wherever it is; it is opened if there is none.
    #[arg(long, value_name = "NAME", value_parser = parse_room)]
    room: Option<String>,
    /// Any open room of this mode; with --room, the mode of the room if it is opened.
    #[arg(long, value_name = "MODE", value_parser = parse_mode)]
    mode: Option<String>,
    /// The room's secret: a room that is opened with one asks everybody for it.
    #[arg(long, value_name = "SECRET", requires = "room", value_parser = parse_secret)]
    room_secret: Option<String>,
}

fn parse_room(text: &str) -> Result<String, String> {
    if !is_room_name(text) {
        return Err(format!(
            "a room's name has 1 to {ROOM_NAME_MAX_BYTES} bytes, and nothing in it that can't be seen"
        ));
    }
    Ok(text.to_owned())
}

fn parse_mode(text: &str) -> Result<String, String> {
    if text.is_empty() || !is_room_mode(text) {
        return Err(format!(
            "a mode has 1 to {ROOM_MODE_MAX_BYTES} bytes, and nothing in it that can't be seen"
        ));
    }
    Ok(text.to_owned())
}

fn parse_secret(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > ROOM_SECRET_MAX_BYTES {
        return Err(format!("a secret has 1 to {ROOM_SECRET_MAX_BYTES} bytes"));
    }
    Ok(text.to_owned())
}

impl RoomOptions {
    /// The wish that they make.
    pub(crate) fn wish(&self) -> OwnedWish {
        let mode = Text::truncated(self.mode.as_deref().unwrap_or_default());
        let Some(room) = &self.room else { return Wish::any(mode).into() };
        let secret = Text::truncated(self.room_secret.as_deref().unwrap_or_default());
        Wish { mode, secret, ..Wish::named_or_new(Text::truncated(room)) }.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinyrealm_core::protocol::WishKind;

    #[test]
    fn both_sides_of_what_a_room_may_be_called() {
        assert!(parse_room("den").is_ok() && parse_room(&"n".repeat(24)).is_ok());
        assert!(parse_mode("duel").is_ok() && parse_mode(&"m".repeat(16)).is_ok());
        assert!(parse_secret(&"s".repeat(24)).is_ok());
        for bad in ["", "a\tb", &"n".repeat(25)] {
            assert!(parse_room(bad).is_err() && parse_mode(bad).is_err(), "{bad:?}");
        }
        assert!(parse_secret("").is_err() && parse_secret(&"s".repeat(25)).is_err());
    }

    #[test]
    fn flags_make_a_wish() {
        let wish = |room: &str, mode: &str, secret: &str| {
            let [room, mode, room_secret] = [room, mode, secret]
                .map(|flag| Some(flag.to_owned()).filter(|flag| !flag.is_empty()));
            RoomOptions { room, mode, room_secret }.wish()
        };
        assert_eq!(wish("", "", ""), OwnedWish::ANY);
        assert_eq!(wish("", "duel", "").as_wish(), Wish::any(Text::new("duel").unwrap()));
        let den = wish("den", "duel", "sesame");
        let den = den.as_wish();
        assert_eq!((den.kind, den.is_listed), (WishKind::NAMED_OR_NEW, true));
        assert_eq!(
            (den.name.as_str(), den.mode.as_str(), den.secret.as_str()),
            ("den", "duel", "sesame")
        );
    }
}
