//! Fan-out: CPU time of a server per delivery.
//!
//! The same load against a real world, the floor and the naive server, one after the other, several
//! rounds, medians. A delivery is one member's move that reached one other member.

use std::path::PathBuf;

use crate::child::{Process, own, sibling};
use crate::crowd::Crowd;
use crate::statistics::Spread;

/// One shape of load.
#[derive(Copy, Clone)]
struct Scene {
    rooms: u32,
    members: u32,
    hz: u32,
    flush_interval_ms: u32,
    /// What a world may cost, in floors.
    goal: f64,
}

const SCENES: [Scene; 4] = [
    Scene { rooms: 1, members: 100, hz: 10, flush_interval_ms: 20, goal: 1.25 },
    Scene { rooms: 50, members: 20, hz: 10, flush_interval_ms: 20, goal: 1.25 },
    Scene { rooms: 1, members: 100, hz: 10, flush_interval_ms: 0, goal: 1.2 },
    Scene { rooms: 50, members: 20, hz: 10, flush_interval_ms: 0, goal: 1.2 },
];

/// A room so full and so busy that one core can't do more.
const PEAK: Scene = Scene { rooms: 1, members: 500, hz: 60, flush_interval_ms: 20, goal: 0.0 };
const PEAK_GOAL_PER_SECOND: f64 = 5_000_000.0;

/// What a delivery to a WebSocket may cost, in deliveries over TCP.
const WEB_SOCKET_GOAL: f64 = 1.1;

#[derive(Copy, Clone, PartialEq, Eq)]
enum Server {
    World,
    /// A world whose members are WebSockets.
    WebWorld,
    Floor,
    Naive,
}

/// What a run has shown.
struct Run {
    cpu_nanos: f64,
    deliveries: f64,
    seconds: f64,
}

impl Run {
    fn nanos_per_delivery(&self) -> f64 {
        self.cpu_nanos / self.deliveries.max(1.0)
    }
}

/// Runs every scene and prints a table.
pub(crate) fn run(seconds: u32, rounds: u32) -> anyhow::Result<()> {
    println!(
        "fan-out: CPU ns per delivery, {rounds} rounds of {seconds} s, median (least to most)"
    );
    for scene in SCENES {
        let Scene { rooms, members, hz, flush_interval_ms, goal } = scene;
        println!("  {rooms} rooms x {members} members x {hz} Hz, flush {flush_interval_ms} ms");
        let mut costs = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..rounds {
            for (server, costs) in
                [Server::World, Server::Floor, Server::Naive].iter().zip(&mut costs)
            {
                costs.push(measure(*server, scene, seconds)?.nanos_per_delivery());
            }
        }
        let [world, floor, naive] = costs.map(Spread::of);
        world.print_row("world", "floor", floor, Some(goal));
        floor.print_row("floor", "floor", floor, None);
        naive.print_row("naive tokio", "floor", floor, None);
    }
    Ok(())
}

/// Runs the scenes of a world as it is configured by default with members of either kind, and prints a
/// table. Flushing at once costs so much more that it would hide what differs.
pub(crate) fn run_web_sockets(seconds: u32, rounds: u32) -> anyhow::Result<()> {
    println!(
        "web-socket: CPU ns per delivery, {rounds} rounds of {seconds} s, median (least to most)"
    );
    for scene in SCENES.into_iter().filter(|scene| scene.flush_interval_ms > 0) {
        let Scene { rooms, members, hz, flush_interval_ms, .. } = scene;
        println!("  {rooms} rooms x {members} members x {hz} Hz, flush {flush_interval_ms} ms");
        let (mut web, mut tcp) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let mut turns = [(Server::WebWorld, &mut web), (Server::World, &mut tcp)];
            // Nobody is always the second: what goes before warms the machine.
            turns.rotate_left(round as usize % 2);
            for (server, costs) in turns {
                costs.push(measure(server, scene, seconds)?.nanos_per_delivery());
            }
        }
        let [web, tcp] = [web, tcp].map(Spread::of);
        web.print_row("WebSocket", "TCP", tcp, Some(WEB_SOCKET_GOAL));
        tcp.print_row("TCP", "TCP", tcp, None);
    }
    Ok(())
}

