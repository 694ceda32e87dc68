//! What a client tells of itself: who and where it is, and where its links go.
//!
//! Contract: nothing here changes a client; what does is in [`machine`](super::machine).

use super::machine::{LOGIN_LINK, MAIN_LINK, RealmClient};
use super::{ClientState, WorldState};
use crate::protocol::{RoomId, Token, Uid};
use crate::session::LinkTag;
use crate::wire::Framing;

impl RealmClient {
    /// Begins with this token instead of as a new user.
    pub const fn with_token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// What makes it the same user the next time; none before Main, or Login, has given it.
    pub const fn token(&self) -> Option<Token> {
        self.token
    }

    /// Its number.
    pub const fn number(&self) -> u16 {
        self.number
    }

    /// The user that it is, once Main has said so.
    pub fn uid(&self) -> Option<Uid> {
        (self.uid != Uid::NOBODY).then_some(self.uid)
    }

    /// Where its links are.
    pub const fn state(&self) -> ClientState {
        (self.main, self.world)
    }

    /// The room that it is in.
    pub fn room_id(&self) -> Option<RoomId> {
        (self.world == WorldState::Inside).then_some(self.room_id)
    }

    /// The address of the world that it is in, or on the way to.
    pub fn world_address(&self) -> &str {
        &self.world_address
    }

    /// How its frames are to stand on each of its connections.
    pub const fn framing(&self) -> Framing {
        self.config.framing
    }

    /// Whether a session with this tag is the one to Main.
    pub const fn is_to_main(tag: LinkTag) -> bool {
        tag.kind == MAIN_LINK
    }

    /// Where to connect a session with this tag to. `main_address` is where it begins to look for Main; if that has told
    /// of others, it may be one of those.
    pub fn address<'s>(
        &'s self,
        tag: LinkTag,
        main_address: &'s str,
        login_address: &'s str,
    ) -> &'s str {
        match tag.kind {
            #[cfg(feature = "mains")]
            MAIN_LINK => self.mains.address().unwrap_or(main_address),
            #[cfg(not(feature = "mains"))]
            MAIN_LINK => main_address,
            LOGIN_LINK => login_address,
            _ => &self.world_address,
        }
    }
}
