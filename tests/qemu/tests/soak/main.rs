//! As long as one likes: joins, leaves, resets, floods and nonsense at a device, and then everything is
//! back where it was.
//!
//! `cargo xtask soak MINUTES`. `TINYREALM_SOAK_SEED` repeats what each visitor does.

#[path = "../device/images.rs"]
#[allow(dead_code, reason = "the tests of devices use the rest")]
mod images;
#[path = "../../../../servers/tests/support/mod.rs"]
mod support;
mod visitor;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use images::DeviceWorld;
use support::{Server, Stream, User};
use tinyrealm_qemu::{Machine, Report};
use visitor::{Deeds, Visitor};

/// Visitors at a time: half of the device's places, so that whoever goes on is never in the way.
const VISITORS: u64 = 4;
const PLAYERS: usize = 8;
/// Many visitors from one place, and as patient as the device.
const SETTINGS: [&str; 4] = [
    "net.packets_per_second=2000",
    "net.packet_burst=4000",
    "main.attach_ttl_ms=120000",
    "cluster.clear=world:100",
];
const PRINT_INTERVAL: Duration = Duration::from_secs(15);

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Nobody but Main is left, and nothing of anybody.
fn is_at_rest(report: &Report) -> bool {
    let buffers = report.send_buffers_in_use + report.receive_buffers_in_use;
    report.users == 0 && report.sessions == 1 && buffers == 0
}

/// Lets visitors come and go, and answers what they have done.
fn visit(main: SocketAddr, machine: &mut Machine, lasting: Duration, seed: u64) -> Deeds {
    let is_over = &AtomicBool::new(false);
    let end = Instant::now() + lasting;
    thread::scope(|scope| {
        let visit = |number| move || Visitor::new(main, seed + number).visit_until(is_over);
        let visitors: Vec<_> = (0..VISITORS).map(|number| scope.spawn(visit(number))).collect();
        while Instant::now() < end && !visitors.iter().any(thread::ScopedJoinHandle::is_finished) {
            thread::sleep(PRINT_INTERVAL.min(end.saturating_duration_since(Instant::now())));
            print(&machine.report().unwrap());
        }
        is_over.store(true, Ordering::Relaxed);
        let deeds = visitors.into_iter().map(|visitor| visitor.join().unwrap());
        deeds.fold(Deeds::default(), Deeds::plus)
    })
}

fn print(report: &Report) {
    let Report { uptime_ms, accepted, violations, floods, frames_received, .. } = report;
    println!(
        "{:>6} s: {accepted} taken, {frames_received} frames, {violations} violations, {floods} floods",
        uptime_ms / 1_000
    );
}

#[test]
fn a_device_is_back_where_it_was() {
    let lasting = Duration::from_secs(number("TINYREALM_SOAK_SECONDS", 60));
    let seed = number("TINYREALM_SOAK_SEED", u64::from(std::process::id()));
    println!("TINYREALM_SOAK_SEED={seed}, for {lasting:?}");
    let main = Server::main(&SETTINGS);
    let mut device = DeviceWorld::start("soak", main.address);
    main.process.wait_until_said(Stream::Stderr, "world 100 registered", 1);

    let warm_up = visit(main.address, &mut device.machine, lasting / 10, seed);
    device.machine.wait_until("at rest", is_at_rest).unwrap();
    let early = device.machine.stack_use().unwrap();
    let deeds = visit(main.address, &mut device.machine, lasting, seed + VISITORS).plus(warm_up);
    let report = device.machine.wait_until("at rest", is_at_rest).unwrap();
    let late = device.machine.stack_use().unwrap();
    print(&report);
    println!("{deeds:?}");
    println!("stack: {} bytes early, {} late", early.used_bytes, late.used_bytes);
    // Whoever floods may be ended before, for not taking the answers.
    assert_eq!(report.violations - report.floods, deeds.nonsense);
    assert!(report.floods <= deeds.floods && report.floods > deeds.floods / 2);

    // Every socket is there again: as many play at once as there are places.
    let mut players: Vec<User> = (0..PLAYERS).map(|_| User::enter(main.address, "")).collect();
    players.iter_mut().for_each(|player| player.world.expect_served());
    drop(players);
    device.machine.wait_until("at rest", is_at_rest).unwrap();
    main.stop().expect(&[("worlds_registered", 1)]);
}
