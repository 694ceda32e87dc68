//! What `cargo xtask budget` measures the abilities of a world with: a room whose game uses those that it is built with,
//! and does nothing else.
#![no_std]
#![no_main]

use tinyrealm_core::node::world::Game;
#[cfg(any(feature = "asks", feature = "inputs", feature = "notices", feature = "things"))]
use tinyrealm_core::protocol;
#[cfg(feature = "things")]
use tinyrealm_core::protocol::schema::{GameSchema, Vocabulary};
#[cfg(any(feature = "asks", feature = "inputs", feature = "notices", feature = "things"))]
use tinyrealm_core::wire::opcode::GAME;

#[cfg(any(feature = "asks", feature = "notices", feature = "things"))]
protocol! {
    /// What the room shows.
    mod shown in GAME.server_to_client;

    /// A thing, or what a member has.
    0 number => Number {
        /// How much.
        value: u16,
    }
}

#[cfg(feature = "inputs")]
protocol! {
    /// What a member does.
    mod done in GAME.client_to_server;

    /// An input: it goes there.
    0 go => Go {
        /// Where.
        pos: tinyrealm_core::protocol::Position,
    }
}

#[cfg(feature = "asks")]
protocol! {
    /// What members ask, and answer.
    mod asked in GAME.client_to_server;

    /// A number.
    0 guess => Guess {
        /// Which.
        value: u16,
    }
}

struct Abilities;

impl Abilities {
    const NEW: Self = Self;
}

impl Game for Abilities {
    const NAME: &'static str = "abilities";
    #[cfg(feature = "seats")]
    const HOLD_MS: u32 = 10_000;
    #[cfg(feature = "things")]
    const THINGS: usize = 8;
    #[cfg(feature = "things")]
    const THING_BYTES: usize = Self::SCHEMA.bytes_of("Number");
    #[cfg(feature = "things")]
    const MEMBER_BYTES: usize = Self::SCHEMA.bytes_of("Number");
    #[cfg(feature = "things")]
    const SCHEMA: GameSchema = GameSchema { links: &[&shown::SCHEMA], words: Vocabulary::REALM };
    #[cfg(feature = "saves")]
    const SAVE_BYTES: usize = 8;
    #[cfg(feature = "saves")]
    const SAVES_IN_FLIGHT: usize = 8;
    #[cfg(feature = "moving")]
    const ROOM_SAVE_BYTES: usize = 64;

    #[cfg(feature = "names")]
    fn admit(
        &mut self,
        _: &mut tinyrealm_core::node::world::RoomContext<'_, '_>,
        who: &tinyrealm_core::node::world::Who<'_>,
    ) -> tinyrealm_core::node::world::Admission {
        use tinyrealm_core::node::world::{Admission, Refusal};
        match who.nickname {
            "" => Admission::Spectator,
            name if name == who.name => Admission::Player,
            _ => Admission::Refuse(Refusal::new(1, "under your own name, please")),
        }
    }

    #[cfg(feature = "rooms")]
    fn on_open(
        &mut self,
        room: &mut tinyrealm_core::node::world::RoomContext<'_, '_>,
        options: &[u8],
    ) -> Result<(), tinyrealm_core::node::world::BadOptions> {
        if options.is_empty() {
            room.list();
        }
        Ok(())
    }

    #[cfg(feature = "moving")]
    fn save_room(&self, out: &mut [u8]) -> usize {
        out.fill(1);
        out.len()
    }

    #[cfg(feature = "moving")]
    fn restore_room(
        &mut self,
        _: &mut tinyrealm_core::node::world::RoomContext<'_, '_>,
        state: &[u8],
    ) -> Result<(), tinyrealm_core::node::world::Unreadable> {
        match state {
            [1, ..] => Ok(()),
            _ => Err(tinyrealm_core::node::world::Unreadable),
        }
    }

    #[cfg(any(feature = "asks", feature = "notices", feature = "saves", feature = "things"))]
    fn on_enter(
        &mut self,
        room: &mut tinyrealm_core::node::world::RoomContext<'_, '_>,
        uid: tinyrealm_core::protocol::Uid,
    ) {
        #[cfg(feature = "things")]
        {
            let value = uid.0 as u16;
            let _ = room.put(value % 8, &shown::Number { value });
            let _ = room.put_member(uid, &shown::Number { value });
        }
        #[cfg(feature = "notices")]
        {
            let _ = room.notice(&shown::Number { value: uid.0 as u16 });
        }
        #[cfg(feature = "saves")]
        {
            let _ = room.save("newest", &uid.0.to_le_bytes());
            let _ = room.load("newest");
        }
    }

    #[cfg(feature = "asks")]
    fn on_ask(
        &mut self,
        room: &mut tinyrealm_core::node::world::RoomContext<'_, '_>,
        uid: tinyrealm_core::protocol::Uid,
        ask: tinyrealm_core::node::world::AskId,
        question: tinyrealm_core::wire::Frame<'_>,
    ) -> tinyrealm_core::protocol::Dispatched {
        if let Some(asked::Guess { value }) = question.read() {
            let _ = room.answer(ask, &shown::Number { value });
            let _ = room.ask(uid, &shown::Number { value }, 1_000);
        } else {
            let _ = room.refuse(ask, 1);
        }
        tinyrealm_core::protocol::Dispatched::Handled
    }

    #[cfg(feature = "asks")]
    fn on_answer(
        &mut self,
        room: &mut tinyrealm_core::node::world::RoomContext<'_, '_>,
        uid: tinyrealm_core::protocol::Uid,
        _: tinyrealm_core::node::world::AskId,
        answer: tinyrealm_core::node::Answer<'_>,
    ) {
        if let tinyrealm_core::node::Answer::Given(frame) = answer
            && let Some(asked::Guess { value }) = frame.read()
        {
            let _ = room.ask(uid, &shown::Number { value }, 1_000);
        }
    }

    #[cfg(feature = "inputs")]
    fn on_input(
        &mut self,
        room: &mut tinyrealm_core::node::world::RoomContext<'_, '_>,
        uid: tinyrealm_core::protocol::Uid,
        _: u32,
        input: tinyrealm_core::wire::Frame<'_>,
    ) -> tinyrealm_core::protocol::Dispatched {
        let Some(done::Go { pos }) = input.read() else {
            return tinyrealm_core::protocol::Dispatched::Unknown;
        };
        if let Some(member) = room.member(uid) {
            room.place(uid, pos, member.dir);
        }
        tinyrealm_core::protocol::Dispatched::Handled
    }
}

tinyrealm_firmware::world!(Abilities);
tinyrealm_mps2_an385::entry!();
