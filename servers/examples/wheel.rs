//! A server with a game of its own, which has messages of its own:
//!
//! ```text
//! cargo run --package tinyrealm-servers --example wheel -- up
//! cargo run --package tinyrealm-servers --example wheel -- schema --csharp --out Tinyrealm.cs
//! ```

use std::process::ExitCode;

use tinyrealm_core::node::Answer;
use tinyrealm_core::node::world::{AskId, Game, RoomContext, Speaker};
use tinyrealm_core::protocol;
use tinyrealm_core::protocol::schema::{GameSchema, Structure, Vocabulary};
use tinyrealm_core::protocol::{
    Direction, Dispatched, ErrorCode, FieldSchema, Position, Text, Uid,
};
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

    /// An input: nudges the wheel.
    2 nudge => Nudge {
        /// By so many degrees.
        by: i16,
    }

    /// A question: so many hands take the wheel. The answer is how it stands then; or it is refused, as by whoever
    /// was asked whether it is ready, or with 1 if there is no hand.
    3 take => Take {
        /// So many.
        hands: u8,
    }

    /// The answer of who is ready.
    4 aye => Aye {}
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

    /// A thing: the wheel, how it stands.
    2 shown => Shown {
        /// That.
        stand: Stand,
    }

    /// What a member shows: how often it has nudged the wheel.
    3 nudges => Nudges {
        /// So often.
        times: u16,
    }

    /// A question to who wants to take the wheel: whether it is ready.
    4 ready => Ready {
        /// With so many hands.
        hands: u8,
    }
}

use client_to_wheel::{Aye, Nudge, Take, Turn};
use wheel_to_client::{Nudges, Ready, Shown, Turned};

/// The thing that the wheel is.
const WHEEL: u16 = 0;

/// Nobody takes the wheel without a hand.
const NO_HANDS: u16 = 1;
/// For how long somebody may think whether it is ready.
const READY_WAIT_MS: u32 = 10_000;

/// The game: one wheel a room.
#[derive(Debug, Default)]
struct Wheel {
    stand: Stand,
    taking: Option<Taking>,
}

/// Somebody wants to take the wheel, and is asked whether it is ready. Whoever comes later takes its turn.
#[derive(Copy, Clone, Debug)]
struct Taking {
    asked: AskId,
    ready: AskId,
    hands: u8,
}

impl Game for Wheel {
    const NAME: &'static str = "wheel";
    const HOLD_MS: u32 = 10_000;
    const THINGS: usize = 1;
    const THING_BYTES: usize = Self::SCHEMA.bytes_of("Shown");
    const MEMBER_BYTES: usize = Self::SCHEMA.bytes_of("Nudges");

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

    /// Whoever nudges the wheel stands where it points.
    fn on_input(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        _: u32,
        input: Frame<'_>,
    ) -> Dispatched {
        let Some(Nudge { by }) = input.read() else { return Dispatched::Unknown };
        self.stand.angle = self.stand.angle.wrapping_add(by);
        self.show(room);
        let times = room.member_state(uid).map_or(0, |nudges: Nudges| nudges.times);
        let _ = room.put_member(uid, &Nudges { times: times.saturating_add(1) });
        room.place(uid, Position { x: self.stand.angle.into(), ..Position::ORIGIN }, Direction(0));
        Dispatched::Handled
    }

    fn on_ask(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        asked: AskId,
        question: Frame<'_>,
    ) -> Dispatched {
        let Some(Take { hands }) = question.read() else { return Dispatched::Unknown };
        if hands == 0 {
            // Whom a full queue keeps from hearing it hears that it has had its time.
            let _ = room.refuse(asked, NO_HANDS);
        } else if let Ok(ready) = room.ask(uid, &Ready { hands }, READY_WAIT_MS) {
            self.taking = Some(Taking { asked, ready, hands });
        }
        Dispatched::Handled
    }

    fn on_answer(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        _: Uid,
        ask: AskId,
        answer: Answer<'_>,
    ) {
        let Some(taking) = self.taking.take_if(|taking| taking.ready == ask) else { return };
        let is_ready = matches!(answer, Answer::Given(frame) if frame.read::<Aye>().is_some());
        let _ = match answer {
            Answer::Given(_) if is_ready => {
                self.stand.hands = taking.hands;
                self.show(room);
                room.answer(taking.asked, &Shown { stand: self.stand })
            }
            Answer::Given(_) => room.refuse(taking.asked, ErrorCode::MALFORMED.0),
            Answer::Refused(code) => room.refuse(taking.asked, code),
            Answer::Failed(ErrorCode(code)) => room.refuse(taking.asked, code),
        };
    }
}

impl Wheel {
    fn show(&self, room: &mut RoomContext<'_, '_>) {
        // The id and the length are within the bounds.
        let _ = room.put(WHEEL, &Shown { stand: self.stand });
    }
}

impl client_to_wheel::Stub<Speaker<'_, '_, '_>> for Wheel {
    fn turn(&mut self, speaker: &mut Speaker<'_, '_, '_>, Turn { stand, shout }: Turn<'_>) {
        let is_new = stand != self.stand;
        self.stand = stand;
        self.show(speaker.room);
        // What a full room does not take is lost: the next turn says how the wheel stands then.
        let _ = speaker.room.say(&Turned { stand, is_new, shout });
    }

    // An input, a question and an answer: said as messages they mean nothing.
    fn nudge(&mut self, _: &mut Speaker<'_, '_, '_>, _: Nudge) {}

    fn take(&mut self, _: &mut Speaker<'_, '_, '_>, _: Take) {}

    fn aye(&mut self, _: &mut Speaker<'_, '_, '_>, _: Aye) {}
}

fn main() -> ExitCode {
    tinyrealm::serve(tinyrealm::games![Wheel])
}
