//! A client that shows what it does before the room has said so, over a bad network.

use tinyrealm_core::node::world::{Game, RoomContext};
use tinyrealm_core::protocol::schema::{GameSchema, Vocabulary};
use tinyrealm_core::protocol::{Direction, Dispatched, Position, Uid};
use tinyrealm_core::wire::Frame;
use tinyrealm_core::wire::opcode::GAME;
use tinyrealm_testing::{BenchConfig, GameBench, Heard, Random, Weather};

tinyrealm_core::protocol! {
    /// From a client to the corridor.
    mod to_corridor in GAME.client_to_server;

    /// An input: so far to the east.
    1 step => Step {
        /// So far.
        by: i16,
    }
}
use to_corridor::Step;

const WALL: i32 = 300;

/// What a step leads to, as far as the client knows.
fn stepped(x: i32, by: i16) -> i32 {
    (x + i32::from(by)).clamp(-WALL, WALL)
}

/// A corridor, where now and then somebody slips.
#[derive(Default)]
struct Corridor {
    steps: u32,
}

impl Game for Corridor {
    const NAME: &'static str = "corridor";
    const SCHEMA: GameSchema =
        GameSchema { links: &[&to_corridor::SCHEMA], words: Vocabulary::REALM };

    fn on_input(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        _: u32,
        input: Frame<'_>,
    ) -> Dispatched {
        let Some(Step { by }) = input.read() else { return Dispatched::Unknown };
        let Some(member) = room.member(uid) else { return Dispatched::Handled };
        self.steps += 1;
        let slip = if self.steps.is_multiple_of(7) { 13 } else { 0 };
        let x = (stepped(member.pos.x, by) + slip).min(WALL);
        room.place(uid, Position { x, ..member.pos }, Direction(0));
        Dispatched::Handled
    }
}

/// Goes back to where the room has it, and does again what it has said since.
fn predicted(heard: &[Heard], said: &[i16]) -> i32 {
    let newest = heard.iter().rev().find_map(|heard| match heard {
        Heard::Acknowledged(tick, pos, _) => Some((*tick as usize, pos.x)),
        _ => None,
    });
    let (done, x) = newest.unwrap_or_default();
    said[done..].iter().fold(x, |x, by| stepped(x, *by))
}

#[test]
fn a_client_that_does_again_what_was_not_heard_ends_where_the_room_has_it() {
    for seed in 1..=10 {
        let weather = Weather { losses_permille: 0, ..Weather::ROUGH };
        let mut bench = GameBench::with(
            Corridor::default(),
            BenchConfig { seed, weather, ..BenchConfig::DEFAULT },
        );
        let (ann, bob) = (bench.join(), bench.join());
        let (mut random, mut said, mut is_ahead) = (Random::new(seed), Vec::new(), false);
        for tick in 1..=300 {
            let by = random.below(201) as i16 - 100;
            assert_eq!(bench.send_input(ann, &Step { by }), Ok(tick), "seed {seed}");
            said.push(by);
            bench.advance_ms(random.below(30) as u32);
            let heard: Vec<_> = bench.heard_all(ann).iter().cloned().collect();
            is_ahead |= predicted(&heard, &said) != bench.room()[0].pos.x;
        }
        bench.advance_ms(5_000);
        let heard: Vec<_> = bench.heard_all(ann).iter().cloned().collect();
        let end = bench.room()[0].pos;
        assert_eq!((predicted(&heard, &said), bench.position(ann)), (end.x, end), "seed {seed}");
        assert_eq!(bench.members(bob)[0].pos, end, "seed {seed}");
        assert!(is_ahead, "the network was no trial: seed {seed}");
    }
}
