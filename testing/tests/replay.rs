//! A room is played again from what its players have done.

use tinyrealm_core::node::world::{Game, MoveVerdict, RoomContext, Tick, TimerId};
use tinyrealm_core::protocol::{Bytes, Direction, EVENT_MAX_BYTES, MemberState, Position, Uid};
use tinyrealm_core::wire::Full;
use tinyrealm_testing::{BenchConfig, GameBench, Heard, Player, Random};

/// Draws in all that it is called for, and says what it has drawn.
#[derive(Default)]
struct Dice(u32);

impl Dice {
    fn say(&mut self, room: &mut RoomContext<'_, '_>, kind: u16, what: u64) {
        self.0 = self.0.rotate_left(5) ^ room.random_u32();
        let said = (u64::from(self.0) << 32 ^ what).to_le_bytes();
        let _ = room.broadcast(Uid::NOBODY, kind, Bytes::new(&said).expect("eight bytes"));
    }
}

impl Game for Dice {
    const NAME: &'static str = "dice";
    const TICK_INTERVAL_MS: u32 = 70;
    const TIMERS: usize = 1;

    fn spawn(&mut self, room: &mut RoomContext<'_, '_>, _: Uid) -> (Position, Direction) {
        let first_ms = room.random_u32() % 500;
        room.after(first_ms, TimerId(0));
        (Position { x: room.random_u32() as i32, ..Position::ORIGIN }, Direction(0))
    }

    fn on_move(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        _: MemberState,
        _: MemberState,
    ) -> MoveVerdict {
        if room.random_u32().is_multiple_of(4) { MoveVerdict::Refuse } else { MoveVerdict::Accept }
    }

    fn on_event(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        _: Uid,
        kind: u16,
        _: Bytes<'_, EVENT_MAX_BYTES>,
    ) -> Result<(), Full> {
        self.say(room, kind, 0);
        Ok(())
    }

    fn on_tick(&mut self, room: &mut RoomContext<'_, '_>, tick: Tick) {
        self.say(room, 100, tick.number << 16 ^ u64::from(tick.elapsed_ms));
    }

    fn on_timer(&mut self, room: &mut RoomContext<'_, '_>, timer: TimerId) {
        let again_ms = room.random_u32() % 300;
        room.after(again_ms, timer);
        self.say(room, 101, again_ms.into());
    }
}

/// Something that a player has done.
#[derive(Copy, Clone)]
enum Deed {
    Join,
    Leave(usize),
    Move(usize, Position),
    Say(usize, u16),
    Wait(u32),
}

fn journal(random: &mut Random) -> Vec<Deed> {
    let mut joined = 0;
    let mut one = |random: &mut Random| match random.below(12) {
        _ if joined == 0 => {
            joined += 1;
            Deed::Join
        }
        0 if joined < 6 => {
            joined += 1;
            Deed::Join
        }
        1 => Deed::Leave(random.below(joined) as usize),
        2..5 => Deed::Move(
            random.below(joined) as usize,
            Position { x: random.between(-9, 9), ..Position::ORIGIN },
        ),
        5..8 => Deed::Say(random.below(joined) as usize, random.below(9) as u16),
        _ => Deed::Wait(random.below(200) as u32),
    };
    (0..200).map(|_| one(random)).collect()
}

/// What each player has heard of the room; who the others are does not matter, but what they are called.
fn play(entropy: u64, room_seed: u64, journal: &[Deed]) -> Vec<Vec<Heard>> {
    let mut bench =
        GameBench::with(Dice::default(), BenchConfig { seed: entropy, ..BenchConfig::DEFAULT });
    bench.set_room_seed(room_seed);
    assert_eq!(bench.room_seed(), room_seed);
    let mut players: Vec<Player> = Vec::new();
    for deed in journal {
        match *deed {
            Deed::Join => players.push(bench.join()),
            Deed::Leave(who) => bench.leave(players[who]),
            // Who has left can't.
            Deed::Move(who, pos) => drop(bench.move_to(players[who], pos)),
            Deed::Say(who, kind) => drop(bench.say(players[who], kind, &[])),
            Deed::Wait(ms) => bench.advance_ms(ms),
        }
    }
    bench.advance_ms(1_000);
    let anonymous = |heard: &Heard| match *heard {
        Heard::Entered(member) => Heard::Entered(MemberState { uid: Uid::NOBODY, ..member }),
        ref other => other.clone(),
    };
    players.iter().map(|player| bench.heard_all(*player).iter().map(anonymous).collect()).collect()
}

#[test]
fn the_same_deeds_with_the_same_seed_are_the_same_game() {
    for seed in 1..=5 {
        let journal = journal(&mut Random::new(seed));
        let (first, again) = (play(seed, 77, &journal), play(!seed, 77, &journal));
        assert!(first == again, "TINYREALM_SEED={seed}");
        assert!(first != play(seed, 78, &journal), "another seed is another game: {seed}");
    }
}
