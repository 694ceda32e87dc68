//! Ways of members to their world, each beside clear text in one run: a delivery's CPU time, and an idle connection's memory.
//!
//! What the load spends on its own end is its process' affair.

use std::path::PathBuf;

use crate::account::own_memory_bytes;
use crate::child::{Process, own};
use crate::crowd::Crowd;
use crate::fan_out::start_world_with;
use crate::statistics::Spread;
use crate::trust::TRUST_VARIABLE;

const MEMBERS: u32 = 100;
const HZ: u32 = 10;
const IDLE: u32 = 1_000;
const MEMBERS_A_ROOM: u32 = 20;

/// How members speak with their world.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    Clear,
    Tls,
    /// With the key of their ticket.
    Sealed,
}

impl Way {
    /// As [`load`](crate::load) has it.
    const fn name(self) -> &'static str {
        match self {
            Self::Clear => "main",
            Self::Tls => "main-tls",
            Self::Sealed => "main-sealed",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Tls => "TLS",
            Self::Sealed => "sealed",
        }
    }
}

/// What servers are told, and what the load finds in the environment.
#[derive(Default)]
pub(crate) struct Settings {
    /// Flags of Main and of the world.
    pub(crate) shared: Vec<String>,
    /// Of the world alone.
    pub(crate) world: Vec<String>,
    /// Whom the load trusts by TLS.
    pub(crate) authority: PathBuf,
}

impl Settings {
    /// A Main, its address, and a world for so many members.
    pub(crate) fn start(
        &self,
        rooms: u32,
        capacity: u32,
    ) -> anyhow::Result<(Process, String, Process)> {
        let limits = ["net.connections_per_address=20000", "net.openings_per_second=60000"];
        let mut shared: Vec<&str> = limits.into_iter().flat_map(|limit| ["--set", limit]).collect();
        shared.extend(self.shared.iter().map(String::as_str));
        let (rooms, capacity) = (rooms.to_string(), capacity.to_string());
        let mut world = [&["--rooms", &rooms, "--room-capacity", &capacity][..], &shared].concat();
        world.extend(self.world.iter().map(String::as_str));
        start_world_with(&shared, &world)
    }

    /// What a delivery costs a world this way and in clear; the goal is in deliveries in clear.
    pub(crate) fn print_deliveries(
        &self,
        (way, goal): (Way, Option<f64>),
        seconds: u32,
        rounds: u32,
    ) -> anyhow::Result<()> {
        println!("  1 room x {MEMBERS} members x {HZ} Hz, flush 20 ms");
        let (mut ours, mut clear) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let mut turns = [(way, &mut ours), (Way::Clear, &mut clear)];
            // Nobody is always the second: what goes before warms the machine.
            turns.rotate_left(round as usize % 2);
            for (way, costs) in turns {
                costs.push(self.delivery_nanos(way, seconds)?);
            }
        }
        let [ours, clear] = [ours, clear].map(Spread::of);
        ours.print_row(way.title(), "clear", clear, goal);
        clear.print_row("clear", "clear", clear, None);
        Ok(())
    }

    /// What an idle connection costs a world's process this way and in clear.
    pub(crate) fn print_idle(&self, (way, goal): (Way, Option<u64>)) -> anyhow::Result<()> {
        println!("  bytes of the world's process per idle connection, of {IDLE}");
        let goal = goal.map_or_else(String::new, |goal| format!(" (goal: at most {goal})"));
        for (way, goal) in [(Way::Clear, ""), (way, goal.as_str())] {
            let bytes = self.idle_bytes(way, IDLE)?.saturating_sub(self.idle_bytes(way, 1)?);
            println!("    {:<8} {:>6}{goal}", way.title(), bytes / u64::from(IDLE - 1));
        }
        Ok(())
    }

    fn delivery_nanos(&self, way: Way, seconds: u32) -> anyhow::Result<f64> {
        let (_main, address, world) = self.start(1, MEMBERS)?;
        let crowd = Crowd { way: way.name(), groups: 1, members: MEMBERS, hz: HZ };
        let trust = [(TRUST_VARIABLE, self.authority.as_path())];
        let (deliveries, cpus) = crowd.run_with(&address, &[world.id()], seconds, &trust)?;
        Ok(cpus[0] / deliveries)
    }

    fn idle_bytes(&self, way: Way, count: u32) -> anyhow::Result<u64> {
        let (_main, address, world) = self.start(count.div_ceil(MEMBERS_A_ROOM), MEMBERS_A_ROOM)?;
        let words = ["load", way.name(), &address, &count.to_string(), "0", "0", "1"];
        let trust = [(TRUST_VARIABLE, self.authority.as_path())];
        let mut load = Process::start_with(own()?, &words.map(str::to_owned), &trust)?;
        load.line()?;
        load.tell("go")?;
        own_memory_bytes(world.id())
    }
}
