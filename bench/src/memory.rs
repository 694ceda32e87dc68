//! Memory: what an idle connection costs a world's process.
//!
//! Members who have joined and say nothing. What the process of a world for them holds of its own, less
//! what that of a world for one member does, divided by their number: the system's registration, the
//! driver's place, the core's session, the user, the rooms, and the buffers' bookkeeping. Storage that is
//! made at the start counts, too.

use crate::account::own_memory_bytes;
use crate::child::{Process, own};
use crate::fan_out::start_world_with;

const COUNTS: [u32; 2] = [1_000, 5_000];
const GOAL_BYTES: u64 = 700;
const MEMBERS_A_ROOM: u32 = 20;

/// Measures each count and prints a line.
pub(crate) fn run() -> anyhow::Result<()> {
    println!("memory: bytes of a world's process per idle connection (goal: at most {GOAL_BYTES})");
    let smallest = with_members(1)?;
    for count in COUNTS {
        let bytes = with_members(count)?;
        let each = bytes.saturating_sub(smallest) / u64::from(count - 1);
        println!(
            "    {count:>6} connections: {each:>5} each, {:.1} MB in all, {:.1} MB for one",
            bytes as f64 / 1e6,
            smallest as f64 / 1e6
        );
    }
    Ok(())
}

/// What a world for `count` members holds while they are in it.
fn with_members(count: u32) -> anyhow::Result<u64> {
    let rooms = count.div_ceil(MEMBERS_A_ROOM).to_string();
    let capacity = MEMBERS_A_ROOM.min(count).to_string();
    let limits = ["--set", "net.connections_per_address=20000"];
    let world = ["--rooms", &rooms, "--room-capacity", &capacity];
    let (_main, address, world) = start_world_with(&limits, &[&world[..], &limits[..]].concat())?;
    let (way, hz, seconds) = ("main".to_owned(), "0".to_owned(), "0".to_owned());
    let arguments = ["load".to_owned(), way, address, count.to_string(), hz, seconds, capacity];
    let mut load = Process::start(own()?, &arguments)?;
    load.line()?;
    load.tell("go")?;
    own_memory_bytes(world.id())
}
