//! Chat: CPU time per delivery of Main and its chat server.
//!
//! Members of channels who talk, against Main with a chat server behind it, and against the floor,
//! one after the other, several rounds, medians. A delivery is one message that reached one member;
//! its sender is one of them. Main fans out; the chat server numbers each message and sends it back
//! once, which the floor, being one process, does not have to do.
use crate::child::{Process, own, sibling};
use crate::crowd::Crowd;
use crate::statistics::Spread;

/// One shape of load.
#[derive(Copy, Clone)]
pub(crate) struct Scene {
    channels: u32,
    members: u32,
    hz: u32,
    flush_interval_ms: u32,
}

pub(crate) const SCENES: [Scene; 2] = [
    Scene { channels: 1, members: 200, hz: 2, flush_interval_ms: 20 },
    Scene { channels: 100, members: 20, hz: 2, flush_interval_ms: 20 },
];

/// What Main and the chat server together may cost, in floors.
const GOAL: f64 = 1.3;

/// Nanoseconds per delivery.
#[derive(Copy, Clone)]
pub(crate) struct Cost {
    pub(crate) main: f64,
    pub(crate) chat: f64,
}

/// Runs every scene and prints a table.
pub(crate) fn run(seconds: u32, rounds: u32) -> anyhow::Result<()> {
    println!("chat: CPU ns per delivery, {rounds} rounds of {seconds} s, median (least to most)");
    for scene in SCENES {
        scene.print();
        let (mut realm, mut floor) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            realm.push(measure_realm(scene, seconds, &[])?);
            floor.push(measure_floor(scene, seconds)?);
        }
        let floor = Spread::of(floor);
        let of = |part: fn(&Cost) -> f64| Spread::of(realm.iter().map(part).collect());
        of(|cost| cost.main + cost.chat).print_row("Main and chat", "floor", floor, Some(GOAL));
        of(|cost| cost.main).print_row("  of it Main", "floor", floor, None);
        of(|cost| cost.chat).print_row("  of it chat", "floor", floor, None);
        floor.print_row("floor", "floor", floor, None);
    }
    Ok(())
}

fn measure_floor(scene: Scene, seconds: u32) -> anyhow::Result<f64> {
    let Scene { members, flush_interval_ms, .. } = scene;
    let numbers = [members, flush_interval_ms].map(|number| number.to_string());
    let arguments = [&["floor".to_owned()], &numbers[..], &["relay".to_owned()]].concat();
    let mut floor = Process::start(own()?, &arguments)?;
    let address = floor.address()?;
    let (deliveries, cpus) = scene.crowd("chat-direct").run(&address, &[floor.id()], seconds)?;
    Ok(cpus[0] / deliveries)
}

/// With these flags for both of them.
pub(crate) fn measure_realm(scene: Scene, seconds: u32, flags: &[&str]) -> anyhow::Result<Cost> {
    let binary = sibling("tinyrealm")?;
    let owned = |words: &[&str]| -> Vec<String> {
        words.iter().chain(flags).map(|word| (*word).to_owned()).collect()
    };
    let mut chat = Process::start(binary.clone(), &owned(&["chat", "--port", "0"]))?;
    let flush = format!("chat.flush_interval_ms={}", scene.flush_interval_ms);
    let address = chat.address()?;
    let limit = "net.connections_per_address=20000";
    let main = ["main", "--port", "0", "--chat", &address, "--set", &flush, "--set", limit];
    let mut main = Process::start(binary, &owned(&main))?;
    let processes = [main.id(), chat.id()];
    let (deliveries, cpus) = scene.crowd("chat").run(&main.address()?, &processes, seconds)?;
    Ok(Cost { main: cpus[0] / deliveries, chat: cpus[1] / deliveries })
}

impl Scene {
    pub(crate) fn print(self) {
        let Self { channels, members, hz, flush_interval_ms } = self;
        println!(
            "  {channels} channels x {members} members x {hz} Hz, flush {flush_interval_ms} ms"
        );
    }

    const fn crowd(self, way: &'static str) -> Crowd {
        Crowd { way, groups: self.channels, members: self.members, hz: self.hz }
    }
}
