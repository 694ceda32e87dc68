//! A server with a game of its own, which has messages of its own:
//!
//! ```text
//! cargo run --package tinyrealm-servers --example wheel -- up
//! cargo run --package tinyrealm-servers --example wheel -- schema --csharp --out Tinyrealm.cs
//! ```

use std::process::ExitCode;

use tinyrealm_core::node::world::{Game, Speaker};
use tinyrealm_core::protocol;
use tinyrealm_core::protocol::schema::{GameSchema, Structure, Vocabulary};
use tinyrealm_core::protocol::{Dispatched, FieldSchema, Text};
use tinyrealm_core::wire::Frame;
use tinyrealm_core::wire::opcode::GAME;

/// How long a shout may be.
const SHOUT_MAX_BYTES: usize = 40;

/// How a wheel stands.
#[derive(Copy, Clone, PartialEq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Stand {
    /// In degrees.
    pub angle: i16,
    /// In degrees a second.
    pub speed: f32,
    /// How many hands are on it.
    pub hands: u8,
}

protocol! {
    /// From a client to the game.
    mod client_to_wheel in GAME.client_to_server, hears wheel_to_client;

    /// Turns the wheel.
    1 turn => Turn<'a> {
        /// How it is to stand.
        stand: Stand,
        /// What the helmsman shouts.
        #[serde(borrow)]
        shout: Text<'a, SHOUT_MAX_BYTES>,
    }
}

protocol! {
    /// From the game to a client.
    mod wheel_to_client in GAME.server_to_client, hears client_to_wheel;

    /// The wheel was turned.
    1 turned => Turned<'a> {
        /// How it stands.
        stand: Stand,
        /// Whether it stood otherwise before.
        is_new: bool,
        /// What was shouted.
        #[serde(borrow)]
        shout: Text<'a, SHOUT_MAX_BYTES>,
    }
}

use client_to_wheel::Turn;
use wheel_to_client::Turned;

/// The game: one wheel a room.
#[derive(Debug, Default)]
struct Wheel {
    stand: Stand,
}

impl Game for Wheel {
    const NAME: &'static str = "wheel";

    const SCHEMA: GameSchema = GameSchema {
        links: &[&client_to_wheel::SCHEMA, &wheel_to_client::SCHEMA],
        words: Vocabulary {
            structures: &[Structure {
                name: "stand",
                type_name: "Stand",
                fields: &[
                    FieldSchema { name: "angle", type_name: "i16" },
                    FieldSchema { name: "speed", type_name: "f32" },
                    FieldSchema { name: "hands", type_name: "u8" },
                ],
            }],
            limits: &[("SHOUT_MAX_BYTES", SHOUT_MAX_BYTES)],
        },
    };

    fn on_message(&mut self, speaker: &mut Speaker<'_, '_, '_>, frame: Frame<'_>) -> Dispatched {
        client_to_wheel::dispatch(self, speaker, frame)
    }
}

impl client_to_wheel::Stub<Speaker<'_, '_, '_>> for Wheel {
    fn turn(&mut self, speaker: &mut Speaker<'_, '_, '_>, Turn { stand, shout }: Turn<'_>) {
        let is_new = stand != self.stand;
        self.stand = stand;
        // What a full room does not take is lost: the next turn says how the wheel stands then.
        let _ = speaker.room.say(&Turned { stand, is_new, shout });
    }
}

fn main() -> ExitCode {
    tinyrealm::serve(tinyrealm::games![Wheel])
}
