//! TLS: what it costs a world beside clear text, in one run.
//!
//! A delivery's CPU time, an idle connection's memory, and handshakes a second of a core. The load's own TLS is its
//! process' affair. Certificates are made for the run.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rustls::client::Resumption;

use crate::account::{cpu_time, own_memory_bytes};
use crate::child::{Process, own};
use crate::crowd::Crowd;
use crate::fan_out::start_world_with;
use crate::statistics::Spread;
use crate::trust::{self, TRUST_VARIABLE};

/// What a delivery may cost, in deliveries in clear.
const DELIVERY_GOAL: f64 = 1.6;
const MEMORY_GOAL_BYTES: u64 = 4_096;
const HANDSHAKES_GOAL: f64 = 500.0;
const MEMBERS: u32 = 100;
const HZ: u32 = 10;
const IDLE: u32 = 1_000;
const MEMBERS_A_ROOM: u32 = 20;
/// Threads that shake hands.
const VISITORS: usize = 4;

/// How members speak with their world.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Way {
    Clear,
    Tls,
}

impl Way {
    const fn name(self) -> &'static str {
        match self {
            Self::Clear => "main",
            Self::Tls => "main-tls",
        }
    }
}

/// Measures all three and prints them.
pub(crate) fn run(seconds: u32, rounds: u32) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("tinyrealm-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let outcome = measure(&folder, seconds, rounds);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn measure(folder: &Path, seconds: u32, rounds: u32) -> anyhow::Result<()> {
    let settings = make_certificate(folder)?;
    println!("tls: CPU ns per delivery, {rounds} rounds of {seconds} s, median (least to most)");
    println!("  1 room x {MEMBERS} members x {HZ} Hz, flush 20 ms");
    let (mut tls, mut clear) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let mut turns = [(Way::Tls, &mut tls), (Way::Clear, &mut clear)];
        // Nobody is always the second: what goes before warms the machine.
        turns.rotate_left(round as usize % 2);
        for (way, costs) in turns {
            costs.push(delivery_nanos(way, &settings, seconds)?);
        }
    }
    let [tls, clear] = [tls, clear].map(Spread::of);
    tls.print_row("TLS", "clear", clear, Some(DELIVERY_GOAL));
    clear.print_row("clear", "clear", clear, None);
    println!("  bytes of the world's process per idle connection, of {IDLE}");
    for (way, name) in [(Way::Clear, "clear"), (Way::Tls, "TLS")] {
        let bytes =
            idle_bytes(way, IDLE, &settings)?.saturating_sub(idle_bytes(way, 1, &settings)?);
        println!(
            "    {name:<8} {:>6} (goal: at most {MEMORY_GOAL_BYTES})",
            bytes / u64::from(IDLE - 1)
        );
    }
    let rate = handshakes_per_core_second(&settings, seconds)?;
    println!("  {rate:.0} handshakes a second of a core (goal: {HANDSHAKES_GOAL})");
    Ok(())
}

/// What servers are told of it, and what the load finds in the environment.
struct Settings {
    flags: Vec<String>,
    authority: PathBuf,
}

fn make_certificate(folder: &Path) -> anyhow::Result<Settings> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let [authority, key] = ["server.pem", "server.key"].map(|name| folder.join(name));
    std::fs::write(&authority, made.cert.pem())?;
    std::fs::write(&key, made.signing_key.serialize_pem())?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key, mode)?;
    let setting = |name: &str, path: &Path| format!("net.tls.{name}={}", path.display());
    let settings = [setting("certificate", &authority), setting("key", &key)];
    let flags = settings.into_iter().flat_map(|setting| ["--set".to_owned(), setting]).collect();
    Ok(Settings { flags, authority })
}

/// A Main, its address, and a world for so many members.
fn start(
    settings: &Settings,
    rooms: u32,
    capacity: u32,
) -> anyhow::Result<(Process, String, Process)> {
    let tls: Vec<&str> = settings.flags.iter().map(String::as_str).collect();
    let limits = ["net.connections_per_address=20000", "net.openings_per_second=60000"];
    let mut shared: Vec<&str> = limits.into_iter().flat_map(|limit| ["--set", limit]).collect();
    shared.extend(tls);
    let (rooms, capacity) = (rooms.to_string(), capacity.to_string());
    let world = [&["--rooms", &rooms, "--room-capacity", &capacity][..], &shared].concat();
    start_world_with(&shared, &world)
}

fn delivery_nanos(way: Way, settings: &Settings, seconds: u32) -> anyhow::Result<f64> {
    let (_main, address, world) = start(settings, 1, MEMBERS)?;
    let crowd = Crowd { way: way.name(), groups: 1, members: MEMBERS, hz: HZ };
    let trust = [(TRUST_VARIABLE, settings.authority.as_path())];
    let (deliveries, cpus) = crowd.run_with(&address, &[world.id()], seconds, &trust)?;
    Ok(cpus[0] / deliveries)
}

fn idle_bytes(way: Way, count: u32, settings: &Settings) -> anyhow::Result<u64> {
    let (_main, address, world) = start(settings, count.div_ceil(MEMBERS_A_ROOM), MEMBERS_A_ROOM)?;
    let words = ["load", way.name(), &address, &count.to_string(), "0", "0", "1"];
    let trust = [(TRUST_VARIABLE, settings.authority.as_path())];
    let mut load = Process::start_with(own()?, &words.map(str::to_owned), &trust)?;
    load.line()?;
    load.tell("go")?;
    own_memory_bytes(world.id())
}

/// Of the server's processor time; what its clients spend is theirs.
fn handshakes_per_core_second(settings: &Settings, seconds: u32) -> anyhow::Result<f64> {
    let (main, address, _world) = start(settings, 1, 2)?;
    let mut config = trust::config(&settings.authority)?;
    // Whoever has been there before would need no signature.
    config.resumption = Resumption::disabled();
    let config = std::sync::Arc::new(config);
    let (count, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let spent = thread::scope(|scope| {
        for _ in 0..VISITORS {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let Ok(mut stream) = TcpStream::connect(&address) else { continue };
                    if let Ok(mut session) = trust::session(&config)
                        && session.complete_io(&mut stream).is_ok()
                    {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let before = cpu_time(main.id());
        thread::sleep(Duration::from_secs(seconds.into()));
        let after = cpu_time(main.id());
        is_over.store(true, Ordering::Relaxed);
        anyhow::Ok(after? - before?)
    })?;
    anyhow::ensure!(count.load(Ordering::Relaxed) > 0, "nobody has shaken hands");
    Ok(count.load(Ordering::Relaxed) as f64 / spent.as_secs_f64())
}
