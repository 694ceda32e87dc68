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
        ErrorCode::TLS_NEEDED => {
            Some("this realm speaks only by TLS: write tls:// before the servers' addresses")
        }
        ErrorCode::LOGIN_NEEDED => {
            Some("this realm wants an account: --id NAME, and --login ADDR if it is elsewhere")
        }
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
    use tinyrealm_core::protocol::Outlook;

    use super::*;

    #[test]
    fn whatever_stays_so_and_nothing_else_is_said_in_words() {
        let stays = |code: &ErrorCode| code.outlook() != Outlook::Passing;
        let is_wrong = |code: &&ErrorCode| stays(code) != why_it_is_over(**code).is_some();
        assert_eq!(ErrorCode::ALL.iter().find(is_wrong), None);
        assert_eq!(why_it_is_over(ErrorCode::GOODBYE), None);
    }
}