/// Runs a world at its limit and prints what it delivers.
pub(crate) fn run_peak(seconds: u32) -> anyhow::Result<()> {
    let run = measure(Server::World, PEAK, seconds)?;
    let per_second = run.deliveries / run.seconds;
    let busy = run.cpu_nanos / 1e9 / run.seconds;
    println!("peak: {} members in a room, {} Hz each", PEAK.members, PEAK.hz);
    println!(
        "    {:.2} million deliveries/s at {:.0}% of a core, {:.1} ns each (goal: over {:.0} million)",
        per_second / 1e6,
        busy * 100.0,
        run.nanos_per_delivery(),
        PEAK_GOAL_PER_SECOND / 1e6
    );
    Ok(())
}

/// Servers that are running, the one that is measured last.
struct Servers {
    processes: Vec<Process>,
    /// How the load goes in, and where.
    way: &'static str,
    address: String,
}

fn measure(server: Server, scene: Scene, seconds: u32) -> anyhow::Result<Run> {
    let servers = start(server, scene)?;
    let measured = servers.processes.last().map_or(0, Process::id);
    let Scene { rooms, members, hz, .. } = scene;
    let crowd = Crowd { way: servers.way, groups: rooms, members, hz };
    let (deliveries, cpus) = crowd.run(&servers.address, &[measured], seconds)?;
    Ok(Run { cpu_nanos: cpus[0], deliveries, seconds: f64::from(seconds) })
}

fn start(server: Server, scene: Scene) -> anyhow::Result<Servers> {
    let capacity = scene.members.to_string();
    let flush = scene.flush_interval_ms.to_string();
    let single = |arguments: &[String]| -> anyhow::Result<Servers> {
        let mut process = Process::start(own()?, arguments)?;
        let address = process.address()?;
        Ok(Servers { processes: vec![process], way: "direct", address })
    };
    match server {
        Server::Floor => single(&["floor".to_owned(), capacity, flush, "relay".to_owned()]),
        Server::Naive => single(&["naive".to_owned(), capacity]),
        Server::World => start_world("main", &scene.rooms.to_string(), &capacity, &flush),
        Server::WebWorld => start_world("main-ws", &scene.rooms.to_string(), &capacity, &flush),
    }
}

/// Main, and a world that has registered with it.
pub(crate) fn start_world_with(
    main_arguments: &[&str],
    world_arguments: &[&str],
) -> anyhow::Result<(Process, String, Process)> {
    start_world_of(sibling("tinyrealm")?, main_arguments, world_arguments)
}

/// [`start_world_with`], with the world of another program.
pub(crate) fn start_world_of(
    program: PathBuf,
    main_arguments: &[&str],
    world_arguments: &[&str],
) -> anyhow::Result<(Process, String, Process)> {
    let owned = |arguments: &[&str]| -> Vec<String> {
        arguments.iter().map(|argument| (*argument).to_owned()).collect()
    };
    let mut arguments = owned(&["main", "--port", "0"]);
    arguments.extend(owned(main_arguments));
    let mut main = Process::start(sibling("tinyrealm")?, &arguments)?;
    let address = main.address()?;
    let mut arguments = owned(&["world", "--port", "0", "--main", &address]);
    arguments.extend(owned(world_arguments));
    let mut world = Process::start(program, &arguments)?;
    world.address()?;
    Ok((main, address, world))
}

fn start_world(
    way: &'static str,
    rooms: &str,
    capacity: &str,
    flush: &str,
) -> anyhow::Result<Servers> {
    let limits = ["--set", "net.connections_per_address=20000"];
    let world = ["--rooms", rooms, "--room-capacity", capacity, "--flush-interval-ms", flush];
    let (main, address, world) = start_world_with(&limits, &[&world[..], &limits[..]].concat())?;
    Ok(Servers { processes: vec![main, world], way, address })
}
