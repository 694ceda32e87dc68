//! Things: CPU time of a world per delivery of a thing, beside that of a move.
//!
//! The same room of a hundred, three times: its members move, its things change as often, or both. Each beside the
//! floor, which encodes the same things by a clock of its own. Moves come in, things do not: what they cost less
//! is that.

use crate::child::{Process, own};
use crate::crowd::Crowd;
use crate::fan_out::start_world_of;
use crate::gallery::{HZ, TICK_MS};
use crate::statistics::Spread;

const MEMBERS: u32 = 100;
/// What a delivery of a thing may cost, in deliveries of moves.
const THING_GOAL: f64 = 1.0;
/// What a world may cost, in floors.
const FLOOR_GOAL: f64 = 1.25;

/// What changes in the room.
struct Scene {
    name: &'static str,
    game: &'static str,
    /// How its members go into a world, and to the floor.
    ways: [&'static str; 2],
}

const SCENES: [Scene; 3] = [
    Scene { name: "moves", game: "relay", ways: ["main", "direct"] },
    Scene { name: "things", game: "gallery", ways: ["main-listen", "direct-listen"] },
    Scene { name: "both", game: "gallery", ways: ["main", "direct"] },
];

/// Runs every scene and prints a table.
pub(crate) fn run(seconds: u32, rounds: u32) -> anyhow::Result<()> {
    println!(
        "things: CPU ns per delivery, {MEMBERS} members, 100 things, {HZ} Hz, flush {TICK_MS} ms, \
         {rounds} rounds of {seconds} s, median (least to most)"
    );
    let mut costs = [const { [Vec::new(), Vec::new()] }; SCENES.len()];
    for _ in 0..rounds {
        for (scene, [world, floor]) in SCENES.iter().zip(&mut costs) {
            world.push(of_world(scene, seconds)?);
            floor.push(of_floor(scene, seconds)?);
        }
    }
    let costs = costs.map(|both| both.map(Spread::of));
    let [[moves, _], ..] = costs;
    for (Scene { name, .. }, [world, floor]) in SCENES.iter().zip(costs) {
        println!("  {name}");
        world.print_row("world", "moves", moves, (*name == "things").then_some(THING_GOAL));
        world.print_row("world", "floor", floor, Some(FLOOR_GOAL));
        floor.print_row("floor", "floor", floor, None);
    }
    Ok(())
}

fn of_world(scene: &Scene, seconds: u32) -> anyhow::Result<f64> {
    let (members, flush) = (MEMBERS.to_string(), TICK_MS.to_string());
    let world = ["--rooms", "1", "--room-capacity", &members, "--flush-interval-ms", &flush];
    let world = [&world[..], &["--game", scene.game]].concat();
    // The bench is a server of its own game.
    let (_main, address, world) = start_world_of(own()?, &[], &world)?;
    per_delivery(scene.ways[0], &address, &world, seconds)
}

fn of_floor(scene: &Scene, seconds: u32) -> anyhow::Result<f64> {
    let (members, flush) = (MEMBERS.to_string(), TICK_MS.to_string());
    let arguments = ["floor".to_owned(), members, flush, scene.game.to_owned()];
    let mut floor = Process::start(own()?, &arguments)?;
    let address = floor.address()?;
    per_delivery(scene.ways[1], &address, &floor, seconds)
}

fn per_delivery(
    way: &'static str,
    address: &str,
    server: &Process,
    seconds: u32,
) -> anyhow::Result<f64> {
    let crowd = Crowd { way, groups: 1, members: MEMBERS, hz: HZ };
    let (deliveries, cpus) = crowd.run(address, &[server.id()], seconds)?;
    Ok(cpus[0] / deliveries)
}
