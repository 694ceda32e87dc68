//! `play`: random players, and what must hold whatever they do.
//!
//! Contract: each step is somebody who joins, leaves, is cut off, comes back, moves, says an event or does what
//! the author's own closure does, and then some time. After each step the author's invariants are asked. At the
//! end the weather gets fine and everybody comes back; then every player sees the others as they are, which is
//! asserted here, and the invariants are asked once more.
//!
//! A failure prints its seed; `TINYREALM_SEED` plays that one alone.

use tinyrealm_core::node::world::Game;
use tinyrealm_core::protocol::{MemberState, Position};

use crate::bench::{BenchConfig, GameBench, Player};
use crate::{Random, Weather};

/// A random walker's step, in thousandths of a unit.
const STRIDE: i32 = 1_500;
/// How long after the last accident everybody has heard everything.
const CALM_MS: u32 = 3_000;

/// How it is played.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// How many seeds, from 1 on.
    pub seeds: u64,
    /// Steps of each.
    pub steps: u32,
    /// How many are in the game at the same time.
    pub players: usize,
    /// Half the side of the square that players move in, in thousandths of a unit.
    pub field: i32,
    /// Kinds of the events that they say, from 0 up to below this; 0 for none.
    pub event_kinds: u16,
    /// What else the bench is like; each has its own seed.
    pub bench: BenchConfig,
}

impl Plan {
    /// Ten seeds of 200 steps with six players in rough weather, on a field of ±20 units.
    pub const DEFAULT: Self = Self {
        seeds: 10,
        steps: 200,
        players: 6,
        field: 20_000,
        event_kinds: 3,
        bench: BenchConfig { weather: Weather::ROUGH, ..BenchConfig::DEFAULT },
    };
}

/// Prints how to play it again, if a test fails meanwhile.
struct Again(u64);

impl Drop for Again {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to play it again: TINYREALM_SEED={}", self.0);
        }
    }
}

/// Plays at random. `act` is something that a player of this game does, like one of the game's own messages with
/// random fields; `check` asserts what must hold after each step, and once more when the weather has got fine and
/// everybody is back. A failure prints its seed; `TINYREALM_SEED` plays that one alone.
///
/// # Panics
/// If something does not hold, and for a `TINYREALM_SEED` that is no number.
pub fn play<G: Game + 'static>(
    plan: Plan,
    game: impl Fn() -> G,
    mut act: impl FnMut(&mut GameBench<G>, Player, &mut Random),
    mut check: impl FnMut(&mut GameBench<G>),
) {
    for seed in seeds(plan.seeds) {
        let again = Again(seed);
        let mut bench = GameBench::with(game(), BenchConfig { seed, ..plan.bench });
        let mut random = Random::new(!seed);
        for _ in 0..plan.steps {
            step(&plan, &mut bench, &mut random, &mut act);
            check(&mut bench);
        }
        calm_down(&mut bench);
        check(&mut bench);
        drop(again);
    }
}

fn seeds(count: u64) -> std::ops::RangeInclusive<u64> {
    match std::env::var("TINYREALM_SEED") {
        Ok(text) => {
            let seed =
                text.parse().unwrap_or_else(|_| panic!("TINYREALM_SEED is a number: {text}"));
            seed..=seed
        }
        Err(_) => 1..=count,
    }
}

fn step<G: Game + 'static>(
    plan: &Plan,
    bench: &mut GameBench<G>,
    random: &mut Random,
    act: &mut impl FnMut(&mut GameBench<G>, Player, &mut Random),
) {
    let present: Vec<_> = bench.players().filter(|player| !bench.is_over(*player)).collect();
    let one = random.pick(&present);
    match (random.below(100), one) {
        (0..8, _) | (_, None) if present.len() < plan.players => drop(bench.join()),
        (8..10, Some(one)) => bench.leave(one),
        (10..14, Some(one)) => bench.cut(one),
        (14..22, Some(one)) if bench.is_cut(one) => bench.come_back(one),
        (22..35, Some(one)) => say(plan, bench, one, random),
        (35..60, Some(one)) => act(bench, one, random),
        (_, Some(one)) => stroll(plan, bench, one, random),
        (_, None) => {}
    }
    bench.advance_ms(random.below(150) as u32);
}

/// Who is not in the room can't, and who has said too much may not: both are the network's matter.
fn say<G: Game + 'static>(plan: &Plan, bench: &mut GameBench<G>, one: Player, random: &mut Random) {
    let kind = random.below(u64::from(plan.event_kinds)) as u16;
    let data = [random.next() as u8; 32];
    if plan.event_kinds > 0 {
        let _ = bench.say(one, kind, &data[..random.below(32) as usize]);
    }
}

/// A step, and sometimes a leap.
fn stroll<G: Game + 'static>(
    plan: &Plan,
    bench: &mut GameBench<G>,
    one: Player,
    random: &mut Random,
) {
    let at = bench.position(one);
    let mut towards = |from: i32| {
        let is_leap = random.chance(100);
        let reach = if is_leap { plan.field } else { STRIDE };
        from.saturating_add(random.between(-reach, reach)).clamp(-plan.field, plan.field)
    };
    let pos = Position { x: towards(at.x), y: towards(at.y), ..at };
    let _ = bench.move_to(one, pos);
}

fn calm_down<G: Game + 'static>(bench: &mut GameBench<G>) {
    bench.set_weather(Weather::FINE);
    for player in bench.players() {
        if !bench.is_over(player) {
            bench.come_back(player);
        }
    }
    bench.advance_ms(CALM_MS);
    bench.hear_out();
    for player in bench.players().filter(|player| bench.is_in_room(*player)) {
        let others = |mut members: Vec<MemberState>| {
            members.retain(|member| member.number != bench.number(player));
            members
        };
        let (seen, room) = (others(bench.members(player)), others(bench.room()));
        assert_eq!(seen, room, "{player:?} sees another room");
    }
}
