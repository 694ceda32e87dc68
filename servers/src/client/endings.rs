//! Why something has ended, in words.

use tinyrealm_core::protocol::ErrorCode;

/// A reason that says more than that it is over.
pub(super) fn because(reason: ErrorCode) -> String {
    if reason == ErrorCode::GOODBYE { String::new() } else { format!(" ({})", reason.name()) }
}

/// Why nothing is tried again, if there is more to say than that the user wanted it.
pub(super) const fn why_it_is_over(reason: ErrorCode) -> Option<&'static str> {
    match reason {
        ErrorCode::REPLACED => Some("you have entered from somewhere else"),
        ErrorCode::REMOVED => Some("the game has shown you out"),
        ErrorCode::REVOKED => Some("your account is not good any more: log in again"),
        ErrorCode::BAD_NAME => {
            Some("nobody can be called so: another --name, without what can't be seen")
        }
        ErrorCode::BANNED => Some("you may not come in"),
        ErrorCode::GAME_CHANGED => Some("the world plays another version of the game: get that"),
        ErrorCode::BAD_VERSION => Some("this realm speaks another version of the protocol"),
        _ => None,
    }
}

/// Why asking Main for this room again does not help, if it does not.
pub(super) const fn why_no_room(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::WRONG_SECRET => Some(
            "that is not the room's secret: give it with --room-secret, or choose another --room",
        ),
        ErrorCode::BAD_ROOM => Some(
            "there can't be such a room here: its game takes no such options, or the realm has no rooms by name",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_room_may_have_a_place_again_and_a_wrong_secret_stays_wrong() {
        for code in [ErrorCode::FULL, ErrorCode::BUSY, ErrorCode::ROOM_LOCKED, ErrorCode::NO_WORLD]
        {
            assert_eq!(why_no_room(code), None, "{}", code.name());
        }
        assert!(why_no_room(ErrorCode::WRONG_SECRET).is_some());
        assert!(why_no_room(ErrorCode::BAD_ROOM).is_some());
    }

    #[test]
    fn every_end_for_good_is_said_in_words() {
        let mute = |code: &&ErrorCode| code.is_for_good() && why_it_is_over(**code).is_none();
        assert_eq!(ErrorCode::ALL.iter().find(mute), None);
        assert_eq!(why_it_is_over(ErrorCode::GOODBYE), None);
    }
}
