//! Memory: what an idle connection costs a world's process.
//!
//! Members who have joined and say nothing. What the process holds of its own before and after them,
//! divided by their number: the runtime's registration, the driver's place, the core's session, the
//! user, and the buffers' bookkeeping.

use crate::account::own_memory_bytes;
use crate::child::{Process, own};
use crate::fan_out::start_world_with;

const COUNTS: [u32; 2] = [1_000, 5_000];
const GOAL_BYTES: u64 = 1_024;
const MEMBERS_A_ROOM: u32 = 20;

/// Measures each count and prints a line.
pub(crate) fn run() -> anyhow::Result<()> {
    println!("memory: bytes of a world's process per idle connection (goal: at most {GOAL_BYTES})");
    for count in COUNTS {
        let (before, after) = measure(count)?;
        let each = after.saturating_sub(before) / u64::from(count);
        println!(
            "    {count:>6} connections: {each:>5} each, {:.1} MB in all, {:.1} MB without them",
            after as f64 / 1e6,
            before as f64 / 1e6
        );
    }
    Ok(())
}

fn measure(count: u32) -> anyhow::Result<(u64, u64)> {
    let rooms = (count / MEMBERS_A_ROOM).to_string();
    let capacity = MEMBERS_A_ROOM.to_string();
    let limits = ["--set", "net.connections_per_address=20000"];
    let world = ["--rooms", &rooms, "--room-capacity", &capacity];
    let (_main, address, world) = start_world_with(&limits, &[&world[..], &limits[..]].concat())?;
    let before = own_memory_bytes(world.id())?;
    let (way, hz, seconds) = ("main".to_owned(), "0".to_owned(), "0".to_owned());
    let arguments = ["load".to_owned(), way, address, count.to_string(), hz, seconds, capacity];
    let mut load = Process::start(own()?, &arguments)?;
    load.line()?;
    load.tell("go")?;
    let after = own_memory_bytes(world.id())?;
    Ok((before, after))
}
